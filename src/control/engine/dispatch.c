#include "control/engine/dispatch.h"
#include "base/buf.h"
#include "base/map.h"
#include "control/engine/job_limits.h"
#include "control/engine/job_rules.h"
#include "control/engine/moves.h"
#include "control/engine/park.h"
#include "control/engine/placing.h"
#include "control/engine/sealed.h"
#include "control/engine/turns.h"
#include "control/fleet/bots.h"
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
	struct map taken;  /* accounts that got a task in this round */
	struct buf parked; /* tasks that wait for their accounts, as JSON, and are not written down yet */
	size_t parked_n;
};

/* What waits for accounts is written down together. */
static enum rc flush(struct round *r)
{
	if (!r->parked_n)
		return RC_OK;
	buf_u8(&r->parked, ']');
	enum rc rc = r->parked.bad ? RC_NOMEM : park_accounts(r->tx, buf_text(&r->parked));
	r->parked.n = r->parked_n = 0;
	return rc;
}

/* Another task has its account. */
static enum rc wait_for_account(struct round *r, const struct turns_task *t)
{
	buf_fmt(&r->parked, "%c\"%s\"", r->parked_n++ ? ',' : '[', t->id);
	return r->parked_n == PARK_AT_ONCE ? flush(r) : RC_OK;
}

/* Must another task of its account be over first? Then it waits. */
static enum rc is_busy(struct round *r, const struct turns_task *t, bool *ret)
{
	bool taken = t->account_id && map_get(&r->taken, t->account_id) != NULL; /* in this round */

	*ret = taken || t->busy != TURNS_FREE;
	enum rc rc = *ret ? wait_for_account(r, t) : RC_OK;
	return rc == RC_OK && !taken && t->busy == TURNS_DOUBT ? park_doubted(r->tx, t->account_id) : rc;
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
	if (k->account_id)
		rc = map_put(&r->taken, k->account_id, r);
	if (rc != RC_OK)
		return rc;
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
	rc = is_busy(r, t, &stays);
	if (rc != RC_OK || stays)
		return rc;
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

/* *ret_cut: there was no room for more, or too much to look at. */
static enum rc hand_out(struct round *r, bool *ret_cut)
{
	struct turns turns;
	struct turns_job *j = NULL;
	const struct turns_task *t = NULL;
	bool any = r->credit > 0;
	size_t looks = 0;
	enum rc rc = turns_open(&turns, r->tx);

	for (; rc == RC_OK && r->credit && looks < DISPATCH_LOOKS; looks++) {
		rc = turns_next(&turns, &j, &t);
		if (rc != RC_OK || !j)
			break;
		rc = look(r, &turns, j, t);
	}
	if (rc == RC_OK)
		rc = flush(r);
	*ret_cut = looks == DISPATCH_LOOKS || (any && !r->credit);
	return rc == RC_OK ? turns_close(&turns) : rc;
}

enum rc dispatch_lease(
	struct tx *tx, const struct dispatch_offer *offers, size_t n, struct field_list *ret_grants, bool *ret_more)
{
	struct round r = { .tx = tx, .offers = offers, .n = n };
	bool cut = false;

	enum rc rc = begin(&r);
	if (rc == RC_OK)
		rc = hand_out(&r, &cut);
	map_done(&r.taken);
	buf_done(&r.parked);
	if (rc != RC_OK)
		return rc;
	*ret_grants = (struct field_list){ r.grants, r.got };
	*ret_more = cut;
	return RC_OK;
}
