#include "io/clock.h"
#include "io/loop.h"
#include "tests/unit/check.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

#define POSTERS 4
#define POSTS   20000

struct post {
	struct loop_job job;
	struct loop *loop;
	int from, number;
};

static int last_of[POSTERS], seen;

static void count(struct loop_job *job)
{
	struct post *p = (struct post *)(void *)job;
	CHECK(loop_is_here(p->loop));
	CHECK(p->number == last_of[p->from] + 1); /* in the order in which one thread posted them */
	last_of[p->from] = p->number;
	if (++seen == POSTERS * POSTS)
		loop_stop(p->loop);
	free(p);
}

struct poster {
	struct loop *loop;
	int me;
};

static void *post(void *arg)
{
	struct poster *me = arg;
	for (int i = 1; i <= POSTS; i++) {
		struct post *p = malloc(sizeof(*p));
		*p = (struct post){ .job.run = count, .loop = me->loop, .from = me->me, .number = i };
		loop_post(me->loop, &p->job);
	}
	/* Not asked at once: the loop may not run yet, and then everybody is at home. */
	return NULL;
}

static void jobs_of_many_threads_run_once_and_in_order(void)
{
	struct loop *l;
	struct fault f = { 0 };
	pthread_t threads[POSTERS];
	struct poster posters[POSTERS];

	CHECK(loop_new(NULL, &l, &f) == RC_OK);
	CHECK(loop_is_here(l));
	for (int i = 0; i < POSTERS; i++) {
		posters[i] = (struct poster){ l, i };
		CHECK(pthread_create(&threads[i], NULL, post, &posters[i]) == 0);
	}
	loop_run(l);
	for (int i = 0; i < POSTERS; i++)
		pthread_join(threads[i], NULL);
	CHECK(seen == POSTERS * POSTS);
	loop_free(l);
}

struct ring {
	struct loop *loop;
	struct loop_timer *t[4];
	char order[16];
	int times;
};

static void fired(struct ring *r, char who)
{
	size_t n = strlen(r->order);
	CHECK(n + 1 < sizeof(r->order));
	r->order[n] = who;
}

static void fire_a(void *ctx) { fired(ctx, 'a'); }
static void fire_b(void *ctx)
{
	struct ring *r = ctx;
	fired(r, 'b');
	loop_timer_free(r->t[2]); /* one timer may end another */
	r->t[2] = NULL;
}
static void fire_c(void *ctx) { fired(ctx, 'c'); }
static void fire_again(void *ctx)
{
	struct ring *r = ctx;
	fired(r, 'd');
	if (++r->times == 3)
		loop_stop(r->loop);
	else
		loop_timer_at(r->t[3], loop_now_ms(r->loop) + 5);
}

static void timers_fire_once_in_order_and_can_be_moved(void)
{
	struct ring r = { 0 };
	struct fault f = { 0 };

	CHECK(loop_new(NULL, &r.loop, &f) == RC_OK);
	uint64_t now = loop_now_ms(r.loop);
	CHECK(loop_timer_new(r.loop, fire_a, &r, &r.t[0]) == RC_OK);
	CHECK(loop_timer_new(r.loop, fire_b, &r, &r.t[1]) == RC_OK);
	CHECK(loop_timer_new(r.loop, fire_c, &r, &r.t[2]) == RC_OK);
	CHECK(loop_timer_new(r.loop, fire_again, &r, &r.t[3]) == RC_OK);
	loop_timer_at(r.t[3], now + 40);
	loop_timer_at(r.t[2], now + 35);
	loop_timer_at(r.t[1], now + 30);
	loop_timer_at(r.t[0], now + 5000);
	loop_timer_at(r.t[0], now); /* moved forward: the first now */
	loop_run(r.loop);
	CHECK_STR(r.order, "abddd");
	CHECK(loop_now_ms(r.loop) >= now + 50);
	for (int i = 0; i < 4; i++)
		loop_timer_free(r.t[i]);
	loop_free(r.loop);
}

/* Many timers: each fires, none before its moment, in the order of their moments. */
struct many {
	struct loop *loop;
	struct loop_timer *t;
	uint64_t at_ms;
};
static uint64_t many_last;
static int many_left;

static void fire_many(void *ctx)
{
	struct many *m = ctx;
	CHECK(loop_now_ms(m->loop) >= m->at_ms);
	CHECK(m->at_ms >= many_last);
	many_last = m->at_ms;
	if (--many_left == 0)
		loop_stop(m->loop);
}

