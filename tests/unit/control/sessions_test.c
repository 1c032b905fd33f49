/*
 * Sessions: a cookie and an access token are good while their session is, and no moment longer; a refresh token counts once, within its
 * grace gives the same, and after it ends the family and no other; keys of access tokens change without a token being refused. And what
 * thieves try: forged, mixed up and old tokens, another site's page, another session's CSRF token.
 */
#include "control/access/door.h"
#include "control/access/keys_hash.h"
#include "control/people/sessions.h"
#include "control/people/sessions_check.h"
#include "control/people/sessions_sweep.h"
#include "control/people/tokens.h"
#include "model/apikey.h"
#include "wire/base64.h"
#include "wire/cookie.h"
#include "wire/jwt_sign.h"
#include "wire/jwt_verify.h"

#include "tests/unit/control/desk.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

static struct desk d;
static struct principal nobody = { .id = "" };

static void fine(enum rc rc)
{
	if (rc == RC_OK)
		return;
	fprintf(stderr, "%s: %s\n", rc_code(rc), d.fault.text);
	abort();
}

#define DO(text) fine(store_do(d.tx.db, DESK_QUERY(text), STORE_NO_ARGS, &d.fault))

static struct call call_of(const char *cookies)
{
	struct call c = {
		.tx = d.tx, .who = &nobody, .cookies = cookies, .user_agent = "test/1 \xff", .ours = true
	};
	c.tx.peer = "203.0.113.9";
	return c;
}

/* A session of usr_LOGIN; what the browser keeps, or a token, is in the arena of a longer life. */
static struct session_made open_as(
	const char *login, enum session_kind kind, const char *cookies, char ret_secret[static APIKEY_MAX])
{
	char id[64];
	struct session_made m = { 0 };

	snprintf(id, sizeof(id), "usr_%s", login);
	desk_begin(&d);
	struct call c = call_of(cookies);
	fine(people_sessions_open(
		&c, &(struct session_new){ .user_id = id, .kind = kind, .method = "password" }, &m));
	if (kind == SESSION_COOKIE) {
		CHECK(!strncmp(c.set_cookie[0], "__Host-footplate=fp_cs_", 23) &&
			strstr(c.set_cookie[0], "; Path=/; "));
		CHECK(strstr(c.set_cookie[0], "; Secure") && strstr(c.set_cookie[0], "; HttpOnly") &&
			strstr(c.set_cookie[0], "; SameSite=Lax") && !strstr(c.set_cookie[0], "Domain"));
		CHECK(cookie_find(c.set_cookie[0], SESSIONS_COOKIE, ret_secret, APIKEY_MAX));
	} else {
		CHECK(!c.set_cookie[0] && m.access_token && m.refresh_token);
		snprintf(ret_secret, APIKEY_MAX, "%s", m.refresh_token);
	}
	m.id = strdup(m.id);
	m.access_token = m.access_token ? strdup(m.access_token) : NULL;
	m.csrf = m.csrf ? strdup(m.csrf) : NULL;
	m.refresh_token = NULL;
	desk_commit(&d);
	return m;
}

static void drop(struct session_made *m)
{
	free((char *)m->id);
	free((char *)m->access_token);
	free((char *)m->csrf);
}

static enum rc check(const char *secret, struct principal *ret)
{
	struct principal who = { 0 };
	arena_reset(&d.arena);
	enum rc rc = people_sessions_check(&d.tx, secret, &who);
	if (ret)
		*ret = who;
	return rc;
}

static enum rc check_token(const char *token, struct principal *ret)
{
	struct principal who = { 0 };
	arena_reset(&d.arena);
	enum rc rc = tokens_check(&d.tx, token, &who);
	if (ret)
		*ret = who;
	return rc;
}

static int64_t count(const char *type)
{
	return desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM events WHERE type = $1"), type, NULL);
}

