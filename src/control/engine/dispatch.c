#include "control/engine/dispatch.h"
#include "control/engine/job_limits.h"
#include "control/engine/job_rules.h"
#include "control/engine/moves.h"
#include "control/engine/park.h"
#include "control/engine/placing.h"
#include "control/engine/sealed.h"
#include "control/engine/turns.h"
#include "control/fleet/bots.h"
#include "control/rows.h"
#include "model/account.h"

#include <string.h>

struct round {
	struct tx *tx;
	const struct dispatch_offer *offers;
	size_t n;
	uint32_t *room; /* of each offer */
	size_t credit;  /* of all */
	struct dispatch_grant *grants;
	size_t got;
	struct placing placing;
};

/* A question with one row, or none. */
static enum rc any(struct tx *tx, const struct store_query *q, struct store_args args, bool *ret)
{
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, q, args, &r, tx->fault);
	*ret = rc == RC_OK;
	return rc == RC_MISSING ? RC_OK : rc;
}

/* Has another task its account, or is one of the same action in doubt? */
static enum rc is_busy(struct tx *tx, const struct turns_job *j, const struct turns_task *t, bool *ret)
{
	static const struct store_query held = {
		.sql = "SELECT id FROM tasks WHERE account_id = $1 AND status IN ('leased', 'running') LIMIT 1"
	};
	static const struct store_query doubt = { .sql = "SELECT id FROM tasks WHERE account_id = $1 AND status = "
							 "'queued' AND probe = 1 AND action = $2 LIMIT 1" };
	enum rc rc = any(tx, &held, STORE_ARGS(store_text(t->account_id)), ret);
	if (rc == RC_OK && !*ret && !t->probe)
		rc = any(tx, &doubt, STORE_ARGS(store_text(t->account_id), store_text(j->action)), ret);
	return rc;
}

/* What the agent must know of the job besides the task; read when the first of its tasks goes out. */
static enum rc read_rest(struct tx *tx, struct turns_job *j)
{
	static const struct store_query rest = {
		.sql = "SELECT payload, trace_id, secret, traceparent FROM jobs WHERE id = $1"
	};
	auto_rows struct store_rows *r = NULL;

	if (j->payload)
		return RC_OK;
	enum rc rc = store_one(tx->db, &rest, STORE_ARGS(store_text(j->id)), &r, tx->fault);
	if (rc != RC_OK)
		return rc;
	j->payload = arena_str(tx->arena, store_col_text(r, 0));
	j->trace_id = arena_str(tx->arena, store_col_text(r, 1));
	j->traceparent = arena_str(tx->arena, store_col_text(r, 3));
	const char *secret = store_col_text(r, 2);
	j->secret = secret ? arena_str(tx->arena, secret) : NULL;
	return j->payload && (j->secret || !secret) ? RC_OK : RC_NOMEM;
}

static enum rc lease(struct round *r, struct turns_job *j, const struct turns_task *k, size_t offer)
{
	const struct dispatch_offer *o = &r->offers[offer];
	struct tx *tx = r->tx;
	struct moves_task t = { 0 };
	enum rc rc = read_rest(tx, j);
	if (rc == RC_OK)
		rc = moves_load(tx, k->id, &t);
	if (rc == RC_OK && k->account_id)
		rc = bots_hold(tx, k->account_id, o->agent_id); /* first: the attempt notes the account's epoch */
	if (rc == RC_OK)
		rc = moves_lease(tx, &t, o->agent_id);
	if (rc != RC_OK)
		return rc;
	struct dispatch_grant *g = &r->grants[r->got++];
	*g = (struct dispatch_grant){ .offer = offer,
		.task_id = k->id,
		.job_id = t.job_id,
		.nonce = t.nonce,
		.action = j->action,
		.account_id = k->account_id,
		.login = k->login,
		.payload = j->payload,
		.trace_id = j->trace_id,
		.traceparent = j->traceparent,
		.due_ms = k->created_at > k->not_before ? k->created_at : k->not_before,
		.attempt = t.attempt,
		.probe = t.probe,
		.dry_run = j->dry_run,
		.intent_ms = t.probe ? t.intent_at : 0,
		.intent = t.probe ? t.intent : NULL,
		.decl = action_find(j->action) };
	r->room[offer]--;
	r->credit--;
	return j->secret ? sealed_for_agent(tx, t.job_id, j->secret, o->agent_id, &g->sealed) : RC_OK;
}

static enum rc park(struct round *r, const struct turns_task *t, const char *waits, int64_t look_at)
{
	return park_task(r->tx, &(struct park_task){ t->id, t->account_id }, waits, look_at);
}

/* Its job says that nothing more of it is to be begun now. Whatever was begun is found out all the same. */
static enum rc held_back(struct round *r, struct turns_job *j, const struct turns_task *t, bool *ret)
{
	uint32_t most = j->order == JOB_ORDER_SEQUENTIAL ? 1 : j->max_parallel;
	bool late = j->deadline && j->deadline <= r->tx->now_ms;

