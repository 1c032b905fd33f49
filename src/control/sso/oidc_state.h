/*
 * oidc_state: one log-on on its way over a provider and back. What only this browser may know lies sealed in a cookie of its own for
 * ten minutes; the provider is given the state, the nonce and the verifier's challenge. So a start costs no row, whoever begins
 * it, and a state counts in the browser alone that began it; the database remembers those that came back (sso/once).
 */
#pragma once

#include "control/sso/provider.h"

#define OIDC_STATE_MS     600000
#define OIDC_STATE_COOKIE "__Host-footplate-sso"

struct oidc_state {
	const char *state, *nonce, *verifier;
	const char *go_to; /* a path of ours */
	int64_t began_ms;
	const char *name; /* of sso/once */
};

/* A new one, and the Set-Cookie that keeps it. In the arena. */
must_check enum rc oidc_state_begin(struct tx *tx, const struct provider *p, const char *go_to,
	struct oidc_state *ret, const char **ret_cookie);

/* The one that this browser began with this provider, if that is the state it comes back with, for the first time. RC_DENIED: no. */
must_check enum rc oidc_state_open(
	struct tx *tx, const struct provider *p, const char *cookies, const char *state, struct oidc_state *ret);

/* The Set-Cookie that forgets it. */
extern const char oidc_state_forget[];
