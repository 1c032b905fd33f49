#include "agent/content/fetch_env.h"
#include "agent/content/pace.h"
#include "agent/content/source_steam.h"
#include "io/http_call.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CONNECT_MS 5000
#define IDLE_MS    15000

/* Chunks of one URL that follow each other: want[from] to want[from + n - 1]. */
struct stretch {
	struct source_steam *s;
	const struct content_run *run;
	const struct source_url *url;
	size_t from, n, at; /* at: how many of them were put */
	uint64_t skip;      /* bytes that come before the first, when the server gives all */
	uint8_t *room;
	size_t room_n;
	_Atomic bool stop;
};

static const struct content_chunk *chunk_at(const struct content_run *run, size_t i)
{
	return &run->listing->chunks[run->want[i]];
}

static bool halts(void *ctx)
{
	struct stretch *h = ctx;
	h->stop = h->stop || h->run->stop(h->run->ctx);
	return h->stop;
}

static bool on_body(void *ctx, const void *p, size_t n)
{
	struct stretch *h = ctx;
	const uint8_t *from = p;

	h->s->bytes_url += n;
	h->run->came(h->run->ctx, n);
	if (h->run->pace)
		pace_wait(h->run->pace, n, halts, h);
	while (n > 0 && !halts(h)) {
		if (h->skip > 0) {
			size_t some = n < h->skip ? n : (size_t)h->skip;
			h->skip -= some;
			from += some;
			n -= some;
			continue;
		}
		if (h->at == h->n)
			return false; /* that is all we want */
		size_t size = chunk_at(h->run, h->from + h->at)->size, left = size - h->room_n,
		       some = n < left ? n : left;
		memcpy(h->room + h->room_n, from, some);
		h->room_n += some;
		from += some;
		n -= some;
		if (h->room_n < size)
			continue;
		h->room_n = 0;
		if (!h->run->put(h->run->ctx, h->from + h->at, h->room, size))
			return false;
		h->at++;
	}
	return !h->stop;
}

static enum rc judge(struct stretch *h, enum rc rc, const struct http_answer *a, struct fault *f)
{
	struct action_task *t = h->s->task;

	if (h->at == h->n)
		return RC_OK;
	if (h->stop || h->run->stop(h->run->ctx))
		return RC_CANCELED;
	cdn_stats_error(&h->s->stats, rc != RC_OK            ? chunk_error_of_rc(rc)
				      : a->status / 100 == 2 ? CHUNK_ERROR_BAD_HASH
							     : chunk_error_of_status(a->status));
	if (rc != RC_OK) {
		t->code = "cdn_unavailable";
		return rc;
	}
	if (a->status == 404 || a->status == 410) {
		t->code = "not_found";
		return fault_set(f, RC_MISSING, "the item's file is gone (HTTP %d)", a->status);
	}
	if (a->status == 401 || a->status == 403) {
		t->code = "access_denied";
		return fault_set(f, RC_DENIED, "the item's file is not for everybody (HTTP %d)", a->status);
	}
	if (a->status / 100 == 2) {
		t->code = "integrity";
		return fault_set(f, RC_MALFORMED,
			"the item's file is shorter than the %" PRIu64 " bytes that were told", h->url->size);
	}
	t->code = a->status == 429 ? "rate_limited" : "cdn_unavailable";
	return fault_set(f, RC_AWAY, "the server of the item's file says HTTP %d", a->status);
}

static struct http_ask ask_of(struct stretch *h)
{
	const struct fetch_env *env = h->s->task->env;

	return (struct http_ask){ .url = h->url->url,
		.connect_ms = CONNECT_MS,
		.idle_ms = IDLE_MS,
		.tls_ca = env->ca_file,
		.http_proxy = env->http_proxy,
		.stop = &h->stop };
}

/* All of the file, of which the first `skip` bytes are not wanted. */
static enum rc fetch_all(struct stretch *h, uint64_t skip, struct fault *f)
{
	struct http_answer a = { 0 };
	struct http_ask ask = ask_of(h);

	ask.on_body = on_body;
	ask.ctx = h;
	h->skip = skip;
	enum rc rc = judge(h, http_call(&ask, &a, f), &a, f);
	http_answer_done(&a);
	return rc;
}

/* One chunk after the other, while the server gives what is in between. */
static enum rc fetch_ranges(struct stretch *h, uint64_t first, struct fault *f)
{
	enum rc rc = RC_OK;

	while (h->at < h->n && rc == RC_OK) {
		struct http_answer a = { 0 };
		struct http_ask ask = ask_of(h);
		char range[64];
		uint32_t size = chunk_at(h->run, h->from + h->at)->size;
		snprintf(range, sizeof(range), "bytes=%" PRIu64 "-%" PRIu64, first, first + size - 1);
		ask.headers = (const struct http_call_header[]){ { "range", range }, { 0 } };
		ask.body_max = size;
		ask.body_cut = true;
		if (halts(h))
			return RC_CANCELED;
		rc = http_call(&ask, &a, f);
		bool part = rc == RC_OK && a.status == 206, whole = rc == RC_OK && a.status == 200;
		if (part && (a.body.n != size || !on_body(h, a.body.p, a.body.n)))
			rc = judge(h, RC_OK, &a, f);
		else if (!part && !whole)
			rc = judge(h, rc, &a, f);
		http_answer_done(&a);
		if (whole)
			return fetch_all(h, first, f);
		first += size;
	}
	return rc;
}

static uint64_t place_of(const struct content_run *run, size_t i)
{
	uint32_t chunk = run->want[i], first = chunk;

	while (first > 0 && run->listing->chunks[first - 1].ref == SOURCE_URL_REF &&
		run->listing->chunks[first - 1].check == run->listing->chunks[chunk].check)
		first--;
	return (uint64_t)(chunk - first) * SOURCE_URL_CHUNK;
}

enum rc source_url_fetch(struct source_steam *s, const struct content_run *run, struct fault *f)
{
	auto_free uint8_t *room = malloc(SOURCE_URL_CHUNK);
	enum rc rc = room ? RC_OK : RC_NOMEM;

	for (size_t i = 0; i < run->n && rc == RC_OK;) {
		const struct content_chunk *c = chunk_at(run, i);
		struct stretch h = { .s = s, .run = run, .from = i, .n = 1, .room = room };
		if (c->ref != SOURCE_URL_REF) {
			i++;
			continue;
		}
		h.url = &s->urls[c->check];
		while (i + h.n < run->n && run->want[i + h.n] == run->want[i] + h.n &&
			chunk_at(run, i + h.n)->ref == SOURCE_URL_REF && chunk_at(run, i + h.n)->check == c->check)
			h.n++;
		uint64_t first = place_of(run, i);
		rc = first ? fetch_ranges(&h, first, f) : fetch_all(&h, 0, f);
		i += h.n;
	}
	return rc;
}
