/* cdn_manifest: one manifest, from whichever content server gives it. */
#include "agent/content/cdn.h"
#include "agent/content/cdn_parts.h"
#include "io/clock.h"
#include "wire/steam/chunk.h"
#include "wire/steam/manifest.h"
#include "wire/steam/zip.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PATH_MAX_N 160

/* One manifest on its way. */
struct way {
	struct action_task *task;
	const struct content_manifest *what;
	cdn_stop stop;
	void *ctx;
	struct cdn_choice_try try;
	struct buf box;
	bool fresh; /* the code that was kept was not taken: a new one was asked for */
};

static bool halts(void *ctx)
{
	struct way *w = ctx;
	return w->stop && w->stop(w->ctx);
}

/* Appends what the archive or container holds; or the bytes themselves, if they are a manifest already. */
static enum rc unfold(const struct buf *box, struct buf *ret, struct fault *f)
{
	enum chunk_kind kind;

	if (zip_is(box->p, box->n))
		return zip_open(box->p, box->n, MANIFEST_BYTES_MAX, ret, f);
	if (chunk_kind_of(box->p, box->n, &kind))
		return chunk_unpack(box->p, box->n, MANIFEST_BYTES_MAX, ret, f);
	buf_put(ret, box->p, box->n);
	return ret->bad ? RC_NOMEM : RC_OK;
}

/* Is it the one that was asked for, whole? The names stay as they are. */
static enum rc check(const struct way *w, const struct buf *plain, size_t from, struct fault *f)
{
	struct arena a = { .limit = MANIFEST_MEMORY };
	struct manifest m;

	enum rc rc = manifest_read(plain->p + from, plain->n - from, &a, &m, f);
	if (rc == RC_OK && (m.depot != w->what->depot || m.gid != w->what->gid))
		rc = fault_set(
			f, RC_MALFORMED, "manifest %" PRIu64 " of depot %u came for another", m.gid, m.depot);
	arena_done(&a);
	return rc;
}

static enum rc read_box(struct way *w, struct buf *ret, struct fault *f)
{
	size_t before = ret->n;

	enum rc rc = unfold(&w->box, ret, f);
	if (rc == RC_OK)
		rc = check(w, ret, before, f);
	if (rc != RC_OK)
		ret->n = before;
	return rc;
}

static enum rc make_path(struct way *w, char path[static PATH_MAX_N], struct fault *f)
{
	uint64_t code;

	enum rc rc = content_code(w->task, w->what, w->fresh, &code, f);
	if (rc == RC_OK)
		snprintf(path, PATH_MAX_N, "/depot/%u/manifest/%" PRIu64 "/5/%" PRIu64, w->what->depot,
			w->what->gid, code);
	return rc;
}

/* Tells the choice how it went, and asks for what was missing. */
static enum rc follow(struct way *w, struct cdn_fetched *got, struct buf *ret, struct fault *f)
{
	struct cdn *c = w->task->cdn;

	enum rc rc = got->done.end == CDN_CHOICE_GOOD ? read_box(w, ret, f) : RC_MORE;
	if (rc == RC_NOMEM)
		return rc;
	if (rc != RC_OK && got->done.end == CDN_CHOICE_GOOD)
		got->done.end = CDN_CHOICE_BAD;
	bool code_ended = got->status == 401 && !w->fresh;
	if (code_ended) { /* it was kept too long, or they have another clock */
		w->fresh = true;
		got->done.end = CDN_CHOICE_STOPPED;
	}
	lock_enter(&c->lock);
	enum cdn_choice_next next = cdn_choice_done(&c->choice, &w->try, &got->done, clock_mono_ms());
	lock_leave(&c->lock);
	if (next == CDN_CHOICE_TOKEN)
		cdn_bring_token(w->task, w->what->app, w->what->depot, got->done.server);
	return next == CDN_CHOICE_IS_DONE ? RC_OK : RC_MORE;
}

static enum rc ask(struct way *w, unsigned server, struct buf *ret, struct fault *f)
{
	char path[PATH_MAX_N];
	struct cdn_fetched got = { .done = { .server = server, .end = CDN_CHOICE_STOPPED } };

	enum rc rc = make_path(w, path, f);
	w->box.n = 0;
	const struct cdn_fetch fetch = { .cdn = w->task->cdn,
		.server = server,
		.account = w->task->account_id,
		.app = w->what->app,
		.depot = w->what->depot,
		.path = path,
		.most = CDN_MANIFEST_BYTES,
		.to = &w->box,
		.halt = halts,
		.ctx = w };
	if (rc == RC_OK)
		cdn_fetch(&fetch, &got);
	if (w->box.bad)
		rc = RC_NOMEM;
	enum rc next = follow(w, &got, ret, f);
	return rc == RC_OK ? next : rc;
}

/* One step: RC_MORE is not the end. */
static enum rc step(struct way *w, struct buf *ret, struct fault *f)
{
	struct cdn *c = w->task->cdn;
	char what[64];

	if (halts(w))
		return fault_set(f, RC_CANCELED, "stopped");
	lock_enter(&c->lock);
	struct cdn_choice_turn turn = cdn_choice_pick(&c->choice, &w->try, clock_mono_ms());
	lock_leave(&c->lock);
	switch (turn.go) {
	case CDN_CHOICE_GO:
		return ask(w, turn.server, ret, f);
	case CDN_CHOICE_WAIT:
		if (turn.at_ms != UINT64_MAX && w->try.rounds > 1)
			break;
		cdn_rest(c);
		return RC_MORE;
	case CDN_CHOICE_FAIL:
		snprintf(what, sizeof(what), "manifest %" PRIu64, w->what->gid);
		return cdn_failed(w->task, &w->try, turn.why, what, f);
	}
	w->task->code = w->try.bad ? "integrity" : "cdn_unavailable";
	return fault_set(f, RC_AWAY, "no content server gave manifest %" PRIu64 " of depot %u%s", w->what->gid,
		w->what->depot, w->try.bad ? ": what came is damaged" : "");
}

enum rc cdn_manifest(struct action_task *t, const struct content_manifest *m, cdn_stop stop, void *ctx,
	struct buf *ret, struct fault *f)
{
	struct way w = {
		.task = t, .what = m, .stop = stop, .ctx = ctx, .try = { .app = m->app, .depot = m->depot }
	};

	enum rc rc = cdn_refresh(t, f);
	if (rc != RC_OK)
		return rc;
	cdn_enter(t->cdn);
	do
		rc = step(&w, ret, f);
	while (rc == RC_MORE);
	cdn_leave(t->cdn);
	buf_done(&w.box);
	return rc;
}
