/*
 * sessions: one log-on of one person, whatever way they came in. A browser's is a cookie, an opaque secret of which a keyed hash is
 * kept; a program's is a family of refresh tokens and short-lived access tokens (people/tokens). Each session is a row; whoever
 * comes with a cookie or a token is asked for by that row, every time: revoked is revoked at once, on every instance.
 * control-plane.md 2.4 (SE-06 to SE-08).
 *
 * The cookie is `__Host-footplate` (Secure, HttpOnly, SameSite=Lax, Path=/), also where TLS ends elsewhere or there is none:
 * browsers hold http://localhost for secure. It is another one after each log-on and each step-up, so a planted one is worth nothing.
 */
#pragma once

#include "control/http/route.h"

struct user_row;

#define SESSIONS_COOKIE        "__Host-footplate"
#define SESSIONS_CSRF_HEADER   "x-csrf-token"
#define SESSIONS_CSRF_MAX      44           /* with NUL */
#define SESSIONS_IDLE_MS       28800000LL   /* a browser that sends nothing for so long is logged off */
#define SESSIONS_MAX_MS        259200000LL  /* and after this, whatever it sends */
#define SESSIONS_TOKEN_IDLE_MS 604800000LL  /* a program that does not refresh for so long is */
#define SESSIONS_TOKEN_MAX_MS  2592000000LL /* and after this */
#define SESSIONS_PER_USER      100          /* open at once; the oldest is ended when there are more */

enum session_kind { SESSION_COOKIE, SESSION_TOKEN };

struct session_new {
	const char *user_id; /* of an enabled person */
	enum session_kind kind;
	const char *method; /* how they came: "password", "totp", "recovery_code", "oidc", "saml" */
	bool second_factor; /* they proved who they are with more than a password */
	const char *idp_id, *idp_subject, *idp_session; /* of single sign-on; NULL: not so */
};

/* In the transaction's arena. Secrets: they go into the answer, and nowhere else. */
struct session_made {
	const char *id, *user_id, *tenant_id;
	int64_t expires_at;
	const char *csrf;                         /* SESSION_COOKIE: the cookie itself is in call.set_cookie */
	const char *access_token, *refresh_token; /* SESSION_TOKEN */
	int64_t access_expires_at;
};

/*
 * After all was proven: makes the session, with event (user.login, auth_session.created) and audit row, in that person's name, and ends
 * the browser's session that the request came with, if it did. On the writer. RC_DENIED: the person is disabled; RC_MISSING: gone.
 */
must_check enum rc sessions_open(struct call *c, const struct session_new *n, struct session_made *ret);

/* Who comes with this cookie. RC_UNAUTHENTICATED: unknown, over, revoked, or the person is disabled. */
must_check enum rc sessions_check(struct tx *tx, const char *secret, struct principal *ret);

/* Who comes with an access token of this session. */
must_check enum rc sessions_check_id(struct tx *tx, const char *id, struct principal *ret);

/*
 * The person of this call proved once more who they are: their session says so from now on, and a cookie is replaced by another one.
 * On the writer. RC_CONFLICT: the caller has no session.
 */
must_check enum rc sessions_step_up(struct call *c, bool second_factor, struct session_made *ret);

/* Ends one: event auth_session.revoked, audit row. `why`: "logout", "admin", "refresh_reuse", … No session, or over: RC_OK. On the writer. */
must_check enum rc sessions_revoke(struct tx *tx, const char *id, const char *why);

/* Ends all of a person but `except` (NULL: none). */
must_check enum rc sessions_revoke_user(struct tx *tx, const char *user_id, const char *except, const char *why);

/* Ends what came by an identity provider: all of its session, or, when that is NULL, all of its person. *ret_n: how many. */
must_check enum rc sessions_revoke_idp(struct tx *tx, const char *idp_id, const char *subject, const char *session,
	const char *why, size_t *ret_n);

/* What X-CSRF-Token must be for a cookie with this secret. */
void sessions_csrf(const struct control *c, const char *secret, char ret[static SESSIONS_CSRF_MAX]);

/* Forgets what was over for long. */
must_check enum rc sessions_sweep(struct tx *tx, bool *ret_more);
