#include "control/fleet/accounts.h"
#include "control/access/audit.h"
#include "control/events/events.h"
#include "control/fleet/labels.h"
#include "control/http/page.h"
#include "control/rows.h"

struct account {
	const char *id, *login, *region_hint, *agent_id;
	struct field_list labels;
	bool enabled;
	int64_t version, created_at, updated_at;
};

static const struct field account_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct account, id), .doc = "acc_ and a ULID." },
	{ .name = "login",
		.type = FIELD_STR,
		FIELD_AT(struct account, login),
		.doc = "The account's name on Steam; unique." },
	{ .name = "regionHint",
		.type = FIELD_STR,
		FIELD_AT(struct account, region_hint),
		.doc = "The region its tasks run in; null: any." },
	{ .name = "agentId",
		.type = FIELD_STR,
		FIELD_AT(struct account, agent_id),
		.doc = "The agent that had its session last." },
	{ .name = "labels",
		.type = FIELD_MAP,
		FIELD_AT(struct account, labels),
		.doc = "For people and selectors." },
	{ .name = "enabled",
		.type = FIELD_BOOL,
		FIELD_AT(struct account, enabled),
		.doc = "Tasks of an account that is not fail at once." },
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
#define COLUMNS "id, login, region_hint, agent_id, labels, enabled, version, created_at, updated_at"

static const struct field account_in_fields[] = {
	{ .name = "login",
		.type = FIELD_STR,
		FIELD_AT(struct account, login),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 64,
		.chars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.",
		.doc = "The account's name on Steam; unique." },
	{ .name = "regionHint",
		.type = FIELD_STR,
		FIELD_AT(struct account, region_hint),
		.flags = FIELD_NULLABLE,
		.max = 64,
		.doc = "The region its tasks run in; null: any." },
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
enum { GIVEN_LOGIN = 1, GIVEN_REGION = 2, GIVEN_LABELS = 4, GIVEN_ENABLED = 8 };

static enum rc load(struct tx *tx, const char *id, struct account *ret)
{
	static const struct store_query one = { .sql = "SELECT " COLUMNS " FROM accounts WHERE id = $1" };
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ account_fields, tx->arena, ret }, tx->fault);
}

static enum rc check_region(struct call *c, const char *region_id)
{
	static const struct store_query find = { .sql = "SELECT id FROM regions WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;
	if (!region_id)
		return RC_OK;
	enum rc rc = store_one(c->tx.db, &find, STORE_ARGS(store_text(region_id)), &r, c->tx.fault);
	return rc == RC_MISSING
		       ? field_json_problem(c->reader, "/regionHint", "not_one_of", "there is no such region")
		       : rc;
}

static enum rc create(struct call *c, void *ret_out)
{
	static const struct store_query insert = {
		.sql = "INSERT INTO accounts (id, login, region_hint, labels, enabled, version, created_at, "
		       "updated_at) VALUES ($1, $2, $3, $4, $5, 1, $6, $6)"
	};
	struct account *v = ret_out;
	struct tx *tx = &c->tx;

	*v = *(const struct account *)c->in;
	v->id = tx_id(tx, "acc");
	v->version = c->version = 1;
	v->created_at = v->updated_at = tx->now_ms;
	c->location = arena_fmt(tx->arena, "/v1/accounts/%s", v->id);
	enum rc rc = check_region(c, v->region_hint);
	if (rc == RC_OK)
		rc = store_do(tx->db, &insert,
			STORE_ARGS(store_text(v->id), store_text(v->login), store_text(v->region_hint),
				store_text(labels_json(tx->arena, &v->labels)), store_int(v->enabled),
				store_int(tx->now_ms)),
			tx->fault);
	if (rc == RC_EXISTS)
		return fault_set(tx->fault, rc, "there is an account with the login %s already", v->login);
	if (rc == RC_OK)
		rc = events_add(tx, &(struct event){ .type = "account.created", .account_id = v->id });
	return rc == RC_OK ? audit_add(tx, "account.create", v->id) : rc;
}

struct accounts_query {
	struct page_query page;
	const char *login;
};
static const struct field query_fields[] = {
	PAGE_QUERY_FIELDS(struct accounts_query),
	{ .name = "login",
		.type = FIELD_STR,
		FIELD_AT(struct accounts_query, login),
		.max = 64,
		.doc = "Only the account with this login." },
	{ 0 },
};

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = "SELECT " COLUMNS
		       " FROM accounts WHERE id < $1 AND ($3 = '' OR login = $3) ORDER BY id DESC LIMIT $2"
	};
	const struct accounts_query *q = c->query;
	struct page *page = ret_out;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1),
				store_text(q->login ? q->login : "")),
			&r, c->tx.fault);
	return rc == RC_OK ? page_read(c, &q->page, r, page) : rc;
}

