#include "control/quotas/meters.h"
#include "base/log.h"
#include "base/map.h"
#include "control/access/failures.h"
#include "control/control.h"
#include "control/quotas/meter_rows.h"
#include "control/quotas/uses.h"
#include "control/writer.h"
#include "io/clock.h"
#include "io/lock.h"

#include <stdio.h>

#define SUBJECT_MAX 80
#define REST_TICKS  2     /* between two looks for what can be given back */
#define ALONE_MS    60000 /* a share stays so long when nobody else wants it */
#define FORGET_MS   120000

/* One subject here. Under the lock, but for `waiting`, which is the loop's, and what a write under way has. */
struct meter_entry {
	char subject[SUBJECT_MAX]; /* in meters.all */
	struct meters *meters;
	struct meter_limits limits;
	struct meter_share share;
	size_t pins; /* passes that hold it */
	struct list waiting;
	uint32_t waiting_n;
	int64_t touched_ms;
	bool busy; /* a write is under way */
	struct write write;
	/* Of that write: what it takes along, and what it brings. */
	struct meter_share seen;
	struct meter_limits with;
	uint32_t want;
	struct meter_grant grant;
	struct meter_rest rest;
	struct meter_rest owed; /* goes back with the next lease */
};

struct meters {
	struct control *control;
	struct lock lock;
	struct map all; /* struct meter_entry */
	struct uses *uses;
	struct failures *failures;
	struct loop_timer *timer;
	unsigned ticks;
	void (*again)(struct exchange *x);
};

static int64_t now_ns(void) { return clock_wall_ms() * 1000000; }

static struct meter_entry *entry_of(struct write *w)
{
	return (struct meter_entry *)(void *)((char *)w - offsetof(struct meter_entry, write));
}

/* Under the lock. */
static struct meter_entry *find(struct meters *m, const char *subject)
{
	struct meter_entry *e = map_get(&m->all, subject);

	if (e || strlen(subject) >= SUBJECT_MAX)
		return e;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	snprintf(e->subject, sizeof(e->subject), "%s", subject);
	e->meters = m;
	list_init(&e->waiting);
	if (map_put(&m->all, e->subject, e) == RC_OK)
		return e;
	free(e);
	return NULL;
}

static void owe(struct meter_window *owed, const struct meter_window *more)
{
	if (owed->period == more->period)
		owed->used += more->used;
	else if (more->used)
		*owed = *more;
}

/* Other limits than before: what is in hand was of the old ones, and goes back with the next write. Slots stay. */
static void take_limits(struct meter_entry *e, const struct meter_limits *l)
{
	struct meter_rest rest;

	if (meter_is_same(&e->limits, l))
		return;
	e->limits = *l;
	meter_take_rest(&e->share, true, &rest);
	e->share.slots += rest.slots;
	owe(&e->owed.day, &rest.day);
	owe(&e->owed.month, &rest.month);
	e->share = (struct meter_share){ .slots = e->share.slots, .busy = e->share.busy, .peak = e->share.busy };
}

/* Under the lock. False: without memory. */
static bool hold(struct meters *m, const struct meters_ask *asks, size_t n, struct meters_pass *p)
{
	while (p->n < n) {
		struct meter_entry *e = find(m, asks[p->n].subject);
		if (!e)
			return false;
		e->pins++;
		p->held[p->n++] = e;
	}
	for (size_t i = 0; i < n; i++) {
		take_limits(p->held[i], &asks[i].limits);
		p->held[i]->touched_ms = clock_wall_ms();
	}
	return true;
}

/* As headers and problems call it: the limits of a key by their own names, of others with who they are before it. */
static void name_limit(const struct meter_entry *e, enum meter_policy policy, char to[static 40])
{
	size_t kind = strcspn(e->subject, ":");
	bool own = !strncmp(e->subject, "key:", 4);

	snprintf(to, 40, "%.*s%s%s", own ? 0 : (int)kind, e->subject, own ? "" : "-",
		!own && policy == METER_RATE ? "rate" : meter_policy_name(policy));
}

