#include "control/cluster/singletons.h"
#include "control/control.h"

static enum rc take_role(struct tx *tx, const char *name)
{
	static const struct store_query set = {
		.sql = "INSERT INTO singletons (name, holder, until, term) VALUES ($1, $2, $3, 1) ON CONFLICT "
		       "(name) DO "
		       "UPDATE SET holder = $2, until = $3, term = singletons.term + 1"
	};
	return store_do(tx->db, &set,
		STORE_ARGS(store_text(name), store_text(tx->control->instance_id),
			store_int(tx->now_ms + SINGLETONS_MS)),
		tx->fault);
}

enum rc singletons_hold(struct tx *tx, const char *name, bool *ret_held)
{
	static const struct store_query find = { .sql = "SELECT holder, until FROM singletons WHERE name = $1" };
	auto_rows struct store_rows *r = NULL;

	*ret_held = false;
	if (atomic_load(&tx->control->draining))
		return RC_OK;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(name)), &r, tx->fault);
	if (rc != RC_OK && rc != RC_MISSING)
		return rc;
	bool mine = rc == RC_OK && !strcmp(store_col_text(r, 0), tx->control->instance_id);
	bool taken = rc == RC_OK && store_col_int(r, 1) > tx->now_ms;
	store_close(take(r));
	if (!mine && taken)
		return RC_OK;
	rc = mine ? RC_OK : take_role(tx, name);
	*ret_held = rc == RC_OK;
	return rc;
}

enum rc singletons_renew(struct tx *tx)
{
	static const struct store_query set = { .sql = "UPDATE singletons SET until = $2 WHERE holder = $1" };
	return store_do(tx->db, &set,
		STORE_ARGS(store_text(tx->control->instance_id), store_int(tx->now_ms + SINGLETONS_MS)), tx->fault);
}

enum rc singletons_release(struct tx *tx)
{
	static const struct store_query set = { .sql = "DELETE FROM singletons WHERE holder = $1" };
	return store_do(tx->db, &set, STORE_ARGS(store_text(tx->control->instance_id)), tx->fault);
}
