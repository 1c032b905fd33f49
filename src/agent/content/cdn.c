#include "agent/content/cdn.h"

#include "agent/content/cdn_parts.h"
#include "agent/content/pipeline.h"
#include "base/hush.h"
#include "base/log.h"
#include "io/clock.h"
#include "io/http_call.h"
#include "io/pool.h"

#include <stdio.h>
#include <string.h>

#define DECODERS_MAX 64
#define DECODE_QUEUE 65536

static unsigned decoders(const struct cdn_conf *conf)
{
	long cores = conf->decoders ? (long)conf->decoders : sysconf(_SC_NPROCESSORS_ONLN);
	return cores < 1 ? 1 : cores > DECODERS_MAX ? DECODERS_MAX : (unsigned)cores;
}

enum rc cdn_new(const struct cdn_conf *conf, struct cdn **ret, struct fault *f)
{
	struct cdn *c = calloc(1, sizeof(*c));
	pthread_condattr_t attr;
	const struct pool_conf pool = { .name = "unpack",
		.threads = decoders(conf),
		.batch_max = 1,
		.queue_max = DECODE_QUEUE,
		.enter = pipeline_worker_enter,
		.run = pipeline_worker_run,
		.leave = pipeline_worker_leave };

	if (!c)
		return fault_set(f, RC_NOMEM, "no memory for the client of content servers");
	c->conf = *conf;
	lock_init(&c->lock);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->freed, &attr);
	pthread_condattr_destroy(&attr);
	enum rc rc = pool_new(&pool, &c->pool, f);
	if (rc == RC_OK)
		*ret = c;
	else
		cdn_free(c);
	return rc;
}

static void drop_lines(struct cdn *c)
{
	for (unsigned i = 0; i < CDN_CHOICE_IN_ALL; i++) {
		http_call_free(c->lines[i].caller);
		c->lines[i] = (struct cdn_line){ 0 };
	}
}

void cdn_free(struct cdn *c)
{
	if (!c)
		return;
	pool_free(c->pool);
	drop_lines(c);
	pthread_cond_destroy(&c->freed);
	lock_done(&c->lock);
	free(c);
}

void cdn_rest(struct cdn *c)
{
	uint64_t until_ms = clock_mono_ms() + CDN_AGAIN_MS;
	struct timespec at = { .tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000 * 1000000) };

	lock_enter(&c->lock);
	pthread_cond_timedwait(&c->freed, &c->lock.mutex, &at);
	lock_leave(&c->lock);
}

void cdn_enter(struct cdn *c)
{
	lock_enter(&c->lock);
	c->runs++;
	lock_leave(&c->lock);
}

void cdn_leave(struct cdn *c)
{
	lock_enter(&c->lock);
	if (--c->runs == 0)
		drop_lines(c);
	lock_leave(&c->lock);
}

enum rc cdn_refresh(struct action_task *t, struct fault *f)
{
	struct cdn_choice_host *hosts = arena_take(t->arena, CDN_CHOICE_SERVERS * sizeof(*hosts));
	struct cdn *c = t->cdn;
	size_t n = 0;

	if (!hosts)
		return RC_NOMEM;
	char lan[CDN_CHOICE_HOST];
	enum rc rc = content_servers(t, hosts, CDN_CHOICE_SERVERS, &n, f);
	cdn_find_lan(c, lan);
	for (size_t i = 0; i < n; i++)
		memcpy(hosts[i].via, lan, sizeof(lan));
	lock_enter(&c->lock);
	if (rc == RC_OK)
		cdn_choice_list(&c->choice, hosts, n);
	else if (rc != RC_CANCELED && !cdn_choice_is_empty(&c->choice))
		rc = RC_OK; /* the old ones will do */
	lock_leave(&c->lock);
	return rc;
}

void cdn_bring_token(struct action_task *t, uint32_t app, uint32_t depot, unsigned server)
{
	char token[STEAM_CONTENT_TOKEN_MAX], host[CDN_CHOICE_HOST];
	struct cdn *c = t->cdn;
	struct fault f = { 0 };

	lock_enter(&c->lock);
	snprintf(host, sizeof(host), "%s", c->choice.at[server].host.host);
	lock_leave(&c->lock);
	const struct content_token_ask ask = { .app = app, .depot = depot, .host = host };
	enum rc rc = content_token(t, &ask, token, &f);
	hush_wipe(token, sizeof(token));
	lock_enter(&c->lock);
	if (rc == RC_OK)
		cdn_choice_token(&c->choice, depot, server, clock_mono_ms());
	else
		cdn_choice_refuse(&c->choice, depot, server, clock_mono_ms());
	lock_leave(&c->lock);
	if (rc != RC_OK)
		log_info(c->conf.log, "content server gets no token host=%s depot=%u: %s", host, depot, f.text);
}

enum rc cdn_failed(struct action_task *t, const struct cdn_choice_try *try, enum cdn_choice_why why,
	const char *what, struct fault *f)
{
	switch (why) {
	case CDN_CHOICE_MISSES:
		t->code = "not_found";
		return fault_set(f, RC_MISSING, "no content server has %s of depot %u", what, try->depot);
	case CDN_CHOICE_DENIED:
		t->code = "access_denied";
		return fault_set(
			f, RC_DENIED, "no content server gives %s of depot %u to this account", what, try->depot);
	case CDN_CHOICE_NOBODY:
		break;
	}
	t->code = "cdn_unavailable";
	return fault_set(f, RC_AWAY, "there is no content server for app %u", try->app);
}

bool cdn_was_filled(struct cdn *c, uint32_t depot, uint64_t gid)
{
	bool was = false;

	lock_enter(&c->lock);
	for (unsigned i = 0; i < CDN_FILLED_MAX && !was; i++)
		was = c->filled[i].depot == depot && c->filled[i].gid == gid;
	lock_leave(&c->lock);
	return was;
}

void cdn_fill(struct cdn *c, uint32_t depot, uint64_t gid)
{
	lock_enter(&c->lock);
	c->filled[c->filled_n % CDN_FILLED_MAX].depot = depot;
	c->filled[c->filled_n++ % CDN_FILLED_MAX].gid = gid;
	lock_leave(&c->lock);
}

size_t cdn_rates(struct cdn *c, struct cdn_rate *ret, size_t max)
{
	size_t n = 0;

	lock_enter(&c->lock);
	for (uint32_t left = UINT32_MAX; n < max;) {
		int best = -1;
		for (int i = 0; i < CDN_CHOICE_SERVERS; i++) {
			const struct cdn_choice_server *s = &c->choice.at[i];
			bool asked = left >> i & 1 && *s->host.host && (s->rate > 0 || s->errors > 0);
			if (asked && (best < 0 || s->rate > c->choice.at[best].rate))
				best = i;
		}
		if (best < 0)
			break;
		const struct cdn_choice_server *s = &c->choice.at[best];
		left &= ~((uint32_t)1 << best);
		ret[n] = (struct cdn_rate){ .rate_bps = (uint64_t)(s->rate * 8), .errors = s->errors };
		snprintf(ret[n++].host, CDN_CHOICE_HOST, "%s", s->host.host);
	}
	lock_leave(&c->lock);
	return n;
}