static void cookies(void)
{
	char one[APIKEY_MAX], two[APIKEY_MAX], header[128];
	struct principal who;
	int64_t began = d.tx.now_ms;

	struct session_made m = open_as("ann", SESSION_COOKIE, NULL, one);
	CHECK(check(one, &who) == RC_OK && who.kind == PRINCIPAL_USER && who.authenticated_at == began &&
		!who.second_factor);
	CHECK_STR(who.id, "usr_ann");
	CHECK_STR(who.actor, "user:usr_ann");
	CHECK_STR(who.tenant_id, "ten_a");
	CHECK_STR(who.session_id, m.id);
	CHECK(desk_number(&d,
		      DESK_QUERY("SELECT COUNT(*) FROM auth_sessions WHERE agent = 'test/1 ?' AND hash <> $1"), one,
		      NULL) == 1);
	/* Idle: the last request counts, to the minute. */
	d.tx.now_ms = began + SESSIONS_IDLE_MS - 1;
	CHECK(check(one, NULL) == RC_OK);
	d.tx.now_ms++;
	CHECK(check(one, NULL) == RC_UNAUTHENTICATED);
	DO("UPDATE auth_sessions SET seen_at = expires_at");
	CHECK(check(one, NULL) == RC_OK);
	d.tx.now_ms = began + SESSIONS_MAX_MS;
	CHECK(check(one, NULL) == RC_UNAUTHENTICATED);
	d.tx.now_ms = began;
	/* Disabled, and of another tenant. */
	DO("UPDATE users SET enabled = 0 WHERE id = 'usr_ann'");
	CHECK(check(one, NULL) == RC_UNAUTHENTICATED);
	DO("UPDATE users SET enabled = 1, tenant_id = 'ten_b' WHERE id = 'usr_ann'");
	CHECK(check(one, NULL) == RC_UNAUTHENTICATED);
	DO("UPDATE users SET tenant_id = 'ten_a' WHERE id = 'usr_ann'");
	CHECK(check(one, NULL) == RC_OK);
	/* A log-on with a cookie that is there, planted or not, is another session with another cookie, and ends that one. */
	snprintf(header, sizeof(header), "a=b; " SESSIONS_COOKIE "=%s; c=d", one);
	struct session_made n = open_as("ann", SESSION_COOKIE, header, two);
	CHECK(strcmp(one, two) != 0 && strcmp(m.id, n.id) != 0 && strcmp(m.csrf, n.csrf) != 0);
	CHECK(check(one, NULL) == RC_UNAUTHENTICATED && check(two, NULL) == RC_OK);
	CHECK(count("auth_session.revoked") == 1 && count("auth_session.created") == 2 && count("user.login") == 2);
	/* The same secret with one character changed, of another kind, and as what it is not. */
	char bad[APIKEY_MAX];
	for (size_t i = 0; two[i]; i++) {
		memcpy(bad, two, sizeof(bad));
		bad[i] = bad[i] == 'x' ? 'y' : 'x';
		CHECK(check(bad, NULL) == RC_UNAUTHENTICATED);
	}
	CHECK(check("", NULL) == RC_UNAUTHENTICATED && check(n.id, NULL) == RC_UNAUTHENTICATED);
	/* Ended: at once, once, for good. */
	desk_begin(&d);
	fine(people_sessions_revoke(&d.tx, n.id, "logout"));
	fine(people_sessions_revoke(&d.tx, n.id, "logout"));
	desk_commit(&d);
	CHECK(check(two, NULL) == RC_UNAUTHENTICATED && count("auth_session.revoked") == 2);
	drop(&m);
	drop(&n);
}

/* Another proof: another cookie, and the old one is worth nothing. */
static void stepping_up(void)
{
	char one[APIKEY_MAX], two[APIKEY_MAX];
	struct principal who;
	struct session_made m = open_as("ann", SESSION_COOKIE, NULL, one), n = { 0 };

	d.tx.now_ms += 1000;
	CHECK(check(one, &who) == RC_OK);
	CHECK(store_begin(d.tx.db, &d.fault) == RC_OK);
	struct call c = call_of(NULL);
	c.who = &who;
	fine(people_sessions_step_up(&c, true, &n));
	CHECK(cookie_find(c.set_cookie[0], SESSIONS_COOKIE, two, sizeof(two)) && strcmp(n.csrf, m.csrf) != 0);
	desk_commit(&d);
	CHECK(check(one, NULL) == RC_UNAUTHENTICATED);
	CHECK(check(two, &who) == RC_OK && who.second_factor && who.authenticated_at == d.tx.now_ms);
	CHECK_STR(who.session_id, m.id);
	desk_begin(&d);
	c = call_of(NULL);
	c.who = &(struct principal){ .kind = PRINCIPAL_KEY, .id = "apk_1" };
	CHECK(people_sessions_step_up(&c, true, &n) == RC_CONFLICT);
	desk_commit(&d);
	drop(&m);
}

