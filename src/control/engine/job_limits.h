/*
 * job_limits: how a job ends before its time, and how it rests: its deadline, too many failures, pause and resume. On the
 * writer's thread.
 *
 * Of a job that is to end (engine/job_end) what waits is ended by job_limits_scan in steps, and what agents have is asked to stop.
 */
#pragma once

#include "control/engine/job_end.h"
#include "control/tx.h"

struct call;

#define JOB_LIMITS_AT_ONCE 500 /* tasks that one scan ends */

/* Deadlines that have come; the tasks of jobs that are to end. */
must_check enum rc job_limits_scan(struct tx *tx);

/* Ends a queued task of a job that is to end. */
must_check enum rc job_limits_end(struct tx *tx, const char *task_id, const char *reason);

/* Fails a queued task: its account is not online, and its job wants that. */
must_check enum rc job_limits_offline(struct tx *tx, const char *task_id);

/* Handlers of routes; `ret_out` is not written: the caller reads the job. */
must_check enum rc job_limits_pause(struct call *c, const char *job_id);
must_check enum rc job_limits_resume(struct call *c, const char *job_id);
