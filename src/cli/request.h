/*
 * request: path, query, body and headers of a verb, made of what was typed, after the verb's row alone.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "cli/api.h"

struct request {
	struct buf path;     /* with the query; request_make leaves a NUL behind it */
	struct json_t *body; /* an object; NULL: the verb has none */
	const char *key, *if_match;
	char new_key[64];
};
void request_done(struct request *r);

/* RC_INVALID: options that contradict each other, or a value that cannot be sent. *ret is yours, also on failure. */
must_check enum rc request_make(const struct cmd *c, struct request *ret, struct fault *f);

/* Sends it and is answered with 2xx; else said on stderr. */
enum cli_exit request_ask(struct cmd *c, const struct request *r, struct api_answer *ret);

/* Appends "?name=value", or "&name=value" behind another. */
void request_query(struct buf *path, const char *name, const char *value);

/* Appends a text as one part of a path or a query: all but unreserved characters of RFC 3986 are escaped. */
void request_escape(struct buf *to, const char *s);
