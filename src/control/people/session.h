/*
 * session: what a log-on is given, and what it gives. See people/sessions.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct control;

#define SESSIONS_COOKIE        "__Host-footplate"
#define SESSIONS_COOKIE_KIND   "cs"         /* of its secret, see model/apikey */
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

/* What X-CSRF-Token must be for a cookie with this secret. */
void people_session_csrf(const struct control *c, const char *secret, char ret[static SESSIONS_CSRF_MAX]);
