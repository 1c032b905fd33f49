#include "io/loop.h"
#include "io/clock.h"
#include "io/loop_lws.h"
#include "io/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* Bytes that libwebsockets reads at once, and so the most that one callback shows. One such buffer a loop. */
#define LOOP_READ_BYTES 16384
/* Heads of answers that client sockets read, and how many of them at the same time; further dials wait their turn. */
#define LOOP_HEAD_BYTES 8192
#define LOOP_HEADS_MAX  256
/* What a client's connection may take to be there: libwebsockets counts whole seconds, web_dial is stricter. */
#define LOOP_LWS_SECS 60
#define LOOP_US_MAX   (INT64_C(3600) * 1000000) /* the longest sleep that is asked for */

#define TIMER_IDLE SIZE_MAX

struct loop_timer {
	struct loop *loop;
	void (*fire)(void *ctx);
	void *ctx;
	uint64_t at_ms;
	size_t pos; /* in loop.heap; TIMER_IDLE when it waits for nothing */
};

struct loop {
	struct lws_context *context;
	const struct log *log;
	_Atomic(struct loop_job *) posted; /* newest first */
	atomic_bool stopping, running;
	_Atomic(pthread_t) thread; /* valid while running */
	_Atomic uint64_t stall_us;

	struct loop_timer **heap;         /* the timers that wait; heap[0] is due first */
	size_t heap_n, heap_room, timers; /* there is room for every timer that exists: setting one cannot fail */
	lws_sorted_usec_list_t wake;      /* ends the poll when heap[0] is due */
	uint64_t wake_ms;                 /* UINT64_MAX: not set */

	struct list late, soon;
	unsigned depth;           /* of loop_enter */
	struct loop_timer *first; /* NULL: none goes before others */
	uint64_t entered_us, turn_us;

	struct list keeps;
	struct pool *resolvers;
};

static uint64_t ms_of(uint64_t us) { return (us + 999) / 1000; }

/* Rounded up: poll sleeps whole milliseconds and so comes back a fraction early, and that moment must count as due. */
uint64_t loop_now_ms(const struct loop *l)
{
	(void)l;
	return ms_of(clock_mono_us());
}

static void set_wake(struct loop *l);

/* --- late work, and how long a turn takes */

void loop_late_init(struct loop_late *late, void (*run)(struct loop_late *late))
{
	list_init(&late->node);
	late->run = run;
}

void loop_late_add(struct loop *l, struct loop_late *late)
{
	if (list_empty(&late->node))
		list_append(&l->late, &late->node);
}

void loop_soon_add(struct loop *l, struct loop_late *late)
{
	if (list_empty(&late->node))
		list_append(&l->soon, &late->node);
}

static void ripen(struct loop *l)
{
	while (!list_empty(&l->soon)) {
		struct list *node = l->soon.next;
		list_remove(node);
		list_append(&l->late, node);
	}
}

static void forget(struct loop_timer *t);

static void fire_now(struct loop_timer *t)
{
	forget(t);
	t->fire(t->ctx);
}

void loop_enter(struct loop *l)
{
	if (l->depth++ > 0)
		return;
	l->entered_us = clock_mono_us();
	if (l->first && l->first->pos != TIMER_IDLE && l->first->at_ms <= ms_of(l->entered_us))
		fire_now(l->first);
}

void loop_exit(struct loop *l)
{
	if (l->depth == 1)
		while (!list_empty(&l->late)) {
			struct loop_late *late = list_of(l->late.next, struct loop_late, node);
			list_remove(&late->node);
			late->run(late);
		}
	if (--l->depth == 0) {
		l->turn_us += clock_mono_us() - l->entered_us;
		set_wake(l);
	}
}

uint64_t loop_entered_ms(const struct loop *l) { return l->depth ? ms_of(l->entered_us) : loop_now_ms(l); }

static void end_turn(struct loop *l)
{
	uint64_t worst = atomic_load_explicit(&l->stall_us, memory_order_relaxed);
	while (l->turn_us > worst && !atomic_compare_exchange_weak(&l->stall_us, &worst, l->turn_us))
		;
	l->turn_us = 0;
}

