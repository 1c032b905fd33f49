/*
 * keyring_open: the vault's keys and the root secret, at the start and when the database has new ones. A new database gets its first key
 * and its root; one from before keys had versions goes on with the root it has, which was its master key, and nothing that is
 * sealed has to be changed for it. Killed in the middle, it is done again.
 *
 * Asks the provider of key-encryption keys, so it may wait: at the start, and on the warden's thread.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct control;
struct hush;
struct keyring_row;
struct store_conn;
struct tx;

/*
 * Fills in c->secrets. RC_CONFLICT: the database needs another key than is here; the words say which. `db`: a write connection without a
 * transaction.
 */
must_check enum rc keyring_open(struct control *c, struct store_conn *db, struct fault *f);

/*
 * Inside the transaction in which this instance enters: nobody has added a key since it was opened, and this instance has them all.
 * RC_STALE: somebody has; open once more.
 */
must_check enum rc keyring_open_enter(struct tx *tx);

/* Loads what is not loaded yet, and takes over which is current; all that can be, also when one cannot. c->secrets.ring is there. */
must_check enum rc keyring_open_load(struct control *c, const struct keyring_row *rows, size_t n, struct fault *f);

/* A new key of the vault, wrapped by c->kek; the row's texts are in the arena. It is loaded. */
must_check enum rc keyring_open_make(
	struct control *c, struct arena *a, const uint8_t *root, struct keyring_row *row, struct fault *f);

/* The root, from the row; `c` has the row's key. */
must_check enum rc keyring_open_root(
	const struct control *c, const struct keyring_row *row, struct hush *ret, struct fault *f);

/* Unwraps by whichever provider wrapped it. For the doctor, too. */
must_check enum rc keyring_open_unwrap(
	struct control *c, const struct keyring_row *row, struct hush *ret, struct fault *f);
