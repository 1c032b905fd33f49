#include "control/engine/outcome.h"
#include "base/field.h"
#include "base/metric.h"
#include "control/control.h"
#include "control/engine/given.h"
#include "control/engine/lost.h"
#include "control/engine/moves.h"
#include "control/engine/park.h"
#include "control/events/events.h"
#include "control/rows.h"
#include "control/tx.h"
#include "io/failpoint.h"
#include "model/task.h"
#include "wire/json.h"
#include "wire/tunnel_msg.h"

#include <stdlib.h>

#define HELD_MAX TUNNEL_MSG_TASKS_MAX

static const char *error_of(struct tx *tx, const struct tunnel_msg_failure *e)
{
	struct buf b = { 0 };

	buf_str(&b, "{\"code\":");
	json_put_str(&b, e->code ? e->code : "unknown");
	buf_str(&b, ",\"detail\":");
	json_put_str(&b, e->detail ? e->detail : "");
	buf_fmt(&b, ",\"retryable\":%s", e->retryable ? "true" : "false");
	if (e->eresult)
		buf_fmt(&b, ",\"eresult\":%u", e->eresult);
	if (e->again_ms)
		buf_fmt(&b, ",\"retryAfterMs\":%u", e->again_ms);
	buf_u8(&b, '}');
	const char *text = arena_str(tx->arena, buf_text(&b));
	buf_done(&b);
	return text;
}

/* What came packed is kept so; who the task was made for reads it unpacked. */
static enum rc succeed(struct tx *tx, struct moves_task *t, const struct tunnel_msg_result *m)
{
	struct fault f = { 0 };
	auto_free char *text = NULL;
	enum rc rc = given_read(m, &text, &f);

	if (rc == RC_NOMEM)
		return rc;
	if (rc != RC_OK)
		return moves_fail(tx, t, moves_error(tx, "malformed_result", f.text, false),
			(struct task_failure){ false, t->intent_attempt == t->attempt });
	t->kept = text ? m->result : NULL;
	rc = moves_succeed(tx, t, text ? text : m->result);
	t->result = t->kept = NULL;
	return rc;
}

static enum rc settle(struct tx *tx, struct moves_task *t, const struct tunnel_msg_result *m)
{
	switch ((enum tunnel_msg_outcome)m->outcome) {
	case TUNNEL_MSG_SUCCEEDED:
		return succeed(tx, t, m);
	case TUNNEL_MSG_CANCELED:
		/* It had no effect itself. But that it stopped asking does not say what became of one before. */
		if (t->probe && t->intent_attempt != t->attempt)
			return moves_fail(tx, t, moves_error(tx, "canceled", "canceled before it was known", true),
				(struct task_failure){ true, false });
		return moves_cancel(tx, t);
	case TUNNEL_MSG_UNKNOWN:
		/* An agent that ended while it asked cannot tell whether it was allowed to go on. Without an intent it was not. */
		return moves_fail(tx, t, error_of(tx, &m->error),
			(struct task_failure){ true, t->intent_attempt == t->attempt });
	case TUNNEL_MSG_FAILED:
		break;
	}
	return moves_fail(tx, t, error_of(tx, &m->error), (struct task_failure){ m->error.retryable, false });
}

enum rc outcome_result(struct tx *tx, const char *agent_id, const struct tunnel_msg_result *m, bool *ret_stale)
{
	struct moves_task t = { 0 };
	enum rc rc = moves_held(tx, agent_id, m->task_id, m->attempt, &t);

	*ret_stale = false;
	/* What the agent never got, or lost with its journal, it cannot answer with the nonce. */
	bool lost = m->outcome == TUNNEL_MSG_FAILED && m->error.code && !strcmp(m->error.code, "lost_by_agent");
	t.code = m->error.code;
	t.again_ms = m->error.again_ms;
	if (rc == RC_OK && lost)
		return moves_fail(tx, &t, error_of(tx, &m->error),
			(struct task_failure){ m->error.retryable, t.intent_attempt == t.attempt });
	if (rc == RC_OK && (t.nonce && m->nonce && !strcmp(t.nonce, m->nonce)))
		return settle(tx, &t, m);
	if (rc != RC_OK && rc != RC_MISSING)
		return rc;
	/* A repeat of what was kept is no news, and no breach either. */
	bool kept = t.agent_id && !strcmp(t.agent_id, agent_id) && t.attempt == m->attempt &&
		    task_is_over((enum task_status)t.status);
	*ret_stale = !kept;
	if (kept)
		return RC_OK;
	metric_add(tx->control->metrics, METRIC_STALE_RESULTS, NULL, 1);
	bool unheard = false;
	return lost_keep(tx, agent_id, m, &unheard);
}

