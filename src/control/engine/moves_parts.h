/*
 * moves_parts: what the files of moves share, and nobody else. It stands on what control/engine/moves.h declares, which is
 * included before it.
 *
 * moves_attempts: one row for each time that a task was given to an agent: who had it, under which epoch of the account's lease,
 * what it declared, how it ended, and what the task came to be. Written in the transaction of the move; rows are never changed
 * after the attempt's end. On the writer.
 */
#pragma once

/* The task was given to t->agent_id: its attempt t->attempt begins. */
must_check enum rc moves_attempts_lease(struct tx *tx, const struct moves_task *t);

/* The agent took it. */
must_check enum rc moves_attempts_start(struct tx *tx, const struct moves_task *t);

/* It is about to have its effect. */
must_check enum rc moves_attempts_intend(struct tx *tx, const struct moves_task *t, const char *effect);

/* How it ended: `outcome` is succeeded, failed, canceled or unknown; t->error says why. Not of a task that nobody had. */
must_check enum rc moves_attempts_end(
	struct tx *tx, const struct moves_task *t, const char *outcome, enum task_status to);

/* A person said what became of it. */
must_check enum rc moves_attempts_resolve(
	struct tx *tx, const struct moves_task *t, bool done, const char *evidence);

/* It failed for good, and is a dead letter until it is tried again in another job. */
must_check enum rc moves_attempts_died(struct tx *tx, const struct moves_task *t, const char *reason);
