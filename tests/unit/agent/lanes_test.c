#include "agent/lanes.h"
#include "agent/uplink_run.h"
#include "base/log.h"
#include "io/call.h"
#include "io/loop.h"
#include "io/pool.h"
#include "wire/tunnel_msg.h"

#include "tests/unit/check.h"

#include <stdio.h>

/* In place of the tunnel: keeps what was sent. Whether it takes anything is the test's to say. */
static struct {
	struct tunnel_msg_lane_ask ask;
	struct tunnel_msg_lane first;
	size_t lanes, asks, drops, cools;
	int64_t dropped, cooled;
	char key[64], lane[64], reason[64];
	uint32_t for_ms;
	bool deaf;
} wire;

enum rc uplink_run_send(struct uplink_run *r, const struct tunnel_msg *m)
{
	(void)r;
	if (wire.deaf)
		return RC_OVERLOADED;
	if (m->type == TUNNEL_MSG_LANE_ASK) {
		wire.ask = m->lane_ask;
		wire.first = *(const struct tunnel_msg_lane *)m->lane_ask.lanes.at;
		wire.lanes = m->lane_ask.lanes.n;
		snprintf(wire.key, sizeof(wire.key), "%s", wire.first.key);
		snprintf(wire.lane, sizeof(wire.lane), "%s", wire.first.lane);
		wire.asks++;
	} else if (m->type == TUNNEL_MSG_LANE_DROP) {
		wire.dropped = m->lane_drop.id;
		wire.drops++;
	} else if (m->type == TUNNEL_MSG_LANE_COOL) {
		wire.cooled = m->lane_cool.id;
		wire.for_ms = m->lane_cool.for_ms;
		snprintf(wire.reason, sizeof(wire.reason), "%s", m->lane_cool.reason);
		wire.cools++;
	} else {
		CHECK(false);
	}
	return RC_OK;
}

static struct loop *loop;
static struct lanes *lanes;
static struct log nothing;

struct told {
	struct lanes_ask ask;
	int n;
	enum rc rc;
	uint64_t free_ms;
	bool ends; /* stops the loop */
};

static void note(struct lanes_ask *a, enum rc rc, uint64_t free_ms)
{
	struct told *t = list_of(a, struct told, ask);
	t->n++;
	t->rc = rc;
	t->free_ms = free_ms;
	if (t->ends)
		loop_stop(loop);
}

static struct told asks(enum lane lane, uint64_t wait_ms)
{
	return (struct told){ .ask = { .wants = { { "k1", lane, 0 } },
				      .wants_n = 1,
				      .priority = LANE_JOB,
				      .deadline_ms = loop_now_ms(loop) + wait_ms,
				      .done = note } };
}

static void grant(int64_t id, bool yes, uint32_t ms)
{
	const struct tunnel_msg m = { .type = TUNNEL_MSG_LANE_GRANT,
		.lane_grant = { .id = id, .granted = yes, .again_ms = ms, .valid_ms = ms, .lane = "cm.login" } };
	CHECK(lanes_message(lanes, &m));
}

static void away_and_back(void)
{
	struct told t = asks(LANE_CM_LOGIN, 60000), late = asks(LANE_CM_LOGIN, 30);

	lanes_ask(lanes, &t.ask);
	CHECK(t.n == 0 && wire.asks == 0); /* not up: nothing is granted, nothing is sent */
	late.ends = true;
	lanes_ask(lanes, &late.ask);
	loop_run(loop);
	CHECK(late.n == 1 && late.rc == RC_AWAY && t.n == 0);
	lanes_up(lanes);
	CHECK(wire.asks == 1 && wire.lanes == 1 && wire.ask.priority == LANE_JOB && wire.ask.wait_ms > 1000);
	CHECK_STR(wire.lane, "cm.login");
	CHECK_STR(wire.key, "k1");
	CHECK(wire.first.n == 1);
	int64_t old = wire.ask.id;
	lanes_down(lanes);
	grant(old, true, 10000); /* of a connection that is gone: nobody gets it */
	CHECK(t.n == 0);
	lanes_up(lanes);
	CHECK(wire.asks == 2 && wire.ask.id != old);
	grant(wire.ask.id, true, 10000);
	CHECK(t.n == 1 && t.rc == RC_OK);
	grant(wire.ask.id, true, 10000); /* twice is no more */
	CHECK(t.n == 1);
}

