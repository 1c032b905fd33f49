#include "control/http/page.h"
#include "control/rows.h"
#include "control/schedules/schedule_check.h"
#include "control/schedules/schedule_next.h"
#include "control/schedules/schedule_routes.h"
#include "control/schedules/schedule_row.h"
#include "control/schedules/schedule_tick.h"
#include "io/zoneinfo.h"

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
	static const struct store_query some = { .sql = "SELECT tick, status, job_id, reason, at FROM "
							"schedule_ticks WHERE schedule_id = $1 AND tick < $2 ORDER "
							"BY tick DESC LIMIT $3" };
	const struct ticks_query *q = c->query;
	struct page *page = ret_out;
	auto_rows struct store_rows *r = NULL;
	struct schedule s = { 0 };

	enum rc rc = schedule_row_load(&c->tx, c->arg[0], &s);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &some,
			STORE_ARGS(store_text(s.id), store_int(q->before ? q->before : INT64_MAX),
				store_int(q->limit)),
			&r, c->tx.fault);
	if (rc != RC_OK)
		return rc;
	return rows_list(r, &(struct rows_into){ schedule_tick_fields, c->tx.arena, NULL },
		sizeof(struct schedule_tick), q->limit, &page->items, c->tx.fault);
}

#define NEXT_N_FIELD(of)                                                         \
	{ .name = "n",                                                           \
		.type = FIELD_U32,                                               \
		FIELD_AT(struct of, n),                                          \
		.min = 1,                                                        \
		.max = SCHEDULE_NEXT_MAX,                                        \
		.def = 5,                                                        \
		.doc = "How many." },                                            \
	{                                                                        \
		.name = "after", .type = FIELD_TIME, FIELD_AT(struct of, after), \
		.doc = "After this moment. Default: now."                        \
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

	enum rc rc = schedule_check_clock(c, in->cron, in->timezone ? in->timezone : "UTC", &clock);
	if (rc != RC_OK)
		return rc;
	return schedule_next_list(&c->tx, &clock, in->after ? in->after : c->tx.now_ms, in->n, &page->items);
}

#define TICKS .out = schedule_tick_fields, .out_size = sizeof(struct schedule_tick)
#define TIMES .out = schedule_next_fields, .out_size = sizeof(struct schedule_moment)

const struct route schedule_times_routes[] = {
	{ .name = "previewSchedule",
		.method = "POST",
		.path = "/v1/schedules/preview",
		.reach = REACH_TENANT,
		.scope = SCOPE_JOBS_READ,
		.flags = ROUTE_NARROWED | ROUTE_LIST,
		.in = preview_fields,
		.in_size = sizeof(struct preview),
		TIMES,
		.run = preview,
		.doc = "Tells when a schedule would tick, and makes none." },
	{ .name = "getScheduleNext",
		.method = "GET",
		.path = "/v1/schedules/{id}/next",
		.reach = REACH_TENANT,
		.object = OBJECT_SCHEDULE,
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
		.reach = REACH_TENANT,
		.object = OBJECT_SCHEDULE,
		.scope = SCOPE_JOBS_READ,
		.flags = ROUTE_LIST,
		.query = ticks_query_fields,
		.query_size = sizeof(struct ticks_query),
		TICKS,
		.run = list_ticks,
		.doc = "What became of a schedule's ticks, newest first; kept for 90 days." },
	{ 0 },
};
