#include "control/people/gives.h"
#include "base/buf.h"
#include "control/access/decide.h"
#include "control/people/users.h"
#include "model/give.h"
#include "wire/field_json.h"

#include <stdio.h>

#define OWNER_SELECTOR "{}" /* as people/binding_routes stores one that narrows to nothing */

static bool has(const struct call *c, const struct grant *g)
{
	return c->who->grants && give_is_within(c->who->grants, g);
}

enum rc gives_grants(struct call *c, const struct grants *g, const char *what)
{
	for (size_t i = 0; i < g->n; i++)
		if (!has(c, &g->at[i]))
			return fault_set(c->tx.fault, RC_DENIED,
				"%s may more than you: for this you need all of that yourself", what);
	return RC_OK;
}

enum rc gives_subject(struct call *c, const char *subject_id)
{
	struct grants g = { 0 };

	if (c->who->kind == PRINCIPAL_USER && !strcmp(c->who->id, subject_id))
		return RC_OK;
	enum rc rc = users_subject_grants(&c->tx, subject_id, &g);
	return rc == RC_OK ? gives_grants(c, &g, strncmp(subject_id, "grp_", 4) ? "that person" : "that group")
			   : rc;
}

enum rc gives_scopes(struct call *c, const struct field_list *scopes, const char *pointer)
{
	const char *const *texts = scopes->at;
	char at[48];
	enum rc rc = RC_OK;

	for (size_t i = 0; i < scopes->n; i++) {
		snprintf(at, sizeof(at), "%s/%zu", pointer, i);
		const struct grant one = { { (void *)&texts[i], 1 }, NULL };
		if (!scope_is_grant(texts[i]))
			rc = field_json_problem(
				c->reader, at, "not_one_of", "is not a scope; GET /v1/openapi.json lists them");
		else if (!has(c, &one))
			rc = field_json_problem(
				c->reader, at, "insufficient_scope", "gives more than you may yourself");
	}
	return rc;
}

enum rc gives_tenant(struct call *c, const char *named, const char **ret)
{
	static const struct store_query find = { .sql = "SELECT id FROM tenants WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;
	const char *own = decide_tenant(c->who);

	*ret = named ? named : own;
	if (!strcmp(*ret, own))
		return RC_OK;
	if (!decide_is_administrator(c->who))
		return field_json_problem(c->reader, "/tenantId", "insufficient_scope",
			"another tenant than your own needs the installation's admin:*");
	enum rc rc = store_one(c->tx.db, &find, STORE_ARGS(store_text(*ret)), &r, c->tx.fault);
	return rc == RC_MISSING
		       ? field_json_problem(c->reader, "/tenantId", "not_one_of", "there is no such tenant")
		       : rc;
}

const char *gives_json_list(struct tx *tx, const struct field_list *texts)
{
	static const struct field row[] = { { .name = "l", .type = FIELD_LIST, .item = FIELD_STR }, { 0 } };
	struct buf b = { 0 };

	field_json_encode(row, texts, &b); /* {"l":[…]} */
	const char *text = b.n > 6 && !b.bad ? arena_strn(tx->arena, buf_text(&b) + 5, b.n - 6) : NULL;
	buf_done(&b);
	return text;
}

enum rc gives_owners(struct tx *tx, const char *tenant_id, int64_t *ret)
{
	static const struct store_query count = { .sql = "SELECT COUNT(DISTINCT u.id) FROM users u JOIN "
							 "role_bindings b ON b.tenant_id = u.tenant_id AND "
							 "b.role = 'owner' AND b.selector = '" OWNER_SELECTOR
							 "' WHERE u.tenant_id = $1 AND u.enabled = "
							 "1 AND (b.subject_id = u.id OR b.subject_id IN (SELECT "
							 "m.group_id FROM group_members m WHERE "
							 "m.user_id = u.id))" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &count, STORE_ARGS(store_text(tenant_id)), &r, tx->fault);

	if (rc == RC_OK)
		*ret = store_col_int(r, 0);
	return rc;
}

enum rc gives_owner_left(struct tx *tx, const char *tenant_id, int64_t before)
{
	int64_t now = 0;
	enum rc rc = gives_owners(tx, tenant_id, &now);

	if (rc == RC_OK && before > 0 && now == 0)
		return fault_set(
			tx->fault, RC_CONFLICT, "this would leave nobody with the role owner; make another first");
	return rc;
}
