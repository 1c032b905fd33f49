#include "control/fleet/bots.h"
#include "control/control.h"
#include "control/events/events.h"
#include "control/fleet/challenges.h"
#include "control/fleet/roster.h"
#include "control/fleet/states.h"
#include "control/rows.h"
#include "model/account.h"
#include "wire/field_json.h"
#include "wire/json.h"

#include <inttypes.h>
#include <string.h>

enum account_mode bots_mode(const struct states_account *a, int64_t now_ms)
{
	bool over = a->want_until > 0 && a->want_until <= now_ms;
	bool off = !a->enabled || a->quarantined || a->moving || over || a->state == ACCOUNT_FAILED ||
		   a->state == ACCOUNT_DISABLED;
	return off ? ACCOUNT_MODE_OFFLINE : (enum account_mode)a->mode;
}

static enum rc tell_lease(
	struct tx *tx, const char *account_id, const char *agent_id, int64_t epoch, const char *reason)
{
	struct buf b = { 0 };

	buf_str(&b, "{\"agentId\":");
	json_put_str(&b, agent_id);
	buf_fmt(&b, ",\"epoch\":%" PRId64 ",\"reason\":", epoch);
	json_put_str(&b, reason);
	buf_u8(&b, '}');
	enum rc rc = b.bad ? RC_NOMEM
			   : events_add(tx, &(struct event){ .type = "account.lease_changed",
						    .account_id = account_id,
						    .payload = buf_text(&b) });
	buf_done(&b);
	return rc;
}

/* How many it holds, for the placement of others. */
static enum rc count(struct tx *tx, const char *agent_id, int64_t n)
{
	static const struct store_query set = { .sql = "UPDATE agents SET sessions = CASE WHEN sessions + $2 < 0 "
						       "THEN 0 ELSE sessions + $2 END WHERE id = "
						       "$1" };
	return agent_id ? store_do(tx->db, &set, STORE_ARGS(store_text(agent_id), store_int(n)), tx->fault) : RC_OK;
}

static enum rc give(struct tx *tx, const char *account_id, const char *agent_id)
{
	static const struct store_query set = {
		.sql = "UPDATE accounts SET held = 1, agent_id = $2, epoch = epoch + 1, moving = 0, bot_version = "
		       "bot_version + 1, bot_sent = 0, used_at = $3 WHERE id = $1 AND held = 0 RETURNING epoch"
	};
	static const struct store_query unsay = {
		.sql = "DELETE FROM bots_gone WHERE agent_id = $1 AND account_id = $2"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &set,
		STORE_ARGS(store_text(account_id), store_text(agent_id), store_int(tx->now_ms)), &r, tx->fault);
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_CONFLICT : rc;
	int64_t epoch = store_col_int(r, 0);
	store_close(take(r));
	tx->bots = true;
	rc = store_do(tx->db, &unsay, STORE_ARGS(store_text(agent_id), store_text(account_id)), tx->fault);
	if (rc == RC_OK)
		rc = count(tx, agent_id, 1);
	return rc == RC_OK ? tell_lease(tx, account_id, agent_id, epoch, "assigned") : rc;
}

enum rc bots_hold(struct tx *tx, const char *account_id, const char *agent_id)
{
	static const struct store_query use = {
		.sql = "UPDATE accounts SET used_at = $3 WHERE id = $1 AND held = 1 AND agent_id = $2 RETURNING id"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &use,
		STORE_ARGS(store_text(account_id), store_text(agent_id), store_int(tx->now_ms)), &r, tx->fault);
	store_close(take(r));
	return rc == RC_MISSING ? give(tx, account_id, agent_id) : rc;
}

