/*
 * saml_state: a question of ours that is on its way over an identity provider and back. What only this browser may know lies sealed
 * in a cookie for ten minutes; the provider is given the request's ID and, as RelayState, a random name that says nothing. So a
 * start costs no row, whoever begins it, and an answer counts in the browser alone that began it; the database remembers
 * those that came back (sso/once).
 *
 * The cookie has SameSite=None, for the answer is posted by a page of the provider; several log-ons may be under way, each
 * with a cookie of its own.
 */
#pragma once

#include "base/arena.h"
#include "base/own.h"
#include "base/rc.h"

struct provider;
struct tx;

#define SAML_STATE_MS  600000
#define SAML_RELAY_MAX 80 /* bytes: SAML bindings 3.4.3 */

enum saml_state_kind { SAML_STATE_IN, SAML_STATE_OUT }; /* a log-on, a logout */

struct saml_state {
	int kind;
	const char *request_id, *relay;
	const char *go_to; /* a path of ours */
	int64_t began_ms;
};

/* A new one, and the Set-Cookie that keeps it. In the arena. `go_to`: NULL: the start page. */
must_check enum rc saml_state_begin(struct tx *tx, const struct provider *p, enum saml_state_kind kind,
	const char *go_to, struct saml_state *ret, const char **ret_cookie);

/* The one that this browser began with this provider under this RelayState. RC_DENIED: none. */
must_check enum rc saml_state_open(struct tx *tx, const struct provider *p, enum saml_state_kind kind,
	const char *cookies, const char *relay, struct saml_state *ret);

/* The Set-Cookie that forgets it; NULL without memory. */
const char *saml_state_forget(struct arena *a, const char *relay);

/* A place of ours that people may be sent to: a path, "/…", that leads nowhere else in any browser. */
bool saml_state_is_path(const char *s);

/* '_' and 32 random hexadecimal digits: an ID for a message. In the arena. */
const char *saml_state_id(struct arena *a);
