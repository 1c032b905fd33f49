#include "control/fleet/account_row.h"
#include "control/access/audit.h"
#include "control/access/decide.h"
#include "control/events/events.h"
#include "control/fleet/labels.h"
#include "control/rows.h"
#include "wire/field_json.h"

#include <string.h>

#define PERSONA_MAX 7 /* Steam's EPersonaState */

const struct field account_row_desired_fields[] = {
	{ .name = "mode",
		.type = FIELD_ENUM,
		FIELD_AT(struct account_desired, mode),
		.flags = FIELD_REQUIRED,
		.words = account_mode_words,
		.doc = "What its session is to do." },
	{ .name = "apps",
		.type = FIELD_LIST,
		FIELD_AT(struct account_desired, apps),
		.item = FIELD_U32,
		.max = ACCOUNT_ROW_APPS_MAX,
		.doc = "Apps to play, with mode playing." },
	{ .name = "game",
		.type = FIELD_STR,
		FIELD_AT(struct account_desired, game),
		.flags = FIELD_NULLABLE,
		.max = 64,
		.doc = "Name of a game that is not Steam's, with mode playing; null: none." },
	{ .name = "persona",
		.type = FIELD_U32,
		FIELD_AT(struct account_desired, persona),
		.max = PERSONA_MAX,
		.def = 1,
		.doc = "How it shows itself to others when online: Steam's EPersonaState." },
	{ .name = "until",
		.type = FIELD_TIME,
		FIELD_AT(struct account_desired, until),
		.flags = FIELD_NULLABLE,
		.doc = "It is logged off then; null: it stays." },
	{ 0 },
};

const struct field account_row_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct account, id), .doc = "acc_ and a ULID." },
	{ .name = "login",
		.type = FIELD_STR,
		FIELD_AT(struct account, login),
		.doc = "The account's name on Steam; unique." },
	{ .name = "anonymous",
		.type = FIELD_BOOL,
		FIELD_AT(struct account, anonymous),
		.doc = "Its sessions log on without an account." },
	{ .name = "steamId",
		.type = FIELD_STR,
		FIELD_AT(struct account, steam_id),
		.doc = "Its SteamID64; null: not known yet." },
	{ .name = "regionHint",
		.type = FIELD_STR,
		FIELD_AT(struct account, region_hint),
		.doc = "The region its tasks run in; null: any." },
	{ .name = "egressId",
		.type = FIELD_STR,
		FIELD_AT(struct account, egress_id),
		.doc = "The address it goes out by; null: the agent's own." },
	{ .name = "agentId",
		.type = FIELD_STR,
		FIELD_AT(struct account, agent_id),
		.doc = "The agent that had its session last." },
	{ .name = "roles",
		.type = FIELD_LIST,
		FIELD_AT(struct account, roles),
		.item = FIELD_STR,
		.doc = "What it is for." },
	{ .name = "labels",
		.type = FIELD_MAP,
		FIELD_AT(struct account, labels),
		.doc = "For people and selectors." },
	{ .name = "enabled",
		.type = FIELD_BOOL,
		FIELD_AT(struct account, enabled),
		.doc = "Tasks of an account that is not fail at once." },
	{ .name = "desired",
		.type = FIELD_OBJ,
		FIELD_AT(struct account, desired),
		.sub = account_row_desired_fields,
		.sub_size = sizeof(struct account_desired),
		.doc = "What its session is to do." },
	{ .name = "generation",
		.type = FIELD_I64,
		FIELD_AT(struct account, generation),
		.doc = "Counts what was desired." },
	{ .name = "observedGeneration",
		.type = FIELD_I64,
		FIELD_AT(struct account, observed_generation),
		.doc = "The last of it that its agent has seen." },
	{ .name = "state",
		.type = FIELD_ENUM,
		FIELD_AT(struct account, state),
		.words = account_state_words,
		.doc = "What its session does." },
	{ .name = "stateReason",
		.type = FIELD_STR,
		FIELD_AT(struct account, state_reason),
		.doc = "Why, as a code; may be empty." },
	{ .name = "stateSince", .type = FIELD_TIME, FIELD_AT(struct account, state_since), .doc = "Since when." },
	{ .name = "coolUntil",
		.type = FIELD_TIME,
		FIELD_AT(struct account, cool_until),
		.doc = "It does not log on before; null: it may." },
	{ .name = "conditions",
		.type = FIELD_JSON,
		FIELD_AT(struct account, conditions),
		.doc = "What else is known of its session: a list of type, status, reason, observedAt." },
	{ .name = "version",
		.type = FIELD_I64,
		FIELD_AT(struct account, version),
		.doc = "Counts edits; it is the ETag." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct account, created_at),
		.doc = "When it was made." },
	{ .name = "updatedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct account, updated_at),
		.doc = "When it was edited last." },
	{ 0 },
};

