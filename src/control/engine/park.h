/*
 * park: queued tasks that dispatch found it cannot hand out now. Such a one says in its row what it waits for, and is not
 * looked at again until that has come; so a look at the queue costs the same however much waits in it. On the writer's thread.
 *
 *   PARK_ACCOUNT  another task has its account, or is in doubt about it; ended by park_left
 *   PARK_JOB      its job is paused, or has as many at work as it may; ended by park_left and park_resume
 *   PARK_TIME     it is too early; ended by park_scan
 *   PARK_PLACE    no agent may have it; ended by park_scan, and sooner by park_places
 *   agt_…         that agent is to have it and has no room; ended by park_room, or by park_scan: another may be better by then
 *
 * While tasks wait for an account, somebody else has it, or one of its tasks waits for something else or can be handed out.
 * Tasks that wait for the same thing get it by priority, one level more for each JOB_AGE_MS of age: the numbers in the SQL and in
 * the migration's indexes.
 */
#pragma once

#include "control/tx.h"

#define PARK_ACCOUNT "account"
#define PARK_JOB     "job"
#define PARK_TIME    "time"
#define PARK_PLACE   "place"

#define PARK_AGAIN_MS 1000 /* a place, or an agent's room, is looked for again after so long */
#define PARK_AT_ONCE  512  /* rows that one step moves */

struct park_task {
	const char *id, *account_id; /* account_id NULL: none */
};

/* It waits. look_at: until then at the longest; 0: until it is told. */
must_check enum rc park_task(struct tx *tx, const struct park_task *t, const char *waits, int64_t look_at);

/* Many wait for their accounts; at most PARK_AT_ONCE. `ids` is a list in JSON: ["tsk_1", …]. */
must_check enum rc park_accounts(struct tx *tx, const char *ids);

/* A task waits because of another of its account that is in doubt: that one is looked at. */
must_check enum rc park_doubted(struct tx *tx, const char *account_id);

/* What can be handed out of the job waits; at most PARK_AT_ONCE at a time. */
must_check enum rc park_job(struct tx *tx, const char *job_id);

/* A task has left an agent's hands, or the queue: who waited for its account, or for room in its job, is looked at. */
must_check enum rc park_left(struct tx *tx, const char *job_id, const char *account_id);

/* The job goes on. */
must_check enum rc park_resume(struct tx *tx, const char *job_id);

/* The agent has room for `n`. */
must_check enum rc park_room(struct tx *tx, const char *agent_id, size_t n);

/* There is a place that there was not: an agent came, a rule or a region changed. */
must_check enum rc park_places(struct tx *tx);

/* Those whose moment has come. */
must_check enum rc park_scan(struct tx *tx);

/* Mends what the promise above says, should it not hold. Slow: once a minute. */
must_check enum rc park_sweep(struct tx *tx);
