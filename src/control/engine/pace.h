/*
 * pace: what time brings to tasks and jobs: leases that lapsed, moments that have come, jobs that are to end. On the writer's thread,
 * every PACE_MS.
 */
#pragma once

#include "control/tx.h"

#define PACE_MS 500

/* At most `max` leases at once; *ret_lapsed tells how many lapsed. */
must_check enum rc pace_scan(struct tx *tx, size_t max, size_t *ret_lapsed);

/* This process stood still: nobody could have been heard, so every lease begins anew. */
must_check enum rc pace_spare(struct tx *tx);
