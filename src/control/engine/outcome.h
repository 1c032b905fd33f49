/*
 * outcome: what agents say of their tasks, and what silence says. On the writer's thread; each call is one transaction's work.
 *
 * A result counts only for the current attempt of the agent that holds it (the fence); a repeat of a result that was kept is
 * answered as the first.
 */
#pragma once

#include "base/field.h"
#include "base/rc.h"
#include "control/tx.h"
#include "wire/tunnel_msg.h"

/* *ret_stale: the result is of an attempt that no longer counts, and nothing was done. */
must_check enum rc outcome_result(
	struct tx *tx, const char *agent_id, const struct tunnel_msg_result *m, bool *ret_stale);
must_check enum rc outcome_accept(struct tx *tx, const char *agent_id, const struct tunnel_msg_task *m);
must_check enum rc outcome_reject(struct tx *tx, const char *agent_id, const struct tunnel_msg_reject *m);
must_check enum rc outcome_progress(struct tx *tx, const char *agent_id, const struct tunnel_msg_progress *m);

/* The agent lives: its leases are renewed. */
must_check enum rc outcome_renew(struct tx *tx, const char *agent_id);

/*
 * The agent's connection is down. What it only reads, with no account's session, may run elsewhere soon (OUTCOME_GONE_MS) unless it
 * comes back before; for the rest its leases count.
 */
#define OUTCOME_GONE_MS 300
must_check enum rc outcome_gone(struct tx *tx, const char *agent_id);

/*
 * An agent has come (back), with these attempts in its hands: what the database holds for it and it does not know is lost and
 * tried again; *ret_cancel are those that are no longer its own.
 */
must_check enum rc outcome_reconcile(
	struct tx *tx, const char *agent_id, const struct field_list *inflight, struct field_list *ret_cancel);

/* Leases that lapsed: their attempts are lost. At most `max` at once; *ret_n tells how many. */
must_check enum rc outcome_lapse(struct tx *tx, size_t max, size_t *ret_n);

/* Everyone who holds a task has a whole lease from now on. */
must_check enum rc outcome_spare(struct tx *tx);

/* After the start of the only control plane: the agents get a whole lease to come back. */
must_check enum rc outcome_revive(struct tx *tx);
