#include "control/access/audit.h"
#include "control/access/decide.h"
#include "control/engine/park.h"
#include "control/events/events.h"
#include "control/fleet/policy_rule.h"
#include "control/fleet/regions.h"
#include "control/rows.h"
#include "wire/field_json.h"

#include <stdio.h>
#include <string.h>

struct policy {
	const char *id, *name;
	uint32_t position;
	struct placement_rule rule;
	int64_t version, created_at, updated_at;
};

#define NAME_ROW(flags_)                                                                                  \
	{ .name = "name",                                                                                 \
		.type = FIELD_STR,                                                                        \
		FIELD_AT(struct policy, name),                                                            \
		.flags = (flags_),                                                                        \
		.min = 1,                                                                                 \
		.max = 63,                                                                                \
		.chars = "abcdefghijklmnopqrstuvwxyz0123456789-",                                         \
		.doc = "Unique; tasks that it placed name it." },                                         \
	{                                                                                                 \
		.name = "position", .type = FIELD_U32, FIELD_AT(struct policy, position), .max = 1000000, \
		.def = 100, .doc = "The lowest is looked at first."                                       \
	}

static const struct field policy_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct policy, id), .doc = "pol_ and a ULID." },
	NAME_ROW(0),
	POLICY_RULE_FIELDS(struct policy, rule.),
	{ .name = "version", .type = FIELD_I64, FIELD_AT(struct policy, version), .doc = "It is the ETag." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct policy, created_at),
		.doc = "When it was made." },
	{ .name = "updatedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct policy, updated_at),
		.doc = "When it was changed last." },
	{ 0 },
};
static const struct field policy_in_fields[] = { NAME_ROW(FIELD_REQUIRED), POLICY_RULE_FIELDS(struct policy, rule.),
	{ 0 } };

/* A policy as it stands in its row. */
struct row {
	struct policy v;
	const char *text;
};
static const struct field row_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct row, v.id) },
	{ .name = "name", .type = FIELD_STR, FIELD_AT(struct row, v.name) },
	{ .name = "position", .type = FIELD_U32, FIELD_AT(struct row, v.position) },
	{ .name = "rule", .type = FIELD_STR, FIELD_AT(struct row, text) },
	{ .name = "version", .type = FIELD_I64, FIELD_AT(struct row, v.version) },
	{ .name = "created_at", .type = FIELD_I64, FIELD_AT(struct row, v.created_at) },
	{ .name = "updated_at", .type = FIELD_I64, FIELD_AT(struct row, v.updated_at) },
	{ 0 },
};
#define COLUMNS "id, name, position, rule, version, created_at, updated_at"

static enum rc load(struct tx *tx, const char *id, struct policy *ret)
{
	static const struct store_query one = { .sql = "SELECT " COLUMNS " FROM routing_policies WHERE id = $1" };
	struct row row = { 0 };
	enum rc rc = rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ row_fields, tx->arena, &row }, tx->fault);

	if (rc == RC_OK)
		rc = policy_rule_read(tx, row.text, &row.v.rule);
	*ret = row.v;
	return rc;
}

static enum rc is_there(
	struct call *c, const struct store_query *q, const char *id, const char *pointer, const char *what)
{
	auto_rows struct store_rows *r = NULL;
	enum rc rc = id ? store_one(c->tx.db, q, STORE_ARGS(store_text(id)), &r, c->tx.fault) : RC_OK;
	return rc == RC_MISSING ? field_json_problem(c->reader, pointer, "not_one_of", what) : rc;
}

static enum rc check_need(struct call *c, const struct placement_need *n, const char *at)
{
	static const struct store_query region = { .sql = "SELECT id FROM regions WHERE id = $1" };
	static const struct store_query agent = { .sql = "SELECT id FROM agents WHERE id = $1" };
	static const char *const kinds[] = { "direct", "bind_address", "http_proxy", "socks5" };
	const char *pointer = arena_fmt(c->tx.arena, "%s/egressKind", at);
	bool known = !n->egress_kind;

	for (size_t i = 0; n->egress_kind && i < sizeof(kinds) / sizeof(*kinds); i++)
		known |= !strcmp(n->egress_kind, kinds[i]);
	enum rc rc = known ? RC_OK
			   : field_json_problem(c->reader, pointer ? pointer : at, "not_one_of",
				     "must be direct, bind_address, http_proxy or socks5");
	pointer = arena_fmt(c->tx.arena, "%s/regionId", at);
	if (rc == RC_OK)
		rc = is_there(c, &region, n->region_id, pointer ? pointer : at, "there is no such region");
	pointer = arena_fmt(c->tx.arena, "%s/agentId", at);
	return rc == RC_OK ? is_there(c, &agent, n->agent_id, pointer ? pointer : at, "there is no such agent")
			   : rc;
}