/* Under the lock. All or none; the time of `leased`, whose row was just asked, is that of its lease. */
static void try_all(struct meters_pass *p, const struct meter_entry *leased)
{
	static const enum meters_state states[] = {
		[METER_IN] = METERS_IN, [METER_ASK] = METERS_WAITS, [METER_OUT] = METERS_OUT
	};
	enum meter_answer a = METER_IN;
	size_t i = 0;

	for (; i < p->n; i++) {
		struct meter_entry *e = p->held[i];
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): all below n are held */
		a = meter_try(&e->share, &e->limits, e == leased ? e->grant.at_ns : now_ns(), &p->policy);
		if (a != METER_IN)
			break;
		p->slot[i] = e->limits.concurrent > 0;
	}
	p->state = states[a];
	if (a == METER_IN)
		return;
	p->stuck = i;
	name_limit(p->held[i], p->policy, p->violated);
	p->retry_s = meter_retry_s(&p->held[i]->share, &p->held[i]->limits, p->policy, now_ns());
	while (i-- > 0) {
		meter_undo(&p->held[i]->share, &p->held[i]->limits);
		p->slot[i] = false;
	}
}

static void put_policy(struct meters_pass *p, const struct meter_entry *e, enum meter_policy policy)
{
	size_t a = strlen(p->policies), b = strlen(p->left);
	char name[40], what[40] = "", when[32] = "";
	struct meter_view v;

	name_limit(e, policy, name);
	meter_look(&e->share, &e->limits, policy, now_ns(), &v);
	if (v.window_s) {
		snprintf(what, sizeof(what), ";w=%lld", (long long)v.window_s);
		snprintf(when, sizeof(when), ";t=%lld", (long long)v.reset_s);
	} else {
		snprintf(what, sizeof(what), ";qu=\"concurrent-requests\"");
	}
	if (a > METERS_TEXT_MAX - 80)
		return; /* the others must do */
	snprintf(p->policies + a, METERS_TEXT_MAX - a, "%s\"%s\";q=%lld%s", a ? ", " : "", name, (long long)v.limit,
		what);
	snprintf(p->left + b, METERS_TEXT_MAX - b, "%s\"%s\";r=%lld%s", b ? ", " : "", name, (long long)v.left,
		when);
}

/* Under the lock. What the headers say. */
static void describe(struct meters_pass *p)
{
	*p->policies = *p->left = 0;
	for (size_t i = 0; i < p->n; i++)
		for (int policy = 0; policy < METER_POLICIES; policy++)
			if (meter_limit(&p->held[i]->limits, (enum meter_policy)policy))
				put_policy(p, p->held[i], (enum meter_policy)policy);
}

static enum rc run_lease(struct write *w, struct tx *tx)
{
	struct meter_entry *e = entry_of(w);
	const struct meter_rows_ask ask = { e->subject, &e->with, &e->seen, &e->rest, e->want };
	return meter_rows_lease(tx, &ask, &e->grant);
}

static void on_leased(struct write *w);

/* Under the lock: the write is the entry's from now on. */
static void prepare_lease(struct meter_entry *e)
{
	e->busy = true;
	e->seen = e->share;
	e->with = e->limits;
	e->want = e->waiting_n;
	e->rest = e->owed;
	e->owed = (struct meter_rest){ 0 };
	e->write = (struct write){ .control = e->meters->control, .run = run_lease, .done = on_leased };
}

static bool push(struct meter_entry *e)
{
	if (writer_push(&e->write) == RC_OK)
		return true;
	lock_enter(&e->meters->lock);
	e->busy = false;
	lock_leave(&e->meters->lock);
	return false;
}

enum rc meters_enter(struct meters *m, const struct meters_ask *asks, size_t n, struct meters_pass *p)
{
	struct meter_entry *low = NULL;