	*ret = true;
	if (!t->probe && (j->stop_reason || late))
		return job_limits_end(r->tx, t->id, j->stop_reason ? j->stop_reason : JOB_END_DEADLINE);
	if (j->paused || (most && j->running >= most)) {
		j->over = true;
		return park_job(r->tx, j->id);
	}
	*ret = false;
	return RC_OK;
}

/* The account is not online, and the job does not want it started for this. */
static enum rc offline(struct round *r, const struct turns_job *j, const struct turns_task *t, bool *ret)
{
	*ret = t->account_id && j->offline != JOB_OFFLINE_START && t->state &&
	       strcmp(t->state, account_state_words[ACCOUNT_ONLINE]) != 0;
	if (!*ret)
		return RC_OK;
	if (j->offline == JOB_OFFLINE_FAIL)
		return job_limits_offline(r->tx, t->id);
	return park(r, t, PARK_TIME, r->tx->now_ms + PARK_AGAIN_MS);
}

static enum rc note_placement(struct tx *tx, const char *task_id, const char *told)
{
	static const struct store_query set = { .sql = "UPDATE tasks SET placement = $2 WHERE id = $1" };
	return store_put(tx->db, &set, STORE_ARGS(store_text(task_id), store_text(told)), tx->fault);
}

/* Hands the task out, or says in its row what it waits for. */
static enum rc look(struct round *r, struct turns *turns, struct turns_job *j, const struct turns_task *t)
{
	struct placing_at at;
	bool stays = false;

	enum rc rc = held_back(r, j, t, &stays);
	if (rc != RC_OK || stays)
		return rc;
	if (t->not_before > r->tx->now_ms)
		return park(r, t, PARK_TIME, t->not_before);
	if (t->account_id)
		rc = is_busy(r->tx, j, t, &stays);
	if (rc != RC_OK || stays)
		return rc == RC_OK ? park(r, t, PARK_ACCOUNT, 0) : rc;
	rc = offline(r, j, t, &stays);
	if (rc != RC_OK || stays)
		return rc;
	if (t->account_id && t->moving)
		return park(r, t, PARK_TIME, r->tx->now_ms + PARK_AGAIN_MS);
	rc = placing_choose(&r->placing, j, t, &at);
	if (rc != RC_OK)
		return rc;
	if (at.offer == r->n) {
		if (at.agent_id) /* it may be at another control plane, and have room */
			tx_ring(r->tx, NULL);
		return park(r, t, at.agent_id ? at.agent_id : PARK_PLACE, r->tx->now_ms + PARK_AGAIN_MS);
	}
	turns_took(turns, j);
	rc = lease(r, j, t, at.offer);
	return rc == RC_OK ? note_placement(r->tx, t->id, at.told) : rc;
}

static enum rc begin(struct round *r)
{
	r->room = arena_take(r->tx->arena, (r->n + 1) * sizeof(*r->room));
	enum rc rc = r->room ? RC_OK : RC_NOMEM;

	for (size_t i = 0; rc == RC_OK && i < r->n; i++) {
		r->room[i] = r->offers[i].credit < DISPATCH_AT_ONCE ? r->offers[i].credit : DISPATCH_AT_ONCE;
		r->credit += r->room[i];
		rc = r->room[i] ? park_room(r->tx, r->offers[i].agent_id, r->room[i]) : RC_OK;
	}
	r->placing = (struct placing){ r->tx, r->offers, r->room, r->n, NULL };
	r->grants = arena_take(r->tx->arena, (r->credit + 1) * sizeof(*r->grants));
	return r->grants ? rc : RC_NOMEM;
}

enum rc dispatch_lease(
	struct tx *tx, const struct dispatch_offer *offers, size_t n, struct field_list *ret_grants, bool *ret_more)
{
	struct round r = { .tx = tx, .offers = offers, .n = n };
	struct turns turns;
	struct turns_job *j = NULL;
	const struct turns_task *t = NULL;
	size_t looks = 0, most = 0;

	enum rc rc = begin(&r);
	if (rc == RC_OK)
		rc = turns_open(&turns, tx);
	if (rc != RC_OK)
		return rc;
	most = r.credit;
	for (; rc == RC_OK && r.credit && looks < DISPATCH_LOOKS; looks++) {
		rc = turns_next(&turns, &j, &t);
		if (rc != RC_OK || !j)
			break;
		rc = look(&r, &turns, j, t);
	}
	if (rc == RC_OK)
		rc = turns_close(&turns);
	if (rc != RC_OK)
		return rc;
	*ret_grants = (struct field_list){ r.grants, r.got };
	*ret_more = looks == DISPATCH_LOOKS || (most && !r.credit);
	return RC_OK;
}
