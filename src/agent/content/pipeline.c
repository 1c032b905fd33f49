#include "agent/content/pipeline.h"

#include "base/list.h"
#include "io/clock.h"
#include "io/pool.h"
#include "wire/steam/chunk.h"

#include <pthread.h>
#include <string.h>

#define SPARE_MAX (2 * (size_t)PIPELINE_PLAIN) /* room of one that holds a chunk that cannot be packed */

/* A slot, and its place in the pool's queue. */
struct place {
	struct pipeline_slot slot;
	struct pool_job job;
};

struct pipeline {
	const struct pipeline_conf *conf;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t news;  /* for those who fetch: something may be begun, or it is over */
	pthread_cond_t looks; /* for the caller: done, failed, or something is wished */
	struct place places[PIPELINE_SLOTS];
	size_t next;      /* the first that was not begun */
	size_t done;      /* chunks that are put */
	size_t reserved;  /* bytes */
	unsigned packed;  /* slots that the pool has */
	unsigned threads; /* that fetch */
	struct buf spares[PIPELINE_SPARES];
	uint64_t alive_ms; /* when a chunk was put last */
	_Atomic bool over;
	enum rc rc; /* why it is over */
	struct fault fault;
	const struct pipeline_slot *failed; /* its chunk cannot be had: the source says why */
	pthread_t fetchers[PIPELINE_THREADS];
};

bool pipeline_halts(void *pipeline)
{
	struct pipeline *p = pipeline;
	return atomic_load_explicit(&p->over, memory_order_relaxed);
}

/* ---- under the lock ---- */

/* The first reason counts. */
static void end(struct pipeline *p, enum rc rc, const struct fault *f)
{
	if (!p->over) {
		p->rc = rc;
		if (f)
			p->fault = *f;
	}
	atomic_store(&p->over, true);
	pthread_cond_broadcast(&p->news);
	pthread_cond_signal(&p->looks);
}

static void end_with(struct pipeline *p, enum rc rc, const char *why)
{
	struct fault f = { 0 };
	fault_set(&f, rc, "%s", why);
	end(p, rc, &f);
}

static void take_spare(struct pipeline *p, struct pipeline_slot *s)
{
	for (unsigned i = 0; i < PIPELINE_SPARES && !s->box.p; i++) {
		s->box = p->spares[i];
		p->spares[i] = (struct buf){ 0 };
	}
}

static void drop_box(struct pipeline *p, struct pipeline_slot *s)
{
	for (unsigned i = 0; i < PIPELINE_SPARES && s->box.p; i++)
		if (!p->spares[i].p && !s->box.bad && s->box.room <= SPARE_MAX) {
			p->spares[i] = s->box;
			s->box = (struct buf){ 0 };
		}
	buf_done(&s->box);
	s->box = (struct buf){ 0 };
	p->reserved -= s->reserved;
	s->reserved = 0;
}

/* Whoever has a slot gives it on; its bytes stay only on the way to the pool. */
static void move(struct pipeline *p, struct pipeline_slot *s, enum pipeline_state to)
{
	if (to != PIPELINE_PACKED && to != PIPELINE_FETCHING)
		drop_box(p, s);
	s->state = to;
	pthread_cond_broadcast(&p->news);
	if (to == PIPELINE_WISHES)
		pthread_cond_signal(&p->looks);
}

static void finish(struct pipeline *p, struct pipeline_slot *s)
{
	move(p, s, PIPELINE_FREE);
	p->alive_ms = clock_mono_ms();
	if (++p->done == p->conf->run->n)
		end(p, RC_OK, NULL);
}

static const struct cdn_of *depot_of(const struct cdn_run *r, size_t i) { return &r->of[r->want[i].of]; }

static size_t cost(const struct cdn_want *w)
{
	return (size_t)w->packed + (w->size > PIPELINE_PLAIN ? w->size : 0);
}

static bool has_room(const struct pipeline *p, size_t i)
{
	return p->reserved + cost(&p->conf->run->want[i]) <= PIPELINE_BYTES;
}

/* What is to be fetched next: what waits for another try before what was not begun. NULL: nothing now, and *ret_at_ms says when. */
static struct pipeline_slot *next_slot(struct pipeline *p, uint64_t now_ms, uint64_t *ret_at_ms)
{
	struct pipeline_slot *free_one = NULL;

	*ret_at_ms = UINT64_MAX;
	for (unsigned k = 0; k < PIPELINE_SLOTS; k++) {
		struct pipeline_slot *s = &p->places[k].slot;
		if (s->state == PIPELINE_FREE) {
			free_one = free_one ? free_one : s;
			continue;
		}
		if (s->state != PIPELINE_READY)
			continue;
		if (s->at_ms <= now_ms && has_room(p, s->i))
			return s;
		if (s->at_ms > now_ms && s->at_ms < *ret_at_ms)
			*ret_at_ms = s->at_ms;
	}
	if (!free_one || p->next >= p->conf->run->n || !has_room(p, p->next))
		return NULL;
	const struct cdn_of *of = depot_of(p->conf->run, p->next);
	*free_one = (struct pipeline_slot){ .pipeline = p,
		.job = free_one->job,
		.i = p->next++,
		.state = PIPELINE_READY,
		.try = { .app = of->app, .depot = of->depot } };
	return free_one;
}

