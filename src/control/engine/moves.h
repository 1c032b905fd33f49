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
	bool probe;              /* the next attempt has to find out what became of one before */
	uint32_t intent_attempt; /* the last that declared its effect; 0: none */
	int64_t intent_at;       /* when the last did whose outcome is not known; 0: none */
	const char *intent;      /* what the first of those declared */
	const char *owner;       /* what it was made for (control/owners); NULL: nobody's but its job's */
	bool quiet;              /* no events are made of its moves */
	int64_t again_ms; /* of an attempt that failed: how long the other side asked to be left alone; 0: it did not */
	const char *code; /* of that failure; NULL: nobody said */
	/* Of the move that is told to the owner: */
	const char *result, *error;
	const char *kept; /* the result as the row keeps it, packed (wire/packed); NULL: as it is */
};

/* Why a task is a dead letter. */
#define MOVES_USED_UP  "attempts_used_up" /* a retry could have helped, but it had its last */
#define MOVES_NO_RETRY "not_retryable"    /* it would fail again */
#define MOVES_NOT_DONE "not_done"         /* a person said that its effect did not happen; the error's code, too */

/* RC_MISSING: there is no such task. */
must_check enum rc moves_load(struct tx *tx, const char *id, struct moves_task *ret);

/* The task when it is this agent's current attempt and not over; else RC_MISSING, and *ret is filled in if it is known. */
must_check enum rc moves_held(
	struct tx *tx, const char *agent_id, const char *id, uint32_t attempt, struct moves_task *ret);

/* Hands the queued task to an agent: counts an attempt, sets nonce and lease. RC_CONFLICT when it is not queued any more. */
must_check enum rc moves_lease(struct tx *tx, struct moves_task *t, const char *agent_id);

/* The agent has taken it. */
must_check enum rc moves_start(struct tx *tx, struct moves_task *t);

/* It is over. `result` is JSON or NULL. */
must_check enum rc moves_succeed(struct tx *tx, struct moves_task *t, const char *result);
must_check enum rc moves_cancel(struct tx *tx, struct moves_task *t);
must_check enum rc moves_give_up(struct tx *tx, struct moves_task *t, const char *error); /* failed, for good */
must_check enum rc moves_expire(struct tx *tx, struct moves_task *t); /* its job's deadline has come */

/* The attempt is about to have its effect: kept for the case that nobody hears of its end. It has a whole lease for it. */
must_check enum rc moves_intend(struct tx *tx, struct moves_task *t, const char *effect);

/*
 * The attempt failed or was lost: the task is queued again, failed for good, or waits for somebody to say what became of it:
 * after its class (task_retry) and its policy (task_policy_of). `error` is JSON; t->code and t->again_ms say more.
 */
must_check enum rc moves_fail(struct tx *tx, struct moves_task *t, const char *error, struct task_failure how);

/* A queued task may have had its effect, in a time that the database does not know: a person has to say. `error` is JSON. */
must_check enum rc moves_doubt(struct tx *tx, struct moves_task *t, const char *error);

/* Somebody says what became of a task that needs attention. RC_CONFLICT: it does not. */
must_check enum rc moves_resolve(struct tx *tx, struct moves_task *t, bool done, const char *evidence);

/* The JSON of a task's error. In the arena. */
const char *moves_error(struct tx *tx, const char *code, const char *detail, bool retryable);
