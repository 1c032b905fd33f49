#include "control/sweep.h"
#include "control/tx.h"

#define QUIET_KEEP_MS   3600000
#define QUIET_SWEEP_MAX 2000 /* jobs that one sweep forgets */

#define OLD                                                                                                       \
	"(SELECT id FROM jobs WHERE quiet = 1 AND finished_at > 0 AND finished_at < $1 ORDER BY finished_at, id " \
	"LIMIT $2)"

enum rc quiet_sweep(struct tx *tx)
{
	static const struct store_query each[] = {
		{ .sql = "DELETE FROM attempts WHERE task_id IN (SELECT id FROM tasks WHERE job_id IN " OLD ")" },
		{ .sql = "DELETE FROM tasks WHERE job_id IN " OLD },
		{ .sql = "DELETE FROM jobs WHERE id IN " OLD },
	};
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < sizeof(each) / sizeof(*each); i++)
		rc = store_do(tx->db, &each[i],
			STORE_ARGS(store_int(tx->now_ms - QUIET_KEEP_MS), store_int(QUIET_SWEEP_MAX)), tx->fault);
	return rc;
}
