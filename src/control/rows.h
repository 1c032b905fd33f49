/*
 * rows: database rows into structs, by the same field tables that write the API's answers: column i goes into member i.
 */
#pragma once

#include "base/arena.h"
#include "base/field.h"
#include "contract/store.h"

/* Reads the row at hand. Texts, maps and lists of texts go into the arena; JSON that
 * stands there packed (wire/packed) is unpacked. RC_INTERNAL when a column does not fit its member. */
must_check enum rc rows_read(
	struct store_rows *r, const struct field *t, struct arena *a, void *to, struct fault *f);

/* Where a struct is read to. */
struct rows_into {
	const struct field *t;
	struct arena *arena;
	void *to;
};

/* Runs a query that has one row, and reads it; RC_MISSING when it has none. */
must_check enum rc rows_one(struct store_conn *c, const struct store_query *q, struct store_args args,
	struct rows_into into, struct fault *f);

/* Reads at most `max` rows into a list of structs of `size` bytes. */
must_check enum rc rows_list(struct store_rows *r, const struct rows_into *each, size_t size, size_t max,
	struct field_list *ret, struct fault *f);

/* All rows as a JSON list, in the arena; each is read to each->to on the way. The query says how many there are at most. */
must_check enum rc rows_text(
	struct store_rows *r, const struct rows_into *each, const char **ret_json, struct fault *f);
