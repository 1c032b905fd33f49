/* depot_diff: which depots differ between two builds. Pure. */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/field.h"
#include "base/own.h"

struct depot_diff {
	const char *depot, *change;              /* added, removed, changed, same */
	const char *os, *language;               /* NULL: all */
	const char *from_manifest, *to_manifest; /* NULL: it has none there */
	uint64_t from_size, to_size, download_size;
};
extern const struct field depot_diff_fields[];

/* a, b: builds.depots, JSON. *ret: of struct depot_diff, by the order of b; those that are gone at the end. RC_MALFORMED. */
must_check enum rc depot_diff(
	const char *a, const char *b, struct arena *arena, struct field_list *ret, struct fault *f);
