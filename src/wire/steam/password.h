/*
 * password: a password on its way to Steam: RSA PKCS #1 v1.5 to the key that GetPasswordRSAPublicKey gave, in base64. Pure.
 * Source: steam-protocol facts 2.2.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/hush.h"

#define PASSWORD_SEED     32   /* fresh random bytes, for the padding */
#define PASSWORD_KEY_BITS 2048 /* the least that we encrypt to; Steam's keys have as many */

/* Appends the base64 text. RC_MALFORMED, RC_DENIED: the key is none, or weak. RC_TOO_LARGE: a password of over 245 bytes.
 * RC_INVALID: an empty one. */
must_check enum rc password_encrypt(const char *modulus_hex, const char *exponent_hex, const struct hush *password,
	const uint8_t *seed, struct buf *to, struct fault *f);
