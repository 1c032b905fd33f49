/*
 * lost: results of attempts that the database never made. It is older than the agent's memory: it was put back from a backup, and
 * what came after is lost. Such a result changes no task, for nobody can check its nonce; it is kept as evidence for whoever
 * resolves the tasks in doubt (see control/recovery/heal). On the writer.
 */
#pragma once

#include "control/tx.h"

struct tunnel_msg_result;

#define LOST_RESULTS_MAX 10000 /* kept; later ones are only logged */

/* An agent came with this attempt: was it never made here? Then that is logged. */
must_check enum rc lost_is(
	struct tx *tx, const char *agent_id, const char *task_id, uint32_t attempt, bool *ret_is);

/* Keeps the result when it is one. *ret_is: it was. */
must_check enum rc lost_keep(struct tx *tx, const char *agent_id, const struct tunnel_msg_result *m, bool *ret_is);
