/*
 * lockout: who tries secrets is stopped, durably and for all control planes on the database. Tries are counted by the login as
 * it was typed (whether there is such a person or not, so that nothing tells), by the address they come from, and by the person
 * whose second factor it is. A login is locked whoever tries: that is the price, and why a lock ends by itself (model/guess).
 *
 * Counting happens on the writer, one try after the other, so that tries at the same time get no more than tries in turn.
 * Rows come as fast as passwords can be hashed, and go when they are of no consequence any more (lockout_sweep).
 */
#pragma once

#include "control/tx.h"

enum lockout_kind { LOCKOUT_LOGIN, LOCKOUT_ADDRESS, LOCKOUT_CODE };

struct lockout {
	enum lockout_kind kind;
	const char *name; /* the login, the address, the user's id; NULL or "": nothing is counted */
};

/* RC_LIMIT: locked. Changes nothing; any connection. To save the hashing: what counts is lockout_take. */
must_check enum rc lockout_look(struct tx *tx, const struct lockout *of, size_t n);

/*
 * Before the secret is judged: takes a try of each. RC_LIMIT: locked now, or still; the secret must not be judged, and what was
 * written must be kept (call.refuse). *ret_struck (may be NULL): a lock begins. On the writer.
 */
must_check enum rc lockout_take(struct tx *tx, const struct lockout *of, size_t n, bool *ret_struck);

/* The secret was right: a login and a person start anew, an address gets this try back. On the writer, after lockout_take. */
must_check enum rc lockout_right(struct tx *tx, const struct lockout *of, size_t n);

/* Until when it is locked; 0: it is not. Any connection. */
must_check enum rc lockout_until(struct tx *tx, const struct lockout *of, int64_t *ret_ms);

/* Ends a lock, and forgets what led to it. On the writer. */
must_check enum rc lockout_end(struct tx *tx, const struct lockout *of);

must_check enum rc lockout_sweep(struct tx *tx);
