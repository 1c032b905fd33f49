/*
 * webhook_calls: deliveries on their way. Claimed in a transaction, sent by a thread, settled in another: what died in between is
 * claimed again, with the same id. On the writer.
 */
#pragma once

#include "base/id.h"
#include "control/tx.h"
#include "control/webhooks/webhook_secrets.h"
#include "control/writer.h"

struct webhooks;

/* One attempt. It owns itself from the claim until it is settled. */
struct webhook_call {
	struct webhook_call *next; /* of a claim's list */
	struct pool_job job;
	struct loop_job back;
	struct write write;
	struct webhooks *hooks;
	char id[ID_MAX], webhook_id[ID_MAX], trace_id[33];
	char *url, *body;
	const char *media; /* of the body; a constant */
	uint8_t keys[WEBHOOK_SECRETS_MAX][WEBHOOK_SIGN_KEY], seeds[WEBHOOK_SECRETS_MAX][WEBHOOK_SIGN_KEY];
	size_t keys_n;
	int64_t created_ms;
	/* How it ended. */
	int64_t at_ms, took_ms;
	int status;
	uint32_t dice;
	char retry_after[64], error[200];
	char *answer; /* NULL: none */
};
void webhook_calls_free(struct webhook_call *c); /* wipes the secrets */

/* What others than `mine` (a run of a control plane; "": anybody) were sending when they ended is due again. */
must_check enum rc webhook_calls_recover(struct tx *tx, const char *mine);

/* Claims what is due, at most `room`, fairly among the endpoints. *ret_list is the caller's. */
must_check enum rc webhook_calls_claim(struct tx *tx, size_t room, struct webhook_call **ret_list);

/* Writes down how it ended, and what follows. Nothing, when the delivery is another's by now, or gone. */
must_check enum rc webhook_calls_settle(struct tx *tx, const struct webhook_call *c);

/* Forgets deliveries that are over for longer than they are kept, a part at a time. */
must_check enum rc webhook_calls_sweep(struct tx *tx);
