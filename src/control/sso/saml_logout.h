/*
 * saml_logout: messages of single logout that came in: believed only when signed, by redirect in the query, by POST in the XML
 * (SAML core 3.7, profiles 4.4). Computes alone.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/field.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

struct saml_expect;

/* As it came. */
struct saml_logout_in {
	const char *message, *relay; /* base64; relay: NULL: none */
	bool is_response;
	bool by_query;                     /* redirect: deflated, signed beside it */
	const char *query;                 /* by_query: as it came, not decoded */
	const char *algorithm, *signature; /* by_query: SigAlg, Signature */
};

/* What a LogoutRequest or LogoutResponse says. Texts in the arena. */
struct saml_logout {
	const char *id, *in_response_to;
	const char *name_id;       /* of a request */
	struct field_list indexes; /* of a request: of const char *; empty: all sessions */
	int64_t until_ms;          /* of a request: it is worth nothing after it: remember its id until then */
};

/* RC_INVALID, RC_DENIED; RC_DENIED too for a response that tells of a failure. */
must_check enum rc saml_logout_read(const struct saml_logout_in *in, const struct saml_expect *e, struct arena *a,
	struct saml_logout *ret, struct fault *f);
