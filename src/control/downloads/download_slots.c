#include "control/downloads/download_slots.h"
#include "control/control.h"
#include "control/fleet/roster.h"

static enum rc count_running(struct tx *tx, int64_t *ret)
{
	static const struct store_query count = { .sql = "SELECT COUNT(*) FROM downloads WHERE finished_at = 0 AND "
							 "state NOT IN ('queued', 'attached', "
							 "'paused')" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &count, STORE_NO_ARGS, &r, tx->fault);

	*ret = rc == RC_OK ? store_col_int(r, 0) : 0;
	return rc;
}

/* As many as the setting says, and no more than the agents take. When none is connected, tasks may wait for one. */
static enum rc count_slots(struct tx *tx, int64_t *ret)
{
	uint32_t slots = tx->control->conf->download_slots;
	int64_t agents = 0;
	enum rc rc = roster_downloads(tx, &agents);

	*ret = slots ? slots : DOWNLOAD_SLOTS;
	if (agents > 0 && agents < *ret)
		*ret = agents;
	return rc;
}

enum rc download_slots_count(struct tx *tx, int64_t *ret_running, int64_t *ret_slots)
{
	enum rc rc = count_running(tx, ret_running);
	return rc == RC_OK ? count_slots(tx, ret_slots) : rc;
}
