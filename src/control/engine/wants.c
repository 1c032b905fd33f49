#include "control/engine/wants.h"
#include "control/fleet/states.h"

static bool is_login(const char *action) { return !strcmp(action, "session.login"); }

bool wants_say(const char *action) { return is_login(action) || !strcmp(action, "session.logout"); }

enum rc wants_set(struct tx *tx, const char *action, const char *account_id)
{
	return states_want_online(tx, account_id, is_login(action));
}

enum rc wants_due(struct tx *tx, const char *job_id, const char *action, const char *account_id)
{
	static const struct store_query find = { .sql = "SELECT dry_run FROM jobs WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;

	if (!account_id || !wants_say(action))
		return RC_OK;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(job_id)), &r, tx->fault);
	bool dry = rc == RC_OK && store_col_int(r, 0) != 0;
	store_close(take(r));
	return rc == RC_OK && !dry ? wants_set(tx, action, account_id) : rc;
}
