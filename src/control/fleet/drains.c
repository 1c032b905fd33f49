#include "control/fleet/drains.h"
#include "base/when.h"
#include "control/access/audit.h"
#include "control/engine/park.h"
#include "control/events/events.h"

#define AT_ONCE 256 /* agents */

const struct field drains_fields[] = {
	{ .name = "deadlineMs",
		.type = FIELD_U32,
		FIELD_AT(struct drains_in, deadline_ms),
		.max = DRAINS_MS_MAX,
		.def = DRAINS_MS_DEFAULT,
		.doc = "Accounts whose tasks still run are logged off after so many milliseconds." },
	{ 0 },
};

/* The agent was changed: tells so. `rc` is of the query that changed it and has its region. */
static enum rc told(struct tx *tx, enum rc rc, struct store_rows **r, const struct event *e, const char *deed)
{
	const char *region = rc == RC_OK ? arena_str(tx->arena, store_col_text(*r, 0)) : NULL;
	struct event with = *e;

	store_close(take(*r));
	with.region_id = region;
	if (rc == RC_OK)
		rc = events_add(tx, &with);
	return rc == RC_OK && deed ? audit_add(tx, deed, e->resource) : rc;
}

/* It was nothing new, the agent was revoked, or there is none. */
static enum rc unchanged(struct tx *tx, const char *agent_id)
{
	static const struct store_query find = { .sql = "SELECT state FROM agents WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(agent_id)), &r, tx->fault);

	if (rc == RC_OK && !strcmp(store_col_text(r, 0), "revoked"))
		return fault_set(tx->fault, RC_CONFLICT, "the agent was revoked");
	return rc;
}

enum rc drains_cordon(struct tx *tx, const char *agent_id, bool cordoned)
{
	static const struct store_query set = { .sql = "UPDATE agents SET cordoned = $2, updated_at = $3 WHERE id "
						       "= $1 AND cordoned <> $2 AND state <> "
						       "'revoked' RETURNING region_id" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &set,
		STORE_ARGS(store_text(agent_id), store_int(cordoned), store_int(tx->now_ms)), &r, tx->fault);

	if (rc == RC_MISSING)
		return unchanged(tx, agent_id);
	rc = told(tx, rc, &r,
		&(struct event){ .type = cordoned ? "agent.cordoned" : "agent.uncordoned", .resource = agent_id },
		cordoned ? "agent.cordon" : "agent.uncordon");
	return rc == RC_OK && !cordoned ? park_places(tx) : rc;
}

enum rc drains_begin(struct tx *tx, const char *agent_id, uint32_t deadline_ms)
{
	static const struct store_query set = { .sql = "UPDATE agents SET drain_until = $2, drained_at = 0, "
						       "updated_at = $3 WHERE id = $1 AND state <> "
						       "'revoked' RETURNING region_id" };
	auto_rows struct store_rows *r = NULL;
	int64_t until = tx->now_ms + deadline_ms;
	char when[WHEN_MAX];
	enum rc rc = store_one(tx->db, &set,
		STORE_ARGS(store_text(agent_id), store_int(until), store_int(tx->now_ms)), &r, tx->fault);

	if (rc == RC_MISSING)
		return unchanged(tx, agent_id);
	when_text(when, until);
	const char *payload = arena_fmt(tx->arena, "{\"until\":\"%s\"}", when);
	return told(tx, rc, &r,
		&(struct event){ .type = "agent.draining", .resource = agent_id, .payload = payload },
		"agent.drain");
}

enum rc drains_end(struct tx *tx, const char *agent_id)
{
	static const struct store_query set = { .sql = "UPDATE agents SET drain_until = 0, drained_at = 0, "
						       "updated_at = $2 WHERE id = $1 AND drain_until "
						       "> 0 AND state <> 'revoked' RETURNING region_id" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc =
		store_one(tx->db, &set, STORE_ARGS(store_text(agent_id), store_int(tx->now_ms)), &r, tx->fault);

	if (rc == RC_MISSING)
		return unchanged(tx, agent_id);
	rc = told(tx, rc, &r, &(struct event){ .type = "agent.undrained", .resource = agent_id }, "agent.undrain");
	return rc == RC_OK ? park_places(tx) : rc;
}

static enum rc ids_of(
	struct tx *tx, const struct store_query *q, struct store_args args, const char ***ret, size_t *ret_n)
{
	const char **ids = arena_take(tx->arena, AT_ONCE * sizeof(*ids));
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	size_t n = 0;
	enum rc rc = ids ? store_run(tx->db, q, args, &r, tx->fault) : RC_NOMEM;

