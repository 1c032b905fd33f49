#include "control/events/events.h"
#include "base/metric.h"
#include "base/when.h"
#include "control/control.h"
#include "wire/json.h"

static const struct {
	const char *type, *doc;
} types[] = {
#define EVENT(type, doc) { type, doc },
#include "control/events/types.def"
#undef EVENT
};
#define TYPES (sizeof(types) / sizeof(*types))

static void put(struct buf *b, const char *name, const char *value)
{
	if (!value)
		return;
	buf_fmt(b, ",\"%s\":", name);
	json_put_str(b, value);
}

enum rc events_add(struct tx *tx, const struct event *e)
{
	/* No position is left out, whatever was undone before: one writer at a time, and the newest row is never swept. */
	static const struct store_query add = {
		.sql = "INSERT INTO events (pos, ts, type, job_id, task_id, account_id, region_id, data) VALUES "
		       "((SELECT COALESCE(MAX(pos), 0) + 1 FROM events), $1, $2, $3, $4, $5, $6, $7)"
	};
	struct buf b = { 0 };
	char ts[WHEN_MAX];

	when_text(ts, tx->now_ms);
	buf_fmt(&b, "\"type\":\"%s\",\"ts\":\"%s\"", e->type, ts);
	put(&b, "jobId", e->job_id);
	put(&b, "taskId", e->task_id);
	put(&b, "accountId", e->account_id);
	put(&b, "regionId", e->region_id);
	put(&b, "resource", e->resource);
	put(&b, "actor", tx->actor);
	put(&b, "traceId", *tx->trace_id ? tx->trace_id : NULL);
	buf_fmt(&b, ",\"payload\":%s}", e->payload ? e->payload : "{}");
	enum rc rc = b.bad ? RC_NOMEM
			   : store_put(tx->db, &add,
				     STORE_ARGS(store_int(tx->now_ms), store_text(e->type), store_text(e->job_id),
					     store_text(e->task_id), store_text(e->account_id),
					     store_text(e->region_id), store_text(buf_text(&b))),
				     tx->fault);
	buf_done(&b);
	if (rc != RC_OK)
		return rc;
	tx->appended = true;
	metric_add(tx->control->metrics, METRIC_EVENTS_APPENDED, NULL, 1);
	return RC_OK;
}

enum rc events_sweep(struct tx *tx)
{
	static const struct store_query sweep = {
		.sql = "DELETE FROM events WHERE pos <= (SELECT MAX(pos) FROM events) - $1"
	};
	return store_do(tx->db, &sweep, STORE_ARGS(store_int(tx->control->conf->event_keep)), tx->fault);
}

bool events_matches(const char *pattern, const char *type)
{
	size_t n = strcspn(pattern, "*");
	return pattern[n] ? !strncmp(pattern, type, n) : !strcmp(pattern, type);
}

bool events_is_pattern(const char *text)
{
	size_t star = strcspn(text, "*");

	if (text[star] && text[star + 1])
		return false;
	for (size_t i = 0; i < TYPES; i++)
		if (events_matches(text, types[i].type))
			return true;
	return false;
}

void events_document(struct buf *to)
{
	buf_str(to, "# Events\n\n| type | when it comes |\n|---|---|\n");
	for (size_t i = 0; i < TYPES; i++)
		buf_fmt(to, "| `%s` | %s |\n", types[i].type, types[i].doc);
}
