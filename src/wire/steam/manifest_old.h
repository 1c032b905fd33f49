/*
 * manifest_old: form 4 of a manifest, one binary block; see manifest. Texts and lists go into the arena.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"
#include "wire/steam/manifest_form.h"

bool manifest_old_is(const void *p, size_t n);
must_check enum rc manifest_old_read(
	const void *p, size_t n, struct arena *a, struct manifest *ret, struct fault *f);
must_check enum rc manifest_old_write(const struct manifest *m, struct buf *to, struct fault *f);
