#include "control/access/audit.h"
#include "control/access/keys.h"
#include "control/events/events.h"
#include "control/http/page.h"
#include "control/rows.h"

/* Whose jobs jobs are. What is here is how much of the agents each gets beside the others (engine/turns). */
struct tenant {
	const char *id;
	uint32_t weight;
	int64_t created_at;
};
static const struct field tenant_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct tenant, id), .doc = "ten_ and a name." },
	{ .name = "weight",
		.type = FIELD_U32,
		FIELD_AT(struct tenant, weight),
		.doc = "Tasks that it may begin in each turn: its share beside the other tenants." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct tenant, created_at),
		.doc = "When the first key was made for it; null: it was always there." },
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
#define COLUMNS "id, weight, created_at"

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

static enum rc set(struct call *c, void *ret_out)
{
	static const struct store_query change = {
		.sql = "UPDATE tenants SET weight = $2, deficit = 0 WHERE id = $1 RETURNING "
		       "id"
	};
	static const struct store_query one = { .sql = "SELECT " COLUMNS " FROM tenants WHERE id = $1" };
	const struct tenant *in = c->in;
	auto_rows struct store_rows *r = NULL;
	enum rc rc = keys_is_admin(c->who) ? RC_OK : fault_set(c->tx.fault, RC_DENIED, "this needs admin:*");

	if (rc == RC_OK)
		rc = store_one(c->tx.db, &change, STORE_ARGS(store_text(c->arg[0]), store_int(in->weight)), &r,
			c->tx.fault);
	store_close(take(r));
	if (rc == RC_OK)
		rc = events_add(&c->tx, &(struct event){ .type = "tenant.updated", .resource = c->arg[0] });
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "tenant.update", c->arg[0]);
	return rc == RC_OK ? rows_one(c->tx.db, &one, STORE_ARGS(store_text(c->arg[0])),
				     (struct rows_into){ tenant_fields, c->tx.arena, ret_out }, c->tx.fault)
			   : rc;
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
