#include "agent/content/fetch_parts.h"

#include "io/file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER_OR_LINK (CONTENT_FOLDER | CONTENT_LINK)

/* ---- an attempt before ---- */

static enum rc open_journal(struct fetch *x, bool *ret_found, struct fault *f)
{
	char path[FETCH_HOME_PATH];
	struct buf b = { 0 };
	uint32_t doubts;

	fetch_hold_path(x->hold, "journal", path);
	enum rc rc = content_journal_new(&x->journal, x->plan.key, x->plan.chunks_n, x->plan.files_n, f);
	if (rc != RC_OK)
		return rc;
	*ret_found = file_read(path, (size_t)x->journal.pages_n * CONTENT_JOURNAL_PAGE, &b, NULL) == RC_OK &&
		     content_journal_read(&x->journal, b.p, b.n, &doubts, NULL) == RC_OK;
	buf_done(&b);
	x->journal_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | (*ret_found ? 0 : O_TRUNC), 0600);
	if (x->journal_fd < 0)
		return fault_set(f, RC_IO, "cannot open %.150s", path);
	for (uint32_t i = 0; i < x->journal.pages_n && !*ret_found; i++)
		if (pwrite(x->journal_fd, content_journal_page(&x->journal, i), CONTENT_JOURNAL_PAGE,
			    (off_t)i * CONTENT_JOURNAL_PAGE) != CONTENT_JOURNAL_PAGE)
			return fault_set(f, RC_QUOTA, "there is no room for the download's journal");
	return RC_OK;
}

/* Files that are there, and those that have to be made; what is made has no chunk yet. */
static void look_at_files(struct fetch *x, bool *missing, uint64_t *ret_missing)
{
	for (uint32_t i = 0; i < x->plan.files_n; i++) {
		const struct fetch_file *file = &x->plan.files[i];
		bool shared = false;
		x->left[i] = file->places;
		if (file->flags & FOLDER_OR_LINK)
			continue;
		missing[i] = !tree_has(x->tree, file->path, file->size, &shared);
		x->whole[i] = !missing[i] && (shared || content_journal_file(&x->journal, i) == CONTENT_CELL_SURE);
		if (missing[i])
			*ret_missing += file->size;
		if (!x->whole[i])
			continue;
		x->left[i] = 0;
		x->bytes_done += file->size;
	}
}

static bool reads(struct fetch *x, const struct fetch_place *p, void *to)
{
	return tree_read(x->tree, x->plan.files[p->file].path, p->at, to, p->n, NULL) == RC_OK;
}

/* A chunk that the journal is not sure of: is it in all its places? `room` has CONTENT_CHUNK_MAX bytes, twice. */
static bool still_there(struct fetch *x, uint32_t chunk, uint8_t *room)
{
	const struct content_chunk *c = fetch_plan_chunk(&x->plan, chunk);
	uint8_t *other = room + CONTENT_CHUNK_MAX;
	uint32_t first = x->plan.chunks[chunk].first, end = x->plan.chunks[chunk + 1].first, good = first;

	while (good < end && !(fetch_plan_is_whole(&x->plan, chunk, &x->plan.places[good]) &&
				     reads(x, &x->plan.places[good], room) && fetch_sum_is(&c->sum, room, c->size)))
		good++;
	for (uint32_t i = first; good < end && i < end; i++) {
		const struct fetch_place *p = &x->plan.places[i];
		if (i != good && (!reads(x, p, other) || memcmp(other, room + p->from, p->n) != 0))
			return false;
	}
	return good < end;
}

static bool is_in_missing(const struct fetch *x, uint32_t chunk, const bool *missing)
{
	for (uint32_t i = x->plan.chunks[chunk].first; i < x->plan.chunks[chunk + 1].first; i++)
		if (missing[x->plan.places[i].file])
			return true;
	return false;
}

static void count(struct fetch *x, uint32_t chunk)
{
	pthread_mutex_lock(&x->lock);
	fetch_count(x, chunk, true);
	pthread_mutex_unlock(&x->lock);
}