static enum rc check_needs(struct call *c, const struct field_list *needs, const char *name)
{
	const struct placement_need *n = needs->at;
	enum rc rc = RC_OK;
	char at[32];

	for (size_t i = 0; rc == RC_OK && i < needs->n; i++) {
		snprintf(at, sizeof(at), "/%s/%zu", name, i);
		rc = check_need(c, &n[i], at);
	}
	return rc;
}

static enum rc check(struct call *c, const struct policy *in)
{
	static const struct store_query agent = { .sql = "SELECT id FROM agents WHERE id = $1" };
	enum rc rc = check_need(c, &in->rule.require, "/require");

	if (rc == RC_OK)
		rc = check_needs(c, &in->rule.prefer, "prefer");
	if (rc == RC_OK)
		rc = check_needs(c, &in->rule.forbid, "forbid");
	return rc == RC_OK ? is_there(c, &agent, in->rule.pin, "/pin", "there is no such agent") : rc;
}

/* The rules have changed: what found no place may find one. */
static enum rc changed(struct call *c, const char *id, const char *type, const char *deed)
{
	enum rc rc = events_add(&c->tx, &(struct event){ .type = type, .resource = id });
	if (rc == RC_OK)
		rc = audit_add(&c->tx, deed, id);
	return rc == RC_OK ? park_places(&c->tx) : rc;
}

static enum rc taken(struct call *c, enum rc rc, const char *name)
{
	return rc == RC_EXISTS ? fault_set(c->tx.fault, rc, "there is a policy with the name %s already", name)
			       : rc;
}

static enum rc has_room(struct call *c)
{
	static const struct store_query count = {
		.sql = "SELECT COUNT(*), COALESCE(SUM(CASE WHEN tenant_id = $1 THEN 1 ELSE 0 END), 0) "
		       "FROM routing_policies"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(c->tx.db, &count, STORE_ARGS(store_text(tx_tenant(&c->tx))), &r, c->tx.fault);

	if (rc == RC_OK && (store_col_int(r, 0) >= POLICY_RULE_ALL || store_col_int(r, 1) >= PLACEMENT_RULES_MAX))
		rc = fault_set(c->tx.fault, RC_CONFLICT, "there are %d policies, and no room for more; delete some",
			PLACEMENT_RULES_MAX);
	return rc;
}

static enum rc create(struct call *c, void *ret_out)
{
	static const struct store_query add = { .sql = "INSERT INTO routing_policies (id, name, position, rule, "
						       "version, created_at, updated_at, tenant_id, created_by) "
						       "VALUES ($1, $2, $3, $4, 1, $5, $5, $6, $7)" };
	struct policy *v = ret_out;

	*v = *(const struct policy *)c->in;
	v->id = tx_id(&c->tx, "pol");
	v->version = c->version = 1;
	v->created_at = v->updated_at = c->tx.now_ms;
	const char *text = policy_rule_text(c->tx.arena, &v->rule);
	c->location = arena_fmt(c->tx.arena, "/v1/routing-policies/%s", v->id);
	enum rc rc = v->id && text && c->location ? check(c, v) : RC_NOMEM;
	if (rc == RC_OK)
		rc = has_room(c);
	if (rc == RC_OK)
		rc = taken(c,
			store_do(c->tx.db, &add,
				STORE_ARGS(store_text(v->id), store_text(v->name), store_int(v->position),
					store_text(text), store_int(v->created_at), store_text(tx_tenant(&c->tx)),
					store_text(c->tx.actor)),
				c->tx.fault),
			v->name);
	return rc == RC_OK ? changed(c, v->id, "routing_policy.created", "routing_policy.create") : rc;
}

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = "SELECT " COLUMNS " FROM routing_policies WHERE tenant_id = $2 ORDER BY position, "
		       "id LIMIT $1"
	};
	struct page *page = ret_out;
	auto_rows struct store_rows *r = NULL;
	struct field_list rows = { 0 };
	enum rc rc = store_run(c->tx.db, &all,
		STORE_ARGS(store_int(PLACEMENT_RULES_MAX), store_text(tx_tenant(&c->tx))), &r, c->tx.fault);

	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ row_fields, c->tx.arena, NULL }, sizeof(struct row),
			PLACEMENT_RULES_MAX, &rows, c->tx.fault);
	struct policy *to = arena_take(c->tx.arena, (rows.n + 1) * sizeof(*to));
	const struct row *from = rows.at;
	if (rc == RC_OK && !to)
		rc = RC_NOMEM;
	for (size_t i = 0; rc == RC_OK && i < rows.n; i++) {
		to[i] = from[i].v;
		rc = policy_rule_read(&c->tx, from[i].text, &to[i].rule);
	}
	page->items = (struct field_list){ to, rows.n };
	return rc == RC_OK ? decide_filter(c, page) : rc;
}

