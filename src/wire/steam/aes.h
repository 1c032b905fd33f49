/*
 * aes: AES-256 as Steam writes it everywhere: the IV encrypted by ECB in front, then CBC with PKCS #7 padding; all by one key
 * of 32 bytes. Pure: the IV is an argument.
 */
#pragma once

#include "base/buf.h"
#include "base/own.h"
#include "base/rc.h"

#define AES_KEY 32
#define AES_IV  16

/* Appends ECB(iv) and CBC(p). RC_NOMEM; RC_TOO_LARGE past 1 GiB. */
must_check enum rc aes_seal(const uint8_t *key, const uint8_t *iv, const void *p, size_t n, struct buf *to);

/* Appends the plain bytes, and tells the IV. RC_DENIED: not whole blocks, or wrong padding: another key, or altered. */
must_check enum rc aes_open(
	const uint8_t *key, const void *p, size_t n, uint8_t ret_iv[static AES_IV], struct buf *to);
