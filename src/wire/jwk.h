/*
 * jwk: the keys that sign tokens (JSON Web Key, RFC 7517, RFC 7518 section 6, RFC 8037), and sets of them as an identity
 * provider publishes. Three algorithms, and each key is bound to one by its type: Ed25519 signs EdDSA, P-256 signs ES256, RSA
 * signs RS256 and nothing else. So a token cannot choose how a key is used; there are no symmetric keys. Pure; any thread may
 * read a key that nobody changes.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

#include <stdint.h>

struct json_t;
struct evp_pkey_st;

enum jwk_alg { JWK_EDDSA, JWK_ES256, JWK_RS256, JWK_ALGS };
#define JWK_BIT(alg) (1u << (alg))
#define JWK_ANY      (JWK_BIT(JWK_ALGS) - 1)

#define JWK_KID_MAX   128         /* bytes of a key's name */
#define JWK_SET_MAX   64          /* keys of a set */
#define JWK_SET_BYTES (256 << 10) /* of a set's text */
#define JWK_RSA_MIN   2048        /* bits of a modulus */
#define JWK_RSA_MAX   8192
#define JWK_THUMB_MAX 44 /* with NUL */

struct jwk {
	struct evp_pkey_st *key; /* OpenSSL's */
	enum jwk_alg alg;
	bool can_sign;             /* it has the private half */
	char kid[JWK_KID_MAX + 1]; /* "": it has none */
};

struct jwk_set {
	struct jwk *at;
	size_t n;
};

void jwk_done(struct jwk *k);
void jwk_set_done(struct jwk_set *s);

const char *jwk_alg_text(enum jwk_alg a); /* "EdDSA" */
/* "Ed25519" (RFC 9864) is EdDSA, too. False: none of ours; "none" is not. */
bool jwk_alg_of(const char *text, enum jwk_alg *ret);

/* A signing key from 32 secret bytes. kid NULL: its thumbprint. */
must_check enum rc jwk_ed25519(const uint8_t seed[static 32], const char *kid, struct jwk *ret);

/* A private key (PKCS#8, without a passphrase) or a public one (SubjectPublicKeyInfo) from PEM. kid NULL: its thumbprint. */
must_check enum rc jwk_of_pem(const char *pem, size_t n, const char *kid, struct jwk *ret, struct fault *f);

/* One public key; private members are not looked at. RC_INVALID: not a key of ours for signatures (another type, curve or use; an
 * RSA modulus of a wrong size), or its members do not fit each other. */
must_check enum rc jwk_read(const struct json_t *in, struct jwk *ret, struct fault *f);

/*
 * A set. Keys that are not ours are skipped (RFC 7517 section 5); one that is broken, too. RC_MALFORMED: no set. RC_TOO_LARGE. A set without a
 * usable key is read: it verifies nothing.
 */
must_check enum rc jwk_read_set(const char *text, size_t n, struct jwk_set *ret, struct fault *f);

void jwk_write(const struct jwk *k, struct buf *to);                /* the public half, with alg, use and kid */
void jwk_set_write(const struct jwk *at, size_t n, struct buf *to); /* {"keys":[…]} */

/* RFC 7638, SHA-256, base64url. */
must_check enum rc jwk_thumbprint(const struct jwk *k, char ret[static JWK_THUMB_MAX]);