#define BROWSER                                                                                                    \
	.method = "POST", .cookies = cookie, .csrf = m.csrf, .origin = "https://fp.example", .host = "fp.example", \
	.fetch_site = "same-origin", .tls = true
static enum rc enter(const struct door_ask *ask)
{
	struct principal who = { 0 };
	arena_reset(&d.arena);
	return door_enter(&d.tx, ask, &who);
}
/* A good request, with this of it changed. */
#define WITH(...)                                \
	({                                       \
		struct door_ask a = { BROWSER }; \
		__VA_ARGS__;                     \
		enter(&a);                       \
	})

/* Another site's page has the browser send the cookie along. */
static void forgeries(void)
{
	char secret[APIKEY_MAX], other[APIKEY_MAX], cookie[128], bearer[128];
	struct session_made m = open_as("ann", SESSION_COOKIE, NULL, secret),
			    o = open_as("ann", SESSION_COOKIE, NULL, other);

	snprintf(cookie, sizeof(cookie), SESSIONS_COOKIE "=%s", secret);
	CHECK(WITH((void)a) == RC_OK);
	CHECK(WITH(a.origin = NULL, a.fetch_site = NULL) == RC_OK); /* an old browser: the token alone */
	CHECK(WITH(a.csrf = NULL) == RC_DENIED);
	CHECK(WITH(a.csrf = "") == RC_DENIED);
	CHECK(WITH(a.csrf = o.csrf) == RC_DENIED);
	CHECK(WITH(a.csrf = secret) == RC_DENIED);
	for (const char *const *at = (const char *const[]){ "cross-site", "same-site", "none", "", NULL }; *at;
		at++)
		CHECK(WITH(a.fetch_site = *at) == RC_DENIED);
	for (const char *const *at = (const char *const[]){ "https://evil.example", "null", "",
		     "https://fp.example.evil.example", "https://fp.example:8443", "http://fp.example",
		     "https://evil.example/https://fp.example", "fp.example", "https://sub.fp.example",
		     "https://fp.exampl", "https://", NULL };
		*at; at++)
		CHECK(WITH(a.origin = *at) == RC_DENIED);
	CHECK(WITH(a.origin = "http://127.0.0.1:8080", a.host = "127.0.0.1:8080", a.tls = false) == RC_OK);
	CHECK(WITH(a.host = NULL) == RC_DENIED);
	for (const char *const *at = (const char *const[]){ "PUT", "PATCH", "DELETE", "post", "ODD", NULL }; *at;
		at++)
		CHECK(WITH(a.method = *at, a.csrf = NULL) == RC_DENIED);
	/* What is safe needs no token; a WebSocket needs its Origin, and cannot have a token. */
	CHECK(WITH(a.method = "GET", a.csrf = NULL, a.fetch_site = "cross-site", a.origin = NULL) == RC_OK);
	CHECK(WITH(a.method = "GET", a.csrf = NULL, a.socket = true) == RC_OK);
	CHECK(WITH(a.method = "GET", a.csrf = NULL, a.socket = true, a.origin = NULL) == RC_DENIED);
	CHECK(WITH(a.method = "GET", a.csrf = m.csrf, a.socket = true, a.origin = "https://evil.example") ==
		RC_DENIED);
	/* Two credentials, two cookies of the name, a cookie as a bearer, a bearer as a cookie. */
	CHECK(WITH(a.authorization = "Bearer fp_live_x") == RC_UNAUTHENTICATED);
	char twice[300];
	snprintf(twice, sizeof(twice), SESSIONS_COOKIE "=%s; " SESSIONS_COOKIE "=%s", other, secret);
	CHECK(WITH(a.cookies = twice) == RC_UNAUTHENTICATED);
	snprintf(bearer, sizeof(bearer), "Bearer %s", secret);
	CHECK(WITH(a.cookies = NULL, a.authorization = bearer) == RC_UNAUTHENTICATED);
	struct session_made t = open_as("ann", SESSION_TOKEN, NULL, other);
	snprintf(cookie, sizeof(cookie), SESSIONS_COOKIE "=%s", other);
	CHECK(WITH((void)a) == RC_UNAUTHENTICATED);
	drop(&m);
	drop(&o);
	drop(&t);
}

