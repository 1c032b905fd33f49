#include "agent/lanes.h"

#include "agent/uplink_run.h"
#include "base/log.h"
#include "base/map.h"
#include "base/when.h"
#include "io/call.h"
#include "io/clock.h"
#include "io/loop.h"
#include "wire/tunnel_msg.h"

#include <stdio.h>
#include <string.h>

#define RETRY_MS 1000 /* when a question could not be sent */

/* A bucket of a session. */
struct bucket {
	struct lane_bucket is;
	enum lane lane;
	char name[LANES_KEY_MAX + 4]; /* lane's number and key: in lanes.buckets */
};

/* A pause on its way to the control plane; it outlives who asked for it. */
struct told {
	struct list node;          /* lanes.pauses */
	struct lanes_pause *owner; /* NULL: nobody waits any more */
	int64_t id;
	enum lane lane;
	uint32_t for_ms;
	bool sent; /* on this connection */
	char key[LANES_KEY_MAX], reason[64];
};

struct lanes {
	struct loop *loop;
	const struct log *log;
	struct uplink_run *uplink;
	bool up;
	struct loop_timer *timer;
	struct list asks, pauses;
	size_t pauses_n;
	struct map buckets;
	int64_t last_id;
	struct lane_kind kinds[LANE_COUNT];
};

/* ---- buckets of sessions ---- */

static void forget_fullest(struct lanes *ls)
{
	struct map_walk w = map_walk(&ls->buckets);
	struct bucket *best = NULL;

	for (struct bucket *b; (b = map_next(&w));)
		if (!best || b->is.full_ms < best->is.full_ms)
			best = b;
	if (best)
		free(map_take(&ls->buckets, best->name));
}

/* NULL without memory. */
static struct bucket *bucket_of(struct lanes *ls, enum lane lane, const char *key)
{
	char name[sizeof(((struct bucket *)0)->name)];

	snprintf(name, sizeof(name), "%d %s", (int)lane, key);
	struct bucket *b = map_get(&ls->buckets, name);
	if (b)
		return b;
	if (map_count(&ls->buckets) >= LANES_BUCKETS_MAX)
		forget_fullest(ls);
	b = calloc(1, sizeof(*b));
	if (!b)
		return NULL;
	b->is = lane_full(&ls->kinds[lane]);
	b->lane = lane;
	memcpy(b->name, name, sizeof(name));
	if (map_put(&ls->buckets, b->name, b) == RC_OK)
		return b;
	free(b);
	return NULL;
}

static bool is_local(const struct lane_want *w) { return lane_kinds[w->lane].where == LANE_AGENT; }
static uint32_t count_of(const struct lane_want *w) { return w->n ? w->n : 1; }

/* When all of the question's own buckets have what it wants; the last that comes is noted as the busy one. */
static uint64_t local_free_at(struct lanes *ls, struct lanes_ask *a, uint64_t now)
{
	uint64_t at = now;

	for (unsigned i = 0; i < a->wants_n; i++) {
		const struct lane_want *w = &a->wants[i];
		struct bucket *b = is_local(w) ? bucket_of(ls, w->lane, w->key) : NULL;
		if (!is_local(w))
			continue;
		uint64_t free = b ? (uint64_t)lane_free_at(&b->is, count_of(w), (int64_t)now) : now + RETRY_MS;
		if (free > at) {
			at = free;
			a->busy = w->lane;
		}
	}
	return at;
}

static void local_take(struct lanes *ls, const struct lanes_ask *a, uint64_t now)
{
	for (unsigned i = 0; i < a->wants_n; i++) {
		const struct lane_want *w = &a->wants[i];
		struct bucket *b = is_local(w) ? bucket_of(ls, w->lane, w->key) : NULL;
		if (b)
			lane_take(&b->is, count_of(w), (int64_t)now);
	}
}

/* ---- questions ---- */

static bool wants_control(const struct lanes_ask *a)
{
	for (unsigned i = 0; i < a->wants_n; i++)
		if (!is_local(&a->wants[i]))
			return true;
	return false;
}

static void end(struct lanes_ask *a, enum rc rc, uint64_t free_ms)
{
	list_remove(&a->node);
	a->lanes = NULL;
	a->id = 0;
	a->done(a, rc, free_ms);
}

static void withdraw(struct lanes *ls, struct lanes_ask *a)
{
	const struct tunnel_msg m = { .type = TUNNEL_MSG_LANE_DROP, .lane_drop = { a->id } };

	if (a->id && ls->up && uplink_run_send(ls->uplink, &m) != RC_OK)
		log_debug(ls->log, "a lane's question not withdrawn; its answer will find nobody");
	a->id = 0;
}

