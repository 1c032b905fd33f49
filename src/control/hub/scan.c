#include "control/hub/scan.h"
#include "base/log.h"
#include "control/budgets/budgets.h"
#include "control/cluster/singletons.h"
#include "control/control.h"
#include "control/engine/pace.h"
#include "control/fleet/bots.h"
#include "control/fleet/orphans.h"
#include "control/hub/looks.h"
#include "control/keys/key_steps.h"
#include "control/pki/trust.h"
#include "control/writer.h"
#include "io/clock.h"

#define SCAN_AT_ONCE 500

struct scan {
	struct control *control;
	struct loop_timer *timer;
	struct write write;
	struct looks *looks;
	bool running;
	size_t n; /* leases that lapsed */
	/* The last look, on both clocks. */
	int64_t wall_ms;
	uint64_t mono_ms;
	bool stood; /* this look comes after a time in which nobody could have been heard, or the clock jumped */
	bool looked;
	struct trust *
		trust; /* looks at another clock: what agents' certificates are held against; NULL: none are asked for */
};

/*
 * Who was silent is judged by the moment at which this look was asked for: what was heard before stands before it in the writer's queue,
 * however long the disk took. And when this process itself stood still, or its clock was set, silence says nothing: everyone gets a
 * whole lease to be heard again. A clock that was set and set back between two looks is noticed by the writes that it dated.
 */
static void judge_clock(struct scan *s)
{
	int64_t wall = clock_wall_ms(), apart;
	uint64_t mono = clock_mono_ms(), lease = s->control->conf->lease_ms;

	apart = (wall - s->wall_ms) - (int64_t)(mono - s->mono_ms);
	s->stood |= atomic_exchange(&s->control->clock_moved, false);
	s->stood |= s->mono_ms && (mono - s->mono_ms > SCAN_MS + lease / 3 || apart > (int64_t)lease / 6 ||
					  apart < -(int64_t)lease / 6);
	s->wall_ms = wall;
	s->mono_ms = mono;
}

static enum rc look(struct write *w, struct tx *tx)
{
	struct scan *s = (struct scan *)(void *)((char *)w - offsetof(struct scan, write));
	bool held = false;

	s->n = 0;
	tx->now_ms = s->wall_ms;
	enum rc rc = singletons_hold(tx, "scan", &held);
	if (rc != RC_OK || !held)
		return rc;
	if (s->stood) {
		rc = pace_spare(tx);
		return rc == RC_OK ? bots_revive(tx) : rc;
	}
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
	else if (s->stood && s->looked)
		log_warn(w->control->log, "this process stood still or its clock was set: all leases begin anew");
	else if (s->n)
		log_warn(w->control->log, "leases lapsed n=%zu", s->n);
	if (w->rc == RC_OK) {
		s->stood = false;
		s->looked = true;
	}
}

static void on_time(void *ctx)
{
	struct scan *s = ctx;

	loop_timer_at(s->timer, loop_now_ms(s->control->loop) + SCAN_MS);
	looks_all(s->looks);
	if (s->running)
		return;
	judge_clock(s);
	s->write = (struct write){ .control = s->control, .run = look, .done = on_looked };
	s->running = writer_push(&s->write) == RC_OK;
}

enum rc scan_new(struct control *c, struct scan **ret, struct fault *f)
{
	auto_of(scan) struct scan *s = calloc(1, sizeof(*s));
	if (!s)
		return RC_NOMEM;
	s->control = c;
	s->looks = looks_new(c);
	if (!s->looks)
		return RC_NOMEM;
	s->stood = true; /* while it started it heard nobody, and its clock may have been set */
	enum rc rc = loop_timer_new(c->loop, on_time, s, &s->timer);
	if (rc != RC_OK)
		return fault_set(f, rc, "no timer for the scan");
	loop_timer_at(s->timer, loop_now_ms(c->loop) + SCAN_MS);
	rc = trust_new(c, &s->trust, f);
	if (rc == RC_OK)
		*ret = take(s);
	return rc;
}

void scan_free(struct scan *s)
{
	if (!s)
		return;
	loop_timer_free(s->timer);
	trust_free(s->trust);
	looks_free(s->looks);
	free(s);
}
