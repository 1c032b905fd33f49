/* prefill.run: all chunks of some apps are fetched and thrown away, so that a cache in between keeps them. */
#include "agent/action_run.h"
#include "agent/actions/manifests/record.h"
#include "agent/content/cdn.h"
#include "agent/content/pace.h"
#include "base/buf.h"
#include "io/clock.h"
#include "model/action_download.h"
#include "model/spread.h"
#include "wire/steam/manifest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

extern const struct action_run prefill_run;

#define TREE_MAX    (64u << 20)
#define CONCURRENCY 30
#define TELL_MS     1000

/* The whole task. */
struct fill {
	struct action_task *task;
	const struct action_prefill *want;
	struct pace_job *pace;
	struct cdn_stats stats;
	uint32_t depots, skipped; /* fetched; not, for they are there already or not for this account */
	uint64_t began_ms, told_ms;
	enum rc told; /* RC_CANCELED: it is to end */
	bool enough;  /* as many bytes came as are wanted */
	struct cdn_rate before[ACTION_PREFILL_SERVERS];
	size_t before_n;
};

static uint64_t rate_bps(const struct fill *w)
{
	uint64_t ms = clock_mono_ms() - w->began_ms;
	return w->stats.bytes_network * 8000 / (ms ? ms : 1);
}

/* Looked at all the time, told once a second. */
static bool stop(void *ctx)
{
	struct fill *w = ctx;
	uint64_t now_ms = clock_mono_ms();
	struct buf text = { 0 };
	struct fault f = { 0 };

	w->enough = w->want->max_bytes && w->stats.bytes_network >= w->want->max_bytes;
	if (w->enough || w->told != RC_OK || now_ms - w->told_ms < TELL_MS)
		return w->enough || w->told != RC_OK;
	w->told_ms = now_ms;
	buf_fmt(&text, "{\"bytes\":\"%" PRIu64 "\",\"depots\":%u,\"skipped\":%u,\"rateBps\":\"%" PRIu64 "\"}",
		(uint64_t)w->stats.bytes_network, w->depots, w->skipped, rate_bps(w));
	w->told = task_progress(w->task, buf_text(&text), &f);
	buf_done(&text);
	return w->told != RC_OK;
}

static int by_sha(const void *a, const void *b)
{
	return memcmp(((const struct cdn_want *)a)->sha, ((const struct cdn_want *)b)->sha, MANIFEST_SHA);
}

/* Each chunk once. */
static enum rc wants_of(const struct manifest *m, struct arena *a, struct cdn_want **ret, size_t *ret_n)
{
	size_t n = 0, kept = 0;

	for (uint32_t i = 0; i < m->files_n; i++)
		n += m->files[i].chunks_n;
	struct cdn_want *all = arena_take(a, (n + 1) * sizeof(*all));
	if (!all)
		return RC_NOMEM;
	n = 0;
	for (uint32_t i = 0; i < m->files_n; i++)
		for (uint32_t k = 0; k < m->files[i].chunks_n; k++) {
			const struct manifest_chunk *c = &m->files[i].chunks[k];
			all[n++] = (struct cdn_want){ c->sha, c->adler, c->size, c->packed, 0 };
		}
	qsort(all, n, sizeof(*all), by_sha);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || by_sha(&all[kept - 1], &all[i]) != 0)
			all[kept++] = all[i];
	*ret = all;
	*ret_n = kept;
	return RC_OK;
}

static enum rc fetch_chunks(
	struct fill *w, const struct content_manifest *m, const struct buf *plain, struct fault *f)
{
	struct arena a = { .limit = MANIFEST_MEMORY };
	struct manifest read;
	const struct cdn_of of = { .app = m->app, .depot = m->depot };
	struct cdn_run run = { .task = w->task,
		.of = &of,
		.stop = stop,
		.ctx = w,
		.pace = w->pace,
		.stats = &w->stats,
		.concurrency = w->want->concurrency ? w->want->concurrency : CONCURRENCY };
	struct cdn_want *want = NULL;

	enum rc rc = manifest_read(plain->p, plain->n, &a, &read, f);
	if (rc == RC_OK)
		rc = wants_of(&read, &a, &want, &run.n);
	run.want = want;
	if (rc == RC_OK)
		rc = cdn_chunks(&run, f);
	arena_done(&a);
	return rc;
}

/* What an account may not have is none of the task's business. */
static bool is_denied(const char *code)
{
	return code &&
	       (!strcmp(code, "no_license") || !strcmp(code, "access_denied") || !strcmp(code, "not_found"));
}

static enum rc fill_depot(struct fill *w, const struct content_manifest *m, struct fault *f)
{
	struct action_task *t = w->task;
	struct buf plain = { 0 };

