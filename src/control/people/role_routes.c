#include "base/buf.h"
#include "control/access/audit.h"
#include "control/access/decide.h"
#include "control/events/events.h"
#include "control/people/gives.h"
#include "control/people/user_routes.h"
#include "control/people/users.h"
#include "control/rows.h"
#include "model/role.h"
#include "wire/field_json.h"

#define ROLES_MAX 200 /* custom ones of a tenant */

struct role_view {
	const char *id, *tenant_id, *name;
	bool built_in;
	struct field_list scopes, own_scopes;
	const char *doc, *created_by;
	int64_t created_at, updated_at, version;
};
static const struct field role_fields[] = {
	{ .name = "id",
		.type = FIELD_STR,
		FIELD_AT(struct role_view, id),
		.doc = "rol_ and a ULID; of a built-in role its name." },
	{ .name = "tenantId",
		.type = FIELD_STR,
		FIELD_AT(struct role_view, tenant_id),
		.doc = "Whose role it is; null: it is built in." },
	{ .name = "name", .type = FIELD_STR, FIELD_AT(struct role_view, name), .doc = "Unique in the tenant." },
	{ .name = "builtIn",
		.type = FIELD_BOOL,
		FIELD_AT(struct role_view, built_in),
		.doc = "Nobody can change it." },
	{ .name = "scopes",
		.type = FIELD_LIST,
		FIELD_AT(struct role_view, scopes),
		.item = FIELD_STR,
		.doc = "What it allows." },
	{ .name = "ownScopes",
		.type = FIELD_LIST,
		FIELD_AT(struct role_view, own_scopes),
		.item = FIELD_STR,
		.doc = "What it allows on things that the person made themselves." },
	{ .name = "description", .type = FIELD_STR, FIELD_AT(struct role_view, doc), .doc = "What it is for." },
	{ .name = "createdBy", .type = FIELD_STR, FIELD_AT(struct role_view, created_by), .doc = "Who made it." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct role_view, created_at),
		.doc = "When it was made." },
	{ .name = "updatedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct role_view, updated_at),
		.doc = "When it was changed last." },
	{ .name = "version", .type = FIELD_I64, FIELD_AT(struct role_view, version), .doc = "It is the ETag." },
	{ 0 },
};
#define SELECT                                                                                                   \
	"SELECT id, tenant_id, name, 1 = 0, scopes, '[]', '', created_by, created_at, updated_at, version FROM " \
	"roles "

struct role_in {
	const char *name;
	struct field_list scopes;
	const char *tenant_id;
};
enum { GIVEN_NAME = 1, GIVEN_SCOPES = 2 };

#define COMMON_FIELDS                                                                                      \
	{ .name = "name",                                                                                  \
		.type = FIELD_STR,                                                                         \
		FIELD_AT(struct role_in, name),                                                            \
		.flags = FIELD_REQUIRED,                                                                   \
		.min = 1,                                                                                  \
		.max = 100,                                                                                \
		.doc = "Unique in the tenant, and no built-in role's." },                                  \
	{                                                                                                  \
		.name = "scopes", .type = FIELD_LIST, FIELD_AT(struct role_in, scopes), .item = FIELD_STR, \
		.flags = FIELD_REQUIRED, .min = 1, .max = 64,                                              \
		.doc = "What it allows, such as jobs:read or jobs:*. No more than you have."               \
	}
static const struct field new_fields[] = { COMMON_FIELDS,
	{ .name = "tenantId",
		.type = FIELD_STR,
		FIELD_AT(struct role_in, tenant_id),
		.flags = FIELD_NULLABLE,
		.min = 5,
		.max = 63,
		.doc = "Whose role it is. Another tenant than your own needs the installation's admin:*." },
	{ 0 } };
static const struct field patch_fields[] = { COMMON_FIELDS, { 0 } };

static enum rc load(struct tx *tx, const char *id, struct role_view *ret)
{
	static const struct store_query one = { .sql = SELECT "WHERE id = $1" };
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)), (struct rows_into){ role_fields, tx->arena, ret },
		tx->fault);
}

static enum rc tell(struct tx *tx, const char *type, const char *id)
{
	enum rc rc = events_add(tx, &(struct event){ .type = type, .resource = id });
	return rc == RC_OK ? audit_add(tx, type, id) : rc;
}

static enum rc check_name(struct call *c, const char *tenant, const char *name, const char *but)
{
	static const struct store_query find = {
		.sql = "SELECT id FROM roles WHERE tenant_id = $1 AND name = $2 AND id <> $3"
	};
	auto_rows struct store_rows *r = NULL;

