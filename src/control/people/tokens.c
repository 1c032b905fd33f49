#include "control/people/tokens.h"
#include "base/buf.h"
#include "base/metric.h"
#include "control/access/keys_hash.h"
#include "control/access/vault.h"
#include "control/control.h"
#include "control/people/sessions_check.h"
#include "control/people/sessions_revoke.h"
#include "io/clock.h"
#include "model/apikey.h"
#include "wire/json.h"
#include "wire/jwt_sign.h"
#include "wire/jwt_verify.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

#define ISSUER_MAX   40
#define REFRESH_KIND "rt"

/* Who issues them, and whom they are for: this installation. */
static void put_issuer(const struct control *c, char ret[static ISSUER_MAX])
{
	snprintf(ret, ISSUER_MAX, "urn:footplate:%s", c->epoch);
}

/* --- the keys */

static enum rc key_of(const struct control *c, const char *kid, struct jwk *ret)
{
	uint8_t seed[EVP_MAX_MD_SIZE];
	char text[JWK_KID_MAX + 32];

	snprintf(text, sizeof(text), "access token key %.*s", JWK_KID_MAX, kid);
	bool ok =
		HMAC(EVP_sha256(), c->secrets.pepper, 32, (const uint8_t *)text, strlen(text), seed, NULL) != NULL;
	enum rc rc = ok ? jwk_ed25519(seed, kid, ret) : RC_NOMEM;
	hush_wipe(seed, sizeof(seed));
	return rc;
}

static enum rc add_key(struct tx *tx, int64_t signs_from, const char **ret_kid)
{
	static const struct store_query add = {
		.sql = "INSERT INTO auth_signing_keys (kid, signs_from, created_at) VALUES ($1, $2, $3)"
	};
	const char *kid = tx_id(tx, "sgn");

	*ret_kid = kid;
	return kid ? store_do(tx->db, &add,
			     STORE_ARGS(store_text(kid), store_int(signs_from), store_int(tx->now_ms)), tx->fault)
		   : RC_NOMEM;
}

/* The name of the key that signs now. The next one is made when it is time. */
static enum rc choose_key(struct tx *tx, const char **ret_kid)
{
	static const struct store_query now = {
		.sql = "SELECT kid, (SELECT MAX(created_at) FROM auth_signing_keys) FROM auth_signing_keys WHERE "
		       "signs_from <= $1 "
		       "ORDER BY signs_from DESC, kid DESC LIMIT 1"
	};
	auto_rows struct store_rows *r = NULL;
	const char *next = NULL;

	enum rc rc = store_one(tx->db, &now, STORE_ARGS(store_int(tx->now_ms)), &r, tx->fault);
	if (rc == RC_MISSING)
		return add_key(tx, tx->now_ms, ret_kid);
	if (rc != RC_OK)
		return rc;
	*ret_kid = arena_str(tx->arena, store_col_text(r, 0));
	bool old = store_col_int(r, 1) + TOKENS_KEY_MS <= tx->now_ms;
	store_close(take(r));
	if (!*ret_kid)
		return RC_NOMEM;
	return old ? add_key(tx, tx->now_ms + TOKENS_KEY_EARLY_MS, &next) : RC_OK;
}

enum rc tokens_keys(struct tx *tx, struct jwk *ret, size_t *ret_n)
{
	static const struct store_query all = {
		.sql = "SELECT kid FROM auth_signing_keys ORDER BY signs_from DESC, kid DESC LIMIT $1"
	};
	auto_rows struct store_rows *r = NULL;
	bool row = false;

	*ret_n = 0;
	enum rc rc = store_run(tx->db, &all, STORE_ARGS(store_int(TOKENS_KEYS_MAX)), &r, tx->fault);
	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		rc = key_of(tx->control, store_col_text(r, 0), &ret[*ret_n]);
		*ret_n += rc == RC_OK;
	}
	return rc;
}

enum rc tokens_rotate(struct tx *tx, bool drop_old)
{
	static const struct store_query drop = { .sql = "DELETE FROM auth_signing_keys WHERE kid <> $1" };
	const char *kid = NULL;

