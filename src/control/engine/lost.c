#include "control/engine/lost.h"
#include "base/log.h"
#include "control/control.h"
#include "control/engine/given.h"
#include "control/engine/jobs.h"
#include "control/engine/moves.h"
#include "control/events/events.h"
#include "control/http/page.h"
#include "control/rows.h"
#include "wire/json.h"
#include "wire/tunnel_msg.h"

#include <stdlib.h>

static enum rc is_unheard_of(struct tx *tx, const char *task_id, uint32_t attempt, bool *ret_is)
{
	static const struct store_query find = { .sql = "SELECT 1 FROM attempts WHERE task_id = $1 AND n = $2" };
	struct moves_task t = { 0 };
	auto_rows struct store_rows *r = NULL;

	enum rc rc = moves_load(tx, task_id, &t);
	if (rc == RC_OK && attempt == t.attempt) {
		*ret_is = false;
		return RC_OK;
	}
	if (rc != RC_OK && rc != RC_MISSING)
		return rc;
	rc = store_one(tx->db, &find, STORE_ARGS(store_text(task_id), store_int(attempt)), &r, tx->fault);
	if (rc != RC_OK && rc != RC_MISSING)
		return rc;
	*ret_is = rc == RC_MISSING;
	return RC_OK;
}

enum rc lost_is(struct tx *tx, const char *agent_id, const char *task_id, uint32_t attempt, bool *ret_is)
{
	enum rc rc = is_unheard_of(tx, task_id, attempt, ret_is);
	if (rc == RC_OK && *ret_is)
		log_warn(tx->control->log, "agent is ahead of the database task=%s attempt=%u agent=%s", task_id,
			attempt, agent_id);
	return rc;
}

static enum rc is_full(struct tx *tx, bool *ret)
{
	static const struct store_query count = { .sql = "SELECT COUNT(*) FROM lost_results" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &count, STORE_NO_ARGS, &r, tx->fault);
	if (rc == RC_OK)
		*ret = store_col_int(r, 0) >= LOST_RESULTS_MAX;
	return rc;
}

static const char *error_of(struct tx *tx, const struct tunnel_msg_failure *e)
{
	return e->code ? moves_error(tx, e->code, e->detail ? e->detail : "", e->retryable) : NULL;
}

static enum rc tell(struct tx *tx, const char *agent_id, const struct tunnel_msg_result *m)
{
	struct moves_task t = { 0 };
	enum rc rc = moves_load(tx, m->task_id, &t);
	if (rc != RC_OK && rc != RC_MISSING)
		return rc;
	const char *payload = arena_fmt(tx->arena, "{\"agentId\":\"%s\",\"attempt\":%u,\"outcome\":\"%s\"}",
		agent_id, m->attempt, tunnel_msg_outcome_words[m->outcome]);
	if (!payload)
		return RC_NOMEM;
	return events_add(tx, &(struct event){ .type = "task.lost_result",
				      .job_id = t.job_id,
				      .task_id = m->task_id,
				      .account_id = t.account_id,
				      .region_id = t.region_id,
				      .payload = payload });
}

enum rc lost_keep(struct tx *tx, const char *agent_id, const struct tunnel_msg_result *m, bool *ret_is)
{
	static const struct store_query keep = {
		.sql = "INSERT INTO lost_results (id, task_id, attempt, agent_id, nonce, outcome, result, error, "
		       "seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (task_id, attempt, "
		       "agent_id) DO NOTHING RETURNING id"
	};
	auto_rows struct store_rows *r = NULL;
	const char *outcome = tunnel_msg_outcome_words[m->outcome];
	bool full = false;

	enum rc rc = is_unheard_of(tx, m->task_id, m->attempt, ret_is);
	if (rc != RC_OK || !*ret_is)
		return rc;
	log_warn(tx->control->log,
		"result of an attempt that the database never made task=%s attempt=%u agent=%s outcome=%s",
		m->task_id, m->attempt, agent_id, outcome);
	rc = is_full(tx, &full);
	if (rc != RC_OK || full)
		return rc;
	const char *id = tx_id(tx, "lst");
	if (!id)
		return RC_NOMEM;
	auto_free char *unpacked = NULL;
	const char *result = given_read(m, &unpacked, NULL) == RC_OK ? m->result : NULL;
	rc = store_one(tx->db, &keep,
		STORE_ARGS(store_text(id), store_text(m->task_id), store_int(m->attempt), store_text(agent_id),
			store_text(m->nonce ? m->nonce : ""), store_text(outcome), store_text(result),
			store_text(error_of(tx, &m->error)), store_int(tx->now_ms)),
		&r, tx->fault);
	if (rc == RC_MISSING) /* told before */
		return RC_OK;
	return rc == RC_OK ? tell(tx, agent_id, m) : rc;
}

/* ---- the list ---- */

struct lost_view {
	const char *task_id, *agent_id, *outcome, *result, *error, *id;
	uint32_t attempt;
	int64_t seen_at;
};

static const struct field lost_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct lost_view, id), .doc = "Of this row." },
	{ .name = "taskId",
		.type = FIELD_STR,
		FIELD_AT(struct lost_view, task_id),
		.doc = "It may not be known here." },
	{ .name = "attempt",
		.type = FIELD_U32,
		FIELD_AT(struct lost_view, attempt),
		.doc = "As the agent counts." },
	{ .name = "agentId", .type = FIELD_STR, FIELD_AT(struct lost_view, agent_id), .doc = "Who remembers it." },
	{ .name = "outcome",
		.type = FIELD_STR,
		FIELD_AT(struct lost_view, outcome),
		.doc = "succeeded, failed, canceled or unknown." },
	{ .name = "result",
		.type = FIELD_JSON,
		FIELD_AT(struct lost_view, result),
		.doc = "What the action gave." },
	{ .name = "error", .type = FIELD_JSON, FIELD_AT(struct lost_view, error), .doc = "Why it failed." },
	{ .name = "seenAt",
		.type = FIELD_TIME,
		FIELD_AT(struct lost_view, seen_at),
		.doc = "When the agent told it." },
	{ 0 },
};

struct lost_query {
	struct page_query page;
};
static const struct field lost_query_fields[] = { PAGE_QUERY_FIELDS(struct lost_query), { 0 } };

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = "SELECT id, task_id, attempt, agent_id, outcome, result, "
						       "error, seen_at FROM lost_results WHERE "
						       "id < $1 ORDER BY id DESC LIMIT $2" };
	const struct page_query *q = c->query;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, q, &before);
	if (rc == RC_OK)
		rc = store_run(
			c->tx.db, &all, STORE_ARGS(store_text(before), store_int(q->limit + 1)), &r, c->tx.fault);
	return rc == RC_OK ? page_read(c, q, r, ret_out) : rc;
}

const struct route lost_routes[] = {
	{ .name = "listLostResults",
		.method = "GET",
		.path = "/v1/lost-results",
		.reach = REACH_PLATFORM,
		.scope = SCOPE_JOBS_READ,
		.flags = ROUTE_LIST,
		.query = lost_query_fields,
		.query_size = sizeof(struct lost_query),
		.out = lost_fields,
		.out_size = sizeof(struct lost_view),
		.run = list,
		.doc = "Lists results that agents remember from a time that the database has lost: evidence, after "
		       "a restore, for tasks in doubt." },
	{ 0 },
};
