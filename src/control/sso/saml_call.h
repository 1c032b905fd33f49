/*
 * saml_call: what the SAML routes have in common: `before` learns how to reach the identity provider and what our keys are, and leaves
 * what has to be kept; `run` keeps it, whatever came of the rest, and answers.
 */
#pragma once

#include "control/sso/saml_sp.h"
#include "control/sso/saml_way.h"

/* In the arena of the request; the first member of what a route's `before` leaves. */
struct saml_found {
	enum rc rc; /* why it does not go on; RC_OK: it does */
	struct saml_way_document document;
	struct saml_key_made made; /* our first key for this provider; without certificate: there was one */
};

/* For `before` alone: undone by saml_call_done. */
struct saml_call {
	struct provider *idp;
	struct saml_way way;
	struct saml_sp sp;
};
void saml_call_done(struct saml_call *s);

/* The provider that the path names, with our keys; makes the first when there is none. RC_MISSING: no such provider. */
must_check enum rc saml_call_keys(struct call *c, struct saml_call *ret, struct saml_found *found);
/* How to reach it. */
must_check enum rc saml_call_way(struct call *c, struct saml_call *s, struct saml_found *found);
/* Asks anew for metadata, when that may help. False: it may not, or did not work. */
bool saml_call_again(struct call *c, struct saml_call *s, struct saml_found *found);

/* The end of `before`: a refusal is left for `run`, and told to the log (`why`: NULL: the fault of the call); what is wrong with us is not. */
must_check enum rc saml_call_leave(struct call *c, struct saml_found *found, enum rc rc, const struct fault *why);

/* The beginning of `run`. */
must_check enum rc saml_call_keep(struct call *c, const struct saml_found *found, struct provider **ret);

/* Adds a Set-Cookie to those that the answer has. */
void saml_call_cookie(struct call *c, const char *cookie);
