#include "agent/content/shop_fetch.h"

#include "agent/agent_conf.h"
#include "agent/content/pace.h"
#include "agent/shop_web.h"
#include "base/hush.h"
#include "io/clock.h"
#include "io/http_call.h"
#include "model/chunk_error.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_MS   5000
#define FIRST_MS     10000
#define IDLE_MS      15000
#define PAUSE_MS     500
#define PAUSE_429_MS 5000
#define PAUSE_MAX_MS 600000
#define LOOK_MS      50

enum ending { PUT, AGAIN, DENIED, LACKS, BUSY, BROKEN, ENDED };

/* One round. What is not atomic the threads only read, but for `first`, which has a lock. */
struct round {
	struct shop_fetch *x;
	const struct content_run *r;
	_Atomic bool *put;   /* of each of r->want */
	_Atomic size_t next; /* of r->want, to be begun */
	_Atomic bool over;   /* nothing more is begun */
	_Atomic bool denied;
	struct lock lock; /* guards the three below */
	enum rc rc;
	const char *code;
	struct fault fault;
};

/* One request. */
struct trip {
	struct round *round;
	struct buf body;
	size_t most;
	bool too_long, halted;
};

void shop_fetch_init(struct shop_fetch *x, struct action_task *t, const struct shop_fetch_site *site)
{
	*x = (struct shop_fetch){ .task = t, .site = *site };
	lock_init(&x->lock);
}

void shop_fetch_done(struct shop_fetch *x) { lock_done(&x->lock); }

void shop_fetch_figures(struct shop_fetch *x, struct content_figures *ret)
{
	lock_enter(&x->lock);
	*ret = x->figures;
	lock_leave(&x->lock);
}

/* ---- figures ---- */

/* The host of an address, which may hold tokens further on. */
static void host_of(const char *url, char *ret, size_t room)
{
	const char *at = strstr(url, "://");
	at = at ? at + 3 : url;
	snprintf(ret, room, "%.*s", (int)strcspn(at, "/?"), at);
}

/* `why`: CHUNK_ERROR_KINDS: it is none. */
static void note(struct shop_fetch *x, const char *url, size_t n, uint64_t ms, enum chunk_error why)
{
	char host[128];
	struct content_figures *all = &x->figures;
	bool error = why != CHUNK_ERROR_KINDS;
	size_t i = 0;

	host_of(url, host, sizeof(host));
	lock_enter(&x->lock);
	while (i < all->servers_n && strcmp(all->servers[i].host, host) != 0)
		i++;
	if (i == all->servers_n && i < sizeof(all->servers) / sizeof(all->servers[0])) {
		snprintf(all->servers[i].host, sizeof(all->servers[i].host), "%s", host);
		all->servers_n++;
	}
	if (i < all->servers_n) {
		uint64_t rate = n * 8000 / (ms ? ms : 1);
		all->servers[i].rate_bps =
			all->servers[i].rate_bps ? (all->servers[i].rate_bps * 3 + rate) / 4 : rate;
		all->servers[i].errors += error;
	}
	all->tries += error;
	if (error)
		all->errors[why]++;
	lock_leave(&x->lock);
}

/* ---- one request ---- */

static bool stops(struct round *o) { return atomic_load(&o->over) || o->r->stop(o->r->ctx); }

static bool halts(void *ctx)
{
	struct trip *t = ctx;
	t->halted = t->halted || stops(t->round);
	return t->halted;
}

static bool on_body(void *ctx, const void *p, size_t n)
{
	struct trip *t = ctx;
	struct shop_fetch *x = t->round->x;

	lock_enter(&x->lock);
	x->figures.bytes_network += n;
	lock_leave(&x->lock);
	t->round->r->came(t->round->r->ctx, n);
	t->too_long = n > t->most - t->body.n;
	if (!t->too_long)
		buf_put(&t->body, p, n);
	if (t->round->r->pace)
		pace_wait(t->round->r->pace, n, halts, t);
	return !t->too_long && !t->body.bad && !halts(t);
}

