#include "wire/content_journal.h"

#include "base/rd.h"

#include <assert.h>
#include <libdeflate.h>
#include <string.h>

#define MAGIC   0x4650434au
#define VERSION 1
#define HEAD    8
#define SPACE   (CONTENT_JOURNAL_PAGE - HEAD - 4)
#define CELLS   (SPACE * 4u) /* of one page */

static uint8_t *page_at(const struct content_journal *j, uint32_t page)
{
	return j->pages + (size_t)page * CONTENT_JOURNAL_PAGE;
}

static void put32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static uint32_t pages_for(uint32_t cells) { return cells / CELLS + (cells % CELLS != 0); }

enum rc content_journal_new(struct content_journal *j, const uint8_t key[static CONTENT_JOURNAL_KEY],
	uint32_t chunks, uint32_t files, struct fault *f)
{
	struct content_journal n = { .chunks_pages = pages_for(chunks), .chunks = chunks, .files = files };

	n.pages_n = 1 + n.chunks_pages + pages_for(files);
	if (n.pages_n > CONTENT_JOURNAL_PAGES_MAX)
		return fault_set(f, RC_TOO_LARGE, "the content has more chunks and files than a journal can hold");
	n.pages = calloc(n.pages_n, CONTENT_JOURNAL_PAGE);
	if (!n.pages)
		return RC_NOMEM;
	for (uint32_t i = 0; i < n.pages_n; i++) {
		put32(page_at(&n, i), MAGIC);
		put32(page_at(&n, i) + 4, i);
	}
	put32(n.pages + HEAD, VERSION);
	memcpy(n.pages + HEAD + 4, key, CONTENT_JOURNAL_KEY);
	put32(n.pages + HEAD + 4 + CONTENT_JOURNAL_KEY, chunks);
	put32(n.pages + HEAD + 8 + CONTENT_JOURNAL_KEY, files);
	*j = n;
	return RC_OK;
}

void content_journal_done(struct content_journal *j)
{
	free(j->pages);
	*j = (struct content_journal){ 0 };
}

static uint32_t crc_of(const uint8_t *page) { return libdeflate_crc32(0, page, CONTENT_JOURNAL_PAGE - 4); }

static bool holds(const uint8_t *page, uint32_t number)
{
	struct rd r = rd_over(page, CONTENT_JOURNAL_PAGE);
	struct rd end = rd_over(page + CONTENT_JOURNAL_PAGE - 4, 4);

	return rd_u32(&r) == MAGIC && rd_u32(&r) == number && rd_u32(&end) == crc_of(page);
}

enum rc content_journal_read(
	struct content_journal *j, const void *p, size_t n, uint32_t *ret_doubts, struct fault *f)
{
	const uint8_t *from = p;
	uint32_t doubts = 0;

	if (n < CONTENT_JOURNAL_PAGE || !holds(from, 0) || memcmp(from + HEAD, j->pages + HEAD, SPACE) != 0)
		return fault_set(f, RC_MISSING, "the journal is not this content's");
	for (uint32_t i = 1; i < j->pages_n; i++) {
		size_t at = (size_t)i * CONTENT_JOURNAL_PAGE;
		if (n - at >= CONTENT_JOURNAL_PAGE && n >= at && holds(from + at, i)) {
			memcpy(page_at(j, i), from + at, CONTENT_JOURNAL_PAGE);
		} else {
			memset(page_at(j, i) + HEAD, CONTENT_CELL_DOUBT * 0x55, SPACE);
			doubts++;
		}
	}
	*ret_doubts = doubts;
	return RC_OK;
}

struct cell {
	uint8_t *byte;
	unsigned shift;
	uint32_t page;
};

static struct cell cell_of(const struct content_journal *j, uint32_t first_page, uint32_t i)
{
	uint32_t page = first_page + i / CELLS, in = i % CELLS;
	return (struct cell){ page_at(j, page) + HEAD + in / 4, in % 4 * 2, page };
}

static uint32_t set(struct cell c, enum content_cell to)
{
	*c.byte = (uint8_t)((*c.byte & ~(3u << c.shift)) | (unsigned)to << c.shift);
	return c.page;
}

static enum content_cell get(struct cell c) { return (enum content_cell)(*c.byte >> c.shift & 3); }

enum content_cell content_journal_chunk(const struct content_journal *j, uint32_t chunk)
{
	assert(chunk < j->chunks);
	return get(cell_of(j, 1, chunk));
}

enum content_cell content_journal_file(const struct content_journal *j, uint32_t file)
{
	assert(file < j->files);
	return get(cell_of(j, 1 + j->chunks_pages, file));
}

uint32_t content_journal_set_chunk(struct content_journal *j, uint32_t chunk, enum content_cell to)
{
	assert(chunk < j->chunks);
	return set(cell_of(j, 1, chunk), to);
}

uint32_t content_journal_set_file(struct content_journal *j, uint32_t file, enum content_cell to)
{
	assert(file < j->files);
	return set(cell_of(j, 1 + j->chunks_pages, file), to);
}

const uint8_t *content_journal_page(struct content_journal *j, uint32_t page)
{
	assert(page < j->pages_n);
	uint8_t *p = page_at(j, page);
	put32(p + CONTENT_JOURNAL_PAGE - 4, crc_of(p));
	return p;
}
