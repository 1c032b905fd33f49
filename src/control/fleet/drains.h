/*
 * drains: agents and regions that get nothing more. One that is cordoned gets no new tasks and no new accounts, and keeps what it has:
 * tasks of accounts that it has wait. One that is drained also gives its accounts up: each is logged off as soon as no task of it runs,
 * at the deadline in any case, and goes to another agent; tasks without an account end in their own time. On the writer.
 */
#pragma once

#include "base/field.h"
#include "control/tx.h"

#define DRAINS_MS_DEFAULT 600000
#define DRAINS_MS_MAX     86400000

/* Of an agent, or of all of a region. RC_MISSING: there is no such; RC_CONFLICT: it was revoked. */
must_check enum rc drains_cordon(struct tx *tx, const char *agent_id, bool cordoned);
must_check enum rc drains_begin(struct tx *tx, const char *agent_id, uint32_t deadline_ms);
must_check enum rc drains_end(struct tx *tx, const char *agent_id);
must_check enum rc drains_cordon_region(struct tx *tx, const char *region_id, bool cordoned);
must_check enum rc drains_begin_region(struct tx *tx, const char *region_id, uint32_t deadline_ms);
must_check enum rc drains_end_region(struct tx *tx, const char *region_id);

/* Accounts that can be given up by now; agents that have nothing left. */
must_check enum rc drains_scan(struct tx *tx);

/* The body of a request to drain. */
struct drains_in {
	uint32_t deadline_ms;
};
extern const struct field drains_fields[];
