#include "agent/session.h"

#include "agent/identity.h"
#include "base/log.h"
#include "flow/steam_cms.h"
#include "io/clock.h"
#include "wire/tunnel_msg.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

uint64_t session_now(const struct session *s) { return loop_now_ms(s->all->conf.loop); }

/* ---- its way out ---- */

const char *session_egress_id(const struct session *s)
{
	return s->egress_id ? s->egress_id : s->all->conf.identity->agent_id;
}

struct egress session_egress(const struct session *s)
{
	const struct sessions *ss = s->all;

	if (s->egress_kind == EGRESS_DIRECT && ss->proxy)
		return (struct egress){ EGRESS_HTTP_PROXY, ss->proxy, &ss->proxy_login };
	return (struct egress){ s->egress_kind, s->egress_address, &s->proxy_login };
}

static bool same(const char *a, const char *b) { return a && b ? !strcmp(a, b) : a == b; }

enum rc session_set_egress(struct session *s, const struct tunnel_msg_egress *e, struct fault *f)
{
	unsigned kind = 0;

	while (e->kind && egress_kind_words[kind] && strcmp(e->kind, egress_kind_words[kind]) != 0)
		kind++;
	if (!egress_kind_words[kind])
		return fault_set(f, RC_INVALID, "an egress of the kind %.20s is not known here", e->kind);
	const struct egress way = { (enum egress_kind)kind, e->address, &s->proxy_login };
	enum rc rc = egress_check(&way, f);
	if (rc != RC_OK)
		return rc;
	bool moved = s->egress_id && (!same(s->egress_id, e->id) || !same(s->egress_address, e->address));
	if (s->egress_id && !moved) { /* told again: who asks for lanes has their key from here */
		s->egress_kind = (enum egress_kind)kind;
		return RC_OK;
	}
	char *id = e->id ? strdup(e->id) : NULL, *address = e->address ? strdup(e->address) : NULL;
	if ((e->id && !id) || (e->address && !address)) {
		free(id);
		free(address);
		return RC_NOMEM;
	}
	if (moved) /* the lanes' keys are about to go; and what is open goes by the old way: the bot comes back by the new one */
		session_gate_reset(s);
	if (moved)
		session_line_break(s, "the account has another egress");
	free(s->egress_id);
	free(s->egress_address);
	s->egress_id = id;
	s->egress_address = address;
	s->egress_kind = (enum egress_kind)kind;
	return RC_OK;
}

/* ---- the pump ---- */

static void changed(struct session *s, const struct bot_act *a)
{
	struct sessions *ss = s->all;
	bool was = s->online;

	s->online = a->state == ACCOUNT_ONLINE;
	ss->online_n = ss->online_n + s->online - was;
	log_info(ss->conf.log, "Steam session %s account=%s reason=\"%s\"", account_state_words[a->state],
		session_name(s), a->why ? a->why : "");
	if (was && !s->online && a->state != ACCOUNT_QUARANTINED)
		session_self_free(s);
	session_tokens_free(s); /* Steam tells it anew */
	if (!session_is_own(s))
		session_tell_state(s, a);
	sessions_serve(s, a->state, a->eresult, a->why);
}

static void act_on_state(struct session *s, const struct bot_act *a)
{
	if (a->kind == BOT_STATE)
		changed(s, a);
	else if (session_is_own(s))
		return; /* of nobody's interest */
	else if (a->kind == BOT_CONDITION)
		session_tell_condition(s, a->name, a->status, a->why);
	else if (a->kind == BOT_SECRET)
		session_tell_secret(s, a->name, a->secret);
	else if (a->kind == BOT_CHALLENGE)
		session_tell_challenge(s, a);
	else if (a->kind == BOT_CHALLENGE_OVER)
		session_tell_challenge_over(s, a->end);
}

static void act(struct session *s, const struct bot_act *a)
{
	switch (a->kind) {
	case BOT_CONNECT:
		session_line_dial(s, a->conn, a->endpoint, a->tcp);
		break;
	case BOT_SEND:
		session_line_send(s, a->conn, a->p, a->n);
		break;
	case BOT_CLOSE:
		session_line_hang_up(s);
		break;
	case BOT_ANSWER:
		sessions_take_answer(s, a->call);
		break;
	case BOT_LANES:
		session_gate_ask(s);
		break;
	case BOT_PAUSE:
		session_gate_pause(s, a->eresult);
		break;
	case BOT_CODE_TIME:
		session_cms_clock(s);
		break;
	case BOT_UNLOCK:
		session_family_try(s);
		break;
	case BOT_PUSH:
		if (!a->method)
			session_self_push(s, a->emsg, a->p, a->n);
		break;
	case BOT_STATE:
	case BOT_CONDITION:
	case BOT_SECRET:
	case BOT_CHALLENGE:
	case BOT_CHALLENGE_OVER:
		act_on_state(s, a);
		break;
	}
}