static enum rc get(struct call *c, void *ret_out)
{
	struct policy *v = ret_out;
	enum rc rc = load(&c->tx, c->arg[0], v);
	c->version = v->version;
	return rc;
}

static enum rc put(struct call *c, void *ret_out)
{
	static const struct store_query set = {
		.sql = "UPDATE routing_policies SET name = $2, position = $3, rule = $4, "
		       "version = version + 1, updated_at = $5 WHERE id = $1"
	};
	const struct policy *in = c->in;
	struct policy *v = ret_out;
	enum rc rc = load(&c->tx, c->arg[0], v);

	if (rc == RC_OK)
		rc = route_match(c, v->version);
	if (rc == RC_OK)
		rc = check(c, in);
	if (rc != RC_OK)
		return rc;
	v->name = in->name;
	v->position = in->position;
	v->rule = in->rule;
	v->updated_at = c->tx.now_ms;
	c->version = ++v->version;
	const char *text = policy_rule_text(c->tx.arena, &v->rule);
	rc = text ? taken(c,
			    store_do(c->tx.db, &set,
				    STORE_ARGS(store_text(v->id), store_text(v->name), store_int(v->position),
					    store_text(text), store_int(v->updated_at)),
				    c->tx.fault),
			    v->name)
		  : RC_NOMEM;
	return rc == RC_OK ? changed(c, v->id, "routing_policy.updated", "routing_policy.update") : rc;
}

static enum rc drop(struct call *c, void *ret_out)
{
	static const struct store_query delete = { .sql = "DELETE FROM routing_policies WHERE id = $1" };
	struct policy v = { 0 };
	(void)ret_out;

	enum rc rc = load(&c->tx, c->arg[0], &v);
	if (rc == RC_OK)
		rc = route_match(c, v.version);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &delete, STORE_ARGS(store_text(v.id)), c->tx.fault);
	return rc == RC_OK ? changed(c, v.id, "routing_policy.deleted", "routing_policy.delete") : rc;
}

#define OUT .out = policy_fields, .out_size = sizeof(struct policy)
#define IN  .in = policy_in_fields, .in_size = sizeof(struct policy)

const struct route policies_routes[] = {
	{ .name = "listRoutingPolicies",
		.method = "GET",
		.path = "/v1/routing-policies",
		.reach = REACH_TENANT,
		.lists = OBJECT_POLICY,
		.scope = SCOPE_TOPOLOGY_READ,
		.flags = ROUTE_LIST,
		OUT,
		.run = list,
		.doc = "Lists the rules of placement in their order: the first that fits a task holds." },
	{ .name = "createRoutingPolicy",
		.method = "POST",
		.path = "/v1/routing-policies",
		.reach = REACH_TENANT,
		.scope = SCOPE_TOPOLOGY_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		.status = 201,
		IN,
		OUT,
		.run = create,
		.doc = "Makes a rule. It holds for what is placed from now on." },
	{ .name = "getRoutingPolicy",
		.method = "GET",
		.path = "/v1/routing-policies/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_POLICY,
		.scope = SCOPE_TOPOLOGY_READ,
		OUT,
		.run = get,
		.doc = "Shows a rule." },
	{ .name = "replaceRoutingPolicy",
		.method = "PUT",
		.path = "/v1/routing-policies/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_POLICY,
		.scope = SCOPE_TOPOLOGY_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		IN,
		OUT,
		.run = put,
		.doc = "Replaces a rule." },
	{ .name = "deleteRoutingPolicy",
		.method = "DELETE",
		.path = "/v1/routing-policies/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_POLICY,
		.scope = SCOPE_TOPOLOGY_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		.status = 204,
		.run = drop,
		.doc = "Deletes a rule." },
	{ 0 },
};
