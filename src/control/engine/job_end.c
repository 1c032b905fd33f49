#include "control/engine/job_end.h"
#include "control/events/events.h"
#include "model/job.h"

enum rc job_end_because(struct tx *tx, const char *job_id, const char *reason)
{
	static const struct store_query set = { .sql = "UPDATE jobs SET stop_reason = $2, ending = 1, updated_at = "
						       "$3 WHERE id = $1 AND stop_reason "
						       "IS NULL AND finished_at = 0 RETURNING id" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &set,
		STORE_ARGS(store_text(job_id), store_text(reason), store_int(tx->now_ms)), &r, tx->fault);

	store_close(take(r));
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	const char *payload = arena_fmt(tx->arena, "{\"reason\":\"%s\"}", reason);
	return payload ? events_add(tx,
				 &(struct event){ .type = "job.stopping", .job_id = job_id, .payload = payload })
		       : RC_NOMEM;
}

enum rc job_end_failed(struct tx *tx, const char *job_id)
{
	static const struct store_query look = {
		.sql = "SELECT total, failed, stop_count, stop_percent FROM jobs WHERE id = $1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &look, STORE_ARGS(store_text(job_id)), &r, tx->fault);

	if (rc != RC_OK)
		return rc;
	const struct job_summary s = { .total = (uint32_t)store_col_int(r, 0),
		.failed = (uint32_t)store_col_int(r, 1) };
	bool stops = job_stops(&s, (uint32_t)store_col_int(r, 2), (uint32_t)store_col_int(r, 3));
	store_close(take(r));
	return stops ? job_end_because(tx, job_id, JOB_END_FAILURES) : RC_OK;
}
