/*
 * http_head: the head of an HTTP/1.1 request (RFC 9110, 9112), read strictly: what two servers in a row could understand
 * differently (request smuggling) is refused. Pure: bytes in, views out; any thread.
 *
 * libwebsockets reads heads too, but 4.1 decodes and rewrites paths and queries, shuts the door on what is malformed without an
 * answer, takes the bytes of a chunked body for the next request, and turns round without sleep while an answer is awaited.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_FIELDS_MAX 100 /* header lines of one request (431) */
#define HTTP_HEAD_METHOD_MAX 16
#define HTTP_HEAD_NO_LENGTH  UINT64_MAX

struct http_field {
	const char *name,
		*value; /* name in lower case; of a header given several times, all values joined by commas */
};

struct http_head {
	const char *method, *path, *query; /* query without '?'; "" when none */
	struct http_field *fields;
	size_t fields_n;
	uint64_t length;       /* Content-Length, or HTTP_HEAD_NO_LENGTH */
	bool old;              /* HTTP/1.0 */
	bool keep;             /* the connection may stay */
	bool chunked, expects; /* Transfer-Encoding: chunked; Expect: 100-continue */
	bool websocket;        /* Connection: upgrade and Upgrade: websocket */
};

/* Why a request is refused, for the problem document. */
struct http_refusal {
	int status;
	const char *why; /* static text */
};

/*
 * The length of the head at p, with its empty line; 0 when it is not whole yet. *scanned remembers how far was looked,
 * so that a head that comes byte by byte is not looked through again and again; 0 at first.
 */
size_t http_head_end(const char *p, size_t n, size_t *scanned);

/* How many fields http_head_parse may need room for. */
size_t http_head_lines(const char *p, size_t n);

/*
 * Parses a whole head, which is cut up in place; ret points into it. `spare` is room for as many bytes again, for joined values.
 * ret->fields must have room for http_head_lines. Returns false and says why when it must be refused.
 */
bool http_head_parse(char *text, size_t n, char *spare, struct http_head *ret, struct http_refusal *ret_refusal);

/* NULL when absent. */
const char *http_head_field(const struct http_head *h, const char *name);

/* Does the comma-separated list hold this token, in whatever case? */
bool http_head_has_token(const char *list, const char *token);
