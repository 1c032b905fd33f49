#include "agent/sessions.h"

#include "agent/identity.h"
#include "agent/secret_json.h"
#include "agent/session.h"
#include "base/log.h"
#include "flow/steam_cms.h"
#include "io/clock.h"
#include "io/web_url.h"
#include "wire/tunnel_msg.h"

#include <stdio.h>
#include <string.h>

#define TRIES_MAX 3    /* questions that were lost with the connection and are asked anew */
#define GRACE_MS  3000 /* a LOGIN may come before the BOT that takes a session out of its failure */

static const char no_session[] = "the account has no session here: run session.login first";

/* ---- who waits ---- */

void sessions_answer(struct sessions_call *c, enum rc rc, const char *why)
{
	list_remove(&c->node);
	c->at = NULL;
	call_answer(&c->call, rc, why);
}

static void answer_offline(struct sessions_call *c, const char *why)
{
	c->offline = true;
	sessions_answer(c, RC_AWAY, why);
}

static void answer_failed(struct sessions_call *c, const char *code, int32_t eresult, const char *why)
{
	c->eresult = eresult;
	snprintf(c->reason, sizeof(c->reason), "%s", code ? code : "");
	sessions_answer(c, RC_REFUSED, why);
}

static void ask(struct session *s, struct sessions_call *c)
{
	struct fault f = { 0 };
	struct sessions_asked *asked = calloc(1, sizeof(*asked));
	uint64_t number;

	if (!asked) {
		sessions_answer(c, RC_NOMEM, NULL);
		return;
	}
	list_remove(&c->node);
	list_append(&s->asked, &asked->node);
	asked->by = c;
	c->asked = asked;
	c->ask.owner = asked;
	if (c->ask.deadline_ms == 0 || c->ask.deadline_ms > c->deadline_ms)
		c->ask.deadline_ms = c->deadline_ms;
	if (c->tokens)
		session_tokens_fill(s, c->tokens, c->ask.products_n);
	snprintf(c->endpoint, sizeof(c->endpoint), "%s", s->endpoint ? s->endpoint : "");
	enum rc rc = bot_ask(s->bot, session_now(s), &c->ask, &number, &f);
	if (rc == RC_OK)
		return;
	list_remove(&asked->node);
	free(asked);
	c->asked = NULL;
	sessions_answer(c, rc, f.text);
}

static void serve_one(struct session *s, struct sessions_call *c)
{
	switch (c->want) {
	case SESSIONS_LOGIN:
		c->steamid = bot_steamid(s->bot);
		sessions_answer(c, RC_OK, NULL);
		break;
	case SESSIONS_ASK:
		ask(s, c);
		break;
	case SESSIONS_WEB:
		session_web_ask(s, c);
		break;
	case SESSIONS_STANDING:
		bot_play_standing(s->bot, session_now(s), c->trade_why, c->clean_why);
		sessions_answer(c, RC_OK, NULL);
		break;
	case SESSIONS_UNLOCK:
		session_family_ask(s, c);
		break;
	case SESSIONS_SELF:
		if (c->licenses && !session_self_has_licenses(s))
			break; /* it stays, and is served when they come */
		sessions_answer(c, session_self_copy(s, c->self, c->arena), NULL);
		break;
	case SESSIONS_EGRESS:
	case SESSIONS_LOGOUT:
		break;
	}
}

/* 17: one that is quarantined is still connected, for what only reads. */
static bool is_served(const struct session *s, const struct sessions_call *c)
{
	if (c->want == SESSIONS_LOGOUT || c->want == SESSIONS_LOGIN)
		return s->online && c->want == SESSIONS_LOGIN;
	return s->online || (c->reads && s->line && bot_state(s->bot) == ACCOUNT_QUARANTINED);
}

/* Will the session be online soon, so that a question may wait? */
static bool is_coming(const struct session *s)
{
	enum account_state state = bot_state(s->bot);

	return (state == ACCOUNT_OFFLINE && s->wanted) || state == ACCOUNT_CONNECTING ||
	       state == ACCOUNT_AUTHENTICATING || state == ACCOUNT_RECONNECTING;
}

