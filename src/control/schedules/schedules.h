/*
 * schedules: jobs that are made again and again, by the clock. On the writer's thread.
 *
 * A tick becomes a row of schedule_ticks in the transaction in which it is found due, and the job in the transaction in which the
 * row says that it was fired. So a tick makes one job, over restarts, and however many control planes look.
 */
#pragma once

#include "control/tx.h"

#define SCHEDULES_WAITING_MAX 100   /* ticks of one schedule that wait; what comes then is missed */
#define SCHEDULES_TASKS_MAX   10000 /* tasks after which one look at the schedules makes no further job */
#define SCHEDULES_AT_ONCE     100   /* schedules that one look moves on */
#define SCHEDULES_KEEP_MS     (90 * (int64_t)86400000) /* what became of a tick is known for so long */

struct schedule;

/* What is due now; and old ticks are forgotten. */
must_check enum rc schedules_scan(struct tx *tx);

/* Makes its job at once, besides its ticks. What is wrong with the job is told. */
must_check enum rc schedules_run_now(struct tx *tx, struct schedule *s, int64_t *ret_tick, const char **ret_job_id);

/* Ticks that wait will not be run. */
must_check enum rc schedules_drop_waiting(struct tx *tx, struct schedule *s, const char *reason);
