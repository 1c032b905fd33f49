/*
 * An agent's sessions with the simulated Steam. The real ones (agent/session*, flow/bot) speak Steam's protocol and have tests of
 * their own; here is what the control plane sees of them: BOT and BOT_GONE with their epochs, reports, and the fence.
 */
#include "proof/sessions.h"
#include "agent/identity.h"
#include "agent/reports.h"
#include "agent/sessions.h"
#include "agent/uplink_run.h"
#include "agent/work.h"
#include "base/log.h"
#include "base/map.h"
#include "model/account.h"
#include "proof/check.h"
#include "proof/nemesis.h"
#include "proof/net.h"
#include "proof/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MS  700
#define ANSWER_MS 10000 /* Steam may take for an answer */
#define PING_MS   3000
#define DEAD_MS   8000 /* a line that is silent for so long is given up */

#define OLD 16

/* An attempt that ran here, for an agent that says old things again. */
struct old {
	char task[64], nonce[64];
	uint32_t attempt;
};

struct sessions {
	struct sessions_conf conf;
	struct uplink_run *uplink; /* of the last task; NULL: none yet */
	struct old old[OLD];
	size_t old_n;
	struct map accounts;
	struct list early; /* asks for accounts that are on their way */
	bool stopping;
	uint64_t ids;
};

struct session {
	struct sessions *all;
	char id[64];
	int64_t epoch, generation;
	enum account_state state;
	bool wanted, leaving;
	struct net_end *line;     /* NULL: none */
	struct loop_timer *timer; /* of the next connection, or of the line */
	uint64_t heard_ms;
	struct list asks;
};

/* What a worker asks; on its stack. */
struct asked {
	struct call call;
	struct list node; /* session.asks, or sessions.early */
	struct sessions *sessions;
	struct session *at;
	const char *account_id;
	const struct work *work;
	struct steam_msg msg;
	bool sent;
	enum steam_verdict verdict;
};

static void connect_line(struct session *s);

static void tell_state(struct session *s, enum account_state state, const char *why)
{
	char text[256];

	if (s->state == state)
		return;
	s->state = state;
	sim_say("session of %s is %s", s->id, account_state_words[state]);
	snprintf(text, sizeof(text),
		"{\"state\":\"%s\",\"reason\":\"%s\",\"generation\":%" PRId64 ",\"epoch\":%" PRId64 "}",
		account_state_words[state], why, s->generation, s->epoch);
	reports_add(s->all->conf.reports, "account.state_changed", s->id, text);
}

static void tell_begun(struct session *s)
{
	char text[128];
	snprintf(text, sizeof(text), "{\"generation\":%" PRId64 ",\"epoch\":%" PRId64 "}", s->generation, s->epoch);
	reports_add(s->all->conf.reports, "account.begun", s->id, text);
}

static void answer(struct asked *a, enum rc rc, const char *why)
{
	list_remove(&a->node);
	a->at = NULL;
	call_answer(&a->call, rc, why);
}

static void answer_all(struct session *s, bool sent_only, const char *why)
{
	list_each (at, next, &s->asks) {
		struct asked *a = list_of(at, struct asked, node);
		if (a->sent || !sent_only)
			answer(a, RC_AWAY, why);
	}
}

static void send_ask(struct session *s, struct asked *a)
{
	a->msg.epoch = s->epoch;
	a->msg.id = ++s->all->ids;
	snprintf(a->msg.account, sizeof(a->msg.account), "%s", s->id);
	steam_will_act(sim_me(), &a->msg);
	struct net_note *n = net_note_new(NET_BYTES);
	buf_put(&n->body, &a->msg, sizeof(a->msg));
	a->sent = true;
	net_send(s->line, n);
}

static void send_waiting(struct session *s)
{
	list_each (at, next, &s->asks) {
		struct asked *a = list_of(at, struct asked, node);
		if (!a->sent)
			send_ask(s, a);
	}
}

static void drop_line(struct session *s)
{
	if (s->line) {
		net_abort(s->line);
		s->line->on = (struct net_on){ 0 };
	}
	s->line = NULL;
	loop_timer_at(s->timer, UINT64_MAX);
	answer_all(s, true, "the connection to Steam was lost");
}

static void forget(struct session *s)
{
	drop_line(s);
	tell_state(s, ACCOUNT_OFFLINE, "left");
	answer_all(s, false, "the account is no longer this agent's");
	map_take(&s->all->accounts, s->id);
	loop_timer_free(s->timer);
	free(s);
}

static void lost(struct session *s, const char *why)
{
	s->line = NULL;
	answer_all(s, true, why);
	tell_state(s, ACCOUNT_RECONNECTING, "lost");
	loop_timer_at(s->timer, loop_now_ms(s->all->conf.loop) + RETRY_MS);
}