const struct field account_row_in_fields[] = {
	{ .name = "login",
		.type = FIELD_STR,
		FIELD_AT(struct account, login),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 64,
		.chars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.",
		.doc = "The account's name on Steam; unique." },
	{ .name = "anonymous",
		.type = FIELD_BOOL,
		FIELD_AT(struct account, anonymous),
		.doc = "Its sessions log on without an account." },
	{ .name = "steamId",
		.type = FIELD_STR,
		FIELD_AT(struct account, steam_id),
		.flags = FIELD_NULLABLE,
		.min = 1,
		.max = 20,
		.chars = "0123456789",
		.doc = "Its SteamID64; null: not known yet." },
	{ .name = "regionHint",
		.type = FIELD_STR,
		FIELD_AT(struct account, region_hint),
		.flags = FIELD_NULLABLE,
		.max = 64,
		.doc = "The region its tasks run in; null: any." },
	{ .name = "egressId",
		.type = FIELD_STR,
		FIELD_AT(struct account, egress_id),
		.flags = FIELD_NULLABLE,
		.max = 64,
		.doc = "The address it goes out by; null: the agent's own." },
	{ .name = "roles",
		.type = FIELD_LIST,
		FIELD_AT(struct account, roles),
		.item = FIELD_STR,
		.max = 5,
		.doc = "What it is for: farm, trade, stock, download, tracker." },
	{ .name = "labels",
		.type = FIELD_MAP,
		FIELD_AT(struct account, labels),
		.doc = "For people and selectors." },
	{ .name = "enabled",
		.type = FIELD_BOOL,
		FIELD_AT(struct account, enabled),
		.def = 1,
		.doc = "Tasks of an account that is not fail at once." },
	{ 0 },
};

enum rc account_row_load(struct tx *tx, const char *id, struct account *ret)
{
	static const struct store_query one = { .sql = "SELECT " ACCOUNT_ROW_COLUMNS
						       " FROM accounts WHERE id = $1" };
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ account_row_fields, tx->arena, ret }, tx->fault);
}

struct check {
	struct tx *tx;
	struct field_reader *r;
	const char *at;
};

static enum rc refuse(const struct check *k, const char *member, const char *code, const char *detail)
{
	const char *pointer = arena_fmt(k->tx->arena, "%s/%s", k->at, member);
	return pointer ? field_json_problem(k->r, pointer, code, detail) : RC_NOMEM;
}

static bool same(const char *a, const char *b) { return a == b || (a && b && !strcmp(a, b)); }