uint64_t loop_stall_us(struct loop *l) { return atomic_exchange(&l->stall_us, 0); }

/* --- timers: a binary heap */

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
	for (;;) {
		size_t child = 2 * pos + 1;
		if (child + 1 < l->heap_n && l->heap[child + 1]->at_ms < l->heap[child]->at_ms)
			child++;
		if (child >= l->heap_n || l->heap[child]->at_ms >= t->at_ms)
			break;
		put_at(l, pos, l->heap[child]);
		pos = child;
	}
	put_at(l, pos, t);
}

static void forget(struct loop_timer *t)
{
	struct loop *l = t->loop;
	size_t pos = t->pos;

	if (pos == TIMER_IDLE)
		return;
	t->pos = TIMER_IDLE;
	struct loop_timer *last = l->heap[--l->heap_n];
	if (last == t)
		return;
	put_at(l, pos, last);
	sift(l, pos);
}

static void fire_due(struct loop *l);

static void wake_up(lws_sorted_usec_list_t *sul)
{
	struct loop *l = lws_container_of(sul, struct loop, wake);
	l->wake_ms = UINT64_MAX;
	fire_due(l);
}

/* Makes poll come back for the first timer. */
static void set_wake(struct loop *l)
{
	uint64_t first = l->heap_n ? l->heap[0]->at_ms : UINT64_MAX;
	if (first == l->wake_ms || !l->context)
		return;
	l->wake_ms = first;
	if (first == UINT64_MAX) {
		lws_sul_cancel(&l->wake);
		return;
	}
	uint64_t now_us = clock_mono_us();
	uint64_t in_us = first > UINT64_MAX / 1000 ? (uint64_t)LOOP_US_MAX
			 : first * 1000 > now_us   ? first * 1000 - now_us
						   : 1;
	if (in_us > (uint64_t)LOOP_US_MAX)
		in_us = (uint64_t)LOOP_US_MAX;
	lws_sul_schedule(l->context, 0, &l->wake, wake_up, (lws_usec_t)in_us);
}

/* At most as many as wait now: a timer that keeps setting itself for the past cannot hold the loop here. */
static void fire_due(struct loop *l)
{
	loop_enter(l);
	uint64_t now = loop_now_ms(l);
	for (size_t left = l->heap_n; left > 0 && l->heap_n > 0 && l->heap[0]->at_ms <= now; left--) {
		fire_now(l->heap[0]);
	}
	loop_exit(l);
}

enum rc loop_timer_new(struct loop *l, void (*fire)(void *ctx), void *ctx, struct loop_timer **ret_timer)
{
	if (l->timers == l->heap_room) {
		size_t room = l->heap_room ? l->heap_room * 2 : 16;
		struct loop_timer **heap = realloc(l->heap, room * sizeof(struct loop_timer *));
		if (!heap)
			return RC_NOMEM;
		l->heap = heap;
		l->heap_room = room;
	}
	struct loop_timer *t = malloc(sizeof(*t));
	if (!t)
		return RC_NOMEM;
	*t = (struct loop_timer){ .loop = l, .fire = fire, .ctx = ctx, .pos = TIMER_IDLE };
	l->timers++;
	*ret_timer = t;
	return RC_OK;
}

void loop_timer_first(struct loop_timer *t) { t->loop->first = t; }

void loop_timer_free(struct loop_timer *t)
{
	if (!t)
		return;
	loop_timer_at(t, UINT64_MAX);
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
	} else if (t->pos != TIMER_IDLE) {
		sift(l, t->pos);
	} else {
		l->heap[l->heap_n] = t;
		t->pos = l->heap_n++;
		sift(l, t->pos);
	}
	if (l->depth == 0)
		set_wake(l);
}

/* --- jobs from other threads */

void loop_post(struct loop *l, struct loop_job *job)
{
	struct loop_job *old = atomic_load_explicit(&l->posted, memory_order_relaxed);
	do
		job->next = old;
	while (!atomic_compare_exchange_weak_explicit(
		&l->posted, &old, job, memory_order_release, memory_order_relaxed));

	/* The first of a batch wakes the loop; what joins before the loop takes the batch needs no further call. */
	if (!old)
		lws_cancel_service(l->context);
}

