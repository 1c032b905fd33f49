/*
 * pb: protobuf-c with our memory. A message that pb_unpack gives lives in the arena and is never freed singly; its texts and
 * bytes are copies, so the input may go. What an outsider can make it take is bounded by the arena's limit.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

#include <protobuf-c/protobuf-c.h>

/* RC_MALFORMED for bytes that are no such message, RC_TOO_LARGE past the arena's limit. */
must_check enum rc pb_unpack(const ProtobufCMessageDescriptor *d, const void *p, size_t n, struct arena *a,
	ProtobufCMessage **ret_message, struct fault *f);

void pb_pack(struct buf *to, const ProtobufCMessage *m); /* appends */
