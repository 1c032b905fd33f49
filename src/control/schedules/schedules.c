#include "control/schedules/schedules.h"
#include "base/when.h"
#include "control/engine/cancel.h"
#include "control/engine/submit.h"
#include "control/events/events.h"
#include "control/rows.h"
#include "control/schedules/schedule_row.h"
#include "wire/field_json.h"

#define OPEN_MAX 100 /* jobs of one schedule that cancel_previous cancels at once */

static enum rc tell(
	struct tx *tx, const struct schedule *s, const char *type, const char *job_id, const char *payload)
{
	if (!payload)
		return RC_NOMEM;
	return events_add(tx, &(struct event){ .type = type,
				      .job_id = job_id,
				      .resource = s->id,
				      .payload = payload,
				      .tenant_id = s->tenant_id });
}

static enum rc tell_missed(struct tx *tx, const struct schedule *s, int64_t tick, uint32_t n, const char *reason)
{
	char when[WHEN_MAX];

	when_text(when, tick);
	return tell(tx, s, "schedule.missed", NULL,
		arena_fmt(tx->arena, "{\"tick\":\"%s\",\"ticks\":%u,\"reason\":\"%s\"}", when, n, reason));
}

/* The words of what was wrong, all of them. */
static const char *problem_of(struct tx *tx, const struct field_reader *r)
{
	struct buf b = { 0 };

	if (r->problems_n == 0)
		return arena_str(tx->arena, tx->fault->text);
	for (size_t i = 0; i < r->problems_n && b.n < 400; i++)
		buf_fmt(&b, "%s%s: %s", i ? "; " : "", r->problems[i].pointer, r->problems[i].detail);
	const char *text = arena_str(tx->arena, buf_text(&b));
	buf_done(&b);
	return text;
}

static enum rc make_job(struct tx *tx, const struct schedule *s, struct field_reader *r, const char **ret_job_id)
{
	auto_json struct json_t *j = NULL;
	struct submit_job *in = arena_take(tx->arena, sizeof(*in));
	const struct submit_fire by = {
		.schedule_id = s->id,
		.created_by = arena_fmt(tx->arena, "schedule:%s", s->id),
		.tenant_id = s->tenant_id,
		.reader = r,
	};

	enum rc rc = in && by.created_by ? json_read(s->job, strlen(s->job), &j, tx->fault) : RC_NOMEM;
	if (rc == RC_OK)
		rc = field_json_decode(submit_fields, j, r, in, tx->fault);
	return rc == RC_OK ? submit_fired(tx, &by, in, ret_job_id) : rc;
}

/* Is it the job that is wrong, and nothing of ours? Nothing was written then. */
static bool is_refusal(enum rc rc)
{
	return rc == RC_INVALID || rc == RC_MALFORMED || rc == RC_CONFLICT || rc == RC_DENIED || rc == RC_MISSING ||
	       rc == RC_QUOTA;
}

/* The tick, whose row is there, makes its job, or says why not. */
static enum rc fire(struct tx *tx, struct schedule *s, int64_t tick)
{
	struct field_reader r = { .arena = tx->arena };
	const char *job_id = NULL;
	char when[WHEN_MAX];

	enum rc rc = make_job(tx, s, &r, &job_id);
	if (is_refusal(rc)) {
		s->problem = problem_of(tx, &r);
		rc = schedule_row_settle(tx, s->id, tick, SCHEDULE_ROW_FAILED, NULL, s->problem);
		return rc == RC_OK ? tell_missed(tx, s, tick, 1, "refused") : rc;
	}
	if (rc == RC_OK)
		rc = schedule_row_settle(tx, s->id, tick, SCHEDULE_ROW_FIRED, job_id, NULL);
	if (rc != RC_OK)
		return rc;
	s->problem = NULL;
	s->last_tick = tick;
	s->last_job_id = job_id;
	when_text(when, tick);
	return tell(tx, s, "schedule.fired", job_id,
		arena_fmt(tx->arena, "{\"tick\":\"%s\",\"jobId\":\"%s\"}", when, job_id));
}

static enum rc pass(struct tx *tx, const struct schedule *s, int64_t tick, const char *reason)
{
	enum rc rc = schedule_row_settle(tx, s->id, tick, SCHEDULE_ROW_MISSED, NULL, reason);
	return rc == RC_OK ? tell_missed(tx, s, tick, 1, reason) : rc;
}

/* The jobs of it that are not over, oldest first. */
static enum rc find_open(struct tx *tx, const struct schedule *s, struct field_list *ret)
{
	static const struct store_query open = {
		.sql = "SELECT id FROM jobs WHERE schedule_id = $1 AND finished_at = 0 ORDER BY id LIMIT $2"
	};
	static const struct field id_row[] = { { .name = "id", .type = FIELD_STR, .at = 0 }, { 0 } };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_run(tx->db, &open, STORE_ARGS(store_text(s->id), store_int(OPEN_MAX)), &r, tx->fault);
	if (rc != RC_OK)
		return rc;
	return rows_list(
		r, &(struct rows_into){ id_row, tx->arena, NULL }, sizeof(const char *), OPEN_MAX, ret, tx->fault);
}

