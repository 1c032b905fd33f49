/*
 * oidc: what a relying party of OpenID Connect reads and writes: the provider's description, the address people are sent to, what
 * an ID token and a logout token must say besides what every token must (wire/jwt_verify). No sockets, no clock, no randomness.
 * OpenID Connect Core 1.0, Discovery 1.0, Back-Channel Logout 1.0, RP-Initiated Logout 1.0; RFC 7636 (PKCE), RFC 9207.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

struct json_t;

#define OIDC_TEXT_MAX   (64u << 10) /* bytes of a description, of a token answer, of userinfo */
#define OIDC_SECRET_MAX 44          /* a state, a nonce, a verifier: base64url of 32 bytes, with NUL */

/* The provider's description of itself. Members that it does not have are NULL. */
struct oidc_provider {
	const char *issuer, *authorization, *token, *jwks;
	const char *userinfo, *end_session;
	bool says_issuer; /* it names itself in what it sends people back with (RFC 9207) */
};

/* https://, or http:// to this very machine; with a host; without user, fragment, white space. */
bool oidc_is_url(const char *url);
/* Do both have the same scheme, host and port? */
bool oidc_same_origin(const char *a, const char *b);

/*
 * RC_MALFORMED: not a description. RC_REFUSED: it is another issuer's, or names an address that is none. Texts are in the arena.
 */
must_check enum rc oidc_read_provider(const char *text, size_t n, const char *issuer, struct arena *a,
	struct oidc_provider *ret, struct fault *f);

/* base64url of the SHA-256 of an ASCII text: the challenge of a verifier (RFC 7636 4.2). */
void oidc_challenge(const char *verifier, char ret[static OIDC_SECRET_MAX]);

struct oidc_request {
	const char *client_id, *redirect_uri, *scope, *state, *nonce, *challenge;
	const char *prompt; /* NULL: none */
	uint32_t max_age_s; /* 0: none */
};
/* The address at the provider that a person is sent to. */
must_check enum rc oidc_put_request(const char *authorization, const struct oidc_request *r, struct buf *to);

/* Appends NAME=VALUE of a form or query, escaped; with '&' before it unless `to` is empty or ends in '?' or '&'. */
void oidc_put_pair(struct buf *to, const char *name, const char *value);
void oidc_put_escaped(struct buf *to, const char *s); /* for application/x-www-form-urlencoded */

struct oidc_expect {
	const char *nonce;
	const char *access_token; /* of the same answer; NULL: there was none */
	bool sha512;              /* at_hash is half of a SHA-512, as with EdDSA; else of a SHA-256 */
	uint32_t max_age_s;       /* 0: no matter how long ago */
	int64_t now_s;
	uint32_t skew_s;
};

/* What an ID token says beyond its claims. In the arena. */
struct oidc_who {
	const char *subject;
	const char *session; /* sid; NULL: none */
	bool second_factor;  /* amr tells of more than one */
};

/*
 * Of the claims of an ID token whose signature, issuer, audience, party and times were found right. RC_DENIED with what is wrong.
 */
must_check enum rc oidc_check_id_token(const struct json_t *claims, const struct oidc_expect *e, struct arena *a,
	struct oidc_who *ret, struct fault *f);

/* Of a logout token, likewise: whose sessions end. At least one of the two is not NULL. */
struct oidc_logout {
	const char *subject, *session;
};
must_check enum rc oidc_check_logout(
	const struct json_t *claims, struct arena *a, struct oidc_logout *ret, struct fault *f);

/* A place of ours that people may be sent to: a path, "/…", that leads nowhere else in any browser. */
bool oidc_is_path(const char *s);
#define OIDC_PATH_MAX 512
