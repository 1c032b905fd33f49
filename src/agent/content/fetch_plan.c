#include "agent/content/fetch_plan.h"

#include "model/content_match.h"
#include "model/content_path.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define NONE UINT32_MAX

/* What lives while a plan is made. */
struct maker {
	const struct content_listing *l;
	struct content_match *m;
	struct arena *keep, work;
	struct fetch_plan *p;
	struct content_piece
		*sorted;  /* the pieces of the files that are wanted, in the order of files and places */
	uint32_t *same;   /* of each listed chunk: the first with its sum; NONE: not wanted */
	uint32_t *number; /* of each listed chunk: in the plan */
	struct fault *f;
};

/* ---- files ---- */

static enum rc take_file(struct maker *k, const struct content_file *from, struct buf *text)
{
	struct fetch_file *to = &k->p->files[k->p->files_n];

	text->n = 0;
	enum rc rc = content_path_clean(from->path, text, k->f);
	if (rc != RC_OK || !content_match_wants(k->m, buf_text(text)))
		return rc;
	*to = (struct fetch_file){
		.path = arena_str(k->keep, buf_text(text)), .listed = from, .size = from->size, .flags = from->flags
	};
	if (from->flags & CONTENT_LINK) {
		text->n = 0;
		rc = content_path_link(to->path, from->link ? from->link : "", text, k->f);
		to->link = arena_str(k->keep, buf_text(text));
	}
	if (from->flags & (CONTENT_LINK | CONTENT_FOLDER))
		to->size = 0;
	else
		k->p->real_files++;
	if (rc == RC_OK && (!to->path || (to->flags & CONTENT_LINK && !to->link)))
		rc = fault_set(k->f, RC_TOO_LARGE, "the listing needs more memory than its limit allows");
	k->p->files_n++;
	return rc;
}

static int by_path(const void *a, const void *b)
{
	const struct fetch_file *x = a, *y = b;
	return content_path_compare(x->path, y->path);
}

/* Folders are spelled as the file before spells them. `path` is the plan's own. */
static void spell(const char *before, char *path)
{
	size_t same = 0;

	for (size_t i = 0; path[i]; i++) {
		bool ends = before[i] == 0;
		if (path[i] != '/' || (before[i] != '/' && !ends)) {
			if (ends)
				break;
			continue;
		}
		char x[CONTENT_PATH_MAX + 1], y[CONTENT_PATH_MAX + 1];
		snprintf(x, sizeof(x), "%.*s", (int)i, before);
		snprintf(y, sizeof(y), "%.*s", (int)i, path);
		if (content_path_compare(x, y) != 0)
			break;
		same = i;
		if (ends)
			break;
	}
	memcpy(path, before, same);
}

/* Sorted, what would be in each other's way stands side by side. */
static enum rc part_files(struct maker *k)
{
	struct fetch_file *files = k->p->files;
	uint32_t n = 0;

	if (k->p->files_n)
		qsort(files, k->p->files_n, sizeof(*files), by_path);
	for (uint32_t i = 0; i < k->p->files_n; i++) {
		struct fetch_file *last = n ? &files[n - 1] : NULL;
		if (last && content_path_compare(last->path, files[i].path) == 0) {
			if (last->flags & files[i].flags & CONTENT_FOLDER)
				continue;
			return fault_set(k->f, RC_INVALID,
				"two files have the same path, but for capital letters: \"%.150s\"", files[i].path);
		}
		if (last && !(last->flags & CONTENT_FOLDER) && content_path_is_below(files[i].path, last->path))
			return fault_set(
				k->f, RC_INVALID, "\"%.150s\" is a file, and a folder as well", last->path);
		if (last)
			spell(last->path, (char *)files[i].path);
		files[n++] = files[i];
	}
	k->p->files_n = n;
	return RC_OK;
}

static enum rc take_files(struct maker *k)
{
	struct buf text = { 0 };
	enum rc rc = RC_OK;

	if (k->l->files_n > CONTENT_FILES_MAX || k->l->chunks_n > CONTENT_CHUNKS_MAX)
		return fault_set(k->f, RC_TOO_LARGE, "the content has too many files");
	k->p->files = arena_take(k->keep, (k->l->files_n + 1) * sizeof(*k->p->files));
	if (!k->p->files)
		return fault_set(k->f, RC_TOO_LARGE, "the listing needs more memory than its limit allows");
	for (size_t i = 0; i < k->l->files_n && rc == RC_OK; i++)
		rc = take_file(k, &k->l->files[i], &text);
	buf_done(&text);
	if (rc == RC_OK && !k->p->real_files)
		rc = fault_set(k->f, RC_MISSING,
			k->l->files_n ? "the filter leaves no file of it" : "there is no file in it");
	return rc == RC_OK ? part_files(k) : rc;
}

