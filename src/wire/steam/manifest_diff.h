/*
 * manifest_diff: what an update from one manifest of a depot to another is: the files that came, went and changed, and the bytes that have
 * to be fetched: chunks that no file of the earlier one has, each counted once, where it is first needed. Names must be in clear; they
 * are told apart without case, as they are on the disks of those who play. Pure.
 */
#pragma once

#include "wire/steam/manifest.h"

enum manifest_diff_kind { MANIFEST_DIFF_ADDED, MANIFEST_DIFF_REMOVED, MANIFEST_DIFF_CHANGED };

struct manifest_diff_file {
	enum manifest_diff_kind kind;
	const struct manifest_file *file; /* of the later one; of the earlier when it is gone */
	uint64_t fetched;                 /* bytes that travel for it */
};

struct manifest_diff {
	struct manifest_diff_file *files; /* by name; folders are not told */
	size_t n;
	size_t added, removed, changed;
	uint64_t fetched;
};

/* Sorts the files of both. *ret lives in the arena and borrows from both. */
must_check enum rc manifest_diff_make(
	struct manifest *from, struct manifest *to, struct arena *a, struct manifest_diff *ret, struct fault *f);
