/* What a journal's file may hold after a crash, or at all: its reader takes it or not, and then every cell can be asked for and set. */
#include "wire/content_journal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define CHUNKS 20000
#define FILES  50

static void walk(struct content_journal *j)
{
	for (uint32_t i = 0; i < CHUNKS; i += 61) {
		uint32_t page = content_journal_set_chunk(j, i, CONTENT_CELL_SURE);
		if (content_journal_chunk(j, i) != CONTENT_CELL_SURE || page >= j->pages_n)
			abort();
	}
	for (uint32_t i = 0; i < FILES; i++)
		if (content_journal_set_file(j, i, content_journal_file(j, i)) >= j->pages_n)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t key[CONTENT_JOURNAL_KEY];
	struct content_journal j, k;
	uint32_t doubts = 0;

	if (content_journal_new(&j, key, CHUNKS, FILES, NULL) != RC_OK)
		return 0;
	/* The input's bytes stand over a good journal, from a place that it names: else none would hold. */
	uint8_t file[4 * CONTENT_JOURNAL_PAGE];
	for (uint32_t i = 0; i < j.pages_n; i++)
		memcpy(file + (size_t)i * CONTENT_JOURNAL_PAGE, content_journal_page(&j, i), CONTENT_JOURNAL_PAGE);
	if (n >= 2) {
		size_t at = ((size_t)p[0] << 8 | p[1]) % sizeof(file), most = sizeof(file) - at;
		memcpy(file + at, p + 2, n - 2 < most ? n - 2 : most);
	}
	if (content_journal_read(&j, file, sizeof(file), &doubts, NULL) == RC_OK)
		walk(&j);
	content_journal_done(&j);
	if (content_journal_new(&k, key, CHUNKS, FILES, NULL) != RC_OK)
		return 0;
	if (content_journal_read(&k, p, n, &doubts, NULL) == RC_OK)
		walk(&k);
	content_journal_done(&k);
	return 0;
}
