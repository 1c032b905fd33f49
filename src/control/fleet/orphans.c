#include "control/fleet/orphans.h"
#include "control/control.h"
#include "control/fleet/agents.h"

static enum rc orphan(struct tx *tx, const char *agent_id)
{
	static const struct store_query tasks = {
		.sql = "UPDATE tasks SET lease_until = $2 WHERE agent_id = $1 AND status IN ('leased', 'running')"
	};
	static const struct store_query bots = { .sql = "UPDATE agents SET lease_until = $2 WHERE id = $1" };
	int64_t until = tx->now_ms + tx->control->conf->lease_ms;

	enum rc rc = agents_gone(tx, agent_id, 0, "its control plane is gone");
	if (rc == RC_OK)
		rc = store_do(tx->db, &tasks, STORE_ARGS(store_text(agent_id), store_int(until)), tx->fault);
	return rc == RC_OK ? store_do(tx->db, &bots, STORE_ARGS(store_text(agent_id), store_int(until)), tx->fault)
			   : rc;
}

enum rc orphans_scan(struct tx *tx, size_t max)
{
	static const struct store_query find = {
		.sql = "SELECT id FROM agents WHERE state = 'connected' AND instance_id NOT IN (SELECT id FROM "
		       "instances) ORDER BY id LIMIT $1"
	};
	const char **ids = arena_take(tx->arena, (max + 1) * sizeof(*ids));
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	size_t n = 0;

	enum rc rc = ids ? store_run(tx->db, &find, STORE_ARGS(store_int((int64_t)max)), &r, tx->fault) : RC_NOMEM;
	while (rc == RC_OK && n < max && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		ids[n] = arena_str(tx->arena, store_col_text(r, 0));
		rc = ids[n++] ? RC_OK : RC_NOMEM;
	}
	store_close(take(r));
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = orphan(tx, ids[i]);
	return rc;
}