	if (p->rc != RC_OK || p->state == METERS_IN || p->state == METERS_OUT || n == 0)
		return p->rc;
	lock_enter(&m->lock);
	if (!hold(m, asks, n, p)) {
		lock_leave(&m->lock);
		return RC_NOMEM;
	}
	try_all(p, NULL);
	for (size_t i = 0; p->state == METERS_IN && !low && i < p->n; i++)
		if (!p->held[i]->busy && meter_is_low(&p->held[i]->share, &p->held[i]->limits, now_ns()))
			low = p->held[i];
	if (low)
		prepare_lease(low);
	if (p->state != METERS_WAITS)
		describe(p);
	lock_leave(&m->lock);
	if (low && !push(low))
		return RC_OK; /* who finds nothing left asks again */
	return RC_OK;
}

void meters_used(struct meters *m, const char *key_id, const char *address, bool refused)
{
	uses_count(m->uses, key_id, address, refused);
}

int64_t meters_failed(struct meters *m, const char *address) { return failures_note(m->failures, address); }

/* Answers those who wait for the row, as far as they can be answered. */
static void serve(struct meter_entry *e, enum rc rc)
{
	struct meters *m = e->meters;
	struct list ready;

	list_init(&ready);
	list_each (at, next, &e->waiting) {
		struct meters_pass *p = list_of(at, struct meters_pass, waiting);
		lock_enter(&m->lock);
		p->rc = rc;
		if (rc == RC_OK)
			try_all(p, e);
		bool waits = rc == RC_OK && p->state == METERS_WAITS, stays = waits && p->held[p->stuck] == e;
		if (!waits)
			describe(p);
		e->waiting_n -= !stays;
		lock_leave(&m->lock);
		if (stays)
			continue;
		list_remove(&p->waiting);
		list_append(&ready, &p->waiting);
	}
	while (!list_empty(&ready)) {
		struct meters_pass *p = list_of(ready.next, struct meters_pass, waiting);
		list_remove(&p->waiting);
		if (p->state == METERS_WAITS && rc == RC_OK)
			meters_park(m, p);
		else
			m->again(p->owner);
	}
}

/* Those who came meanwhile. */
static void ask_again(struct meter_entry *e)
{
	lock_enter(&e->meters->lock);
	bool ask = e->waiting_n > 0 && !e->busy;
	if (ask)
		prepare_lease(e);
	lock_leave(&e->meters->lock);
	if (ask && !push(e))
		serve(e, RC_OVERLOADED);
}

static void on_leased(struct write *w)
{
	struct meter_entry *e = entry_of(w);
	struct meters *m = e->meters;

	lock_enter(&m->lock);
	e->busy = false;
	if (w->rc == RC_OK && meter_is_same(&e->limits, &e->with))
		meter_refill(&e->share, &e->limits, &e->grant);
	else if (w->rc == RC_OK)
		e->share.slots += e->grant.slots_n;
	lock_leave(&m->lock);
	if (w->rc != RC_OK)
		log_warn(m->control->log, "limits not read subject=%s: %s", e->subject, w->fault.text);
	serve(e, w->rc);
	ask_again(e);
}

void meters_park(struct meters *m, struct meters_pass *p)
{
	struct meter_entry *e = p->held[p->stuck];

	list_append(&e->waiting, &p->waiting);
	lock_enter(&m->lock);
	e->waiting_n++;
	lock_leave(&m->lock);
	ask_again(e);
}

struct meters_pass *meters_pass(struct exchange *owner)
{
	struct meters_pass *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->owner = owner;
	list_init(&p->waiting);
	return p;
}

void meters_drop(struct meters *m, struct meters_pass *p)
{
	if (!p)
		return;
	lock_enter(&m->lock);
	for (size_t i = 0; i < p->n; i++) {
		if (p->slot[i])
			meter_leave(&p->held[i]->share);
		p->slot[i] = false;
		p->held[i]->pins--; /* NOLINT(clang-analyzer-core.NullDereference): all below n are held */
	}
	lock_leave(&m->lock);
	free(p);
}

