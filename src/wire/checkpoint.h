/*
 * checkpoint: a signed root of a tree (wire/merkle), as text that any verifier of signed notes reads (C2SP: tlog-checkpoint,
 * signed-note; Ed25519):
 *
 *	ORIGIN                          which tree
 *	SIZE                            leaves, decimal
 *	ROOT                            base64
 *	number N                        of the checkpoint, from 1
 *	time 2026-11-21T08:51:57.123Z
 *	                                an empty line
 *	— ORIGIN SIGNATURE              base64 of 4 bytes of the key's id, and the signature over all lines before the empty one
 *
 * A public key is ORIGIN+ID+KEY: the id in hexadecimal, the key as base64 behind a byte that says Ed25519. Pure.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"
#include "wire/merkle.h"

#define CHECKPOINT_KEY        32
#define CHECKPOINT_ORIGIN_MAX 128 /* with NUL */
#define CHECKPOINT_NOTE_MAX   1024

struct checkpoint {
	char origin[CHECKPOINT_ORIGIN_MAX]; /* no space, no '+' */
	uint64_t size;
	uint8_t root[MERKLE_HASH];
	uint64_t n;
	int64_t time_ms;
};

/* Who signs: the public half. */
struct checkpoint_key {
	char origin[CHECKPOINT_ORIGIN_MAX];
	uint8_t public[CHECKPOINT_KEY];
};

/* Appends the signed text. `seed` is the Ed25519 secret. */
must_check enum rc checkpoint_write(
	const struct checkpoint *c, const uint8_t seed[static CHECKPOINT_KEY], struct buf *to);

/*
 * Reads a signed text, which is just as checkpoint_write makes it. RC_MALFORMED: it is none. RC_DENIED: not signed by that key, or
 * of another tree; *ret is filled in all the same.
 */
must_check enum rc checkpoint_read(
	const char *p, size_t n, const struct checkpoint_key *k, struct checkpoint *ret, struct fault *f);

/* Of `origin` and the seed. */
must_check enum rc checkpoint_key_of(
	const char *origin, const uint8_t seed[static CHECKPOINT_KEY], struct checkpoint_key *ret);
void checkpoint_key_write(const struct checkpoint_key *k, struct buf *to);
/* What follows the key's text is white space. RC_MALFORMED. */
must_check enum rc checkpoint_key_read(const char *text, struct checkpoint_key *ret, struct fault *f);