enum rc outcome_accept(struct tx *tx, const char *agent_id, const struct tunnel_msg_task *m)
{
	struct moves_task t = { 0 };
	enum rc rc = moves_held(tx, agent_id, m->task_id, m->attempt, &t);

	if (rc == RC_OK && t.status == TASK_LEASED)
		return moves_start(tx, &t);
	return rc == RC_MISSING ? RC_OK : rc;
}

enum rc outcome_reject(struct tx *tx, const char *agent_id, const struct tunnel_msg_reject *m)
{
	struct moves_task t = { 0 };
	enum rc rc = moves_held(tx, agent_id, m->task_id, m->attempt, &t);

	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	const char *error =
		moves_error(tx, m->reason ? m->reason : "rejected", "the agent did not take the task", true);
	t.code = "rejected";
	return moves_fail(tx, &t, error, (struct task_failure){ true, false });
}

enum rc outcome_progress(struct tx *tx, const char *agent_id, const struct tunnel_msg_progress *m)
{
	struct moves_task t = { 0 };
	enum rc rc = moves_held(tx, agent_id, m->task_id, m->attempt, &t);

	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	if (t.owner)
		return tx->control->owned_progress ? tx->control->owned_progress(tx, &t, m->data) : RC_OK;
	return events_add(tx, &(struct event){ .type = "task.progress",
				      .job_id = t.job_id,
				      .task_id = t.id,
				      .account_id = t.account_id,
				      .region_id = t.region_id,
				      .payload = m->data });
}

/* ",a,b,": the actions that only read and need no account. In the arena. */
static const char *free_reads(struct arena *a)
{
	struct buf b = { 0 };

	for (size_t i = 0; action_all[i]; i++)
		if (action_all[i]->class == TASK_READ && action_all[i]->target == ACTION_TARGET_NONE)
			buf_fmt(&b, ",%s", action_all[i]->name);
	buf_u8(&b, ',');
	const char *text = arena_str(a, buf_text(&b));
	buf_done(&b);
	return text;
}

enum rc outcome_gone(struct tx *tx, const char *agent_id)
{
	static const struct store_query shorten = { .sql = "UPDATE tasks SET lease_until = $2 WHERE agent_id = $1 "
							   "AND status IN ('leased', 'running') AND "
							   "lease_until > $2 AND account_id IS NULL AND $3 LIKE "
							   "'%,' || action || ',%' AND EXISTS (SELECT 1 "
							   "FROM agents WHERE id = $1 AND state <> 'connected')" };
	const char *reads = free_reads(tx->arena);

	return reads ? store_do(tx->db, &shorten,
			       STORE_ARGS(store_text(agent_id), store_int(tx->now_ms + OUTCOME_GONE_MS),
				       store_text(reads)),
			       tx->fault)
		     : RC_NOMEM;
}

enum rc outcome_renew(struct tx *tx, const char *agent_id)
{
	static const struct store_query renew = {
		.sql = "UPDATE tasks SET lease_until = $2 WHERE agent_id = $1 AND status IN ('leased', 'running')"
	};
	return store_do(tx->db, &renew,
		STORE_ARGS(store_text(agent_id), store_int(tx->now_ms + tx->control->conf->lease_ms)), tx->fault);
}

struct held {
	const char *id;
	uint32_t attempt;
};

static const struct field held_row[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct held, id) },
	{ .name = "attempt", .type = FIELD_U32, FIELD_AT(struct held, attempt) },
	{ 0 },
};

static bool lists(const struct field_list *inflight, const struct held *h)
{
	const struct tunnel_msg_task *t = inflight->at;
	for (size_t i = 0; i < inflight->n; i++)
		if (t[i].attempt == h->attempt && !strcmp(t[i].task_id, h->id))
			return true;
	return false;
}

