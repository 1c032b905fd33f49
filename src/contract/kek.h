/*
 * kek: who keeps the key-encryption keys: a file, a security module, a key server. Keys have versions, counted from 1. wrap uses the
 * newest; unwrap knows from the wrapped text which one it needs. Few keys are wrapped (see control/keyring), so these calls
 * may be slow; none is made for a secret.
 *
 * A wrapped key is a text, "NAME:VERSION:…", that goes into the database. It is bound to another text: it opens with that only.
 *
 * One thread at a time. Calls may wait (a network, a device): never on the loop or the writer. A fault says how to mend it,
 * and holds no key, PIN or token.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/hush.h"
#include "base/own.h"

#include <stdint.h>

#define KEK_KEY         32   /* bytes of a key that is wrapped */
#define KEK_WRAPPED_MAX 1024 /* of its text */
#define KEK_NAME_MAX    16

struct kek;

/* How it is, and which versions it has. */
struct kek_health {
	int64_t oldest, newest; /* that unwrap */
};

struct kek_impl {
	const char *name; /* as the configuration and the wrapped texts spell it */
	enum rc (*wrap)(struct kek *k, const char *bound, const struct hush *key, struct buf *to, struct fault *f);
	enum rc (*unwrap)(struct kek *k, const char *bound, const char *wrapped, struct hush *ret, struct fault *f);
	enum rc (*add)(struct kek *k, int64_t *ret_version, struct fault *f);
	enum rc (*health)(struct kek *k, struct kek_health *ret, struct fault *f);
	enum rc (*master)(struct kek *k, struct hush *ret, struct fault *f);
	void (*free)(struct kek *k);
};

struct kek {
	const struct kek_impl *impl;
};

/* Appends the wrapped key. */
must_check static inline enum rc kek_wrap(
	struct kek *k, const char *bound, const struct hush *key, struct buf *to, struct fault *f)
{
	return k->impl->wrap(k, bound, key, to, f);
}

/* RC_CONFLICT: the version is not there (any more). RC_DENIED: altered, or bound to something else, or no right. RC_AWAY: not reached. */
must_check static inline enum rc kek_unwrap(
	struct kek *k, const char *bound, const char *wrapped, struct hush *ret, struct fault *f)
{
	return k->impl->unwrap(k, bound, wrapped, ret, f);
}

/* Makes a version that wraps from now on. RC_INVALID: this one is given its versions from outside, and the words tell how. */
must_check static inline enum rc kek_add(struct kek *k, int64_t *ret_version, struct fault *f)
{
	return k->impl->add(k, ret_version, f);
}

/* Asks it anew. */
must_check static inline enum rc kek_health(struct kek *k, struct kek_health *ret, struct fault *f)
{
	return k->impl->health(k, ret, f);
}

/* The one key of an installation from before keys had versions. RC_MISSING: there is none here. */
must_check static inline enum rc kek_master(struct kek *k, struct hush *ret, struct fault *f)
{
	return k->impl->master ? k->impl->master(k, ret, f) : RC_MISSING;
}

static inline void kek_free(struct kek *k)
{
	if (k)
		k->impl->free(k);
}
static inline void own_kek_p(struct kek **k) { kek_free(*k); }

/* The version in a wrapped text; *ret_rest is what stands behind it. 0: not a text of this name. */
int64_t kek_version_of(const char *wrapped, const char *name, const char **ret_rest);
