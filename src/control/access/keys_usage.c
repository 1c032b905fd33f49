#include "control/access/keys.h"
#include "control/control.h"
#include "control/rows.h"

#define HOUR_MS  3600000
#define ROWS_MAX 2000
#define SPAN_MS  (31ll * 24 * HOUR_MS)

enum per { PER_HOUR, PER_DAY };
static const char *const per_words[] = { "hour", "day", NULL };

struct usage_query {
	int per;
	int64_t from, to;
};
static const struct field query_fields[] = {
	{ .name = "per",
		.type = FIELD_ENUM,
		FIELD_AT(struct usage_query, per),
		.words = per_words,
		.doc = "By the hour, or by the day (UTC)." },
	{ .name = "from",
		.type = FIELD_TIME,
		FIELD_AT(struct usage_query, from),
		.doc = "The first moment; 31 days before the last one without it." },
	{ .name = "to",
		.type = FIELD_TIME,
		FIELD_AT(struct usage_query, to),
		.doc = "The last moment; now without it." },
	{ 0 },
};

struct usage {
	int64_t at, requests, refused;
};
static const struct field usage_fields[] = {
	{ .name = "at", .type = FIELD_TIME, FIELD_AT(struct usage, at), .doc = "When the hour or day began." },
	{ .name = "requests", .type = FIELD_I64, FIELD_AT(struct usage, requests), .doc = "Requests in it." },
	{ .name = "refused",
		.type = FIELD_I64,
		FIELD_AT(struct usage, refused),
		.doc = "Of these, those that were over a limit." },
	{ 0 },
};

struct usage_list {
	struct field_list items;
};
static const struct field list_fields[] = {
	{ .name = "items",
		.type = FIELD_LIST,
		FIELD_AT(struct usage_list, items),
		.item = FIELD_OBJ,
		.sub = usage_fields,
		.sub_size = sizeof(struct usage),
		.doc = "Oldest first; hours and days without a request are left out." },
	{ 0 },
};

static enum rc usage(struct call *c, void *ret_out)
{
	static const struct store_query rows = {
		.sql = "SELECT (hour / $4) * $4 * 3600000 AS at, SUM(requests), SUM(refused) FROM api_key_usage "
		       "WHERE "
		       "key_id = $1 AND hour >= $2 AND hour <= $3 GROUP BY at ORDER BY at LIMIT 2000",
		.sql_pg = "SELECT (hour / $4::bigint) * $4::bigint * 3600000 AS at, SUM(requests)::bigint, "
			  "SUM(refused)::bigint FROM api_key_usage WHERE key_id = $1 AND hour >= $2 AND hour <= $3 "
			  "GROUP BY at ORDER BY at LIMIT 2000"
	};
	const struct usage_query *q = c->query;
	struct usage_list *ret = ret_out;
	int64_t to = q->to ? q->to : c->tx.now_ms, from = q->from ? q->from : to - SPAN_MS;
	const struct rows_into each = { usage_fields, c->tx.arena, NULL };
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_run(c->tx.db, &rows,
		STORE_ARGS(store_text(c->arg[0]), store_int(from / HOUR_MS), store_int(to / HOUR_MS),
			store_int(q->per == PER_DAY ? 24 : 1)),
		&r, c->tx.fault);
	return rc == RC_OK ? rows_list(r, &each, sizeof(struct usage), ROWS_MAX, &ret->items, c->tx.fault) : rc;
}

const struct route keys_usage_routes[] = {
	{ .name = "getApiKeyUsage",
		.method = "GET",
		.path = "/v1/api-keys/{id}/usage",
		.reach = REACH_TENANT,
		.object = OBJECT_API_KEY,
		.scope = SCOPE_KEYS_READ,
		.query = query_fields,
		.query_size = sizeof(struct usage_query),
		.out = list_fields,
		.out_size = sizeof(struct usage_list),
		.run = usage,
		.doc = "Shows how much a key was used, by the hour or by the day. Counts are up to a second "
		       "late." },
	{ 0 },
};
