/*
 * saml_ask: builds and sends what a call has to say to its identity provider. In a route's `before`: each takes a signature.
 */
#pragma once

#include "base/own.h"
#include "base/rc.h"

#include <stdbool.h>

struct saml_call;
struct saml_sent;
struct saml_state;
struct saml_subject;
struct tx;

/* `name_format`: NULL: any. `force`: the person is to prove anew who they are. */
must_check enum rc saml_ask_login(struct tx *tx, const struct saml_call *s, const struct saml_state *state,
	const char *name_format, bool force, struct saml_sent *ret);

/* Does the provider take part in logouts? */
bool saml_ask_can_logout(const struct saml_call *s);
must_check enum rc saml_ask_logout(struct tx *tx, const struct saml_call *s, const struct saml_state *state,
	const struct saml_subject *who, struct saml_sent *ret);

/* The answer to its LogoutRequest: it was done. Where to, the metadata says, and not the request. `relay`: what came with it, or NULL. */
must_check enum rc saml_ask_done(struct tx *tx, const struct saml_call *s, const char *in_response_to,
	const char *relay, struct saml_sent *ret);
