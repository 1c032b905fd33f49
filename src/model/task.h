/*
 * task: one action on one target. It changes state through one door, task_move, and what is not in the table of lawful
 * moves cannot happen. Pure. product.md 5.4.1 and 5.4.2.
 */
#pragma once

#include "base/own.h"
#include "base/rc.h"

#include <stdbool.h>
#include <stdint.h>

enum task_status {
	TASK_QUEUED,    /* a row that waits for an agent, not before not_before_ms */
	TASK_LEASED,    /* given to agent_id until lease_until_ms; the agent has not said yet that it took it */
	TASK_RUNNING,   /* the agent works on it; the lease is renewed by its heartbeats */
	TASK_UNKNOWN,   /* its effect may have happened or not, and nothing that we can ask tells */
	TASK_ATTENTION, /* the same, and a person has to say: see control/engine/effects */
	TASK_SUCCEEDED, /* over */
	TASK_FAILED,    /* over */
	TASK_CANCELED,  /* over */
	TASK_EXPIRED,   /* over: its job's deadline came before an agent had it */
	TASK_STATUSES
};

extern const char *const task_words[]; /* as the database spells them; ends in NULL */

/* As people are shown a task: one word more, for an attempt that asks what became of another before. */
#define TASK_SHOWN_RECONCILING TASK_STATUSES
extern const char *const task_shown_words[];

/* The four idempotency classes of an action: what may be done when an attempt's outcome is lost (product.md 5.4.1). */
enum task_class { TASK_READ, TASK_IDEMPOTENT, TASK_GUARDED, TASK_ONCE };

extern const char *const task_class_words[];

struct task {
	enum task_status status;
	uint32_t attempt, max_attempts;
	int64_t not_before_ms;  /* TASK_QUEUED */
	int64_t lease_until_ms; /* TASK_LEASED, TASK_RUNNING */
	int64_t since_ms;
	bool probe; /* an attempt before may have had the effect: the next one has to find out first */
};

#define TASK_ATTEMPTS_DEFAULT 5
#define TASK_ATTEMPTS_EFFECT  3  /* at most, of the classes that have an effect */
#define TASK_ATTEMPTS_ASKING  30 /* with those that only asked what became of another */

static inline bool task_is_over(enum task_status s) { return s >= TASK_SUCCEEDED; }

/* RC_CONFLICT when the move is not lawful; *t is then untouched. To TASK_LEASED counts an attempt. */
must_check enum rc task_move(struct task *t, enum task_status to, int64_t now_ms);

/*
 * What becomes of an attempt that failed or was lost. `effect`: it may have had its effect, nobody knows.
 *
 *                  no effect                             maybe an effect
 *   read           TASK_QUEUED, or TASK_FAILED           as without
 *   idempotent     the same                              as without
 *   guarded        the same                              TASK_QUEUED with `probe`, or TASK_UNKNOWN
 *   once           the same                              TASK_UNKNOWN
 *
 * It is queued when attempts are left and, without an effect, when a retry can mend the failure. It waits: full jitter over
 * TASK_BACKOFF_MS · 2^(attempt-1), at most TASK_BACKOFF_MAX_MS; `random` is any number.
 */
#define TASK_BACKOFF_MS     1000
#define TASK_BACKOFF_MAX_MS 60000
struct task_failure {
	bool retryable, effect;
};
must_check enum rc task_retry(
	struct task *t, enum task_class class, struct task_failure how, uint32_t random, int64_t now_ms);

/* May an attempt of this class be run again although nobody knows how the last one ended? */
static inline bool task_may_repeat(enum task_class class) { return class == TASK_READ || class == TASK_IDEMPOTENT; }
