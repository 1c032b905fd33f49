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

/* What kind of failure an error code tells. */
enum task_trouble {
	TASK_LOST,      /* nobody heard of the attempt's end, or the agent did not take it */
	TASK_AWAY,      /* the account's session was not there */
	TASK_THROTTLED, /* Steam, or a rate lane, had no room */
	TASK_OTHER,
};
enum task_trouble task_trouble_of(const char *code);

/* When a task is tried again. Zeroes: as the class says. */
struct task_policy {
	uint32_t max_attempts;
	uint32_t backoff_ms, backoff_max_ms;
	unsigned never; /* bits 1 << enum task_trouble: such failures are for good */
};
#define TASK_BACKOFF_MS         1000
#define TASK_BACKOFF_MAX_MS     60000
#define TASK_BACKOFF_LIMIT_MS   86400000 /* what a job may ask for */
#define TASK_RETRY_AFTER_MAX_MS 86400000

/*
 * The policy in force: of the job, where it says something, else of the action (NULL: none), else of the class: 5 attempts
 * when it may be repeated, else 3; backoff of 1 s to 60 s. A job may have TASK_ATTEMPTS_MAX attempts of the first, never more
 * than 3 of the others.
 */
#define TASK_ATTEMPTS_MAX 20
struct task_policy task_policy_of(
	enum task_class class, const struct task_policy *action, const struct task_policy *job);

/* May a failure with this code be tried again? `retryable`: whoever met it thinks so. */
bool task_may_retry(const struct task_policy *p, const char *code, bool retryable);

/*
 * How long to wait after this attempt: full jitter over backoff_ms · 2^(attempt-1), at most backoff_max_ms; `random` is any
 * number. Never under `retry_after_ms`, which the other side asked for (0: it did not), to which the same jitter is added.
 */
int64_t task_wait_ms(const struct task_policy *p, uint32_t attempt, uint32_t random, int64_t retry_after_ms);

/*
 * What becomes of an attempt that failed or was lost. `effect`: it may have had its effect, nobody knows.
 *
 *                  no effect                             maybe an effect
 *   read           TASK_QUEUED, or TASK_FAILED           as without
 *   idempotent     the same                              as without
 *   guarded        the same                              TASK_QUEUED with `probe`, or TASK_UNKNOWN
 *   once           the same                              TASK_UNKNOWN
 *
 * It is queued when attempts are left and, without an effect, when a retry can mend the failure: not before wait_ms have passed.
 */
struct task_failure {
	bool retryable, effect;
};
must_check enum rc task_retry(
	struct task *t, enum task_class class, struct task_failure how, int64_t wait_ms, int64_t now_ms);

/* May an attempt of this class be run again although nobody knows how the last one ended? */
static inline bool task_may_repeat(enum task_class class) { return class == TASK_READ || class == TASK_IDEMPOTENT; }
