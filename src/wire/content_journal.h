/*
 * content_journal: how far a download is, in pages of 4 KiB that are written singly, each with its checksum: of each chunk whether it is
 * in its files, of each file whether it is there. Pure. product.md 5.9.3. Integers are big endian.
 *
 *      page    u32 "FPCJ", u32 its number, 4084 bytes, u32 CRC-32 of what is before
 *      page 0  u32 version 1, 32 bytes key of the plan, u32 chunks, u32 files; zeros
 *      others  cells of two bits, four a byte, the lowest bits first: the chunks' pages, then the files'
 *
 * Bytes are written before the cell that says so, and synced before the cell says that. A page that does not hold after a crash says
 * nothing: its cells are in doubt, and what they stand for is looked at again.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTENT_JOURNAL_PAGE      4096
#define CONTENT_JOURNAL_KEY       32
#define CONTENT_JOURNAL_PAGES_MAX 2000 /* 32 million cells */

enum content_cell {
	CONTENT_CELL_NONE,
	CONTENT_CELL_WRITTEN, /* since the last sync: after a loss of power it may not be */
	CONTENT_CELL_DOUBT,   /* its page did not hold; never written as such */
	CONTENT_CELL_SURE,
};

struct content_journal {
	uint8_t *pages; /* pages_n of CONTENT_JOURNAL_PAGE bytes */
	uint32_t pages_n, chunks_pages;
	uint32_t chunks, files;
};

/* A new one, all cells NONE. RC_TOO_LARGE, RC_NOMEM. */
must_check enum rc content_journal_new(struct content_journal *j, const uint8_t key[static CONTENT_JOURNAL_KEY],
	uint32_t chunks, uint32_t files, struct fault *f);
void content_journal_done(struct content_journal *j);

/*
 * After content_journal_new: takes what the file holds. RC_MISSING: it is another plan's, or no journal; then *j is new.
 * *ret_doubts: pages that did not hold, or were cut off.
 */
must_check enum rc content_journal_read(
	struct content_journal *j, const void *p, size_t n, uint32_t *ret_doubts, struct fault *f);

enum content_cell content_journal_chunk(const struct content_journal *j, uint32_t chunk);
enum content_cell content_journal_file(const struct content_journal *j, uint32_t file);

/* Return the page that is to be written. */
uint32_t content_journal_set_chunk(struct content_journal *j, uint32_t chunk, enum content_cell to);
uint32_t content_journal_set_file(struct content_journal *j, uint32_t file, enum content_cell to);

/* The page as it is to be written, its checksum made anew; valid until the next change. */
const uint8_t *content_journal_page(struct content_journal *j, uint32_t page);
