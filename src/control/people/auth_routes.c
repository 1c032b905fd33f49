#include "base/hush.h"
#include "control/access/keys_hash.h"
#include "control/control.h"
#include "control/people/logins.h"
#include "control/people/mfa.h"
#include "control/people/passwords.h"
#include "control/people/sessions.h"
#include "control/people/tokens.h"
#include "io/clock.h"
#include "model/apikey.h"

#define CHALLENGE_KIND  "lc"
#define CHALLENGE_MS    300000
#define CHALLENGE_TRIES 5

static const char *const kind_words[] = { "cookie", "token", NULL };
static const char *const status_words[] = { "done", "second_factor_required", NULL };

struct login_in {
	const char *login, *password;
	int kind;
};
static const struct field login_fields[] = {
	{ .name = "login",
		.type = FIELD_STR,
		FIELD_AT(struct login_in, login),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = USERS_LOGIN_MAX,
		.doc = "Who it is." },
	{ .name = "password",
		.type = FIELD_STR,
		FIELD_AT(struct login_in, password),
		.flags = FIELD_REQUIRED | FIELD_SECRET,
		.min = 1,
		.max = PASSWORDS_MAX,
		.doc = "Their password." },
	{ .name = "kind",
		.type = FIELD_ENUM,
		FIELD_AT(struct login_in, kind),
		.words = kind_words,
		.doc = "cookie: for a browser. token: an access token and a refresh token, for a program." },
	{ 0 },
};

struct code_in {
	const char *challenge, *code;
};
static const struct field code_fields[] = {
	{ .name = "challenge",
		.type = FIELD_STR,
		FIELD_AT(struct code_in, challenge),
		.flags = FIELD_REQUIRED | FIELD_SECRET,
		.max = APIKEY_MAX,
		.doc = "What the log-on answered." },
	{ .name = "code",
		.type = FIELD_STR,
		FIELD_AT(struct code_in, code),
		.flags = FIELD_REQUIRED | FIELD_SECRET,
		.min = 1,
		.max = 64,
		.doc = "A code of the authenticator, or a recovery code." },
	{ 0 },
};

struct refresh_in {
	const char *refresh_token;
};
static const struct field refresh_fields[] = {
	{ .name = "refreshToken",
		.type = FIELD_STR,
		FIELD_AT(struct refresh_in, refresh_token),
		.flags = FIELD_REQUIRED | FIELD_SECRET,
		.max = APIKEY_MAX,
		.doc = "The last one that was given. It counts once." },
	{ 0 },
};

struct login_view {
	int status;
	const char *challenge;
	int64_t challenge_expires_at;
	struct session_made made;
};
static const struct field login_view_fields[] = {
	{ .name = "status",
		.type = FIELD_ENUM,
		FIELD_AT(struct login_view, status),
		.words = status_words,
		.doc = "second_factor_required: send the challenge and a code to /v1/auth/login/second-factor." },
	{ .name = "challenge",
		.type = FIELD_STR,
		.flags = FIELD_OMIT,
		FIELD_AT(struct login_view, challenge),
		.doc = "For the second factor; it counts once." },
	{ .name = "challengeExpiresAt",
		.type = FIELD_TIME,
		.flags = FIELD_OMIT,
		FIELD_AT(struct login_view, challenge_expires_at),
		.doc = "Until when the code may come." },
	{ .name = "sessionId",
		.type = FIELD_STR,
		.flags = FIELD_OMIT,
		FIELD_AT(struct login_view, made.id),
		.doc = "The session that began." },
	{ .name = "userId",
		.type = FIELD_STR,
		.flags = FIELD_OMIT,
		FIELD_AT(struct login_view, made.user_id),
		.doc = "Whose it is." },
	{ .name = "tenantId",
		.type = FIELD_STR,
		.flags = FIELD_OMIT,
		FIELD_AT(struct login_view, made.tenant_id),
		.doc = "Their tenant." },
	{ .name = "expiresAt",
		.type = FIELD_TIME,
		.flags = FIELD_OMIT,
		FIELD_AT(struct login_view, made.expires_at),
		.doc = "When it ends at the latest." },
	{ .name = "csrfToken",
		.type = FIELD_STR,
		.flags = FIELD_OMIT,
		FIELD_AT(struct login_view, made.csrf),
		.doc = "Of a cookie: send it as X-CSRF-Token with every request that is not a GET." },
	{ .name = "accessToken",
		.type = FIELD_STR,
		.flags = FIELD_OMIT,
		FIELD_AT(struct login_view, made.access_token),
		.doc = "Send it as Authorization: Bearer." },
	{ .name = "accessExpiresAt",
		.type = FIELD_TIME,
		.flags = FIELD_OMIT,
		FIELD_AT(struct login_view, made.access_expires_at),
		.doc = "When the access token ends." },
	{ .name = "refreshToken",
		.type = FIELD_STR,
		.flags = FIELD_OMIT,
		FIELD_AT(struct login_view, made.refresh_token),
		.doc = "Gives the next ones by /v1/auth/refresh. It counts once; keep it secret." },
	{ 0 },
};

