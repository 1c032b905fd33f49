/*
 * channel: Steam's TCP transport ("netfilter"): frames, the handshake that agrees on a key, and the encryption of every payload
 * after it. Both ends: the client's, and the server's for the simulator. Pure: randomness is an argument.
 *
 *   frame    u32 n, "VT01", n bytes
 *   S→C      ChannelEncryptRequest   u32 protocol 1, u32 universe 1, 16 bytes challenge
 *   C→S      ChannelEncryptResponse  u32 protocol 1, u32 n, n bytes RSA-OAEP(key 32 || challenge), u32 CRC-32 of these, u32 0
 *   S→C      ChannelEncryptResult    u32 EResult
 *   payload  AES-256-ECB(iv), AES-256-CBC(plain); iv = 13 bytes of HMAC-SHA1(first half of the key, 3 random || plain), 3 random
 *
 * Here are the bodies of the three messages; steam_frame writes their heads. Source: steam-protocol facts 1.7.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"
#include "base/rd.h"

#define CHANNEL_FRAME_HEAD 8
#define CHANNEL_FRAME_MAX  (16u << 20) /* bytes of one payload */
#define CHANNEL_KEY        32          /* bytes; a secret: wipe with hush_wipe */
#define CHANNEL_CHALLENGE  16
#define CHANNEL_SEED       20 /* fresh random bytes for the handshake's padding */
#define CHANNEL_SALT       3  /* fresh random bytes for each payload */
#define CHANNEL_KEY_BITS   1024
#define CHANNEL_PROTOCOL   1

/* The public key of Steam itself (PEM); a simulated Steam has its own. */
const char *channel_valve_key(void);

/* Takes the next frame off `in`. RC_MORE: it is not whole yet, and `in` has not moved. RC_MALFORMED, RC_TOO_LARGE: the
 * connection is of no more use. *ret_p is borrowed. */
must_check enum rc channel_next(struct rd *in, const uint8_t **ret_p, size_t *ret_n, struct fault *f);

/* Appends a frame. */
void channel_put(struct buf *to, const void *p, size_t n);

/* Server to client: asks for a key. */
void channel_request_write(struct buf *to, const uint8_t *challenge);
/* RC_INVALID: another protocol or universe, or without the challenge of today's Steam. */
must_check enum rc channel_request_read(
	const void *body, size_t n, uint8_t ret_challenge[static CHANNEL_CHALLENGE], struct fault *f);

/* What goes into a ChannelEncryptResponse. */
struct channel_offer {
	const char *public_key; /* PEM, of the server */
	const uint8_t *key;     /* CHANNEL_KEY fresh random bytes: the session's key from now on */
	const uint8_t *challenge;
	const uint8_t *seed; /* CHANNEL_SEED */
};

/* Client to server: the key. RC_MALFORMED, RC_DENIED: of public_key. */
must_check enum rc channel_response_write(struct buf *to, const struct channel_offer *offer, struct fault *f);
/* RC_MALFORMED: not such a body. RC_DENIED: not for this private key (PEM), or for another challenge. */
must_check enum rc channel_response_read(const void *body, size_t n, const char *private_key,
	const uint8_t *challenge, uint8_t ret_key[static CHANNEL_KEY], struct fault *f);

void channel_result_write(struct buf *to, int32_t eresult);
must_check enum rc channel_result_read(const void *body, size_t n, int32_t *ret_eresult, struct fault *f);

/* Appends the encrypted payload; `salt` is CHANNEL_SALT fresh random bytes. RC_NOMEM. */
must_check enum rc channel_encrypt(
	const uint8_t *key, const uint8_t *salt, const void *p, size_t n, struct buf *to);
/* Appends the plain payload. RC_DENIED: with another key, or altered. */
must_check enum rc channel_decrypt(const uint8_t *key, const void *p, size_t n, struct buf *to, struct fault *f);
