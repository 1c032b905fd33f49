#include "control/schedules/schedule_row.h"
#include "control/rows.h"
#include "io/zoneinfo.h"

const struct field schedule_row_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct schedule, id), .doc = "sch_ and a ULID." },
	{ .name = "name",
		.type = FIELD_STR,
		FIELD_AT(struct schedule, name),
		.doc = "Unique, such as nightly-inventory." },
	{ .name = "cron",
		.type = FIELD_STR,
		FIELD_AT(struct schedule, cron),
		.doc = "Minute, hour, day of the month, month, day of the week; or @hourly and the like." },
	{ .name = "timezone",
		.type = FIELD_STR,
		FIELD_AT(struct schedule, timezone),
		.doc = "On whose clocks, by its IANA name." },
	{ .name = "enabled", .type = FIELD_BOOL, FIELD_AT(struct schedule, enabled), .doc = "Whether it goes on." },
	{ .name = "jitterSeconds",
		.type = FIELD_U32,
		FIELD_AT(struct schedule, jitter_s),
		.doc = "Each tick is put off by up to so much; a tick always by the same." },
	{ .name = "missedMax",
		.type = FIELD_U32,
		FIELD_AT(struct schedule, missed_max),
		.doc = "With run_all: so many missed ticks at most, the last of them." },
	{ .name = "missedPolicy",
		.type = FIELD_ENUM,
		FIELD_AT(struct schedule, missed),
		.words = schedule_missed_words,
		.doc = "Of ticks that came while no control plane was there: skip them, run one job for all, or "
		       "one for each." },
	{ .name = "overlapPolicy",
		.type = FIELD_ENUM,
		FIELD_AT(struct schedule, overlap),
		.words = schedule_overlap_words,
		.doc = "When a job of it is not over yet: allow another, skip the tick, queue it, or cancel the "
		       "job before." },
	{ .name = "job",
		.type = FIELD_JSON,
		FIELD_AT(struct schedule, job),
		.doc = "The job that each tick makes, as createJob takes it." },
	{ .name = "nextTick",
		.type = FIELD_TIME,
		FIELD_AT(struct schedule, next_tick),
		.doc = "The next moment that the schedule names; null: none." },
	{ .name = "nextRunAt",
		.type = FIELD_TIME,
		FIELD_AT(struct schedule, next_run),
		.doc = "When its job is made: the tick and its jitter." },
	{ .name = "waiting",
		.type = FIELD_U32,
		FIELD_AT(struct schedule, waiting),
		.doc = "Ticks that are due and wait for the job before." },
	{ .name = "lastTick", .type = FIELD_TIME, FIELD_AT(struct schedule, last_tick), .doc = "That made a job." },
	{ .name = "lastJobId", .type = FIELD_STR, FIELD_AT(struct schedule, last_job_id), .doc = "The last job." },
	{ .name = "problem",
		.type = FIELD_STR,
		FIELD_AT(struct schedule, problem),
		.doc = "Why the last tick made no job; null: it did." },
	{ .name = "tenantId",
		.type = FIELD_STR,
		FIELD_AT(struct schedule, tenant_id),
		.doc = "Whose its jobs are." },
	{ .name = "createdBy", .type = FIELD_STR, FIELD_AT(struct schedule, created_by), .doc = "Who made it." },
	{ .name = "version",
		.type = FIELD_I64,
		FIELD_AT(struct schedule, version),
		.doc = "Counts edits; it is the ETag." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct schedule, created_at),
		.doc = "When it was made." },
	{ .name = "updatedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct schedule, updated_at),
		.doc = "When it was edited last." },
	{ 0 },
};

enum rc schedule_row_load(struct tx *tx, const char *id, struct schedule *ret)
{
	static const struct store_query one = { .sql = "SELECT " SCHEDULE_ROW_COLUMNS
						       " FROM schedules WHERE id = $1" };
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ schedule_row_fields, tx->arena, ret }, tx->fault);
}

