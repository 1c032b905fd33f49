/*
 * checkpoints: signed roots of the audit trail. The key is the installation's own: made once, kept in the vault; its public half
 * stands in the database, too, for those who have no better place to take it from. On the writer.
 */
#pragma once

#include "control/tx.h"
#include "wire/checkpoint.h"

#define CHECKPOINTS_RECORDS 1000  /* as many records at most without one */
#define CHECKPOINTS_MS      60000 /* a record waits so long at most for one */

/* The signing key, made when there is none. `seed` is to be wiped by hush_wipe. */
must_check enum rc checkpoints_key(
	struct tx *tx, uint8_t seed[static CHECKPOINT_KEY], struct checkpoint_key *ret_public);

/* The public key as the database has it, with the name of the trail. RC_MISSING: no checkpoint was ever made. */
must_check enum rc checkpoints_public(struct store_conn *db, struct checkpoint_key *ret, struct fault *f);

struct checkpoints_made {
	int64_t n, size, at; /* the newest one; 0: there is none */
	bool made;           /* just now */
};

/*
 * Signs the trail as it is now, when it has grown since the newest checkpoint and `due` says so: as many records more, or as old.
 * NULL: whenever it has grown. With the event audit.checkpoint.
 */
struct checkpoints_due {
	int64_t records, ms;
};
must_check enum rc checkpoints_make(struct tx *tx, const struct checkpoints_due *due, struct checkpoints_made *ret);