/* What does not wait for the session to be online, or off, in the state that it is in. */
static void dismiss(struct session *s, struct sessions_call *c, int32_t eresult, const char *why)
{
	bool failed = bot_state(s->bot) == ACCOUNT_FAILED, quarantined = bot_state(s->bot) == ACCOUNT_QUARANTINED;

	if (c->want == SESSIONS_LOGOUT) {
		if (!s->wanted && session_is_off(s))
			sessions_answer(c, RC_OK, NULL);
	} else if (c->want == SESSIONS_LOGIN) {
		if (failed && why)
			answer_failed(c, why, eresult, why);
		else if (s->leaving)
			answer_failed(c, "account_moved", 0, "the account is no longer this agent's");
		else if (quarantined)
			answer_failed(c, "account_quarantined", 0,
				"the account is quarantined, and waits for an operator");
	} else if (failed && session_is_own(s)) {
		answer_failed(c, why, eresult, why);
	} else if (!is_coming(s)) {
		answer_offline(c, quarantined ? "the account is quarantined: it may only read" : no_session);
	}
}

void sessions_serve(struct session *s, enum account_state state, int32_t eresult, const char *why)
{
	list_each (at, next, &s->waiting) {
		struct sessions_call *c = list_of(at, struct sessions_call, node);
		if (state != ACCOUNT_OFFLINE && is_served(s, c))
			serve_one(s, c);
		else
			dismiss(s, c, eresult, why);
	}
}

void sessions_serve_self(struct session *s)
{
	list_each (at, next, &s->waiting) {
		struct sessions_call *c = list_of(at, struct sessions_call, node);
		if (c->want == SESSIONS_SELF)
			serve_one(s, c);
	}
}

/* A login waits for a person as long as it was told to, and a moment for the news that the failure is over. */
uint64_t sessions_patience(struct session *s)
{
	enum account_state state = bot_state(s->bot);
	uint64_t now = session_now(s), first = UINT64_MAX;

	if (state != ACCOUNT_CHALLENGE && state != ACCOUNT_FAILED)
		return first;
	list_each (at, next, &s->waiting) {
		struct sessions_call *c = list_of(at, struct sessions_call, node);
		uint64_t until = c->began_ms + (state == ACCOUNT_FAILED ? GRACE_MS : c->challenge_ms);
		if (c->want != SESSIONS_LOGIN)
			continue;
		if (now < until)
			first = until < first ? until : first;
		else if (state == ACCOUNT_FAILED)
			answer_failed(c, "account_failed", 0,
				"the account's session has failed, and waits for an operator");
		else
			answer_failed(c, "challenge_required", 0,
				"Steam wants an answer: see the account's open challenge");
	}
	return first;
}

/* Lost with the connection before it can have had an effect: asked again when the session is back. */
static bool may_repeat(const struct session *s, struct sessions_call *c, const struct steam_call *got)
{
	bool harmless = got->kind <= STEAM_CALL_PRODUCTS || !got->sent;
	return got->rc == RC_AWAY && harmless && !s->leaving && bot_state(s->bot) != ACCOUNT_ONLINE &&
	       c->tries++ < TRIES_MAX;
}

void sessions_take_answer(struct session *s, struct steam_call *got)
{
	struct sessions_asked *asked = got->owner;
	struct sessions_call *c = asked->by;

	if (asked->done)
		asked->done(s, got);
	session_tokens_learn(s, got);
	list_remove(&asked->node);
	free(asked);
	if (!c) {
		steam_call_free(got);
		return;
	}
	c->asked = NULL;
	if (may_repeat(s, c, got)) {
		steam_call_free(got);
		list_append(&s->waiting, &c->node);
		return;
	}
	c->answer = got;
	if (got->kind == STEAM_CALL_SERVICE && got->eresult != 1)
		c->eresult = got->eresult;
	sessions_answer(c, got->rc, got->fault.text);
}

/* ---- what workers ask ---- */

static struct session *need_own(struct sessions *ss, enum sessions_want want)
{
	static const struct bot_want online = { .mode = ACCOUNT_MODE_ONLINE };

	if (!ss->own)
		ss->own = session_new(ss, "", "", true);
	if (!ss->own || want == SESSIONS_EGRESS)
		return ss->own;
	if (bot_state(ss->own->bot) == ACCOUNT_FAILED)
		bot_retry(ss->own->bot, session_now(ss->own));
	if (!ss->own->wanted)
		session_want(ss->own, &online);
	return ss->own;
}

static void wait_at(struct session *s, struct sessions_call *c)
{
	c->at = s;
	list_append(&s->waiting, &c->node);
	if (c->want == SESSIONS_EGRESS)
		session_web_egress(s, c);
	else if (is_served(s, c))
		serve_one(s, c);
	else
		dismiss(s, c, 0, NULL);
	session_pump(s);
}