static uint32_t again_ms(const struct http_answer *a)
{
	const char *s = http_call_header_of(a, "retry-after");
	unsigned long seconds = s && *s >= '0' && *s <= '9' ? strtoul(s, NULL, 10) : 0;
	return seconds < PAUSE_MAX_MS / 1000 ? (uint32_t)seconds * 1000 : PAUSE_MAX_MS;
}

static enum ending ending_of(int status)
{
	switch (status) {
	case 200:
	case 206:
		return PUT;
	case 401:
	case 403:
		return DENIED;
	case 404:
		return LACKS;
	case 429:
		return BUSY;
	default:
		return AGAIN;
	}
}

static enum ending get(
	struct trip *t, struct http_caller *line, const char *url, const char *range, uint32_t *ret_again_ms)
{
	const struct agent_shops *shops = t->round->x->task->shops;
	struct http_call_header headers[] = { { "Range", range }, { 0 } };
	struct http_answer a = { 0 };
	uint64_t from = clock_mono_ms();
	const struct http_ask how = { .caller = line,
		.url = url,
		.headers = *range ? headers : NULL,
		.connect_ms = CONNECT_MS,
		.first_ms = FIRST_MS,
		.idle_ms = IDLE_MS,
		.slow_bps = SHOP_WEB_SLOW,
		.slow_ms = SHOP_WEB_SLOW_MS,
		.tls_ca = shops->ca_file,
		.http_proxy = shops->http_proxy,
		.on_body = on_body,
		.halt = halts,
		.ctx = t };
	enum rc rc = http_call(&how, &a, NULL);
	enum ending end = rc == RC_OK ? ending_of(a.status) : t->halted ? ENDED : t->too_long ? BROKEN : AGAIN;

	if (rc == RC_OK && end == PUT && *range && a.status != 206)
		end = BROKEN; /* all of it came, from its beginning */
	*ret_again_ms = rc == RC_OK ? again_ms(&a) : 0;
	if (end != ENDED)
		note(t->round->x, url, t->body.n, clock_mono_ms() - from,
			end == PUT      ? CHUNK_ERROR_KINDS
			: end == BROKEN ? CHUNK_ERROR_BAD_HASH
			: rc == RC_OK   ? chunk_error_of_status(a.status)
					: chunk_error_of_rc(rc));
	http_answer_done(&a);
	return end;
}

/* ---- one chunk ---- */

static enum ending try_once(
	struct round *o, struct http_caller *line, size_t i, unsigned server, uint32_t *ret_again_ms)
{
	const struct shop_fetch_site *site = &o->x->site;
	uint32_t chunk = o->r->want[i];
	struct trip t = { .round = o, .most = site->most(site->ctx, chunk) };
	struct buf url = { .wipes = true }, plain = { 0 };
	char range[SHOP_FETCH_RANGE] = "";

	bool there = site->address(site->ctx, chunk, server, &url, range) ||
		     (server > 0 && site->address(site->ctx, chunk, 0, &url, range));
	enum ending end = there && !url.bad ? get(&t, line, buf_text(&url), range, ret_again_ms) : LACKS;
	if (end == PUT && site->open(site->ctx, chunk, t.body.p, t.body.n, &plain, NULL) != RC_OK) {
		note(o->x, buf_text(&url), 0, 1, CHUNK_ERROR_BAD_HASH);
		end = BROKEN;
	}
	if (end == PUT && !o->r->put(o->r->ctx, i, plain.p, plain.n))
		end = ENDED;
	buf_done(&url);
	buf_done(&plain);
	buf_done(&t.body);
	return end;
}

static void rest(struct round *o, uint64_t ms)
{
	for (uint64_t end = clock_mono_ms() + ms; clock_mono_ms() < end && !stops(o);)
		usleep(LOOK_MS * 1000);
}

