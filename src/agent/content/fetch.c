#include "agent/content/fetch.h"

#include "agent/content/fetch_parts.h"
#include "io/clock.h"
#include "io/file.h"
#include "model/content_match.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define ROUND_MS     5000 /* after a round that failed; doubled each time without a good chunk */
#define ROUND_MAX_MS 60000
#define CONCURRENCY  8

enum rc fetch_new(const struct fetch_ask *ask, struct fetch **ret, struct fault *f)
{
	struct fetch *x = calloc(1, sizeof(*x));

	if (!x)
		return RC_NOMEM;
	x->ask = *ask;
	x->journal_fd = -1;
	x->beside = fetch_home_is_beside(ask->home, ask->store);
	pthread_mutex_init(&x->lock, NULL);
	pthread_cond_init(&x->synced, NULL);
	enum rc rc = fetch_watch(x, f);
	if (rc != RC_OK) {
		fetch_free(x);
		return rc;
	}
	*ret = x;
	return RC_OK;
}

void fetch_free(struct fetch *x)
{
	if (!x)
		return;
	fetch_unwatch(x);
	tree_free(x->tree);
	fetch_hold_free(x->hold);
	content_journal_done(&x->journal);
	if (x->journal_fd >= 0)
		close(x->journal_fd);
	free(x->wanted);
	free(x->whole);
	free(x->left);
	free(x->dirty);
	free(x->dirty_list);
	free(x->fresh_list);
	pthread_cond_destroy(&x->synced);
	pthread_mutex_destroy(&x->lock);
	free(x);
}

const struct fetch_plan *fetch_plan_of(const struct fetch *x) { return &x->plan; }
const char *fetch_folder(const struct fetch *x) { return x->folder; }
uint64_t fetch_bytes_network(struct fetch *x) { return x->came; }
const _Atomic bool *fetch_stop(const struct fetch *x) { return &x->stop; }
void fetch_enter(struct fetch *x, enum fetch_state state) { x->state = (int)state; }

void fetch_leave(struct fetch *x)
{
	if (!x)
		return;
	struct content_figures last = { 0 };
	pthread_mutex_lock(&x->lock);
	fetch_figures(x, &last);
	x->ask.source = NULL;
	pthread_mutex_unlock(&x->lock);
}

void fetch_errors(struct fetch *x, uint32_t ret[static CONTENT_ERRORS])
{
	pthread_mutex_lock(&x->lock);
	memcpy(ret, x->errors, sizeof(x->errors));
	pthread_mutex_unlock(&x->lock);
}

uint64_t fetch_bytes_reused(struct fetch *x)
{
	pthread_mutex_lock(&x->lock);
	uint64_t n = x->bytes_reused;
	pthread_mutex_unlock(&x->lock);
	return n;
}

void fetch_packed(struct fetch *x, uint64_t bytes)
{
	pthread_mutex_lock(&x->lock);
	x->packed = bytes;
	pthread_mutex_unlock(&x->lock);
}

static bool is_stopped(void *ctx) { return ((struct fetch *)ctx)->stop; }

static enum rc coded(struct fetch *x, enum rc rc, const char *code)
{
	if (!*x->ask.code)
		*x->ask.code = code;
	return rc;
}

/* ---- resolving ---- */

static enum rc resolve(struct fetch *x, struct fault *f)
{
	struct content_source *s = x->ask.source;

	enum rc rc = s->impl->list(s, x->ask.arena, &x->listing, f);
	if (rc != RC_OK)
		return rc;
	rc = fetch_plan_make(&x->listing, x->ask.match, x->ask.arena, &x->plan, f);
	if (rc == RC_MISSING)
		return coded(x, rc, "not_found");
	if (rc != RC_OK)
		return rc;
	if (x->ask.max_bytes && x->plan.bytes > x->ask.max_bytes) {
		fetch_enter(x, FETCH_ALLOCATING); /* whoever limits it hears how large it is */
		return coded(x,
			fault_set(f, RC_TOO_LARGE, "it has %llu bytes, %llu are allowed",
				(unsigned long long)x->plan.bytes, (unsigned long long)x->ask.max_bytes),
			"max_bytes");
	}
	return x->stop ? RC_CANCELED : RC_OK;
}

/* ---- allocating ---- */