/* Asks the control plane, if it is there. */
static void put_question(struct lanes *ls, struct lanes_ask *a, uint64_t now)
{
	struct tunnel_msg_lane lanes[LANES_WANTS_MAX];
	size_t n = 0;

	for (unsigned i = 0; i < a->wants_n; i++)
		if (!is_local(&a->wants[i]))
			lanes[n++] = (struct tunnel_msg_lane){ lane_kinds[a->wants[i].lane].name, a->wants[i].key,
				count_of(&a->wants[i]) };
	uint64_t wait = a->deadline_ms - now;
	struct tunnel_msg m = { .type = TUNNEL_MSG_LANE_ASK,
		.lane_ask = { .id = ++ls->last_id,
			.lanes = { lanes, n },
			.priority = a->priority,
			.wait_ms = wait < UINT32_MAX ? (uint32_t)wait : UINT32_MAX } };
	a->next_ms = a->deadline_ms;
	if (!ls->up)
		return; /* lanes_up asks, or the deadline comes */
	if (uplink_run_send(ls->uplink, &m) == RC_OK)
		a->id = m.lane_ask.id;
	else if (now + RETRY_MS < a->deadline_ms)
		a->next_ms = now + RETRY_MS;
}

/* Goes on as far as it can. The question may be over, and gone, after it. */
static void step(struct lanes *ls, struct lanes_ask *a)
{
	uint64_t now = loop_now_ms(ls->loop);
	uint64_t local = local_free_at(ls, a, now);

	if (a->id && now < a->deadline_ms)
		return; /* the control plane has it */
	if (now >= a->deadline_ms) {
		bool away = wants_control(a) && !a->granted_ms && !ls->up;
		withdraw(ls, a);
		end(a, away ? RC_AWAY : RC_LIMIT, a->free_ms > local ? a->free_ms : local);
	} else if (local > a->deadline_ms) {
		end(a, RC_LIMIT, local);
	} else if (local > now) {
		a->next_ms = local;
	} else if (wants_control(a) && a->granted_ms <= now) {
		a->granted_ms = 0;
		put_question(ls, a, now);
	} else {
		local_take(ls, a, now);
		end(a, RC_OK, now);
	}
}

static void set_timer(struct lanes *ls)
{
	uint64_t at = UINT64_MAX;

	list_each (node, next, &ls->asks) {
		const struct lanes_ask *a = list_of(node, struct lanes_ask, node);
		at = a->next_ms < at ? a->next_ms : at;
	}
	loop_timer_at(ls->timer, at);
}

/* `done` may drop or add any other question: so the walk begins anew after each. */
static void step_due(struct lanes *ls, bool all)
{
	uint64_t now = loop_now_ms(ls->loop);
	struct list due;

	list_init(&due);
	list_each (node, next, &ls->asks) {
		if (all || list_of(node, struct lanes_ask, node)->next_ms <= now) {
			list_remove(node);
			list_append(&due, node);
		}
	}
	while (!list_empty(&due)) {
		struct lanes_ask *a = list_of(due.next, struct lanes_ask, node);
		list_remove(&a->node);
		list_append(&ls->asks, &a->node);
		step(ls, a);
	}
	set_timer(ls);
}

static void on_timer(void *ctx) { step_due(ctx, false); }

void lanes_ask(struct lanes *ls, struct lanes_ask *a)
{
	a->lanes = ls;
	a->id = 0;
	a->granted_ms = a->free_ms = a->next_ms = 0;
	a->busy = LANE_COUNT;
	list_append(&ls->asks, &a->node);
	step(ls, a);
	set_timer(ls);
}

void lanes_drop(struct lanes *ls, struct lanes_ask *a)
{
	if (a->lanes != ls)
		return;
	withdraw(ls, a);
	list_remove(&a->node);
	a->lanes = NULL;
}

static void on_grant(struct lanes *ls, const struct tunnel_msg_lane_grant *m)
{
	uint64_t now = loop_now_ms(ls->loop);

	list_each (node, next, &ls->asks) {
		struct lanes_ask *a = list_of(node, struct lanes_ask, node);
		if (a->id != m->id)
			continue;
		a->id = 0;
		if (m->granted) {
			a->granted_ms = now + m->valid_ms;
			step(ls, a);
		} else {
			a->free_ms = now + m->again_ms;
			a->busy = m->lane ? lane_find(m->lane) : LANE_COUNT;
			a->next_ms = a->free_ms;
			if (a->free_ms >= a->deadline_ms)
				end(a, RC_LIMIT, a->free_ms);
		}
		break;
	}
	set_timer(ls);
}

