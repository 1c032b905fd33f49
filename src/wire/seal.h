/*
 * seal: bytes that only the holder of one Ed25519 secret can read: an anonymous box to its X25519 twin. Pure: the randomness is
 * an argument. Used in both directions of the tunnel, for secrets of accounts. (libsodium crypto_box_seal, same bytes)
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/hush.h"
#include "base/own.h"

#define SEAL_EXTRA 48 /* bytes longer than what was sealed */

/* Appends the box. `seed` is 32 fresh random bytes. RC_INVALID: not a public key. */
must_check enum rc seal_to(
	const uint8_t *ed25519_public, const uint8_t *seed, const void *p, size_t n, struct buf *to);

/* RC_DENIED: not sealed to this secret (an Ed25519 seed), or altered. */
must_check enum rc seal_open(const uint8_t *ed25519_secret, const void *p, size_t n, struct hush *ret);
