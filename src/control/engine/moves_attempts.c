#include "base/metric.h"
#include "control/control.h"
#include "control/engine/moves.h"
#include "control/engine/moves_parts.h"

enum rc moves_attempts_lease(struct tx *tx, const struct moves_task *t)
{
	static const struct store_query add = {
		.sql = "INSERT INTO attempts (task_id, n, agent_id, nonce, epoch, probe, leased_at, started_at, "
		       "ended_at, intent_at) VALUES ($1, $2, $3, $4, COALESCE((SELECT epoch FROM accounts WHERE "
		       "id = $5), 0), $6, $7, 0, 0, 0)"
	};
	return store_put(tx->db, &add,
		STORE_ARGS(store_text(t->id), store_int(t->attempt), store_text(t->agent_id), store_text(t->nonce),
			store_text(t->account_id), store_int(t->probe), store_int(tx->now_ms)),
		tx->fault);
}

enum rc moves_attempts_start(struct tx *tx, const struct moves_task *t)
{
	static const struct store_query set = {
		.sql = "UPDATE attempts SET started_at = $3 WHERE task_id = $1 AND n = $2"
	};
	return store_put(tx->db, &set, STORE_ARGS(store_text(t->id), store_int(t->attempt), store_int(tx->now_ms)),
		tx->fault);
}

/* An attempt that asks what became of another before has not yet declared an effect of its own. */
static bool asks(const struct moves_task *t) { return t->probe && t->intent_attempt != t->attempt; }

static void count(struct tx *tx, const char *result)
{
	metric_add(tx->control->metrics, METRIC_RECONCILIATIONS, result, 1);
}

enum rc moves_attempts_intend(struct tx *tx, const struct moves_task *t, const char *effect)
{
	static const struct store_query set = {
		.sql = "UPDATE attempts SET intent = $3, intent_at = $4 WHERE task_id = $1 AND n = $2"
	};
	if (asks(t))
		count(tx, "not_done"); /* else it would not go on to do it */
	return store_put(tx->db, &set,
		STORE_ARGS(store_text(t->id), store_int(t->attempt), store_text(effect), store_int(tx->now_ms)),
		tx->fault);
}

enum rc moves_attempts_end(struct tx *tx, const struct moves_task *t, const char *outcome, enum task_status to)
{
	static const struct store_query set = {
		.sql = "UPDATE attempts SET ended_at = $3, outcome = $4, came_to = $5, error = $6 WHERE task_id = "
		       "$1 AND n = $2"
	};
	if (t->status != TASK_LEASED && t->status != TASK_RUNNING)
		return RC_OK;
	if (asks(t))
		count(tx, to == TASK_SUCCEEDED ? "done" : "unknown");
	return store_put(tx->db, &set,
		STORE_ARGS(store_text(t->id), store_int(t->attempt), store_int(tx->now_ms), store_text(outcome),
			store_text(task_words[to]), store_text(t->error)),
		tx->fault);
}

enum rc moves_attempts_resolve(struct tx *tx, const struct moves_task *t, bool done, const char *evidence)
{
	static const struct store_query add = {
		.sql = "INSERT INTO resolutions (task_id, at, actor, outcome, evidence) VALUES ($1, $2, $3, $4, $5)"
	};
	return store_put(tx->db, &add,
		STORE_ARGS(store_text(t->id), store_int(tx->now_ms), store_text(tx->actor),
			store_text(done ? "done" : "not_done"), store_text(evidence)),
		tx->fault);
}

enum rc moves_attempts_died(struct tx *tx, const struct moves_task *t, const char *reason)
{
	static const struct store_query add = {
		.sql = "INSERT INTO dead_letters (task_id, job_id, action, account_id, code, reason, attempts, "
		       "error, died_at, tenant_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
		       "COALESCE((SELECT tenant_id FROM jobs WHERE id = $2), '" TX_TENANT_DEFAULT "'))"
	};
	return store_put(tx->db, &add,
		STORE_ARGS(store_text(t->id), store_text(t->job_id), store_text(t->action),
			store_text(t->account_id), store_text(t->code ? t->code : "unknown"), store_text(reason),
			store_int(t->attempt), store_text(t->error), store_int(tx->now_ms)),
		tx->fault);
}