static enum rc look_at_chunks(struct fetch *x, const bool *missing, struct fault *f)
{
	auto_free uint8_t *room = malloc(2 * (size_t)CONTENT_CHUNK_MAX);
	enum rc rc = room ? RC_OK : RC_NOMEM;

	for (uint32_t i = 0; i < x->plan.chunks_n && rc == RC_OK && !x->stop; i++) {
		enum content_cell cell = content_journal_chunk(&x->journal, i);
		if (cell == CONTENT_CELL_NONE)
			continue;
		bool there =
			!is_in_missing(x, i, missing) && (cell == CONTENT_CELL_SURE || still_there(x, i, room));
		if (there && cell == CONTENT_CELL_SURE) {
			count(x, i);
			continue;
		}
		rc = fetch_note_chunk(x, i, there ? CONTENT_CELL_WRITTEN : CONTENT_CELL_NONE, f);
		if (!there)
			continue;
		count(x, i);
		x->fresh_list[x->fresh_n++] = i; /* sure with the next sync */
	}
	return rc;
}

/* The bytes that were there before this attempt are no bytes of the network. */
enum rc fetch_resume(struct fetch *x, struct fault *f)
{
	auto_free bool *missing = calloc((size_t)x->plan.files_n + 1, sizeof(*missing));
	uint64_t bytes = 0;
	bool found = false;

	if (!missing)
		return RC_NOMEM;
	enum rc rc = open_journal(x, &found, f);
	pthread_mutex_lock(&x->lock);
	if (rc == RC_OK)
		look_at_files(x, missing, &bytes);
	pthread_mutex_unlock(&x->lock);
	if (rc == RC_OK)
		rc = fetch_hold_room(x->hold, bytes + bytes / 20, f);
	for (uint32_t i = 0; i < x->plan.files_n && rc == RC_OK && !x->stop; i++)
		if (x->plan.files[i].flags & CONTENT_FOLDER)
			rc = tree_folder(x->tree, x->plan.files[i].path, f);
		else if (missing[i])
			rc = tree_make(x->tree, x->plan.files[i].path, x->plan.files[i].size, f);
	fetch_hold_placed(x->hold);
	if (rc == RC_OK && found)
		rc = look_at_chunks(x, missing, f);
	pthread_mutex_lock(&x->lock);
	for (uint32_t i = 0; i < x->plan.files_n && rc == RC_OK; i++)
		x->files_done +=
			!(x->plan.files[i].flags & FOLDER_OR_LINK) && (x->plan.files[i].places == 0 || x->whole[i]);
	x->bytes_reused = x->bytes_done;
	pthread_mutex_unlock(&x->lock);
	return rc == RC_OK ? tree_sync(x->tree, f) : rc;
}

/* ---- an earlier build ---- */

struct base {
	struct fetch_hold *hold;
	struct tree *tree;
	struct arena arena;
	struct fetch_sheet sheet;
	uint32_t *by_sum; /* its files that have a sum, in the order of sums */
	uint32_t by_sum_n;
};

static void base_done(struct base *b)
{
	tree_free(b->tree);
	fetch_hold_free(b->hold);
	arena_done(&b->arena);
	free(b->by_sum);
}

static int compare_files(const void *a, const void *b, void *ctx)
{
	const struct fetch_sheet *s = ctx;
	const struct fetch_sheet_file *x = &s->files[*(const uint32_t *)a], *y = &s->files[*(const uint32_t *)b];
	return memcmp(&x->sum, &y->sum, sizeof(x->sum));
}

static enum rc base_open(struct fetch *x, struct base *b, struct fault *f)
{
	char path[FETCH_HOME_PATH];
	struct buf text = { 0 };

