#include "control/access/audit.h"
#include "control/access/decide.h"
#include "control/access/keys.h"
#include "control/events/events.h"
#include "control/http/page.h"
#include "control/rows.h"
#include "wire/field_json.h"

/* Whose jobs jobs are. What is here is how much of the agents each gets beside the others (engine/turns). */
struct tenant {
	const char *id, *name;
	uint32_t weight;
	int64_t created_at;
};
static const struct field tenant_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct tenant, id), .doc = "ten_ and a name." },
	{ .name = "name",
		.type = FIELD_STR,
		FIELD_AT(struct tenant, name),
		.doc = "What people call it; may be empty." },
	{ .name = "weight",
		.type = FIELD_U32,
		FIELD_AT(struct tenant, weight),
		.doc = "Tasks that it may begin in each turn: its share beside the other tenants." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct tenant, created_at),
		.doc = "When it was made; null: it was always there." },
	{ 0 },
};
static const struct field tenant_in_fields[] = {
	{ .name = "weight",
		.type = FIELD_U32,
		FIELD_AT(struct tenant, weight),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 1000,
		.doc = "Tasks that it may begin in each turn: its share beside the other tenants." },
	{ 0 },
};
#define NAME_ROW                                                                                           \
	{                                                                                                  \
		.name = "name", .type = FIELD_STR, FIELD_AT(struct tenant, name), .flags = FIELD_REQUIRED, \
		.min = 1, .max = 100, .doc = "What people call it."                                        \
	}
static const struct field new_fields[] = {
	{ .name = "id",
		.type = FIELD_STR,
		FIELD_AT(struct tenant, id),
		.flags = FIELD_REQUIRED,
		.min = 5,
		.max = 63,
		.chars = "abcdefghijklmnopqrstuvwxyz0123456789_-",
		.doc = "ten_ and a name." },
	NAME_ROW,
	{ 0 },
};
static const struct field patch_fields[] = { NAME_ROW, { 0 } };
#define COLUMNS "id, name, weight, created_at"

struct tenants_query {
	struct page_query page;
};
static const struct field query_fields[] = { PAGE_QUERY_FIELDS(struct tenants_query), { 0 } };

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = "SELECT " COLUMNS
						       " FROM tenants WHERE id < $1 ORDER BY id DESC LIMIT $2" };
	const struct page_query *q = c->query;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, q, &before);
	if (rc == RC_OK)
		rc = store_run(
			c->tx.db, &all, STORE_ARGS(store_text(before), store_int(q->limit + 1)), &r, c->tx.fault);
	return rc == RC_OK ? page_read(c, q, r, ret_out) : rc;
}

static enum rc show(struct call *c, const char *id, void *ret_out)
{
	static const struct store_query one = { .sql = "SELECT " COLUMNS " FROM tenants WHERE id = $1" };
	return rows_one(c->tx.db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ tenant_fields, c->tx.arena, ret_out }, c->tx.fault);
}

static enum rc tell(struct call *c, const char *type, const char *deed, const char *id)
{
	enum rc rc = events_add(&c->tx, &(struct event){ .type = type, .resource = id });
	return rc == RC_OK ? audit_add(&c->tx, deed, id) : rc;
}

static enum rc create(struct call *c, void *ret_out)
{
	static const struct store_query add = { .sql = "INSERT INTO tenants (id, name, weight, deficit, turn, "
						       "created_at) VALUES ($1, $2, 1, 0, 0, $3) ON "
						       "CONFLICT (id) DO NOTHING RETURNING id" };
	const struct tenant *in = c->in;
	auto_rows struct store_rows *r = NULL;

	if (!decide_is_administrator(c->who))
		return fault_set(c->tx.fault, RC_DENIED, "this needs the installation's admin:*");
	if (strncmp(in->id, "ten_", 4) != 0)
		return field_json_problem(c->reader, "/id", "malformed", "must be ten_ and a name");
	enum rc rc = store_one(c->tx.db, &add,
		STORE_ARGS(store_text(in->id), store_text(in->name), store_int(c->tx.now_ms)), &r, c->tx.fault);
	if (rc == RC_MISSING)
		return fault_set(c->tx.fault, RC_EXISTS, "there is a tenant %s already", in->id);
	store_close(take(r));
	if (rc == RC_OK)
		rc = tell(c, "tenant.created", "tenant.create", in->id);
	c->location = arena_fmt(c->tx.arena, "/v1/tenants/%s", in->id);
	return rc == RC_OK ? show(c, in->id, ret_out) : rc;
}

