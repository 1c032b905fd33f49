#include "control/cluster/instances.h"
#include "base/log.h"
#include "control/cluster/singletons.h"
#include "control/control.h"
#include "control/quotas/meter_rows.h"

static enum rc count_others(struct tx *tx, int64_t *ret)
{
	static const struct store_query count = {
		.sql = "SELECT COUNT(*) FROM instances WHERE id <> $1 AND until > $2"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &count,
		STORE_ARGS(store_text(tx->control->instance_id), store_int(tx->now_ms)), &r, tx->fault);
	if (rc == RC_OK)
		*ret = store_col_int(r, 0);
	return rc;
}

static enum rc add_row(struct tx *tx)
{
	static const struct store_query add = {
		.sql = "INSERT INTO instances (id, node, version, started_at, until) VALUES ($1, $2, $3, $4, $5)"
	};
	const char *node = tx->control->conf->node;

	return store_do(tx->db, &add,
		STORE_ARGS(store_text(tx->control->instance_id), store_text(node ? node : ""),
			store_text(FOOTPLATE_VERSION), store_int(tx->control->started_ms),
			store_int(tx->now_ms + SINGLETONS_MS)),
		tx->fault);
}

/* Who lived here before is dead, and its roles are free. */
static enum rc drop_predecessor(struct tx *tx)
{
	static const struct store_query drop = { .sql = "DELETE FROM instances WHERE node = $1" };
	static const struct store_query roles = {
		.sql = "DELETE FROM singletons WHERE holder NOT IN (SELECT id FROM instances)"
	};
	const char *node = tx->control->conf->node;

	if (!node)
		return RC_OK;
	enum rc rc = store_do(tx->db, &drop, STORE_ARGS(store_text(node)), tx->fault);
	if (rc == RC_OK)
		rc = store_do(tx->db, &roles, STORE_NO_ARGS, tx->fault);
	return rc == RC_OK ? meter_rows_purge(tx) : rc;
}

enum rc instances_enter(struct tx *tx, int64_t *ret_others)
{
	enum rc rc = drop_predecessor(tx);
	if (rc == RC_OK)
		rc = add_row(tx);
	return rc == RC_OK ? count_others(tx, ret_others) : rc;
}

/* Rows of instances that are silent for too long go. One instance does that, as another's clock may be ahead. */
static enum rc drop_dead(struct tx *tx)
{
	static const struct store_query drop = {
		.sql = "DELETE FROM instances WHERE id <> $1 AND until < $2 RETURNING id, node"
	};
	auto_rows struct store_rows *r = NULL;
	bool held = false, row = false, gone = false;

	enum rc rc = singletons_hold(tx, "instances", &held);
	if (rc != RC_OK || !held)
		return rc;
	rc = store_run(tx->db, &drop,
		STORE_ARGS(store_text(tx->control->instance_id),
			store_int(tx->now_ms + SINGLETONS_MS - INSTANCES_DEAD_MS)),
		&r, tx->fault);
	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		log_warn(tx->control->log, "a control plane is gone instance=%s node=%s", store_col_text(r, 0),
			store_col_text(r, 1));
		gone = true;
	}
	store_close(take(r));
	return rc == RC_OK && gone ? meter_rows_purge(tx) : rc;
}

enum rc instances_beat(struct tx *tx, int64_t *ret_others, bool *ret_lost)
{
	static const struct store_query beat = {
		.sql = "UPDATE instances SET until = $2 WHERE id = $1 RETURNING id"
	};
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_one(tx->db, &beat,
		STORE_ARGS(store_text(tx->control->instance_id), store_int(tx->now_ms + SINGLETONS_MS)), &r,
		tx->fault);
	store_close(take(r));
	*ret_lost = rc == RC_MISSING;
	if (rc == RC_MISSING)
		rc = add_row(tx);
	if (rc == RC_OK)
		rc = singletons_renew(tx);
	if (rc == RC_OK)
		rc = drop_dead(tx);
	return rc == RC_OK ? count_others(tx, ret_others) : rc;
}

enum rc instances_leave(struct tx *tx)
{
	static const struct store_query drop = { .sql = "DELETE FROM instances WHERE id = $1" };
	enum rc rc = singletons_release(tx);
	return rc == RC_OK ? store_do(tx->db, &drop, STORE_ARGS(store_text(tx->control->instance_id)), tx->fault)
			   : rc;
}