/* --- access tokens */

static struct jwk key_now(char kid[static 64])
{
	struct jwk keys[TOKENS_KEYS_MAX], first;
	size_t n = 0;

	CHECK(tokens_keys(&d.tx, keys, &n) == RC_OK && n > 0);
	first = keys[0];
	snprintf(kid, 64, "%.63s", first.kid);
	for (size_t i = 1; i < n; i++)
		jwk_done(&keys[i]);
	CHECK(first.can_sign);
	return first;
}

static enum rc forged(const struct jwk *k, const char *typ, const char *claims)
{
	struct buf b = { 0 };
	CHECK(jwt_sign(k, typ, claims, strlen(claims), &b, NULL) == RC_OK);
	enum rc rc = check_token(buf_text(&b), NULL);
	buf_done(&b);
	return rc;
}

/* header.claims with an HMAC over it, or with nothing. */
static enum rc unsigned_as(const char *header, const char *claims, const void *secret, size_t n)
{
	struct buf b = { 0 };
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned mac_n = 0;

	base64_put_url(&b, header, strlen(header));
	buf_str(&b, ".");
	base64_put_url(&b, claims, strlen(claims));
	if (secret)
		HMAC(EVP_sha256(), secret, (int)n, b.p, b.n, mac, &mac_n);
	buf_str(&b, ".");
	base64_put_url(&b, mac, mac_n);
	enum rc rc = check_token(buf_text(&b), NULL);
	buf_done(&b);
	return rc;
}

