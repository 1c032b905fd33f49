/*
 * job_end: a job is to end before all of it is done. It keeps the reason, and from then on nothing of it is handed out; what waits is
 * ended in steps (engine/job_limits). On the writer's thread.
 */
#pragma once

#include "control/tx.h"

#define JOB_END_DEADLINE "deadline_exceeded"
#define JOB_END_FAILURES "stopped_on_failures"

/* Nothing when it has a reason already, or is over. */
must_check enum rc job_end_because(struct tx *tx, const char *job_id, const char *reason);

/* A task of the job has failed; if that is too much, the job is to end. */
must_check enum rc job_end_failed(struct tx *tx, const char *job_id);