static enum rc get(struct call *c, void *ret_out)
{
	struct account *v = ret_out;
	enum rc rc = load(&c->tx, c->arg[0], v);
	c->version = v->version;
	return rc;
}

static void merge(struct account *v, const struct account *in, uint64_t given)
{
	if (given & GIVEN_LOGIN)
		v->login = in->login;
	if (given & GIVEN_REGION)
		v->region_hint = in->region_hint;
	if (given & GIVEN_LABELS)
		v->labels = in->labels;
	if (given & GIVEN_ENABLED)
		v->enabled = in->enabled;
}

static enum rc patch(struct call *c, void *ret_out)
{
	static const struct store_query set = {
		.sql = "UPDATE accounts SET login = $2, region_hint = $3, labels = $4, enabled = $5, version = "
		       "version + 1, updated_at = $6 WHERE id = $1"
	};
	struct account *v = ret_out;
	struct tx *tx = &c->tx;

	enum rc rc = load(tx, c->arg[0], v);
	if (rc == RC_OK)
		rc = route_match(c, v->version);
	if (rc != RC_OK)
		return rc;
	merge(v, c->in, c->given);
	c->version = ++v->version;
	v->updated_at = tx->now_ms;
	rc = check_region(c, v->region_hint);
	if (rc == RC_OK)
		rc = store_do(tx->db, &set,
			STORE_ARGS(store_text(v->id), store_text(v->login), store_text(v->region_hint),
				store_text(labels_json(tx->arena, &v->labels)), store_int(v->enabled),
				store_int(v->updated_at)),
			tx->fault);
	if (rc == RC_EXISTS)
		return fault_set(tx->fault, rc, "there is an account with the login %s already", v->login);
	if (rc == RC_OK)
		rc = events_add(tx, &(struct event){ .type = "account.updated", .account_id = v->id });
	return rc == RC_OK ? audit_add(tx, "account.update", v->id) : rc;
}

static enum rc drop(struct call *c, void *ret_out)
{
	static const struct store_query busy = {
		.sql = "SELECT id FROM tasks WHERE account_id = $1 AND status IN ('leased', 'running') LIMIT 1"
	};
	static const struct store_query delete = { .sql = "DELETE FROM accounts WHERE id = $1" };
	struct account v = { 0 };
	auto_rows struct store_rows *r = NULL;
	(void)ret_out;

	enum rc rc = load(&c->tx, c->arg[0], &v);
	if (rc == RC_OK)
		rc = route_match(c, v.version);
	if (rc != RC_OK)
		return rc;
	rc = store_one(c->tx.db, &busy, STORE_ARGS(store_text(v.id)), &r, c->tx.fault);
	if (rc == RC_OK)
		return fault_set(c->tx.fault, RC_CONFLICT, "task %s works on the account; cancel it first",
			store_col_text(r, 0));
	if (rc == RC_MISSING)
		rc = store_do(c->tx.db, &delete, STORE_ARGS(store_text(v.id)), c->tx.fault);
	if (rc == RC_OK)
		rc = events_add(&c->tx, &(struct event){ .type = "account.deleted", .account_id = v.id });
	return rc == RC_OK ? audit_add(&c->tx, "account.delete", v.id) : rc;
}

#define OUT .out = account_fields, .out_size = sizeof(struct account)
#define IN  .in = account_in_fields, .in_size = sizeof(struct account)

const struct route accounts_routes[] = {
	{ .name = "listAccounts",
		.method = "GET",
		.path = "/v1/accounts",
		.scope = SCOPE_ACCOUNTS_READ,
		.flags = ROUTE_LIST,
		.query = query_fields,
		.query_size = sizeof(struct accounts_query),
		OUT,
		.run = list,
		.doc = "Lists the accounts, newest first." },
	{ .name = "createAccount",
		.method = "POST",
		.path = "/v1/accounts",
		.scope = SCOPE_ACCOUNTS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		.status = 201,
		IN,
		OUT,
		.run = create,
		.doc = "Makes an account." },
	{ .name = "getAccount",
		.method = "GET",
		.path = "/v1/accounts/{id}",
		.scope = SCOPE_ACCOUNTS_READ,
		OUT,
		.run = get,
		.doc = "Shows an account." },
	{ .name = "updateAccount",
		.method = "PATCH",
		.path = "/v1/accounts/{id}",
		.scope = SCOPE_ACCOUNTS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		IN,
		OUT,
		.run = patch,
		.doc = "Edits an account by a merge patch (RFC 7396)." },
	{ .name = "deleteAccount",
		.method = "DELETE",
		.path = "/v1/accounts/{id}",
		.scope = SCOPE_ACCOUNTS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		.status = 204,
		.run = drop,
		.doc = "Deletes an account that no task works on." },
	{ 0 },
};
