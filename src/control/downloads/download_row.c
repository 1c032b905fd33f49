#include "control/downloads/download_row.h"
#include "base/buf.h"
#include "base/metric.h"
#include "control/control.h"
#include "control/events/events.h"
#include "control/rows.h"
#include "wire/json.h"

#include <jansson.h>

#define ROW(name_, type_, member)                                                       \
	{                                                                               \
		.name = (name_), .type = (type_), FIELD_AT(struct download_row, member) \
	}

const struct field download_row_fields[] = {
	ROW("id", FIELD_STR, id),
	ROW("source", FIELD_STR, source),
	ROW("request", FIELD_STR, request),
	ROW("contentKey", FIELD_STR, content_key),
	{ .name = "state", .type = FIELD_ENUM, FIELD_AT(struct download_row, state), .words = download_words },
	ROW("reason", FIELD_STR, reason),
	ROW("leaderId", FIELD_STR, leader_id),
	ROW("wants", FIELD_STR, wants),
	ROW("priority", FIELD_U32, priority),
	ROW("rank", FIELD_I64, rank),
	ROW("notBefore", FIELD_TIME, not_before),
	ROW("accountId", FIELD_STR, account_id),
	ROW("licensed", FIELD_BOOL, licensed),
	ROW("taskId", FIELD_STR, task_id),
	ROW("jobId", FIELD_STR, job_id),
	ROW("attempt", FIELD_U32, attempt),
	ROW("contentId", FIELD_STR, content_id),
	ROW("artifactId", FIELD_STR, artifact_id),
	ROW("progress", FIELD_STR, progress),
	ROW("percent", FIELD_U32, percent),
	ROW("bytesTotal", FIELD_I64, bytes_total),
	ROW("bytesDone", FIELD_I64, bytes_done),
	ROW("networkBytes", FIELD_I64, network_bytes),
	ROW("runBytes", FIELD_I64, run_bytes),
	ROW("estimate", FIELD_I64, estimate),
	ROW("error", FIELD_STR, error),
	ROW("reservedBytes", FIELD_I64, reserved_bytes),
	ROW("settledBytes", FIELD_I64, settled_bytes),
	ROW("bandwidthBps", FIELD_I64, bandwidth_bps),
	ROW("deadlineAt", FIELD_TIME, deadline_at),
	ROW("expiresAt", FIELD_TIME, expires_at),
	ROW("labels", FIELD_STR, labels),
	ROW("tenantId", FIELD_STR, tenant_id),
	ROW("createdBy", FIELD_STR, created_by),
	ROW("version", FIELD_I64, version),
	ROW("createdAt", FIELD_TIME, created_at),
	ROW("updatedAt", FIELD_TIME, updated_at),
	ROW("stateAt", FIELD_TIME, state_at),
	ROW("toldAt", FIELD_TIME, told_at),
	ROW("startedAt", FIELD_TIME, started_at),
	ROW("finishedAt", FIELD_TIME, finished_at),
	ROW("lostRuns", FIELD_U32, lost_runs),
	ROW("lostBytes", FIELD_I64, lost_bytes),
	ROW("tuned", FIELD_BOOL, tuned),
	ROW("storeBytes", FIELD_I64, store_bytes),
	ROW("storeFreedAt", FIELD_I64, store_freed_at),
	ROW("storeNeed", FIELD_I64, store_need),
	ROW("hereBytes", FIELD_I64, here_bytes),
	{ 0 },
};

enum rc download_row_load(struct tx *tx, const char *id, struct download_row *ret)
{
	static const struct store_query one = { .sql = "SELECT " DOWNLOAD_ROW_COLUMNS
						       " FROM downloads WHERE id = $1" };
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ download_row_fields, tx->arena, ret }, tx->fault);
}

enum rc download_row_add(struct tx *tx, const struct download_row *d)
{
	static const struct store_query add = {
		.sql = "INSERT INTO downloads (id, source, request, content_key, state, reason, priority, rank, "
		       "bandwidth_bps, expires_at, labels, tenant_id, created_by, version, created_at, updated_at, "
		       "state_at, not_before, estimate) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
		       "$13, $14, $15, $15, $15, $16, $17)"
	};
	return store_put(tx->db, &add,
		STORE_ARGS(store_text(d->id), store_text(d->source), store_text(d->request),
			store_text(d->content_key), store_text(download_words[d->state]), store_text(d->reason),
			store_int(d->priority), store_int(d->rank), store_int(d->bandwidth_bps),
			store_int(d->expires_at), store_text(d->labels), store_text(d->tenant_id),
			store_text(d->created_by), store_int(d->version), store_int(d->created_at),
			store_int(d->not_before), store_int(d->estimate)),
		tx->fault);
}