	while (rc == RC_OK && n < AT_ONCE && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		ids[n] = arena_str(tx->arena, store_col_text(r, 0));
		rc = ids[n++] ? RC_OK : RC_NOMEM;
	}
	*ret = ids;
	*ret_n = n;
	return rc;
}

enum rc drains_cordon_region(struct tx *tx, const char *region_id, bool cordoned)
{
	static const struct store_query set = {
		.sql = "UPDATE regions SET cordoned = $2, version = version + 1, updated_at = $3 WHERE id = $1 AND "
		       "cordoned <> $2 RETURNING id"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &set,
		STORE_ARGS(store_text(region_id), store_int(cordoned), store_int(tx->now_ms)), &r, tx->fault);

	store_close(take(r));
	if (rc != RC_OK) /* it was so before, or there is none: who asks for it then finds out */
		return rc == RC_MISSING ? RC_OK : rc;
	rc = events_add(tx, &(struct event){ .type = cordoned ? "region.cordoned" : "region.uncordoned",
				    .region_id = region_id });
	if (rc == RC_OK)
		rc = audit_add(tx, cordoned ? "region.cordon" : "region.uncordon", region_id);
	return rc == RC_OK && !cordoned ? park_places(tx) : rc;
}

enum rc drains_begin_region(struct tx *tx, const char *region_id, uint32_t deadline_ms)
{
	static const struct store_query all = { .sql = "SELECT id FROM agents WHERE region_id = $1 AND state <> "
						       "'revoked' AND drain_until = 0 LIMIT $2" };
	const char **ids;
	size_t n = 0;
	enum rc rc = drains_cordon_region(tx, region_id, true);

	do { /* whoever joins later is cordoned with the region */
		if (rc == RC_OK)
			rc = ids_of(tx, &all, STORE_ARGS(store_text(region_id), store_int(AT_ONCE)), &ids, &n);
		for (size_t i = 0; rc == RC_OK && i < n; i++)
			rc = drains_begin(tx, ids[i], deadline_ms);
	} while (rc == RC_OK && n == AT_ONCE);
	return rc;
}

enum rc drains_end_region(struct tx *tx, const char *region_id)
{
	static const struct store_query all = { .sql = "SELECT id FROM agents WHERE region_id = $1 AND state <> "
						       "'revoked' AND drain_until > 0 LIMIT $2" };
	const char **ids;
	size_t n = 0;
	enum rc rc = drains_cordon_region(tx, region_id, false);

	do {
		if (rc == RC_OK)
			rc = ids_of(tx, &all, STORE_ARGS(store_text(region_id), store_int(AT_ONCE)), &ids, &n);
		for (size_t i = 0; rc == RC_OK && i < n; i++)
			rc = drains_end(tx, ids[i]);
	} while (rc == RC_OK && n == AT_ONCE);
	return rc;
}

/* Accounts of the agent that no task needs now, or whose time is over, are to be logged off and given up. */
static enum rc give_up(struct tx *tx, const char *agent_id)
{
	static const struct store_query move = { .sql = "UPDATE accounts SET moving = 1, generation = generation + "
							"1, bot_version = bot_version + 1, used_at "
							"= $2 WHERE agent_id = $1 AND held = 1 AND moving <> 1 AND "
							"(NOT EXISTS (SELECT 1 FROM tasks t WHERE "
							"t.account_id = accounts.id AND t.status IN ('leased', "
							"'running')) OR EXISTS (SELECT 1 FROM agents g "
							"WHERE g.id = $1 AND g.drain_until <= $2)) RETURNING id" };
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	enum rc rc =
		store_run(tx->db, &move, STORE_ARGS(store_text(agent_id), store_int(tx->now_ms)), &r, tx->fault);

	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row)
		tx->bots = true;
	return rc;
}

static enum rc note_empty(struct tx *tx, const char *agent_id)
{
	static const struct store_query set = { .sql = "UPDATE agents SET drained_at = $2 WHERE id = $1 AND NOT "
						       "EXISTS (SELECT 1 FROM accounts WHERE agent_id "
						       "= $1 AND held = 1) AND NOT EXISTS (SELECT 1 FROM tasks "
						       "WHERE agent_id = $1 AND status IN ('leased', "
						       "'running')) RETURNING region_id" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc =
		store_one(tx->db, &set, STORE_ARGS(store_text(agent_id), store_int(tx->now_ms)), &r, tx->fault);

	if (rc == RC_MISSING)
		return RC_OK;
	return told(tx, rc, &r, &(struct event){ .type = "agent.drained", .resource = agent_id }, NULL);
}

enum rc drains_scan(struct tx *tx)
{
	static const struct store_query draining = {
		.sql = "SELECT id FROM agents WHERE drain_until > 0 AND drained_at = 0 ORDER BY id LIMIT $1"
	};
	const char **ids;
	size_t n = 0;
	enum rc rc = ids_of(tx, &draining, STORE_ARGS(store_int(AT_ONCE)), &ids, &n);

	for (size_t i = 0; rc == RC_OK && i < n; i++) {
		rc = give_up(tx, ids[i]);
		if (rc == RC_OK)
			rc = note_empty(tx, ids[i]);
	}
	return rc;
}
