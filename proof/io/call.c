#include "io/call.h"
#include "proof/sim.h"

#include <string.h>

/* As the real one, with a fiber where that has a lock and a condition. */

static struct call *call_of(struct loop_job *job, size_t at) { return (struct call *)(void *)((char *)job - at); }

static void set_asker(struct call *c, struct fiber *f) { memcpy(&c->news, &f, sizeof(struct fiber *)); }

static void tell(struct call *c)
{
	struct fiber *f;
	memcpy(&f, &c->news, sizeof(struct fiber *));
	fiber_wake(f);
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

static void run_give_up(struct loop_job *job)
{
	struct call *c = call_of(job, offsetof(struct call, to_give_up));

	if (!c->answered)
		abort_call(c, RC_TIMEOUT);
	c->gave_up = true;
	tell(c);
}

void call_answer(struct call *c, enum rc rc, const char *why)
{
	if (c->scope && c->scope->now == c)
		c->scope->now = NULL;
	if (c->answered)
		return;
	c->answered = true;
	c->rc = rc;
	if (rc != RC_OK)
		fault_set(&c->fault, rc, "%s", why ? why : rc_title(rc));
	tell(c);
}

void call_cancel(struct call_scope *s)
{
	s->canceled = true;
	if (s->now)
		abort_call(s->now, RC_CANCELED);
}

enum rc call_wait(struct loop *l, struct call *c, struct fault *f)
{
	uint64_t until =
		machine_true(sim_me(), c->deadline_ms > UINT64_MAX / SIM_MS ? UINT64_MAX : c->deadline_ms * SIM_MS);

	c->answered = c->gave_up = false;
	c->fault = (struct fault){ 0 };
	c->to_begin.run = run_begin;
	c->to_give_up.run = run_give_up;
	set_asker(c, sim.current);
	loop_post(l, &c->to_begin);
	while (!c->answered && sim.now_us < until)
		fiber_wait(until);
	if (!c->answered) {
		loop_post(l, &c->to_give_up);
		while (!c->gave_up || !c->answered)
			fiber_wait(UINT64_MAX);
	}
	if (c->rc != RC_OK && f)
		*f = c->fault;
	return c->rc;
}
