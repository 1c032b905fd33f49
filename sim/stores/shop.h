/*
 * shop: the stores beside Steam over HTTP: their sites, the faults of their answers, and what a test may do to them:
 *
 *      POST /sim/epic?app=APP[&version=V][&title=T]
 *      POST /sim/gog?product=ID[&branch=B][&version=V][&title=T]
 *
 * One thread.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"
#include "sim/faults.h"

#include <stdbool.h>
#include <stdint.h>

struct answer;
struct ask;

/* What a store is asked. */
struct shop_ask {
	const char *path, *query; /* path: below the site; query: "" when there is none */
	const char *token;        /* of the header Authorization; "" when there is none */
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

/* False: not a path of theirs. */
bool shop_pages(struct ask *q, struct answer *a);
bool shop_controls(struct ask *q, struct answer *a);