enum rc download_row_keep(struct tx *tx, struct download_row *d)
{
	static const struct store_query set = {
		.sql = "UPDATE downloads SET state = $2, reason = $3, leader_id = $4, wants = $5, priority = $6, "
		       "rank = $7, not_before = $8, account_id = $9, licensed = $10, task_id = $11, job_id = $12, "
		       "attempt = $13, content_id = $14, artifact_id = $15, progress = $16, percent = $17, "
		       "bytes_total = $18, bytes_done = $19, network_bytes = $20, run_bytes = $21, estimate = $22, "
		       "error = $23, reserved_bytes = $24, settled_bytes = $25, bandwidth_bps = $26, deadline_at = "
		       "$27, expires_at = $28, version = $29, updated_at = $30, state_at = $31, told_at = $32, "
		       "started_at = $33, finished_at = $34, lost_runs = $35, lost_bytes = $36, tuned = $37, "
		       "store_bytes = $38, store_freed_at = $39, store_need = $40, here_bytes = $41 WHERE id = $1"
	};

	d->version++;
	d->updated_at = tx->now_ms;
	return store_put(tx->db, &set,
		STORE_ARGS(store_text(d->id), store_text(download_words[d->state]), store_text(d->reason),
			store_text(d->leader_id), store_text(d->wants), store_int(d->priority), store_int(d->rank),
			store_int(d->not_before), store_text(d->account_id), store_int(d->licensed),
			store_text(d->task_id), store_text(d->job_id), store_int(d->attempt),
			store_text(d->content_id), store_text(d->artifact_id), store_text(d->progress),
			store_int(d->percent), store_int(d->bytes_total), store_int(d->bytes_done),
			store_int(d->network_bytes), store_int(d->run_bytes), store_int(d->estimate),
			store_text(d->error), store_int(d->reserved_bytes), store_int(d->settled_bytes),
			store_int(d->bandwidth_bps), store_int(d->deadline_at), store_int(d->expires_at),
			store_int(d->version), store_int(d->updated_at), store_int(d->state_at),
			store_int(d->told_at), store_int(d->started_at), store_int(d->finished_at),
			store_int(d->lost_runs), store_int(d->lost_bytes), store_int(d->tuned),
			store_int(d->store_bytes), store_int(d->store_freed_at), store_int(d->store_need),
			store_int(d->here_bytes)),
		tx->fault);
}

/* The webhook that is to be told of this end: control/webhooks finds it in the event. NULL: none. */
static enum rc callback_of(struct tx *tx, const struct download_row *d, enum download_state was, const char **ret)
{
	bool ends = download_is_over((enum download_state)d->state) && !download_is_over(was);
	auto_json json_t *j = NULL;
	enum rc rc = ends ? json_read(d->request, strlen(d->request), &j, tx->fault) : RC_OK;
	const char *id = json_string_value(json_object_get(json_object_get(j, "callback"), "webhookId"));

	*ret = id ? arena_str(tx->arena, id) : NULL;
	return rc == RC_OK && id && !*ret ? RC_NOMEM : rc;
}

static const char *moved_payload(
	struct tx *tx, const struct download_row *d, enum download_state was, const char *why, const char *callback)
{
	struct buf b = { 0 };
	enum download_state is = (enum download_state)d->state;

	buf_fmt(&b,
		"{\"was\":\"%s\",\"state\":\"%s\",\"phase\":\"%s\",\"attempt\":%u,\"reason\":", download_words[was],
		download_words[is], download_phase(is), d->attempt);
	if (why)
		json_put_str(&b, why);
	else
		buf_str(&b, "null");
	if (d->artifact_id)
		buf_fmt(&b, ",\"artifactId\":\"%s\"", d->artifact_id);
	if (callback)
		buf_fmt(&b, ",\"callbackWebhookId\":\"%s\"", callback);
	if (is == DOWNLOAD_FAILED && d->error)
		buf_fmt(&b, ",\"error\":%s", d->error);
	buf_u8(&b, '}');
	const char *text = b.bad ? NULL : arena_str(tx->arena, buf_text(&b));
	buf_done(&b);
	return text;
}

