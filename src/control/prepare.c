#include "control/prepare.h"
#include "base/log.h"
#include "contract/store.h"
#include "control/access/keys.h"
#include "control/budgets/budgets.h"
#include "control/cluster/instances.h"
#include "control/control.h"
#include "control/engine/outcome.h"
#include "control/fleet/bots.h"
#include "control/keyring/keyring_open.h"
#include "control/migrate.h"
#include "control/recovery/heal.h"
#include "io/clock.h"

#include <stdio.h>

#define OPENS_MAX 8

/* The epoch of the event log: made with the database, so that a cursor of another one is known as such. */
static enum rc open_epoch(struct control *c, struct store_conn *db, struct fault *f)
{
	static const struct store_query find = { .sql = "SELECT value FROM meta WHERE name = 'epoch'" };
	static const struct store_query make = { .sql = "INSERT INTO meta (name, value) VALUES ('epoch', $1)" };
	auto_rows struct store_rows *r = NULL;
	uint8_t random[4];

	enum rc rc = store_one(db, &find, STORE_NO_ARGS, &r, f);
	if (rc == RC_OK) {
		snprintf(c->epoch, sizeof(c->epoch), "%s", store_col_text(r, 0));
		return RC_OK;
	}
	if (rc != RC_MISSING)
		return rc;
	clock_random(random, sizeof(random));
	snprintf(c->epoch, sizeof(c->epoch), "e%02x%02x%02x%02x", random[0], random[1], random[2], random[3]);
	return store_do(db, &make, STORE_ARGS(store_text(c->epoch)), f);
}

/* The first of the control planes gives the agents a whole lease to come back; another finds the leases renewed. */
static enum rc revive(struct tx *tx, int64_t *ret_others)
{
	enum rc rc = instances_enter(tx, ret_others);

	if (rc != RC_OK || *ret_others)
		return rc;
	rc = outcome_revive(tx);
	if (rc == RC_OK)
		rc = bots_revive(tx);
	return rc == RC_OK ? budgets_revive(tx) : rc;
}

static enum rc heal(struct tx *tx)
{
	struct heal_report n;
	bool healed = false;
	enum rc rc = heal_restored(tx, &healed, &n);

	if (healed)
		log_warn(tx->control->log,
			"the database was put back from a backup: agents are fenced requeued=%lld probed=%lld "
			"doubted=%lld",
			(long long)n.requeued, (long long)n.probed, (long long)n.doubted);
	return rc;
}

static enum rc enter(struct control *c, struct store_conn *db, int64_t *ret_others, struct fault *f)
{
	struct arena arena = { 0 };
	struct tx tx = { .control = c,
		.db = db,
		.arena = &arena,
		.fault = f,
		.now_ms = c->started_ms,
		.actor = "system",
		.peer = "",
		.trace_id = "" };

	enum rc rc = store_begin(db, f);
	if (rc == RC_OK) {
		rc = heal(&tx);
		if (rc == RC_OK)
			rc = open_epoch(c, db, f);
		if (rc == RC_OK)
			rc = revive(&tx, ret_others);
		if (rc == RC_OK)
			rc = keyring_open_enter(&tx);
		if (rc == RC_OK)
			rc = store_commit(db, f);
		else
			store_rollback(db);
	}
	arena_done(&arena);
	return rc;
}

enum rc prepare_database(struct control *c, int64_t *ret_others, struct fault *f)
{
	__attribute__((cleanup(own_store_conn_p))) struct store_conn *db = NULL;
	size_t ran = 0;

	enum rc rc = store_connect(c->store, STORE_WRITE, &db, f);
	if (rc == RC_OK)
		rc = migrate_run(db, &ran, f);
	if (rc == RC_OK && ran)
		log_info(c->log, "database migrated steps=%zu", ran);
	if (rc == RC_OK)
		rc = adopt_records(c, db, f);
	for (int i = 0; rc == RC_OK; i++) {
		rc = keyring_open(c, db, f);
		if (rc == RC_OK)
			rc = enter(c, db, ret_others, f);
		if (rc != RC_STALE || i == OPENS_MAX)
			break;
		rc = RC_OK; /* somebody added a key meanwhile */
	}
	return rc == RC_OK ? keys_first(c, db, f) : rc;
}