static void on_got(void *ctx, struct net_end *e, const struct net_note *n)
{
	struct session *s = ctx;
	struct steam_msg m;

	if (n->kind == NET_SHUT) {
		net_close(e);
		lost(s, "Steam ended the session");
		return;
	}
	memcpy(&m, n->body.p, sizeof(m));
	s->heard_ms = loop_now_ms(s->all->conf.loop);
	if (m.word == STEAM_ONLINE) {
		tell_state(s, ACCOUNT_ONLINE, "");
		send_waiting(s);
		return;
	}
	list_each (at, next, &s->asks) {
		struct asked *a = list_of(at, struct asked, node);
		if (!a->sent || a->msg.id != m.id)
			continue;
		a->verdict = m.verdict;
		answer(a, RC_OK, NULL);
	}
}

static void on_lost(void *ctx, struct net_end *e, const char *why)
{
	struct session *s = ctx;
	if (s->line == e)
		lost(s, why);
}

static void connect_line(struct session *s)
{
	const struct net_on on = { .ctx = s, .got = on_got, .lost = on_lost };
	struct net_note *n = net_note_new(NET_ASK);
	struct steam_msg m = { .word = STEAM_LOGON, .epoch = s->epoch };

	snprintf(m.account, sizeof(m.account), "%s", s->id);
	steam_will_act(sim_me(), &m);
	buf_put(&n->body, &m, sizeof(m));
	n->upgrade = true;
	tell_state(s, ACCOUNT_CONNECTING, "");
	tell_state(s, ACCOUNT_AUTHENTICATING, "");
	s->line = net_dial(sim_me(), "steam", n, s->all->conf.loop, &on);
	s->heard_ms = loop_now_ms(s->all->conf.loop);
	loop_timer_at(s->timer, s->heard_ms + PING_MS);
}

static void remember(struct sessions *ss, const struct work *w)
{
	struct old *o = &ss->old[ss->old_n++ % OLD];

	ss->uplink = w->uplink;
	o->attempt = w->task.attempt;
	snprintf(o->task, sizeof(o->task), "%s", w->task.task_id);
	snprintf(o->nonce, sizeof(o->nonce), "%s", w->nonce);
}

/* The result of an attempt that was given up long ago comes once more. */
static void say_old(struct sessions *ss)
{
	for (size_t i = 0; i < OLD; i++) {
		const struct old *o = &ss->old[i];
		if (!o->attempt || check_newest(o->task) <= o->attempt || !nemesis_lies())
			continue;
		const struct tunnel_msg m = { .type = TUNNEL_MSG_RESULT,
			.result = { .task_id = o->task,
				.nonce = o->nonce,
				.attempt = o->attempt,
				.outcome = TUNNEL_MSG_SUCCEEDED,
				.result = "{}",
				.result_n = 2 } };
		enum rc rc = uplink_run_send(ss->uplink, &m);
		sim_say("says the old result of attempt %u of %s again: %s", o->attempt, o->task, rc_title(rc));
	}
}

static void on_timer(void *ctx)
{
	struct session *s = ctx;
	uint64_t now = loop_now_ms(s->all->conf.loop);

	if (s->all->uplink)
		say_old(s->all);

	if (!s->wanted)
		return;
	if (!s->line) {
		connect_line(s);
		return;
	}
	if (now - s->heard_ms >= DEAD_MS) {
		drop_line(s);
		lost(s, "Steam is silent");
		return;
	}
	const struct steam_msg m = { .word = STEAM_PING };
	struct net_note *n = net_note_new(NET_BYTES);
	buf_put(&n->body, &m, sizeof(m));
	net_send(s->line, n);
	loop_timer_at(s->timer, now + PING_MS);
}

/* ---- what workers ask ---- */

static void place(struct session *s, struct asked *a)
{
	if (!s->wanted) {
		call_answer(&a->call, RC_AWAY, "the account has no session here");
		return;
	}
	a->at = s;
	list_append(&s->asks, &a->node);
	if (s->state == ACCOUNT_ONLINE)
		send_ask(s, a);
}

static void begin(struct call *call)
{
	struct asked *a = list_of(call, struct asked, call);
	struct session *s = map_get(&a->sessions->accounts, a->account_id);

	list_init(&a->node);
	remember(a->sessions, a->work);
	say_old(a->sessions);
	if (s)
		place(s, a);
	else
		list_append(&a->sessions->early, &a->node);
}

static void give_up(struct call *call) { answer(list_of(call, struct asked, call), call->rc, NULL); }

enum rc sessions_say(struct action_task *t, enum steam_word word, enum task_class class, enum steam_verdict *ret,
	bool *ret_sent, struct fault *f)
{
	uint64_t until = machine_mono(sim_me()) / SIM_MS + ANSWER_MS;
	struct asked a = { .call = { .begin = begin,
				   .give_up = give_up,
				   .deadline_ms = until < t->deadline_ms ? until : t->deadline_ms,
				   .scope = t->scope },
		.sessions = t->sessions,
		.account_id = t->account_id,
		.work = t->work,
		.msg = { .word = word, .class = class } };

	snprintf(a.msg.task, sizeof(a.msg.task), "%s", t->work->task.task_id);
	enum rc rc = call_wait(t->sessions->conf.loop, &a.call, f);
	*ret = a.verdict;
	*ret_sent = a.sent;
	return rc;
}