/* The oldest tick that waits gets its turn, unless the job before has to be over first. *ret_ran: it left the queue. */
static enum rc turn(struct tx *tx, struct schedule *s, bool *ret_ran)
{
	static const struct store_query oldest = {
		.sql = "SELECT MIN(tick) FROM schedule_ticks WHERE schedule_id = $1 AND status = 'waiting'"
	};
	auto_rows struct store_rows *r = NULL;
	struct field_list open = { 0 };

	*ret_ran = false;
	enum rc rc = store_one(tx->db, &oldest, STORE_ARGS(store_text(s->id)), &r, tx->fault);
	if (rc != RC_OK)
		return rc;
	int64_t tick = store_col_int(r, 0);
	store_close(take(r));
	rc = tick ? find_open(tx, s, &open) : RC_OK;
	if (rc != RC_OK || (open.n && s->overlap == SCHEDULE_OVERLAP_QUEUE))
		return rc;
	*ret_ran = true;
	s->waiting -= s->waiting > 0;
	if (!tick) { /* the count is wrong: nothing waits */
		s->waiting = 0;
		return RC_OK;
	}
	if (open.n && s->overlap == SCHEDULE_OVERLAP_SKIP)
		return pass(tx, s, tick, "overlap");
	for (size_t i = 0; rc == RC_OK && s->overlap == SCHEDULE_OVERLAP_CANCEL_PREVIOUS && i < open.n; i++)
		rc = cancel_job(tx, ((const char **)open.at)[i]);
	return rc == RC_OK ? fire(tx, s, tick) : rc;
}

/* The tick is due: from now on it waits for its turn. */
static enum rc queue(struct tx *tx, struct schedule *s, int64_t tick)
{
	bool is_new = false;
	bool full = s->waiting >= SCHEDULES_WAITING_MAX;
	enum rc rc = schedule_row_claim(tx, s->id, tick, SCHEDULE_ROW_WAITING, &is_new);

	if (rc != RC_OK || !is_new)
		return rc;
	if (full)
		return pass(tx, s, tick, "queue_full");
	s->waiting++;
	return RC_OK;
}

/* Ticks came while nobody looked. */
static enum rc catch_up(struct tx *tx, struct schedule *s, const struct schedule_clock *c)
{
	int64_t until = tx->now_ms - SCHEDULE_LATE_MS - (int64_t)s->jitter_s * 1000, ticks[SCHEDULE_CATCH_MAX];
	size_t keep = s->missed == SCHEDULE_MISSED_SKIP       ? 0
		      : s->missed == SCHEDULE_MISSED_RUN_ONCE ? 1
							      : s->missed_max;
	bool is_new;
	uint32_t n = 0;
	enum rc rc = RC_OK;

	until = until > s->next_tick ? until : s->next_tick;
	size_t kept = schedule_missed(c, s->next_tick, until, keep, ticks, &n);
	if (n > kept) {
		rc = schedule_row_claim(tx, s->id, s->next_tick, SCHEDULE_ROW_MISSED, &is_new);
		if (rc == RC_OK)
			rc = schedule_row_settle(tx, s->id, s->next_tick, SCHEDULE_ROW_MISSED, NULL,
				arena_fmt(tx->arena, "late: %u ticks from here on", n - (uint32_t)kept));
		if (rc == RC_OK)
			rc = tell_missed(tx, s, s->next_tick, n - (uint32_t)kept, "late");
	}
	for (size_t i = 0; rc == RC_OK && i < kept; i++)
		rc = queue(tx, s, ticks[i]);
	schedule_row_set_next(s, c, until);
	return rc;
}

static enum rc due(struct tx *tx, struct schedule *s)
{
	struct schedule_clock c = { 0 };
	enum rc rc = schedule_row_clock(tx, s->cron, s->timezone, &c);

	if (rc == RC_INVALID) { /* tzdata has gone, or lost the zone: it rests until somebody edits it */
		s->problem = arena_str(tx->arena, tx->fault->text);
		s->next_tick = s->next_run = 0;
		return tell_missed(tx, s, tx->now_ms, 1, "timezone");
	}
	if (rc != RC_OK)
		return rc;
	if (tx->now_ms - s->next_run > SCHEDULE_LATE_MS)
		return catch_up(tx, s, &c);
	rc = queue(tx, s, s->next_tick);
	schedule_row_set_next(s, &c, s->next_tick);
	return rc;
}