enum rc bots_release(struct tx *tx, const char *account_id, const char *reason)
{
	static const struct store_query free_it = { .sql = "UPDATE accounts SET held = 0, moving = 0 WHERE id = $1 "
							   "AND held = 1 RETURNING agent_id, epoch" };
	static const struct store_query say = { .sql = "INSERT INTO bots_gone (agent_id, account_id, epoch, "
						       "reason, created_at) VALUES ($1, $2, $3, $4, "
						       "$5) ON CONFLICT (agent_id, account_id) DO UPDATE SET epoch "
						       "= $3, reason = $4, created_at = $5" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &free_it, STORE_ARGS(store_text(account_id)), &r, tx->fault);
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	const char *agent_id = arena_str(tx->arena, store_col_text(r, 0));
	int64_t epoch = store_col_int(r, 1);
	store_close(take(r));
	tx->bots = true;
	rc = store_do(tx->db, &say,
		STORE_ARGS(store_text(agent_id), store_text(account_id), store_int(epoch), store_text(reason),
			store_int(tx->now_ms)),
		tx->fault);
	if (rc == RC_OK)
		rc = count(tx, agent_id, -1);
	return rc == RC_OK ? tell_lease(tx, account_id, NULL, epoch, reason) : rc;
}

/* Wanted off for as long as it takes: bots_restarted ends it. */
static enum rc log_off(struct tx *tx, const char *account_id)
{
	static const struct store_query off = { .sql = "UPDATE accounts SET moving = 2, generation = generation + "
						       "1, bot_version = bot_version + 1, used_at = "
						       "$2 WHERE id = $1 AND moving = 0" };
	tx->bots = true;
	return store_do(tx->db, &off, STORE_ARGS(store_text(account_id), store_int(tx->now_ms)), tx->fault);
}

enum rc bots_restart(struct tx *tx, const char *account_id)
{
	struct states_account a = { 0 };

	enum rc rc = states_load(tx, account_id, &a);
	if (rc == RC_OK && (!a.enabled || a.mode == ACCOUNT_MODE_OFFLINE))
		return fault_set(
			tx->fault, RC_CONFLICT, "the account is not wanted online; set its desired state first");
	if (rc == RC_OK && (a.quarantined || a.state == ACCOUNT_QUARANTINED))
		return fault_set(tx->fault, RC_CONFLICT, "the account is quarantined; clear that first");
	if (rc == RC_OK && a.state == ACCOUNT_FAILED)
		return states_do(tx, &a, ACCOUNT_RETRIED, "be restarted");
	return rc == RC_OK && states_is_live(&a) ? log_off(tx, account_id) : rc;
}

enum rc bots_restarted(struct tx *tx, const struct states_account *a, int64_t seen_generation)
{
	static const struct store_query on = { .sql = "UPDATE accounts SET moving = 0, bot_version = bot_version + "
						      "1, used_at = $2 WHERE id = $1 AND moving = "
						      "2" };
	/* What the agent said before it knew of the restart is about the session of before. */
	if (!a->moving || states_is_live(a) || seen_generation < a->generation)
		return RC_OK;
	tx->bots = true;
	return store_do(tx->db, &on, STORE_ARGS(store_text(a->id), store_int(tx->now_ms)), tx->fault);
}

enum rc bots_place(struct tx *tx, const char *account_id)
{
	static const struct store_query move = {
		.sql = "UPDATE accounts SET moving = 1, generation = generation + 1, used_at = $2 WHERE id = $1 "
		       "AND held = "
		       "1 AND moving <> 1 AND EXISTS (SELECT 1 FROM agents g LEFT JOIN egresses e ON e.id = "
		       "accounts.egress_id WHERE g.id = accounts.agent_id AND ((accounts.region_hint IS NOT NULL "
		       "AND "
		       "accounts.region_hint <> g.region_id) OR (e.region_id IS NOT NULL AND e.region_id <> "
		       "g.region_id)))"
	};
	return store_do(tx->db, &move, STORE_ARGS(store_text(account_id), store_int(tx->now_ms)), tx->fault);
}

enum rc bots_welcome(struct tx *tx, const char *agent_id)
{
	static const struct store_query all = { .sql = "UPDATE accounts SET bot_version = bot_version + 1, "
						       "bot_sent = 0 WHERE agent_id = $1 AND held = 1" };
	tx->bots = true;
	return store_do(tx->db, &all, STORE_ARGS(store_text(agent_id)), tx->fault);
}

enum rc bots_revive(struct tx *tx)
{
	static const struct store_query renew = { .sql = "UPDATE agents SET lease_until = $1 WHERE id IN (SELECT "
							 "agent_id FROM accounts WHERE held = 1)" };
	return store_do(tx->db, &renew, STORE_ARGS(store_int(tx->now_ms + tx->control->conf->lease_ms)), tx->fault);
}