static void begin(struct call *call)
{
	struct sessions_call *c = list_of(call, struct sessions_call, call);
	struct sessions *ss = c->sessions;

	list_init(&c->node);
	c->began_ms = loop_now_ms(ss->conf.loop);
	if (ss->stopping) {
		call_answer(call, RC_CANCELED, "the agent stops");
		return;
	}
	struct session *s = c->account_id ? map_get(&ss->accounts, c->account_id) : need_own(ss, c->want);
	if (s)
		wait_at(s, c);
	else if (!c->account_id)
		call_answer(call, RC_NOMEM, NULL);
	else if (c->want == SESSIONS_LOGOUT)
		call_answer(call, RC_OK, NULL);
	else
		list_append(&ss->early, &c->node); /* the account is on its way */
}

/* The asker leaves: at its deadline, or because its task was canceled. */
static void give_up(struct call *call)
{
	struct sessions_call *c = list_of(call, struct sessions_call, call);
	enum rc why = call->rc;
	bool came = c->at || c->asked;

	if (c->asked)
		take(c->asked)->by = NULL;
	if (!came && why == RC_TIMEOUT)
		answer_offline(c, "the account has not come to this agent in time");
	else
		sessions_answer(c, why, why == RC_TIMEOUT ? "Steam did not answer in time" : NULL);
}

enum rc sessions_do(struct sessions *ss, struct sessions_call *c, struct fault *f)
{
	c->sessions = ss;
	c->call.begin = begin;
	c->call.give_up = give_up;
	c->call.deadline_ms = c->deadline_ms;
	c->call.scope = c->scope;
	return call_wait(ss->conf.loop, &c->call, f);
}

/* ---- what the control plane says ---- */

struct opened {
	struct bot_secrets bot;
	struct hush identity_secret, proxy;
	bool bad; /* without memory */
};

static void on_secret(void *ctx, const char *name, const struct hush *value)
{
	struct opened *o = ctx;
	const struct {
		const char *name;
		struct hush *to;
	} known[] = { { "password", &o->bot.password }, { "shared_secret", &o->bot.shared_secret },
		{ "refresh_token", &o->bot.refresh_token }, { "guard_data", &o->bot.guard_data },
		{ "parental_pin", &o->bot.parental_pin }, { "resume", &o->bot.resume },
		{ "identity_secret", &o->identity_secret }, { "proxy", &o->proxy } };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(known[i].name, name) && value->n > 0)
			o->bad = hush_set(known[i].to, value->p, value->n) != RC_OK || o->bad;
}

static void opened_done(struct opened *o)
{
	hush_done(&o->bot.password);
	hush_done(&o->bot.shared_secret);
	hush_done(&o->bot.refresh_token);
	hush_done(&o->bot.guard_data);
	hush_done(&o->bot.parental_pin);
	hush_done(&o->bot.resume);
	hush_done(&o->identity_secret);
	hush_done(&o->proxy);
}

static void move_hush(struct hush *to, struct hush *from)
{
	hush_done(to);
	*to = *from;
	*from = (struct hush){ 0 };
}

/* What only the bot knows of (tokens that it made) stays when it is not in the message: that may be older. */
static enum rc take_secrets(struct session *s, const char *sealed, struct fault *f)
{
	struct opened o = { 0 };
	struct hush plain = { 0 };

	enum rc rc = sessions_open(s->all, sealed, &plain, f);
	if (rc == RC_OK && plain.n > 0)
		rc = secret_json_read(&plain, on_secret, &o, f);
	hush_done(&plain);
	if (rc == RC_OK && o.bad)
		rc = RC_NOMEM;
	if (rc == RC_OK) {
		struct hush copy = { 0 };
		bool kept = o.bot.shared_secret.n == 0 ||
			    hush_set(&copy, o.bot.shared_secret.p, o.bot.shared_secret.n) == RC_OK;
		if (kept)
			move_hush(&s->shared_secret, &copy);
		move_hush(&s->identity_secret, &o.identity_secret);
		move_hush(&s->proxy_login, &o.proxy);
		bot_secrets(s->bot, &o.bot, false);
	}
	opened_done(&o);
	return rc;
}

static struct bot_want want_of(const struct sessions *ss, const struct tunnel_msg_bot *m)
{
	struct bot_want w = { .persona = m->persona };
	const uint32_t *apps = m->apps.at;
	int64_t wait_ms = m->not_before_ms ? m->not_before_ms - clock_wall_ms() : 0;

