#include "proof/steam.h"
#include "base/map.h"
#include "proof/net.h"
#include "proof/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct steam_mood steam_mood;
struct machine steam_machine;
uint64_t steam_effects, steam_asks;

/* One task in the ledger. */
struct entry {
	char task[64];
	enum task_class class;
	bool late;
	unsigned effects, denied; /* denied: a probe was told "not done" */
};

/* An account: who may speak for it by Steam's book (session), and by ours (who). */
struct account {
	char id[64];
	struct session *session;
	int64_t epoch;
	const struct machine *who;
};

struct session {
	struct net_end *end;
	struct account *account;
	bool replaced;
	uint64_t last_us;
};

/* A question in its session's queue. */
struct ask {
	struct session *session;
	struct steam_msg msg;
	bool late;
};

static struct map ledger;
static struct account accounts[STEAM_ACCOUNTS];

static struct entry *entry_of(const struct steam_msg *m)
{
	struct entry *e = map_get(&ledger, m->task);

	if (e)
		return e;
	e = calloc(1, sizeof(*e));
	if (!e)
		abort();
	snprintf(e->task, sizeof(e->task), "%s", m->task);
	e->class = m->class;
	if (map_put(&ledger, e->task, e) != RC_OK)
		abort();
	return e;
}

bool steam_was_late(const char *task)
{
	const struct entry *e = map_get(&ledger, task);
	return e && e->late;
}

unsigned steam_count(const char *task)
{
	const struct entry *e = map_get(&ledger, task);
	return e ? e->effects : 0;
}

static struct account *account_of(const char *id)
{
	for (size_t i = 0; i < STEAM_ACCOUNTS; i++) {
		if (!*accounts[i].id)
			snprintf(accounts[i].id, sizeof(accounts[i].id), "%s", id);
		if (!strcmp(accounts[i].id, id))
			return &accounts[i];
	}
	abort();
}

/* I10: once the next has spoken, nobody speaks under an older epoch. */
void steam_will_act(const struct machine *agent, const struct steam_msg *m)
{
	struct account *a = account_of(m->account);

	if (m->epoch < a->epoch && a->who != agent)
		sim_break("I10: %s acts for %s under epoch %lld, while %s has it under %lld", agent->name,
			m->account, (long long)m->epoch, a->who ? a->who->name : "-", (long long)a->epoch);
	if (m->epoch >= a->epoch) {
		a->epoch = m->epoch;
		a->who = agent;
	}
}

/* I3: the ledger judges. */
static void have_effect(const struct steam_msg *m)
{
	struct entry *e = entry_of(m);

	e->effects++;
	steam_effects++;
	sim_note(3, e->effects);
	sim_say("Steam did %s, %s, time %u", m->task, task_class_words[m->class], e->effects);
	if (m->class == TASK_ONCE && e->effects > 1)
		sim_break("I3: task %s of class once had its effect %u times", m->task, e->effects);
	if (m->class == TASK_GUARDED && e->effects > 1 + e->denied)
		sim_break("I3: guarded task %s had its effect %u times, and a probe was told \"not done\" %u times",
			m->task, e->effects, e->denied);
}

static enum steam_verdict judge(const struct steam_msg *m)
{
	if (m->word == STEAM_PROBE) {
		struct entry *e = entry_of(m);
		if (e->effects)
			return STEAM_DONE;
		e->denied++;
		return STEAM_NOT_DONE;
	}
	if (sim_chance(steam_mood.throttles))
		return STEAM_THROTTLED;
	if (sim_chance(steam_mood.refuses))
		return STEAM_REFUSED;
	if (m->class != TASK_READ)
		have_effect(m);
	return STEAM_DONE;
}

static void say(struct net_end *e, const struct steam_msg *m)
{
	struct net_note *n = net_note_new(NET_BYTES);
	buf_put(&n->body, m, sizeof(*m));
	net_send(e, n);
}

static void on_turn(void *a, uint64_t b)
{
	struct ask *k = a;
	struct session *s = k->session;
	(void)b;

	sim.as = &steam_machine;
	if (!s->replaced || k->late) {
		steam_asks++;
		if (k->late)
			entry_of(&k->msg)->late = true;
		k->msg.verdict = judge(&k->msg);
		k->msg.word = STEAM_ANSWER;
		if (!s->end->gone && !sim_chance(steam_mood.loses))
			say(s->end, &k->msg);
	}
	sim.as = NULL;
	free(k);
}

static void got(void *ctx, struct net_end *e, const struct net_note *n)
{
	struct session *s = ctx;

	if (n->kind != NET_BYTES) {
		net_close(e);
		return;
	}
	struct ask *k = calloc(1, sizeof(*k));
	if (!k)
		abort();
	k->session = s;
	memcpy(&k->msg, n->body.p, sizeof(k->msg));
	if (k->msg.word == STEAM_PING) {
		say(e, &k->msg);
		free(k);
		return;
	}
	uint64_t at = sim.now_us + sim_between(500, steam_mood.most_us ? steam_mood.most_us : 20 * SIM_MS);
	if (at < s->last_us)
		at = s->last_us;
	k->late = steam_mood.late && k->msg.class == TASK_GUARDED && sim_chance(steam_mood.late);
	if (k->late)
		at += sim_between(1, 20) * SIM_SECOND;
	else
		s->last_us = at;
	sim_at(at, on_turn, k, 0);
}

static void lost(void *ctx, struct net_end *e, const char *why) { (void)ctx, (void)e, (void)why; }

static void come(void *ctx, struct net_end *e, const struct net_note *ask)
{
	struct session *s = calloc(1, sizeof(*s));
	struct steam_msg m;
	(void)ctx;

	if (!s)
		abort();
	memcpy(&m, ask->body.p, sizeof(m));
	s->end = e;
	s->account = account_of(m.account);
	e->on = (struct net_on){ .ctx = s, .got = got, .lost = lost };
	if (steam_mood.away) {
		net_abort(e);
		return;
	}
	struct session *old = s->account->session;
	s->account->session = s;
	if (old) {
		old->replaced = true;
		if (!old->end->gone) {
			struct net_note *n = net_note_new(NET_SHUT);
			n->text = strdup("replaced");
			net_send(old->end, n);
			net_close(old->end);
		}
	}
	m.word = STEAM_ONLINE;
	say(e, &m);
}

static void boot(struct machine *m) { (void)m; }

void steam_init(void)
{
	static struct net_door door = { .come = come };
	machine_init(&steam_machine, "steam", boot);
	net_machine(&steam_machine);
	steam_machine.up = true;
	steam_machine.life = 1;
	steam_machine.door = &door;
}
