#include "control/schedules/schedule_routes.h"
#include "control/access/audit.h"
#include "control/engine/sealed.h"
#include "control/engine/submit.h"
#include "control/events/events.h"
#include "control/http/page.h"
#include "control/rows.h"
#include "control/schedules/schedule_next.h"
#include "control/schedules/schedule_row.h"
#include "control/schedules/schedules.h"
#include "io/zoneinfo.h"
#include "wire/field_json.h"

static const struct field in_fields[] = {
	{ .name = "name",
		.type = FIELD_STR,
		FIELD_AT(struct schedule, name),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = SCHEDULE_ROW_NAME_MAX,
		.chars = "abcdefghijklmnopqrstuvwxyz0123456789-",
		.doc = "Unique, such as nightly-inventory." },
	{ .name = "cron",
		.type = FIELD_STR,
		FIELD_AT(struct schedule, cron),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = CRON_TEXT_MAX,
		.doc = "Minute, hour, day of the month, month, day of the week, such as 30 2 * * mon-fri; or @hourly, @daily, "
		       "@weekly, @monthly, @yearly." },
	{ .name = "timezone",
		.type = FIELD_STR,
		FIELD_AT(struct schedule, timezone),
		.min = 1,
		.max = ZONEINFO_NAME_MAX,
		.doc = "On whose clocks, by its IANA name, such as Europe/Berlin. Default: UTC." },
	{ .name = "enabled",
		.type = FIELD_BOOL,
		FIELD_AT(struct schedule, enabled),
		.def = true,
		.doc = "Whether it goes on. Ticks of the time in which it does not are not missed." },
	{ .name = "jitterSeconds",
		.type = FIELD_U32,
		FIELD_AT(struct schedule, jitter_s),
		.max = SCHEDULE_JITTER_MAX,
		.doc = "Each tick is put off by up to so much; a tick always by the same." },
	{ .name = "missedMax",
		.type = FIELD_U32,
		FIELD_AT(struct schedule, missed_max),
		.min = 1,
		.max = SCHEDULE_CATCH_MAX,
		.def = 10,
		.doc = "With run_all: so many missed ticks at most, the last of them." },
	{ .name = "missedPolicy",
		.type = FIELD_ENUM,
		FIELD_AT(struct schedule, missed),
		.words = schedule_missed_words,
		.doc = "Of ticks that came more than a minute before a control plane looked: skip them, run_once for all, or "
		       "run_all." },
	{ .name = "overlapPolicy",
		.type = FIELD_ENUM,
		FIELD_AT(struct schedule, overlap),
		.words = schedule_overlap_words,
		.doc = "When a job of it is not over yet: allow another, skip the tick, queue it, or cancel_previous." },
	{ .name = "job",
		.type = FIELD_JSON,
		FIELD_AT(struct schedule, job),
		.flags = FIELD_REQUIRED,
		.doc = "The job that each tick makes, as createJob takes it; its payload may have no secrets, and it has no "
		       "notBefore and no deadline. An edit replaces it whole." },
	{ 0 },
};
enum {
	GIVEN_NAME = 1,
	GIVEN_CRON = 2,
	GIVEN_ZONE = 4,
	GIVEN_ENABLED = 8,
	GIVEN_JITTER = 16,
	GIVEN_MISSED_MAX = 32,
	GIVEN_MISSED = 64,
	GIVEN_OVERLAP = 128,
	GIVEN_JOB = 256,
	GIVEN_CLOCK = GIVEN_CRON | GIVEN_ZONE | GIVEN_ENABLED | GIVEN_JITTER,
};

/* ---- what is right ---- */

static enum rc check_template(struct call *c, const struct submit_job *in)
{
	const struct action *a = action_find(in->action);

	if (in->not_before)
		return field_json_problem(c->reader, "/notBefore", "out_of_range",
			"the schedule says when; delaySeconds may put each job off");
	if (in->rules.deadline)
		return field_json_problem(
			c->reader, "/deadline", "out_of_range", "each job would have the same; leave it out");
	if (sealed_has(a))
		return field_json_problem(c->reader, "/action", "not_one_of",
			"its payload has secrets, which a schedule does not keep; submit such jobs when they are wanted");
	return submit_check(c, in);
}

