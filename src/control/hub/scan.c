#include "control/hub/scan.h"
#include "base/log.h"
#include "control/budgets/budgets.h"
#include "control/cluster/singletons.h"
#include "control/control.h"
#include "control/engine/pace.h"
#include "control/fleet/bots.h"
#include "control/fleet/orphans.h"
#include "control/keys/key_steps.h"
#include "control/writer.h"

#define SCAN_AT_ONCE 500

struct scan {
	struct control *control;
	struct loop_timer *timer;
	struct write write;
	bool running;
	size_t n; /* leases that lapsed */
};

static enum rc look(struct write *w, struct tx *tx)
{
	struct scan *s = (struct scan *)(void *)((char *)w - offsetof(struct scan, write));
	bool held = false;

	s->n = 0;
	enum rc rc = singletons_hold(tx, "scan", &held);
	if (rc != RC_OK || !held)
		return rc;
	rc = orphans_scan(tx, SCAN_AT_ONCE);
	if (rc == RC_OK)
		rc = pace_scan(tx, SCAN_AT_ONCE, &s->n);
	if (rc == RC_OK)
		rc = bots_scan(tx);
	if (rc == RC_OK)
		rc = budgets_scan(tx);
	return rc == RC_OK ? key_steps_scan(tx) : rc;
}

static void on_looked(struct write *w)
{
	struct scan *s = (struct scan *)(void *)((char *)w - offsetof(struct scan, write));

	s->running = false;
	if (w->rc != RC_OK)
		log_error(w->control->log, "leases not scanned: %s", w->fault.text);
	else if (s->n)
		log_warn(w->control->log, "leases lapsed n=%zu", s->n);
}

static void on_time(void *ctx)
{
	struct scan *s = ctx;

	loop_timer_at(s->timer, loop_now_ms(s->control->loop) + SCAN_MS);
	if (s->running)
		return;
	s->write = (struct write){ .control = s->control, .run = look, .done = on_looked };
	s->running = writer_push(&s->write) == RC_OK;
}

enum rc scan_new(struct control *c, struct scan **ret, struct fault *f)
{
	auto_of(scan) struct scan *s = calloc(1, sizeof(*s));
	if (!s)
		return RC_NOMEM;
	s->control = c;
	enum rc rc = loop_timer_new(c->loop, on_time, s, &s->timer);
	if (rc != RC_OK)
		return fault_set(f, rc, "no timer for the scan");
	loop_timer_at(s->timer, loop_now_ms(c->loop) + SCAN_MS);
	*ret = take(s);
	return RC_OK;
}

void scan_free(struct scan *s)
{
	if (!s)
		return;
	loop_timer_free(s->timer);
	free(s);
}
