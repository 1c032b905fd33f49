/*
 * verify_store: proves the audit trail of a database (audit/verify), from its tables alone. Read only; on any thread.
 */
#pragma once

#include "control/audit/verify.h"
#include "control/tx.h"

/*
 * key: NULL: the database's own, which proves less. outside: checkpoints that were told outside, as verify_text_notes reads them; NULL:
 * none. RC_MISSING: there is no trail, or no key.
 */
must_check enum rc verify_store(struct store_conn *db, const struct checkpoint_key *key, const struct buf *outside,
	struct verify_verdict *ret, struct fault *f);