static enum rc lose(struct tx *tx, const char *id, const char *code, const char *detail)
{
	struct moves_task t = { 0 };
	enum rc rc = moves_load(tx, id, &t);
	if (rc != RC_OK)
		return rc;
	t.code = code;
	return moves_fail(tx, &t, moves_error(tx, code, detail, true),
		(struct task_failure){ true, t.intent_attempt == t.attempt });
}

/* What the agent has and the database does not hold for it as its current attempt. */
static enum rc find_foreign(
	struct tx *tx, const char *agent_id, const struct field_list *inflight, struct field_list *ret)
{
	const struct tunnel_msg_task *t = inflight->at;
	struct tunnel_msg_task *out = arena_take(tx->arena, (inflight->n + 1) * sizeof(*out));
	size_t n = 0;

	if (!out)
		return RC_NOMEM;
	for (size_t i = 0; i < inflight->n; i++) {
		struct moves_task held = { 0 };
		bool lost = false;
		enum rc rc = moves_held(tx, agent_id, t[i].task_id, t[i].attempt, &held);
		if (rc == RC_OK)
			continue;
		if (rc == RC_MISSING)
			rc = lost_is(tx, agent_id, t[i].task_id, t[i].attempt, &lost);
		if (rc != RC_OK)
			return rc;
		if (!lost) /* else its result is evidence: the agent is not told to forget it */
			out[n++] = t[i];
	}
	*ret = (struct field_list){ out, n };
	return RC_OK;
}

enum rc outcome_reconcile(
	struct tx *tx, const char *agent_id, const struct field_list *inflight, struct field_list *ret_cancel)
{
	static const struct store_query held = {
		.sql = "SELECT id, attempt FROM tasks WHERE agent_id = $1 AND status IN ('leased', 'running')"
	};
	auto_rows struct store_rows *r = NULL;
	struct field_list all = { 0 };

	enum rc rc = store_run(tx->db, &held, STORE_ARGS(store_text(agent_id)), &r, tx->fault);
	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ held_row, tx->arena, NULL }, sizeof(struct held), HELD_MAX,
			&all, tx->fault);
	store_close(take(r));
	const struct held *h = all.at;
	for (size_t i = 0; rc == RC_OK && i < all.n; i++)
		if (!lists(inflight, &h[i]))
			rc = lose(tx, h[i].id, "lost_by_agent", "the agent came back without it");
	if (rc == RC_OK)
		rc = outcome_renew(tx, agent_id);
	if (rc == RC_OK)
		rc = park_places(tx);
	return rc == RC_OK ? find_foreign(tx, agent_id, inflight, ret_cancel) : rc;
}

enum rc outcome_lapse(struct tx *tx, size_t max, size_t *ret_n)
{
	FAILPOINT("outcome.lapse");
	static const struct store_query lapsed = {
		.sql = "SELECT id, attempt FROM tasks WHERE status IN ('leased', 'running') AND lease_until < $1 "
		       "ORDER BY id LIMIT $2"
	};
	auto_rows struct store_rows *r = NULL;
	struct field_list all = { 0 };

	enum rc rc = store_run(
		tx->db, &lapsed, STORE_ARGS(store_int(tx->now_ms), store_int((int64_t)max)), &r, tx->fault);
	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ held_row, tx->arena, NULL }, sizeof(struct held), max, &all,
			tx->fault);
	store_close(take(r));
	const struct held *h = all.at;
	for (size_t i = 0; rc == RC_OK && i < all.n; i++)
		rc = lose(tx, h[i].id, "lease_expired", "the agent fell silent");
	metric_add(tx->control->metrics, METRIC_LEASE_EXPIRED, NULL, all.n);
	if (rc == RC_OK)
		*ret_n = all.n;
	return rc;
}

enum rc outcome_spare(struct tx *tx)
{
	static const struct store_query renew = {
		.sql = "UPDATE tasks SET lease_until = $1 WHERE status IN ('leased', 'running')"
	};
	return store_do(tx->db, &renew, STORE_ARGS(store_int(tx->now_ms + tx->control->conf->lease_ms)), tx->fault);
}

enum rc outcome_revive(struct tx *tx)
{
	static const struct store_query away = {
		.sql = "UPDATE agents SET state = 'disconnected' WHERE state = 'connected'"
	};
	enum rc rc = outcome_spare(tx);
	return rc == RC_OK ? store_do(tx->db, &away, STORE_NO_ARGS, tx->fault) : rc;
}