static enum rc tasks_of(struct tx *tx, const char *job_id, int64_t *ret)
{
	static const struct store_query find = { .sql = "SELECT total FROM jobs WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(job_id)), &r, tx->fault);
	if (rc == RC_OK)
		*ret += store_col_int(r, 0);
	return rc;
}

/* Moves one schedule on: what is due waits, and what waits goes. */
static enum rc move_on(struct tx *tx, const char *id, int64_t *tasks)
{
	struct schedule s = { 0 };
	bool ran = false;
	enum rc rc = schedule_row_load(tx, id, &s);

	if (rc == RC_OK && s.enabled && s.next_tick && s.next_run <= tx->now_ms)
		rc = due(tx, &s);
	const char *before = s.last_job_id;
	if (rc == RC_OK && s.waiting)
		rc = turn(tx, &s, &ran);
	if (rc == RC_OK && ran && s.last_job_id && s.last_job_id != before)
		rc = tasks_of(tx, s.last_job_id, tasks);
	return rc == RC_OK ? schedule_row_keep(tx, &s) : rc;
}

/* Old ticks are forgotten. */
static enum rc sweep(struct tx *tx)
{
	static const struct store_query old = {
		.sql = "DELETE FROM schedule_ticks WHERE at < $1 AND status <> 'waiting'"
	};
	return store_do(tx->db, &old, STORE_ARGS(store_int(tx->now_ms - SCHEDULES_KEEP_MS)), tx->fault);
}

enum rc schedules_scan(struct tx *tx)
{
	static const struct store_query find = { .sql = "SELECT id FROM schedules WHERE (enabled = 1 AND next_tick "
							"> 0 AND next_run <= $1) OR (waiting > 0 "
							"AND (overlap <> 'queue' OR NOT EXISTS (SELECT 1 FROM jobs "
							"j WHERE j.schedule_id = schedules.id AND "
							"j.finished_at = 0))) ORDER BY next_run LIMIT $2" };
	static const struct field id_row[] = { { .name = "id", .type = FIELD_STR, .at = 0 }, { 0 } };
	auto_rows struct store_rows *r = NULL;
	struct field_list ids = { 0 };
	int64_t tasks = 0;

	enum rc rc = store_run(
		tx->db, &find, STORE_ARGS(store_int(tx->now_ms), store_int(SCHEDULES_AT_ONCE)), &r, tx->fault);
	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ id_row, tx->arena, NULL }, sizeof(const char *),
			SCHEDULES_AT_ONCE, &ids, tx->fault);
	store_close(take(r));
	for (size_t i = 0; rc == RC_OK && i < ids.n && tasks < SCHEDULES_TASKS_MAX; i++)
		rc = move_on(tx, ((const char **)ids.at)[i], &tasks);
	return rc == RC_OK ? sweep(tx) : rc;
}

enum rc schedules_run_now(struct tx *tx, struct schedule *s, int64_t *ret_tick, const char **ret_job_id)
{
	struct field_reader r = { .arena = tx->arena };
	int64_t tick = tx->now_ms;
	char when[WHEN_MAX];
	bool is_new = false;
	enum rc rc = RC_OK;

	for (; rc == RC_OK && !is_new; tick += !is_new)
		rc = schedule_row_claim(tx, s->id, tick, SCHEDULE_ROW_FIRED, &is_new);
	if (rc == RC_OK)
		rc = make_job(tx, s, &r, ret_job_id);
	if (is_refusal(rc))
		return fault_set(tx->fault, rc, "no job was made: %s", problem_of(tx, &r));
	if (rc == RC_OK)
		rc = schedule_row_settle(tx, s->id, tick, SCHEDULE_ROW_FIRED, *ret_job_id, "run now");
	if (rc != RC_OK)
		return rc;
	s->last_job_id = *ret_job_id;
	s->problem = NULL;
	*ret_tick = tick;
	when_text(when, tick);
	rc = tell(tx, s, "schedule.fired", *ret_job_id,
		arena_fmt(tx->arena, "{\"tick\":\"%s\",\"jobId\":\"%s\",\"manual\":true}", when, *ret_job_id));
	return rc == RC_OK ? schedule_row_keep(tx, s) : rc;
}

enum rc schedules_drop_waiting(struct tx *tx, struct schedule *s, const char *reason)
{
	static const struct store_query set = { .sql = "UPDATE schedule_ticks SET status = 'missed', reason = $2, "
						       "at = $3 WHERE schedule_id = $1 AND status "
						       "= 'waiting'" };
	uint32_t n = s->waiting;

	s->waiting = 0;
	enum rc rc = store_do(
		tx->db, &set, STORE_ARGS(store_text(s->id), store_text(reason), store_int(tx->now_ms)), tx->fault);
	return rc == RC_OK && n ? tell_missed(tx, s, tx->now_ms, n, reason) : rc;
}