static void fail(struct round *o, enum ending end)
{
	static const struct {
		enum rc rc;
		const char *code, *words;
	} ways[] = { [AGAIN] = { RC_AWAY, "cdn_unavailable", "the store's content servers do not answer" },
		[LACKS] = { RC_MISSING, "not_found", "the store's content servers do not have a chunk" },
		[BUSY] = { RC_LIMIT, "rate_limited", "the store's content servers answer 429: too many requests" },
		[BROKEN] = { RC_MALFORMED, "integrity", "a chunk comes broken from all content servers" },
		[ENDED] = { RC_CANCELED, "canceled", "it was canceled" } };

	lock_enter(&o->lock);
	if (o->rc == RC_OK) {
		o->rc = fault_set(&o->fault, ways[end].rc, "%s", ways[end].words);
		o->code = end == ENDED ? NULL : ways[end].code;
	}
	lock_leave(&o->lock);
	atomic_store(&o->over, true);
}

static void fetch_one(struct round *o, struct http_caller *line, size_t i)
{
	enum ending end = AGAIN;

	for (unsigned n = 0; n < SHOP_FETCH_TRIES; n++) {
		uint32_t wait = 0;
		end = stops(o) ? ENDED : try_once(o, line, i, n, &wait);
		if (end == PUT) {
			atomic_store(&o->put[i], true);
			return;
		}
		if (end == DENIED) {
			atomic_store(&o->denied, true);
			atomic_store(&o->over, true);
			return;
		}
		if (end == ENDED)
			break;
		if (n + 1 < SHOP_FETCH_TRIES)
			rest(o, wait ? wait : (uint64_t)(end == BUSY ? PAUSE_429_MS : PAUSE_MS) << n);
	}
	/* Another's end is not this one's doing. */
	if (end != ENDED || !atomic_load(&o->over))
		fail(o, end);
}

static void *fetcher(void *ctx)
{
	struct round *o = ctx;
	struct http_caller *line = http_call_new();

	pthread_setname_np(pthread_self(), "fetch");
	while (line && !stops(o)) {
		size_t i = atomic_fetch_add(&o->next, 1);
		if (i >= o->r->n)
			break;
		if (!atomic_load(&o->put[i]))
			fetch_one(o, line, i);
	}
	http_call_free(line);
	return NULL;
}

/* ---- rounds ---- */

static enum rc run_round(struct round *o, struct fault *f)
{
	pthread_t threads[SHOP_FETCH_THREADS];
	size_t want = o->r->concurrency ? o->r->concurrency : 8, n = 0;

	want = want > SHOP_FETCH_THREADS ? SHOP_FETCH_THREADS : want;
	want = want > o->r->n ? o->r->n : want;
	atomic_store(&o->next, 0);
	atomic_store(&o->over, false);
	atomic_store(&o->denied, false);
	while (n < want && pthread_create(&threads[n], NULL, fetcher, o) == 0)
		n++;
	for (size_t i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	if (n == 0 && want > 0)
		return fault_set(f, RC_NOMEM, "no thread for a download");
	if (o->rc != RC_OK) {
		o->x->task->code = o->code;
		return fault_set(f, o->rc, "%s", o->fault.text);
	}
	return o->r->stop(o->r->ctx) ? RC_CANCELED : RC_OK;
}

static bool is_whole(const struct round *o)
{
	for (size_t i = 0; i < o->r->n; i++)
		if (!atomic_load(&o->put[i]))
			return false;
	return true;
}

enum rc shop_fetch_run(struct shop_fetch *x, const struct content_run *r, struct fault *f)
{
	struct round o = { .x = x, .r = r, .put = calloc(r->n + 1, sizeof(*o.put)) };
	bool renewed = false;

	if (!o.put)
		return fault_set(f, RC_NOMEM, "no memory for a download");
	lock_init(&o.lock);
	enum rc rc = run_round(&o, f);
	while (rc == RC_OK && atomic_load(&o.denied)) {
		if (renewed || !x->site.renew) {
			x->task->code = "access_denied";
			rc = fault_set(f, RC_DENIED,
				"the store's content servers refuse a chunk, also with a new address");
			break;
		}
		renewed = true;
		rc = x->site.renew(x->site.ctx, f);
		if (rc == RC_OK)
			rc = run_round(&o, f);
	}
	if (rc == RC_OK && !is_whole(&o))
		rc = fault_set(f, RC_NOMEM, "no memory for a download");
	lock_done(&o.lock);
	free((void *)o.put);
	return rc;
}
