/*
 * describe: what a Steam packet or a VDF document says, as JSON for people. Members are named as in the .proto files; ids,
 * jobs and other 64-bit numbers are decimal strings; bytes are hex; a body that we have no .proto for is hex.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

#define DESCRIBE_DEPTH_MAX 4 /* Multi inside Multi */

/* One message as it travelled (a WebSocket message). A Multi shows its messages, each like this one. */
must_check enum rc describe_packet(const void *p, size_t n, struct buf *ret, struct fault *f);

/* A text VDF, a binary VDF, or a package buffer of product info, whichever it is. */
must_check enum rc describe_vdf(const void *p, size_t n, struct buf *ret, struct fault *f);