/* ---- pauses ---- */

static void tell(struct lanes *ls, struct told *t)
{
	const struct tunnel_msg m = { .type = TUNNEL_MSG_LANE_COOL,
		.lane_cool = { .id = t->id,
			.lane = lane_kinds[t->lane].name,
			.key = t->key,
			.for_ms = t->for_ms,
			.reason = t->reason } };
	t->sent = ls->up && uplink_run_send(ls->uplink, &m) == RC_OK;
}

/* Who waits for it is told; the pause stays until the control plane has it. */
static void let_go(struct told *t, enum rc rc)
{
	struct lanes_pause *owner = take(t->owner);
	if (owner)
		owner->done(owner, rc);
}

static void forget(struct lanes *ls, struct told *t)
{
	list_remove(&t->node);
	ls->pauses_n--;
	free(t);
}

void lanes_pause_ask(struct lanes *ls, struct lanes_pause *p)
{
	if (is_local(&p->want)) {
		struct bucket *b = bucket_of(ls, p->want.lane, p->want.key);
		if (b)
			lane_cool(&b->is, &ls->kinds[p->want.lane], p->for_ms, (int64_t)loop_now_ms(ls->loop));
		p->done(p, b ? RC_OK : RC_NOMEM);
		return;
	}
	struct told *t = ls->pauses_n < LANES_PAUSES_MAX ? calloc(1, sizeof(*t)) : NULL;
	if (!t) {
		p->done(p, RC_OVERLOADED);
		return;
	}
	*t = (struct told){ .owner = p, .id = ++ls->last_id, .lane = p->want.lane, .for_ms = p->for_ms };
	snprintf(t->key, sizeof(t->key), "%s", p->want.key);
	snprintf(t->reason, sizeof(t->reason), "%s", p->reason ? p->reason : "throttled");
	list_append(&ls->pauses, &t->node);
	ls->pauses_n++;
	tell(ls, t);
	if (!t->sent)
		let_go(t, RC_AWAY);
}

void lanes_pause_drop(struct lanes *ls, struct lanes_pause *p)
{
	list_each (node, next, &ls->pauses) {
		struct told *t = list_of(node, struct told, node);
		if (t->owner == p)
			t->owner = NULL;
	}
}

static void on_cooled(struct lanes *ls, int64_t id)
{
	list_each (node, next, &ls->pauses) {
		struct told *t = list_of(node, struct told, node);
		if (t->id != id)
			continue;
		struct lanes_pause *owner = take(t->owner);
		forget(ls, t);
		if (owner)
			owner->done(owner, RC_OK);
		return;
	}
}

/* ---- the connection ---- */

bool lanes_message(struct lanes *ls, const struct tunnel_msg *m)
{
	if (m->type == TUNNEL_MSG_LANE_GRANT)
		on_grant(ls, &m->lane_grant);
	else if (m->type == TUNNEL_MSG_LANE_COOLED)
		on_cooled(ls, m->lane_cooled.id);
	return m->type == TUNNEL_MSG_LANE_GRANT || m->type == TUNNEL_MSG_LANE_COOLED;
}

void lanes_attach(struct lanes *ls, struct uplink_run *u) { ls->uplink = u; }

void lanes_up(struct lanes *ls)
{
	ls->up = true;
	list_each (node, next, &ls->pauses) /* before any question */
		tell(ls, list_of(node, struct told, node));
	step_due(ls, true);
}

void lanes_down(struct lanes *ls)
{
	struct list all;

	ls->up = false;
	list_each (node, next, &ls->asks) {
		struct lanes_ask *a = list_of(node, struct lanes_ask, node);
		a->id = 0;
		a->granted_ms = 0;
		a->next_ms = a->deadline_ms;
	}
	list_init(&all);
	list_each (node, next, &ls->pauses) {
		list_remove(node);
		list_append(&all, node);
	}
	while (!list_empty(&all)) {
		struct told *t = list_of(all.next, struct told, node);
		list_remove(&t->node);
		list_append(&ls->pauses, &t->node);
		t->sent = false;
		let_go(t, RC_AWAY);
	}
	set_timer(ls);
}

/* ---- workers ---- */

struct taking {
	struct call call;
	struct lanes *lanes;
	struct lanes_ask ask;
};

static struct taking *taking_of(struct call *c) { return list_of(c, struct taking, call); }

