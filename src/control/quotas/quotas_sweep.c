#include "control/quotas/quotas.h"
#include "control/sweep.h"

/* Drops what is reserved for things that do not live any more. */
#define ORPHANS(resource, lives)                                                                            \
	{                                                                                                   \
		.sql = "DELETE FROM quota_reservations WHERE quota_id IN (SELECT q.id FROM quotas q WHERE " \
		       "q.resource = '" resource "') AND NOT EXISTS (SELECT 1 FROM " lives                  \
		       " AND t.id = quota_reservations.owner_id)"                                           \
	}

enum rc quotas_sweep(struct tx *tx)
{
	static const struct store_query any = { .sql = "SELECT 1 FROM quotas LIMIT 1" };
	static const struct store_query each[] = {
		ORPHANS(QUOTA_JOBS_ACTIVE, "jobs t WHERE t.finished_at = 0"),
		ORPHANS(QUOTA_TASKS_OPEN, "jobs t WHERE t.finished_at = 0"),
		ORPHANS(QUOTA_SCHEDULES, "schedules t WHERE 1 = 1"),
		ORPHANS(QUOTA_WATCHES, "watches t WHERE 1 = 1"),
		ORPHANS(QUOTA_WEBHOOKS, "webhooks t WHERE 1 = 1"),
		ORPHANS(QUOTA_API_KEYS, "api_keys t WHERE t.revoked_at = 0"),
		ORPHANS(QUOTA_DOWNLOADS,
			"downloads t WHERE t.finished_at = 0 AND t.state NOT IN ('queued', 'attached', 'paused')"),
		{ .sql = "UPDATE quota_reservations SET n = (SELECT COUNT(*) FROM tasks k WHERE k.job_id = "
			 "quota_reservations.owner_id AND k.finished_at = 0) WHERE quota_id IN (SELECT q.id FROM "
			 "quotas q WHERE q.resource = '" QUOTA_TASKS_OPEN "')" },
		{ .sql = "UPDATE quotas SET used = (SELECT COALESCE(SUM(r.n), 0) FROM quota_reservations r WHERE "
			 "r.quota_id = quotas.id) WHERE used <> (SELECT COALESCE(SUM(r.n), 0) FROM "
			 "quota_reservations r WHERE r.quota_id = quotas.id)" },
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &any, STORE_NO_ARGS, &r, tx->fault);

	store_close(take(r));
	for (size_t i = 0; rc == RC_OK && i < sizeof(each) / sizeof(*each); i++)
		rc = store_do(tx->db, &each[i], STORE_NO_ARGS, tx->fault);
	return rc == RC_MISSING ? RC_OK : rc;
}
