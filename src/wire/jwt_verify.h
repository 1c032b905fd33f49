/*
 * jwt_verify: is this token whose it says, and for us? Compact JSON Web Tokens (RFC 7515, 7519) under the strict rules of
 * RFC 8725: the caller names the algorithms, a key verifies with its own algorithm alone (wire/jwk), `none` is none of them,
 * the type is checked, `crit` is refused, and keys that the token itself brings (jwk, jku, x5u, x5c) are never looked at. Base64url
 * must be canonical, JSON without duplicate members, all within limits. Pure; any thread.
 *
 * Nothing of a token is put into a fault but the name of what is wrong.
 *
 * For an ID token (OpenID Connect Core 3.1.3.7): keys of the provider, the algorithms it was registered with, types { "JWT", "" },
 * issuer, audience = party = our client id, JWT_EXP | JWT_IAT | JWT_SUB; the nonce is compared by the caller, in `claims`. For a logout
 * token (Back-Channel Logout 2.4, 2.6): types { "logout+jwt", "JWT", "" }, JWT_IAT | JWT_JTI, JWT_EXP as the provider does; events, sub, sid
 * and the absence of nonce by the caller.
 */
#pragma once

#include "wire/jwk.h"

#define JWT_TOKEN_MAX  (16 << 10) /* bytes of a token */
#define JWT_HEADER_MAX 2048       /* of its header, decoded */
#define JWT_DEPTH_MAX  16         /* of its claims */
#define JWT_AUDIENCES  16         /* more are refused */
#define JWT_SKEW_MAX_S 60

enum jwt_need { /* claims that must be there */
	JWT_EXP = 1,
	JWT_IAT = 2,
	JWT_NBF = 4,
	JWT_JTI = 8,
	JWT_SUB = 16,
};

struct jwt_rules {
	const struct jwk_set *keys;
	unsigned algs;            /* JWK_BIT of each that is allowed */
	const char *const *types; /* what typ may be, without "application/"; "": it may be absent. Ends in NULL */
	const char *issuer;       /* iss must be this; NULL: it is not looked at */
	const char *audience;     /* aud must hold this; NULL: it is not looked at */
	const char *
		party; /* azp, when there, must be this, and must be there when there are more audiences. NULL: not looked at */
	unsigned needs;  /* jwt_need */
	int64_t now_s;   /* since 1970 */
	uint32_t skew_s; /* at most JWT_SKEW_MAX_S: between their clock and ours */
	uint32_t age_s;  /* iat may lie back so far; 0: however far */
};

/* What it says, once all was found right. Texts live as long as it; 0 and NULL: not there. */
struct jwt_said {
	struct json_t *header, *claims;
	enum jwk_alg alg;
	const char *kid, *type, *issuer, *subject, *id; /* id: jti */
	int64_t expires_s, issued_s, not_before_s;
};
void jwt_verify_done(struct jwt_said *s);

/*
 * RC_MALFORMED, RC_TOO_LARGE: no token. RC_MISSING: no key of the set has this kid (or there is none, and not one key alone would
 * fit): the set may be old. RC_EXPIRED: all is right but that it is over. RC_UNAUTHENTICATED: anything else.
 */
must_check enum rc jwt_verify(
	const char *text, size_t n, const struct jwt_rules *rules, struct jwt_said *ret, struct fault *f);

/*
 * Reads kid and iss without any check, to find out which keys are to be fetched: believe nothing of it. Appends each with a NUL; an
 * absent one is "".
 */
must_check enum rc jwt_verify_peek(
	const char *text, size_t n, struct buf *ret_kid, struct buf *ret_issuer, struct fault *f);
