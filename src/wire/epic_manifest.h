/*
 * epic_manifest: what a build of Epic's store is made of: files, and the chunks that they are cut from. Read in its binary and its
 * older JSON form, written in the binary one. Pure. Source: docs/protocol/epic.md.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"
#include "wire/epic_form.h"

/*
 * Either form. RC_MALFORMED: it is none, or a checksum does not hold; RC_TOO_LARGE: over a limit of epic_form or of the arena. What is
 * read holds: every part lies within its chunk, a file's size is the sum of its parts, no chunk has another's GUID. Names may still be
 * anything.
 */
must_check enum rc epic_manifest_read(
	const void *p, size_t n, struct arena *a, struct epic_manifest *ret, struct fault *f);

/* Appends the binary form, packed. Reading it gives the same. RC_INVALID: a part lies outside of the list of chunks. */
must_check enum rc epic_manifest_write(const struct epic_manifest *m, struct buf *to, struct fault *f);
