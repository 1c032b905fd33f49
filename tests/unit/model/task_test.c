#include "model/task.h"

#include "tests/unit/check.h"

#include <stdbool.h>

/* May a task go from the row's state to the column's? queued leased running unknown attention succeeded failed canceled
 * expired */
static const char *const moves[TASK_STATUSES] = {
	[TASK_QUEUED] = ".x.x..xxx",
	[TASK_LEASED] = "x.xx.xxx.",
	[TASK_RUNNING] = "x..x.xxx.",
	[TASK_UNKNOWN] = "....xxx..",
	[TASK_ATTENTION] = ".....xx..",
	[TASK_SUCCEEDED] = ".........",
	[TASK_FAILED] = ".........",
	[TASK_CANCELED] = ".........",
	[TASK_EXPIRED] = ".........",
};

static struct task task_in(enum task_status status)
{
	return (struct task){
		.status = status,
		.attempt = 2,
		.max_attempts = 5,
		.not_before_ms = 111,
		.lease_until_ms = 222,
		.since_ms = 333,
	};
}

static void every_pair(void)
{
	for (int from = 0; from < TASK_STATUSES; from++)
		for (int to = 0; to < TASK_STATUSES; to++) {
			struct task t = task_in((enum task_status)from), before = t;
			enum rc rc = task_move(&t, (enum task_status)to, 999);
			if (moves[from][to] != 'x') {
				CHECK(rc == RC_CONFLICT && !memcmp(&t, &before, sizeof(t)));
				continue;
			}
			CHECK(rc == RC_OK && t.status == (enum task_status)to && t.since_ms == 999);
			CHECK(t.attempt == (to == TASK_LEASED ? 3u : 2u));
			CHECK(t.lease_until_ms == (to == TASK_LEASED || to == TASK_RUNNING ? 222 : 0));
			CHECK(t.max_attempts == 5 && t.not_before_ms == 111);
		}
}

static void words(void)
{
	const char *const want[] = { "queued", "leased", "running", "outcome_unknown", "needs_attention",
		"succeeded", "failed", "canceled", "expired" };
	const char *const classes[] = { "read", "idempotent", "guarded", "once" };

	for (int i = 0; i < TASK_STATUSES; i++) {
		CHECK_STR(task_words[i], want[i]);
		CHECK(task_is_over((enum task_status)i) == (i >= TASK_SUCCEEDED));
	}
	CHECK(!task_words[TASK_STATUSES]);
	for (int i = TASK_READ; i <= TASK_ONCE; i++) {
		CHECK_STR(task_class_words[i], classes[i]);
		CHECK(task_may_repeat((enum task_class)i) == (i == TASK_READ || i == TASK_IDEMPOTENT));
	}
	CHECK(!task_class_words[TASK_ONCE + 1]);
}

/* Which attempts are run again: by class, by what is known, by whether a retry can help, by the attempts that are left. */
static void who_is_retried(void)
{
	for (int i = 0; i < 4 * 2 * 2 * 6; i++) {
		int c = i / 24, effect = i / 12 % 2, retryable = i / 6 % 2;
		uint32_t attempt = (uint32_t)(i % 6) + 1;
		struct task t = task_in(TASK_RUNNING);
		t.attempt = attempt;
		CHECK(task_retry(&t, (enum task_class)c, (struct task_failure){ retryable, effect }, 700, 5000) ==
			RC_OK);
		bool doubt = effect && c >= TASK_GUARDED;
		bool again = attempt < 5 && (doubt ? c == TASK_GUARDED : retryable);
		CHECK(t.status == (again ? TASK_QUEUED : doubt ? TASK_UNKNOWN : TASK_FAILED));
		CHECK(t.probe == (again && doubt));
		CHECK(t.not_before_ms == (again ? 5700 : 111));
		CHECK(t.attempt == attempt && t.lease_until_ms == 0 && t.since_ms == 5000);
	}
	struct task t = task_in(TASK_RUNNING); /* what has to be found out stays to be found out */
	t.probe = true;
	CHECK(task_retry(&t, TASK_GUARDED, (struct task_failure){ true, false }, 0, 5000) == RC_OK && t.probe);
}

