#include "control/engine/job_limits.h"
#include "control/access/audit.h"
#include "control/engine/moves.h"
#include "control/engine/park.h"
#include "control/events/events.h"
#include "control/http/route.h"
#include "model/job.h"

#define JOBS_AT_ONCE 64

/* Reads the texts of one column. */
static enum rc texts(struct tx *tx, const struct store_query *q, struct store_args args, size_t max,
	const char ***ret, size_t *ret_n)
{
	const char **at = arena_take(tx->arena, (max + 1) * sizeof(*at));
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	size_t n = 0;
	enum rc rc = at ? store_run(tx->db, q, args, &r, tx->fault) : RC_NOMEM;

	while (rc == RC_OK && n < max && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		at[n] = arena_str(tx->arena, store_col_text(r, 0));
		rc = at[n++] ? RC_OK : RC_NOMEM;
	}
	*ret = at;
	*ret_n = n;
	return rc;
}

enum rc job_limits_end(struct tx *tx, const char *task_id, const char *reason)
{
	struct moves_task t = { 0 };
	enum rc rc = moves_load(tx, task_id, &t);

	if (rc != RC_OK || t.status != TASK_QUEUED)
		return rc;
	/* What an attempt before may have done is not undone by the end of the job: that stays to be found out. */
	if (t.probe)
		return RC_OK;
	if (!strcmp(reason, JOB_END_DEADLINE))
		return moves_expire(tx, &t);
	return moves_cancel(tx, &t);
}

enum rc job_limits_offline(struct tx *tx, const char *task_id)
{
	const char *error = moves_error(tx, "account_offline", "the account is not online", true);
	struct moves_task t = { 0 };
	enum rc rc = error ? moves_load(tx, task_id, &t) : RC_NOMEM;
	t.code = "account_offline";
	return rc == RC_OK ? moves_give_up(tx, &t, error) : rc;
}

/* Some of the job's tasks. *ret_done: nothing of it waits any more. */
static enum rc end_some(struct tx *tx, const char *job_id, size_t *room, bool *ret_done)
{
	static const struct store_query open = { .sql = "SELECT id FROM tasks WHERE job_id = $1 AND status = "
							"'queued' AND probe = 0 ORDER BY id LIMIT "
							"$2" };
	static const struct store_query why = { .sql = "SELECT stop_reason FROM jobs WHERE id = $1" };
	static const struct store_query ask = {
		.sql = "UPDATE tasks SET cancel_asked = 1 WHERE job_id = $1 AND status IN ('leased', 'running') "
		       "AND cancel_asked = 0"
	};
	const char **ids, **reason;
	size_t n = 0, one = 0;
	enum rc rc = texts(tx, &why, STORE_ARGS(store_text(job_id)), 1, &reason, &one);

	if (rc == RC_OK)
		rc = texts(tx, &open, STORE_ARGS(store_text(job_id), store_int((int64_t)*room)), *room, &ids, &n);
	for (size_t i = 0; rc == RC_OK && one && i < n; i++)
		rc = job_limits_end(tx, ids[i], reason[0]);
	*ret_done = n < *room;
	*room -= n;
	tx->cancels = true;
	return rc == RC_OK ? store_do(tx->db, &ask, STORE_ARGS(store_text(job_id)), tx->fault) : rc;
}

enum rc job_limits_scan(struct tx *tx)
{
	static const struct store_query due = {
		.sql = "SELECT id FROM jobs WHERE deadline > 0 AND finished_at = 0 AND stop_reason IS NULL AND "
		       "deadline <= $1 ORDER BY deadline LIMIT $2"
	};
	static const struct store_query ending = {
		.sql = "SELECT id FROM jobs WHERE ending = 1 ORDER BY id LIMIT $1"
	};
	static const struct store_query done = { .sql = "UPDATE jobs SET ending = 0 WHERE id = $1" };
	size_t n = 0, room = JOB_LIMITS_AT_ONCE;
	const char **ids;
	enum rc rc =
		texts(tx, &due, STORE_ARGS(store_int(tx->now_ms), store_int(JOBS_AT_ONCE)), JOBS_AT_ONCE, &ids, &n);

	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = job_end_because(tx, ids[i], JOB_END_DEADLINE);
	if (rc == RC_OK)
		rc = texts(tx, &ending, STORE_ARGS(store_int(JOBS_AT_ONCE)), JOBS_AT_ONCE, &ids, &n);
	for (size_t i = 0; rc == RC_OK && i < n && room; i++) {
		bool over = false;
		rc = end_some(tx, ids[i], &room, &over);
		if (rc == RC_OK && over)
			rc = store_do(tx->db, &done, STORE_ARGS(store_text(ids[i])), tx->fault);
	}
	return rc;
}

static enum rc told(struct call *c, const char *job_id, const char *type, const char *deed)
{
	enum rc rc = events_add(&c->tx, &(struct event){ .type = type, .job_id = job_id });
	return rc == RC_OK ? audit_add(&c->tx, deed, job_id) : rc;
}

/* The status that the pause of a job, or its end, makes. *ret_was: it was as it is to be. */
static enum rc set_paused(struct call *c, const char *job_id, bool paused, bool *ret_was)
{
	static const struct store_query look = {
		.sql = "SELECT paused, total, queued, finished_at FROM jobs WHERE id = $1"
	};
	static const struct store_query set = {
		.sql = "UPDATE jobs SET paused = $2, status = $3, updated_at = $4 WHERE id = $1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(c->tx.db, &look, STORE_ARGS(store_text(job_id)), &r, c->tx.fault);

	if (rc != RC_OK)
		return rc;
	*ret_was = (store_col_int(r, 0) != 0) == paused;
	bool untouched = store_col_int(r, 1) == store_col_int(r, 2), over = store_col_int(r, 3) != 0;
	store_close(take(r));
	if (over)
		return fault_set(c->tx.fault, RC_CONFLICT, "the job is over");
	if (*ret_was)
		return RC_OK;
	enum job_status open = untouched ? JOB_QUEUED : JOB_RUNNING;
	return store_do(c->tx.db, &set,
		STORE_ARGS(store_text(job_id), store_int(paused), store_text(job_words[paused ? JOB_PAUSED : open]),
			store_int(c->tx.now_ms)),
		c->tx.fault);
}

enum rc job_limits_pause(struct call *c, const char *job_id)
{
	bool was = false;
	enum rc rc = set_paused(c, job_id, true, &was);
	return rc == RC_OK && !was ? told(c, job_id, "job.paused", "job.pause") : rc;
}

enum rc job_limits_resume(struct call *c, const char *job_id)
{
	bool was = false;
	enum rc rc = set_paused(c, job_id, false, &was);

	if (rc == RC_OK && !was)
		rc = told(c, job_id, "job.resumed", "job.resume");
	tx_ring(&c->tx, NULL);
	return rc == RC_OK ? park_resume(&c->tx, job_id) : rc;
}