	if (!w->want->force && cdn_was_filled(t->cdn, m->depot, m->gid)) {
		w->skipped++;
		return RC_OK;
	}
	enum rc rc = cdn_manifest(t, m, stop, w, &plain, f);
	bool denied = rc != RC_OK && is_denied(t->code);
	if (rc == RC_OK)
		rc = fetch_chunks(w, m, &plain, f);
	buf_done(&plain);
	if (rc == RC_CANCELED && w->enough) {
		w->depots++;
		return RC_OK;
	}
	w->skipped += denied;
	w->depots += rc == RC_OK;
	if (rc == RC_OK)
		cdn_fill(t->cdn, m->depot, m->gid);
	if (!denied)
		return rc;
	t->code = NULL;
	t->eresult = 0;
	return RC_OK;
}

/* A list parted by commas; without one it is for all. */
static bool is_for(const char *list, const char *wanted)
{
	size_t n = strlen(wanted);

	if (!list || !*list)
		return true;
	for (const char *at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, wanted, n) && (at[n] == 0 || at[n] == ','))
			return true;
	}
	return false;
}

static enum rc fill_app(struct fill *w, uint32_t app, struct fault *f)
{
	struct arena tree = { .limit = TREE_MAX };
	const char *os = w->want->os ? w->want->os : "windows", *lang = w->want->lang ? w->want->lang : "english";
	struct titles_facts facts;

	enum rc rc = manifests_record(w->task, app, &tree, &facts, f);
	for (size_t i = 0; rc == RC_OK && !w->enough && i < facts.depots_n; i++) {
		const struct titles_facts_depot *d = &facts.depots[i];
		const struct content_manifest m = { .app = app,
			.depot = (uint32_t)strtoul(d->depot, NULL, 10),
			.gid = strtoull(d->manifest, NULL, 10) };
		if (m.depot && m.gid && !strcmp(d->branch, "public") && is_for(d->os, os) &&
			is_for(d->language, lang))
			rc = fill_depot(w, &m, f);
	}
	arena_done(&tree);
	return rc;
}

/* Errors are counted since the agent knows a server: those of before are none of these. */
static uint32_t errors_before(const struct fill *w, const char *host)
{
	for (size_t i = 0; i < w->before_n; i++)
		if (!strcmp(w->before[i].host, host))
			return w->before[i].errors;
	return 0;
}

static enum rc list_servers(struct fill *w, struct field_list *ret)
{
	struct cdn_rate now[ACTION_PREFILL_SERVERS];
	struct arena *a = w->task->arena;
	size_t n = cdn_rates(w->task->cdn, now, ACTION_PREFILL_SERVERS);
	struct action_download_server *to = arena_take(a, (n + 1) * sizeof(*to));

	for (size_t i = 0; to && i < n; i++) {
		uint32_t were = errors_before(w, now[i].host);
		to[i] = (struct action_download_server){ arena_str(a, now[i].host), now[i].rate_bps,
			now[i].errors > were ? now[i].errors - were : 0 };
		if (!to[i].host)
			return RC_NOMEM;
	}
	*ret = (struct field_list){ to, n };
	return to ? RC_OK : RC_NOMEM;
}

static enum rc fill_result(struct fill *w, struct action_prefill_result *to)
{
	uint64_t hits = w->stats.hits, told = hits + w->stats.misses;
	uint32_t times[SPREAD_PARTS];

	uint64_t chunks = 0;

	for (unsigned i = 0; i < SPREAD_PARTS; i++)
		chunks += times[i] = w->stats.times[i];
	*to = (struct action_prefill_result){ .bytes = w->stats.bytes_network,
		.chunks = chunks,
		.hit_percent = told ? (uint32_t)(hits * 100 / told) : 0,
		.rate_bps = rate_bps(w),
		.took_ms = clock_mono_ms() - w->began_ms,
		.p50_us = spread_at(times, 500),
		.p99_us = spread_at(times, 990),
		.tries = w->stats.tries,
		.errors = w->stats.errors };
	return list_servers(w, &to->servers);
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	struct fill w = { .task = t, .want = in, .began_ms = clock_mono_ms() };
	const uint32_t *apps = w.want->apps.at;

	w.before_n = cdn_rates(t->cdn, w.before, ACTION_PREFILL_SERVERS);
	enum rc rc = pace_join(t->pace, &(struct pace_share){ 0 }, &w.pace, f);
	for (size_t i = 0; rc == RC_OK && !w.enough && i < w.want->apps.n; i++)
		rc = fill_app(&w, apps[i], f);
	pace_leave(w.pace);
	if (rc == RC_OK)
		rc = fill_result(&w, out);
	if (rc == RC_OK && w.depots + w.skipped == 0) {
		t->code = "not_found";
		return fault_set(f, RC_MISSING, "these apps have no depots for this system and language");
	}
	return rc;
}

const struct action_run prefill_run = { .name = "prefill.run", .run = run };
