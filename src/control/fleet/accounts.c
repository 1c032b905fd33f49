#include "control/fleet/accounts.h"
#include "control/access/audit.h"
#include "control/access/vault.h"
#include "control/events/events.h"
#include "control/fleet/account_row.h"
#include "control/fleet/bots.h"
#include "control/fleet/challenges.h"
#include "control/fleet/labels.h"
#include "control/fleet/states.h"
#include "control/http/page.h"
#include "wire/field_json.h"

#define BULK_MAX 500

enum rc accounts_make(struct call *c, struct account *v)
{
	enum rc rc = account_row_check(&c->tx, c->reader, "", v, NULL);
	if (rc == RC_OK)
		rc = account_row_add(&c->tx, v);
	return rc == RC_OK ? account_row_hold(c, v->id) : rc;
}

static enum rc create(struct call *c, void *ret_out)
{
	struct account *v = ret_out;

	*v = *(const struct account *)c->in;
	c->version = 1;
	enum rc rc = accounts_make(c, v);
	c->location = arena_fmt(c->tx.arena, "/v1/accounts/%s", v->id);
	return rc;
}

/* Many at once. A row that cannot be made is told in its place, and the others are made all the same. */
struct bulk {
	struct field_list accounts; /* of struct account */
};
static const struct field bulk_fields[] = {
	{ .name = "accounts",
		.type = FIELD_LIST,
		FIELD_AT(struct bulk, accounts),
		.flags = FIELD_REQUIRED,
		.item = FIELD_OBJ,
		.sub = account_row_in_fields,
		.sub_size = sizeof(struct account),
		.min = 1,
		.max = BULK_MAX,
		.doc = "The accounts to make." },
	{ 0 },
};

struct made {
	uint32_t index;
	const char *id, *code, *detail;
};
static const struct field made_fields[] = {
	{ .name = "index", .type = FIELD_U32, FIELD_AT(struct made, index), .doc = "The row, from 0." },
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct made, id), .doc = "Of the account; null: not made." },
	{ .name = "code",
		.type = FIELD_STR,
		FIELD_AT(struct made, code),
		.doc = "Why not, as a code; null: made." },
	{ .name = "detail", .type = FIELD_STR, FIELD_AT(struct made, detail), .doc = "Why not, in words." },
	{ 0 },
};
struct bulk_answer {
	struct field_list results; /* of struct made */
	uint32_t made, refused;
};
static const struct field bulk_answer_fields[] = {
	{ .name = "results",
		.type = FIELD_LIST,
		FIELD_AT(struct bulk_answer, results),
		.item = FIELD_OBJ,
		.sub = made_fields,
		.sub_size = sizeof(struct made),
		.doc = "One for each row." },
	{ .name = "made", .type = FIELD_U32, FIELD_AT(struct bulk_answer, made), .doc = "How many were made." },
	{ .name = "refused",
		.type = FIELD_U32,
		FIELD_AT(struct bulk_answer, refused),
		.doc = "How many were not." },
	{ 0 },
};

/* What is wrong with a row is an answer; anything else ends the whole. */
static enum rc make_row(struct call *c, struct account *v, struct made *to)
{
	struct field_reader r = { .arena = c->tx.arena };
	struct fault f = { 0 };
	struct tx tx = c->tx;

	tx.fault = &f;
	enum rc rc = account_row_check(&tx, &r, "", v, NULL);
	if (rc == RC_OK)
		rc = account_row_add(&tx, v);
	if (rc == RC_OK)
		rc = account_row_hold(c, v->id);
	c->tx.appended |= tx.appended;
	if (rc == RC_OK)
		to->id = v->id;
	else if (rc == RC_INVALID || rc == RC_EXISTS)
		to->code = r.problems_n ? r.problems[0].code : rc_code(rc);
	else
		return fault_set(c->tx.fault, rc, "%s", f.text);
	if (to->code)
		to->detail = r.problems_n ? r.problems[0].detail : arena_str(c->tx.arena, f.text);
	return RC_OK;
}

static enum rc create_many(struct call *c, void *ret_out)
{
	const struct bulk *in = c->in;
	struct account *v = in->accounts.at;
	struct bulk_answer *out = ret_out;
	struct made *made = arena_take(c->tx.arena, in->accounts.n * sizeof(*made) + 1);
	enum rc rc = made ? RC_OK : RC_NOMEM;

