#include "control/quotas/quotas.h"
#include "control/quotas/quotas_sql.h"

#define MAKER(by)                                                                \
	"COALESCE((SELECT s.created_by FROM schedules s WHERE s.id = substr(" by \
	", 10)), (SELECT b.created_by FROM "                                     \
	"key_batches b WHERE b.id = substr(" by ", 7)), " by ")"

/* Reserves for what is there already: `of` selects id, tenant_id, maker and n of the resource's things. */
#define ADOPT(resource, of)                                                                              \
	{                                                                                                \
		.sql = "INSERT INTO quota_reservations (quota_id, owner_id, n) SELECT q.id, t.id, t.n "  \
		       "FROM quotas q JOIN (" of ") t ON t.tenant_id = q.tenant_id WHERE q.id = $1 AND " \
		       "q.resource = '" resource "' AND " QUOTAS_FITS("t.maker")                         \
	}

enum rc quotas_adopt(struct tx *tx, const char *quota_id)
{
	static const struct store_query each[] = {
		ADOPT(QUOTA_JOBS_ACTIVE,
			"SELECT j.id, j.tenant_id, " MAKER("j.created_by") " AS maker, 1 AS n FROM jobs j WHERE "
									   "j.finished_at = 0 AND j.quiet = 0"),
		ADOPT(QUOTA_TASKS_OPEN,
			"SELECT j.id, j.tenant_id, " MAKER(
				"j.created_by") " AS maker, (SELECT COUNT(*) FROM tasks k WHERE "
						"k.job_id = j.id AND k.finished_at = 0) AS n "
						"FROM jobs j WHERE j.finished_at = 0 AND j.quiet = 0"),
		ADOPT(QUOTA_SCHEDULES, "SELECT s.id, s.tenant_id, s.created_by AS maker, 1 AS n FROM schedules s"),
		ADOPT(QUOTA_WATCHES, "SELECT w.id, w.tenant_id, w.created_by AS maker, 1 AS n FROM watches w"),
		ADOPT(QUOTA_WEBHOOKS, "SELECT w.id, w.tenant_id, w.created_by AS maker, 1 AS n FROM webhooks w"),
		ADOPT(QUOTA_API_KEYS,
			"SELECT a.id, a.tenant_id, a.created_by AS maker, 1 AS n FROM api_keys a WHERE "
			"a.revoked_at = 0"),
		ADOPT(QUOTA_DOWNLOADS,
			"SELECT d.id, d.tenant_id, d.created_by AS maker, 1 AS n FROM downloads d WHERE d.finished_at = "
			"0 AND d.state NOT IN ('queued', 'attached', 'paused')"),
		{ .sql = "UPDATE quotas SET used = (SELECT COALESCE(SUM(r.n), 0) FROM quota_reservations r WHERE "
			 "r.quota_id = quotas.id) WHERE id = $1" },
		{ .sql = "UPDATE jobs SET quota_held = 1 WHERE id IN (SELECT r.owner_id FROM quota_reservations r "
			 "WHERE r.quota_id = $1)" },
	};

	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < sizeof(each) / sizeof(*each); i++)
		rc = store_do(tx->db, &each[i], STORE_ARGS(store_text(quota_id)), tx->fault);
	return rc;
}
