/*
 * webhook_sign: signatures of webhooks as Standard Webhooks has them: over "ID.TIMESTAMP.BODY", symmetric (`v1`, HMAC-SHA256 with
 * the bytes behind whsec_) and asymmetric (`v1a`, Ed25519; the receiver needs only the public key behind whpk_). Pure: secrets
 * come in as arguments.
 */
#pragma once

#include "base/buf.h"
#include "base/own.h"
#include "base/rc.h"

#include <stdint.h>

#define WEBHOOK_SIGN_KEY 32 /* bytes of either secret: random ones are one */

struct webhook_sign_message {
	const char *id;
	int64_t timestamp_s;
	const void *body;
	size_t n;
};

/* Appends "v1,BASE64" or "v1a,BASE64". */
must_check enum rc webhook_sign_v1(
	const struct webhook_sign_message *m, const uint8_t key[static WEBHOOK_SIGN_KEY], struct buf *to);
must_check enum rc webhook_sign_v1a(
	const struct webhook_sign_message *m, const uint8_t seed[static WEBHOOK_SIGN_KEY], struct buf *to);

/* Appends "whsec_BASE64" of the symmetric secret; "whpk_BASE64" of the public key that belongs to the seed. */
must_check enum rc webhook_sign_secret(const uint8_t key[static WEBHOOK_SIGN_KEY], struct buf *to);
must_check enum rc webhook_sign_public(const uint8_t seed[static WEBHOOK_SIGN_KEY], struct buf *to);
