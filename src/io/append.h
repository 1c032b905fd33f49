/*
 * append: a file that only grows at its end, in whole durable steps. What append_add has said RC_OK to survives a power cut;
 * what it failed to write is cut off again, so the file never holds a half step that more is put behind. One thread at a time.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

#include <stdint.h>

struct append {
	int fd;     /* -1: closed */
	uint64_t n; /* bytes that are durable */
	char *path;
};

/* Opens or makes the file (0600). `a` is yours and closed by append_close, which also takes one of zeroes with fd -1. */
must_check enum rc append_open(const char *path, struct append *a, struct fault *f);
void append_close(struct append *a);

/* Writes at the end and syncs. On failure the file is as before, and the same may be tried again. */
must_check enum rc append_add(struct append *a, const void *p, size_t n, struct fault *f);

/* Reads exactly n bytes; RC_IO also when there are fewer. */
must_check enum rc append_read(const struct append *a, uint64_t at, void *p, size_t n, struct fault *f);

/* Forgets all from `n` on. */
must_check enum rc append_cut(struct append *a, uint64_t n, struct fault *f);

/* `fresh`, made beside it, takes the place (and the name) of `a` as one step. On success fresh is closed, and a is the new file. */
must_check enum rc append_replace(struct append *a, struct append *fresh, struct fault *f);
