/*
 * oidc_way: asks an OpenID provider, for one request of ours, within its time: its description, its keys, what a code is worth.
 * On the worker of a route's `before`; see oidc_documents for how often and where.
 */
#pragma once

#include "control/sso/oidc_documents.h"
#include "wire/jwt_verify.h"
#include "wire/oidc.h"

#define OIDC_WAY_SKEW_S   60
#define OIDC_WAY_AGE_S    600 /* of an ID token */
#define OIDC_WAY_LOGOUT_S 300 /* of a logout token */

struct oidc_way {
	struct tx *tx;
	const struct provider *idp;
	struct oidc_provider op; /* once described */
	struct oidc_documents docs;
};

/* RC_AWAY: it was too slow a moment ago. Else reads the provider's description, from the provider when ours is old. */
must_check enum rc oidc_way_begin(struct tx *tx, const struct provider *idp, struct oidc_way *ret);

/* What a code gave. Texts in the arena. */
struct oidc_way_tokens {
	const char *id_token, *access_token; /* access_token: NULL when there was none */
};
must_check enum rc oidc_way_redeem(
	struct oidc_way *w, const char *code, const char *verifier, struct oidc_way_tokens *ret);

/* Verifies a token with the provider's keys, which are fetched anew when they do not know its key. `rules` but keys. */
must_check enum rc oidc_way_verify(
	struct oidc_way *w, const char *token, const struct jwt_rules *rules, struct jwt_said *ret);

/* What userinfo says of the same person, without what it may not say; {} when there is no such address. *ret is the caller's. */
must_check enum rc oidc_way_userinfo(
	struct oidc_way *w, const char *access_token, const char *subject, struct json_t **ret);

/* Where the provider sends people back to. In the arena. */
const char *oidc_way_redirect_uri(struct arena *a, const struct provider *idp);
