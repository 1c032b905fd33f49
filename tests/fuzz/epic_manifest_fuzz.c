/* Any bytes as an Epic manifest, in either form; what is read keeps its promises, and goes out and in again. */
#include "wire/epic_chunk.h"
#include "wire/epic_manifest.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static void look(const struct epic_manifest *m)
{
	uint64_t size = 0;

	for (uint32_t i = 0; i < m->files_n; i++)
		for (uint32_t k = 0; k < m->files[i].parts_n; k++) {
			const struct epic_part *part = &m->files[i].parts[k];
			expect(part->chunk < m->chunks_n);
			expect((uint64_t)part->offset + part->size <= m->chunks[part->chunk].size);
			size += part->size;
		}
	expect(size == m->size);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = { .limit = 16 << 20 }, b = { .limit = 32 << 20 };
	struct epic_manifest m, again;
	struct buf out = { 0 };
	char path[EPIC_CHUNK_PATH];

	if (epic_manifest_read(p, n, &a, &m, NULL) == RC_OK) {
		look(&m);
		for (uint32_t i = 0; i < m.chunks_n; i++)
			epic_chunk_path(m.level, &m.chunks[i], path);
		expect(epic_manifest_write(&m, &out, NULL) == RC_OK);
		if (epic_manifest_read(out.p, out.n, &b, &again, NULL) == RC_OK)
			expect(again.size == m.size && again.chunks_n == m.chunks_n && again.files_n == m.files_n);
	}
	buf_done(&out);
	arena_done(&a);
	arena_done(&b);
	return 0;
}
