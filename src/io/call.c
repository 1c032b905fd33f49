#include "io/call.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

static struct call *call_of(struct loop_job *job, size_t at) { return (struct call *)(void *)((char *)job - at); }

static bool is_answered(struct call *c)
{
	pthread_mutex_lock(&c->lock);
	bool yes = c->answered;
	pthread_mutex_unlock(&c->lock);
	return yes;
}

static void abort_call(struct call *c, enum rc rc)
{
	c->rc = rc;
	c->give_up(c);
}

static void run_begin(struct loop_job *job)
{
	struct call *c = call_of(job, offsetof(struct call, to_begin));

	if (c->scope && c->scope->canceled) {
		call_answer(c, RC_CANCELED, NULL);
		return;
	}
	if (c->scope)
		c->scope->now = c;
	c->begin(c);
}

/* The deadline passed. The call may have been answered while this was on its way: then the worker waits for this alone. */
static void run_give_up(struct loop_job *job)
{
	struct call *c = call_of(job, offsetof(struct call, to_give_up));

	if (!is_answered(c))
		abort_call(c, RC_TIMEOUT);
	pthread_mutex_lock(&c->lock);
	c->gave_up = true;
	pthread_cond_signal(&c->news);
	pthread_mutex_unlock(&c->lock);
}

void call_answer(struct call *c, enum rc rc, const char *why)
{
	if (c->scope && c->scope->now == c)
		c->scope->now = NULL;
	pthread_mutex_lock(&c->lock);
	if (!c->answered) {
		c->answered = true;
		c->rc = rc;
		if (rc != RC_OK)
			fault_set(&c->fault, rc, "%s", why ? why : rc_title(rc));
		pthread_cond_signal(&c->news);
	}
	pthread_mutex_unlock(&c->lock);
}

void call_cancel(struct call_scope *s)
{
	s->canceled = true;
	if (s->now)
		abort_call(s->now, RC_CANCELED);
}

/* Waits until answered or until the deadline; false: it passed. With the lock held. */
static bool wait_until(struct call *c, uint64_t at_ms)
{
	const struct timespec at = { .tv_sec = (time_t)(at_ms / 1000), .tv_nsec = (long)(at_ms % 1000) * 1000000 };

	while (!c->answered)
		if (pthread_cond_timedwait(&c->news, &c->lock, &at) == ETIMEDOUT)
			return c->answered;
	return true;
}

enum rc call_wait(struct loop *l, struct call *c, struct fault *f)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&c->news, &monotonic);
	pthread_condattr_destroy(&monotonic);
	c->answered = c->gave_up = false;
	c->fault = (struct fault){ 0 };
	c->to_begin.run = run_begin;
	c->to_give_up.run = run_give_up;

	loop_post(l, &c->to_begin);
	pthread_mutex_lock(&c->lock);
	if (!wait_until(c, c->deadline_ms)) {
		pthread_mutex_unlock(&c->lock);
		loop_post(l, &c->to_give_up);
		pthread_mutex_lock(&c->lock);
		while (!c->gave_up || !c->answered)
			pthread_cond_wait(&c->news, &c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	pthread_cond_destroy(&c->news);
	pthread_mutex_destroy(&c->lock);
	if (c->rc != RC_OK && f)
		*f = c->fault;
	return c->rc;
}
