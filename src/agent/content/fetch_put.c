#include "agent/content/fetch_parts.h"

#include "io/clock.h"

#include <errno.h>
#include <string.h>

#define SYNC_FILES 64 /* more are synced by the whole file system */

bool fetch_is_needed(const struct fetch *x, uint32_t chunk)
{
	enum content_cell cell = content_journal_chunk(&x->journal, chunk);

	if (cell == CONTENT_CELL_SURE || cell == CONTENT_CELL_WRITTEN)
		return false;
	for (uint32_t i = x->plan.chunks[chunk].first; i < x->plan.chunks[chunk + 1].first; i++)
		if (!x->whole[x->plan.places[i].file])
			return true;
	return false;
}

static enum rc write_page(struct fetch *x, uint32_t page, struct fault *f)
{
	const uint8_t *p = content_journal_page(&x->journal, page);

	if (pwrite(x->journal_fd, p, CONTENT_JOURNAL_PAGE, (off_t)page * CONTENT_JOURNAL_PAGE) ==
		CONTENT_JOURNAL_PAGE)
		return RC_OK;
	int e = errno;
	return fault_set(f, e == ENOSPC || e == EDQUOT ? RC_QUOTA : RC_IO,
		"cannot write the download's journal: %s", strerror(e));
}

enum rc fetch_note_chunk(struct fetch *x, uint32_t chunk, enum content_cell to, struct fault *f)
{
	return write_page(x, content_journal_set_chunk(&x->journal, chunk, to), f);
}

enum rc fetch_note_file(struct fetch *x, uint32_t file, enum content_cell to, struct fault *f)
{
	return write_page(x, content_journal_set_file(&x->journal, file, to), f);
}

void fetch_count(struct fetch *x, uint32_t chunk, bool done)
{
	for (uint32_t i = x->plan.chunks[chunk].first; i < x->plan.chunks[chunk + 1].first; i++) {
		const struct fetch_place *p = &x->plan.places[i];
		if (x->whole[p->file])
			continue;
		if (done) {
			x->bytes_done += p->n;
			x->files_done += --x->left[p->file] == 0;
		} else {
			x->bytes_done -= p->n;
			x->files_done -= x->left[p->file]++ == 0;
		}
	}
}

/* So that a loss of power costs no more than it may, chunks wait for a disk that is slower than the network. */
static void wait_for_sync(struct fetch *x)
{
	while (x->dirty_bytes >= FETCH_SYNC_BYTES && !x->stop)
		pthread_cond_wait(&x->synced, &x->lock);
}

static void note_dirty(struct fetch *x, uint32_t chunk, size_t n)
{
	x->dirty_bytes += n;
	x->fresh_list[x->fresh_n++] = chunk;
	for (uint32_t i = x->plan.chunks[chunk].first; i < x->plan.chunks[chunk + 1].first; i++) {
		uint32_t file = x->plan.places[i].file;
		if (!x->dirty[file] && !x->whole[file])
			x->dirty_list[x->dirty_n++] = file;
		x->dirty[file] = 1;
		x->recent[x->recent_at++ % FETCH_RECENT] = file;
	}
}

enum rc fetch_put(struct fetch *x, uint32_t chunk, const void *plain, size_t n, bool reused, struct fault *f)
{
	enum rc rc = RC_OK;

	if (n != fetch_plan_chunk(&x->plan, chunk)->size)
		return fault_set(f, RC_MALFORMED, "a chunk has %zu bytes, not the %u that were told", n,
			fetch_plan_chunk(&x->plan, chunk)->size);
	pthread_mutex_lock(&x->lock);
	wait_for_sync(x);
	pthread_mutex_unlock(&x->lock);
	for (uint32_t i = x->plan.chunks[chunk].first; rc == RC_OK && i < x->plan.chunks[chunk + 1].first; i++) {
		const struct fetch_place *p = &x->plan.places[i];
		if (!x->whole[p->file])
			rc = tree_write(x->tree, x->plan.files[p->file].path, p->at, (const char *)plain + p->from,
				p->n, f);
	}
	pthread_mutex_lock(&x->lock);
	if (rc == RC_OK && fetch_is_needed(x, chunk)) {
		rc = fetch_note_chunk(x, chunk, CONTENT_CELL_WRITTEN, f);
		if (rc == RC_OK) {
			fetch_count(x, chunk, true);
			note_dirty(x, chunk, n);
			x->bytes_reused += reused ? n : 0;
			x->last_good_ms = clock_mono_ms();
		}
	}
	if (rc != RC_OK && x->put_rc == RC_OK) {
		x->put_rc = rc;
		if (f)
			x->put_fault = *f;
	}
	pthread_mutex_unlock(&x->lock);
	return rc;
}

