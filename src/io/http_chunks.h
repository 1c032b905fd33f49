/*
 * http_chunks: a request body in chunked coding (RFC 9112, 7.1), decoded as it comes. Extensions are read over, trailers are
 * dropped. Pure; any thread.
 */
#pragma once

#include "base/buf.h"
#include "base/rc.h"

#define HTTP_CHUNKS_LINE_MAX    256  /* of a chunk's size line */
#define HTTP_CHUNKS_TRAILER_MAX 4096 /* of all trailers together */

struct http_chunks {
	int state;     /* zero at first */
	uint64_t left; /* of the chunk */
	size_t line_n, digits;
};

/*
 * Takes what it can of n bytes and adds the data to the body, which may not grow past max. RC_MORE: all taken, more must come.
 * RC_OK: the body is whole, and *ret_used bytes were its. RC_MALFORMED and RC_TOO_LARGE end it.
 */
enum rc http_chunks_feed(
	struct http_chunks *c, const uint8_t *p, size_t n, struct buf *body, size_t max, size_t *ret_used);
