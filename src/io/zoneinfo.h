/*
 * zoneinfo: the bytes of a time zone by its IANA name, as the system's tzdata has them. Any thread.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

#define ZONEINFO_NAME_MAX 64

/* Reads the file into the empty *ret. RC_INVALID: no name of a zone, or the system has none of this name. */
must_check enum rc zoneinfo_read(const char *name, struct buf *ret, struct fault *f);
