/*
 * contents: a store of contents as a whole (io/blobs, wire/listing, wire/sheet): what a content is made of, and taking away what no content
 * has. Any thread; may take long.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

#define CONTENTS_SWEEP_MAX 1000000 /* blobs that one sweep looks at */

struct listing_file;
struct sheet;

/* Calls `each` for what the listing in this file names, until it fails. */
must_check enum rc contents_each(const char *path,
	enum rc (*each)(void *ctx, const struct listing_file *file, struct fault *f), void *ctx, struct fault *f);

struct contents_sums {
	uint64_t files, bytes;
};

/*
 * Is the listing well made, and are all blobs there that it names? They are touched, so that no sweep takes them away. RC_MISSING: one is
 * not; *ret_missing (which may be NULL) then has its hash.
 */
must_check enum rc contents_check(const char *dir, const char *content_id, struct contents_sums *ret,
	char ret_missing[static 65], struct fault *f);

/* Writes a sheet into its place, synced: from now on the content is whole. All that it names is in its place, and synced. */
must_check enum rc contents_put_sheet(
	const char *dir, const char *content_id, const struct sheet *sheet, struct fault *f);

/* Bytes of the disk that its files take: blobs, and what is arriving. */
must_check enum rc contents_measure(const char *dir, uint64_t *ret_bytes, struct fault *f);

/*
 * Deletes blobs that no sheet's content has and that nobody touched since `before_ms` (Unix time), and what arrived a day before and was
 * never finished. Deletes nothing when a content cannot be read.
 */
struct contents_swept {
	uint64_t blobs, bytes; /* that were deleted */
	bool more;             /* there were more than one sweep looks at */
};
must_check enum rc contents_sweep(const char *dir, int64_t before_ms, struct contents_swept *ret, struct fault *f);
