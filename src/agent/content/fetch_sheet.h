/*
 * fetch_sheet: what is known of a tree that was fetched whole: its files and where its chunks stand, for those who fetch a later build.
 * In the file "sheet" of the content's folder. Pure.
 *
 *      "FPS1", u32 files, u32 chunks; a file: u16 and its path, u64 size, u8 flags, u8 summed, 33 bytes sum;
 *      a chunk, in the order of sums: 33 bytes sum, u32 size, u32 file, u64 where in it; u32 CRC-32 of all
 */
#pragma once

#include "agent/content/fetch_plan.h"
#include "base/buf.h"

struct fetch_sheet_file {
	const char *path;
	uint64_t size;
	unsigned flags;
	bool summed;
	struct content_sum sum;
};

struct fetch_sheet_chunk {
	struct content_sum sum;
	uint32_t size, file;
	uint64_t at;
};

struct fetch_sheet {
	struct fetch_sheet_file *files; /* as the plan's */
	struct fetch_sheet_chunk *chunks;
	uint32_t files_n, chunks_n;
};

#define FETCH_SHEET_MAX (1u << 30) /* bytes of one */

must_check enum rc fetch_sheet_write(const struct fetch_plan *p, struct buf *to, struct fault *f);

/* In the arena. RC_MALFORMED. */
must_check enum rc fetch_sheet_read(
	const void *p, size_t n, struct arena *a, struct fetch_sheet *ret, struct fault *f);

/* The chunk with this sum; NULL: none. */
const struct fetch_sheet_chunk *fetch_sheet_find(const struct fetch_sheet *s, const struct content_sum *sum);