/* ---- to the disk ---- */

struct batch {
	uint32_t *files, *chunks;
	uint32_t files_n, chunks_n;
};

static bool take_batch(struct fetch *x, struct batch *ret)
{
	struct batch b = { .files_n = x->dirty_n, .chunks_n = x->fresh_n };

	b.files = malloc((b.files_n + 1) * sizeof(*b.files));
	b.chunks = malloc((b.chunks_n + 1) * sizeof(*b.chunks));
	if (!b.files || !b.chunks) {
		free(b.files);
		free(b.chunks);
		return false;
	}
	memcpy(b.files, x->dirty_list, b.files_n * sizeof(*b.files));
	memcpy(b.chunks, x->fresh_list, b.chunks_n * sizeof(*b.chunks));
	for (uint32_t i = 0; i < b.files_n; i++)
		x->dirty[b.files[i]] = 0;
	x->dirty_n = x->fresh_n = 0;
	x->dirty_bytes = 0;
	*ret = b;
	return true;
}

static enum rc sync_files(struct fetch *x, const struct batch *b, struct fault *f)
{
	enum rc rc = RC_OK;

	if (b->files_n > SYNC_FILES)
		return tree_sync(x->tree, f);
	for (uint32_t i = 0; i < b->files_n && rc == RC_OK; i++)
		rc = tree_sync_file(x->tree, x->plan.files[b->files[i]].path, f);
	return rc;
}

/* The journal may say now that they are there for good. Pages are written once, however many chunks of them there are. */
static enum rc note_sure(struct fetch *x, const struct batch *b, struct fault *f)
{
	auto_free uint8_t *pages = calloc(x->journal.pages_n, 1);
	enum rc rc = pages ? RC_OK : RC_NOMEM;

	pthread_mutex_lock(&x->lock);
	for (uint32_t i = 0; i < b->chunks_n && rc == RC_OK; i++)
		if (content_journal_chunk(&x->journal, b->chunks[i]) == CONTENT_CELL_WRITTEN)
			pages[content_journal_set_chunk(&x->journal, b->chunks[i], CONTENT_CELL_SURE)] = 1;
	for (uint32_t i = 0; rc == RC_OK && i < x->journal.pages_n; i++)
		if (pages[i])
			rc = write_page(x, i, f);
	pthread_mutex_unlock(&x->lock);
	if (rc == RC_OK && fdatasync(x->journal_fd) != 0)
		rc = fault_set(f, RC_IO, "cannot sync the download's journal: %s", strerror(errno));
	return rc;
}

enum rc fetch_sync(struct fetch *x, struct fault *f)
{
	struct batch b;

	pthread_mutex_lock(&x->lock);
	while (x->syncing)
		pthread_cond_wait(&x->synced, &x->lock);
	bool some = x->fresh_n > 0, taken = some && take_batch(x, &b);
	x->syncing = taken;
	pthread_mutex_unlock(&x->lock);
	if (!some)
		return RC_OK;
	if (!taken)
		return RC_NOMEM;
	enum rc rc = sync_files(x, &b, f);
	if (rc == RC_OK)
		rc = note_sure(x, &b, f);
	free(b.files);
	free(b.chunks);
	pthread_mutex_lock(&x->lock);
	x->syncing = false;
	pthread_cond_broadcast(&x->synced);
	pthread_mutex_unlock(&x->lock);
	return rc;
}
