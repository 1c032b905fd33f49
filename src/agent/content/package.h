/*
 * package: a tree as one file: zip (with its 64-bit records where sizes need them), tar (pax) or tar.zst. The same tree makes the same
 * bytes: files come sorted, with fixed times, owners and modes. It is written as its files are read, in memory that does not grow with
 * them. libarchive stands behind it. A worker's thread.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "wire/listing.h"

#define PACKAGE_LEVEL_MAX 19
#define PACKAGE_TIME      315532800 /* 1980-01-01, the first that zip knows */

struct package;

extern const char *const package_words[]; /* "none", "zip", "tar", "tar.zst"; ends in NULL */

/* Writes to the empty file at fd, which stays the caller's. `level`: 0 is the format's own default. RC_INVALID: no such format. */
must_check enum rc package_new(int fd, const char *format, uint32_t level, struct package **ret, struct fault *f);
void package_free(struct package *p); /* also in the middle. Takes NULL */
OWN_DEFINE(package)

/* A file or link follows; of a file then all its bytes, in any pieces. */
must_check enum rc package_file(struct package *p, const struct listing_file *file, struct fault *f);
must_check enum rc package_bytes(struct package *p, const void *bytes, size_t n, struct fault *f);

/* The end is written. ret_sha256 is of all bytes of the package. */
must_check enum rc package_end(
	struct package *p, char ret_sha256[static LISTING_HEX], uint64_t *ret_size, struct fault *f);
uint64_t package_size(const struct package *p); /* so far */
