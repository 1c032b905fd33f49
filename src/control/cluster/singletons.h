/*
 * singletons: what only one of the control planes on a database may do. A role is a row: its holder, and until when. It is asked
 * for inside the transaction that does the work; as there is one writer at a time over all of them, what is done in that
 * transaction is done by the holder alone, whatever the clocks say. The heartbeat (cluster/instances) renews what an instance
 * holds. On the writer's thread.
 *
 * An instance that stops gives its roles up at once. One that was killed loses them SINGLETONS_MS after its last heartbeat, to
 * whoever asks first.
 *
 * To have a new one, ask for it by its name:
 *
 *	bool held = false;
 *	enum rc rc = singletons_hold(tx, "schedules", &held);
 *	if (rc != RC_OK || !held)
 *		return rc;
 *
 * What is done outside of the transaction, after it, may be done once more by a successor: it needs rows of its own.
 */
#pragma once

#include "control/tx.h"

#define SINGLETONS_MS 3000

/* *ret_held: the role is this instance's. Taken when nobody has it. An instance that stops takes none. */
must_check enum rc singletons_hold(struct tx *tx, const char *name, bool *ret_held);

must_check enum rc singletons_renew(struct tx *tx);
must_check enum rc singletons_release(struct tx *tx);
