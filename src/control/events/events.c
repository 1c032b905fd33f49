#include "control/events/events.h"
#include "base/metric.h"
#include "base/when.h"
#include "control/control.h"
#include "control/events/event_types.h"
#include "wire/json.h"

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
		.sql = "INSERT INTO events (pos, ts, type, job_id, task_id, account_id, region_id, data, "
		       "tenant_id) "
		       "VALUES ((SELECT COALESCE(MAX(pos), 0) + 1 FROM events), $1, $2, $3, $4, $5, $6, $7, "
		       "COALESCE($8, (SELECT tenant_id FROM jobs WHERE id = $3), (SELECT tenant_id FROM accounts "
		       "WHERE id = $5), $9))"
	};
	struct buf b = { 0 };
	char ts[WHEN_MAX];

	when_text(ts, tx->now_ms);
	buf_fmt(&b, "\"type\":\"%s\",\"schema\":\"%s/%d\",\"ts\":\"%s\"", e->type, e->type, EVENT_TYPES_VERSION,
		ts);
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
					     store_text(e->region_id), store_text(buf_text(&b)),
					     store_text(e->tenant_id), store_text(tx_tenant(tx))),
				     tx->fault);
	buf_done(&b);
	if (rc != RC_OK)
		return rc;
	tx->appended = true;
	metric_add(tx->control->metrics, METRIC_EVENTS_APPENDED, NULL, 1);
	return RC_OK;
}

/* The first position that age and number leave, but not more than one sweep's worth above the oldest. 0: the log is empty. */
static enum rc keep_from(struct tx *tx, int64_t *ret_from, bool *ret_more)
{
	static const struct store_query ends = { .sql = "SELECT (SELECT MIN(pos) FROM events), (SELECT MAX(pos) "
							"FROM events), (SELECT pos FROM events "
							"WHERE ts >= $1 ORDER BY pos LIMIT 1)" };
	const struct control_conf *conf = tx->control->conf;
	auto_rows struct store_rows *r = NULL;
	int64_t keep_ms = atomic_load(&conf->event_keep_ms), since = keep_ms ? tx->now_ms - keep_ms : 0;

	enum rc rc = store_one(tx->db, &ends, STORE_ARGS(store_int(since)), &r, tx->fault);
	if (rc != RC_OK)
		return rc;
	int64_t oldest = store_col_int(r, 0), newest = store_col_int(r, 1), young = store_col_int(r, 2);
	int64_t from = newest - conf->event_keep + 1;
	if (young == 0 || young > newest)
		young = newest; /* the newest stays: a database without it might give its position again */
	from = young > from ? young : from;
	*ret_more = from - oldest > EVENTS_SWEEP_MAX;
	*ret_from = *ret_more ? oldest + EVENTS_SWEEP_MAX : from;
	return RC_OK;
}

enum rc events_sweep(struct tx *tx, bool *ret_more)
{
	static const struct store_query sweep = { .sql = "DELETE FROM events WHERE pos < $1" };
	int64_t from = 0;
	enum rc rc = keep_from(tx, &from, ret_more);
	return rc == RC_OK ? store_do(tx->db, &sweep, STORE_ARGS(store_int(from)), tx->fault) : rc;
}