	enum rc rc = fetch_home_base(x->ask.home, x->ask.base_content, NULL, x->plan.hex, &b->hold, f);
	if (!x->ask.base_content || rc == RC_MISSING)
		rc = fetch_home_base(x->ask.home, NULL, x->listing.line, x->plan.hex, &b->hold, f);
	if (rc != RC_OK)
		return rc;
	rc = file_read(fetch_hold_path(b->hold, "sheet", path), FETCH_SHEET_MAX, &text, f);
	b->arena.limit = FETCH_SHEET_MAX;
	if (rc == RC_OK)
		rc = fetch_sheet_read(text.p, text.n, &b->arena, &b->sheet, f);
	buf_done(&text);
	if (rc == RC_OK)
		rc = tree_open(fetch_hold_path(b->hold, "tree", path), &b->tree, f);
	if (rc != RC_OK)
		return rc;
	b->by_sum = malloc(((size_t)b->sheet.files_n + 1) * sizeof(*b->by_sum));
	if (!b->by_sum)
		return RC_NOMEM;
	for (uint32_t i = 0; i < b->sheet.files_n; i++)
		if (b->sheet.files[i].summed && b->sheet.files[i].size > 0 &&
			!(b->sheet.files[i].flags & FOLDER_OR_LINK))
			b->by_sum[b->by_sum_n++] = i;
	if (b->by_sum_n)
		qsort_r(b->by_sum, b->by_sum_n, sizeof(*b->by_sum), compare_files, &b->sheet);
	return RC_OK;
}

static const struct fetch_sheet_file *same_file(const struct base *b, const struct content_file *file)
{
	uint32_t low = 0, high = b->by_sum_n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		const struct fetch_sheet_file *one = &b->sheet.files[b->by_sum[mid]];
		int way = memcmp(&file->sum, &one->sum, sizeof(one->sum));
		if (way == 0)
			return one->size == file->size ? one : NULL;
		if (way < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

/* Files that did not change get a second name, or a copy. Whether they are still good is seen when all are checked. */
static enum rc take_files(struct fetch *x, const struct base *b, struct fault *f)
{
	enum rc rc = RC_OK;

	for (uint32_t i = 0; i < x->plan.files_n && rc == RC_OK && !x->stop; i++) {
		const struct fetch_file *file = &x->plan.files[i];
		const struct fetch_sheet_file *from = file->listed->summed && file->size > 0 && !x->whole[i] &&
								      x->left[i] == file->places &&
								      !(file->flags & FOLDER_OR_LINK)
							      ? same_file(b, file->listed)
							      : NULL;
		if (!from || !tree_has(b->tree, from->path, from->size, NULL))
			continue;
		bool other_mode = (from->flags ^ file->flags) & CONTENT_EXECUTABLE;
		rc = tree_take(x->tree, file->path, b->tree, from->path, other_mode, f);
		if (rc == RC_OK)
			rc = fetch_note_file(x, i, CONTENT_CELL_SURE, f);
		pthread_mutex_lock(&x->lock);
		x->whole[i] = true;
		x->left[i] = 0;
		x->files_done++;
		x->bytes_done += file->size;
		x->bytes_reused += file->size;
		pthread_mutex_unlock(&x->lock);
	}
	return rc;
}

static enum rc take_chunks(struct fetch *x, const struct base *b, struct fault *f)
{
	auto_free uint8_t *room = malloc(CONTENT_CHUNK_MAX);
	enum rc rc = room ? RC_OK : RC_NOMEM;

	for (uint32_t i = 0; i < x->plan.chunks_n && rc == RC_OK && !x->stop; i++) {
		const struct content_chunk *c = fetch_plan_chunk(&x->plan, i);
		const struct fetch_sheet_chunk *from =
			fetch_is_needed(x, i) ? fetch_sheet_find(&b->sheet, &c->sum) : NULL;
		if (!from || from->size != c->size)
			continue;
		if (tree_read(b->tree, b->sheet.files[from->file].path, from->at, room, c->size, NULL) == RC_OK &&
			fetch_sum_is(&c->sum, room, c->size))
			rc = fetch_put(x, i, room, c->size, true, f);
	}
	return rc;
}

enum rc fetch_reuse(struct fetch *x, struct fault *f)
{
	struct base b = { 0 };
	struct fault none = { 0 };

	if (!x->ask.base_content && !x->listing.line)
		return RC_OK;
	enum rc rc = base_open(x, &b, &none);
	if (rc == RC_OK) {
		rc = take_files(x, &b, f);
		if (rc == RC_OK)
			rc = take_chunks(x, &b, f);
	} else {
		rc = rc == RC_NOMEM ? rc : RC_OK; /* without one, all is fetched */
	}
	base_done(&b);
	return rc;
}