/* Full jitter: any wait from nothing to the bound, which doubles until a minute. */
static void bounds_of_the_wait(void)
{
	const int64_t bounds[] = { 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000 };
	const struct task_policy p = task_policy_of(TASK_READ, NULL, NULL);

	for (uint32_t attempt = 1; attempt <= 9; attempt++) {
		int64_t bound = bounds[attempt - 1];
		const struct {
			int64_t random, wait;
		} all[] = { { 0, 0 }, { 1, 1 }, { bound - 1, bound - 1 }, { bound, bound }, { bound + 1, 0 },
			{ UINT32_MAX, UINT32_MAX % (bound + 1) } };
		for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
			CHECK(task_wait_ms(&p, attempt, (uint32_t)all[i].random, 0) == all[i].wait);
			CHECK(task_wait_ms(&p, attempt, (uint32_t)all[i].random, 30000) == 30000 + all[i].wait);
		}
	}
	CHECK(task_wait_ms(&p, UINT32_MAX, 60000, -5) == 60000);
	CHECK(task_wait_ms(&p, 1, 0, INT64_MAX) == TASK_RETRY_AFTER_MAX_MS);
}

/* The job says, else the action, else the class; and the class has the last word on what has an effect. */
static void policies(void)
{
	const struct task_policy action = { 4, 500, 0, 1u << TASK_AWAY }, job = { 20, 0, 2000, 0 },
				 greedy = { UINT32_MAX, UINT32_MAX, UINT32_MAX, 0 };

	for (int c = TASK_READ; c <= TASK_ONCE; c++) {
		bool repeats = task_may_repeat((enum task_class)c);
		struct task_policy p = task_policy_of((enum task_class)c, NULL, NULL);
		CHECK(p.max_attempts == (repeats ? 5 : 3) && p.backoff_ms == 1000 && p.backoff_max_ms == 60000);
		p = task_policy_of((enum task_class)c, &action, NULL);
		CHECK(p.max_attempts == (repeats ? 4 : 3) && p.backoff_ms == 500 && p.backoff_max_ms == 60000);
		CHECK(task_may_retry(&p, "rate_limited", true) && !task_may_retry(&p, "rate_limited", false));
		CHECK(!task_may_retry(&p, "session_offline", true) && task_may_retry(&p, NULL, true));
		p = task_policy_of((enum task_class)c, &action, &job);
		CHECK(p.max_attempts == (repeats ? 20 : 3) && p.backoff_ms == 500 && p.backoff_max_ms == 2000);
		CHECK(!task_may_retry(&p, "web_session_lost", true)); /* the action's, whatever the job says */
		p = task_policy_of((enum task_class)c, &action, &greedy);
		CHECK(p.max_attempts == (repeats ? 20 : 3) && p.backoff_max_ms == TASK_BACKOFF_LIMIT_MS &&
			p.backoff_ms == TASK_BACKOFF_LIMIT_MS);
		CHECK(task_wait_ms(&p, 20, UINT32_MAX, 0) <= TASK_BACKOFF_LIMIT_MS);
	}
	CHECK(task_trouble_of("lease_expired") == TASK_LOST && task_trouble_of("x") == TASK_OTHER);
}

static void no_retry_of_what_does_not_run(void)
{
	const enum task_status idle[] = { TASK_QUEUED, TASK_UNKNOWN, TASK_ATTENTION, TASK_SUCCEEDED, TASK_FAILED,
		TASK_CANCELED };

	for (size_t i = 0; i < sizeof(idle) / sizeof(*idle); i++) {
		struct task t = task_in(idle[i]), before = t;
		CHECK(task_retry(&t, TASK_READ, (struct task_failure){ true, false }, 1, 999) == RC_CONFLICT);
		CHECK(!memcmp(&t, &before, sizeof(t)));
	}
	struct task t = task_in(TASK_QUEUED); /* one that waits may fail: its job's deadline is over */
	CHECK(task_retry(&t, TASK_READ, (struct task_failure){ false, false }, 1, 999) == RC_OK &&
		t.status == TASK_FAILED);
}

/* A whole life: an attempt is counted when it is leased, and the last one is the last. */
static void a_life(void)
{
	struct task t = { .max_attempts = 3 };

	for (uint32_t attempt = 1; attempt <= 3; attempt++) {
		CHECK(t.status == TASK_QUEUED);
		CHECK(task_move(&t, TASK_LEASED, 10) == RC_OK && t.attempt == attempt);
		t.lease_until_ms = 50;
		CHECK(task_move(&t, TASK_RUNNING, 20) == RC_OK && t.lease_until_ms == 50);
		CHECK(task_retry(&t, TASK_IDEMPOTENT, (struct task_failure){ true, false }, 0, 30) == RC_OK &&
			t.lease_until_ms == 0);
	}
	CHECK(t.status == TASK_FAILED && t.attempt == 3);
	CHECK(task_move(&t, TASK_QUEUED, 40) == RC_CONFLICT);
}

int main(void)
{
	every_pair();
	words();
	who_is_retried();
	bounds_of_the_wait();
	policies();
	no_retry_of_what_does_not_run();
	a_life();
	return 0;
}
