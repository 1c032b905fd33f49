/*
 * manifest_names: the names in a manifest: encrypted with the depot's key, hashed, and as paths. Pure. Source: steam-protocol
 * facts 4.2.
 */
#pragma once

#include "wire/steam/manifest.h"

/* Names in clear, sorted without case; nothing to do when they are. RC_DENIED: not this key's; then the manifest is as before. */
must_check enum rc manifest_names_decrypt(struct manifest *m, const uint8_t *key, struct arena *a, struct fault *f);

/* The way back; sorted by the encrypted text. The IVs are drawn from `seed` (32 bytes). */
must_check enum rc manifest_names_encrypt(
	struct manifest *m, const uint8_t *key, const uint8_t *seed, struct arena *a, struct fault *f);

/* SHA-1 of the name in lower case, as manifest_file.name_sha. */
void manifest_name_sha(const char *name, uint8_t ret[static MANIFEST_SHA]);

/* Appends the name as a path below a folder: slashes, no part that is empty, "." or "..", no drive, nothing that is not printed.
 * False, and nothing appended, when a file of this name must not be made. */
must_check bool manifest_name_path(const char *name, struct buf *to);
