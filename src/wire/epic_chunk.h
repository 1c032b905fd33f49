/*
 * epic_chunk: a piece of an Epic build as its content servers keep it: a head, and 1 MiB or less of bytes, packed by zlib or not.
 * Read in the forms 1 to 3 of the head, written in form 3. Pure. Source: docs/protocol/epic.md.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"
#include "wire/epic_form.h"

#define EPIC_CHUNK_PATH 80 /* bytes of a path, with its NUL */

/* Appends what is in it, checked against what the manifest says: GUID, size, rolling hash, SHA-1. RC_MALFORMED: it is none, is broken, or
 * is another; *to is then as it was. */
must_check enum rc epic_chunk_open(
	const struct epic_chunk *want, const void *p, size_t n, struct buf *to, struct fault *f);

/* Appends a chunk of these bytes, and fills in hash, sha, group, size and packed of *c, whose guid is given. */
must_check enum rc epic_chunk_pack(struct epic_chunk *c, const void *p, size_t n, struct buf *to, struct fault *f);

/* Below the address that its manifest came from: "ChunksV4/07/0123456789ABCDEF_GUID.chunk". `level`: of the manifest. */
void epic_chunk_path(uint32_t level, const struct epic_chunk *c, char ret[static EPIC_CHUNK_PATH]);

/* Epic's rolling hash: CRC-64's table (ECMA, reflected), the sum turned left by one bit for each byte. */
uint64_t epic_chunk_hash(const void *p, size_t n);
/* The folder that Epic puts a chunk of this GUID into: 0 to 99. */
uint8_t epic_chunk_group(const struct epic_guid *g);
