/*
 * rsa: RSA as Steam uses it: to a modulus and exponent in hexadecimal (passwords) or to a public key (the TCP channel). Pure:
 * the randomness of the padding is an argument. RFC 8017.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

#define RSA_BYTES_MAX     512 /* of a modulus: 4096 bits */
#define RSA_EXPONENT_MAX  8
#define RSA_SEED          32 /* random bytes of PKCS #1 v1.5's padding */
#define RSA_OAEP_SEED     20
#define RSA_OAEP_OVERHEAD 42

struct rsa {
	uint8_t modulus[RSA_BYTES_MAX]; /* big endian, without leading zeros */
	uint8_t exponent[RSA_EXPONENT_MAX];
	size_t modulus_n, exponent_n;
};

/* RC_MALFORMED: no hexadecimal number, or too long. RC_DENIED: a weak key: less than `least` bits, an even modulus or exponent,
 * an exponent below 3. */
must_check enum rc rsa_of_hex(
	const char *modulus, const char *exponent, unsigned least, struct rsa *ret, struct fault *f);

/* A SubjectPublicKeyInfo, as PEM or DER. The same errors. */
must_check enum rc rsa_of_public_key(const void *p, size_t n, unsigned least, struct rsa *ret, struct fault *f);

/* Both append modulus_n bytes. RC_TOO_LARGE: the key is too short for so many bytes. The padding of PKCS #1 v1.5 is drawn
 * from `seed` (RSA_SEED bytes, by SHAKE256); that of OAEP (SHA-1, no label) is `seed` itself (RSA_OAEP_SEED bytes). */
must_check enum rc rsa_encrypt(
	const struct rsa *key, const uint8_t *seed, const void *p, size_t n, struct buf *to, struct fault *f);
must_check enum rc rsa_encrypt_oaep(
	const struct rsa *key, const uint8_t *seed, const void *p, size_t n, struct buf *to, struct fault *f);

/* The other end of rsa_encrypt_oaep, with a private key in PEM; appends what was sent. RC_DENIED: not for this key. */
must_check enum rc rsa_decrypt_oaep(const char *pem, const void *p, size_t n, struct buf *to, struct fault *f);