/* The job may be submitted by who is asking; what is wrong with it stands under /job. */
static enum rc check_job(struct call *c, const char *job)
{
	auto_json struct json_t *j = NULL;
	struct field_reader r = { .arena = c->tx.arena };
	struct submit_job *in = arena_take(c->tx.arena, sizeof(*in));
	struct call as = *c;

	if (!job)
		return field_json_problem(c->reader, "/job", "required", "say which job");
	as.reader = &r;
	enum rc rc = in ? json_read(job, strlen(job), &j, c->tx.fault) : RC_NOMEM;
	if (rc == RC_OK)
		rc = field_json_decode(submit_fields, j, &r, in, c->tx.fault);
	if (rc == RC_OK)
		rc = check_template(&as, in);
	for (size_t i = 0; i < r.problems_n; i++) {
		const char *pointer = arena_fmt(c->tx.arena, "/job%s", r.problems[i].pointer);
		field_json_problem(c->reader, pointer ? pointer : "/job", r.problems[i].code, r.problems[i].detail);
	}
	return rc;
}

/* The clock of these words; what is wrong stands under the member that it is. */
static enum rc check_clock(struct call *c, const char *cron, const char *timezone, struct schedule_clock *ret)
{
	struct cron fields;
	enum rc rc = cron_parse(cron, &fields, c->tx.fault);

	if (rc == RC_INVALID)
		return field_json_problem(c->reader, "/cron", "malformed", arena_str(c->tx.arena, c->tx.fault->text));
	if (rc == RC_OK)
		rc = schedule_row_clock(&c->tx, cron, timezone, ret);
	if (rc == RC_INVALID)
		return field_json_problem(
			c->reader, "/timezone", "not_one_of", arena_str(c->tx.arena, c->tx.fault->text));
	return rc;
}

static enum rc noted(struct call *c, const struct schedule *s, const char *event, const char *audit)
{
	enum rc rc = events_add(&c->tx, &(struct event){ .type = event, .resource = s->id });
	return rc == RC_OK ? audit_add(&c->tx, audit, s->id) : rc;
}

/* ---- the routes ---- */

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = "SELECT " SCHEDULE_ROW_COLUMNS
						       " FROM schedules WHERE id < $1 ORDER BY id DESC LIMIT $2" };
	const struct page_query *q = c->query;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, q, &before);
	if (rc == RC_OK)
		rc = store_run(
			c->tx.db, &all, STORE_ARGS(store_text(before), store_int(q->limit + 1)), &r, c->tx.fault);
	return rc == RC_OK ? page_read(c, q, r, ret_out) : rc;
}

static enum rc get(struct call *c, void *ret_out)
{
	struct schedule *s = ret_out;
	enum rc rc = schedule_row_load(&c->tx, c->arg[0], s);
	c->version = s->version;
	return rc;
}

static enum rc create(struct call *c, void *ret_out)
{
	struct schedule_clock clock = { 0 };
	struct schedule *s = ret_out;

	*s = *(const struct schedule *)c->in;
	if (!s->timezone)
		s->timezone = "UTC";
	enum rc job = check_job(c, s->job), rc = check_clock(c, s->cron, s->timezone, &clock);
	if (rc != RC_OK || job != RC_OK)
		return rc == RC_OK ? job : rc;
	s->id = tx_id(&c->tx, "sch");
	s->tenant_id = c->who->tenant_id ? c->who->tenant_id : ROUTE_TENANT_DEFAULT;
	s->created_by = c->tx.actor;
	s->version = c->version = 1;
	s->created_at = s->updated_at = c->tx.now_ms;
	if (!s->id)
		return RC_NOMEM;
	schedule_row_set_next(s, &clock, c->tx.now_ms);
	rc = schedule_row_add(&c->tx, s);
	c->location = arena_fmt(c->tx.arena, "/v1/schedules/%s", s->id);
	return rc == RC_OK ? noted(c, s, "schedule.created", "schedule.create") : rc;
}