static void access_tokens(void)
{
	char refresh[APIKEY_MAX], other[APIKEY_MAX], claims[600], header[200], kid[64];
	struct session_made m = open_as("ann", SESSION_TOKEN, NULL, refresh),
			    b = open_as("bob", SESSION_TOKEN, NULL, other),
			    web = open_as("ann", SESSION_COOKIE, NULL, other);
	struct principal who;
	struct jwk key = key_now(kid), strange;
	long long now = (long long)d.tx.now_ms / 1000;

	CHECK(check_token(m.access_token, &who) == RC_OK);
	CHECK_STR(who.id, "usr_ann");
	CHECK_STR(who.session_id, m.id);
	CHECK(who.expires_at == m.access_expires_at);
#define CLAIMS(iss, sub, sid, exp)                                                                                 \
	(snprintf(claims, sizeof(claims),                                                                          \
		 "{\"iss\":\"%s\",\"aud\":\"%s\",\"sub\":\"%s\",\"sid\":\"%s\",\"iat\":%lld,\"exp\":%lld,\"jti\":" \
		 "\"j\"}",                                                                                         \
		 iss, iss, sub, sid, now, now + (exp)),                                                            \
		claims)
	CHECK(forged(&key, "at+jwt", CLAIMS("urn:footplate:ep", "usr_ann", m.id, 60)) ==
		RC_OK); /* the frame of what follows */
	CHECK(forged(&key, "at+jwt", CLAIMS("urn:footplate:ep", "usr_bob", m.id, 60)) == RC_UNAUTHENTICATED);
	CHECK(forged(&key, "at+jwt", CLAIMS("urn:footplate:ep", "usr_ann", b.id, 60)) == RC_UNAUTHENTICATED);
	CHECK(forged(&key, "at+jwt", CLAIMS("urn:footplate:ep", "usr_ann", web.id, 60)) ==
		RC_UNAUTHENTICATED); /* a cookie's */
	CHECK(forged(&key, "at+jwt", CLAIMS("urn:footplate:ep", "usr_ann", "aus_x", 60)) == RC_UNAUTHENTICATED);
	CHECK(forged(&key, "at+jwt", CLAIMS("urn:footplate:other", "usr_ann", m.id, 60)) == RC_UNAUTHENTICATED);
	CHECK(forged(&key, "at+jwt", CLAIMS("urn:footplate:ep", "usr_ann", m.id, -6)) == RC_UNAUTHENTICATED);
	/* An ID token, a logout token: signed by us, but of another type. */
	CHECK(forged(&key, "JWT", CLAIMS("urn:footplate:ep", "usr_ann", m.id, 60)) == RC_UNAUTHENTICATED);
	CHECK(forged(&key, "logout+jwt", CLAIMS("urn:footplate:ep", "usr_ann", m.id, 60)) == RC_UNAUTHENTICATED);
	CHECK(forged(&key, NULL, CLAIMS("urn:footplate:ep", "usr_ann", m.id, 60)) == RC_UNAUTHENTICATED);
	/* Another's key under our name; a name of theirs; ours as they would guess it. */
	CHECK(jwk_ed25519((const uint8_t *)"12345678901234567890123456789012", kid, &strange) == RC_OK);
	CHECK(forged(&strange, "at+jwt", CLAIMS("urn:footplate:ep", "usr_ann", m.id, 60)) == RC_UNAUTHENTICATED);
	jwk_done(&strange);
	CHECK(jwk_ed25519((const uint8_t *)"12345678901234567890123456789012", "mine", &strange) == RC_OK);
	CHECK(forged(&strange, "at+jwt", CLAIMS("urn:footplate:ep", "usr_ann", m.id, 60)) == RC_UNAUTHENTICATED);
	jwk_done(&strange);
	struct buf public = { 0 };
	jwk_write(&key, &public);
	for (const char *const *alg = (const char *const[]){ "none", "HS256", "ES256", "RS256", NULL }; *alg;
		alg++) {
		snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", *alg, kid);
		CLAIMS("urn:footplate:ep", "usr_ann", m.id, 60);
		CHECK(unsigned_as(header, claims, NULL, 0) == RC_UNAUTHENTICATED);
		CHECK(unsigned_as(header, claims, public.p, public.n) == RC_UNAUTHENTICATED);
	}
	buf_done(&public);
	CHECK(check_token("", NULL) == RC_UNAUTHENTICATED && check_token("..", NULL) == RC_UNAUTHENTICATED);
	/* Over; and before that, its session, its person. */
	d.tx.now_ms += TOKENS_ACCESS_MS + TOKENS_SKEW_S * 1000 - 1000;
	CHECK(check_token(m.access_token, NULL) == RC_OK);
	d.tx.now_ms += 1000;
	CHECK(check_token(m.access_token, NULL) == RC_UNAUTHENTICATED);
	d.tx.now_ms -= TOKENS_ACCESS_MS;
	CHECK(check_token(m.access_token, NULL) == RC_OK);
	desk_begin(&d);
	fine(people_sessions_revoke_user(&d.tx, "usr_ann", NULL, "admin"));
	desk_commit(&d);
	CHECK(check_token(m.access_token, NULL) == RC_UNAUTHENTICATED && check(other, NULL) == RC_UNAUTHENTICATED);
	CHECK(check_token(b.access_token, NULL) == RC_OK);
	jwk_done(&key);
	drop(&m);
	drop(&b);
	drop(&web);
}

/* A new key is published before it signs, and the old one stays for what it signed. */
static void key_change(void)
{
	char refresh[APIKEY_MAX], first[64], kid[64];
	struct session_made m = open_as("bob", SESSION_TOKEN, NULL, refresh);
	struct jwk k = key_now(first);

	jwk_done(&k);
	d.tx.now_ms += TOKENS_KEY_MS;
	struct session_made n = open_as("bob", SESSION_TOKEN, NULL, refresh);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM auth_signing_keys"), NULL, NULL) == 2);
	k = key_now(kid); /* published, but what was made now is signed by the old one */
	jwk_done(&k);
	CHECK(strcmp(kid, first) != 0 && check_token(n.access_token, NULL) == RC_OK);
	struct buf with = { 0 }, issuer = { 0 };
	CHECK(jwt_verify_peek(n.access_token, strlen(n.access_token), &with, &issuer, NULL) == RC_OK);
	CHECK_STR((char *)with.p, first);
	d.tx.now_ms += TOKENS_KEY_EARLY_MS;
	struct session_made o = open_as("bob", SESSION_TOKEN, NULL, refresh);
	with.n = issuer.n = 0;
	CHECK(jwt_verify_peek(o.access_token, strlen(o.access_token), &with, &issuer, NULL) == RC_OK);
	CHECK_STR((char *)with.p, kid);
	desk_begin(&d);
	fine(people_sessions_sweep(&d.tx));
	desk_commit(&d);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM auth_signing_keys"), NULL, NULL) == 2);
	d.tx.now_ms += TOKENS_KEY_LATE_MS + 1;
	desk_begin(&d);
	fine(people_sessions_sweep(&d.tx));
	desk_commit(&d);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM auth_signing_keys WHERE kid = $1"), kid, NULL) == 1);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM auth_signing_keys"), NULL, NULL) == 1);
	/* At once, for what was stolen. */
	struct session_made p = open_as("bob", SESSION_TOKEN, NULL, refresh);
	CHECK(check_token(p.access_token, NULL) == RC_OK);
	desk_begin(&d);
	fine(tokens_rotate(&d.tx, true));
	desk_commit(&d);
	CHECK(check_token(p.access_token, NULL) == RC_UNAUTHENTICATED);
	buf_done(&with);
	buf_done(&issuer);
	drop(&m);
	drop(&n);
	drop(&o);
	drop(&p);
}

