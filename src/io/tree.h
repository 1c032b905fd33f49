/*
 * tree: files below one folder, by paths that strangers gave: nothing is opened, made or linked outside of it, and no symbolic link is
 * followed on the way, whatever stands there (openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS). Any thread; a tree may be used by
 * several at once.
 *
 * Paths have '/' between their parts. RC_QUOTA: the disk is full; RC_MISSING: there is no such file; RC_IO: anything else.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

struct tree;

/* The folder has to be there. */
must_check enum rc tree_open(const char *folder, struct tree **ret, struct fault *f);
void tree_free(struct tree *t);
OWN_DEFINE(tree)

must_check enum rc tree_folder(
	struct tree *t, const char *path, struct fault *f); /* with those above; also when it is there */

/* A file of zeros for which the disk has room, and the folders above it, instead of whatever file or link is there. */
must_check enum rc tree_make(struct tree *t, const char *path, uint64_t size, struct fault *f);

/* Its file system could not take the room for what was made: a file takes what was written of it. */
bool tree_is_sparse(const struct tree *t);

/* Writes at once; a file that has another name besides (tree_take) is never written to: RC_DENIED. */
must_check enum rc tree_write(
	struct tree *t, const char *path, uint64_t at, const void *p, size_t n, struct fault *f);
must_check enum rc tree_read(struct tree *t, const char *path, uint64_t at, void *p, size_t n, struct fault *f);

/* Is there a file of this size, of one's own? *ret_shared: it has another name besides. */
bool tree_has(struct tree *t, const char *path, uint64_t size, bool *ret_shared);

/* For reading; the caller closes. Below 0: none. */
int tree_fd(struct tree *t, const char *path);

/* The file of another tree, by a second name or as a copy, when it cannot have one, or `copy`. */
must_check enum rc tree_take(
	struct tree *t, const char *path, struct tree *from, const char *from_path, bool copy, struct fault *f);

must_check enum rc tree_link(struct tree *t, const char *path, const char *target,
	struct fault *f); /* symbolic; in place of one that is there */
must_check enum rc tree_mode(struct tree *t, const char *path, unsigned mode, struct fault *f);
must_check enum rc tree_sync_file(struct tree *t, const char *path, struct fault *f);
must_check enum rc tree_sync(struct tree *t, struct fault *f); /* all of its file system */

/* Removes a folder and all below it; fine when there is none. Links in it are removed, not followed. */
must_check enum rc tree_remove(const char *folder, struct fault *f);