	if (role_find(name) != ROLE_COUNT)
		return fault_set(c->tx.fault, RC_EXISTS, "%s is a built-in role", name);
	enum rc rc = store_one(c->tx.db, &find, STORE_ARGS(store_text(tenant), store_text(name), store_text(but)),
		&r, c->tx.fault);
	if (rc == RC_OK)
		return fault_set(c->tx.fault, RC_EXISTS, "there is a role %s already", name);
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc check_room(struct tx *tx, const char *tenant)
{
	static const struct store_query count = { .sql = "SELECT COUNT(*) FROM roles WHERE tenant_id = $1" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &count, STORE_ARGS(store_text(tenant)), &r, tx->fault);

	if (rc == RC_OK && store_col_int(r, 0) >= ROLES_MAX)
		return fault_set(tx->fault, RC_CONFLICT, "a tenant has at most %d roles of its own", ROLES_MAX);
	return rc;
}

static enum rc create(struct call *c, void *ret_out)
{
	static const struct store_query add = {
		.sql = "INSERT INTO roles (id, tenant_id, name, scopes, created_by, "
		       "created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $6)"
	};
	const struct role_in *in = c->in;
	const char *id = tx_id(&c->tx, "rol"), *tenant = NULL, *scopes = gives_json_list(&c->tx, &in->scopes);

	enum rc rc = id && scopes ? gives_tenant(c, in->tenant_id, &tenant) : RC_NOMEM;
	if (rc == RC_OK)
		rc = gives_scopes(c, &in->scopes, "/scopes");
	if (rc == RC_OK)
		rc = check_name(c, tenant, in->name, "");
	if (rc == RC_OK)
		rc = check_room(&c->tx, tenant);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &add,
			STORE_ARGS(store_text(id), store_text(tenant), store_text(in->name), store_text(scopes),
				store_text(c->tx.actor), store_int(c->tx.now_ms)),
			c->tx.fault);
	if (rc == RC_OK)
		rc = tell(&c->tx, "role.created", id);
	c->version = 1;
	c->location = arena_fmt(c->tx.arena, "/v1/roles/%s", id);
	return rc == RC_OK ? load(&c->tx, id, ret_out) : rc;
}

static enum rc built_in(struct tx *tx, enum role r, struct role_view *ret)
{
	struct grant g[2] = { 0 };
	size_t n = 0;
	enum rc rc = users_role_grants(tx, role_name(r), NULL, "{}", g, &n);

	*ret = (struct role_view){ .id = role_name(r), .name = role_name(r), .built_in = true, .doc = role_doc(r) };
	for (size_t i = 0; i < n; i++)
		*(g[i].only ? &ret->own_scopes : &ret->scopes) = g[i].scopes;
	return rc;
}

struct roles_query {
	struct page_query page; /* one page holds them all */
	const char *tenant_id;
};
static const struct field query_fields[] = { PAGE_QUERY_FIELDS(struct roles_query),
	{ .name = "tenantId",
		.type = FIELD_STR,
		FIELD_AT(struct roles_query, tenant_id),
		.max = 64,
		.doc = "Of this tenant, for the installation's administrator. "
		       "Default: your own." },
	{ 0 } };

/* All in one page: there are few. */
static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = SELECT "WHERE tenant_id = $1 ORDER BY id DESC LIMIT $2" };
	const struct roles_query *q = c->query;
	const char *tenant = q->tenant_id && decide_is_administrator(c->who) ? q->tenant_id : decide_tenant(c->who);
	struct page *page = ret_out;
	auto_rows struct store_rows *r = NULL;
	struct field_list own = { 0 };

	enum rc rc =
		store_run(c->tx.db, &all, STORE_ARGS(store_text(tenant), store_int(ROLES_MAX)), &r, c->tx.fault);
	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ role_fields, c->tx.arena, NULL }, sizeof(struct role_view),
			ROLES_MAX, &own, c->tx.fault);
	struct role_view *to = rc == RC_OK ? arena_take(c->tx.arena, (ROLE_COUNT + own.n) * sizeof(*to)) : NULL;
	if (!to)
		return rc == RC_OK ? RC_NOMEM : rc;
	for (int i = 0; rc == RC_OK && i < ROLE_COUNT; i++)
		rc = built_in(&c->tx, (enum role)i, &to[i]);
	if (own.n)
		memcpy(to + ROLE_COUNT, own.at, own.n * sizeof(*to));
	page->items = (struct field_list){ to, ROLE_COUNT + own.n };
	return rc;
}

static enum rc get(struct call *c, void *ret_out)
{
	struct role_view *v = ret_out;
	enum rc rc = load(&c->tx, c->arg[0], v);
	c->version = v->version;
	return rc;
}