static enum rc run_return(struct write *w, struct tx *tx)
{
	struct meter_entry *e = entry_of(w);
	return meter_rows_return(tx, e->subject, &e->rest, e->seen.slots);
}

static void on_returned(struct write *w)
{
	struct meter_entry *e = entry_of(w);

	lock_enter(&e->meters->lock);
	e->busy = false;
	lock_leave(&e->meters->lock);
	ask_again(e);
}

static bool forget(struct meter_entry *e, int64_t now_ms)
{
	struct meters *m = e->meters;

	lock_enter(&m->lock);
	bool idle = !e->busy && e->pins == 0 && meter_is_idle(&e->share) && now_ms - e->touched_ms > FORGET_MS;
	if (idle)
		map_take(&m->all, e->subject);
	lock_leave(&m->lock);
	if (idle)
		free(e);
	return idle;
}

/* Gives back what a share does not need. */
static void give_back(struct meter_entry *e, bool all)
{
	struct meters *m = e->meters;

	lock_enter(&m->lock);
	bool gives = !e->busy && meter_take_rest(&e->share, all, &e->rest);
	if (gives) {
		e->busy = true;
		e->seen = e->share;
		e->write = (struct write){ .control = m->control, .run = run_return, .done = on_returned };
	}
	lock_leave(&m->lock);
	if (gives && !push(e))
		log_warn(m->control->log, "limits: what was left in hand counts as used subject=%s", e->subject);
}

static void give_back_all(struct meters *m, bool all)
{
	int64_t now_ms = clock_wall_ms();
	bool keeps = !all && !atomic_load(&m->control->others);

	lock_enter(&m->lock);
	struct map_walk w = map_walk(&m->all);
	for (struct meter_entry *e; (e = map_next(&w));) {
		lock_leave(&m->lock);
		if (!forget(e, now_ms) && (!keeps || now_ms - e->touched_ms > ALONE_MS))
			give_back(e, all);
		lock_enter(&m->lock);
	}
	lock_leave(&m->lock);
}

static void on_tick(void *ctx)
{
	struct meters *m = ctx;

	uses_flush(m->uses);
	if (++m->ticks % REST_TICKS == 0)
		give_back_all(m, false);
	loop_timer_at(m->timer, loop_now_ms(m->control->loop) + METERS_TICK_MS);
}

enum rc meters_new(struct control *c, void (*again)(struct exchange *x), struct meters **ret, struct fault *f)
{
	auto_of(meters) struct meters *m = calloc(1, sizeof(*m));
	if (!m)
		return RC_NOMEM;
	m->control = c;
	m->again = again;
	lock_init(&m->lock);
	enum rc rc = uses_new(c, &m->uses, f);
	if (rc == RC_OK)
		rc = failures_new(c->conf->auth_failures, &m->failures, f);
	if (rc == RC_OK)
		rc = loop_timer_new(c->loop, on_tick, m, &m->timer);
	if (rc != RC_OK)
		return fault_set(f, rc, "no timer for the limits");
	loop_timer_at(m->timer, loop_now_ms(c->loop) + METERS_TICK_MS);
	*ret = take(m);
	return RC_OK;
}

void meters_stop(struct meters *m)
{
	if (!m)
		return;
	give_back_all(m, true);
	uses_flush(m->uses);
}

void meters_free(struct meters *m)
{
	if (!m)
		return;
	struct map_walk w = map_walk(&m->all);
	for (struct meter_entry *e; (e = map_next(&w));) {
		map_take(&m->all, e->subject);
		free(e);
	}
	map_done(&m->all);
	uses_free(m->uses);
	failures_free(m->failures);
	loop_timer_free(m->timer);
	lock_done(&m->lock);
	free(m);
}
