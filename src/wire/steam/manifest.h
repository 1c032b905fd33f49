/*
 * manifest: what is in a depot: its files, and the chunks that each is made of. Read and written in the form of today (5: protobuf
 * sections) and the older one (4: binary). Pure. Source: steam-protocol facts 4.2.
 *
 * All of a manifest lives in the arena that it was read into.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"
#include "wire/steam/manifest_form.h"

/*
 * Reads either form; `p` may be a zip or a chunk's container that holds it. RC_MALFORMED: not a manifest, or its checksum does not
 * hold; RC_TOO_LARGE: over a limit above or of the arena. What is read holds: no chunk reaches past its file, texts are shorter than
 * MANIFEST_NAME_MAX. Names may still be anything: see manifest_names.
 */
must_check enum rc manifest_read(const void *p, size_t n, struct arena *a, struct manifest *ret, struct fault *f);

/* Appends it in its form, not zipped. Reading what this wrote gives the same; writing what was read gives the same bytes as Steam's. */
must_check enum rc manifest_write(const struct manifest *m, struct buf *to, struct fault *f);

/* The checksum over the payload as it is now; for crc_encrypted or crc_clear. Form 5. */
must_check enum rc manifest_crc(const struct manifest *m, uint32_t *ret, struct fault *f);