	enum rc rc = add_key(tx, tx->now_ms, &kid);
	return rc == RC_OK && drop_old ? store_do(tx->db, &drop, STORE_ARGS(store_text(kid)), tx->fault) : rc;
}

enum rc tokens_sweep(struct tx *tx)
{
	static const struct store_query old = { .sql = "DELETE FROM auth_signing_keys WHERE signs_from < (SELECT "
						       "MAX(signs_from) FROM auth_signing_keys WHERE signs_from "
						       "<= $1)" };
	return store_do(tx->db, &old, STORE_ARGS(store_int(tx->now_ms - TOKENS_KEY_LATE_MS)), tx->fault);
}

/* --- access tokens */

enum rc tokens_access(struct tx *tx, struct session_made *m)
{
	struct buf claims = { 0 }, token = { 0 };
	struct jwk key = { 0 };
	char issuer[ISSUER_MAX];
	const char *kid = NULL, *jti = tx_id(tx, "tok");

	enum rc rc = jti ? choose_key(tx, &kid) : RC_NOMEM;
	if (rc == RC_OK)
		rc = key_of(tx->control, kid, &key);
	if (rc != RC_OK)
		return rc;
	put_issuer(tx->control, issuer);
	m->access_expires_at = tx->now_ms + TOKENS_ACCESS_MS;
	buf_fmt(&claims,
		"{\"iss\":\"%s\",\"aud\":\"%s\",\"sub\":\"%s\",\"client_id\":\"footplate\",\"sid\":\"%s\","
		"\"tenant\":\"%s\",\"iat\":%lld,"
		"\"exp\":%lld,\"jti\":\"%s\"}",
		issuer, issuer, m->user_id, m->id, m->tenant_id, (long long)tx->now_ms / 1000,
		(long long)m->access_expires_at / 1000, jti);
	rc = claims.bad ? RC_NOMEM : jwt_sign(&key, "at+jwt", (const char *)claims.p, claims.n, &token, tx->fault);
	if (rc == RC_OK && !(m->access_token = arena_str(tx->arena, buf_text(&token))))
		rc = RC_NOMEM;
	jwk_done(&key);
	hush_wipe(token.p, token.n);
	buf_done(&token);
	buf_done(&claims);
	return rc;
}

/* The key that a token names, if it is one of ours. */
static enum rc find_key(struct tx *tx, const char *token, size_t n, struct jwk *ret)
{
	static const struct store_query one = { .sql = "SELECT kid FROM auth_signing_keys WHERE kid = $1" };
	struct buf kid = { 0 }, issuer = { 0 };
	auto_rows struct store_rows *r = NULL;

	enum rc rc = jwt_verify_peek(token, n, &kid, &issuer, tx->fault);
	if (rc == RC_OK)
		rc = store_one(tx->db, &one, STORE_ARGS(store_text(buf_text(&kid))), &r, tx->fault);
	if (rc == RC_OK)
		rc = key_of(tx->control, store_col_text(r, 0), ret);
	buf_done(&kid);
	buf_done(&issuer);
	return rc;
}

/* Its session must be there, be open, and be of the person that it names. */
static enum rc check_session(struct tx *tx, const struct jwt_said *said, struct principal *ret)
{
	const char *sid = json_string_value(json_object_get(said->claims, "sid"));
	struct principal who = { 0 };

	enum rc rc = sid ? people_sessions_check_id(tx, sid, &who) : RC_UNAUTHENTICATED;
	if (rc == RC_OK && strcmp(who.id, said->subject) != 0)
		rc = RC_UNAUTHENTICATED;
	if (rc != RC_OK)
		return rc;
	who.expires_at = said->expires_s * 1000;
	*ret = who;
	return RC_OK;
}

enum rc tokens_check(struct tx *tx, const char *token, struct principal *ret)
{
	static const char *const types[] = { "at+jwt", NULL };
	char issuer[ISSUER_MAX];
	struct jwk key = { 0 };
	struct jwt_said said = { 0 };
	size_t n = strnlen(token, JWT_TOKEN_MAX + 1);
	struct fault quiet = { 0 };