static void refused_and_dropped(void)
{
	struct told t = asks(LANE_CM_LOGIN, 5000);

	lanes_ask(lanes, &t.ask);
	grant(wire.ask.id, false, 6000);
	CHECK(t.n == 1 && t.rc == RC_LIMIT && t.free_ms >= t.ask.deadline_ms);
	t = asks(LANE_CM_LOGIN, 60000);
	lanes_ask(lanes, &t.ask);
	size_t before = wire.asks;
	grant(wire.ask.id, false, 0); /* it may ask again at once, and does so by its timer */
	CHECK(t.n == 0 && wire.asks == before);
	struct told end = asks(LANE_CM_LOGIN, 20);
	end.ends = true;
	lanes_ask(lanes, &end.ask);
	loop_run(loop);
	CHECK(end.n == 1 && end.rc == RC_LIMIT && wire.drops == 1); /* nobody answered: withdrawn */
	CHECK(wire.asks == before + 2);
	lanes_drop(lanes, &t.ask);
	CHECK(wire.drops == 2 && t.n == 0);
	lanes_drop(lanes, &t.ask);
	CHECK(wire.drops == 2);
}

static void of_a_session(void)
{
	struct told t[42];
	size_t before = wire.asks;
	int done = 0;

	for (int i = 0; i < 42; i++) {
		t[i] = asks(LANE_CM_JOB, 60000);
		t[i].ends = i == 41;
		lanes_ask(lanes, &t[i].ask);
		done += t[i].n;
	}
	CHECK(done >= 40 && wire.asks == before); /* the burst at once, the rest as they come back */
	if (!t[41].n)
		loop_run(loop);
	for (int i = 0; i < 42; i++)
		CHECK(t[i].n == 1 && t[i].rc == RC_OK);
	struct told other = asks(LANE_PICS_CHANGES, 60000), again = asks(LANE_PICS_CHANGES, 60000);
	struct told soon = asks(LANE_PICS_CHANGES, 1000);
	lanes_ask(lanes, &other.ask);
	lanes_ask(lanes, &again.ask);
	lanes_ask(lanes, &soon.ask);
	CHECK(other.n == 1 && other.rc == RC_OK && again.n == 0);
	CHECK(soon.n == 1 && soon.rc == RC_LIMIT && soon.free_ms > soon.ask.deadline_ms);
	lanes_drop(lanes, &again.ask);
}

/* All or none: what the session itself is short of is not asked of the control plane. */
static void both_kinds(void)
{
	struct told t = asks(LANE_CM_LOGIN, 60000);
	size_t before = wire.asks;

	t.ask.wants[1] = (struct lane_want){ "k2", LANE_PICS_CHANGES, 1 };
	t.ask.wants_n = 2;
	lanes_ask(lanes, &t.ask);
	CHECK(wire.asks == before + 1 && wire.lanes == 1 && t.n == 0);
	grant(wire.ask.id, true, 10000);
	CHECK(t.n == 1 && t.rc == RC_OK);
	t.n = 0;
	lanes_ask(lanes, &t.ask); /* pics.changes of k2 is used up */
	CHECK(wire.asks == before + 1 && t.n == 0);
	lanes_drop(lanes, &t.ask);
}

static int paused;
static enum rc paused_rc;
static void on_paused(struct lanes_pause *p, enum rc rc)
{
	(void)p;
	paused++;
	paused_rc = rc;
}

