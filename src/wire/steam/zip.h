/*
 * zip: an archive that holds one file, as Steam's content servers send manifests and old chunks (PKZIP; stored or deflated).
 * Pure. Source: steam-protocol facts 4.2, 4.3; APPNOTE.TXT of PKWARE.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

bool zip_is(const void *p, size_t n);

/* Appends the one file's bytes. RC_MALFORMED: no such archive, more or less than one file, a wrong checksum. RC_TOO_LARGE: more
 * than `most` bytes. */
must_check enum rc zip_open(const void *p, size_t n, size_t most, struct buf *to, struct fault *f);

/* Appends an archive with one deflated file. The same bytes make the same archive. RC_NOMEM, RC_TOO_LARGE. */
must_check enum rc zip_write(const char *name, const void *p, size_t n, struct buf *to, struct fault *f);
