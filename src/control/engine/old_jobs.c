#include "control/control.h"
#include "control/sweep.h"
#include "control/tx.h"

#define SWEEP_JOBS  100  /* that one sweep looks at */
#define SWEEP_TASKS 5000 /* that it forgets, and those of one job more */

static enum rc forget(struct tx *tx, const char *job_id)
{
#define OF_TASKS "WHERE task_id IN (SELECT id FROM tasks WHERE job_id = $1)"
	static const struct store_query each[] = {
		{ .sql = "DELETE FROM attempts " OF_TASKS },
		{ .sql = "DELETE FROM resolutions " OF_TASKS },
		{ .sql = "DELETE FROM dead_letters WHERE job_id = $1" },
		{ .sql = "DELETE FROM tasks WHERE job_id = $1" },
		{ .sql = "DELETE FROM jobs WHERE id = $1" },
	};
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < sizeof(each) / sizeof(*each); i++)
		rc = store_put(tx->db, &each[i], STORE_ARGS(store_text(job_id)), tx->fault);
	return rc;
}

/* The oldest first. Tasks that need attention are not over, and neither is their job. */
static enum rc find(struct tx *tx, int64_t before, const char *ret_ids[static SWEEP_JOBS], size_t *ret_n)
{
	static const struct store_query old = {
		.sql = "SELECT id, total FROM jobs WHERE quiet = 0 AND finished_at > 0 AND finished_at < $1 "
		       "ORDER BY finished_at, id LIMIT $2"
	};
	auto_rows struct store_rows *r = NULL;
	int64_t tasks = 0;
	bool row = false;
	size_t n = 0;

	enum rc rc = store_run(tx->db, &old, STORE_ARGS(store_int(before), store_int(SWEEP_JOBS)), &r, tx->fault);
	while (rc == RC_OK && tasks < SWEEP_TASKS && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		tasks += store_col_int(r, 1);
		ret_ids[n] = arena_str(tx->arena, store_col_text(r, 0));
		rc = ret_ids[n++] ? RC_OK : RC_NOMEM;
	}
	*ret_n = n;
	return rc;
}

enum rc old_jobs_sweep(struct tx *tx, bool *ret_more)
{
	int64_t keep_ms = atomic_load(&tx->control->conf->jobs_keep_ms);
	const char *ids[SWEEP_JOBS];
	size_t n = 0;

	enum rc rc = keep_ms ? find(tx, tx->now_ms - keep_ms, ids, &n) : RC_OK;
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = forget(tx, ids[i]);
	*ret_more |= n > 0; /* until one finds nothing */
	return rc;
}
