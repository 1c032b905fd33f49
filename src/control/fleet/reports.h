/*
 * reports: what agents say of the accounts they hold. A report counts only under the account's present epoch and from the agent that holds
 * it; another is dropped and counted. On the writer; row, history and event in one transaction (product.md 5.6, A5).
 */
#pragma once

#include "control/tx.h"
#include "wire/tunnel_msg.h"

/* RC_OK also for what is dropped: the agent need not say it again. */
must_check enum rc reports_take(struct tx *tx, const char *agent_id, const struct tunnel_msg_event *m);
