/* Calls from workers to the loop: answers, deadlines, cancels, and all of these at the same moment. */
#include "io/call.h"

#include "io/clock.h"
#include "io/logger.h"
#include "io/pool.h"
#include "tests/unit/check.h"

#include <stdatomic.h>

static struct loop *loop;
static struct pool *thread;
static struct pool_job run;

struct ask {
	struct call call;
	enum { AT_ONCE, LATER, NEVER, FAILS } how;
	struct loop_timer *timer;
	unsigned later_ms, given_up;
	int answer;
};

static void on_timer(void *ctx)
{
	struct ask *a = ctx;
	loop_timer_free(take(a->timer));
	a->answer = 42;
	call_answer(&a->call, RC_OK, NULL);
}

static void begin(struct call *c)
{
	struct ask *a = (struct ask *)(void *)c;
	CHECK(loop_is_here(loop));
	if (a->how == AT_ONCE) {
		a->answer = 42;
		call_answer(c, RC_OK, NULL);
	} else if (a->how == FAILS) {
		call_answer(c, RC_REFUSED, "no, thank you");
	} else if (a->how == LATER) {
		CHECK(loop_timer_new(loop, on_timer, a, &a->timer) == RC_OK);
		loop_timer_at(a->timer, loop_now_ms(loop) + a->later_ms);
	}
}

static void give_up(struct call *c)
{
	struct ask *a = (struct ask *)(void *)c;
	CHECK(loop_is_here(loop));
	a->given_up++;
	loop_timer_free(take(a->timer));
	call_answer(c, c->rc, NULL);
}

static enum rc ask(struct ask *a, unsigned within_ms, struct fault *f)
{
	a->call.begin = begin;
	a->call.give_up = give_up;
	a->call.deadline_ms = loop_now_ms(loop) + within_ms;
	return call_wait(loop, &a->call, f);
}

static void run_loop(void *worker, struct pool_job **jobs, size_t n)
{
	(void)worker;
	(void)jobs;
	(void)n;
	loop_run(loop);
}

static void answers(void)
{
	struct fault f = { 0 };
	struct ask at_once = { .how = AT_ONCE }, later = { .how = LATER, .later_ms = 20 }, fails = { .how = FAILS },
		   never = { .how = NEVER };

	CHECK(ask(&at_once, 10000, &f) == RC_OK && at_once.answer == 42);
	CHECK(ask(&later, 10000, &f) == RC_OK && later.answer == 42 && later.given_up == 0);
	CHECK(ask(&fails, 10000, &f) == RC_REFUSED);
	CHECK_STR(f.text, "no, thank you");
	CHECK(ask(&never, 20, &f) == RC_TIMEOUT && never.given_up == 1);
	CHECK(f.rc == RC_TIMEOUT && *f.text);
	never.given_up = 0;
	CHECK(ask(&never, 0, NULL) == RC_TIMEOUT && never.given_up == 1); /* the deadline is past already */
}

struct cancel {
	struct loop_job job;
	struct call_scope *scope;
	_Atomic bool done;
};

static void on_cancel(struct loop_job *job)
{
	struct cancel *c = (struct cancel *)(void *)job;
	call_cancel(c->scope);
	c->done = true;
}

static struct loop_timer *cancel_timer;
static struct cancel timed;
static void on_cancel_timer(void *ctx)
{
	(void)ctx;
	on_cancel(&timed.job);
}
static void plan_cancel(struct loop_job *job)
{
	(void)job;
	CHECK(loop_timer_new(loop, on_cancel_timer, NULL, &cancel_timer) == RC_OK);
	loop_timer_at(cancel_timer, loop_now_ms(loop) + 20);
}

static void cancels(void)
{
	struct call_scope scope = { 0 };
	struct loop_job plan = { .run = plan_cancel };
	struct ask never = { .how = NEVER, .call.scope = &scope },
		   at_once = { .how = AT_ONCE, .call.scope = &scope };

	CHECK(ask(&at_once, 10000, NULL) == RC_OK);
	timed.scope = &scope;
	loop_post(loop, &plan);
	CHECK(ask(&never, 600000, NULL) == RC_CANCELED && never.given_up == 1);
	while (!timed.done)
		;
	at_once.answer = 0;
	CHECK(ask(&at_once, 10000, NULL) == RC_CANCELED && at_once.answer == 0); /* it does not begin */
}

/* Answer and deadline meet: whatever wins, the worker goes on once, and the loop never touches what is gone. */
static void races(void)
{
	unsigned answered = 0, late = 0;
	for (int i = 0; i < 400; i++) {
		struct ask *a = calloc(1, sizeof(*a));
		*a = (struct ask){ .how = LATER, .later_ms = 1 + (unsigned)(i % 3) };
		enum rc rc = ask(a, 2, NULL);
		CHECK(rc == RC_OK || rc == RC_TIMEOUT);
		CHECK((rc == RC_OK) == (a->answer == 42) && a->timer == NULL);
		answered += rc == RC_OK;
		late += rc == RC_TIMEOUT;
		memset(a, 0xee, sizeof(*a));
		free(a);
	}
	CHECK(answered + late == 400);
}

int main(void)
{
	struct log log = logger_over(STDERR_FILENO, LOG_LEVEL_ERROR, false);
	const struct pool_conf conf = {
		.name = "loop", .threads = 1, .batch_max = 1, .queue_max = 1, .run = run_loop
	};

	CHECK(loop_new(&log, &loop, NULL) == RC_OK);
	CHECK(pool_new(&conf, &thread, NULL) == RC_OK && pool_push(thread, &run) == RC_OK);
	answers();
	cancels();
	races();
	loop_stop(loop);
	pool_free(thread);
	loop_timer_free(cancel_timer);
	loop_free(loop);
	return 0;
}
