/* The lanes that a logon has to pass, and the pauses that Steam asks for. */
#include "agent/lanes.h"
#include "agent/session.h"

#include <stdio.h>

#define LANES_MS 600000 /* a logon waits so long for its turn; what is farther away is a pause */

struct session_gate {
	struct session *session;
	struct lanes_ask ask;
	bool asking;
	struct lanes_pause pauses[2];
	unsigned pausing;
	char reason[24];
};

static struct session_gate *need_gate(struct session *s)
{
	if (!s->gate && (s->gate = calloc(1, sizeof(*s->gate))))
		s->gate->session = s;
	return s->gate;
}

static void tidy(struct session *s)
{
	if (s->gate && !s->gate->asking && s->gate->pausing == 0)
		free(take(s->gate));
}

static void on_lanes(struct lanes_ask *a, enum rc rc, uint64_t free_ms)
{
	struct session_gate *g = list_of(a, struct session_gate, ask);
	struct session *s = g->session;

	g->asking = false;
	tidy(s);
	bot_lanes(s->bot, session_now(s), rc == RC_OK, rc != RC_OK && rc != RC_LIMIT, free_ms);
	session_pump(s);
}

void session_gate_ask(struct session *s)
{
	const char *egress = session_egress_id(s);
	struct session_gate *g = need_gate(s);

	if (!g) {
		bot_lanes(s->bot, session_now(s), false, true, 0);
		return;
	}
	if (g->asking)
		return;
	g->ask = (struct lanes_ask){ .wants = { { .lane = LANE_CM_CONNECT, .key = egress },
					     { .lane = LANE_CM_LOGIN, .key = egress },
					     { .lane = LANE_CM_LOGIN_ACCOUNT, .key = s->account_id } },
		.wants_n = session_is_own(s) ? 2 : 3,
		.priority = LANE_JOB,
		.deadline_ms = session_now(s) + LANES_MS,
		.done = on_lanes };
	g->asking = true;
	lanes_ask(s->all->conf.lanes, &g->ask);
}

static void paused(struct session_gate *g)
{
	struct session *s = g->session;

	if (--g->pausing > 0)
		return;
	tidy(s);
	bot_paused(s->bot, session_now(s));
	session_pump(s);
}

/* When the control plane is away, the pause is kept here and told before any lane is asked for again. */
static void on_pause_0(struct lanes_pause *p, enum rc rc)
{
	(void)rc;
	paused(list_of(p, struct session_gate, pauses[0]));
}
static void on_pause_1(struct lanes_pause *p, enum rc rc)
{
	(void)rc;
	paused(list_of(p, struct session_gate, pauses[1]));
}

void session_gate_pause(struct session *s, int32_t eresult)
{
	struct session_gate *g = need_gate(s);

	if (!g) {
		bot_paused(s->bot, session_now(s));
		return;
	}
	if (g->pausing > 0)
		return;
	snprintf(g->reason, sizeof(g->reason), "eresult_%d", (int)eresult);
	g->pauses[0] = (struct lanes_pause){ .want = { .lane = LANE_CM_LOGIN, .key = session_egress_id(s) },
		.reason = g->reason,
		.done = on_pause_0 };
	g->pauses[1] = (struct lanes_pause){ .want = { .lane = LANE_CM_LOGIN_ACCOUNT, .key = s->account_id },
		.reason = g->reason,
		.done = on_pause_1 };
	unsigned n = session_is_own(s) ? 1 : 2;
	g->pausing = n; /* `done` may come at once */
	for (unsigned i = 0; i < n; i++)
		lanes_pause_ask(s->all->conf.lanes, &g->pauses[i]);
}

void session_gate_free(struct session *s)
{
	struct session_gate *g = take(s->gate);

	if (!g)
		return;
	if (g->asking)
		lanes_drop(s->all->conf.lanes, &g->ask);
	for (unsigned i = 0; i < 2 && g->pausing > 0; i++)
		lanes_pause_drop(s->all->conf.lanes, &g->pauses[i]);
	free(g);
}

void session_gate_reset(struct session *s)
{
	bool asking = s->gate && s->gate->asking, pausing = s->gate && s->gate->pausing > 0;

	session_gate_free(s);
	if (asking)
		bot_lanes(s->bot, session_now(s), false, true, 0);
	if (pausing)
		bot_paused(s->bot, session_now(s));
}