static void take_over(struct schedule *s, const struct schedule *in, uint64_t given)
{
	if (given & GIVEN_NAME)
		s->name = in->name;
	if (given & GIVEN_CRON)
		s->cron = in->cron;
	if (given & GIVEN_ZONE)
		s->timezone = in->timezone ? in->timezone : "UTC";
	if (given & GIVEN_ENABLED)
		s->enabled = in->enabled;
	if (given & GIVEN_JITTER)
		s->jitter_s = in->jitter_s;
	if (given & GIVEN_MISSED_MAX)
		s->missed_max = in->missed_max;
	if (given & GIVEN_MISSED)
		s->missed = in->missed;
	if (given & GIVEN_OVERLAP)
		s->overlap = in->overlap;
	if (given & GIVEN_JOB)
		s->job = in->job;
}

/* Edits: what is given is checked, and the clock begins anew when it was. */
static enum rc edit(struct call *c, struct schedule *s, const struct schedule *in, uint64_t given)
{
	struct schedule_clock clock = { 0 };
	enum rc rc = RC_OK, job = RC_OK;

	take_over(s, in, given);
	if (given & GIVEN_JOB)
		job = check_job(c, s->job);
	rc = check_clock(c, s->cron, s->timezone, &clock);
	if (rc != RC_OK || job != RC_OK)
		return rc == RC_OK ? job : rc;
	if (given & GIVEN_CLOCK)
		schedule_row_set_next(s, &clock, c->tx.now_ms);
	if (!s->enabled)
		rc = schedules_drop_waiting(&c->tx, s, "disabled");
	s->updated_at = c->tx.now_ms;
	c->version = ++s->version;
	if (rc == RC_OK)
		rc = schedule_row_keep(&c->tx, s);
	return rc == RC_OK ? noted(c, s, "schedule.updated", "schedule.update") : rc;
}

static enum rc patch(struct call *c, void *ret_out)
{
	struct schedule *s = ret_out;
	enum rc rc = schedule_row_load(&c->tx, c->arg[0], s);

	if (rc == RC_OK)
		rc = route_match(c, s->version);
	return rc == RC_OK ? edit(c, s, c->in, c->given) : rc;
}

static enum rc set_enabled(struct call *c, struct schedule *s, bool enabled)
{
	enum rc rc = schedule_row_load(&c->tx, c->arg[0], s);

	c->version = s->version;
	if (rc != RC_OK || s->enabled == enabled)
		return rc;
	return edit(c, s, &(struct schedule){ .enabled = enabled }, GIVEN_ENABLED);
}

static enum rc enable(struct call *c, void *ret_out) { return set_enabled(c, ret_out, true); }
static enum rc disable(struct call *c, void *ret_out) { return set_enabled(c, ret_out, false); }

static enum rc drop(struct call *c, void *ret_out)
{
	static const struct store_query ticks = { .sql = "DELETE FROM schedule_ticks WHERE schedule_id = $1" };
	static const struct store_query delete = { .sql = "DELETE FROM schedules WHERE id = $1" };
	struct schedule s = { 0 };
	(void)ret_out;

	enum rc rc = schedule_row_load(&c->tx, c->arg[0], &s);
	if (rc == RC_OK)
		rc = route_match(c, s.version);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &ticks, STORE_ARGS(store_text(s.id)), c->tx.fault);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &delete, STORE_ARGS(store_text(s.id)), c->tx.fault);
	return rc == RC_OK ? noted(c, &s, "schedule.deleted", "schedule.delete") : rc;
}

/* One row of schedule_ticks. */
struct tick {
	int64_t tick;
	const char *status, *job_id, *reason;
	int64_t at;
};
static const struct field tick_fields[] = {
	{ .name = "tick", .type = FIELD_TIME, FIELD_AT(struct tick, tick), .doc = "The moment that the schedule named." },
	{ .name = "status",
		.type = FIELD_STR,
		FIELD_AT(struct tick, status),
		.doc = "waiting, fired, missed, or failed: its job was refused." },
	{ .name = "jobId", .type = FIELD_STR, FIELD_AT(struct tick, job_id), .doc = "The job that it made." },
	{ .name = "reason", .type = FIELD_STR, FIELD_AT(struct tick, reason), .doc = "Why it made none." },
	{ .name = "at", .type = FIELD_TIME, FIELD_AT(struct tick, at), .doc = "When that came to be so." },
	{ 0 },
};

static enum rc run_now(struct call *c, void *ret_out)
{
	struct schedule s = { 0 };
	struct tick *t = ret_out;

