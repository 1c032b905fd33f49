/* cdn_chunks: content servers as the pipeline's source. */
#include "agent/content/cdn.h"
#include "agent/content/cdn_parts.h"
#include "agent/content/pipeline.h"
#include "io/clock.h"
#include "model/spread.h"
#include "wire/tunnel_auth.h"

#include <stdio.h>

_Static_assert(CDN_TIMES == SPREAD_PARTS, "each part has its count");

#define PATH_MAX_N 96

_Static_assert(CDN_TIMES == SPREAD_PARTS, "each time has its part");

struct source {
	const struct cdn_run *run;
	struct cdn *cdn;
};

static enum pipeline_got again(struct pipeline_slot *s, uint64_t at_ms)
{
	s->at_ms = at_ms;
	return PIPELINE_AGAIN;
}

static void ask(struct source *src, struct pipeline_slot *s, unsigned server, struct cdn_fetched *got)
{
	const struct cdn_run *r = src->run;
	const struct cdn_want *w = &r->want[s->i];
	char path[PATH_MAX_N], hex[41];

	tunnel_auth_hex(w->sha, 20, hex);
	snprintf(path, sizeof(path), "/depot/%u/chunk/%s", s->try.depot, hex);
	const struct cdn_fetch fetch = { .cdn = src->cdn,
		.server = server,
		.account = r->task->account_id,
		.app = s->try.app,
		.depot = s->try.depot,
		.path = path,
		.most = w->packed,
		.to = r->put && buf_room(&s->box, w->packed) ? &s->box : NULL,
		.pace = r->pace,
		.stats = r->stats,
		.halt = pipeline_halts,
		.ctx = s->pipeline,
		.came = r->came,
		.came_ctx = r->ctx };
	cdn_fetch(&fetch, got);
	if (got->done.end == CDN_CHOICE_GOOD && got->bytes == w->packed && !s->box.bad) {
		atomic_fetch_add(&r->stats->times[spread_part(got->done.took_us)], 1);
		return;
	}
	if (got->done.end != CDN_CHOICE_GOOD)
		return;
	got->done.end = s->box.bad ? CDN_CHOICE_STOPPED : CDN_CHOICE_BAD;
	if (got->done.end == CDN_CHOICE_BAD)
		cdn_stats_error(r->stats, CHUNK_ERROR_BAD_HASH);
}

static enum pipeline_got fetch(void *ctx, struct pipeline_slot *s)
{
	struct source *src = ctx;
	struct cdn *c = src->cdn;
	struct cdn_fetched got;
	uint64_t now_ms = clock_mono_ms();

	lock_enter(&c->lock);
	struct cdn_choice_turn turn = cdn_choice_pick(&c->choice, &s->try, now_ms);
	lock_leave(&c->lock);
	if (turn.go == CDN_CHOICE_WAIT)
		return again(s, turn.at_ms == UINT64_MAX ? now_ms + CDN_AGAIN_MS : turn.at_ms);
	if (turn.go == CDN_CHOICE_FAIL) {
		s->why = turn.why;
		return PIPELINE_FAIL;
	}
	ask(src, s, turn.server, &got);
	s->done = got.done;
	lock_enter(&c->lock);
	enum cdn_choice_next next = cdn_choice_done(&c->choice, &s->try, &got.done, clock_mono_ms());
	lock_leave(&c->lock);
	if (next == CDN_CHOICE_TOKEN)
		return PIPELINE_WISH;
	if (next == CDN_CHOICE_AGAIN)
		return again(s, 0);
	s->packed = s->box.p;
	s->packed_n = s->box.n;
	return src->run->put ? PIPELINE_GOT : PIPELINE_THROWN;
}

static void spoilt(void *ctx, struct pipeline_slot *s)
{
	struct source *src = ctx;

	cdn_stats_error(src->run->stats, CHUNK_ERROR_BAD_HASH);
	s->done.end = CDN_CHOICE_BAD;
	lock_enter(&src->cdn->lock);
	cdn_choice_spoilt(&src->cdn->choice, &s->try, &s->done, clock_mono_ms());
	lock_leave(&src->cdn->lock);
	s->at_ms = 0;
}

static void grant(void *ctx, struct pipeline_slot *s)
{
	struct source *src = ctx;
	cdn_bring_token(src->run->task, s->try.app, s->try.depot, s->done.server);
}

static enum rc failed(void *ctx, const struct pipeline_slot *s, struct fault *f)
{
	struct source *src = ctx;
	char what[64], hex[41];

	tunnel_auth_hex(src->run->want[s->i].sha, 20, hex);
	snprintf(what, sizeof(what), "chunk %s", hex);
	return cdn_failed(src->run->task, &s->try, s->why, what, f);
}

static const char *code_of(enum rc rc)
{
	switch ((int)rc) {
	case RC_TIMEOUT:
		return "stalled";
	case RC_TOO_LARGE:
	case RC_MALFORMED:
		return "integrity";
	default:
		return NULL;
	}
}

enum rc cdn_chunks(const struct cdn_run *r, struct fault *f)
{
	struct source src = { .run = r, .cdn = r->task->cdn };
	const struct pipeline_conf conf = { .run = r,
		.pool = src.cdn->pool,
		.source = { .ctx = &src, .fetch = fetch, .spoilt = spoilt, .grant = grant, .failed = failed } };

	enum rc rc = cdn_refresh(r->task, f);
	if (rc != RC_OK)
		return rc;
	cdn_enter(src.cdn);
	rc = pipeline_run(&conf, f);
	cdn_leave(src.cdn);
	if (rc != RC_OK && code_of(rc))
		r->task->code = code_of(rc);
	return rc;
}