/* Whoever changes a role must have what it allows: before, and after. */
static enum rc for_change(struct call *c, struct role_view *ret)
{
	enum rc rc = load(&c->tx, c->arg[0], ret);

	if (rc == RC_OK)
		rc = route_match(c, ret->version);
	if (rc != RC_OK)
		return rc;
	const struct grant all = { ret->scopes, NULL };
	return gives_grants(c, &(struct grants){ &all, 1 }, "that role");
}

static enum rc patch(struct call *c, void *ret_out)
{
	static const struct store_query set = { .sql = "UPDATE roles SET name = $2, scopes = $3, updated_at = $4, "
						       "version = version + 1 WHERE id = $1" };
	const struct role_in *in = c->in;
	struct role_view *v = ret_out;

	enum rc rc = for_change(c, v);
	if (rc != RC_OK)
		return rc;
	const char *name = c->given & GIVEN_NAME ? in->name : v->name;
	const char *scopes = gives_json_list(&c->tx, c->given & GIVEN_SCOPES ? &in->scopes : &v->scopes);
	if (c->given & GIVEN_SCOPES)
		rc = gives_scopes(c, &in->scopes, "/scopes");
	if (rc == RC_OK)
		rc = scopes ? check_name(c, v->tenant_id, name, v->id) : RC_NOMEM;
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &set,
			STORE_ARGS(
				store_text(v->id), store_text(name), store_text(scopes), store_int(c->tx.now_ms)),
			c->tx.fault);
	if (rc == RC_OK)
		rc = tell(&c->tx, "role.updated", v->id);
	return rc == RC_OK ? get(c, ret_out) : rc;
}

static enum rc drop(struct call *c, void *ret_out)
{
	static const struct store_query bound = { .sql = "SELECT id FROM role_bindings WHERE role = $1 LIMIT 1" };
	static const struct store_query policy = { .sql = "DELETE FROM mfa_policies WHERE role = $1" };
	static const struct store_query delete = { .sql = "DELETE FROM roles WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;
	struct role_view v;
	(void)ret_out;

	enum rc rc = for_change(c, &v);
	if (rc == RC_OK)
		rc = store_one(c->tx.db, &bound, STORE_ARGS(store_text(v.id)), &r, c->tx.fault);
	else
		return rc;
	store_close(take(r));
	if (rc == RC_OK)
		return fault_set(c->tx.fault, RC_CONFLICT, "the role is bound to somebody; unbind it first");
	if (rc == RC_MISSING)
		rc = store_do(c->tx.db, &policy, STORE_ARGS(store_text(v.id)), c->tx.fault);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &delete, STORE_ARGS(store_text(v.id)), c->tx.fault);
	return rc == RC_OK ? tell(&c->tx, "role.deleted", v.id) : rc;
}

#define OUT .out = role_fields, .out_size = sizeof(struct role_view)

const struct route role_routes[] = {
	{ .name = "listRoles",
		.method = "GET",
		.path = "/v1/roles",
		.reach = REACH_TENANT,
		.scope = SCOPE_ROLES_READ,
		.flags = ROUTE_LIST,
		.query = query_fields,
		.query_size = sizeof(struct roles_query),
		OUT,
		.run = list,
		.doc = "Lists the built-in roles and the tenant's own, in one page." },
	{ .name = "createRole",
		.method = "POST",
		.path = "/v1/roles",
		.reach = REACH_TENANT,
		.scope = SCOPE_ROLES_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED | ROUTE_STEP_UP,
		.status = 201,
		.in = new_fields,
		.in_size = sizeof(struct role_in),
		OUT,
		.run = create,
		.doc = "Makes a role of no more than you have for all of the tenant." },
	{ .name = "getRole",
		.method = "GET",
		.path = "/v1/roles/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_ROLE,
		.scope = SCOPE_ROLES_READ,
		OUT,
		.run = get,
		.doc = "Shows a role of the tenant's own. The built-in ones are in the list." },
	{ .name = "editRole",
		.method = "PATCH",
		.path = "/v1/roles/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_ROLE,
		.scope = SCOPE_ROLES_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH | ROUTE_STEP_UP,
		.in = patch_fields,
		.in_size = sizeof(struct role_in),
		OUT,
		.run = patch,
		.doc = "Changes a role; who has it may what it says from the next request on." },
	{ .name = "deleteRole",
		.method = "DELETE",
		.path = "/v1/roles/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_ROLE,
		.scope = SCOPE_ROLES_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH | ROUTE_STEP_UP,
		.status = 204,
		.run = drop,
		.doc = "Deletes a role that is bound to nobody." },
	{ 0 },
};