	for (size_t i = 0; rc == RC_OK && i < in->accounts.n; i++) {
		made[i].index = (uint32_t)i;
		rc = make_row(c, &v[i], &made[i]);
		out->made += made[i].id != NULL;
		out->refused += made[i].id == NULL;
	}
	out->results = (struct field_list){ made, in->accounts.n };
	return rc;
}

struct accounts_query {
	struct page_query page;
	const char *login;
	int state;
};
static const char *const state_words[] = { "any", "disabled", "offline", "connecting", "authenticating",
	"challenge", "online", "reconnecting", "cooling_down", "draining", "quarantined", "failed", NULL };
static const struct field query_fields[] = {
	PAGE_QUERY_FIELDS(struct accounts_query),
	{ .name = "login",
		.type = FIELD_STR,
		FIELD_AT(struct accounts_query, login),
		.max = 64,
		.doc = "Only the account with this login." },
	{ .name = "state",
		.type = FIELD_ENUM,
		FIELD_AT(struct accounts_query, state),
		.words = state_words,
		.doc = "Only those in this state." },
	{ 0 },
};

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = "SELECT " ACCOUNT_ROW_COLUMNS " FROM accounts WHERE id < $1 AND ($3 = '' OR login = $3) "
		       "AND ($4 = 'any' OR state = $4) AND tenant_id = $5 ORDER BY id DESC LIMIT $2"
	};
	const struct accounts_query *q = c->query;
	struct page *page = ret_out;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1),
				store_text(q->login ? q->login : ""), store_text(state_words[q->state]),
				store_text(tx_tenant(&c->tx))),
			&r, c->tx.fault);
	return rc == RC_OK ? page_read(c, &q->page, r, page) : rc;
}

static enum rc get(struct call *c, void *ret_out)
{
	struct account *v = ret_out;
	enum rc rc = account_row_load(&c->tx, c->arg[0], v);
	c->version = v->version;
	return rc;
}

static void merge(struct account *v, const struct account *in, uint64_t given)
{
	if (given & ACCOUNT_ROW_LOGIN)
		v->login = in->login;
	if (given & ACCOUNT_ROW_ANONYMOUS)
		v->anonymous = in->anonymous;
	if (given & ACCOUNT_ROW_STEAM_ID)
		v->steam_id = in->steam_id;
	if (given & ACCOUNT_ROW_REGION)
		v->region_hint = in->region_hint;
	if (given & ACCOUNT_ROW_EGRESS)
		v->egress_id = in->egress_id;
	if (given & ACCOUNT_ROW_ROLES)
		v->roles = in->roles;
	if (given & ACCOUNT_ROW_LABELS)
		v->labels = in->labels;
	if (given & ACCOUNT_ROW_ENABLED)
		v->enabled = in->enabled;
}

static enum rc store_row(struct tx *tx, const struct account *v)
{
	static const struct store_query set = { .sql = "UPDATE accounts SET login = $2, anonymous = $3, steam_id = "
						       "$4, region_hint = $5, egress_id = $6, "
						       "roles = $7, labels = $8, enabled = $9, version = version + "
						       "1, updated_at = $10 WHERE id = $1" };
	const char *roles = labels_texts_json(tx->arena, &v->roles), *labels = labels_json(tx->arena, &v->labels);

	if (!roles || !labels)
		return RC_NOMEM;
	enum rc rc = store_do(tx->db, &set,
		STORE_ARGS(store_text(v->id), store_text(v->login), store_int(v->anonymous),
			store_text(v->steam_id), store_text(v->region_hint), store_text(v->egress_id),
			store_text(roles), store_text(labels), store_int(v->enabled), store_int(tx->now_ms)),
		tx->fault);
	return rc == RC_EXISTS ? fault_set(tx->fault, rc, "there is an account with the login %s already", v->login)
			       : rc;
}

enum rc accounts_edit(struct call *c, const struct account *in, uint64_t given, struct account *v)
{
	struct account was = { 0 };
	struct tx *tx = &c->tx;

	enum rc rc = account_row_load(tx, c->arg[0], &was);
	if (rc == RC_OK)
		rc = route_match(c, was.version);
	if (rc != RC_OK)
		return rc;
	*v = was;
	merge(v, in, given);
	rc = account_row_check(tx, c->reader, "", v, &was);
	if (rc == RC_OK)
		rc = store_row(tx, v);
	if (rc == RC_OK)
		rc = account_row_hold(c, v->id);
	if (rc == RC_OK)
		rc = bots_place(tx, v->id);
	if (rc == RC_OK)
		rc = v->enabled != was.enabled ? states_enabled(tx, v->id) : states_tell(tx, v->id);
	if (rc == RC_OK)
		rc = account_row_load(tx, c->arg[0], v);
	if (rc == RC_OK)
		rc = events_add(tx, &(struct event){ .type = "account.updated", .account_id = v->id });
	return rc == RC_OK ? audit_add(tx, "account.update", v->id) : rc;
}

