/* An account's access token for Steam's web: made with its refresh token, over the session; one renewal at a time. */
#include "agent/session.h"
#include "io/clock.h"
#include "proto/steam/auth.pb-c.h"
#include "wire/steam/jwt.h"
#include "wire/steam/pb.h"

#include <stdio.h>
#include <string.h>

#define METHOD       "Authentication.GenerateAccessTokenForApp#1"
#define ASK_MS       15000
#define SPARE_MS     300000 /* a token is handed out while it has so long to live */
#define FRESH_MS     5000   /* one that is younger is fresh */
#define TOKEN_MEMORY (1u << 20)

struct session_web {
	struct hush token, community_unlock, store_unlock;
	int64_t expires_ms; /* Unix time */
	int64_t steam_s;    /* the last clock that was handed out */
	uint64_t made_ms;   /* of the loop's clock */
	char session_id[25];
	bool asking;
};

static bool need_web(struct session *s)
{
	uint8_t random[12];

	if (s->web)
		return true;
	s->web = calloc(1, sizeof(*s->web));
	if (!s->web)
		return false;
	clock_random(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(s->web->session_id + 2 * i, 3, "%02x", random[i]);
	return true;
}

/* ---- handing out ---- */

static enum rc copy_hush(struct hush *to, const struct hush *from)
{
	return from->n ? hush_set(to, from->p, from->n) : RC_OK;
}

static enum rc fill_egress(const struct session *s, struct sessions_web *w)
{
	const struct egress way = session_egress(s);

	snprintf(w->egress_id, sizeof(w->egress_id), "%s", session_egress_id(s));
	snprintf(w->bind_address, sizeof(w->bind_address), "%s", way.kind == EGRESS_BIND ? way.address : "");
	snprintf(w->http_proxy, sizeof(w->http_proxy), "%s", way.kind == EGRESS_HTTP_PROXY ? way.address : "");
	snprintf(w->socks5, sizeof(w->socks5), "%s", way.kind == EGRESS_SOCKS5 ? way.address : "");
	return way.kind >= EGRESS_HTTP_PROXY && way.login ? copy_hush(&w->proxy_login, way.login) : RC_OK;
}

static enum rc fill(struct session *s, struct sessions_web *w)
{
	struct session_web *web = s->web;
	int64_t now_s = clock_wall_ms() / 1000 + s->all->skew_s;

	web->steam_s = now_s > web->steam_s ? now_s : web->steam_s + 1;
	w->steamid = bot_steamid(s->bot);
	w->expires_ms = web->expires_ms;
	w->steam_now_s = web->steam_s;
	snprintf(w->session_id, sizeof(w->session_id), "%s", web->session_id);
	enum rc rc = copy_hush(&w->access_token, &web->token);
	if (rc == RC_OK)
		rc = fill_egress(s, w);
	if (rc == RC_OK)
		rc = copy_hush(&w->community_unlock, &web->community_unlock);
	if (rc == RC_OK)
		rc = copy_hush(&w->store_unlock, &web->store_unlock);
	if (rc == RC_OK)
		rc = copy_hush(&w->identity_secret, &s->identity_secret);
	return rc == RC_OK ? copy_hush(&w->shared_secret, &s->shared_secret) : rc;
}

enum rc session_web_copy(struct session *s, struct sessions_web *ret)
{
	enum rc rc = s->web && s->web->token.n > 0 ? fill(s, ret) : RC_AWAY;
	if (rc != RC_OK)
		sessions_web_done(ret);
	return rc;
}

enum rc session_web_keep(struct session *s, bool store, struct hush *cookie)
{
	if (!s->web)
		return RC_AWAY;
	struct hush *to = store ? &s->web->store_unlock : &s->web->community_unlock;
	hush_done(to);
	*to = *cookie;
	*cookie = (struct hush){ 0 };
	return RC_OK;
}

static void hand_out(struct session *s, struct sessions_call *c)
{
	enum rc rc = fill(s, c->web);
	if (rc != RC_OK)
		sessions_web_done(c->web);
	sessions_answer(c, rc, NULL);
}

void session_web_egress(struct session *s, struct sessions_call *c)
{
	enum rc rc = fill_egress(s, c->web);
	if (rc != RC_OK)
		sessions_web_done(c->web);
	sessions_answer(c, rc, NULL);
}

static void serve(struct session *s, enum rc rc, int32_t eresult, const char *why)
{
	list_each (at, next, &s->waiting) {
		struct sessions_call *c = list_of(at, struct sessions_call, node);
		if (c->want != SESSIONS_WEB)
			continue;
		c->eresult = eresult;
		if (rc == RC_OK)
			hand_out(s, c);
		else
			sessions_answer(c, rc, why);
	}
}

/* ---- renewing ---- */

static enum rc take_token(struct session *s, const struct steam_call *got, struct fault *f)
{
	struct arena a = { .limit = TOKEN_MEMORY };
	ProtobufCMessage *m = NULL;
	struct jwt jwt;
	struct session_web *web = s->web;

	enum rc rc = pb_unpack(&cauthentication__access_token__generate_for_app__response__descriptor, got->body,
		got->body_n, &a, &m, f);
	CAuthenticationAccessTokenGenerateForAppResponse *r = (void *)m;
	if (rc == RC_OK && (!r->access_token || !*r->access_token))
		rc = fault_set(f, RC_MALFORMED, "Steam gave no access token");
	if (rc == RC_OK)
		rc = jwt_read(r->access_token, strlen(r->access_token), &a, &jwt, f);
	if (rc == RC_OK)
		rc = hush_set(&web->token, r->access_token, strlen(r->access_token));
	if (rc == RC_OK) {
		web->expires_ms = jwt.exp * 1000;
		web->made_ms = session_now(s);
	}
	if (r && r->access_token)
		hush_wipe(r->access_token, strlen(r->access_token));
	arena_done(&a);
	return rc;
}

static void on_token(struct session *s, const struct steam_call *got)
{
	struct fault f = got->fault;
	bool known = s->web && s->web->token.n > 0;

	if (!s->web)
		return;
	s->web->asking = false;
	enum rc rc = got->rc == RC_OK ? take_token(s, got, &f) : got->rc;
	if (rc == RC_OK && !known)
		session_tell_condition(s, "WebSessionReady", true, NULL);
	if (rc == RC_REFUSED) {
		hush_done(&s->web->token);
		session_tell_condition(s, "WebSessionReady", false, "token_refused");
		rc = RC_DENIED;
	}
	serve(s, rc, got->eresult > 1 ? got->eresult : 0, f.text);
}

static void pack_ask(struct session *s, const struct hush *token, struct buf *to)
{
	CAuthenticationAccessTokenGenerateForAppRequest m =
		CAUTHENTICATION__ACCESS_TOKEN__GENERATE_FOR_APP__REQUEST__INIT;
	auto_free char *text = strndup((const char *)token->p, token->n);

	m.refresh_token = text;
	m.has_steamid = true;
	m.steamid = bot_steamid(s->bot);
	if (text)
		pb_pack(to, &m.base);
	else
		to->bad = true;
	if (text)
		hush_wipe(text, token->n);
}

static void renew(struct session *s)
{
	const struct hush *token = bot_token(s->bot);
	struct sessions_asked *asked = calloc(1, sizeof(*asked));
	struct buf body = { 0 };
	struct fault f = { .text = "out of memory" };
	enum rc rc = asked ? RC_OK : RC_NOMEM;
	uint64_t number;

	if (!token || token->n == 0)
		rc = fault_set(&f, RC_DENIED, "the account has no refresh token, and so no web session");
	if (rc == RC_OK) {
		list_append(&s->asked, &asked->node);
		asked->done = on_token;
		pack_ask(s, token, &body);
		const struct steam_ask ask = { .kind = STEAM_CALL_SERVICE,
			.owner = asked,
			.deadline_ms = session_now(s) + ASK_MS,
			.method = METHOD,
			.body = body.p,
			.body_n = body.n };
		rc = body.bad ? RC_NOMEM : bot_ask(s->bot, session_now(s), &ask, &number, &f);
	}
	if (body.p)
		hush_wipe(body.p, body.room);
	buf_done(&body);
	s->web->asking = rc == RC_OK;
	if (rc == RC_OK)
		return;
	if (asked && asked->done)
		list_remove(&asked->node);
	free(asked);
	serve(s, rc, 0, f.text);
}

static bool is_good(const struct session *s, bool fresh)
{
	const struct session_web *w = s->web;
	int64_t now_ms = clock_wall_ms() + s->all->skew_s * 1000;

	return w->token.n > 0 && w->expires_ms - now_ms > SPARE_MS &&
	       (!fresh || session_now(s) - w->made_ms < FRESH_MS);
}

void session_web_ask(struct session *s, struct sessions_call *c)
{
	if (!need_web(s)) {
		sessions_answer(c, RC_NOMEM, NULL);
	} else if (!s->web->asking && is_good(s, c->fresh)) {
		hand_out(s, c);
	} else if (!s->web->asking) {
		renew(s);
	}
}

void session_web_free(struct session *s)
{
	if (!s->web)
		return;
	hush_done(&s->web->token);
	hush_done(&s->web->community_unlock);
	hush_done(&s->web->store_unlock);
	free(take(s->web));
}
