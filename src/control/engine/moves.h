/*
 * moves: the one door through which a task changes its state: the row, the job's counts, the events and the job's end, in
 * one transaction. On the writer's thread.
 */
#pragma once

#include "control/tx.h"
#include "model/action.h"
#include "model/job.h"
#include "model/task.h"

/* A task as the engine needs it. Texts are in the arena. */
struct moves_task {
	const char *id, *job_id, *action, *account_id, *region_id, *agent_id, *nonce;
	int status;
	uint32_t attempt, max_attempts;
	int64_t not_before, lease_until;
	bool cancel_asked;
};

/* RC_MISSING: there is no such task. */
must_check enum rc moves_load(struct tx *tx, const char *id, struct moves_task *ret);

/* Hands the queued task to an agent: counts an attempt, sets nonce and lease. RC_CONFLICT when it is not queued any more. */
must_check enum rc moves_lease(struct tx *tx, struct moves_task *t, const char *agent_id);

/* The agent has taken it. */
must_check enum rc moves_start(struct tx *tx, struct moves_task *t);

/* It is over. `result` is JSON or NULL. */
must_check enum rc moves_succeed(struct tx *tx, struct moves_task *t, const char *result);
must_check enum rc moves_cancel(struct tx *tx, struct moves_task *t);

/* The attempt failed or was lost: the task is queued again, or failed for good, after its class. `error` is JSON. */
must_check enum rc moves_fail(struct tx *tx, struct moves_task *t, const char *error, bool retryable);

/* The JSON of a task's error. In the arena. */
const char *moves_error(struct tx *tx, const char *code, const char *detail, bool retryable);