/* --- refresh tokens */

/* What was done is kept whatever the answer, as the route does. */
static enum rc refresh(const char *token, char next[static APIKEY_MAX])
{
	struct session_made m = { 0 };

	desk_begin(&d);
	enum rc rc = tokens_refresh(&d.tx, token, &m);
	if (rc == RC_OK) {
		snprintf(next, APIKEY_MAX, "%s", m.refresh_token);
		struct principal who = { 0 };
		CHECK(tokens_check(&d.tx, m.access_token, &who) == RC_OK && !strcmp(who.session_id, m.id));
	}
	desk_commit(&d);
	return rc;
}

static void families(void)
{
	char a[6][APIKEY_MAX], b[2][APIKEY_MAX], again[APIKEY_MAX];
	struct session_made m = open_as("bob", SESSION_TOKEN, NULL, a[0]),
			    other = open_as("bob", SESSION_TOKEN, NULL, b[0]);

	for (int i = 0; i < 3; i++)
		CHECK(refresh(a[i], a[i + 1]) == RC_OK && strcmp(a[i], a[i + 1]) != 0);
	/* Two tabs: the same successor, for a while. */
	d.tx.now_ms += TOKENS_GRACE_MS;
	CHECK(refresh(a[2], again) == RC_OK);
	CHECK_STR(again, a[3]);
	/* Nothing of a token stands in the database. */
	CHECK(desk_number(&d,
		      DESK_QUERY("SELECT COUNT(*) FROM auth_refresh_tokens WHERE hash = $1 OR next LIKE '%' || $1 "
				 "|| '%'"),
		      a[3], NULL) == 0);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM auth_refresh_tokens WHERE next IS NOT NULL"), NULL,
		      NULL) == 1);
	/* It was used: now the one before is a thief's, however soon. */
	int64_t revoked = count("auth_session.revoked");
	CHECK(refresh(a[3], a[4]) == RC_OK);
	CHECK(refresh(a[2], again) == RC_UNAUTHENTICATED);
	CHECK(count("auth_session.revoked") == revoked + 1);
	CHECK(refresh(a[4], a[5]) == RC_UNAUTHENTICATED && check_token(m.access_token, NULL) == RC_UNAUTHENTICATED);
	CHECK(desk_number(&d,
		      DESK_QUERY(
			      "SELECT COUNT(*) FROM auth_sessions WHERE id = $1 AND revoked_why = 'refresh_reuse'"),
		      m.id, NULL) == 1);
	CHECK(desk_number(&d,
		      DESK_QUERY(
			      "SELECT COUNT(*) FROM audit WHERE action = 'auth_session.revoke' AND resource = $1"),
		      m.id, NULL) == 1);
	/* That family and no other. */
	CHECK(refresh(b[0], b[1]) == RC_OK);
	/* Late: the same, though the successor was never used. */
	d.tx.now_ms += TOKENS_GRACE_MS + 1;
	CHECK(refresh(b[0], again) == RC_UNAUTHENTICATED && refresh(b[1], again) == RC_UNAUTHENTICATED);
	drop(&m);
	drop(&other);
	/* Idle, over, disabled; a token of another kind; a made-up one. */
	m = open_as("bob", SESSION_TOKEN, NULL, a[0]);
	int64_t began = d.tx.now_ms;
	d.tx.now_ms = began + SESSIONS_TOKEN_IDLE_MS;
	CHECK(refresh(a[0], a[1]) == RC_UNAUTHENTICATED);
	DO("UPDATE auth_sessions SET seen_at = expires_at");
	d.tx.now_ms = began + SESSIONS_TOKEN_MAX_MS;
	CHECK(refresh(a[0], a[1]) == RC_UNAUTHENTICATED);
	d.tx.now_ms = began + SESSIONS_TOKEN_MAX_MS - 1;
	DO("UPDATE users SET enabled = 0 WHERE id = 'usr_bob'");
	CHECK(refresh(a[0], a[1]) == RC_UNAUTHENTICATED);
	DO("UPDATE users SET enabled = 1 WHERE id = 'usr_bob'");
	CHECK(refresh(a[0], a[1]) == RC_OK);
	CHECK(refresh("", a[2]) == RC_UNAUTHENTICATED && refresh(m.access_token, a[2]) == RC_UNAUTHENTICATED);
	/* Swept when it is long over; a refresh token of it is nobody's then. */
	d.tx.now_ms = began + 3 * SESSIONS_TOKEN_MAX_MS;
	desk_begin(&d);
	fine(people_sessions_sweep(&d.tx));
	desk_commit(&d);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM auth_refresh_tokens"), NULL, NULL) == 0);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM auth_sessions"), NULL, NULL) == 0);
	drop(&m);
}

