/*
 * web_request: requests of HTTP/1.1 on one connection: read, shown, answered, and the next. Internal to web_*; loop thread only.
 */
#pragma once

#include "io/http_head.h"
#include "io/web_conn.h"

/* The first mode of every connection. */
void web_request_begin(struct web_conn *c);

/*
 * Takes the request from its connection and writes the head of the answer into the connection's queue. Returns the connection,
 * or NULL when it is gone. The request stays to be freed. `length` is that of the body, or HTTP_HEAD_NO_LENGTH for none that
 * is known; then chunked coding or the connection's end tell it.
 */
struct web_conn *web_request_answer(
	struct web_request *r, int status, const struct web_header *headers, uint64_t length);

/* After the answer's last byte was queued: the connection waits for the next request, or closes. */
void web_request_next(struct web_conn *c, bool keep);

/* Closes the connection if it waits for a request of which nothing has come. */
void web_request_drain(struct web_conn *c);

void web_request_free(struct web_request *r);
const struct http_head *web_request_head(const struct web_request *r);
bool web_request_keeps(const struct web_request *r); /* may the connection stay after the answer? */

/* A header that would end its line early would forge the next: control characters become spaces. */
void web_request_put_header(struct buf *b, const char *name, const char *value);