	enum rc rc = schedule_row_load(&c->tx, c->arg[0], &s);
	if (rc == RC_OK)
		rc = check_job(c, s.job);
	if (rc == RC_OK)
		rc = schedules_run_now(&c->tx, &s, &t->tick, &t->job_id);
	if (rc != RC_OK)
		return rc;
	t->status = SCHEDULE_ROW_FIRED;
	t->reason = "run now";
	t->at = c->tx.now_ms;
	c->location = arena_fmt(c->tx.arena, "/v1/jobs/%s", t->job_id);
	return c->location ? audit_add(&c->tx, "schedule.run_now", s.id) : RC_NOMEM;
}

struct ticks_query {
	uint32_t limit;
	int64_t before;
};
static const struct field ticks_query_fields[] = {
	{ .name = "limit",
		.type = FIELD_U32,
		FIELD_AT(struct ticks_query, limit),
		.min = 1,
		.max = PAGE_LIMIT_MAX,
		.def = PAGE_LIMIT_DEFAULT,
		.doc = "How many items at most." },
	{ .name = "before",
		.type = FIELD_TIME,
		FIELD_AT(struct ticks_query, before),
		.doc = "Only ticks before this moment: the oldest of the page before." },
	{ 0 },
};

static enum rc list_ticks(struct call *c, void *ret_out)
{
	static const struct store_query some = {
		.sql = "SELECT tick, status, job_id, reason, at FROM schedule_ticks WHERE schedule_id = $1 AND tick < $2 ORDER "
		       "BY tick DESC LIMIT $3"
	};
	const struct ticks_query *q = c->query;
	struct page *page = ret_out;
	auto_rows struct store_rows *r = NULL;
	struct schedule s = { 0 };

	enum rc rc = schedule_row_load(&c->tx, c->arg[0], &s);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &some,
			STORE_ARGS(store_text(s.id), store_int(q->before ? q->before : INT64_MAX), store_int(q->limit)), &r,
			c->tx.fault);
	if (rc != RC_OK)
		return rc;
	return rows_list(r, &(struct rows_into){ tick_fields, c->tx.arena, NULL }, sizeof(struct tick), q->limit,
		&page->items, c->tx.fault);
}

#define NEXT_N_FIELD(of)                                                                                       \
	{ .name = "n",                                                                                         \
		.type = FIELD_U32,                                                                             \
		FIELD_AT(struct of, n),                                                                        \
		.min = 1,                                                                                      \
		.max = SCHEDULE_NEXT_MAX,                                                                      \
		.def = 5,                                                                                      \
		.doc = "How many." },                                                                          \
	{                                                                                                      \
		.name = "after", .type = FIELD_TIME, FIELD_AT(struct of, after), .doc = "After this moment. Default: now." \
	}

struct next_query {
	uint32_t n;
	int64_t after;
};
static const struct field next_query_fields[] = { NEXT_N_FIELD(next_query), { 0 } };

static enum rc next(struct call *c, void *ret_out)
{
	const struct next_query *q = c->query;
	struct page *page = ret_out;
	struct schedule_clock clock = { 0 };
	struct schedule s = { 0 };

	enum rc rc = schedule_row_load(&c->tx, c->arg[0], &s);
	if (rc == RC_OK)
		rc = schedule_row_clock(&c->tx, s.cron, s.timezone, &clock);
	if (rc != RC_OK)
		return rc;
	return schedule_next_list(&c->tx, &clock, q->after ? q->after : c->tx.now_ms, q->n, &page->items);
}

struct preview {
	const char *cron, *timezone;
	uint32_t n;
	int64_t after;
};
static const struct field preview_fields[] = {
	{ .name = "cron",
		.type = FIELD_STR,
		FIELD_AT(struct preview, cron),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = CRON_TEXT_MAX,
		.doc = "As a schedule has it." },
	{ .name = "timezone",
		.type = FIELD_STR,
		FIELD_AT(struct preview, timezone),
		.min = 1,
		.max = ZONEINFO_NAME_MAX,
		.doc = "As a schedule has it. Default: UTC." },
	NEXT_N_FIELD(preview),
	{ 0 },
};

static enum rc preview(struct call *c, void *ret_out)
{
	const struct preview *in = c->in;
	struct page *page = ret_out;
	struct schedule_clock clock = { 0 };

