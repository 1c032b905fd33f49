/*
 * sheet: what the store of contents keeps beside the blobs: one small JSON object for each content and format of package. It is written
 * when all that it names is there, so its being there is what makes the content whole. Pure.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

#include <stddef.h>
#include <stdint.h>

#define SHEET_MAX 1024

struct sheet {
	const char *kind;
	int64_t bytes, files;
	const char *package_format; /* "none": no package */
	int64_t package_bytes;
	const char *package_sha256; /* NULL: no package */
};

void sheet_write(const struct sheet *s, struct buf *to);
/* The texts live in the arena. */
must_check enum rc sheet_read(const void *p, size_t n, struct arena *a, struct sheet *ret, struct fault *f);