static void wait_until(struct pipeline *p, pthread_cond_t *c, uint64_t at_ms)
{
	struct timespec at = { .tv_sec = (time_t)(at_ms / 1000), .tv_nsec = (long)(at_ms % 1000 * 1000000) };

	if (at_ms == UINT64_MAX)
		pthread_cond_wait(c, &p->lock);
	else
		pthread_cond_timedwait(c, &p->lock, &at);
}

/* ---- those who fetch ---- */

static void fetched(struct pipeline *p, struct pipeline_slot *s, enum pipeline_got got)
{
	switch (got) {
	case PIPELINE_GOT:
		move(p, s, PIPELINE_PACKED);
		p->packed++;
		if (pool_push(p->conf->pool, s->job) == RC_OK)
			return;
		p->packed--;
		end_with(p, RC_OVERLOADED, "too many chunks wait to be unpacked");
		move(p, s, PIPELINE_READY);
		return;
	case PIPELINE_AGAIN:
		move(p, s, PIPELINE_READY);
		return;
	case PIPELINE_WISH:
		move(p, s, PIPELINE_WISHES);
		return;
	case PIPELINE_THROWN:
		finish(p, s);
		return;
	case PIPELINE_FAIL:
		break;
	}
	if (!p->over)
		p->failed = s;
	end_with(p, RC_INTERNAL, "a chunk cannot be had");
	move(p, s, PIPELINE_READY);
}