	for (unsigned i = 0; account_mode_words[i]; i++)
		if (!strcmp(account_mode_words[i], m->mode))
			w.mode = (enum account_mode)i;
	for (; w.apps_n < BOT_APPS_MAX && w.apps_n < m->apps.n; w.apps_n++)
		w.apps[w.apps_n] = apps[w.apps_n];
	snprintf(w.game, sizeof(w.game), "%s", m->game ? m->game : "");
	w.not_before_ms = wait_ms > 0 ? loop_now_ms(ss->conf.loop) + (uint64_t)wait_ms : 0;
	return w;
}

/* Those whose tasks were faster than their account. */
static void serve_early(struct sessions *ss, struct session *s)
{
	list_each (at, next, &ss->early) {
		struct sessions_call *c = list_of(at, struct sessions_call, node);
		if (strcmp(c->account_id, s->account_id) != 0)
			continue;
		list_remove(&c->node);
		wait_at(s, c);
	}
}

static struct session *need_session(struct sessions *ss, const struct tunnel_msg_bot *m, struct fault *f)
{
	struct session *s = map_get(&ss->accounts, m->account_id);

	if (s)
		return s;
	bool room = map_count(&ss->accounts) < SESSIONS_MAX && strlen(m->account_id) < SESSIONS_ID_MAX &&
		    *m->account_id;
	s = room ? session_new(ss, m->account_id, m->login, m->anonymous) : NULL;
	enum rc rc = s ? RC_OK : fault_set(f, RC_LIMIT, room ? "out of memory" : "this agent has no room for it");
	(void)rc;
	return s;
}

static void take_bot(struct sessions *ss, const struct tunnel_msg_bot *m)
{
	struct fault f = { .text = "out of memory" };
	bool fresh = map_get(&ss->accounts, m->account_id) == NULL;
	struct session *s = need_session(ss, m, &f);

	if (!s) {
		log_error(ss->conf.log, "account not taken account=%s: %s", m->account_id, f.text);
		return;
	}
	if (m->epoch < s->epoch)
		return;
	bool retried = m->generation != s->generation;
	struct bot_want want = want_of(ss, m);
	s->epoch = m->epoch;
	s->generation = m->generation;
	s->leaving = false;
	if (fresh)
		session_tell_begun(s);
	if (m->challenge && id_is(m->challenge, "chg"))
		snprintf(s->challenge_id, sizeof(s->challenge_id), "%s", m->challenge);
	bot_clock(s->bot, session_now(s), clock_wall_ms() / 1000, ss->skew_s);
	enum rc rc = take_secrets(s, m->sealed, &f);
	if (rc == RC_OK)
		rc = session_set_egress(s, &m->egress, &f);
	if (rc != RC_OK) { /* nothing may go out by another way than its own */
		log_error(ss->conf.log, "account not usable account=%s: %s", m->account_id, f.text);
		session_tell_condition(s, "EgressHealthy", false, "unusable");
		want.mode = ACCOUNT_MODE_OFFLINE;
	}
	if (retried && want.mode != ACCOUNT_MODE_OFFLINE && bot_state(s->bot) == ACCOUNT_FAILED)
		bot_retry(s->bot, session_now(s));
	session_want(s, &want);
	session_pump(s);
	serve_early(ss, s);
}

static void let_go(struct session *s)
{
	static const struct bot_want off = { .mode = ACCOUNT_MODE_OFFLINE };

	s->leaving = true;
	session_want(s, &off);
}

static void take_gone(struct sessions *ss, const struct tunnel_msg_bot_gone *m)
{
	struct session *s = map_get(&ss->accounts, m->account_id);

	if (!s || m->epoch < s->epoch)
		return;
	log_info(ss->conf.log, "account gone account=%s reason=%s", m->account_id, m->reason ? m->reason : "");
	s->leaving = true;
	sessions_serve(s, ACCOUNT_OFFLINE, 0, NULL);
	let_go(s);
}

static void take_code(struct sessions *ss, const struct tunnel_msg_answer *m)
{
	struct session *s = map_get(&ss->accounts, m->account_id);
	struct hush code = { 0 };
	struct fault f = { 0 };

	if (!s || m->epoch < s->epoch || !*s->challenge_id || strcmp(s->challenge_id, m->challenge_id) != 0) {
		log_warn(ss->conf.log, "answer without its challenge account=%s challenge=%s", m->account_id,
			m->challenge_id);
		return;
	}
	if (sessions_open(ss, m->sealed, &code, &f) == RC_OK)
		bot_answer(s->bot, session_now(s), &code, m->approve);
	else
		log_error(ss->conf.log, "answer not opened account=%s: %s", m->account_id, f.text);
	hush_done(&code);
	session_pump(s);
}