static enum rc get(struct call *c, void *ret_out) { return show(c, c->arg[0], ret_out); }

static enum rc patch(struct call *c, void *ret_out)
{
	static const struct store_query set = { .sql = "UPDATE tenants SET name = $2 WHERE id = $1" };
	const struct tenant *in = c->in;

	if (!decide_is_administrator(c->who))
		return fault_set(c->tx.fault, RC_DENIED, "this needs the installation's admin:*");
	enum rc rc = c->given ? store_do(c->tx.db, &set, STORE_ARGS(store_text(c->arg[0]), store_text(in->name)),
					c->tx.fault)
			      : RC_OK;
	if (rc == RC_OK)
		rc = tell(c, "tenant.updated", "tenant.update", c->arg[0]);
	return rc == RC_OK ? show(c, c->arg[0], ret_out) : rc;
}

static enum rc set(struct call *c, void *ret_out)
{
	static const struct store_query change = {
		.sql = "UPDATE tenants SET weight = $2, deficit = 0 WHERE id = $1 RETURNING "
		       "id"
	};
	const struct tenant *in = c->in;
	auto_rows struct store_rows *r = NULL;
	enum rc rc = decide_is_administrator(c->who)
			     ? RC_OK
			     : fault_set(c->tx.fault, RC_DENIED, "this needs the installation's admin:*");

	if (rc == RC_OK)
		rc = store_one(c->tx.db, &change, STORE_ARGS(store_text(c->arg[0]), store_int(in->weight)), &r,
			c->tx.fault);
	store_close(take(r));
	if (rc == RC_OK)
		rc = tell(c, "tenant.updated", "tenant.update", c->arg[0]);
	return rc == RC_OK ? show(c, c->arg[0], ret_out) : rc;
}

const struct route tenants_routes[] = {
	{ .name = "listTenants",
		.method = "GET",
		.path = "/v1/tenants",
		.reach = REACH_PLATFORM,
		.lists = OBJECT_TENANT,
		.scope = SCOPE_KEYS_READ,
		.flags = ROUTE_LIST,
		.query = query_fields,
		.query_size = sizeof(struct tenants_query),
		.out = tenant_fields,
		.out_size = sizeof(struct tenant),
		.run = list,
		.doc = "Lists the tenants and their shares." },
	{ .name = "createTenant",
		.method = "POST",
		.path = "/v1/tenants",
		.reach = REACH_PLATFORM,
		.scope = SCOPE_TENANTS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		.status = 201,
		.in = new_fields,
		.in_size = sizeof(struct tenant),
		.out = tenant_fields,
		.out_size = sizeof(struct tenant),
		.run = create,
		.doc = "Makes a tenant; needs the installation's admin:*." },
	{ .name = "getTenant",
		.method = "GET",
		.path = "/v1/tenants/{id}",
		.reach = REACH_PLATFORM,
		.object = OBJECT_TENANT,
		.scope = SCOPE_KEYS_READ,
		.out = tenant_fields,
		.out_size = sizeof(struct tenant),
		.run = get,
		.doc = "Shows a tenant." },
	{ .name = "editTenant",
		.method = "PATCH",
		.path = "/v1/tenants/{id}",
		.reach = REACH_PLATFORM,
		.object = OBJECT_TENANT,
		.scope = SCOPE_TENANTS_WRITE,
		.flags = ROUTE_WRITE,
		.in = patch_fields,
		.in_size = sizeof(struct tenant),
		.out = tenant_fields,
		.out_size = sizeof(struct tenant),
		.run = patch,
		.doc = "Renames a tenant; needs the installation's admin:*." },
	{ .name = "setTenantWeight",
		.method = "PUT",
		.path = "/v1/tenants/{id}/weight",
		.reach = REACH_PLATFORM,
		.object = OBJECT_TENANT,
		.scope = SCOPE_KEYS_WRITE,
		.flags = ROUTE_WRITE,
		.in = tenant_in_fields,
		.in_size = sizeof(struct tenant),
		.out = tenant_fields,
		.out_size = sizeof(struct tenant),
		.run = set,
		.doc = "Sets how much of the agents a tenant gets beside the others; needs admin:*." },
	{ 0 },
};
