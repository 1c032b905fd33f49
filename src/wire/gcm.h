/*
 * gcm: AES-256-GCM over one piece (NIST SP 800-38D), bound to a text that is not part of it. Pure: key and nonce are arguments; a nonce
 * is used once with a key.
 */
#pragma once

#include "base/buf.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GCM_KEY   32
#define GCM_NONCE 12
#define GCM_TAG   16

struct gcm {
	const uint8_t *key, *nonce;
	const struct buf *bound;
};

/* Writes n + GCM_TAG bytes; p and to may be the same. false: libcrypto failed. */
must_check bool gcm_seal(const struct gcm *x, const void *p, size_t n, uint8_t *to);

/* p has n + GCM_TAG bytes, `to` room for n. false: another key, nonce or text, or altered; what stands in `to` is then worthless. */
must_check bool gcm_open(const struct gcm *x, const void *p, size_t n, uint8_t *to);
