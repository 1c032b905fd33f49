#include "io/loop.h"
#include "proof/io/loop_sim.h"
#include "proof/sim.h"

#include <stdlib.h>
#include <string.h>

#define IDLE    SIZE_MAX
#define AT_ONCE 16 /* arrivals that one turn takes, as one poll brings several */

struct loop {
	struct machine *m;
	struct fiber *runner; /* of loop_run; NULL: it does not run */
	bool waiting, stopping;
	struct loop_job *posted, **posted_last;
	struct loop_job *came, **came_last;
	struct loop_timer **heap;
	size_t heap_n, heap_room, timers;
	struct loop_timer *first;
};

struct loop_timer {
	struct loop *loop;
	void (*fire)(void *ctx);
	void *ctx;
	uint64_t at_ms;
	size_t pos;
};

enum rc loop_new(const struct log *keep_log, struct loop **ret_loop, struct fault *f)
{
	struct loop *l = calloc(1, sizeof(*l));
	(void)keep_log, (void)f;

	if (!l)
		return RC_NOMEM;
	l->m = sim_me();
	l->posted_last = &l->posted;
	l->came_last = &l->came;
	*ret_loop = l;
	return RC_OK;
}

uint64_t loop_now_ms(const struct loop *l) { return machine_mono(l->m) / SIM_MS; }

uint64_t loop_stall_us(struct loop *l)
{
	(void)l;
	return 0;
}

/* Outside of loop_run nobody else uses it. */
bool loop_is_here(const struct loop *l) { return !l->runner || l->runner == sim.current; }

static void wake(struct loop *l)
{
	if (l->waiting)
		fiber_wake(l->runner);
}

static void put(struct loop_job ***last, struct loop_job *job)
{
	job->next = NULL;
	**last = job;
	*last = &job->next;
}

void loop_post(struct loop *l, struct loop_job *job)
{
	put(&l->posted_last, job);
	wake(l);
}

void loop_arrive(struct loop *l, struct loop_job *job)
{
	put(&l->came_last, job);
	wake(l);
}

void loop_stop(struct loop *l)
{
	l->stopping = true;
	wake(l);
}

/* ---- timers: a heap by their moment ---- */

static void put_at(struct loop *l, size_t pos, struct loop_timer *t)
{
	l->heap[pos] = t;
	t->pos = pos;
}

static void sift(struct loop *l, size_t pos)
{
	struct loop_timer *t = l->heap[pos];

	for (; pos > 0 && l->heap[(pos - 1) / 2]->at_ms > t->at_ms; pos = (pos - 1) / 2)
		put_at(l, pos, l->heap[(pos - 1) / 2]);
	for (size_t k; (k = 2 * pos + 1) < l->heap_n; pos = k) {
		if (k + 1 < l->heap_n && l->heap[k + 1]->at_ms < l->heap[k]->at_ms)
			k++;
		if (l->heap[k]->at_ms >= t->at_ms)
			break;
		put_at(l, pos, l->heap[k]);
	}
	put_at(l, pos, t);
}

static void forget(struct loop_timer *t)
{
	struct loop *l = t->loop;
	size_t pos = t->pos;

	if (pos == IDLE)
		return;
	t->pos = IDLE;
	struct loop_timer *last = l->heap[--l->heap_n];
	if (last == t)
		return;
	put_at(l, pos, last);
	sift(l, pos);
}

enum rc loop_timer_new(struct loop *l, void (*fire)(void *ctx), void *ctx, struct loop_timer **ret_timer)
{
	if (l->timers == l->heap_room) {
		l->heap_room = l->heap_room ? l->heap_room * 2 : 16;
		l->heap = realloc(l->heap, l->heap_room * sizeof(struct loop_timer *));
		if (!l->heap)
			abort();
	}
	struct loop_timer *t = malloc(sizeof(*t));
	if (!t)
		return RC_NOMEM;
	*t = (struct loop_timer){ .loop = l, .fire = fire, .ctx = ctx, .pos = IDLE };
	l->timers++;
	*ret_timer = t;
	return RC_OK;
}

void loop_timer_first(struct loop_timer *t) { t->loop->first = t; }

void loop_timer_free(struct loop_timer *t)
{
	if (!t)
		return;
	forget(t);
	if (t->loop->first == t)
		t->loop->first = NULL;
	t->loop->timers--;
	free(t);
}

void loop_timer_at(struct loop_timer *t, uint64_t at_ms)
{
	struct loop *l = t->loop;

	t->at_ms = at_ms;
	if (at_ms == UINT64_MAX) {
		forget(t);
		return;
	}
	if (t->pos == IDLE)
		put_at(l, l->heap_n++, t);
	sift(l, t->pos);
}

/* ---- turns, in the order of the real loop: what was posted, what is due, what came ---- */

static void run_posted(struct loop *l)
{
	struct loop_job *job = l->posted;

	l->posted = NULL;
	l->posted_last = &l->posted;
	for (struct loop_job *next; job; job = next) {
		next = job->next; /* run() may free the job */
		job->run(job);
	}
}

static void fire_first(struct loop *l)
{
	struct loop_timer *t = l->first;

	if (!t || t->pos == IDLE || t->at_ms > loop_now_ms(l))
		return;
	forget(t);
	t->fire(t->ctx);
}

static void fire_due(struct loop *l)
{
	uint64_t now = loop_now_ms(l);

	for (size_t left = l->heap_n; left > 0 && l->heap_n > 0 && l->heap[0]->at_ms <= now; left--) {
		struct loop_timer *t = l->heap[0];
		forget(t);
		t->fire(t->ctx);
	}
}

static void take_came(struct loop *l)
{
	for (size_t left = 1 + (size_t)sim_below(AT_ONCE); left > 0 && l->came; left--) {
		struct loop_job *job = l->came;
		l->came = job->next;
		if (!l->came)
			l->came_last = &l->came;
		job->run(job);
	}
}

static bool has_work(const struct loop *l)
{
	return l->posted || l->came || l->stopping || (l->heap_n && l->heap[0]->at_ms <= loop_now_ms(l));
}

void loop_run(struct loop *l)
{
	l->runner = sim.current;
	while (!l->stopping) {
		fire_first(l);
		run_posted(l);
		fire_due(l);
		if (!has_work(l)) {
			uint64_t at = l->heap_n ? machine_true(l->m, l->heap[0]->at_ms * SIM_MS) : UINT64_MAX;
			l->waiting = true;
			fiber_wait(at);
			l->waiting = false;
		} else {
			fiber_yield();
		}
		fire_first(l);
		take_came(l);
	}
	l->stopping = false;
	l->runner = NULL;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	run_posted(l);
	free(l->heap);
	free(l);
}
