/*
 * vault: secrets at rest. Each value is encrypted by a key of its own (AES-256-GCM), and that key by one of the vault's keys
 * (control/keyring); both are bound to whose secret it is, its name and its version, so a row that is copied to another place does
 * not open. What is stored tells the number of the vault's key. control-plane.md 2.6 (SC-01). A value leaves by vault_get only, for the one
 * agent that needs it.
 */
#pragma once

#include "base/buf.h"
#include "base/hush.h"
#include "base/rc.h"
#include "control/control.h"
#include "control/tx.h"

struct control;

#define VAULT_VALUE_MAX       8192 /* bytes of one secret */
#define VAULT_FINGERPRINT_MAX 17   /* hexadecimal, with NUL */

#define VAULT_MARK_MAX 11 /* hexadecimal, with NUL */

/* Whose secret: a kind of thing ("account", "egress", "challenge"), its id, and the secret's name. */
struct vault_at {
	const char *kind, *owner, *name;
};

/* Appends the sealed value in hexadecimal. Any thread. */
must_check enum rc vault_seal(const struct control_secrets *s, const struct vault_at *at, int64_t version,
	const struct hush *value, struct buf *to);

/* RC_DENIED: sealed by another master key, for another place, or altered; or its key is retired. *ret is wiped by hush_done. */
must_check enum rc vault_open(const struct control_secrets *s, const struct vault_at *at, int64_t version,
	const char *sealed, struct hush *ret, struct fault *f);

/* Appends the same value under the key that seals now: its own key is wrapped anew. Fails as vault_open does. */
must_check enum rc vault_rewrap(const struct control_secrets *s, const struct vault_at *at, int64_t version,
	const char *sealed, struct buf *to, struct fault *f);

uint32_t vault_key_of(const char *sealed); /* KEYRING_BASE: from before there were numbers */
void vault_mark(uint32_t number, char ret[static VAULT_MARK_MAX]); /* what all begin with that it sealed */

/*
 * Stores a value as the next version; *ret_changed (may be NULL) tells whether it differs from the one before. One that does not is left as
 * it was. On the writer.
 */
must_check enum rc vault_put(struct tx *tx, const struct vault_at *at, const struct hush *value, bool *ret_changed);

/* Forgets a value. RC_MISSING: none was set. */
must_check enum rc vault_drop(struct tx *tx, const struct vault_at *at);

/* Forgets all of an owner, with the versions. */
must_check enum rc vault_drop_all(struct tx *tx, const char *kind, const char *owner);

/* RC_MISSING: not set. */
must_check enum rc vault_get(struct tx *tx, const struct vault_at *at, struct hush *ret);

/* What tells two values of one secret apart, to who has not the master key nothing else. */
must_check enum rc vault_fingerprint(const struct control_secrets *s, const struct vault_at *at,
	const struct hush *value, char ret[static VAULT_FINGERPRINT_MAX]);
