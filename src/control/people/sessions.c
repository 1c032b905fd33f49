#include "control/people/sessions.h"
#include "base/buf.h"
#include "base/hush.h"
#include "control/access/audit.h"
#include "control/access/keys_hash.h"
#include "control/control.h"
#include "control/events/events.h"
#include "control/people/tokens.h"
#include "control/people/users.h"
#include "io/clock.h"
#include "model/apikey.h"
#include "wire/cookie.h"
#include "wire/json.h"

#include <stdio.h>

#define AGENT_MAX 200

static const char *const kinds[] = { "cookie", "token" };

static const char *text_of_csrf(struct tx *tx, const char *secret)
{
	char csrf[SESSIONS_CSRF_MAX];

	people_session_csrf(tx->control, secret, csrf);
	return arena_str(tx->arena, csrf);
}

/* A User-Agent as it can be stored and shown: ASCII, and not long. */
static const char *shorten(struct tx *tx, const char *agent)
{
	char *text = agent ? arena_strn(tx->arena, agent, strnlen(agent, AGENT_MAX)) : NULL;

	for (char *at = text; at && *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	return text ? text : "";
}

/* Beside those that the handler has set. */
static bool put_cookie(struct call *c, const char *cookie)
{
	for (size_t i = 0; i < ROUTE_COOKIES_MAX; i++)
		if (!c->set_cookie[i]) {
			c->set_cookie[i] = cookie;
			return true;
		}
	return false;
}

/* The cookie of a session: a new secret, whose hash is stored by the caller. */
static enum rc bake(struct call *c, struct session_made *m, char ret_hash[static KEYS_HASH_MAX])
{
	uint8_t random[APIKEY_RANDOM];
	char secret[APIKEY_MAX];

	clock_random(random, sizeof(random));
	apikey_make(secret, SESSIONS_COOKIE_KIND, random);
	keys_hash(c->tx.control, secret, ret_hash);
	const char *cookie =
		arena_fmt(c->tx.arena, SESSIONS_COOKIE "=%s; Path=/; Max-Age=%lld; Secure; HttpOnly; SameSite=Lax",
			secret, (long long)(m->expires_at - c->tx.now_ms) / 1000);
	m->csrf = text_of_csrf(&c->tx, secret);
	hush_wipe(secret, sizeof(secret));
	return cookie && m->csrf && put_cookie(c, cookie) ? RC_OK : RC_NOMEM;
}

/* The browser's session that the request came with is replaced by the new one. */
static enum rc end_old(struct call *c)
{
	static const struct store_query find = {
		.sql = "SELECT id FROM auth_sessions WHERE hash = $1 AND revoked_at = 0"
	};
	auto_rows struct store_rows *r = NULL;
	char secret[APIKEY_MAX], hash[KEYS_HASH_MAX];

	if (!cookie_find(c->cookies, SESSIONS_COOKIE, secret, sizeof(secret)) ||
		!apikey_is(secret, SESSIONS_COOKIE_KIND))
		return RC_OK;
	keys_hash(c->tx.control, secret, hash);
	enum rc rc = store_one(c->tx.db, &find, STORE_ARGS(store_text(hash)), &r, c->tx.fault);
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	const char *id = arena_str(c->tx.arena, store_col_text(r, 0));
	store_close(take(r));
	return id ? people_sessions_revoke(&c->tx, id, "replaced") : RC_NOMEM;
}

/* The oldest go when one person has too many. */
static enum rc make_room(struct tx *tx, const char *user_id)
{
	static const struct store_query most = { .sql = "SELECT id FROM auth_sessions WHERE user_id = $1 AND "
							"revoked_at = 0 AND expires_at > $2 ORDER BY id DESC "
							"LIMIT 10 OFFSET $3" };
	auto_rows struct store_rows *r = NULL;
	const char *ids[10];
	size_t n = 0;
	bool row = false;

	enum rc rc = store_run(tx->db, &most,
		STORE_ARGS(store_text(user_id), store_int(tx->now_ms), store_int(SESSIONS_PER_USER - 1)), &r,
		tx->fault);
	while (rc == RC_OK && n < 10 && (rc = store_next(r, &row, tx->fault)) == RC_OK && row)
		if (!(ids[n++] = arena_str(tx->arena, store_col_text(r, 0))))
			rc = RC_NOMEM;
	store_close(take(r));
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = people_sessions_revoke(tx, ids[i], "too_many");
	return rc;
}

static enum rc insert(struct call *c, const struct session_new *n, const struct session_made *m, const char *hash)
{
	static const struct store_query add = {
		.sql = "INSERT INTO auth_sessions (id, user_id, tenant_id, kind, hash, address, agent, "
		       "authenticated_at, "
		       "second_factor_at, idp_id, idp_subject, idp_session, created_at, seen_at, expires_at, "
		       "method) VALUES ($1, "
		       "$2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $8, $8, $13, $14)"
	};
	static const struct store_query seen = { .sql = "UPDATE users SET last_login_at = $2 WHERE id = $1" };
	struct tx *tx = &c->tx;
	enum rc rc = store_do(tx->db, &add,
		STORE_ARGS(store_text(m->id), store_text(m->user_id), store_text(m->tenant_id),
			store_text(kinds[n->kind]), store_text(hash), store_text(tx->peer),
			store_text(shorten(tx, c->user_agent)), store_int(tx->now_ms),
			store_int(n->second_factor ? tx->now_ms : 0), store_text(n->idp_id),
			store_text(n->idp_subject), store_text(n->idp_session), store_int(m->expires_at),
			store_text(n->method)),
		tx->fault);

	return rc == RC_OK ? store_do(tx->db, &seen, STORE_ARGS(store_text(m->user_id), store_int(tx->now_ms)),
				     tx->fault)
			   : rc;
}

static enum rc tell(struct tx *tx, const struct session_new *n, const struct session_made *m)
{
	struct buf made = { 0 }, login = { 0 };

	buf_fmt(&made, "{\"userId\":\"%s\",\"kind\":\"%s\",\"method\":\"%s\"}", m->user_id, kinds[n->kind],
		n->method);
	buf_fmt(&login, "{\"sessionId\":\"%s\",\"method\":\"%s\",\"secondFactor\":%s,\"address\":", m->id,
		n->method, n->second_factor ? "true" : "false");
	json_put_str(&login, tx->peer);
	buf_str(&login, "}");
	enum rc rc = events_add(tx,
		&(struct event){ .type = "auth_session.created", .resource = m->id, .payload = buf_text(&made) });
	if (rc == RC_OK)
		rc = events_add(
			tx, &(struct event){
				    .type = "user.login", .resource = m->user_id, .payload = buf_text(&login) });
	if (rc == RC_OK)
		rc = audit_note(tx, "user.login", m->id, n->method);
	buf_done(&made);
	buf_done(&login);
	return rc;
}

enum rc people_sessions_open(struct call *c, const struct session_new *n, struct session_made *ret)
{
	struct tx *tx = &c->tx;
	struct user_row user = { 0 };
	struct session_made m = { .id = tx_id(tx, "aus"),
		.expires_at = tx->now_ms + (n->kind == SESSION_COOKIE ? SESSIONS_MAX_MS : SESSIONS_TOKEN_MAX_MS) };
	char hash[KEYS_HASH_MAX];

	if (!m.id)
		return RC_NOMEM;
	enum rc rc = users_find(tx, n->user_id, &user);
	if (rc != RC_OK)
		return rc;
	if (!user.enabled)
		return fault_set(tx->fault, RC_DENIED, "this person may not log in");
	m.user_id = user.id;
	m.tenant_id = user.tenant_id;
	tx->tenant_id = user.tenant_id;
	tx->session_id = m.id;
	if (!(tx->actor = arena_fmt(tx->arena, "user:%s", user.id)))
		return RC_NOMEM;
	if (n->kind == SESSION_COOKIE)
		rc = end_old(c);
	if (rc == RC_OK)
		rc = make_room(tx, user.id);
	if (rc == RC_OK && n->kind == SESSION_COOKIE)
		rc = bake(c, &m, hash);
	if (rc == RC_OK)
		rc = insert(c, n, &m, n->kind == SESSION_COOKIE ? hash : NULL);
	if (rc == RC_OK && n->kind == SESSION_TOKEN)
		rc = tokens_family(tx, &m);
	if (rc == RC_OK && n->kind == SESSION_TOKEN)
		rc = tokens_access(tx, &m);
	if (rc == RC_OK)
		rc = tell(tx, n, &m);
	if (rc == RC_OK)
		*ret = m;
	return rc;
}

/* Another cookie for the same session: the old one is worth nothing. */
static enum rc replace_cookie(struct call *c, struct session_made *m)
{
	static const struct store_query set = { .sql = "UPDATE auth_sessions SET hash = $2 WHERE id = $1" };
	char hash[KEYS_HASH_MAX];

	enum rc rc = bake(c, m, hash);
	return rc == RC_OK ? store_do(c->tx.db, &set, STORE_ARGS(store_text(m->id), store_text(hash)), c->tx.fault)
			   : rc;
}

enum rc people_sessions_step_up(struct call *c, bool second_factor, struct session_made *ret)
{
	static const struct store_query set = {
		.sql = "UPDATE auth_sessions SET authenticated_at = $2, second_factor_at = CASE WHEN $3 > 0 THEN "
		       "$2 ELSE "
		       "second_factor_at END WHERE id = $1 AND revoked_at = 0 RETURNING kind, expires_at"
	};
	struct tx *tx = &c->tx;
	struct session_made m = { .id = c->who->session_id, .user_id = c->who->id, .tenant_id = c->who->tenant_id };
	auto_rows struct store_rows *r = NULL;

	if (!m.id)
		return fault_set(tx->fault, RC_CONFLICT, "an API key has no session; log in as a person");
	enum rc rc = store_one(tx->db, &set,
		STORE_ARGS(store_text(m.id), store_int(tx->now_ms), store_int(second_factor)), &r, tx->fault);
	if (rc == RC_MISSING)
		return fault_set(tx->fault, RC_UNAUTHENTICATED, "the session is over; log in");
	if (rc != RC_OK)
		return rc;
	bool cookie = !strcmp(store_col_text(r, 0), kinds[SESSION_COOKIE]);
	m.expires_at = store_col_int(r, 1);
	store_close(take(r));
	if (cookie)
		rc = replace_cookie(c, &m);
	if (rc != RC_OK)
		return rc;
	*ret = m;
	return audit_note(tx, "user.step_up", m.id, second_factor ? "second factor" : "password");
}
