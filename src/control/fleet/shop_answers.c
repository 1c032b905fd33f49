#include "control/fleet/shop_answers.h"
#include "control/engine/moves.h"
#include "control/engine/submit.h"
#include "control/fleet/challenges_parts.h"
#include "control/fleet/shop_challenges.h"
#include "model/action_shops.h"
#include "wire/json.h"
#include "wire/shop_code.h"

#include <jansson.h>
#include <string.h>

static enum rc region_of(struct tx *tx, const char *agent_id, const char **ret)
{
	static const struct store_query find = {
		.sql = "SELECT region_id FROM agents WHERE id = $1 AND state <> 'revoked'"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(agent_id)), &r, tx->fault);

	if (rc == RC_MISSING)
		return fault_set(tx->fault, RC_CONFLICT, "the agent was revoked");
	if (rc != RC_OK)
		return rc;
	*ret = arena_str(tx->arena, store_col_text(r, 0));
	return *ret ? RC_OK : RC_NOMEM;
}

static enum rc submit(struct tx *tx, const struct challenge *v, struct buf *payload, const char **ret_task)
{
	struct submit_try try = { .action = &action_shops_log_in,
		.owner = v->id,
		.tenant_id = TX_TENANT_DEFAULT,
		.agent_id = v->agent_id,
		.payload = buf_text(payload),
		.created_by = tx->actor,
		.deadline = v->expires_at,
		.priority = 9 };
	enum rc rc = region_of(tx, v->agent_id, &try.region_id);

	return rc == RC_OK ? submit_own(tx, &try, ret_task) : rc;
}

static enum rc note(struct tx *tx, const struct challenge *v, const char *task_id)
{
	static const struct store_query set = {
		.sql = "UPDATE challenges SET state = 'answered', answers = answers + 1, answered_by = $2, "
		       "answered_at "
		       "= $3, updated_at = $3, job_id = (SELECT job_id FROM tasks WHERE id = $4) WHERE id = $1"
	};
	return store_do(tx->db, &set,
		STORE_ARGS(store_text(v->id), store_text(tx->actor), store_int(tx->now_ms), store_text(task_id)),
		tx->fault);
}

enum rc shop_answers_bring(struct tx *tx, const struct challenge *v, const char *brought)
{
	struct buf payload = { .wipes = true };
	struct hush code = { 0 };
	const char *task = NULL;

	enum rc rc = shop_code_read(brought, strlen(brought), &code, tx->fault);
	if (rc == RC_OK) {
		buf_fmt(&payload, "{\"store\":\"%s\",\"code\":", v->store);
		json_put_strn(&payload, (const char *)code.p, code.n);
		buf_u8(&payload, '}');
		rc = payload.bad ? RC_NOMEM : submit(tx, v, &payload, &task);
	}
	hush_done(&code);
	buf_done(&payload);
	return rc == RC_OK ? note(tx, v, task) : rc;
}

/* ---- what became of it ---- */

static const char *detail_of(struct tx *tx, const struct moves_task *t)
{
	static const char unknown[] =
		"nobody knows whether the store took the code: if the agent is not logged in by "
		"now, open the page again and bring a new one";
	auto_json struct json_t *j = NULL;

	if (t->status == TASK_ATTENTION || t->status == TASK_UNKNOWN)
		return unknown;
	if (!t->error || json_read(t->error, strlen(t->error), &j, NULL) != RC_OK)
		return "the agent did not get the code: open the page again and bring a new one";
	const char *detail = json_string_value(json_object_get(j, "detail"));
	return arena_fmt(tx->arena, "%.400s", detail ? detail : "the agent could not use the code");
}

/* It failed: the challenge stands open again, and says why. */
static enum rc open_again(struct tx *tx, struct challenge *v, const struct moves_task *t)
{
	static const struct store_query set = { .sql = "UPDATE challenges SET state = 'open', hint = $2, "
						       "expires_at = $3, updated_at = $4 WHERE id = $1" };
	v->hint = detail_of(tx, t);
	v->expires_at = tx->now_ms + SHOP_CHALLENGES_MS;
	enum rc rc = v->hint ? store_do(tx->db, &set,
				       STORE_ARGS(store_text(v->id), store_text(v->hint), store_int(v->expires_at),
					       store_int(tx->now_ms)),
				       tx->fault)
			     : RC_NOMEM;
	return rc == RC_OK ? challenges_tell_opened(tx, v) : rc;
}

enum rc shop_answers_fold(struct tx *tx, const struct moves_task *t)
{
	struct challenge v = { 0 };

	if (!task_is_over((enum task_status)t->status) && t->status != TASK_ATTENTION)
		return RC_OK;
	enum rc rc = challenges_load(tx, t->owner, &v);
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	if (v.state != CHALLENGES_ANSWERED || !v.job_id || strcmp(v.job_id, t->job_id) != 0)
		return RC_OK; /* the agent has told already, or it is over */
	return t->status == TASK_SUCCEEDED ? challenges_end(tx, &v, CHALLENGES_ACCEPTED) : open_again(tx, &v, t);
}