static bool take_memory(struct fetch *x)
{
	size_t files = (size_t)x->plan.files_n + 1, chunks = (size_t)x->plan.chunks_n + 1;

	x->whole = calloc(files, sizeof(*x->whole));
	x->dirty = calloc(files, 1);
	x->dirty_list = calloc(files, sizeof(*x->dirty_list));
	x->fresh_list = calloc(2 * chunks, sizeof(*x->fresh_list));
	x->wanted = calloc(chunks, sizeof(*x->wanted));
	uint32_t *left = calloc(files, sizeof(*left));
	pthread_mutex_lock(&x->lock);
	x->left = left;
	pthread_mutex_unlock(&x->lock);
	return x->whole && x->dirty && x->dirty_list && x->fresh_list && x->wanted && left;
}

static enum rc move(const char *from, const char *to, struct fault *f)
{
	if (rename(from, to) == 0)
		return RC_OK;
	int e = errno;
	return fault_set(f, e == ENOENT ? RC_MISSING : RC_IO, "cannot rename %.100s: %s", from, strerror(e));
}

/* The content's folder is ours; what was whole before is looked at again like what was not. */
static enum rc enter_folder(struct fetch *x, struct fault *f)
{
	char stage[FETCH_HOME_PATH], tree[FETCH_HOME_PATH], sheet[FETCH_HOME_PATH];

	enum rc rc = fetch_home_hold(x->ask.home, x->plan.hex, is_stopped, x, &x->hold, f);
	if (rc != RC_OK)
		return rc;
	fetch_hold_path(x->hold, "tree", tree);
	fetch_hold_path(x->hold, "stage", stage);
	fetch_hold_path(x->hold, "sheet", sheet);
	if (access(tree, F_OK) == 0 && access(stage, F_OK) != 0) {
		unlink(sheet);
		rc = move(tree, stage, f);
	} else if (mkdir(stage, 0755) != 0 && errno != EEXIST) {
		rc = fault_set(
			f, errno == ENOSPC ? RC_QUOTA : RC_IO, "cannot make %.100s: %s", stage, strerror(errno));
	}
	if (rc == RC_OK)
		rc = tree_open(stage, &x->tree, f);
	snprintf(x->hold->line, sizeof(x->hold->line), "%s", x->listing.line ? x->listing.line : "");
	x->hold->bytes = x->plan.bytes;
	return rc == RC_OK ? fetch_hold_note(x->hold, f) : rc;
}

static enum rc allocate(struct fetch *x, struct fault *f)
{
	fetch_enter(x, FETCH_ALLOCATING);
	if (!take_memory(x))
		return RC_NOMEM;
	enum rc rc = enter_folder(x, f);
	if (rc == RC_OK)
		rc = fetch_resume(x, f);
	if (rc == RC_OK)
		rc = fetch_reuse(x, f);
	return rc == RC_OK && x->stop ? RC_CANCELED : rc;
}

/* ---- downloading ---- */

static bool on_put(void *ctx, size_t i, const void *plain, size_t n)
{
	struct fetch *x = ctx;
	struct fault f = { 0 };
	return fetch_put(x, x->wanted[i], plain, n, false, &f) == RC_OK;
}

static void on_came(void *ctx, size_t n) { ((struct fetch *)ctx)->came += n; }

/* Waits before the next round; false: it is to end. */
static bool rest(struct fetch *x, uint64_t ms)
{
	for (uint64_t until = clock_mono_ms() + ms; !x->stop && clock_mono_ms() < until;) {
		const struct timespec t = { 0, 50000000 };
		nanosleep(&t, NULL);
	}
	return !x->stop;
}

static bool is_worth_another(const struct fetch *x, enum rc rc)
{
	const char *code = *x->ask.code;

	if (x->stop || x->put_rc != RC_OK)
		return false;
	if (code)
		return !strcmp(code, "cdn_unavailable") || !strcmp(code, "rate_limited");
	return rc == RC_AWAY || rc == RC_TIMEOUT || rc == RC_LIMIT;
}

static uint32_t missing_of(struct fetch *x, uint32_t *listed)
{
	uint32_t n = 0;

	pthread_mutex_lock(&x->lock);
	for (uint32_t i = 0; i < x->plan.chunks_n; i++)
		if (fetch_is_needed(x, i)) {
			listed[n] = x->plan.chunks[i].listed;
			x->wanted[n++] = i;
		}
	pthread_mutex_unlock(&x->lock);
	return n;
}