static void on_taken(struct lanes_ask *a, enum rc rc, uint64_t free_ms)
{
	struct taking *t = list_of(a, struct taking, ask);
	const char *name = a->busy < LANE_COUNT ? lane_kinds[a->busy].name : lane_kinds[a->wants[0].lane].name;
	char when[WHEN_MAX], why[160];

	if (rc != RC_LIMIT) {
		call_answer(&t->call, rc,
			rc == RC_OK ? NULL : "the control plane is away, and grants no calls to Steam");
		return;
	}
	uint64_t now = loop_now_ms(t->lanes->loop);
	when_text(when, clock_wall_ms() + (int64_t)(free_ms > now ? free_ms - now : 0));
	snprintf(why, sizeof(why), "lane %s is busy until %s", name, when);
	call_answer(&t->call, rc, why);
}

static void begin_taking(struct call *c) { lanes_ask(taking_of(c)->lanes, &taking_of(c)->ask); }

static void stop_taking(struct call *c)
{
	struct taking *t = taking_of(c);
	lanes_drop(t->lanes, &t->ask);
	call_answer(c, c->rc, NULL);
}

enum rc lanes_take(struct lanes *ls, const struct lanes_wish *wish, struct fault *f)
{
	struct taking t = { .lanes = ls,
		.ask = { .wants_n = wish->n,
			.priority = wish->priority,
			.deadline_ms = wish->deadline_ms,
			.done = on_taken },
		.call = { .begin = begin_taking,
			.give_up = stop_taking,
			.deadline_ms =
				wish->deadline_ms + RETRY_MS, /* the question ends by itself, with better words */
			.scope = wish->scope } };

	if (wish->n == 0)
		return RC_OK;
	if (wish->n > LANES_WANTS_MAX)
		return fault_set(
			f, RC_INTERNAL, "a call draws on %u lanes, at most %d are asked", wish->n, LANES_WANTS_MAX);
	memcpy(t.ask.wants, wish->wants, wish->n * sizeof(*wish->wants));
	list_init(&t.ask.node);
	return call_wait(ls->loop, &t.call, f);
}

struct pausing {
	struct call call;
	struct lanes *lanes;
	struct lanes_pause pause;
};

static struct pausing *pausing_of(struct call *c) { return list_of(c, struct pausing, call); }

static void on_paused(struct lanes_pause *p, enum rc rc)
{
	call_answer(&list_of(p, struct pausing, pause)->call, rc, NULL);
}

static void begin_pausing(struct call *c) { lanes_pause_ask(pausing_of(c)->lanes, &pausing_of(c)->pause); }

static void stop_pausing(struct call *c)
{
	lanes_pause_drop(pausing_of(c)->lanes, &pausing_of(c)->pause);
	call_answer(c, c->rc, NULL);
}

enum rc lanes_pause(struct lanes *ls, const struct lane_want *want, uint32_t for_ms, const char *reason,
	uint64_t deadline_ms, struct call_scope *scope)
{
	struct pausing p = { .lanes = ls,
		.pause = { .want = *want, .for_ms = for_ms, .reason = reason, .done = on_paused },
		.call = { .begin = begin_pausing,
			.give_up = stop_pausing,
			.deadline_ms = deadline_ms,
			.scope = scope } };
	return call_wait(ls->loop, &p.call, NULL);
}

/* ---- life ---- */

enum rc lanes_new(struct loop *l, const struct log *log, struct lanes **ret_lanes, struct fault *f)
{
	auto_of(lanes) struct lanes *ls = calloc(1, sizeof(*ls));
	if (!ls)
		return RC_NOMEM;
	ls->loop = l;
	ls->log = log;
	list_init(&ls->asks);
	list_init(&ls->pauses);
	lanes_limits(ls, lane_kinds);
	if (loop_timer_new(l, on_timer, ls, &ls->timer) != RC_OK)
		return fault_set(f, RC_NOMEM, "no timer for rate lanes");
	*ret_lanes = take(ls);
	return RC_OK;
}

void lanes_limits(struct lanes *ls, const struct lane_kind *kinds) { memcpy(ls->kinds, kinds, sizeof(ls->kinds)); }

void lanes_free(struct lanes *ls)
{
	if (!ls)
		return;
	list_each (node, next, &ls->pauses)
		free(list_of(node, struct told, node));
	struct map_walk w = map_walk(&ls->buckets);
	for (struct bucket *b; (b = map_next(&w));)
		free(map_take(&ls->buckets, b->name));
	map_done(&ls->buckets);
	loop_timer_free(ls->timer);
	free(ls);
}