bool session_is_off(const struct session *s)
{
	enum account_state state = bot_state(s->bot);
	return state == ACCOUNT_OFFLINE || state == ACCOUNT_DISABLED ||
	       (!s->wanted &&
		       (state == ACCOUNT_FAILED || state == ACCOUNT_COOLING_DOWN || state == ACCOUNT_QUARANTINED));
}

void session_pump(struct session *s)
{
	struct sessions *ss = s->all;
	struct bot_act a;

	if (s->pumping)
		return; /* the one below goes on */
	s->pumping = true;
	while (bot_next(s->bot, &a))
		act(s, &a);
	s->pumping = false;
	if (s->leaving && session_is_off(s) && !s->line && list_empty(&s->waiting) && s != ss->own) {
		map_take(&ss->accounts, s->account_id);
		session_free(s);
		return;
	}
	uint64_t bot_ms = bot_due(s->bot), call_ms = sessions_patience(s);
	loop_timer_at(s->timer, bot_ms < call_ms ? bot_ms : call_ms);
}

static void on_timer(void *ctx)
{
	struct session *s = ctx;
	bot_tick(s->bot, session_now(s));
	session_pump(s);
}

void session_want(struct session *s, const struct bot_want *want)
{
	struct sessions *ss = s->all;

	s->wanted = want->mode != ACCOUNT_MODE_OFFLINE;
	free(take(s->later));
	if (s->wanted && steam_cms_count(ss->cms) == 0) {
		s->later = malloc(sizeof(*want)); /* without memory: at the next word of the control plane */
		if (s->later)
			*s->later = *want;
		session_cms_plan(ss);
		return;
	}
	session_cms_plan(ss);
	bot_want(s->bot, session_now(s), want);
	session_pump(s);
}

/* ---- beginning and end ---- */

/* What Steam takes for the machine: the same for the same account on the same agent. */
static void make_machine(const struct sessions *ss, const char *account_id, uint8_t to[3][20])
{
	char text[IDENTITY_ID_MAX + SESSIONS_ID_MAX + 8];

	for (int i = 0; i < 3; i++) {
		int n = snprintf(text, sizeof(text), "%d %s %s", i, ss->conf.identity->agent_id, account_id);
		SHA1((const uint8_t *)text, (size_t)n, to[i]);
	}
}

struct session *session_new(struct sessions *ss, const char *account_id, const char *login, bool anonymous)
{
	struct session *s = calloc(1, sizeof(*s));
	struct bot_conf conf = { .login = login, .anonymous = anonymous, .keep_cms = ss->cms };

	if (!s)
		return NULL;
	s->all = ss;
	list_init(&s->asked);
	list_init(&s->waiting);
	clock_random(&conf.seed, sizeof(conf.seed));
	clock_random(&conf.login_id, sizeof(conf.login_id));
	clock_random(conf.random, sizeof(conf.random));
	make_machine(ss, account_id, conf.machine);
	s->account_id = strdup(account_id);
	bool made = s->account_id && bot_new(&conf, &s->bot, NULL) == RC_OK &&
		    loop_timer_new(ss->conf.loop, on_timer, s, &s->timer) == RC_OK &&
		    (!*account_id || map_put(&ss->accounts, s->account_id, s) == RC_OK);
	hush_wipe(conf.random, sizeof(conf.random));
	if (made)
		return s;
	session_free(s);
	return NULL;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	session_line_hang_up(s);
	session_gate_free(s);
	session_self_free(s);
	session_web_free(s);
	bot_free(s->bot);
	list_each (at, next, &s->asked) /* their askers have left, and no answer comes any more */
		free(list_of(at, struct sessions_asked, node));
	loop_timer_free(s->timer);
	hush_done(&s->proxy_login);
	hush_done(&s->identity_secret);
	hush_done(&s->shared_secret);
	free(s->egress_id);
	free(s->egress_address);
	free(s->endpoint);
	free(s->later);
	free(s->account_id);
	free(s);
}
