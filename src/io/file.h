/*
 * file: the few things done to files here. Any thread.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

/* Reads a whole file of at most `max` bytes into the empty *ret. */
must_check enum rc file_read(const char *path, size_t max, struct buf *ret, struct fault *f);

/* Replaces the file as one step: written beside it, synced, renamed, folder synced. */
must_check enum rc file_write(const char *path, const void *p, size_t n, unsigned mode, struct fault *f);

/* Reads a file that holds a secret; refuses one that others may read (mode & 077) . */
must_check enum rc file_read_secret(const char *path, size_t max, struct buf *ret, struct fault *f);

/* Waits until this process alone holds the lock of the file, which is made (0600) and stays. Closing *ret_fd lets it go. */
must_check enum rc file_lock(const char *path, int *ret_fd, struct fault *f);

/* RC_MISSING: there is none. */
must_check enum rc file_remove(const char *path, struct fault *f);

/* Makes the folder and those above it. */
must_check enum rc file_mkdirs(const char *path, unsigned mode, struct fault *f);