/* What was counted is kept, whatever the answer. */
static enum rc keep(struct call *c, enum rc rc)
{
	if (rc != RC_UNAUTHENTICATED && rc != RC_LIMIT)
		return rc;
	c->refuse = rc;
	return RC_OK;
}

static enum rc check_page(struct call *c)
{
	return c->ours ? RC_OK : fault_set(c->tx.fault, RC_DENIED, "another site made the browser send this");
}

/* --- the log-on */

static enum rc login_before(struct call *c)
{
	const struct login_in *in = c->in;
	const struct logins_found *found = NULL;
	struct hush password = { 0 };

	enum rc rc = check_page(c);
	if (rc == RC_OK)
		rc = hush_set(&password, in->password, strlen(in->password));
	if (rc == RC_OK)
		rc = logins_look(&c->tx, in->login, NULL, &password, &found);
	hush_done(&password);
	c->found = found;
	return rc;
}

/* The password was right, but a code has to come. What is given out for it counts once, and not for long. */
static enum rc challenge(struct call *c, const struct user_row *user, int kind, struct login_view *v)
{
	static const struct store_query add = { .sql = "INSERT INTO auth_challenges (hash, user_id, kind, "
						       "password_at, expires_at) SELECT $1, id, $3, "
						       "password_at, $4 FROM users WHERE id = $2" };
	uint8_t random[APIKEY_RANDOM];
	char hash[KEYS_HASH_MAX], *secret = arena_take(c->tx.arena, APIKEY_MAX);

	if (!secret)
		return RC_NOMEM;
	clock_random(random, sizeof(random));
	apikey_make(secret, CHALLENGE_KIND, random);
	keys_hash(c->tx.control, secret, hash);
	*v = (struct login_view){
		.status = 1, .challenge = secret, .challenge_expires_at = c->tx.now_ms + CHALLENGE_MS
	};
	return store_do(c->tx.db, &add,
		STORE_ARGS(store_text(hash), store_text(user->id), store_text(kind_words[kind]),
			store_int(v->challenge_expires_at)),
		c->tx.fault);
}

static enum rc login_run(struct call *c, void *ret_out)
{
	const struct login_in *in = c->in;
	struct login_view *v = ret_out;
	struct user_row user = { 0 };
	bool code = false;

	enum rc rc = check_page(c);
	if (rc == RC_OK)
		rc = logins_settle(&c->tx, c->found, &user);
	if (rc != RC_OK)
		return keep(c, rc);
	rc = mfa_needed(&c->tx, &user, &code);
	if (rc != RC_OK)
		return rc;
	if (code)
		return challenge(c, &user, in->kind, v);
	return people_sessions_open(c,
		&(struct session_new){
			.user_id = user.id, .kind = (enum session_kind)in->kind, .method = "password" },
		&v->made);
}

