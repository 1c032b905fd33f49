#include "control/sweep.h"
#include "base/log.h"
#include "control/budgets/budgets.h"
#include "control/cluster/singletons.h"
#include "control/control.h"
#include "control/events/events.h"
#include "control/fleet/states.h"
#include "control/http/idempotency.h"
#include "control/people/sessions_sweep.h"
#include "control/webhooks/webhooks.h"
#include "control/writer.h"

#define SWEEP_MS       60000
#define SWEEP_AGAIN_MS 1000 /* after a sweep that did not reach the end */

struct sweep {
	struct control *control;
	struct loop_timer *timer;
	struct write write;
	bool running, more;
};

static struct sweep *sweep_of(struct write *w)
{
	return (struct sweep *)(void *)((char *)w - offsetof(struct sweep, write));
}

static enum rc run(struct write *w, struct tx *tx)
{
	struct sweep *s = sweep_of(w);
	bool held = false, old_jobs = false;

	s->more = false;
	enum rc rc = singletons_hold(tx, "sweep", &held);
	if (rc != RC_OK || !held)
		return rc;
	rc = idempotency_sweep(tx);
	if (rc == RC_OK)
		rc = people_sessions_sweep(tx);
	if (rc == RC_OK)
		rc = states_sweep(tx);
	if (rc == RC_OK)
		rc = budgets_sweep(tx);
	if (rc == RC_OK)
		rc = webhooks_sweep(tx);
	if (rc == RC_OK)
		rc = quiet_sweep(tx);
	if (rc == RC_OK)
		rc = old_jobs_sweep(tx, &old_jobs);
	if (rc == RC_OK)
		rc = quotas_sweep(tx);
	if (rc == RC_OK)
		rc = events_sweep(tx, &s->more);
	s->more |= old_jobs;
	return rc;
}

static void on_swept(struct write *w)
{
	struct sweep *s = sweep_of(w);

	s->running = false;
	if (w->rc != RC_OK)
		log_warn(w->control->log, "old rows not swept: %s", w->fault.text);
	else if (s->more)
		loop_timer_at(s->timer, loop_now_ms(s->control->loop) + SWEEP_AGAIN_MS);
}

static void on_time(void *ctx)
{
	struct sweep *s = ctx;

	loop_timer_at(s->timer, loop_now_ms(s->control->loop) + SWEEP_MS);
	if (s->running)
		return;
	s->write = (struct write){ .control = s->control, .run = run, .done = on_swept };
	s->running = writer_push(&s->write) == RC_OK;
}

enum rc sweep_new(struct control *c, struct sweep **ret, struct fault *f)
{
	auto_of(sweep) struct sweep *s = calloc(1, sizeof(*s));
	if (!s)
		return RC_NOMEM;
	s->control = c;
	enum rc rc = loop_timer_new(c->loop, on_time, s, &s->timer);
	if (rc != RC_OK)
		return fault_set(f, rc, "no timer for the sweep");
	loop_timer_at(s->timer, loop_now_ms(c->loop) + SWEEP_MS);
	*ret = take(s);
	return RC_OK;
}

void sweep_free(struct sweep *s)
{
	if (!s)
		return;
	loop_timer_free(s->timer);
	free(s);
}