struct found {
	const char *id, *agent_id, *region_id, *egress_region, *egress_kind, *labels, *tenant_id;
};
static const struct field found_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct found, id) },
	{ .name = "agent_id", .type = FIELD_STR, FIELD_AT(struct found, agent_id) },
	{ .name = "region_id", .type = FIELD_STR, FIELD_AT(struct found, region_id) },
	{ .name = "egress_region", .type = FIELD_STR, FIELD_AT(struct found, egress_region) },
	{ .name = "egress_kind", .type = FIELD_STR, FIELD_AT(struct found, egress_kind) },
	{ .name = "labels", .type = FIELD_STR, FIELD_AT(struct found, labels) },
	{ .name = "tenant_id", .type = FIELD_STR, FIELD_AT(struct found, tenant_id) },
	{ 0 },
};

static enum rc find(struct tx *tx, const struct store_query *q, int64_t since, struct field_list *ret)
{
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_run(tx->db, q, STORE_ARGS(store_int(since), store_int(BOTS_AT_ONCE)), &r, tx->fault);
	return rc == RC_OK ? rows_list(r, &(struct rows_into){ found_fields, tx->arena, NULL },
				     sizeof(struct found), BOTS_AT_ONCE, ret, tx->fault)
			   : rc;
}

/* Its agent has no session of it any more: what it was doing has ended (18). What outlives a session stays. */
static enum rc end_session(struct tx *tx, struct states_account *a, const char *reason)
{
	enum account_state to = ACCOUNT_OFFLINE;

	if (a->state == ACCOUNT_CHALLENGE || a->state == ACCOUNT_COOLING_DOWN)
		return RC_OK;
	if (a->state == ACCOUNT_DRAINING && !a->enabled)
		return states_move(tx, a, ACCOUNT_DISABLED, &(struct states_why){ .reason = "disabled" });
	if (account_move((enum account_state)a->state, ACCOUNT_FENCED, NULL, &to, NULL) != RC_OK)
		return RC_OK;
	return states_move(tx, a, to, &(struct states_why){ .reason = reason });
}

enum rc bots_begun(struct tx *tx, struct states_account *a, int64_t seen_generation)
{
	enum rc rc = end_session(tx, a, "agent_restarted");
	return rc == RC_OK ? bots_restarted(tx, a, seen_generation) : rc;
}

static enum rc fenced(struct tx *tx, const char *account_id)
{
	struct states_account a = { 0 };
	enum rc rc = states_load(tx, account_id, &a);
	return rc == RC_OK ? end_session(tx, &a, "lease_lapsed") : rc;
}

static enum rc lapse(struct tx *tx)
{
	static const struct store_query lapsed = {
		.sql = "SELECT a.id, a.agent_id, NULL, NULL, NULL, NULL, NULL FROM agents g JOIN "
		       "accounts a ON a.agent_id = g.id AND a.held "
		       "= 1 WHERE g.lease_until < $1 LIMIT $2"
	};
	struct field_list list = { 0 };
	enum rc rc = find(tx, &lapsed, tx->now_ms - BOTS_GRACE_MS, &list);
	const struct found *f = list.at;

	for (size_t i = 0; rc == RC_OK && i < list.n; i++) {
		rc = fenced(tx, f[i].id);
		if (rc == RC_OK)
			rc = bots_release(tx, f[i].id, "lease_lapsed");
	}
	return rc;
}

/* The moment of an account's `until` has come: its agent is told, once. What is wanted stays as it was said. */
static enum rc end_times(struct tx *tx)
{
	static const struct store_query end = { .sql = "UPDATE accounts SET until_passed = want_until, bot_version "
						       "= bot_version + 1, used_at = $1 WHERE "
						       "held = 1 AND want_until > 0 AND want_until <= $1 AND "
						       "until_passed <> want_until RETURNING id" };
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	enum rc rc = store_run(tx->db, &end, STORE_ARGS(store_int(tx->now_ms)), &r, tx->fault);

	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row)
		tx->bots = true;
	return rc;
}

