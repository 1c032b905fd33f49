/*
 * gog_chunk: a piece of a file as GOG's content servers keep it: a zlib stream, named by the stream's MD5. Pure. Source:
 * docs/protocol/gog.md.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"
#include "wire/gog_manifest.h"

#define GOG_HEX 33 /* of an MD5, with its NUL */

/* Appends what is in it, checked against the manifest: MD5 of the stream, size and MD5 of what is in it. RC_MALFORMED: it is another or
 * broken; *to is then as it was. */
must_check enum rc gog_chunk_open(
	const struct gog_chunk *want, const void *p, size_t n, struct buf *to, struct fault *f);

/* Appends the stream and fills in all of *c. */
must_check enum rc gog_chunk_pack(struct gog_chunk *c, const void *p, size_t n, struct buf *to, struct fault *f);

/* What it is fetched by: the stream's MD5 in hexadecimal. */
void gog_chunk_name(const struct gog_chunk *c, char ret[static GOG_HEX]);

/* False: this machine's library has no MD5. */
must_check bool gog_chunk_md5(const void *p, size_t n, uint8_t ret[static GOG_MD5]);
