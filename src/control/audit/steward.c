/*
 * steward: sees to the audit trail: signs it when it has grown (audit/checkpoints), at the start, by the clock, and at the stop; has old
 * records pruned, and writes how many refused calls were only counted. One control plane at a time does this by the clock.
 */
#include "base/log.h"
#include "base/metric.h"
#include "control/access/audit.h"
#include "control/audit/anchors.h"
#include "control/audit/checkpoints.h"
#include "control/audit/prune.h"
#include "control/audit/refusals.h"
#include "control/cluster/singletons.h"
#include "control/control.h"
#include "control/sweep.h"
#include "control/writer.h"
#include "io/clock.h"

#include <stdio.h>

#define LOOK_MS 1000

#define COUNTED_MAX (REFUSALS_CALLERS + 1)

/* Refused calls that were only counted: whose, and how many. */
struct counted {
	struct write write;
	size_t n;
	struct {
		char caller[160];
		uint64_t calls;
	} of[COUNTED_MAX];
};

struct steward {
	struct control *control;
	struct loop_timer *timer;
	struct write write;
	struct anchors *anchors; /* NULL: none is configured */
	struct checkpoints_due due;
	struct checkpoints_made newest;
	int64_t seen;        /* records when the last write was pushed */
	uint64_t look_at_ms; /* the clock's turn */
	bool running, more;  /* more: there is more to prune */
	bool held;           /* the last write was the role's holder's */
	bool always;         /* whoever holds the role */
};

static struct steward *steward_of(struct write *w)
{
	return (struct steward *)(void *)((char *)w - offsetof(struct steward, write));
}

static enum rc run(struct write *w, struct tx *tx)
{
	struct steward *s = steward_of(w);
	bool held = false;
	enum rc rc = singletons_hold(tx, "audit", &held);

	s->more = false;
	s->held = held;
	held |= s->always;
	if (rc == RC_OK && held)
		rc = prune_records(tx, &s->more);
	if (rc == RC_OK && held)
		rc = checkpoints_make(tx, s->always ? NULL : &s->due, &s->newest);
	return rc;
}

static void on_written(struct write *w)
{
	struct steward *s = steward_of(w);

	s->running = false;
	if (w->rc != RC_OK)
		log_warn(w->control->log, "the audit trail was not signed: %s", w->fault.text);
	else if (s->newest.made)
		log_debug(w->control->log, "audit checkpoint number=%lld records=%lld", (long long)s->newest.n,
			(long long)s->newest.size);
	s->newest.made = false;
	if (s->held && w->rc == RC_OK)
		anchors_wake(s->anchors);
	if (s->more)
		s->look_at_ms = 0;
}

/* ---- refused calls ---- */

static struct counted *counted_of(struct write *w)
{
	return (struct counted *)(void *)((char *)w - offsetof(struct counted, write));
}

static enum rc run_counted(struct write *w, struct tx *tx)
{
	const struct counted *c = counted_of(w);
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < c->n; i++) {
		const char *words = arena_fmt(
			tx->arena, "%llu more calls were refused in a minute", (unsigned long long)c->of[i].calls);
		rc = words ? audit_write(tx, &(struct audit_new){ .action = "access.refused",
						     .resource = c->of[i].caller,
						     .words = words,
						     .outcome = "denied" })
			   : RC_NOMEM;
	}
	return rc;
}

static void on_counted(struct write *w)
{
	if (w->rc != RC_OK)
		log_warn(w->control->log, "audit records of refused calls were not written: %s", w->fault.text);
	free(counted_of(w));
}

/* The minute is over: what was only counted is written, a record for each caller. */
static void count_up(struct steward *s, uint64_t now_ms)
{
	struct counted *c = NULL;
	uint64_t calls = 0;
	char caller[160];

	while (refusals_next(s->control->refusals, now_ms, caller, sizeof(caller), &calls)) {
		c = c ? c : calloc(1, sizeof(*c));
		if (!c || c->n == COUNTED_MAX)
			break;
		snprintf(c->of[c->n].caller, sizeof(c->of[c->n].caller), "%s", caller);
		c->of[c->n++].calls = calls;
	}
	if (!c)
		return;
	c->write = (struct write){ .control = s->control, .run = run_counted, .done = on_counted };
	if (writer_push(&c->write) != RC_OK)
		free(c);
}

static void push(struct steward *s, bool always)
{
	if (s->running)
		return;
	s->always = always;
	s->seen = atomic_load(&s->control->audited);
	s->look_at_ms = loop_now_ms(s->control->loop) + (uint64_t)s->due.ms;
	s->write = (struct write){ .control = s->control, .run = run, .done = on_written };
	s->running = writer_push(&s->write) == RC_OK;
}

static void on_time(void *ctx)
{
	struct steward *s = ctx;
	uint64_t now = loop_now_ms(s->control->loop);
	bool many = atomic_load(&s->control->audited) - s->seen >= s->due.records;

	loop_timer_at(s->timer, now + LOOK_MS);
	if (s->newest.at)
		metric_set(s->control->metrics, METRIC_AUDIT_CHECKPOINT_AGE, NULL,
			(clock_wall_ms() - s->newest.at) / 1000);
	count_up(s, now);
	if (many || now >= s->look_at_ms)
		push(s, false);
}

enum rc steward_new(struct control *c, struct steward **ret, struct fault *f)
{
	const struct audit_conf *conf = c->conf->audit;
	auto_of(steward) struct steward *s = calloc(1, sizeof(*s));

	if (!s)
		return RC_NOMEM;
	s->control = c;
	c->refusals = refusals_new();
	if (!c->refusals)
		return RC_NOMEM;
	s->due = conf ? (struct checkpoints_due){ conf->checkpoint_records, conf->checkpoint_ms }
		      : (struct checkpoints_due){ CHECKPOINTS_RECORDS, CHECKPOINTS_MS };
	enum rc rc = loop_timer_new(c->loop, on_time, s, &s->timer);
	if (rc != RC_OK)
		return fault_set(f, rc, "no timer for the audit trail");
	rc = anchors_new(c, &s->anchors, f);
	if (rc != RC_OK)
		return rc;
	loop_timer_at(s->timer, loop_now_ms(c->loop) + LOOK_MS);
	push(s, true);
	*ret = take(s);
	return RC_OK;
}

void steward_stop(struct steward *s)
{
	if (!s)
		return;
	anchors_stop(s->anchors);
	push(s, true);
}

void steward_free(struct steward *s)
{
	if (!s)
		return;
	anchors_free(s->anchors);
	loop_timer_free(s->timer);
	refusals_free(take(s->control->refusals));
	free(s);
}