/* What a state means for its times, and for what only another state has. */
static void settle_in(struct tx *tx, struct download_row *d, enum download_state was, const char *why)
{
	enum download_state is = (enum download_state)d->state;

	if (was == DOWNLOAD_QUEUED && is != DOWNLOAD_PAUSED)
		metric_seen(tx->control->metrics, METRIC_DOWNLOAD_QUEUE, NULL,
			(double)(tx->now_ms - d->state_at) / 1000);
	d->state_at = tx->now_ms;
	d->reason = is == DOWNLOAD_QUEUED ? why : NULL;
	if (is != DOWNLOAD_ATTACHED)
		d->leader_id = NULL;
	if (is == DOWNLOAD_ADMITTED && !d->started_at)
		d->started_at = tx->now_ms;
	if (is != DOWNLOAD_EXPIRED)
		d->finished_at = download_is_over(is) ? tx->now_ms : 0;
	if (!download_is_running(is))
		d->wants = NULL;
}

enum rc download_row_move(struct tx *tx, struct download_row *d, enum download_state to, const char *why)
{
	enum download_state is = (enum download_state)d->state, was = is;
	const char *callback = NULL;
	enum rc rc = download_move(&is, to);

	if (rc != RC_OK)
		return fault_set(tx->fault, rc, "the download is %s", download_words[d->state]);
	d->state = (int)is;
	settle_in(tx, d, was, why);
	rc = download_row_keep(tx, d);
	const char *line = arena_fmt(tx->arena, "%s%s%s", download_words[is], why ? ": " : "", why ? why : "");
	if (rc == RC_OK)
		rc = line ? download_row_log(tx, d->id, line) : RC_NOMEM;
	if (rc == RC_OK)
		rc = callback_of(tx, d, was, &callback);
	const char *payload = moved_payload(tx, d, was, why, callback);
	if (rc != RC_OK || !payload)
		return rc == RC_OK ? RC_NOMEM : rc;
	return events_add(tx, &(struct event){ .type = "download.state_changed",
				      .account_id = d->account_id,
				      .resource = d->id,
				      .payload = payload,
				      .tenant_id = d->tenant_id });
}

enum rc download_row_ids(
	struct tx *tx, const struct store_query *q, struct store_args args, size_t max, struct field_list *ret)
{
	static const struct field id_row[] = { { .name = "id", .type = FIELD_STR, .at = 0 }, { 0 } };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_run(tx->db, q, args, &r, tx->fault);

	return rc == RC_OK ? rows_list(r, &(struct rows_into){ id_row, tx->arena, NULL }, sizeof(const char *), max,
				     ret, tx->fault)
			   : rc;
}

enum rc download_row_log(struct tx *tx, const char *id, const char *text)
{
	static const struct store_query add = { .sql = "INSERT INTO download_log (download_id, n, at, text) VALUES "
						       "($1, (SELECT COALESCE(MAX(n), 0) "
						       "+ 1 FROM download_log WHERE download_id = $1), $2, $3)" };
	static const struct store_query trim = {
		.sql = "DELETE FROM download_log WHERE download_id = $1 AND n <= (SELECT MAX(n) FROM download_log "
		       "WHERE download_id = $1) - $2"
	};
	enum rc rc = store_do(
		tx->db, &add, STORE_ARGS(store_text(id), store_int(tx->now_ms), store_text(text)), tx->fault);

	return rc == RC_OK ? store_do(tx->db, &trim, STORE_ARGS(store_text(id), store_int(DOWNLOAD_ROW_LOG_MAX)),
				     tx->fault)
			   : rc;
}

const char *download_row_error(struct tx *tx, const char *code, const char *detail, bool retryable)
{
	struct buf b = { 0 };

	buf_str(&b, "{\"code\":");
	json_put_str(&b, code);
	buf_str(&b, ",\"detail\":");
	json_put_str(&b, detail ? detail : "");
	buf_fmt(&b, ",\"retryable\":%s}", retryable ? "true" : "false");
	const char *text = b.bad ? NULL : arena_str(tx->arena, buf_text(&b));
	buf_done(&b);
	return text;
}
