#include "control/schedules/schedule_routes.h"
#include "control/access/audit.h"
#include "control/events/events.h"
#include "control/http/listing.h"
#include "control/quotas/quotas.h"
#include "control/schedules/schedule_check.h"
#include "control/schedules/schedule_row.h"
#include "control/schedules/schedule_tick.h"
#include "control/schedules/schedules.h"
#include "io/zoneinfo.h"

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
		.doc = "Minute, hour, day of the month, month, day of the week, such as 30 2 * * mon-fri; or "
		       "@hourly, @daily, "
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
		.doc = "Of ticks that came more than a minute before a control plane looked: skip them, run_once "
		       "for all, or "
		       "run_all." },
	{ .name = "overlapPolicy",
		.type = FIELD_ENUM,
		FIELD_AT(struct schedule, overlap),
		.words = schedule_overlap_words,
		.doc = "When a job of it is not over yet: allow another, skip the tick, queue it, or "
		       "cancel_previous." },
	{ .name = "job",
		.type = FIELD_JSON,
		FIELD_AT(struct schedule, job),
		.flags = FIELD_REQUIRED,
		.doc = "The job that each tick makes, as createJob takes it; its payload may have no secrets, and "
		       "it has no "
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

static enum rc noted(struct call *c, const struct schedule *s, const char *event, const char *audit)
{
	enum rc rc = events_add(&c->tx, &(struct event){ .type = event, .resource = s->id });
	return rc == RC_OK ? audit_add(&c->tx, audit, s->id) : rc;
}

/* ---- the routes ---- */

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = "SELECT " SCHEDULE_ROW_COLUMNS
		       " FROM schedules WHERE id < $1 AND tenant_id = $3 ORDER BY id "
		       "DESC LIMIT $2"
	};
	return listing(c, &all, tx_tenant(&c->tx), ret_out);
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
	enum rc job = schedule_check_job(c, s->job), rc = schedule_check_clock(c, s->cron, s->timezone, &clock);
	if (rc != RC_OK || job != RC_OK)
		return rc == RC_OK ? job : rc;
	s->id = tx_id(&c->tx, "sch");
	s->tenant_id = tx_tenant(&c->tx);
	s->created_by = c->tx.actor;
	s->version = c->version = 1;
	s->created_at = s->updated_at = c->tx.now_ms;
	if (!s->id)
		return RC_NOMEM;
	schedule_row_set_next(s, &clock, c->tx.now_ms);
	rc = quotas_reserve_one(&c->tx, QUOTA_SCHEDULES, s->tenant_id, s->id);
	if (rc == RC_OK)
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
		job = schedule_check_job(c, s->job);
	rc = schedule_check_clock(c, s->cron, s->timezone, &clock);
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
	if (rc == RC_OK)
		rc = quotas_settle(&c->tx, s.id);
	return rc == RC_OK ? noted(c, &s, "schedule.deleted", "schedule.delete") : rc;
}

static enum rc run_now(struct call *c, void *ret_out)
{
	struct schedule s = { 0 };
	struct schedule_tick *t = ret_out;

	enum rc rc = schedule_row_load(&c->tx, c->arg[0], &s);
	if (rc == RC_OK)
		rc = schedule_check_job(c, s.job);
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

struct schedules_query {
	struct page_query page;
};
static const struct field page_fields[] = { PAGE_QUERY_FIELDS(struct schedules_query), { 0 } };
#define OUT   .out = schedule_row_fields, .out_size = sizeof(struct schedule)
#define IN    .in = in_fields, .in_size = sizeof(struct schedule)
#define TICKS .out = schedule_tick_fields, .out_size = sizeof(struct schedule_tick)

const struct route schedule_routes[] = {
	{ .name = "listSchedules",
		.method = "GET",
		.path = "/v1/schedules",
		.reach = REACH_TENANT,
		.lists = OBJECT_SCHEDULE,
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
		.reach = REACH_TENANT,
		.scope = SCOPE_JOBS_WRITE,
		.flags = ROUTE_NARROWED | ROUTE_WRITE | ROUTE_ACCEPTED,
		.status = 201,
		IN,
		OUT,
		.run = create,
		.doc = "Makes a schedule; needs the scope of its job's action, too." },
	{ .name = "getSchedule",
		.method = "GET",
		.path = "/v1/schedules/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_SCHEDULE,
		.scope = SCOPE_JOBS_READ,
		OUT,
		.run = get,
		.doc = "Shows a schedule." },
	{ .name = "updateSchedule",
		.method = "PATCH",
		.path = "/v1/schedules/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_SCHEDULE,
		.scope = SCOPE_JOBS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		IN,
		OUT,
		.run = patch,
		.doc = "Edits a schedule by a merge patch (RFC 7396); a new clock begins now." },
	{ .name = "deleteSchedule",
		.method = "DELETE",
		.path = "/v1/schedules/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_SCHEDULE,
		.scope = SCOPE_JOBS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		.status = 204,
		.run = drop,
		.doc = "Deletes a schedule; its jobs stay." },
	{ .name = "enableSchedule",
		.method = "POST",
		.path = "/v1/schedules/{id}/enable",
		.reach = REACH_TENANT,
		.object = OBJECT_SCHEDULE,
		.scope = SCOPE_JOBS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		OUT,
		.run = enable,
		.doc = "Lets a schedule go on, from now." },
	{ .name = "disableSchedule",
		.method = "POST",
		.path = "/v1/schedules/{id}/disable",
		.reach = REACH_TENANT,
		.object = OBJECT_SCHEDULE,
		.scope = SCOPE_JOBS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		OUT,
		.run = disable,
		.doc = "Lets a schedule rest. Ticks that wait are dropped." },
	{ .name = "runSchedule",
		.method = "POST",
		.path = "/v1/schedules/{id}/run-now",
		.reach = REACH_TENANT,
		.object = OBJECT_SCHEDULE,
		.scope = SCOPE_JOBS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_IDEMPOTENT,
		.status = 201,
		TICKS,
		.run = run_now,
		.doc = "Makes a schedule's job at once, whatever else of it runs; needs the scope of the action, "
		       "too." },
	{ 0 },
};
