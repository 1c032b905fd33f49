/*
 * job: what a client asked for: one action, over targets. It is split into tasks, and its status is a function of theirs.
 * Pure. product.md 5.4.2.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum job_status {
	JOB_QUEUED,
	JOB_RUNNING,
	JOB_PAUSED, /* what agents have goes on; nothing else is begun */
	JOB_SUCCEEDED,
	JOB_PARTIALLY_SUCCEEDED,
	JOB_FAILED,
	JOB_CANCELED,
	JOB_STATUSES
};

extern const char *const job_words[]; /* as the API spells them; ends in NULL */

/* How many of a job's tasks are in each state; kept in the job's row by the transaction that moves a task. */
struct job_summary {
	uint32_t total, queued, running, succeeded, failed, canceled;
	uint32_t unknown, attention; /* neither over nor on the way: the job runs until somebody says */
	bool paused;
};

#define JOB_TARGETS_MAX  10000
#define JOB_PAYLOAD_MAX  262144 /* bytes of JSON */
#define JOB_PRIORITY_MAX 9
#define JOB_AGE_MS       60000 /* a job that has waited so long stands one priority higher */

/* The status that follows from the tasks alone. A job without tasks has succeeded. */
enum job_status job_status_of(const struct job_summary *s);

/* The priority that it has by now: grows with its age, up to JOB_PRIORITY_MAX. */
uint32_t job_priority(uint32_t priority, int64_t created_ms, int64_t now_ms);

/* Its deadline aside: has so much failed that the rest is not to be tried? 0: no such limit. */
bool job_stops(const struct job_summary *s, uint32_t stop_count, uint32_t stop_percent);

static inline bool job_is_over(enum job_status s) { return s >= JOB_SUCCEEDED; }