/* The lanes ask for the egress alone. */
static void egress_begin_call(struct call *call)
{
	struct sessions_call *c = list_of(call, struct sessions_call, call);
	snprintf(c->web->egress_id, sizeof(c->web->egress_id), "%s", c->sessions->conf.identity->agent_id);
	call_answer(call, RC_OK, NULL);
}

static void egress_give_up(struct call *call) { call_answer(call, call->rc, NULL); }

enum rc sessions_do(struct sessions *ss, struct sessions_call *c, struct fault *f)
{
	if (c->want != SESSIONS_EGRESS)
		return fault_set(f, RC_INTERNAL, "not simulated");
	c->sessions = ss;
	c->call.begin = egress_begin_call;
	c->call.give_up = egress_give_up;
	c->call.deadline_ms = c->deadline_ms;
	c->call.scope = c->scope;
	return call_wait(ss->conf.loop, &c->call, f);
}

/* ---- what the control plane says ---- */

static void take_bot(struct sessions *ss, const struct tunnel_msg_bot *m)
{
	struct session *s = map_get(&ss->accounts, m->account_id);
	bool fresh = !s;

	sim_say("BOT %s epoch %lld mode %s", m->account_id, (long long)m->epoch, m->mode);
	if (fresh) {
		s = calloc(1, sizeof(*s));
		if (!s || loop_timer_new(ss->conf.loop, on_timer, s, &s->timer) != RC_OK)
			abort();
		s->all = ss;
		s->state = ACCOUNT_OFFLINE;
		list_init(&s->asks);
		snprintf(s->id, sizeof(s->id), "%s", m->account_id);
		if (map_put(&ss->accounts, s->id, s) != RC_OK)
			abort();
	}
	if (m->epoch < s->epoch)
		return;
	s->epoch = m->epoch;
	s->generation = m->generation;
	s->leaving = false;
	if (fresh)
		tell_begun(s);
	s->wanted = strcmp(m->mode, "offline") != 0;
	if (!s->wanted) {
		drop_line(s);
		tell_state(s, ACCOUNT_OFFLINE, "unwanted");
		answer_all(s, false, "the account is wanted offline");
	} else if (!s->line) {
		connect_line(s);
	}
	list_each (at, next, &ss->early) {
		struct asked *a = list_of(at, struct asked, node);
		if (strcmp(a->account_id, s->id) != 0)
			continue;
		list_remove(&a->node);
		place(s, a);
	}
}

bool sessions_message(struct sessions *ss, const struct tunnel_msg *m)
{
	if (m->type == TUNNEL_MSG_BOT && !ss->stopping) {
		take_bot(ss, &m->bot);
		return true;
	}
	if (m->type == TUNNEL_MSG_BOT_GONE) {
		sim_say("BOT_GONE %s epoch %lld", m->bot_gone.account_id, (long long)m->bot_gone.epoch);
		struct session *s = map_get(&ss->accounts, m->bot_gone.account_id);
		if (s && m->bot_gone.epoch >= s->epoch)
			forget(s);
		return true;
	}
	return m->type == TUNNEL_MSG_BOT || m->type == TUNNEL_MSG_ANSWER;
}

void sessions_fence(struct sessions *ss)
{
	struct map_walk w = map_walk(&ss->accounts);

	log_warn(ss->conf.log, "leases cannot be renewed: accounts are taken off accounts=%zu",
		map_count(&ss->accounts));
	for (struct session *s; (s = map_next(&w));) {
		s->wanted = false;
		drop_line(s);
		tell_state(s, ACCOUNT_OFFLINE, "fenced");
		answer_all(s, false, "the account's lease cannot be renewed");
	}
}

/* ---- beginning and end ---- */

enum rc sessions_new(const struct sessions_conf *conf, struct sessions **ret_sessions, struct fault *f)
{
	struct sessions *ss = calloc(1, sizeof(*ss));
	(void)f;
	if (!ss)
		return RC_NOMEM;
	ss->conf = *conf;
	list_init(&ss->early);
	*ret_sessions = ss;
	return RC_OK;
}

void sessions_stop(struct sessions *ss)
{
	struct map_walk w = map_walk(&ss->accounts);

	ss->stopping = true;
	for (struct session *s; (s = map_next(&w));)
		forget(s);
}

bool sessions_are_off(const struct sessions *ss) { return map_count(&ss->accounts) == 0; }

size_t sessions_online(const struct sessions *ss) { return map_count(&ss->accounts); }

void sessions_free(struct sessions *ss)
{
	if (!ss)
		return;
	map_done(&ss->accounts);
	free(ss);
}

enum rc sessions_open(const struct sessions *ss, const char *sealed, struct hush *ret, struct fault *f)
{
	return identity_open(ss->conf.identity, sealed, ret, f);
}
