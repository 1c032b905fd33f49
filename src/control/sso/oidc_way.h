/*
 * oidc_way: asks an OpenID provider, for one request of ours, within its time: its description, its keys, what a code is worth. On
 * the worker of a route's `before`, with a read connection; what was fetched is kept by oidc_way_keep in the `run` that follows,
 * so that the next request need not ask, on any control plane.
 *
 * A provider is asked for one document at most OIDC_WAY_BURST times at once and then every OIDC_WAY_EVERY_MS, whoever comes with
 * keys that nobody knows; and one that did not answer in time is left alone for as long.
 *
 * No redirect is followed. What stands at another host than the issuer's must be at a public address: the administrator vouched
 * for the issuer alone.
 */
#pragma once

#include "control/sso/provider.h"
#include "wire/jwt_verify.h"
#include "wire/oidc.h"

#define OIDC_WAY_MS       8000 /* for all calls of one request */
#define OIDC_WAY_CALL_MS  5000 /* for one */
#define OIDC_WAY_FRESH_MS 600000
#define OIDC_WAY_STALE_MS 86400000 /* a document so old serves while the provider is away */
#define OIDC_WAY_EVERY_MS 15000
#define OIDC_WAY_BURST    3
#define OIDC_WAY_SKEW_S   60
#define OIDC_WAY_AGE_S    600 /* of an ID token */
#define OIDC_WAY_LOGOUT_S 300 /* of a logout token */

enum oidc_way_what { OIDC_WAY_DESCRIPTION, OIDC_WAY_KEYS, OIDC_WAY_CALLS, OIDC_WAY_WHATS };

/* A row of sso_documents. In the arena of the request. */
struct oidc_way_document {
	const char *url, *body; /* NULL: never fetched */
	int64_t fetched_at, due_at;
	bool asked; /* in this request: to be kept */
};

struct oidc_way {
	struct tx *tx;
	const struct provider *idp;
	struct oidc_provider op; /* once described */
	struct oidc_way_document at[OIDC_WAY_WHATS];
	uint64_t until_ms; /* clock_mono_ms */
};

/* RC_AWAY: it was too slow a moment ago. Else reads the provider's description, from the provider when ours is old. */
must_check enum rc oidc_way_begin(struct tx *tx, const struct provider *idp, struct oidc_way *ret);

/* What the run that follows keeps: of oidc_way.at alone, so it may be given a copy. On the writer. */
must_check enum rc oidc_way_keep(struct tx *tx, const char *idp_id, const struct oidc_way_document *at);

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
