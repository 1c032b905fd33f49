/* cdn_fetch: one request to one content server, over a connection that is kept. */
#include "agent/content/cdn.h"
#include "agent/content/cdn_parts.h"
#include "agent/content/pace.h"
#include "base/hush.h"
#include "io/clock.h"
#include "io/http_call.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define URL_MAX     (CDN_CHOICE_HOST + 256 + STEAM_CONTENT_TOKEN_MAX)
#define USER_AGENT  "Valve/Steam HTTP Client 1.0" /* by which caches know what they are to keep */
#define RECEIVE_N   (256u << 10)
#define PACED_N     (16u << 10)
#define AGAIN_MAX_S 86400
#define OTHER_MAX   4096 /* bytes of an answer that is none */

struct under_way {
	const struct cdn_fetch *what;
	size_t n;
	bool too_long, halted;
	uint64_t waited_us;
};

/* ---- connections ---- */

/* One to this server that is idle; else a place for a new one, which the longest unused leaves when there is none. */
static struct cdn_line *take_line(struct cdn *c, const char *host)
{
	struct cdn_line *place = NULL;

	for (unsigned i = 0; i < CDN_CHOICE_IN_ALL; i++) {
		struct cdn_line *l = &c->lines[i];
		if (l->busy)
			continue;
		if (l->caller && !strcmp(l->host, host)) {
			place = l;
			break;
		}
		if (!place || (place->caller && (!l->caller || l->used_ms < place->used_ms)))
			place = l;
	}
	if (!place) /* there are as many as choice lets open */
		return NULL;
	if (!place->caller || strcmp(place->host, host) != 0) {
		http_call_free(place->caller);
		*place = (struct cdn_line){ .caller = http_call_new() };
		snprintf(place->host, sizeof(place->host), "%s", host);
	}
	place->busy = place->caller != NULL;
	return place->caller ? place : NULL;
}

static struct cdn_line *line_to(struct cdn *c, unsigned server, struct cdn_choice_host *ret_host)
{
	lock_enter(&c->lock);
	*ret_host = c->choice.at[server].host;
	struct cdn_line *l = take_line(c, ret_host->host);
	lock_leave(&c->lock);
	return l;
}

static void give_line(struct cdn *c, struct cdn_line *l)
{
	lock_enter(&c->lock);
	l->busy = false;
	l->used_ms = clock_mono_ms();
	pthread_cond_signal(&c->freed);
	lock_leave(&c->lock);
}

/* ---- the request ---- */

static bool halts(void *ctx)
{
	struct under_way *u = ctx;
	u->halted = u->halted || (u->what->halt && u->what->halt(u->what->ctx));
	return u->halted;
}

static bool on_body(void *ctx, const void *p, size_t n)
{
	struct under_way *u = ctx;
	const struct cdn_fetch *w = u->what;

	u->n += n;
	if (w->stats)
		atomic_fetch_add(&w->stats->bytes_network, n);
	if (w->came)
		w->came(w->came_ctx, n);
	u->too_long = u->n > w->most;
	if (u->too_long)
		return false;
	if (w->to)
		buf_put(w->to, p, n);
	if (w->to && w->to->bad)
		return false;
	if (w->pace)
		u->waited_us += pace_wait(w->pace, n, halts, u);
	return !halts(u);
}

static bool make_url(const struct cdn_fetch *w, const struct cdn_choice_host *h, char url[static URL_MAX])
{
	char token[STEAM_CONTENT_TOKEN_MAX] = "";
	const struct content_token_ask ask = { .app = w->app, .depot = w->depot, .host = h->host };

	bool has = content_token_kept(w->cdn->conf.content, w->account, &ask, token);
	int n = snprintf(url, URL_MAX, "%s://%s%s%s", h->https && !*h->via ? "https" : "http",
		*h->via ? h->via : h->host, w->path, has ? token : "");
	hush_wipe(token, sizeof(token));
	return n > 0 && n < URL_MAX;
}

static uint64_t again_ms(const struct http_answer *a)
{
	const char *s = http_call_header_of(a, "retry-after");
	unsigned long seconds = s && *s >= '0' && *s <= '9' ? strtoul(s, NULL, 10) : 0;
	return (seconds < AGAIN_MAX_S ? seconds : AGAIN_MAX_S) * 1000u;
}

