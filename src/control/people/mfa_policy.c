#include "control/access/audit.h"
#include "control/access/decide.h"
#include "control/events/events.h"
#include "control/people/user_routes.h"
#include "model/role.h"
#include "wire/field_json.h"

#define POLICY_MAX 64 /* roles of one */

struct policy {
	bool everyone;
	struct field_list roles;
};
static const struct field policy_fields[] = {
	{ .name = "everyone",
		.type = FIELD_BOOL,
		FIELD_AT(struct policy, everyone),
		.doc = "All people of the tenant need a second factor." },
	{ .name = "roles",
		.type = FIELD_LIST,
		FIELD_AT(struct policy, roles),
		.item = FIELD_STR,
		.max = POLICY_MAX,
		.doc = "Who has one of these roles does: names of built-in ones, ids of the tenant's own." },
	{ 0 },
};

static enum rc show_policy(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = "SELECT role FROM mfa_policies WHERE tenant_id = $1 ORDER BY role LIMIT $2"
	};
	const char **texts = arena_take(c->tx.arena, (POLICY_MAX + 1) * sizeof(*texts));
	struct policy *p = ret_out;
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	size_t n = 0;

	*p = (struct policy){ 0 };
	enum rc rc = texts ? store_run(c->tx.db, &all,
				     STORE_ARGS(store_text(decide_tenant(c->who)), store_int(POLICY_MAX + 1)), &r,
				     c->tx.fault)
			   : RC_NOMEM;
	while (rc == RC_OK && (rc = store_next(r, &row, c->tx.fault)) == RC_OK && row) {
		if (!*store_col_text(r, 0))
			p->everyone = true;
		else if (!(texts[n++] = arena_str(c->tx.arena, store_col_text(r, 0))))
			rc = RC_NOMEM;
	}
	p->roles = (struct field_list){ texts, n };
	return rc;
}

static enum rc add_policy(struct call *c, const char *role)
{
	static const struct store_query find = { .sql = "SELECT id FROM roles WHERE id = $1 AND tenant_id = $2" };
	static const struct store_query add = {
		.sql = "INSERT INTO mfa_policies (tenant_id, role) VALUES ($1, $2) ON "
		       "CONFLICT (tenant_id, role) DO NOTHING"
	};
	const char *tenant = decide_tenant(c->who);
	auto_rows struct store_rows *r = NULL;
	enum rc rc = RC_OK;

	if (*role && role_find(role) == ROLE_COUNT)
		rc = store_one(c->tx.db, &find, STORE_ARGS(store_text(role), store_text(tenant)), &r, c->tx.fault);
	if (rc == RC_MISSING)
		return field_json_problem(c->reader, "/roles", "not_one_of",
			"names a role that there is not; GET /v1/roles lists them");
	return rc == RC_OK ? store_do(c->tx.db, &add, STORE_ARGS(store_text(tenant), store_text(role)), c->tx.fault)
			   : rc;
}

static enum rc set_policy(struct call *c, void *ret_out)
{
	static const struct store_query clear = { .sql = "DELETE FROM mfa_policies WHERE tenant_id = $1" };
	const struct policy *in = c->in;
	const char *const *roles = in->roles.at, *tenant = decide_tenant(c->who);

	enum rc rc = store_do(c->tx.db, &clear, STORE_ARGS(store_text(tenant)), c->tx.fault);
	if (rc == RC_OK && in->everyone)
		rc = add_policy(c, "");
	for (size_t i = 0; rc == RC_OK && i < in->roles.n; i++)
		rc = *roles[i] ? add_policy(c, roles[i])
			       : field_json_problem(c->reader, "/roles", "malformed", "has an empty name");
	if (rc == RC_OK)
		rc = events_add(&c->tx, &(struct event){ .type = "mfa_policy.updated", .resource = tenant });
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "mfa_policy.updated", tenant);
	return rc == RC_OK ? show_policy(c, ret_out) : rc;
}

#define POLICY_OUT .out = policy_fields, .out_size = sizeof(struct policy)

const struct route mfa_policy_routes[] = {
	{ .name = "getMfaPolicy",
		.method = "GET",
		.path = "/v1/mfa-policy",
		.reach = REACH_TENANT,
		.scope = SCOPE_ROLES_READ,
		POLICY_OUT,
		.run = show_policy,
		.doc = "Shows who has to have a second factor." },
	{ .name = "setMfaPolicy",
		.method = "PUT",
		.path = "/v1/mfa-policy",
		.reach = REACH_TENANT,
		.scope = SCOPE_ROLES_WRITE,
		.flags = ROUTE_WRITE | ROUTE_STEP_UP,
		.in = policy_fields,
		.in_size = sizeof(struct policy),
		POLICY_OUT,
		.run = set_policy,
		.doc = "Says who has to have a second factor: until they have, nothing but their own account is "
		       "open to them." },
	{ 0 },
};