	enum rc rc = check_clock(c, in->cron, in->timezone ? in->timezone : "UTC", &clock);
	if (rc != RC_OK)
		return rc;
	return schedule_next_list(&c->tx, &clock, in->after ? in->after : c->tx.now_ms, in->n, &page->items);
}

struct schedules_query {
	struct page_query page;
};
static const struct field page_fields[] = { PAGE_QUERY_FIELDS(struct schedules_query), { 0 } };
#define OUT   .out = schedule_row_fields, .out_size = sizeof(struct schedule)
#define IN    .in = in_fields, .in_size = sizeof(struct schedule)
#define TICKS .out = tick_fields, .out_size = sizeof(struct tick)
#define TIMES .out = schedule_next_fields, .out_size = sizeof(struct schedule_moment)

const struct route schedule_routes[] = {
	{ .name = "listSchedules",
		.method = "GET",
		.path = "/v1/schedules",
		.scope = SCOPE_JOBS_READ,
		.flags = ROUTE_LIST,
		.query = page_fields,
		.query_size = sizeof(struct schedules_query),
		OUT,
		.run = list,
		.doc = "Lists the schedules, newest first." },
	{ .name = "createSchedule",
		.method = "POST",
		.path = "/v1/schedules",
		.scope = SCOPE_JOBS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		.status = 201,
		IN,
		OUT,
		.run = create,
		.doc = "Makes a schedule; needs the scope of its job's action, too." },
	{ .name = "previewSchedule",
		.method = "POST",
		.path = "/v1/schedules/preview",
		.scope = SCOPE_JOBS_READ,
		.flags = ROUTE_LIST,
		.in = preview_fields,
		.in_size = sizeof(struct preview),
		TIMES,
		.run = preview,
		.doc = "Tells when a schedule would tick, and makes none." },
	{ .name = "getSchedule",
		.method = "GET",
		.path = "/v1/schedules/{id}",
		.scope = SCOPE_JOBS_READ,
		OUT,
		.run = get,
		.doc = "Shows a schedule." },
	{ .name = "updateSchedule",
		.method = "PATCH",
		.path = "/v1/schedules/{id}",
		.scope = SCOPE_JOBS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		IN,
		OUT,
		.run = patch,
		.doc = "Edits a schedule by a merge patch (RFC 7396); a new clock begins now." },
	{ .name = "deleteSchedule",
		.method = "DELETE",
		.path = "/v1/schedules/{id}",
		.scope = SCOPE_JOBS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		.status = 204,
		.run = drop,
		.doc = "Deletes a schedule; its jobs stay." },
	{ .name = "enableSchedule",
		.method = "POST",
		.path = "/v1/schedules/{id}/enable",
		.scope = SCOPE_JOBS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		OUT,
		.run = enable,
		.doc = "Lets a schedule go on, from now." },
	{ .name = "disableSchedule",
		.method = "POST",
		.path = "/v1/schedules/{id}/disable",
		.scope = SCOPE_JOBS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		OUT,
		.run = disable,
		.doc = "Lets a schedule rest. Ticks that wait are dropped." },
	{ .name = "runSchedule",
		.method = "POST",
		.path = "/v1/schedules/{id}/run-now",
		.scope = SCOPE_JOBS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_IDEMPOTENT,
		.status = 201,
		TICKS,
		.run = run_now,
		.doc = "Makes a schedule's job at once, whatever else of it runs; needs the scope of the action, too." },
	{ .name = "getScheduleNext",
		.method = "GET",
		.path = "/v1/schedules/{id}/next",
		.scope = SCOPE_JOBS_READ,
		.flags = ROUTE_LIST,
		.query = next_query_fields,
		.query_size = sizeof(struct next_query),
		TIMES,
		.run = next,
		.doc = "Tells the next ticks of a schedule, without their jitter." },
	{ .name = "listScheduleTicks",
		.method = "GET",
		.path = "/v1/schedules/{id}/ticks",
		.scope = SCOPE_JOBS_READ,
		.flags = ROUTE_LIST,
		.query = ticks_query_fields,
		.query_size = sizeof(struct ticks_query),
		TICKS,
		.run = list_ticks,
		.doc = "What became of a schedule's ticks, newest first; kept for 90 days." },
	{ 0 },
};