static void run_posted(struct loop *l)
{
	struct loop_job *newest = atomic_exchange_explicit(&l->posted, NULL, memory_order_acquire);
	struct loop_job *first = NULL;

	while (newest) {
		struct loop_job *next = newest->next;
		newest->next = first;
		first = newest;
		newest = next;
	}
	if (!first)
		return;
	loop_enter(l);
	while (first) {
		struct loop_job *job = first;
		first = job->next; /* run() may free the job */
		job->run(job);
	}
	loop_exit(l);
}

/* --- the loop */

static int ignore(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	(void)wsi, (void)reason, (void)user, (void)in, (void)len;
	return 0;
}

/* libwebsockets wants one vhost to be there before it runs; servers and dials bring their own. */
static const struct lws_protocols no_protocols[] = { { .name = "none", .callback = ignore }, { 0 } };

enum rc loop_new(const struct log *keep_log, struct loop **ret_loop, struct fault *f)
{
	struct loop *fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return RC_NOMEM;
	fresh->log = keep_log;
	fresh->wake_ms = UINT64_MAX;
	list_init(&fresh->late);
	list_init(&fresh->soon);
	list_init(&fresh->keeps);
	auto_of(loop) struct loop *l = fresh;

	lws_set_log_level(LLL_ERR,
		NULL); /* the whole process has one, on stderr; what it only warns of, callers hear by a fault */
	struct lws_context_creation_info how = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
		.pt_serv_buf_size = LOOP_READ_BYTES,
		.max_http_header_data2 = LOOP_HEAD_BYTES,
		.max_http_header_pool2 = LOOP_HEADS_MAX,
		.timeout_secs = LOOP_LWS_SECS,
		.gid = -1,
		.uid = -1,
	};
	l->context = lws_create_context(&how);
	if (!l->context)
		return fault_set(
			f, RC_IO, "libwebsockets cannot make its context (descriptors or memory are short)");
	how.options |=
		LWS_SERVER_OPTION_ADOPT_APPLY_LISTEN_ACCEPT_CONFIG; /* so that it loads no certificates for clients */
	how.vhost_name = "none";
	how.protocols = no_protocols;
	if (!lws_create_vhost(l->context, &how))
		return fault_set(f, RC_IO, "libwebsockets cannot make its first vhost");
	*ret_loop = take(l);
	return RC_OK;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	loop_enter(l);
	pool_free(take(l->resolvers));
	run_posted(l); /* what workers handed back must be taken, for it may be an answer that frees a request */
	if (l->context)
		lws_context_destroy(take(l->context));
	run_posted(l);
	ripen(l);
	loop_exit(l);
	list_each (at, next, &l->keeps) {
		struct loop_keep *k = list_of(at, struct loop_keep, node);
		k->free(k);
	}
	free(l->heap);
	free(l);
}

void loop_run(struct loop *l)
{
	atomic_store(&l->thread, pthread_self());
	atomic_store(&l->running, true);
	while (!atomic_load_explicit(&l->stopping, memory_order_relaxed)) {
		ripen(l);
		run_posted(l);
		fire_due(l); /* and what was left late before the loop ran */
		end_turn(l);
		if (lws_service(l->context, 0) < 0)
			break;
	}
	atomic_store(&l->running, false);
	atomic_store(&l->stopping, false);
}

void loop_stop(struct loop *l)
{
	atomic_store(&l->stopping, true);
	lws_cancel_service(l->context);
}

bool loop_is_here(const struct loop *l)
{
	return !atomic_load(&l->running) || pthread_equal(atomic_load(&l->thread), pthread_self());
}

struct lws_context *loop_lws_context(const struct loop *l) { return l->context; }
struct list *loop_lws_keeps(struct loop *l) { return &l->keeps; }
struct pool **loop_lws_resolvers(struct loop *l) { return &l->resolvers; }
const struct log *loop_lws_log(const struct loop *l) { return l->log; }
