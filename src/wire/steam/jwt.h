/*
 * jwt: Steam's tokens (JSON Web Tokens, RFC 7519, EdDSA). A client reads what a token says and does not check its signature; the
 * simulator writes and checks them. A token is a secret: nothing here puts it or a part of it into a fault.
 * Source: steam-protocol facts 2.4.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/field.h"
#include "base/own.h"

#define JWT_MAX     16384 /* bytes of a token */
#define JWT_AUD_MAX 32

struct jwt {
	const char *alg, *typ; /* of its header */
	const char *iss;       /* "steam": a refresh token; "r:JTI": an access token made with that one */
	uint64_t sub;          /* SteamID; 0: it names none */
	struct field_list aud; /* of const char * */
	int64_t exp, nbf, iat; /* Unix seconds; 0: not there */
	int64_t oat, rt_exp;   /* when the session was made; an access token's: when the refresh token ends */
	int64_t per;           /* 1: persistent */
	const char *jti;       /* this token's own id */
	const char *ip_subject, *ip_confirmer;
};

/* Its texts live in the arena. RC_MALFORMED: no token. */
must_check enum rc jwt_read(const char *p, size_t n, struct arena *a, struct jwt *ret, struct fault *f);

bool jwt_is_for(const struct jwt *t, const char *audience);

/* Appends {"header":…,"payload":…}, all that the token says, known to us or not; not its signature. For people. */
must_check enum rc jwt_describe(const char *p, size_t n, struct buf *ret, struct fault *f);

/* Appends the token, signed with an Ed25519 secret (32 bytes). alg and typ are not looked at. RC_NOMEM. */
must_check enum rc jwt_write(const struct jwt *t, const uint8_t *secret, struct buf *to);

/* Whether the token was signed with the secret of this public key, and says that it is EdDSA. */
must_check bool jwt_is_signed(const char *p, size_t n, const uint8_t *public);