static enum rc patch(struct call *c, void *ret_out)
{
	struct account *v = ret_out;
	enum rc rc = accounts_edit(c, c->in, c->given, v);

	c->version = v->version;
	return rc;
}

static enum rc forget(struct tx *tx, const char *id)
{
	static const struct store_query delete = { .sql = "DELETE FROM accounts WHERE id = $1" };
	enum rc rc = bots_release(tx, id, "account_deleted");
	if (rc == RC_OK)
		rc = states_forget(tx, id);
	if (rc == RC_OK)
		rc = challenges_forget(tx, id);
	if (rc == RC_OK)
		rc = vault_drop_all(tx, "account", id);
	return rc == RC_OK ? store_do(tx->db, &delete, STORE_ARGS(store_text(id)), tx->fault) : rc;
}

enum rc accounts_drop(struct call *c, void *ret_out)
{
	static const struct store_query busy = {
		.sql = "SELECT id FROM tasks WHERE account_id = $1 AND status IN ('leased', 'running') LIMIT 1"
	};
	struct account v = { 0 };
	auto_rows struct store_rows *r = NULL;
	(void)ret_out;

	enum rc rc = account_row_load(&c->tx, c->arg[0], &v);
	if (rc == RC_OK)
		rc = route_match(c, v.version);
	if (rc != RC_OK)
		return rc;
	rc = store_one(c->tx.db, &busy, STORE_ARGS(store_text(v.id)), &r, c->tx.fault);
	if (rc == RC_OK)
		return fault_set(c->tx.fault, RC_CONFLICT, "task %s works on the account; cancel it first",
			store_col_text(r, 0));
	store_close(take(r));
	if (rc == RC_MISSING)
		rc = forget(&c->tx, v.id);
	if (rc == RC_OK)
		rc = events_add(&c->tx, &(struct event){ .type = "account.deleted", .account_id = v.id });
	return rc == RC_OK ? audit_add(&c->tx, "account.delete", v.id) : rc;
}

#define OUT .out = account_row_fields, .out_size = sizeof(struct account)
#define IN  .in = account_row_in_fields, .in_size = sizeof(struct account)

const struct route accounts_routes[] = {
	{ .name = "listAccounts",
		.method = "GET",
		.path = "/v1/accounts",
		.reach = REACH_TENANT,
		.lists = OBJECT_ACCOUNT,
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
		.reach = REACH_TENANT,
		.scope = SCOPE_ACCOUNTS_WRITE,
		.flags = ROUTE_NARROWED | ROUTE_WRITE | ROUTE_ACCEPTED,
		.status = 201,
		IN,
		OUT,
		.run = create,
		.doc = "Makes an account." },
	{ .name = "createAccounts",
		.method = "POST",
		.path = "/v1/accounts/bulk",
		.reach = REACH_TENANT,
		.scope = SCOPE_ACCOUNTS_WRITE,
		.flags = ROUTE_NARROWED | ROUTE_WRITE | ROUTE_ACCEPTED,
		.in = bulk_fields,
		.in_size = sizeof(struct bulk),
		.out = bulk_answer_fields,
		.out_size = sizeof(struct bulk_answer),
		.run = create_many,
		.doc = "Makes up to 500 accounts; a row that cannot be made is told, and does not hinder the "
		       "others." },
	{ .name = "getAccount",
		.method = "GET",
		.path = "/v1/accounts/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_ACCOUNT,
		.scope = SCOPE_ACCOUNTS_READ,
		OUT,
		.run = get,
		.doc = "Shows an account." },
	{ .name = "updateAccount",
		.method = "PATCH",
		.path = "/v1/accounts/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_ACCOUNT,
		.scope = SCOPE_ACCOUNTS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		IN,
		OUT,
		.run = patch,
		.doc = "Edits an account by a merge patch (RFC 7396)." },
	{ .name = "deleteAccount",
		.method = "DELETE",
		.path = "/v1/accounts/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_ACCOUNT,
		.scope = SCOPE_ACCOUNTS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		.status = 204,
		.run = accounts_drop,
		.doc = "Deletes an account that no task works on." },
	{ 0 },
};
