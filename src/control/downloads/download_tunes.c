#include "control/downloads/download_tunes.h"
#include "control/control.h"
#include "control/rows.h"

static const struct field fields[] = {
	{ .name = "taskId", .type = FIELD_STR, FIELD_AT(struct download_tune, task_id) },
	{ .name = "agentId", .type = FIELD_STR, FIELD_AT(struct download_tune, agent_id) },
	{ .name = "attempt", .type = FIELD_U32, FIELD_AT(struct download_tune, attempt) },
	{ .name = "bps", .type = FIELD_I64, FIELD_AT(struct download_tune, bps) },
	{ 0 },
};

enum rc download_tunes_list(struct tx *tx, size_t max, struct field_list *ret)
{
	static const struct store_query all = {
		.sql = "SELECT t.id, t.agent_id, t.attempt, d.bandwidth_bps FROM downloads d JOIN tasks t ON t.id "
		       "= d.task_id "
		       "JOIN agents g ON g.id = t.agent_id WHERE d.tuned = 1 AND t.status IN ('leased', 'running') "
		       "AND "
		       "t.cancel_asked = 0 AND g.instance_id = $2 ORDER BY t.id LIMIT $1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_run(tx->db, &all,
		STORE_ARGS(store_int((int64_t)max), store_text(tx->control->instance_id)), &r, tx->fault);

	return rc == RC_OK ? rows_list(r, &(struct rows_into){ fields, tx->arena, NULL },
				     sizeof(struct download_tune), max, ret, tx->fault)
			   : rc;
}
