#include "agent/content/fetch_sheet.h"

#include "base/rd.h"

#include <libdeflate.h>
#include <string.h>

#define MAGIC 0x46505331u

#define FILE_LEAST  45 /* bytes of a file, and of a chunk */
#define CHUNK_BYTES 49

static void put_sum(struct buf *to, const struct content_sum *sum)
{
	buf_u8(to, sum->kind);
	buf_put(to, sum->at, CONTENT_SUM_MAX);
}

static int by_sum(const void *a, const void *b)
{
	const struct fetch_sheet_chunk *x = a, *y = b;
	return memcmp(&x->sum, &y->sum, sizeof(x->sum));
}

/* Of each chunk one place that is all of it, if it has one. */
static uint32_t collect(const struct fetch_plan *p, struct fetch_sheet_chunk *to)
{
	uint32_t n = 0;

	for (uint32_t c = 0; c < p->chunks_n; c++)
		for (uint32_t i = p->chunks[c].first; i < p->chunks[c + 1].first; i++) {
			const struct content_chunk *chunk = fetch_plan_chunk(p, c);
			if (!fetch_plan_is_whole(p, c, &p->places[i]) || chunk->sum.kind == CONTENT_NAMED)
				continue;
			to[n++] = (struct fetch_sheet_chunk){ chunk->sum, chunk->size, p->places[i].file,
				p->places[i].at };
			break;
		}
	if (n)
		qsort(to, n, sizeof(*to), by_sum);
	return n;
}

enum rc fetch_sheet_write(const struct fetch_plan *p, struct buf *to, struct fault *f)
{
	auto_free struct fetch_sheet_chunk *chunks = calloc((size_t)p->chunks_n + 1, sizeof(*chunks));
	static const struct content_sum none;

	if (!chunks)
		return RC_NOMEM;
	uint32_t n = collect(p, chunks);
	size_t begin = to->n;
	buf_u32(to, MAGIC);
	buf_u32(to, p->files_n);
	buf_u32(to, n);
	for (uint32_t i = 0; i < p->files_n; i++) {
		const struct fetch_file *file = &p->files[i];
		buf_u16(to, (uint16_t)strlen(file->path));
		buf_str(to, file->path);
		buf_u64(to, file->size);
		buf_u8(to, (uint8_t)file->flags);
		buf_u8(to, file->listed->summed);
		put_sum(to, file->listed->summed ? &file->listed->sum : &none);
	}
	for (uint32_t i = 0; i < n; i++) {
		put_sum(to, &chunks[i].sum);
		buf_u32(to, chunks[i].size);
		buf_u32(to, chunks[i].file);
		buf_u64(to, chunks[i].at);
	}
	if (to->bad)
		return RC_NOMEM;
	buf_u32(to, libdeflate_crc32(0, to->p + begin, to->n - begin));
	return to->n - begin > FETCH_SHEET_MAX ? fault_set(f, RC_TOO_LARGE, "the sheet is too large") : RC_OK;
}

static struct content_sum read_sum(struct rd *r)
{
	struct content_sum sum = { .kind = rd_u8(r) };
	const uint8_t *p = rd_bytes(r, CONTENT_SUM_MAX);

	if (p)
		memcpy(sum.at, p, CONTENT_SUM_MAX);
	return sum;
}

static bool read_parts(struct rd *r, struct arena *a, struct fetch_sheet *s)
{
	s->files = arena_take(a, ((size_t)s->files_n + 1) * sizeof(*s->files));
	s->chunks = arena_take(a, ((size_t)s->chunks_n + 1) * sizeof(*s->chunks));
	if (!s->files || !s->chunks)
		return false;
	for (uint32_t i = 0; i < s->files_n && !r->bad; i++) {
		struct fetch_sheet_file *to = &s->files[i];
		uint16_t n = rd_u16(r);
		const uint8_t *path = rd_bytes(r, n);
		to->path = path && !memchr(path, 0, n) ? arena_strn(a, (const char *)path, n) : NULL;
		to->size = rd_u64(r);
		to->flags = rd_u8(r);
		to->summed = rd_u8(r) != 0;
		to->sum = read_sum(r);
		if (!to->path)
			return false;
	}
	for (uint32_t i = 0; i < s->chunks_n && !r->bad; i++) {
		struct fetch_sheet_chunk *to = &s->chunks[i];
		to->sum = read_sum(r);
		to->size = rd_u32(r);
		to->file = rd_u32(r);
		to->at = rd_u64(r);
		if (to->file >= s->files_n || to->size > CONTENT_CHUNK_MAX)
			return false;
	}
	return !r->bad && rd_left(r) == 0;
}

enum rc fetch_sheet_read(const void *p, size_t n, struct arena *a, struct fetch_sheet *ret, struct fault *f)
{
	struct fetch_sheet s = { 0 };
	bool good = n >= 16;

	if (good) {
		struct rd end = rd_over((const uint8_t *)p + n - 4, 4), r = rd_over(p, n - 4);
		good = rd_u32(&end) == libdeflate_crc32(0, p, n - 4) && rd_u32(&r) == MAGIC;
		s.files_n = rd_u32(&r);
		s.chunks_n = rd_u32(&r);
		good = good && s.files_n <= rd_left(&r) / FILE_LEAST && s.chunks_n <= rd_left(&r) / CHUNK_BYTES;
		good = good && read_parts(&r, a, &s);
	}
	if (!good)
		return fault_set(f, RC_MALFORMED, "the sheet of an earlier build does not hold");
	*ret = s;
	return RC_OK;
}

const struct fetch_sheet_chunk *fetch_sheet_find(const struct fetch_sheet *s, const struct content_sum *sum)
{
	const struct fetch_sheet_chunk want = { .sum = *sum };
	return s->chunks_n ? bsearch(&want, s->chunks, s->chunks_n, sizeof(want), by_sum) : NULL;
}