static enum rc place(struct tx *tx, const struct roster *r, const struct found *f)
{
	static const struct store_query later = { .sql = "UPDATE accounts SET used_at = $2 WHERE id = $1" };
	static const struct field labels_row = { .name = "labels", .type = FIELD_MAP };
	struct placement_task t = { .key = f->id,
		.tenant_id = f->tenant_id,
		.account = true,
		.region_id = f->region_id,
		.egress_region = f->egress_region,
		.egress_kind = f->egress_kind,
		.agent_id = f->agent_id };
	struct placement p;
	enum rc rc = r->rules.n ? field_json_text(&labels_row, f->labels, tx->arena, &t.labels, tx->fault) : RC_OK;

	if (rc != RC_OK)
		return rc;
	roster_choose(r, &t, &p);
	if (p.chosen == r->n) /* the others' turn comes first, next time */
		return store_do(tx->db, &later, STORE_ARGS(store_text(f->id), store_int(tx->now_ms)), tx->fault);
	r->agents[p.chosen].sessions++;
	return give(tx, f->id, r->agents[p.chosen].id);
}

static enum rc assign(struct tx *tx)
{
	/* Those that nobody could take are left out here: they must not stand in the way of the others. */
	static const struct store_query wanted = {
		.sql = "SELECT a.id, a.agent_id, a.region_hint, e.region_id, e.kind, a.labels, a.tenant_id FROM "
		       "accounts a LEFT "
		       "JOIN "
		       "egresses e ON e.id = a.egress_id WHERE a.held = 0 AND a.want_mode <> 'offline' AND "
		       "a.enabled "
		       "= 1 AND a.quarantined = 0 AND (a.want_until = 0 OR a.want_until > $1) AND a.state NOT IN "
		       "('failed', 'quarantined', 'disabled') AND EXISTS (SELECT 1 FROM agents g WHERE g.state = "
		       "'connected' AND g.cordoned = 0 AND g.drain_until = 0 AND (a.region_hint IS NULL OR "
		       "a.region_hint = g.region_id) AND (e.region_id IS NULL OR e.region_id = g.region_id)) ORDER "
		       "BY "
		       "a.used_at, a.id LIMIT $2"
	};
	struct field_list list = { 0 };
	struct roster roster = { 0 };
	enum rc rc = find(tx, &wanted, tx->now_ms, &list);

	if (rc == RC_OK && list.n)
		rc = roster_load(tx, false, &roster);
	const struct found *f = list.at;
	for (size_t i = 0; rc == RC_OK && i < list.n; i++)
		rc = place(tx, &roster, &f[i]);
	return rc;
}

/* Accounts that were logged off and are not needed here. */
static enum rc give_up(struct tx *tx)
{
	static const struct store_query idle = {
		.sql = "SELECT a.id, a.agent_id, NULL, NULL, NULL, NULL, NULL FROM accounts a WHERE "
		       "a.held = 1 AND a.state IN ('offline', "
		       "'disabled', 'failed', 'cooling_down', 'quarantined') AND "
		       "a.bot_sent = a.bot_version AND ((a.moving "
		       "= 1 AND a.used_at < $1) OR (a.used_at < $1 - 55000 AND "
		       "(a.want_mode = 'offline' OR a.enabled = 0 OR a.quarantined = 1 OR "
		       "a.until_passed > 0))) AND NOT EXISTS (SELECT 1 FROM tasks "
		       "t WHERE t.account_id = a.id AND t.status IN "
		       "('leased', 'running')) LIMIT $2"
	};
	_Static_assert(BOTS_IDLE_MS - BOTS_GRACE_MS == 55000, "the number in the query");
	struct field_list list = { 0 };
	enum rc rc = find(tx, &idle, tx->now_ms - BOTS_GRACE_MS, &list);
	const struct found *f = list.at;

	for (size_t i = 0; rc == RC_OK && i < list.n; i++)
		rc = bots_release(tx, f[i].id, "not_needed");
	return rc;
}

enum rc bots_scan(struct tx *tx)
{
	enum rc rc = lapse(tx);
	if (rc == RC_OK)
		rc = end_times(tx);
	if (rc == RC_OK)
		rc = challenges_expire(tx);
	if (rc == RC_OK)
		rc = give_up(tx);
	return rc == RC_OK ? assign(tx) : rc;
}
