#include "control/engine/park.h"
#include "model/job.h"

#define QUEUED "status = 'queued' AND waits "
#define RANK   "(created_at - priority * 60000)"
_Static_assert(JOB_AGE_MS == 60000, "the number in RANK, and in the indexes");

/* Runs a query whose rows are tasks that can be handed out now. */
static enum rc wake(struct tx *tx, const struct store_query *q, struct store_args args)
{
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	enum rc rc = store_run(tx->db, q, args, &r, tx->fault);

	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row)
		tx_ring(tx, NULL);
	return rc;
}

/* The account is free, or whoever was to have it waits for something else: the next is looked at. What is in doubt goes first: others
 * of its action may not go before it. */
static enum rc free_account(struct tx *tx, const char *account_id)
{
	static const struct store_query next = {
		.sql = "UPDATE tasks SET waits = NULL WHERE id = (SELECT id FROM tasks WHERE account_id = $1 "
		       "AND " QUEUED "= 'account' ORDER BY probe DESC, " RANK ", id LIMIT 1) RETURNING id"
	};
	return account_id ? wake(tx, &next, STORE_ARGS(store_text(account_id))) : RC_OK;
}

enum rc park_task(struct tx *tx, const struct park_task *t, const char *waits, int64_t look_at)
{
	static const struct store_query set = {
		.sql = "UPDATE tasks SET waits = $2, look_at = $3 WHERE id = $1 AND status = 'queued'"
	};
	enum rc rc = store_put(
		tx->db, &set, STORE_ARGS(store_text(t->id), store_text(waits), store_int(look_at)), tx->fault);
	return rc == RC_OK && strcmp(waits, PARK_ACCOUNT) != 0 ? free_account(tx, t->account_id) : rc;
}

enum rc park_accounts(struct tx *tx, const char *ids)
{
	static const struct store_query set = { .sql = "UPDATE tasks SET waits = 'account', look_at = 0 WHERE id "
						       "IN (SELECT value FROM json_each($1)) AND "
						       "status = 'queued'",
		.sql_pg = "UPDATE tasks SET waits = 'account', look_at = 0 WHERE id IN (SELECT value FROM "
			  "jsonb_array_elements_text($1::jsonb) AS ids (value)) AND status = 'queued'" };
	return store_do(tx->db, &set, STORE_ARGS(store_text(ids)), tx->fault);
}

enum rc park_doubted(struct tx *tx, const char *account_id)
{
	static const struct store_query next = { .sql = "UPDATE tasks SET waits = NULL WHERE account_id = $1 AND "
							"status = 'queued' AND probe = 1 AND waits = "
							"'account' RETURNING id" };
	return wake(tx, &next, STORE_ARGS(store_text(account_id)));
}

enum rc park_job(struct tx *tx, const char *job_id)
{
	static const struct store_query set = {
		.sql = "UPDATE tasks SET waits = 'job', look_at = 0 WHERE id IN (SELECT id FROM tasks WHERE "
		       "job_id = $1 AND " QUEUED "IS NULL AND tenant_id = (SELECT tenant_id FROM jobs WHERE id = "
		       "$1) AND priority = (SELECT priority FROM jobs WHERE id = $1) ORDER BY id LIMIT $2) "
		       "RETURNING account_id"
	};
	const char **accounts = arena_take(tx->arena, PARK_AT_ONCE * sizeof(*accounts));
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	size_t n = 0;
	enum rc rc = accounts ? store_run(tx->db, &set, STORE_ARGS(store_text(job_id), store_int(PARK_AT_ONCE)), &r,
					tx->fault)
			      : RC_NOMEM;

	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row && n < PARK_AT_ONCE)
		if (store_col_text(r, 0))
			accounts[n++] = arena_str(tx->arena, store_col_text(r, 0));
	store_close(take(r));
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = free_account(tx, accounts[i]);
	return rc;
}

enum rc park_left(struct tx *tx, const char *job_id, const char *account_id)
{
	static const struct store_query next = { .sql = "UPDATE tasks SET waits = NULL WHERE id = (SELECT id FROM "
							"tasks WHERE job_id = $1 AND " QUEUED
							"= 'job' ORDER BY id LIMIT 1) RETURNING id" };
	enum rc rc = free_account(tx, account_id);
	return rc == RC_OK ? wake(tx, &next, STORE_ARGS(store_text(job_id))) : rc;
}

enum rc park_resume(struct tx *tx, const char *job_id)
{
	static const struct store_query all = { .sql = "UPDATE tasks SET waits = NULL WHERE job_id = $1 AND " QUEUED
						       "= 'job' RETURNING id" };
	return wake(tx, &all, STORE_ARGS(store_text(job_id)));
}

enum rc park_room(struct tx *tx, const char *agent_id, size_t n)
{
	static const struct store_query next = {
		.sql = "UPDATE tasks SET waits = NULL WHERE id IN (SELECT id FROM tasks WHERE " QUEUED
		       "= $1 ORDER BY " RANK ", id LIMIT $2)"
	};
	return store_put(tx->db, &next, STORE_ARGS(store_text(agent_id), store_int((int64_t)n)), tx->fault);
}

enum rc park_places(struct tx *tx)
{
	static const struct store_query next = {
		.sql = "UPDATE tasks SET waits = NULL WHERE id IN (SELECT id FROM tasks WHERE " QUEUED
		       "= 'place' ORDER BY " RANK ", id LIMIT $1) RETURNING id"
	};
	return wake(tx, &next, STORE_ARGS(store_int(PARK_AT_ONCE)));
}

enum rc park_scan(struct tx *tx)
{
	static const struct store_query due = {
		.sql = "UPDATE tasks SET waits = NULL WHERE id IN (SELECT id FROM tasks WHERE " QUEUED
		       "IS NOT NULL AND look_at > 0 AND look_at <= $1 ORDER BY look_at LIMIT $2) RETURNING id"
	};
	return wake(tx, &due, STORE_ARGS(store_int(tx->now_ms), store_int(PARK_AT_ONCE)));
}

enum rc park_sweep(struct tx *tx)
{
	static const struct store_query stuck = {
		.sql = "SELECT a.id FROM accounts a WHERE EXISTS (SELECT 1 FROM tasks t WHERE t.account_id = a.id "
		       "AND t.status = 'queued' AND t.waits = 'account') AND NOT EXISTS (SELECT 1 FROM tasks h "
		       "WHERE h.account_id = a.id AND h.status IN ('leased', 'running')) LIMIT $1"
	};
	const char **ids = arena_take(tx->arena, PARK_AT_ONCE * sizeof(*ids));
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	size_t n = 0;
	enum rc rc = ids ? store_run(tx->db, &stuck, STORE_ARGS(store_int(PARK_AT_ONCE)), &r, tx->fault) : RC_NOMEM;

	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row && n < PARK_AT_ONCE)
		ids[n++] = arena_str(tx->arena, store_col_text(r, 0));
	store_close(take(r));
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = free_account(tx, ids[i]);
	return rc;
}
