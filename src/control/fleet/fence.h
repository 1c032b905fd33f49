/*
 * fence: an agent has one tunnel that counts, over all control planes: the one it opened last. agents.session counts them. What comes by
 * an older one is refused, in the transaction that would have done it. On the writer.
 */
#pragma once

#include "control/tx.h"

/* *ret_current: this is the agent's newest tunnel. */
must_check enum rc fence_check(struct tx *tx, const char *agent_id, int64_t session, bool *ret_current);
