#include "control/engine/effects.h"
#include "control/engine/moves.h"

#include <string.h>

/* Has another agent got the account meanwhile? */
static enum rc account_is_its(struct tx *tx, const char *account_id, const char *agent_id, bool *ret)
{
	static const struct store_query find = {
		.sql = "SELECT agent_id FROM accounts WHERE id = $1 AND held = 1"
	};
	auto_rows struct store_rows *r = NULL;

	*ret = true;
	if (!account_id)
		return RC_OK;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(account_id)), &r, tx->fault);
	const char *has = rc == RC_OK ? store_col_text(r, 0) : NULL;
	*ret = has && !strcmp(has, agent_id);
	return rc == RC_MISSING ? RC_OK : rc;
}

enum rc effects_begin(struct tx *tx, const char *agent_id, const struct tunnel_msg_effect *m, bool *ret_ok)
{
	struct moves_task t = { 0 };
	bool its = false;

	*ret_ok = false;
	enum rc rc = moves_held(tx, agent_id, m->task_id, m->attempt, &t);
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	rc = account_is_its(tx, t.account_id, agent_id, &its);
	if (rc != RC_OK || !its || t.cancel_asked || t.lease_until <= tx->now_ms)
		return rc;
	rc = moves_intend(
		tx, &t, m->effect ? arena_strn(tx->arena, m->effect, strnlen(m->effect, EFFECTS_TEXT_MAX)) : "");
	*ret_ok = rc == RC_OK;
	return rc;
}
