/*
 * blobs: files that are kept under the SHA-256 of their bytes, in a folder that several processes may share:
 *
 *	DIR/blobs/ab/cd/abcd…        whole, on the disk, never changed
 *	DIR/arriving/NAME/…          on its way in; nobody else looks at it
 *	DIR/contents/ab/ID.KIND      sheets: what says that a content is whole
 *
 * One comes into its place by a rename, after it was synced: a reader sees all of it or nothing. Any thread.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOBS_PATH_MAX 4500
#define BLOBS_NAME     65 /* a SHA-256 in hexadecimal, with NUL */

void blobs_path(const char *dir, const char *sha256, char ret[static BLOBS_PATH_MAX]);
void blobs_sheet_path(const char *dir, const char *content_id, const char *kind, char ret[static BLOBS_PATH_MAX]);

/* Is it there, with this size? Then it is touched: the cleaner leaves what was touched lately. */
bool blobs_has(const char *dir, const char *sha256, uint64_t size);

/* RC_MISSING: there is none. *ret_fd is the caller's. */
must_check enum rc blobs_open(
	const char *dir, const char *sha256, int *ret_fd, uint64_t *ret_size, struct fault *f);

/* Makes DIR/arriving/NAME, empty of files when it was there. */
must_check enum rc blobs_arrival(
	const char *dir, const char *name, char ret[static BLOBS_PATH_MAX], struct fault *f);
void blobs_arrival_drop(const char *path); /* with the files in it */
void blobs_arrivals_drop(
	const char *dir); /* all of them: what one that was killed left, when nobody else brings any */

/* Puts a synced file of the same disk into its place, and takes its name away; one that is there stays. */
must_check enum rc blobs_settle(const char *dir, const char *path, const char *sha256, struct fault *f);

/* All that was written to DIR's disk is on it when this comes back. */
must_check enum rc blobs_sync(const char *dir, struct fault *f);

/* A running SHA-256; OpenSSL's context behind it. */
must_check enum rc blobs_hash_end(EVP_MD_CTX *ctx, char ret[static BLOBS_NAME]);
