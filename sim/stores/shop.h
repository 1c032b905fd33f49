/*
 * shop: what the stores beside Steam share: what they are asked, and what they answer; shop_pages.h serves them. One thread.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"
#include "sim/faults.h"

#include <stdbool.h>
#include <stdint.h>

/* What a store is asked. */
struct shop_ask {
	const char *method;
	const char *path, *query;         /* path: below the site; query: "" when there is none */
	const char *authorization, *body; /* of a POST; as they came, "" when there is none */
	const char *token;                /* of the header Authorization; "" when there is none */
	const char *base; /* "http://127.0.0.1:8080/epic": where the site is. "": it is reached by no plain HTTP */
	int64_t now;      /* Unix seconds */
};

/* What it answers: bytes that stand on its shelf, or `body`, which the caller frees. */
struct shop_answer {
	int status;
	const char *type;
	const struct buf *shelf; /* NULL: body */
	struct buf body;
};

/* Does the path have this many parts, and are those of `form` that are no star the same? Fills in the stars. */
bool shop_path(const char *path, const char *form, char (*ret)[128], unsigned stars);
bool shop_query(const char *query, const char *name, const char *value); /* it has this parameter with this value */