bool sessions_message(struct sessions *ss, const struct tunnel_msg *m)
{
	if (m->type == TUNNEL_MSG_BOT && !ss->stopping)
		take_bot(ss, &m->bot);
	else if (m->type == TUNNEL_MSG_BOT_GONE)
		take_gone(ss, &m->bot_gone);
	else if (m->type == TUNNEL_MSG_ANSWER)
		take_code(ss, &m->answer);
	else
		return m->type == TUNNEL_MSG_BOT;
	return true;
}

void sessions_fence(struct sessions *ss)
{
	struct map_walk w = map_walk(&ss->accounts);

	log_warn(ss->conf.log, "leases cannot be renewed: accounts are taken off accounts=%zu",
		map_count(&ss->accounts));
	for (struct session *s; (s = map_next(&w));) {
		s->wanted = false;
		free(take(s->later));
		bot_fence(s->bot, session_now(s));
		session_pump(s);
	}
}

/* ---- beginning and end ---- */

static enum rc split_proxy(struct sessions *ss, struct fault *f)
{
	struct web_url_proxy proxy = { 0 };
	enum rc rc = web_url_split_proxy(ss->conf.http_proxy, &proxy, f);

	if (rc == RC_OK && proxy.host &&
		asprintf(&ss->proxy, strchr(proxy.host, ':') ? "[%s]:%u" : "%s:%u", proxy.host, proxy.port) < 0) {
		ss->proxy = NULL;
		rc = RC_NOMEM;
	}
	if (rc == RC_OK && proxy.auth && *proxy.auth)
		rc = hush_set(&ss->proxy_login, proxy.auth, strlen(proxy.auth) - 1); /* without its '@' */
	if (proxy.auth)
		hush_wipe(proxy.auth, strlen(proxy.auth));
	web_url_proxy_done(&proxy);
	return rc;
}

static void on_plan(void *ctx) { session_cms_plan(ctx); }

enum rc sessions_new(const struct sessions_conf *conf, struct sessions **ret_sessions, struct fault *f)
{
	struct sessions *ss = calloc(1, sizeof(*ss));
	if (!ss)
		return RC_NOMEM;
	ss->conf = *conf;
	ss->urls = (struct sessions_urls){ conf->api_url, conf->community_url, conf->store_url, conf->login_url,
		conf->ca_file };
	list_init(&ss->early);
	ss->cms = steam_cms_new();
	enum rc rc = ss->cms ? loop_timer_new(conf->loop, on_plan, ss, &ss->timer) : RC_NOMEM;
	if (rc == RC_OK)
		rc = split_proxy(ss, f);
	if (rc == RC_OK) {
		*ret_sessions = ss;
		return rc;
	}
	sessions_free(ss);
	return rc == RC_NOMEM ? fault_set(f, rc, "no memory for Steam sessions") : rc;
}

void sessions_stop(struct sessions *ss)
{
	struct map_walk w = map_walk(&ss->accounts);

	ss->stopping = true;
	loop_timer_at(ss->timer, UINT64_MAX);
	list_each (at, next, &ss->early)
		sessions_answer(list_of(at, struct sessions_call, node), RC_CANCELED, "the agent stops");
	for (struct session *s; (s = map_next(&w));)
		let_go(s);
	if (ss->own)
		let_go(ss->own);
}

bool sessions_are_off(const struct sessions *ss)
{
	return (!ss->own || session_is_off(ss->own)) && map_count(&ss->accounts) == 0;
}

size_t sessions_online(const struct sessions *ss) { return ss->online_n; }

void sessions_free(struct sessions *ss)
{
	if (!ss)
		return;
	struct map_walk w = map_walk(&ss->accounts);
	for (struct session *s; (s = map_next(&w));) {
		map_take(&ss->accounts, s->account_id);
		session_free(s);
	}
	map_done(&ss->accounts);
	session_free(ss->own);
	steam_cms_free(ss->cms);
	loop_timer_free(ss->timer);
	hush_done(&ss->proxy_login);
	free(ss->proxy);
	free(ss);
}

uint32_t sessions_pics_interval_ms(const struct sessions *ss) { return ss->conf.pics_interval_ms; }
const struct sessions_urls *sessions_urls(const struct sessions *ss) { return &ss->urls; }

enum rc sessions_open(const struct sessions *ss, const char *sealed, struct hush *ret, struct fault *f)
{
	return identity_open(ss->conf.identity, sealed, ret, f);
}