	put_issuer(tx->control, issuer);
	enum rc rc = find_key(tx, token, n, &key);
	const struct jwk_set keys = { &key, 1 };
	const struct jwt_rules rules = { .keys = &keys,
		.algs = JWK_BIT(JWK_EDDSA),
		.types = types,
		.issuer = issuer,
		.audience = issuer,
		.needs = JWT_EXP | JWT_IAT | JWT_JTI | JWT_SUB,
		.now_s = tx->now_ms / 1000,
		.skew_s = TOKENS_SKEW_S };
	if (rc == RC_OK)
		rc = jwt_verify(token, n, &rules, &said, &quiet);
	if (rc == RC_OK)
		rc = check_session(tx, &said, ret);
	jwt_verify_done(&said);
	jwk_done(&key);
	if (rc == RC_EXPIRED)
		return fault_set(tx->fault, RC_UNAUTHENTICATED,
			"the access token is over; get another one by POST /v1/auth/refresh");
	if (rc == RC_MALFORMED || rc == RC_TOO_LARGE || rc == RC_MISSING || rc == RC_UNAUTHENTICATED ||
		rc == RC_INVALID)
		return fault_set(
			tx->fault, RC_UNAUTHENTICATED, "the access token is not one that is valid here; log in");
	return rc;
}

/* --- refresh tokens */

static struct vault_at next_of(const char *session_id)
{
	return (struct vault_at){ "auth_session", session_id, "refresh" };
}

/* A new one of the family. */
static enum rc add(struct tx *tx, struct session_made *m)
{
	static const struct store_query insert = {
		.sql = "INSERT INTO auth_refresh_tokens (hash, session_id, created_at) VALUES ($1, $2, $3)"
	};
	uint8_t random[APIKEY_RANDOM];
	char hash[KEYS_HASH_MAX], *secret = arena_take(tx->arena, APIKEY_MAX);

	if (!secret)
		return RC_NOMEM;
	clock_random(random, sizeof(random));
	apikey_make(secret, REFRESH_KIND, random);
	keys_hash(tx->control, secret, hash);
	m->refresh_token = secret;
	return store_do(
		tx->db, &insert, STORE_ARGS(store_text(hash), store_text(m->id), store_int(tx->now_ms)), tx->fault);
}

enum rc tokens_family(struct tx *tx, struct session_made *m) { return add(tx, m); }

/* What is known of a refresh token that came. */
struct came {
	char hash[KEYS_HASH_MAX];
	int64_t used_at;
	const char *next;
	struct session_made m;
};

/* RC_MISSING: unknown, or its session is over. */
static enum rc look(struct tx *tx, const char *refresh, struct came *ret)
{
	static const struct store_query find = { .sql = "SELECT t.used_at, t.next, s.id, s.user_id, s.tenant_id, "
							"s.expires_at, s.seen_at FROM auth_refresh_tokens t JOIN "
							"auth_sessions s ON s.id = t.session_id JOIN users u ON "
							"u.id = s.user_id AND u.tenant_id = s.tenant_id WHERE "
							"t.hash = $1 AND s.kind = 'token' AND s.revoked_at = 0 AND "
							"s.expires_at > $2 AND s.seen_at > $3 AND u.enabled = 1" };
	auto_rows struct store_rows *r = NULL;
	struct came c = { 0 };

