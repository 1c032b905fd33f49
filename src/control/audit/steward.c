#include "control/audit/steward.h"
#include "base/log.h"
#include "base/metric.h"
#include "control/audit/checkpoints.h"
#include "control/cluster/singletons.h"
#include "control/control.h"
#include "control/writer.h"
#include "io/clock.h"

#define LOOK_MS 1000

struct steward {
	struct control *control;
	struct loop_timer *timer;
	struct write write;
	struct checkpoints_due due;
	struct checkpoints_made newest;
	int64_t seen;         /* records when the last write was pushed */
	uint64_t look_at_ms;  /* the clock's turn */
	bool running, always; /* always: whoever holds the role */
};

static struct steward *steward_of(struct write *w)
{
	return (struct steward *)(void *)((char *)w - offsetof(struct steward, write));
}

static enum rc run(struct write *w, struct tx *tx)
{
	struct steward *s = steward_of(w);
	bool held = s->always;
	enum rc rc = held ? RC_OK : singletons_hold(tx, "audit", &held);

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
	s->due = conf ? (struct checkpoints_due){ conf->checkpoint_records, conf->checkpoint_ms }
		      : (struct checkpoints_due){ CHECKPOINTS_RECORDS, CHECKPOINTS_MS };
	enum rc rc = loop_timer_new(c->loop, on_time, s, &s->timer);
	if (rc != RC_OK)
		return fault_set(f, rc, "no timer for the audit trail");
	loop_timer_at(s->timer, loop_now_ms(c->loop) + LOOK_MS);
	push(s, true);
	*ret = take(s);
	return RC_OK;
}

void steward_stop(struct steward *s)
{
	if (s)
		push(s, true);
}

void steward_free(struct steward *s)
{
	if (!s)
		return;
	loop_timer_free(s->timer);
	free(s);
}
