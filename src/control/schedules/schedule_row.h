/*
 * schedule_row: a schedule as its row has it. On the writer, but for what only reads.
 */
#pragma once

#include "base/field.h"
#include "control/tx.h"
#include "model/schedule.h"

struct schedule {
	const char *id, *name, *cron, *timezone;
	bool enabled;
	uint32_t jitter_s, missed_max;
	int missed, overlap; /* enum schedule_missed, enum schedule_overlap */
	const char *job;     /* JSON, as createJob takes it */
	int64_t next_tick;   /* ms; 0: none */
	int64_t next_run;    /* the same with its jitter */
	uint32_t waiting;    /* ticks that are due, and wait for their turn */
	int64_t last_tick;
	const char *last_job_id;
	const char *problem; /* why the last tick made no job */
	const char *tenant_id, *created_by;
	int64_t version, created_at, updated_at;
};

/* All of it, in the order of the columns. */
extern const struct field schedule_row_fields[];
#define SCHEDULE_ROW_COLUMNS                                                                                 \
	"id, name, cron, timezone, enabled, jitter, missed_max, missed, overlap, job, next_tick, next_run, " \
	"waiting, "                                                                                          \
	"last_tick, last_job_id, problem, tenant_id, created_by, version, created_at, updated_at"

#define SCHEDULE_ROW_NAME_MAX 63

must_check enum rc schedule_row_load(struct tx *tx, const char *id, struct schedule *ret);
must_check enum rc schedule_row_add(struct tx *tx, const struct schedule *s);
must_check enum rc schedule_row_keep(
	struct tx *tx, const struct schedule *s); /* all but id, tenant, maker, created_at */

/* Its clock, in the arena. RC_INVALID: the fields, or the time zone, which the fault names. */
must_check enum rc schedule_row_clock(
	struct tx *tx, const char *cron, const char *timezone, struct schedule_clock *ret);

/* Its next tick is the first after this moment. */
void schedule_row_set_next(struct schedule *s, const struct schedule_clock *c, int64_t after_ms);

/* What became of a tick. A row is made once: so a tick makes a job once, whoever asks, and however often. */
#define SCHEDULE_ROW_WAITING "waiting" /* it is due */
#define SCHEDULE_ROW_FIRED   "fired"
#define SCHEDULE_ROW_MISSED  "missed" /* nobody was there, or the job before was not over */
#define SCHEDULE_ROW_FAILED  "failed" /* its job was refused */

/* *ret_new: there was none. */
must_check enum rc schedule_row_claim(
	struct tx *tx, const char *schedule_id, int64_t tick, const char *status, bool *ret_new);
must_check enum rc schedule_row_settle(struct tx *tx, const char *schedule_id, int64_t tick, const char *status,
	const char *job_id, const char *reason);
