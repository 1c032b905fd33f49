/*
 * drip: an answer whose body comes in pieces of DRIP_PIECE bytes, one each so many milliseconds, so slowly that one may lose
 * patience. Loop thread. It frees itself when all is sent or the client has gone.
 */
#pragma once

#include "base/buf.h"
#include "io/web.h"

#define DRIP_PIECE 16384

/* Answers 200 and frees the request; the body is emptied. */
void drip_begin(struct loop *l, struct web_request *r, const struct web_header *headers, struct buf *body,
	uint32_t every_ms);