/* Single logout by a provider; and one person has only so many. */
static void many(void)
{
	char secret[APIKEY_MAX];
	size_t n = 9;

	desk_begin(&d);
	for (int i = 0; i < 3; i++) {
		struct call c = call_of(NULL);
		struct session_made m;
		fine(people_sessions_open(&c,
			&(struct session_new){ .user_id = "usr_ann",
				.method = "oidc",
				.idp_id = "idp_1",
				.idp_subject = i < 2 ? "s1" : "s2",
				.idp_session = i ? "x" : "y" },
			&m));
	}
	fine(people_sessions_revoke_idp(&d.tx, "idp_2", "s1", NULL, "single_logout", &n));
	CHECK(n == 0);
	fine(people_sessions_revoke_idp(&d.tx, "idp_1", "s1", "x", "single_logout", &n));
	CHECK(n == 1);
	fine(people_sessions_revoke_idp(&d.tx, "idp_1", "s1", NULL, "single_logout", &n));
	CHECK(n == 1);
	fine(people_sessions_revoke_idp(&d.tx, "idp_1", NULL, "x", "single_logout", &n));
	CHECK(n == 1);
	desk_commit(&d);
	for (int i = 0; i < SESSIONS_PER_USER + 5; i++) {
		d.tx.now_ms++;
		struct session_made m = open_as("ann", SESSION_COOKIE, NULL, secret);
		drop(&m);
	}
	CHECK(desk_number(&d,
		      DESK_QUERY("SELECT COUNT(*) FROM auth_sessions WHERE user_id = 'usr_ann' AND revoked_at = 0"),
		      NULL, NULL) == SESSIONS_PER_USER);
	CHECK(check(secret, NULL) == RC_OK);
	desk_begin(&d);
	struct call c = call_of(NULL);
	struct session_made m;
	DO("UPDATE users SET enabled = 0 WHERE id = 'usr_bob'");
	CHECK(people_sessions_open(&c, &(struct session_new){ .user_id = "usr_bob", .method = "password" }, &m) ==
		RC_DENIED);
	CHECK(people_sessions_open(&c, &(struct session_new){ .user_id = "usr_no", .method = "password" }, &m) ==
		RC_MISSING);
	desk_commit(&d);
}

int main(void)
{
	desk_open(&d);
	d.tx.now_ms = 1800000000000;
	snprintf(d.control.epoch, sizeof(d.control.epoch), "ep");
	DO("INSERT INTO users (id, tenant_id, login, name, created_by, created_at, updated_at) VALUES ('usr_ann', "
	   "'ten_a', 'ann', 'Ann', "
	   "'t', 1, 1), ('usr_bob', 'ten_a', 'bob', 'Bob', 't', 1, 1)");
	cookies();
	stepping_up();
	forgeries();
	access_tokens();
	key_change();
	families();
	many();
	desk_close(&d);
	return 0;
}
