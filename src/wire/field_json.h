/*
 * field_json: JSON by field tables. One table decodes and checks a request, encodes an answer, and writes its JSON Schema.
 *
 * Decoding is strict: an unknown member, a wrong type and a value out of range are problems, each with the JSON pointer
 * (RFC 6901) of its place; all are collected, up to FIELD_PROBLEMS_MAX. Pure; any thread.
 */
#pragma once

#include "base/arena.h"
#include "base/field.h"
#include "wire/json.h"

#define FIELD_PROBLEMS_MAX 32

/*
 * The codes: unknown_field, required, read_only, wrong_type, out_of_range, not_one_of, too_long, too_short, malformed; and
 * those of the caller's own checks.
 */
struct field_problem {
	const char *pointer; /* "/targets/3" */
	const char *code;
	const char *detail; /* what is wrong and how to mend it */
};

struct field_reader {
	struct arena *arena; /* holds decoded texts and lists, and the problems' words */
	bool partial;        /* a merge patch: what is absent stays as it is in *to, nothing is required */
	bool lenient;        /* a peer that may be newer: members that the table does not know are skipped */
	bool full;           /* out: the arena gave no more */
	uint64_t given;      /* out: bit i is set when member i of the top table was in the JSON */
	struct field_problem problems[FIELD_PROBLEMS_MAX];
	size_t problems_n;
};

/* Fills *to. RC_INVALID when there are problems (see r->problems; f names the first), RC_NOMEM past the arena's limit. */
must_check enum rc field_json_decode(
	const struct field *t, const struct json_t *in, struct field_reader *r, void *to, struct fault *f);

/* Adds a problem of the caller's own checks; for what a table cannot say. Returns RC_INVALID. */
enum rc field_json_problem(struct field_reader *r, const char *pointer, const char *code, const char *detail);

/* Reads one value from a text (a query parameter, a configuration value, a command-line option). */
must_check enum rc field_json_text(
	const struct field *row, const char *text, struct arena *a, void *to, struct fault *f);

/* Writes {"name":value,…} after the table. */
void field_json_encode(const struct field *t, const void *from, struct buf *to);

/* Writes the JSON Schema (2020-12) of a request (answers = false: strict) or an answer. */
void field_json_schema(const struct field *t, bool answer, struct buf *to);
