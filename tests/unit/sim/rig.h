/* rig: our client machine on one end and a simulated connection manager on the other, without a socket, on a clock of our own. */
#pragma once
#include "flow/steam_session.h"
#include "sim/cm/cm.h"
#include "sim/load.h"
#include "tests/unit/check.h"

struct rig {
	struct sim sim;
	struct log log;
	struct steam_cms *cms;
	struct steam_session *session;
	struct cm *cm; /* NULL: not connected */
	uint32_t conn;
	uint64_t now_ms;
	struct steam_call *answers[64]; /* in the order they came; the taker frees */
	unsigned answers_n, logons;
	char why[STEAM_SESSION_WHY_MAX]; /* of the last state */
};

static inline void rig_write(void *to, const char *line, size_t n) { (void)to, (void)line, (void)n; }
static inline int64_t rig_time(void) { return 0; }

static inline void rig_init(struct rig *r, const char *world)
{
	static const char *const one[] = { "sim:1" };
	struct fault f = { 0 };
	*r = (struct rig){ .now_ms = 1000,
		.log = { .level = LOG_LEVEL_DEBUG, .now_ms = rig_time, .write = rig_write } };
	r->sim = (struct sim){ .log = &r->log, .heartbeat_s = 9, .part_bytes = 100000 };
	CHECK(world_load(&r->sim.world, world, &f) == RC_OK);
	r->cms = steam_cms_new();
	CHECK(r->cms && steam_cms_set(r->cms, one, 1, &f) == RC_OK);
	CHECK(steam_session_new(&(struct steam_session_conf){ .keep_cms = r->cms, .seed = 3 }, &r->session, &f) ==
		RC_OK);
	steam_session_start(r->session, r->now_ms);
}

static inline void rig_hang_up(struct rig *r)
{
	cm_free(r->cm);
	r->cm = NULL;
}

/* Carries out what the client wants. True when there was something. */
static inline bool rig_client(struct rig *r)
{
	struct steam_session_act a;
	if (!steam_session_next(r->session, &a))
		return false;
	switch (a.kind) {
	case STEAM_SESSION_CONNECT:
		CHECK(r->cm == NULL);
		r->conn = a.conn;
		r->logons++;
		r->cm = cm_new(&r->sim, sim_count(&r->sim, REQUEST_CONNECT), r->now_ms);
		steam_session_opened(r->session, r->now_ms, a.conn);
		break;
	case STEAM_SESSION_SEND:
		cm_feed(r->cm, r->now_ms, a.p, a.n);
		break;
	case STEAM_SESSION_CLOSE:
		rig_hang_up(r);
		break;
	case STEAM_SESSION_STATE:
		snprintf(r->why, sizeof(r->why), "%s", a.why);
		break;
	case STEAM_SESSION_ANSWER:
		CHECK(r->answers_n < 64);
		r->answers[r->answers_n++] = a.call;
		break;
	case STEAM_SESSION_PUSH:
		break;
	}
	return true;
}

static inline bool rig_server(struct rig *r)
{
	struct cm_act a;
	if (!r->cm || !cm_next(r->cm, r->now_ms, &a))
		return false;
	if (a.kind == CM_SEND) {
		steam_session_feed(r->session, r->now_ms, r->conn, a.p, a.n);
	} else {
		rig_hang_up(r);
		steam_session_closed(r->session, r->now_ms, r->conn, "closed by the server");
	}
	return true;
}

/* Lets both ends do what there is to do now. */
static inline void rig_settle(struct rig *r)
{
	while (rig_client(r) || rig_server(r))
		;
}

/* Lets time pass, from one moment at which something is due to the next. */
static inline void rig_until(struct rig *r, uint64_t at_ms)
{
	for (;;) {
		rig_settle(r);
		uint64_t due = steam_session_due(r->session), other = r->cm ? cm_due(r->cm) : UINT64_MAX;
		due = other < due ? other : due;
		if (due > at_ms)
			break;
		r->now_ms = due > r->now_ms ? due : r->now_ms;
		if (r->cm)
			cm_tick(r->cm, r->now_ms);
		steam_session_tick(r->session, r->now_ms);
	}
	r->now_ms = at_ms;
	if (r->cm)
		cm_tick(r->cm, r->now_ms);
	steam_session_tick(r->session, r->now_ms);
	rig_settle(r);
}

static inline void rig_pass(struct rig *r, uint64_t ms) { rig_until(r, r->now_ms + ms); }

static inline void rig_fault(struct rig *r, const char *rule)
{
	struct fault f = { 0 };
	CHECK(faults_add(&r->sim.faults, rule, &f) == RC_OK);
}

/* The oldest answer that has not been taken. */
static inline struct steam_call *rig_take(struct rig *r)
{
	CHECK(r->answers_n > 0);
	struct steam_call *c = r->answers[0];
	memmove(r->answers, r->answers + 1, --r->answers_n * sizeof(struct steam_call *));
	return c;
}

static inline void rig_done(struct rig *r)
{
	CHECK(r->answers_n == 0);
	rig_hang_up(r);
	steam_session_free(r->session);
	steam_cms_free(r->cms);
	sim_done(&r->sim);
}