static void pauses(void)
{
	struct lanes_pause p = { .want = { "acc", LANE_STORE_REDEEM, 0 }, .for_ms = 77, .done = on_paused };
	const struct tunnel_msg cooled = { .type = TUNNEL_MSG_LANE_COOLED, .lane_cooled = { 0 } };
	struct tunnel_msg m = cooled;

	lanes_pause_ask(lanes, &p);
	CHECK(wire.cools == 1 && wire.for_ms == 77 && paused == 0); /* not before it is durable */
	CHECK_STR(wire.reason, "throttled");
	m.lane_cooled.id = wire.cooled;
	CHECK(lanes_message(lanes, &m) && paused == 1 && paused_rc == RC_OK);
	lanes_up(lanes);
	CHECK(wire.cools == 1);
	lanes_pause_ask(
		lanes, &p); /* the connection goes before the answer: told again, before anything is asked */
	struct told t = asks(LANE_STORE_REDEEM, 60000);
	lanes_ask(lanes, &t.ask);
	size_t before = wire.asks;
	lanes_down(lanes);
	CHECK(paused == 2 && paused_rc == RC_AWAY && wire.cools == 2);
	lanes_up(lanes);
	CHECK(wire.cools == 3 && wire.asks == before + 1 && wire.cooled < wire.ask.id);
	m.lane_cooled.id = wire.cooled;
	CHECK(lanes_message(lanes, &m) && paused == 2);
	lanes_drop(lanes, &t.ask);
	struct lanes_pause own = { .want = { "s9", LANE_CM_JOB, 0 }, .for_ms = 60000, .done = on_paused };
	lanes_pause_ask(lanes, &own);
	CHECK(paused == 3 && paused_rc == RC_OK && wire.cools == 3);
	t = asks(LANE_CM_JOB, 1000);
	t.ask.wants[0].key = "s9";
	lanes_ask(lanes, &t.ask);
	CHECK(t.n == 1 && t.rc == RC_LIMIT);
}

/* A worker's way: on its own thread, while the loop runs here. */
static struct worker {
	struct pool_job job;
	struct call_scope scope;
	enum rc taken, late, paused;
	struct fault fault;
} worker;

static void work(void *w, struct pool_job **jobs, size_t n)
{
	const struct lane_want want[] = { { "w", LANE_CM_JOB, 1 } }, far[] = { { "w", LANE_STORE_FREE, 1 } };
	const struct lane_want own = { "w", LANE_PICS_INFO, 1 };

	(void)w;
	(void)jobs;
	(void)n;
	uint64_t now = loop_now_ms(loop);
	worker.taken = lanes_take(
		lanes, &(struct lanes_wish){ want, 1, LANE_JOB, now + 10000, &worker.scope }, &worker.fault);
	worker.paused = lanes_pause(lanes, &own, 60000, "test", now + 10000, &worker.scope);
	worker.late =
		lanes_take(lanes, &(struct lanes_wish){ far, 1, LANE_JOB, now + 20, &worker.scope }, &worker.fault);
	loop_stop(loop);
}

static void by_a_worker(void)
{
	const struct pool_conf conf = { .name = "w", .threads = 1, .batch_max = 1, .queue_max = 1, .run = work };
	struct pool *p = NULL;

	CHECK(pool_new(&conf, &p, NULL) == RC_OK && pool_push(p, &worker.job) == RC_OK);
	loop_run(loop);
	pool_free(p);
	CHECK(worker.taken == RC_OK && worker.paused == RC_OK && worker.late == RC_LIMIT);
	CHECK(!strncmp(worker.fault.text, "lane store.free is busy until 20", 32));
}

int main(void)
{
	CHECK(loop_new(&nothing, &loop, NULL) == RC_OK);
	CHECK(lanes_new(loop, &nothing, &lanes, NULL) == RC_OK);
	lanes_attach(lanes, NULL);
	away_and_back();
	refused_and_dropped();
	of_a_session();
	both_kinds();
	pauses();
	by_a_worker();
	lanes_free(lanes);
	loop_free(loop);
	return 0;
}
