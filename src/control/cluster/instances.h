/*
 * instances: the control planes on one database, as rows. Each says every INSTANCES_BEAT_MS that it is alive. One that was silent
 * for INSTANCES_DEAD_MS is taken for dead: its row goes, and its agents count as disconnected. Should it still be there (it
 * stood still), it learns that at its next heartbeat, and lets its agents come anew. On the writer.
 */
#pragma once

#include "control/tx.h"

#define INSTANCES_BEAT_MS 1000
#define INSTANCES_DEAD_MS 10000

/*
 * This instance enters the list. Who was there under the same node (machine and data folder) before is dead.
 * *ret_others: that are alive beside it.
 */
must_check enum rc instances_enter(struct tx *tx, int64_t *ret_others);

/* The heartbeat; renews the roles of this instance, too. *ret_lost: it was taken for dead, and has entered anew. */
must_check enum rc instances_beat(struct tx *tx, int64_t *ret_others, bool *ret_lost);

/* This instance stops: its roles are free at once. */
must_check enum rc instances_leave(struct tx *tx);
