/* oidc_logout_token: an OpenID provider says that somebody logged out: is it its word? The `before` of the back channel. */
#pragma once

#include "control/sso/oidc_found.h"

struct oidc_logout_form {
	const char *token;
};
extern const struct field oidc_logout_fields[];

struct oidc_logout_found {
	struct oidc_found base; /* subject, session: whose sessions end; at least one is not NULL */
	const char *once;       /* the token's own name */
	int64_t until_ms;       /* from when on the token would be too old */
};

/* Leaves a struct oidc_logout_found. */
must_check enum rc oidc_logout_before(struct call *c);