static void *fetcher(void *arg)
{
	struct pipeline *p = arg;
	uint64_t at_ms;

	pthread_setname_np(pthread_self(), "fetch");
	pthread_mutex_lock(&p->lock);
	while (!p->over) {
		struct pipeline_slot *s = next_slot(p, clock_mono_ms(), &at_ms);
		if (!s) {
			wait_until(p, &p->news, at_ms);
			continue;
		}
		s->reserved = cost(&p->conf->run->want[s->i]);
		p->reserved += s->reserved;
		take_spare(p, s);
		s->box.n = 0;
		move(p, s, PIPELINE_FETCHING);
		pthread_mutex_unlock(&p->lock);
		enum pipeline_got got = p->conf->source.fetch(p->conf->source.ctx, s);
		pthread_mutex_lock(&p->lock);
		fetched(p, s, got);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* ---- the pool ---- */

enum rc pipeline_worker_enter(void *ctx, void **ret_worker, struct fault *f)
{
	(void)ctx;
	*ret_worker = chunk_opener_new();
	return *ret_worker ? RC_OK : fault_set(f, RC_NOMEM, "no memory to unpack chunks");
}

void pipeline_worker_leave(void *worker) { chunk_opener_free(worker); }

/* RC_IO: it could not be kept. */
static enum rc unpack(struct pipeline *p, const struct pipeline_slot *s, struct chunk_opener *o, struct fault *f)
{
	const struct cdn_run *run = p->conf->run;
	const struct cdn_want *w = &run->want[s->i];
	const struct chunk_want want = { .sha = w->sha, .adler = w->adler, .size = w->size };

	if (p->over)
		return RC_CANCELED;
	enum rc rc = chunk_opener_open(o, depot_of(run, s->i)->key, &want, s->packed, s->packed_n, f);
	if (rc == RC_OK && !run->put(run->ctx, s->i, chunk_opener_plain(o)->p, w->size))
		rc = fault_set(f, RC_IO, "a chunk could not be kept");
	if (rc == RC_OK) {
		atomic_fetch_add(&run->stats->bytes_plain, w->size);
		atomic_fetch_add(&run->stats->chunks, 1);
	}
	chunk_opener_shrink(o, SPARE_MAX);
	return rc;
}

static void unpacked(struct pipeline *p, struct pipeline_slot *s, enum rc rc, const struct fault *f)
{
	bool spoilt = rc == RC_MALFORMED || rc == RC_DENIED || rc == RC_TOO_LARGE;

	if (spoilt && p->conf->source.spoilt)
		p->conf->source.spoilt(p->conf->source.ctx, s);
	pthread_mutex_lock(&p->lock);
	if (rc == RC_OK) {
		finish(p, s);
	} else {
		if (!spoilt || !p->conf->source.spoilt)
			end(p, rc, f);
		move(p, s, PIPELINE_READY);
	}
	if (--p->packed == 0)
		pthread_cond_signal(&p->looks);
	pthread_mutex_unlock(&p->lock); /* the last of it: pipeline_run may end now */
}

void pipeline_worker_run(void *worker, struct pool_job **jobs, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		struct pipeline_slot *s = &list_of(jobs[k], struct place, job)->slot;
		struct fault f = { 0 };
		unpacked(s->pipeline, s, unpack(s->pipeline, s, worker, &f), &f);
	}
}

/* ---- the caller ---- */

static void grant_wishes(struct pipeline *p)
{
	for (unsigned k = 0; k < PIPELINE_SLOTS; k++) {
		struct pipeline_slot *s = &p->places[k].slot;
		if (s->state != PIPELINE_WISHES || p->over)
			continue;
		pthread_mutex_unlock(&p->lock);
		p->conf->source.grant(p->conf->source.ctx, s);
		pthread_mutex_lock(&p->lock);
		s->at_ms = 0;
		move(p, s, PIPELINE_READY);
	}
}

/* Called without the lock. */
static bool is_stopped(const struct cdn_run *r) { return r->stop && r->stop(r->ctx); }

static void watch(struct pipeline *p)
{
	const struct cdn_run *run = p->conf->run;
	uint32_t stall_ms = run->stall_ms ? run->stall_ms : CDN_STALL_MS;

	pthread_mutex_lock(&p->lock);
	while (!p->over) {
		pthread_mutex_unlock(&p->lock);
		bool stops = is_stopped(run);
		pthread_mutex_lock(&p->lock);
		uint64_t now_ms = clock_mono_ms();
		if (stops)
			end_with(p, RC_CANCELED, "stopped");
		else if (now_ms - p->alive_ms >= stall_ms)
			end_with(p, RC_TIMEOUT, "no chunk came for too long");
		grant_wishes(p);
		if (!p->over)
			wait_until(p, &p->looks, now_ms + CDN_LOOK_MS);
	}
	pthread_mutex_unlock(&p->lock);
}

static void start(struct pipeline *p)
{
	unsigned want = p->conf->run->concurrency ? p->conf->run->concurrency : CDN_CONCURRENCY;

	if (want > PIPELINE_THREADS)
		want = PIPELINE_THREADS;
	while (p->threads < want && p->threads < p->conf->run->n &&
		pthread_create(&p->fetchers[p->threads], NULL, fetcher, p) == 0)
		p->threads++;
	pthread_mutex_lock(&p->lock);
	if (p->threads == 0)
		end_with(p, RC_NOMEM, "no thread to fetch chunks could be started");
	pthread_mutex_unlock(&p->lock);
}

/* All that was begun ends, and comes back from the pool. */
static void finish_all(struct pipeline *p)
{
	for (unsigned i = 0; i < p->threads; i++)
		pthread_join(p->fetchers[i], NULL);
	pthread_mutex_lock(&p->lock);
	while (p->packed > 0)
		wait_until(p, &p->looks, UINT64_MAX);
	pthread_mutex_unlock(&p->lock);
	for (unsigned k = 0; k < PIPELINE_SLOTS; k++)
		buf_done(&p->places[k].slot.box);
	for (unsigned i = 0; i < PIPELINE_SPARES; i++)
		buf_done(&p->spares[i]);
}

static void init(struct pipeline *p, const struct pipeline_conf *conf)
{
	pthread_condattr_t attr;

	p->conf = conf;
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->news, &attr);
	pthread_cond_init(&p->looks, &attr);
	pthread_condattr_destroy(&attr);
	for (unsigned k = 0; k < PIPELINE_SLOTS; k++) {
		p->places[k].slot.pipeline = p;
		p->places[k].slot.job = &p->places[k].job;
	}
	p->alive_ms = clock_mono_ms();
}

static enum rc check(const struct cdn_run *r, struct fault *f)
{
	for (size_t i = 0; i < r->n; i++)
		if (cost(&r->want[i]) > PIPELINE_BYTES || r->want[i].size > CHUNK_SIZE_MAX)
			return fault_set(f, RC_TOO_LARGE, "a chunk of %u bytes (%u packed) is larger than is taken",
				r->want[i].size, r->want[i].packed);
	return RC_OK;
}

enum rc pipeline_run(const struct pipeline_conf *conf, struct fault *f)
{
	enum rc rc = check(conf->run, f);
	if (rc != RC_OK || conf->run->n == 0)
		return rc;
	auto_free struct pipeline *p = calloc(1, sizeof(*p));
	if (!p)
		return RC_NOMEM;
	init(p, conf);
	start(p);
	watch(p);
	finish_all(p);
	pthread_cond_destroy(&p->news);
	pthread_cond_destroy(&p->looks);
	pthread_mutex_destroy(&p->lock);
	if (p->failed && conf->source.failed)
		return conf->source.failed(conf->source.ctx, p->failed, f);
	return p->rc == RC_OK ? RC_OK : fault_set(f, p->rc, "%s", p->fault.text);
}