/* Takes a try of the challenge. RC_UNAUTHENTICATED: there is none, or the password was changed since. */
static enum rc take_try(struct call *c, const char *hash, struct user_row *ret, int *ret_kind)
{
	static const struct store_query try = {
		.sql = "UPDATE auth_challenges SET tries = tries + 1 WHERE hash = $1 AND expires_at > $2 AND tries "
		       "< $3 AND EXISTS "
		       "(SELECT 1 FROM users u WHERE u.id = user_id AND u.enabled = 1 AND u.password_at = "
		       "auth_challenges.password_at) RETURNING user_id, kind"
	};
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_one(c->tx.db, &try,
		STORE_ARGS(store_text(hash), store_int(c->tx.now_ms), store_int(CHALLENGE_TRIES)), &r, c->tx.fault);
	if (rc == RC_MISSING)
		return fault_set(
			c->tx.fault, RC_UNAUTHENTICATED, "the challenge is unknown, used or too old; log in again");
	if (rc != RC_OK)
		return rc;
	const char *user_id = arena_str(c->tx.arena, store_col_text(r, 0));
	*ret_kind = !strcmp(store_col_text(r, 1), kind_words[SESSION_TOKEN]);
	store_close(take(r));
	return user_id ? users_find(&c->tx, user_id, ret) : RC_NOMEM;
}

static enum rc code_run(struct call *c, void *ret_out)
{
	static const struct store_query used = { .sql = "DELETE FROM auth_challenges WHERE hash = $1" };
	const struct code_in *in = c->in;
	struct login_view *v = ret_out;
	struct user_row user = { 0 };
	char hash[KEYS_HASH_MAX];
	bool recovery = false;
	int kind = 0;

	enum rc rc = check_page(c);
	if (rc != RC_OK)
		return rc;
	keys_hash(c->tx.control, in->challenge, hash);
	rc = take_try(c, hash, &user, &kind);
	if (rc == RC_OK)
		rc = mfa_verify(&c->tx, &user, in->code, &recovery);
	if (rc != RC_OK)
		return keep(c, rc);
	rc = store_do(c->tx.db, &used, STORE_ARGS(store_text(hash)), c->tx.fault);
	if (rc != RC_OK)
		return rc;
	return people_sessions_open(c,
		&(struct session_new){ .user_id = user.id,
			.kind = (enum session_kind)kind,
			.method = recovery ? "recovery_code" : "totp",
			.second_factor = true },
		&v->made);
}

static enum rc refresh_run(struct call *c, void *ret_out)
{
	const struct refresh_in *in = c->in;
	struct login_view *v = ret_out;

	return keep(c, tokens_refresh(&c->tx, in->refresh_token, &v->made));
}

static enum rc logout_run(struct call *c, void *ret_out)
{
	(void)ret_out;
	if (!c->who->session_id)
		return fault_set(c->tx.fault, RC_CONFLICT, "an API key has no session; revoke the key instead");
	c->set_cookie[0] = SESSIONS_COOKIE "=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax";
	return people_sessions_revoke(&c->tx, c->who->session_id, "logout");
}

const struct route auth_routes[] = {
	{
		.name = "login",
		.method = "POST",
		.path = "/v1/auth/login",
		.reach = REACH_OPEN,
		.flags = ROUTE_WRITE,
		.in = login_fields,
		.in_size = sizeof(struct login_in),
		.out = login_view_fields,
		.out_size = sizeof(struct login_view),
		.before = login_before,
		.run = login_run,
		.doc = "Logs a person in with a password. The answer is a session, or asks for the second factor.",
	},
	{
		.name = "loginSecondFactor",
		.method = "POST",
		.path = "/v1/auth/login/second-factor",
		.reach = REACH_OPEN,
		.flags = ROUTE_WRITE,
		.in = code_fields,
		.in_size = sizeof(struct code_in),
		.out = login_view_fields,
		.out_size = sizeof(struct login_view),
		.run = code_run,
		.doc = "Ends a log-on with a code of the authenticator or a recovery code.",
	},
	{
		.name = "refresh",
		.method = "POST",
		.path = "/v1/auth/refresh",
		.reach = REACH_OPEN,
		.flags = ROUTE_WRITE,
		.in = refresh_fields,
		.in_size = sizeof(struct refresh_in),
		.out = login_view_fields,
		.out_size = sizeof(struct login_view),
		.run = refresh_run,
		.doc = "Gives the next access token and refresh token. One that comes a second time, later than 10 "
		       "s after the first, ends "
		       "the session: somebody else has it.",
	},
	{
		.name = "logout",
		.method = "POST",
		.path = "/v1/auth/logout",
		.reach = REACH_SELF,
		.flags = ROUTE_WRITE,
		.status = 204,
		.run = logout_run,
		.doc = "Ends the session that the request comes with.",
	},
	{ 0 },
};
