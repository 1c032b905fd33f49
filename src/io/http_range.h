/*
 * http_range: which part of something that does not change a GET asks for (RFC 9110, 13 and 14): Range of one range of bytes, If-Range,
 * If-None-Match, with strong entity tags. What is malformed, or asks for several ranges, is read over: the whole is an answer to it. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The headers' values; NULL: not sent. `etag` with its quotes. */
struct http_range_ask {
	const char *range, *if_range, *if_none_match;
	const char *etag;
	uint64_t size;
};

enum http_range { HTTP_RANGE_WHOLE, HTTP_RANGE_PART, HTTP_RANGE_NONE /* 416 */, HTTP_RANGE_SAME /* 304 */ };

/* *ret_from and *ret_n: the bytes to be sent; 0 of NONE and SAME. */
enum http_range http_range_of(const struct http_range_ask *ask, uint64_t *ret_from, uint64_t *ret_n);

/* Is the tag in a list such as If-None-Match has? Compared weakly; "*" is any. */
bool http_range_lists(const char *list, const char *etag);