static enum rc failed(struct fetch *x, enum rc rc, struct fault *f)
{
	if (x->put_rc != RC_OK) {
		*f = x->put_fault;
		*x->ask.code = x->put_rc == RC_QUOTA ? "disk_full" : NULL;
		return x->put_rc;
	}
	if (x->stalled) {
		*x->ask.code = "stalled";
		return fault_set(f, RC_TIMEOUT, "no good byte came for %u seconds",
			x->ask.stall_s ? x->ask.stall_s : FETCH_STALL_S);
	}
	if (x->canceled) {
		*x->ask.code = NULL;
		return RC_CANCELED;
	}
	return rc;
}

static enum rc download(struct fetch *x, struct fault *f)
{
	struct content_source *s = x->ask.source;
	auto_free uint32_t *listed = calloc((size_t)x->plan.chunks_n + 1, sizeof(*listed));
	uint64_t pause_ms = ROUND_MS, good = 0;
	enum rc rc = listed ? RC_OK : RC_NOMEM;

	x->last_good_ms = clock_mono_ms();
	fetch_enter(x, FETCH_DOWNLOADING);
	while (rc == RC_OK) {
		struct content_run r = { .listing = &x->listing,
			.want = listed,
			.n = missing_of(x, listed),
			.concurrency = x->ask.concurrency ? x->ask.concurrency : CONCURRENCY,
			.stall_s = x->ask.stall_s ? x->ask.stall_s : FETCH_STALL_S,
			.pace = x->ask.pace,
			.put = on_put,
			.came = on_came,
			.stop = is_stopped,
			.ctx = x };
		if (r.n == 0)
			return fetch_sync(x, f);
		rc = s->impl->fetch(s, &r, f);
		if (rc == RC_OK || !is_worth_another(x, rc))
			continue;
		pause_ms = x->last_good_ms != good       ? ROUND_MS
			   : pause_ms < ROUND_MAX_MS / 2 ? pause_ms * 2
							 : ROUND_MAX_MS;
		good = x->last_good_ms;
		*x->ask.code = NULL;
		rc = rest(x, pause_ms) ? RC_OK : RC_CANCELED;
	}
	return failed(x, rc, f);
}

/* ---- verifying ---- */

static enum rc finish_files(struct fetch *x, struct fault *f)
{
	enum rc rc = RC_OK;

	for (uint32_t i = 0; i < x->plan.files_n && rc == RC_OK; i++) {
		const struct fetch_file *file = &x->plan.files[i];
		if (file->flags & CONTENT_LINK)
			rc = tree_link(x->tree, file->path, file->link, f);
		else if (!(file->flags & CONTENT_FOLDER))
			rc = tree_mode(x->tree, file->path, file->flags & CONTENT_EXECUTABLE ? 0755 : 0644, f);
	}
	return rc == RC_OK ? tree_sync(x->tree, f) : rc;
}

static enum rc show(struct fetch *x, struct fault *f)
{
	char stage[FETCH_HOME_PATH], sheet[FETCH_HOME_PATH];
	struct buf b = { 0 };

	fetch_hold_path(x->hold, "stage", stage);
	fetch_hold_path(x->hold, "tree", x->folder);
	fetch_hold_path(x->hold, "sheet", sheet);
	enum rc rc = move(stage, x->folder, f);
	if (rc == RC_OK)
		rc = fetch_sheet_write(&x->plan, &b, f);
	if (rc == RC_OK)
		rc = file_write(sheet, b.p, b.n, 0600, f);
	buf_done(&b);
	return rc;
}

enum rc fetch_run(struct fetch *x, struct fault *f)
{
	enum rc rc = resolve(x, f);
	if (rc == RC_OK)
		rc = allocate(x, f);
	for (unsigned tries = 0; rc == RC_OK; tries++) {
		uint32_t bad = 0;
		rc = download(x, f);
		if (rc == RC_OK) {
			fetch_enter(x, FETCH_VERIFYING);
			rc = fetch_check(x, &bad, f);
		}
		if (rc == RC_OK && bad == 0)
			break;
		if (rc == RC_OK && tries == FETCH_CHECKS_MAX)
			rc = coded(x, fault_set(f, RC_MALFORMED, "%u files are not what the listing promises", bad),
				"integrity");
	}
	if (rc == RC_OK)
		rc = finish_files(x, f);
	if (rc == RC_OK)
		rc = show(x, f);
	if (rc == RC_QUOTA)
		rc = coded(x, rc, "disk_full");
	return rc == RC_OK || !x->canceled ? rc : failed(x, rc, f);
}

enum rc fetch_keep(struct fetch *x, const char *content_id, struct fault *f)
{
	snprintf(x->hold->content_id, sizeof(x->hold->content_id), "%s", content_id);
	return fetch_hold_note(x->hold, f);
}
