#include "wire/content_journal.h"

#include "tests/unit/check.h"

#define CHUNKS 40000 /* three pages */
#define FILES  20000 /* two */
#define BYTES  (6 * CONTENT_JOURNAL_PAGE)

static uint8_t file[BYTES];
static const uint8_t key[CONTENT_JOURNAL_KEY] = "a key of thirty-two bytes, about";
static struct fault f;

static void write_page(struct content_journal *j, uint32_t page)
{
	CHECK(page < 6);
	memcpy(file + (size_t)page * CONTENT_JOURNAL_PAGE, content_journal_page(j, page), CONTENT_JOURNAL_PAGE);
}

static void write_all(struct content_journal *j)
{
	CHECK(j->pages_n == 6);
	for (uint32_t i = 0; i < 6; i++)
		write_page(j, i);
}

static struct content_journal fresh(void)
{
	struct content_journal j;
	CHECK(content_journal_new(&j, key, CHUNKS, FILES, &f) == RC_OK);
	return j;
}

static enum content_cell state_of(uint32_t i)
{
	return i % 7 == 0 ? CONTENT_CELL_SURE : i % 3 == 0 ? CONTENT_CELL_WRITTEN : CONTENT_CELL_NONE;
}

static void comes_back(void)
{
	struct content_journal j = fresh(), k = fresh();
	uint32_t doubts = 9;

	for (uint32_t i = 0; i < CHUNKS; i++)
		CHECK(content_journal_set_chunk(&j, i, state_of(i)) == 1 + i / 16336);
	for (uint32_t i = 0; i < FILES; i++)
		CHECK(content_journal_set_file(&j, i, state_of(i + 1)) == 4 + i / 16336);
	write_all(&j);
	CHECK(content_journal_read(&k, file, BYTES, &doubts, &f) == RC_OK && doubts == 0);
	for (uint32_t i = 0; i < CHUNKS; i++)
		CHECK(content_journal_chunk(&k, i) == state_of(i));
	for (uint32_t i = 0; i < FILES; i++)
		CHECK(content_journal_file(&k, i) == state_of(i + 1));
	content_journal_done(&j);
	content_journal_done(&k);
}

/* One page at a time is torn; whatever was torn, no cell says more than it did. */
static void torn(void)
{
	for (uint32_t page = 1; page < 6; page++) {
		struct content_journal j = fresh(), k = fresh();
		uint32_t doubts;
		content_journal_set_chunk(&j, 5, CONTENT_CELL_SURE);
		content_journal_set_file(&j, 5, CONTENT_CELL_SURE);
		write_all(&j);
		file[(size_t)page * CONTENT_JOURNAL_PAGE + 500 * page] ^= 4;
		CHECK(content_journal_read(&k, file, BYTES, &doubts, &f) == RC_OK && doubts == 1);
		CHECK(content_journal_chunk(&k, 5) == (page == 1 ? CONTENT_CELL_DOUBT : CONTENT_CELL_SURE));
		CHECK(content_journal_chunk(&k, 20000) == (page == 2 ? CONTENT_CELL_DOUBT : CONTENT_CELL_NONE));
		CHECK(content_journal_file(&k, 5) == (page == 4 ? CONTENT_CELL_DOUBT : CONTENT_CELL_SURE));
		/* A page of doubts is one again when it was written. */
		content_journal_set_chunk(&k, 5, CONTENT_CELL_NONE);
		CHECK(content_journal_chunk(&k, 5) == CONTENT_CELL_NONE);
		content_journal_done(&j);
		content_journal_done(&k);
	}
}

static void others(void)
{
	struct content_journal j = fresh(), k;
	uint8_t other[CONTENT_JOURNAL_KEY] = { 1 };
	uint32_t doubts;

	write_all(&j);
	CHECK(content_journal_new(&k, other, CHUNKS, FILES, &f) == RC_OK);
	CHECK(content_journal_read(&k, file, BYTES, &doubts, &f) == RC_MISSING);
	content_journal_done(&k);
	CHECK(content_journal_new(&k, key, CHUNKS - 1, FILES, &f) == RC_OK);
	CHECK(content_journal_read(&k, file, BYTES, &doubts, &f) == RC_MISSING);
	content_journal_done(&k);
	k = fresh();
	CHECK(content_journal_read(&k, file, 0, &doubts, &f) == RC_MISSING);
	CHECK(content_journal_read(&k, file, CONTENT_JOURNAL_PAGE - 1, &doubts, &f) == RC_MISSING);
	file[100] ^= 1;
	CHECK(content_journal_read(&k, file, BYTES, &doubts, &f) == RC_MISSING);
	file[100] ^= 1;
	CHECK(content_journal_read(&k, file, 2 * CONTENT_JOURNAL_PAGE + 7, &doubts, &f) == RC_OK && doubts == 4);
	CHECK(content_journal_chunk(&k, 0) == CONTENT_CELL_NONE &&
		content_journal_chunk(&k, 20000) == CONTENT_CELL_DOUBT);
	/* Two pages that changed places. */
	uint8_t swap[CONTENT_JOURNAL_PAGE];
	memcpy(swap, file + CONTENT_JOURNAL_PAGE, sizeof(swap));
	memcpy(file + CONTENT_JOURNAL_PAGE, file + 2 * CONTENT_JOURNAL_PAGE, sizeof(swap));
	memcpy(file + 2 * CONTENT_JOURNAL_PAGE, swap, sizeof(swap));
	CHECK(content_journal_read(&k, file, BYTES, &doubts, &f) == RC_OK && doubts == 2);
	content_journal_done(&k);
	content_journal_done(&j);
	CHECK(content_journal_new(&k, key, UINT32_MAX, UINT32_MAX, &f) == RC_TOO_LARGE);
	CHECK(content_journal_new(&k, key, 0, 0, &f) == RC_OK && k.pages_n == 1);
	content_journal_done(&k);
}

int main(void)
{
	comes_back();
	torn();
	others();
	return 0;
}