static void a_thousand_timers_fire_in_order(void)
{
	struct loop *l;
	struct fault f = { 0 };
	struct many m[1000];

	CHECK(loop_new(NULL, &l, &f) == RC_OK);
	uint64_t now = loop_now_ms(l);
	for (unsigned i = 0; i < 1000; i++) {
		m[i] = (struct many){ .loop = l, .at_ms = now + i * 7919u % 100 };
		CHECK(loop_timer_new(l, fire_many, &m[i], &m[i].t) == RC_OK);
		loop_timer_at(m[i].t, m[i].at_ms + 1000);
	}
	for (unsigned i = 0; i < 1000; i++)
		loop_timer_at(m[i].t, m[i].at_ms);
	for (unsigned i = 0; i < 1000; i += 3)
		loop_timer_at(m[i].t, UINT64_MAX);
	many_left = 1000 - 334;
	loop_run(l);
	CHECK(many_left == 0);
	for (unsigned i = 0; i < 1000; i++)
		loop_timer_free(m[i].t);
	loop_free(l);
}

static struct loop *to_stop;
static void on_signal(int n)
{
	(void)n;
	loop_stop(to_stop);
}

static void *raise_later(void *arg)
{
	struct timespec t = { .tv_nsec = 20000000 };
	nanosleep(&t, NULL);
	pthread_kill(*(pthread_t *)arg, SIGUSR1);
	return NULL;
}

static void a_signal_handler_may_stop_it(void)
{
	struct fault f = { 0 };
	pthread_t me = pthread_self(), other;

	CHECK(loop_new(NULL, &to_stop, &f) == RC_OK);
	signal(SIGUSR1, on_signal);
	CHECK(pthread_create(&other, NULL, raise_later, &me) == 0);
	loop_run(to_stop);
	pthread_join(other, NULL);
	loop_free(to_stop);
}

struct slow {
	struct loop_job job;
	struct loop *loop;
};

static void be_slow(struct loop_job *job)
{
	struct slow *s = (struct slow *)(void *)job;
	uint64_t until = clock_mono_us() + 30000;
	while (clock_mono_us() < until)
		;
	loop_stop(s->loop);
}

static void a_stall_is_seen_and_forgotten(void)
{
	struct slow s = { .job.run = be_slow };
	struct fault f = { 0 };

	CHECK(loop_new(NULL, &s.loop, &f) == RC_OK);
	loop_post(s.loop, &s.job);
	loop_run(s.loop);
	CHECK(loop_stall_us(s.loop) >= 30000);
	CHECK(loop_stall_us(s.loop) == 0);
	loop_free(s.loop);
}

static int left_over;
static void take_left_over(struct loop_job *job)
{
	(void)job;
	left_over++;
}

static void what_was_posted_is_run_even_at_the_end(void)
{
	struct loop *l;
	struct fault f = { 0 };
	struct loop_job job = { .run = take_left_over };

	CHECK(loop_new(NULL, &l, &f) == RC_OK);
	loop_post(l, &job);
	loop_free(l);
	CHECK(left_over == 1);
}

/* A process that stood still: what is to go first does, whatever was due before it, or was posted. */
static struct loop *stood;
static char order[16];
static void note(char c) { order[strlen(order)] = c; }
static void on_urgent(void *ctx)
{
	(void)ctx;
	note('1');
}
static void on_other(void *ctx)
{
	(void)ctx;
	note('t');
	loop_stop(stood);
}
static void on_posted(struct loop_job *job)
{
	(void)job;
	note('p');
}

static void one_timer_goes_before_all(void)
{
	struct loop_timer *urgent, *other;
	struct loop_job posted = { .run = on_posted };
	struct fault f = { 0 };

	CHECK(loop_new(NULL, &stood, &f) == RC_OK);
	CHECK(loop_timer_new(stood, on_other, NULL, &other) == RC_OK &&
		loop_timer_new(stood, on_urgent, NULL, &urgent) == RC_OK);
	loop_timer_first(urgent);
	uint64_t now = loop_now_ms(stood);
	loop_timer_at(other, now + 1);
	loop_timer_at(urgent, now + 5);
	loop_post(stood, &posted);
	usleep(20000); /* now all three wait */
	loop_run(stood);
	CHECK(order[0] == '1' && strlen(order) == 3 && !strchr(order + 1, '1'));
	loop_timer_free(urgent);
	loop_timer_free(other);
	loop_free(stood);
}

int main(void)
{
	jobs_of_many_threads_run_once_and_in_order();
	timers_fire_once_in_order_and_can_be_moved();
	a_thousand_timers_fire_in_order();
	a_signal_handler_may_stop_it();
	a_stall_is_seen_and_forgotten();
	what_was_posted_is_run_even_at_the_end();
	one_timer_goes_before_all();
	return 0;
}
