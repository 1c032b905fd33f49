/*
 * saml_sp: ourselves, as one identity provider knows us: our entity id, where it sends people, and our keys. The keys are made
 * here (RSA, a certificate signed by itself), kept in the vault, and are this provider's alone. There are two at a time while one
 * follows another: `next` is published but not used yet, `current` signs, `old` only opens what was encrypted for it.
 */
#pragma once

#include "base/arena.h"
#include "base/own.h"
#include "base/rc.h"
#include "control/sso/saml_us.h"

#include <stdbool.h>

struct provider;
struct tx;

#define SAML_SP_KEY_BITS 3072
#define SAML_SP_YEARS    10

void saml_sp_done(struct saml_sp *sp); /* its keys */

/* Our addresses, and with `keys` our private keys. Any connection; texts in the arena. */
must_check enum rc saml_sp_load(struct tx *tx, const struct provider *p, bool keys, struct saml_sp *ret);

/* A new key with its certificate, not stored yet. Takes a second: not on the writer. In the arena, which wipes. */
struct saml_key_made {
	const char *certificate;
	const void *private_key; /* PKCS#8, DER */
	size_t private_n;
};
must_check enum rc saml_sp_make(struct tx *tx, const struct provider *p, struct saml_key_made *ret);
/* As one of the keys of a provider in this state; on the writer. RC_EXISTS: it has one in that state. */
must_check enum rc saml_sp_keep(
	struct tx *tx, const struct provider *p, const struct saml_key_made *k, enum saml_key_state state);

/* The next key becomes current, the current one old; what was old is forgotten. RC_CONFLICT: there is no next. On the writer. */
must_check enum rc saml_sp_turn(struct tx *tx, const char *idp_id);
/* Forgets the key in this state. RC_MISSING: there is none. */
must_check enum rc saml_sp_drop(struct tx *tx, const char *idp_id, enum saml_key_state state);

/* For the moment between: uses this key as current, whatever is stored. */
must_check enum rc saml_sp_adopt(struct saml_sp *sp, const struct saml_key_made *k, struct arena *a);