/* ---- pieces ---- */

static int by_place(const void *a, const void *b)
{
	const struct content_piece *x = a, *y = b;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* One after the other, from the file's beginning to its end. */
static enum rc check_pieces(struct maker *k, const struct fetch_file *file, const struct content_piece *p)
{
	uint64_t at = 0;
	bool good = true;

	for (uint32_t i = 0; i < file->places && good; i++) {
		good = p[i].chunk < k->l->chunks_n && p[i].n > 0 && p[i].at == at && p[i].n <= file->size - at;
		if (good) {
			const struct content_chunk *c = &k->l->chunks[p[i].chunk];
			good = c->size <= CONTENT_CHUNK_MAX && p[i].from <= c->size &&
			       p[i].n <= c->size - p[i].from;
		}
		at += p[i].n;
	}
	if (good && at == file->size)
		return RC_OK;
	return fault_set(k->f, RC_MALFORMED, "the chunks of \"%.150s\" do not make up the file", file->path);
}

static enum rc take_pieces(struct maker *k)
{
	struct fetch_plan *p = k->p;
	uint64_t n = 0, at = 0;
	enum rc rc = RC_OK;

	for (uint32_t i = 0; i < p->files_n; i++) {
		struct fetch_file *file = &p->files[i];
		file->places = file->flags & (CONTENT_LINK | CONTENT_FOLDER) ? 0 : file->listed->pieces_n;
		n += file->places;
		if (file->size > CONTENT_BYTES_MAX - p->bytes)
			return fault_set(k->f, RC_TOO_LARGE, "the content has too many bytes");
		p->bytes += file->size;
	}
	k->sorted = n < CONTENT_CHUNKS_MAX ? arena_take(&k->work, (n + 1) * sizeof(*k->sorted)) : NULL;
	if (!k->sorted)
		return fault_set(k->f, RC_TOO_LARGE, "the content has too many chunks");
	p->places_n = (uint32_t)n;
	for (uint32_t i = 0; i < p->files_n && rc == RC_OK; i++) {
		const struct fetch_file *file = &p->files[i];
		if (file->places) {
			memcpy(k->sorted + at, file->listed->pieces, file->places * sizeof(*k->sorted));
			qsort(k->sorted + at, file->places, sizeof(*k->sorted), by_place);
		}
		rc = check_pieces(k, file, k->sorted + at);
		at += file->places;
	}
	return rc;
}

/* ---- chunks ---- */

struct known {
	const struct content_chunk *chunk;
	uint32_t listed;
};

static int by_sum(const void *a, const void *b)
{
	const struct known *x = a, *y = b;
	int way = memcmp(&x->chunk->sum, &y->chunk->sum, sizeof(x->chunk->sum));
	return way ? way : x->listed < y->listed ? -1 : 1;
}

static enum rc find_same(struct maker *k)
{
	size_t all = k->l->chunks_n, n = 0;
	struct known *used = arena_take(&k->work, (all + 1) * sizeof(*used));

	k->same = arena_take(&k->work, (all + 1) * sizeof(*k->same));
	k->number = arena_take(&k->work, (all + 1) * sizeof(*k->number));
	if (!used || !k->same || !k->number)
		return fault_set(k->f, RC_TOO_LARGE, "the content has too many chunks");
	memset(k->same, 0xff, all * sizeof(*k->same));
	memset(k->number, 0xff, all * sizeof(*k->number));
	for (uint32_t i = 0; i < k->p->places_n; i++) {
		uint32_t c = k->sorted[i].chunk;
		if (k->same[c] != NONE)
			continue;
		k->same[c] = c;
		used[n++] = (struct known){ &k->l->chunks[c], c };
	}
	if (n)
		qsort(used, n, sizeof(*used), by_sum);
	for (size_t i = 1; i < n; i++) {
		if (memcmp(&used[i].chunk->sum, &used[i - 1].chunk->sum, sizeof(used[i].chunk->sum)) != 0)
			continue;
		if (used[i].chunk->size != used[i - 1].chunk->size)
			return fault_set(k->f, RC_MALFORMED, "two chunks of different sizes have the same sum");
		k->same[used[i].listed] = k->same[used[i - 1].listed];
	}
	return RC_OK;
}

/* Numbers them in the order in which the files want them, and counts their places. */
static enum rc number_chunks(struct maker *k)
{
	struct fetch_plan *p = k->p;

	p->chunks = arena_take(k->keep, ((size_t)p->places_n + 1) * sizeof(*p->chunks));
	p->places = arena_take(k->keep, ((size_t)p->places_n + 1) * sizeof(*p->places));
	if (!p->chunks || !p->places)
		return fault_set(k->f, RC_TOO_LARGE, "the content has too many chunks");
	for (uint32_t i = 0; i < p->places_n; i++) {
		uint32_t c = k->same[k->sorted[i].chunk];
		if (k->number[c] == NONE) {
			k->number[c] = p->chunks_n;
			p->packed += k->l->chunks[c].packed;
			p->chunks[p->chunks_n++].listed = c;
		}
		p->chunks[k->number[c]].first++;
	}
	uint32_t first = 0;
	for (uint32_t i = 0; i < p->chunks_n; i++) {
		uint32_t n = p->chunks[i].first;
		p->chunks[i].first = first;
		first += n;
	}
	p->chunks[p->chunks_n].first = first;
	return RC_OK;
}

static enum rc fill_places(struct maker *k)
{
	struct fetch_plan *p = k->p;
	uint32_t *next = arena_take(&k->work, ((size_t)p->chunks_n + 1) * sizeof(*next)), i = 0;

	if (!next)
		return fault_set(k->f, RC_TOO_LARGE, "the content has too many chunks");
	for (uint32_t file = 0; file < p->files_n; file++)
		for (uint32_t n = 0; n < p->files[file].places; n++, i++) {
			uint32_t c = k->number[k->same[k->sorted[i].chunk]];
			p->places[p->chunks[c].first + next[c]++] = (struct fetch_place){
				.at = k->sorted[i].at, .file = file, .from = k->sorted[i].from, .n = k->sorted[i].n
			};
		}
	return RC_OK;
}

/* ---- the key ---- */

static void feed_u64(EVP_MD_CTX *c, uint64_t v, bool *good)
{
	uint8_t p[8];
	for (unsigned i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (56 - 8 * i));
	*good = *good && EVP_DigestUpdate(c, p, sizeof(p)) == 1;
}

static void feed_text(EVP_MD_CTX *c, const char *s, bool *good)
{
	*good = *good && EVP_DigestUpdate(c, s ? s : "", s ? strlen(s) + 1 : 1) == 1;
}

static enum rc make_key(struct maker *k)
{
	struct fetch_plan *p = k->p;
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool good = c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1;
	const struct content_piece *piece = k->sorted;

	for (uint32_t i = 0; i < p->files_n && good; i++) {
		const struct fetch_file *file = &p->files[i];
		feed_text(c, file->path, &good);
		feed_text(c, file->link, &good);
		feed_u64(c, file->size, &good);
		feed_u64(c, file->flags, &good);
		feed_u64(c, file->places, &good);
		if (file->listed->summed)
			good = good && EVP_DigestUpdate(c, &file->listed->sum, sizeof(file->listed->sum)) == 1;
		for (uint32_t n = 0; n < file->places && good; n++, piece++) {
			const struct content_sum *sum = &k->l->chunks[piece->chunk].sum;
			good = EVP_DigestUpdate(c, sum, sizeof(*sum)) == 1;
			feed_u64(c, (uint64_t)piece->from << 32 | piece->n, &good);
		}
	}
	good = good && EVP_DigestFinal_ex(c, p->key, NULL) == 1;
	EVP_MD_CTX_free(c);
	for (unsigned i = 0; i < FETCH_PLAN_KEY; i++)
		snprintf(p->hex + (size_t)2 * i, 3, "%02x", p->key[i]);
	return good ? RC_OK : RC_NOMEM;
}

enum rc fetch_plan_make(const struct content_listing *l, struct content_match *m, struct arena *a,
	struct fetch_plan *ret, struct fault *f)
{
	struct fetch_plan p = { .listing = l };
	struct maker k = { .l = l, .m = m, .keep = a, .p = &p, .f = f };

	k.work.limit = a->limit;
	enum rc rc = take_files(&k);
	if (rc == RC_OK)
		rc = take_pieces(&k);
	if (rc == RC_OK)
		rc = find_same(&k);
	if (rc == RC_OK)
		rc = number_chunks(&k);
	if (rc == RC_OK)
		rc = fill_places(&k);
	if (rc == RC_OK)
		rc = make_key(&k);
	arena_done(&k.work);
	if (rc == RC_OK)
		*ret = p;
	return rc;
}

bool fetch_plan_is_whole(const struct fetch_plan *p, uint32_t chunk, const struct fetch_place *place)
{
	return place->from == 0 && place->n == fetch_plan_chunk(p, chunk)->size;
}
