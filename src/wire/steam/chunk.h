/*
 * chunk: a piece of a file as content servers keep it: packed in one of three containers, encrypted with the depot's key. Both
 * ways, the second for the simulator. Pure. Source: steam-protocol facts 4.3.
 *
 *   LZMA   "VZa", u32 crc32, 5 bytes LZMA properties, raw LZMA, u32 crc32, u32 size, "zv"
 *   zstd   "VSZa", u32 crc32, zstd, u32 crc32, u32 size, u32 0, "zsv"
 *   zip    an archive of one file
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

#define CHUNK_SHA      20
#define CHUNK_SIZE_MAX (16u << 20) /* bytes of one chunk, unpacked; real ones have at most 1 MiB */

enum chunk_kind { CHUNK_LZMA, CHUNK_ZSTD, CHUNK_ZIP };

/* What a manifest promises of a chunk. */
struct chunk_want {
	const uint8_t *sha; /* CHUNK_SHA bytes: its id */
	uint32_t adler;
	uint32_t size;
};

/* False: none of the containers. */
must_check bool chunk_kind_of(const void *p, size_t n, enum chunk_kind *ret);

/* Appends what is in the container. RC_MALFORMED: it is none, or is broken. RC_TOO_LARGE: over `most` bytes. */
must_check enum rc chunk_unpack(const void *p, size_t n, size_t most, struct buf *to, struct fault *f);

/* The same of an encrypted chunk. RC_DENIED: not encrypted with this key (32 bytes). */
must_check enum rc chunk_decrypt(const uint8_t *key, const void *p, size_t n, struct buf *to, struct fault *f);

/* The same, and checks it against the manifest: its size first, then Adler-32, then SHA-1. RC_MALFORMED: it is another. */
must_check enum rc chunk_open(const uint8_t *key, const struct chunk_want *want, const void *p, size_t n,
	struct buf *to, struct fault *f);

/*
 * The same for many chunks, one after the other: what the libraries need, and the room, is kept between them. What is opened stays the
 * opener's until the next one. One thread at a time.
 */
struct chunk_opener;
struct chunk_opener *chunk_opener_new(void); /* NULL without memory */
void chunk_opener_free(struct chunk_opener *o);
OWN_DEFINE(chunk_opener)
/* Room of more than so many bytes is given back. */
void chunk_opener_shrink(struct chunk_opener *o, size_t most);

/* `want` NULL: it is not checked against a manifest. */
must_check enum rc chunk_opener_open(struct chunk_opener *o, const uint8_t *key, const struct chunk_want *want,
	const void *p, size_t n, struct fault *f);
const struct buf *chunk_opener_plain(const struct chunk_opener *o); /* what the last one held */

/* Adler-32 that begins with 0, where zlib's begins with 1. */
uint32_t chunk_adler(const void *p, size_t n);

/* Appends the container; RC_NOMEM, RC_TOO_LARGE. */
must_check enum rc chunk_pack(enum chunk_kind kind, const void *p, size_t n, struct buf *to, struct fault *f);
