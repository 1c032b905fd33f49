#include "wire/epic_parse.h"

#include <string.h>

struct epic_parse_entry {
	struct epic_guid guid;
	uint32_t chunk;
};

static int compare(const void *a, const void *b)
{
	const struct epic_parse_entry *x = a, *y = b;
	return memcmp(&x->guid, &y->guid, sizeof(x->guid));
}

enum rc epic_parse_index(
	const struct epic_manifest *m, struct arena *a, struct epic_parse_index *ret, struct fault *f)
{
	struct epic_parse_entry *at = arena_take(a, (size_t)m->chunks_n * sizeof(*at) + 1);

	if (!at)
		return fault_set(f, RC_TOO_LARGE, "the manifest's %u chunks do not fit", m->chunks_n);
	for (uint32_t i = 0; i < m->chunks_n; i++)
		at[i] = (struct epic_parse_entry){ m->chunks[i].guid, i };
	if (m->chunks_n)
		qsort(at, m->chunks_n, sizeof(*at), compare);
	for (uint32_t i = 1; i < m->chunks_n; i++)
		if (epic_guid_same(&at[i].guid, &at[i - 1].guid))
			return fault_set(f, RC_MALFORMED, "the manifest has two chunks of one GUID");
	*ret = (struct epic_parse_index){ at, m->chunks_n };
	return RC_OK;
}

bool epic_parse_find(const struct epic_parse_index *x, const struct epic_guid *g, uint32_t *ret)
{
	struct epic_parse_entry key = { .guid = *g };
	const struct epic_parse_entry *e = x->n ? bsearch(&key, x->at, x->n, sizeof(key), compare) : NULL;

	if (e)
		*ret = e->chunk;
	return e;
}

static enum rc finish_file(const struct epic_manifest *m, struct epic_file *file, struct fault *f)
{
	file->size = 0;
	for (uint32_t i = 0; i < file->parts_n; i++) {
		const struct epic_part *p = &file->parts[i];
		const struct epic_chunk *c = &m->chunks[p->chunk];
		if (p->offset > c->size || p->size > c->size - p->offset)
			return fault_set(f, RC_MALFORMED, "%.80s: a part lies outside of its chunk", file->name);
		file->size += p->size;
	}
	return RC_OK;
}

enum rc epic_parse_finish(struct epic_manifest *m, struct fault *f)
{
	enum rc rc = RC_OK;

	m->size = m->packed = 0;
	for (uint32_t i = 0; i < m->chunks_n; i++) {
		if (m->chunks[i].size > EPIC_CHUNK_MAX || m->chunks[i].packed > EPIC_MANIFEST_MAX)
			return fault_set(f, RC_TOO_LARGE, "a chunk of %u bytes, at most %u are taken",
				m->chunks[i].size, EPIC_CHUNK_MAX);
		m->packed += m->chunks[i].packed;
	}
	for (uint32_t i = 0; rc == RC_OK && i < m->files_n; i++) {
		rc = finish_file(m, &m->files[i], f);
		m->size += m->files[i].size;
	}
	return rc;
}