#define ALL_VALUES(s)                                                                                             \
	store_text((s)->id), store_text((s)->name), store_text((s)->cron), store_text((s)->timezone),             \
		store_int((s)->enabled), store_int((s)->jitter_s), store_int((s)->missed_max),                    \
		store_text(schedule_missed_words[(s)->missed]), store_text(schedule_overlap_words[(s)->overlap]), \
		store_text((s)->job), store_int((s)->next_tick), store_int((s)->next_run),                        \
		store_int((s)->waiting), store_int((s)->last_tick), store_text((s)->last_job_id),                 \
		store_text((s)->problem)

enum rc schedule_row_add(struct tx *tx, const struct schedule *s)
{
	static const struct store_query add = {
		.sql = "INSERT INTO schedules (" SCHEDULE_ROW_COLUMNS
		       ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
		       "$10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $20)"
	};
	enum rc rc = store_do(tx->db, &add,
		STORE_ARGS(ALL_VALUES(s), store_text(s->tenant_id), store_text(s->created_by),
			store_int(s->version), store_int(s->created_at)),
		tx->fault);
	return rc == RC_EXISTS ? fault_set(tx->fault, rc, "there is a schedule with the name %s already", s->name)
			       : rc;
}

enum rc schedule_row_keep(struct tx *tx, const struct schedule *s)
{
	static const struct store_query set = { .sql = "UPDATE schedules SET name = $2, cron = $3, timezone = $4, "
						       "enabled = $5, jitter = $6, missed_max "
						       "= $7, missed = $8, overlap = $9, job = $10, next_tick = "
						       "$11, next_run = $12, waiting = $13, "
						       "last_tick = $14, last_job_id = $15, problem = $16, version "
						       "= $17, updated_at = $18 WHERE id = $1" };
	enum rc rc = store_do(tx->db, &set,
		STORE_ARGS(ALL_VALUES(s), store_int(s->version), store_int(s->updated_at)), tx->fault);
	return rc == RC_EXISTS ? fault_set(tx->fault, rc, "there is a schedule with the name %s already", s->name)
			       : rc;
}

enum rc schedule_row_clock(struct tx *tx, const char *cron, const char *timezone, struct schedule_clock *ret)
{
	struct buf b = { 0 };
	enum rc rc = cron_parse(cron, &ret->cron, tx->fault);

	if (rc == RC_OK)
		rc = zoneinfo_read(timezone, &b, tx->fault);
	if (rc == RC_OK)
		rc = zone_parse(b.p, b.n, tx->arena, &ret->zone, tx->fault);
	buf_done(&b);
	return rc == RC_MALFORMED
		       ? fault_set(tx->fault, RC_INVALID, "the system's file of %s is no time zone", timezone)
		       : rc;
}

void schedule_row_set_next(struct schedule *s, const struct schedule_clock *c, int64_t after_ms)
{
	s->next_tick = s->enabled ? schedule_next(c, after_ms) : 0;
	s->next_run = s->next_tick ? s->next_tick + schedule_jitter_ms(s->id, s->next_tick, s->jitter_s) : 0;
}

enum rc schedule_row_claim(struct tx *tx, const char *schedule_id, int64_t tick, const char *status, bool *ret_new)
{
	static const struct store_query add = { .sql = "INSERT INTO schedule_ticks (schedule_id, tick, status, at) "
						       "VALUES ($1, $2, $3, $4) ON CONFLICT "
						       "(schedule_id, tick) DO NOTHING RETURNING tick" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &add,
		STORE_ARGS(store_text(schedule_id), store_int(tick), store_text(status), store_int(tx->now_ms)), &r,
		tx->fault);

	*ret_new = rc == RC_OK;
	return rc == RC_MISSING ? RC_OK : rc;
}

enum rc schedule_row_settle(struct tx *tx, const char *schedule_id, int64_t tick, const char *status,
	const char *job_id, const char *reason)
{
	static const struct store_query set = { .sql = "UPDATE schedule_ticks SET status = $3, job_id = $4, reason "
						       "= $5, at = $6 WHERE schedule_id = $1 "
						       "AND tick = $2" };
	return store_do(tx->db, &set,
		STORE_ARGS(store_text(schedule_id), store_int(tick), store_text(status), store_text(job_id),
			store_text(reason), store_int(tx->now_ms)),
		tx->fault);
}