	if (!apikey_is(refresh, REFRESH_KIND))
		return RC_MISSING;
	keys_hash(tx->control, refresh, c.hash);
	enum rc rc = store_one(tx->db, &find,
		STORE_ARGS(
			store_text(c.hash), store_int(tx->now_ms), store_int(tx->now_ms - SESSIONS_TOKEN_IDLE_MS)),
		&r, tx->fault);
	if (rc != RC_OK)
		return rc;
	c.used_at = store_col_int(r, 0);
	c.next = arena_str(tx->arena, store_col_text(r, 1) ? store_col_text(r, 1) : "");
	c.m = (struct session_made){ .id = arena_str(tx->arena, store_col_text(r, 2)),
		.user_id = arena_str(tx->arena, store_col_text(r, 3)),
		.tenant_id = arena_str(tx->arena, store_col_text(r, 4)),
		.expires_at = store_col_int(r, 5) };
	if (!c.next || !c.m.id || !c.m.user_id || !c.m.tenant_id)
		return RC_NOMEM;
	*ret = c;
	return RC_OK;
}

/* Used now: the next one is sealed beside it, and what was kept of the one before is forgotten. */
static enum rc use(struct tx *tx, struct came *c)
{
	static const struct store_query forget = {
		.sql = "UPDATE auth_refresh_tokens SET next = NULL WHERE session_id = $1 AND next IS NOT NULL"
	};
	static const struct store_query mark = {
		.sql = "UPDATE auth_refresh_tokens SET used_at = $2, next = $3 WHERE hash = $1"
	};
	static const struct store_query seen = { .sql = "UPDATE auth_sessions SET seen_at = $2 WHERE id = $1" };
	struct vault_at at = next_of(c->m.id);
	struct hush next = { 0 };
	struct buf sealed = { 0 };

	enum rc rc = add(tx, &c->m);
	if (rc == RC_OK)
		rc = store_do(tx->db, &forget, STORE_ARGS(store_text(c->m.id)), tx->fault);
	if (rc == RC_OK)
		rc = hush_set(&next, c->m.refresh_token, strlen(c->m.refresh_token));
	if (rc == RC_OK)
		rc = vault_seal(&tx->control->secrets, &at, 1, &next, &sealed);
	hush_done(&next);
	if (rc == RC_OK)
		rc = store_do(tx->db, &mark,
			STORE_ARGS(store_text(c->hash), store_int(tx->now_ms), store_text(buf_text(&sealed))),
			tx->fault);
	buf_done(&sealed);
	return rc == RC_OK
		       ? store_do(tx->db, &seen, STORE_ARGS(store_text(c->m.id), store_int(tx->now_ms)), tx->fault)
		       : rc;
}

/* The same successor once more. */
static enum rc repeat(struct tx *tx, struct came *c)
{
	struct vault_at at = next_of(c->m.id);
	struct hush next = { 0 };

	enum rc rc = vault_open(&tx->control->secrets, &at, 1, c->next, &next, tx->fault);
	if (rc == RC_OK && !(c->m.refresh_token = arena_strn(tx->arena, (const char *)next.p, next.n)))
		rc = RC_NOMEM;
	hush_done(&next);
	return rc;
}

static enum rc refuse(struct tx *tx, const char *result, const char *why)
{
	metric_add(tx->control->metrics, METRIC_AUTH_ATTEMPTS, result, 1);
	return fault_set(tx->fault, RC_UNAUTHENTICATED, "%s; log in", why);
}

enum rc tokens_refresh(struct tx *tx, const char *refresh, struct session_made *ret)
{
	struct came c = { 0 };
	enum rc rc = look(tx, refresh, &c);

	if (rc == RC_MISSING)
		return refuse(tx, "refresh\nrefused", "the refresh token is unknown, or its session is over");
	if (rc != RC_OK)
		return rc;
	if (c.used_at && (!*c.next || tx->now_ms - c.used_at > TOKENS_GRACE_MS)) {
		rc = people_sessions_revoke(tx, c.m.id, "refresh_reuse");
		return rc == RC_OK ? refuse(tx, "refresh\nreused",
					     "the refresh token was used before: the session is ended")
				   : rc;
	}
	rc = c.used_at ? repeat(tx, &c) : use(tx, &c);
	if (rc == RC_OK)
		rc = tokens_access(tx, &c.m);
	if (rc != RC_OK)
		return rc;
	metric_add(tx->control->metrics, METRIC_AUTH_ATTEMPTS, "refresh\nok", 1);
	*ret = c.m;
	return RC_OK;
}
