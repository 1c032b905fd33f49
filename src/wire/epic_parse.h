/* epic_parse: what both readers of Epic manifests share. For wire/epic_*.c. */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/own.h"
#include "wire/epic_form.h"

/* Chunks by their GUID. */
struct epic_parse_index {
	struct epic_parse_entry *at; /* sorted */
	uint32_t n;
};

/* RC_MALFORMED: two have the same. */
must_check enum rc epic_parse_index(
	const struct epic_manifest *m, struct arena *a, struct epic_parse_index *ret, struct fault *f);
bool epic_parse_find(const struct epic_parse_index *x, const struct epic_guid *g, uint32_t *ret);

/* Adds up sizes, and looks that all parts are lawful. */
must_check enum rc epic_parse_finish(struct epic_manifest *m, struct fault *f);

/* The JSON form. */
must_check enum rc epic_parse_json(
	const void *p, size_t n, struct arena *a, struct epic_manifest *ret, struct fault *f);