/* What lancache, and most that are built on nginx, tell. */
static void count_cache(const struct http_answer *a, struct cdn_stats *stats)
{
	static const char *const names[] = { "x-upstream-cache-status", "x-cache-status", "x-cache" };

	for (unsigned i = 0; stats && i < sizeof(names) / sizeof(*names); i++) {
		const char *s = http_call_header_of(a, names[i]);
		if (!s)
			continue;
		atomic_fetch_add(
			strncasecmp(s, "hit", 3) == 0 || strcasestr(s, " hit") ? &stats->hits : &stats->misses, 1);
		return;
	}
}

static enum cdn_choice_end end_of(const struct http_answer *a, const struct cdn_fetch *w)
{
	switch (a->status) {
	case 200:
		count_cache(a, w->stats);
		return CDN_CHOICE_GOOD;
	case 401:
	case 403:
		return CDN_CHOICE_DENIES;
	case 404:
		return CDN_CHOICE_LACKS;
	case 429:
		return CDN_CHOICE_BUSY;
	default:
		return CDN_CHOICE_ERROR;
	}
}

static enum cdn_choice_end end_of_failure(enum rc rc, const struct under_way *u)
{
	if (u->halted)
		return CDN_CHOICE_STOPPED;
	if (u->too_long)
		return CDN_CHOICE_BAD;
	return rc == RC_TIMEOUT ? CDN_CHOICE_SLOW : rc == RC_NOMEM ? CDN_CHOICE_STOPPED : CDN_CHOICE_ERROR;
}

static enum cdn_choice_end ask(
	struct under_way *u, const struct cdn_choice_host *h, struct http_caller *caller, struct cdn_fetched *ret)
{
	const struct cdn_fetch *w = u->what;
	const struct http_call_header headers[] = { { "Host", h->vhost }, { "User-Agent", USER_AGENT },
		{ "Accept", "*/*" }, { 0 } };
	struct http_answer answer = { 0 };
	char url[URL_MAX];

	if (!make_url(w, h, url))
		return CDN_CHOICE_ERROR;
	const struct http_ask how = { .caller = caller,
		.url = url,
		.headers = headers,
		.body_max = OTHER_MAX,
		.body_cut = true,
		.connect_ms = CDN_CONNECT_MS,
		.first_ms = CDN_FIRST_MS,
		.idle_ms = CDN_IDLE_MS,
		.receive_n = w->pace && pace_is_limited(w->pace) ? PACED_N : RECEIVE_N,
		.tls_ca = w->cdn->conf.ca_file,
		.http_proxy = w->cdn->conf.http_proxy,
		.on_body = on_body,
		.halt = halts,
		.ctx = u };
	enum rc rc = http_call(&how, &answer, NULL);
	hush_wipe(url, sizeof(url));
	if (rc != RC_OK) {
		ret->error = u->too_long ? CHUNK_ERROR_BAD_HASH : chunk_error_of_rc(rc);
		return end_of_failure(rc, u);
	}
	enum cdn_choice_end end = end_of(&answer, w);
	ret->status = answer.status;
	ret->error = chunk_error_of_status(answer.status);
	ret->done.again_ms = end == CDN_CHOICE_BUSY ? again_ms(&answer) : 0;
	http_answer_done(&answer);
	return end;
}

void cdn_fetch(const struct cdn_fetch *w, struct cdn_fetched *ret)
{
	struct under_way u = { .what = w };
	struct cdn_choice_host host;
	uint64_t began_us = clock_mono_us();

	*ret = (struct cdn_fetched){
		.done = { .server = w->server, .began_ms = began_us / 1000, .end = CDN_CHOICE_STOPPED },
		.error = CHUNK_ERROR_CONNECT
	};
	struct cdn_line *line = line_to(w->cdn, w->server, &host);
	if (!line)
		return;
	if (w->stats)
		atomic_fetch_add(&w->stats->tries, 1);
	ret->done.end = ask(&u, &host, line->caller, ret);
	give_line(w->cdn, line);
	uint64_t took_us = clock_mono_us() - began_us;
	ret->bytes = ret->done.bytes = u.n;
	ret->done.took_us = took_us > u.waited_us ? took_us - u.waited_us : 1;
	if (w->stats && ret->done.end != CDN_CHOICE_GOOD && ret->done.end != CDN_CHOICE_STOPPED)
		cdn_stats_error(w->stats, ret->error);
}