static enum rc check_region(const struct check *k, const char *region_id)
{
	static const struct store_query find = { .sql = "SELECT id FROM regions WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;
	if (!region_id)
		return RC_OK;
	enum rc rc = store_one(k->tx->db, &find, STORE_ARGS(store_text(region_id)), &r, k->tx->fault);
	return rc == RC_MISSING ? refuse(k, "regionHint", "not_one_of", "there is no such region") : rc;
}

static enum rc check_egress(const struct check *k, const struct account *v, const struct account *was)
{
	static const struct store_query find = { .sql = "SELECT hard_cap, (SELECT COUNT(*) FROM accounts WHERE "
							"egress_id = $1), region_id FROM egresses "
							"WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;
	if (!v->egress_id)
		return RC_OK;
	enum rc rc = store_one(k->tx->db, &find, STORE_ARGS(store_text(v->egress_id)), &r, k->tx->fault);
	if (rc != RC_OK)
		return rc == RC_MISSING ? refuse(k, "egressId", "not_one_of", "there is no such egress") : rc;
	bool fresh = !was || !same(was->egress_id, v->egress_id);
	if (fresh && store_col_int(r, 1) >= store_col_int(r, 0))
		return refuse(k, "egressId", "out_of_range", "the egress has as many accounts as it may have");
	const char *region = store_col_text(r, 2);
	if (region && v->region_hint && strcmp(region, v->region_hint) != 0)
		return refuse(k, "egressId", "out_of_range", "the egress is in another region than the account");
	return RC_OK;
}

static enum rc check_roles(const struct check *k, const struct account *v)
{
	static const char *const words[] = { "farm", "trade", "stock", "download", "tracker", NULL };
	const char *const *roles = v->roles.at;

	for (size_t i = 0; i < v->roles.n; i++) {
		size_t w = 0;
		while (words[w] && strcmp(words[w], roles[i]) != 0)
			w++;
		if (!words[w])
			return refuse(
				k, "roles", "not_one_of", "a role is farm, trade, stock, download or tracker");
	}
	return RC_OK;
}

enum rc account_row_check(
	struct tx *tx, struct field_reader *r, const char *at, const struct account *v, const struct account *was)
{
	const struct check k = { tx, r, at };
	enum rc rc = check_region(&k, v->region_hint);
	if (rc == RC_OK)
		rc = check_egress(&k, v, was);
	return rc == RC_OK ? check_roles(&k, v) : rc;
}

enum rc account_row_hold(struct call *c, const char *id)
{
	enum rc rc = decide_object(c, OBJECT_ACCOUNT, id);
	return rc == RC_MISSING
		       ? fault_set(c->tx.fault, RC_DENIED,
				 "what you may do is narrowed to some accounts, and this would be none of them")
		       : rc;
}

enum rc account_row_add(struct tx *tx, struct account *v)
{
	static const struct store_query insert = {
		.sql = "INSERT INTO accounts (id, login, anonymous, steam_id, "
		       "region_hint, egress_id, roles, labels, "
		       "enabled, state, state_since, version, created_at, "
		       "updated_at, tenant_id, created_by) VALUES ($1, $2, $3, $4, $5, $6, "
		       "$7, $8, $9, $10, $11, 1, $11, $11, $12, $13) "
		       "ON CONFLICT (login) DO NOTHING RETURNING id"
	};
	auto_rows struct store_rows *r = NULL;
	v->id = tx_id(tx, "acc");
	v->version = v->generation = 1;
	v->desired = (struct account_desired){ .persona = 1 };
	v->state = v->enabled ? ACCOUNT_OFFLINE : ACCOUNT_DISABLED;
	v->state_reason = "";
	v->conditions = "[]";
	v->created_at = v->updated_at = v->state_since = tx->now_ms;
	const char *roles = labels_texts_json(tx->arena, &v->roles), *labels = labels_json(tx->arena, &v->labels);
	enum rc rc =
		v->id && roles && labels
			? store_one(tx->db, &insert,
				  STORE_ARGS(store_text(v->id), store_text(v->login), store_int(v->anonymous),
					  store_text(v->steam_id), store_text(v->region_hint),
					  store_text(v->egress_id), store_text(roles), store_text(labels),
					  store_int(v->enabled), store_text(account_state_words[v->state]),
					  store_int(tx->now_ms), store_text(tx_tenant(tx)), store_text(tx->actor)),
				  &r, tx->fault)
			: RC_NOMEM;
	store_close(take(r));
	if (rc == RC_MISSING) /* the transaction is not spoilt: the next of many can be added */
		return fault_set(tx->fault, RC_EXISTS, "there is an account with the login %s already", v->login);
	if (rc == RC_OK)
		rc = events_add(tx, &(struct event){ .type = "account.created", .account_id = v->id });
	return rc == RC_OK ? audit_add(tx, "account.create", v->id) : rc;
}
