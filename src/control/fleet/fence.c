#include "control/fleet/fence.h"

enum rc fence_check(struct tx *tx, const char *agent_id, int64_t session, bool *ret_current)
{
	static const struct store_query find = { .sql = "SELECT session FROM agents WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(agent_id)), &r, tx->fault);
	*ret_current = rc == RC_OK && store_col_int(r, 0) == session;
	return rc == RC_MISSING ? RC_OK : rc;
}
