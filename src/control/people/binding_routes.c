#include "base/buf.h"
#include "control/access/audit.h"
#include "control/access/decide.h"
#include "control/events/events.h"
#include "control/http/page.h"
#include "control/people/gives.h"
#include "control/people/user_routes.h"
#include "control/people/users.h"
#include "control/rows.h"
#include "model/role.h"
#include "wire/field_json.h"

#define BOUND_MAX 64 /* bindings of one person or group */

struct binding {
	const char *id, *tenant_id, *subject_id, *role, *selector, *created_by;
	int64_t created_at;
};
static const struct field binding_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct binding, id), .doc = "rb_ and a ULID." },
	{ .name = "tenantId", .type = FIELD_STR, FIELD_AT(struct binding, tenant_id), .doc = "Where it holds." },
	{ .name = "subjectId",
		.type = FIELD_STR,
		FIELD_AT(struct binding, subject_id),
		.doc = "The person or the group." },
	{ .name = "role",
		.type = FIELD_STR,
		FIELD_AT(struct binding, role),
		.doc = "A built-in role's name, or the id of one of the tenant's own." },
	{ .name = "selector",
		.type = FIELD_JSON,
		FIELD_AT(struct binding, selector),
		.doc = "What it is narrowed to: own, regions, actions, accountLabels. Empty: all of the tenant." },
	{ .name = "createdBy", .type = FIELD_STR, FIELD_AT(struct binding, created_by), .doc = "Who made it." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct binding, created_at),
		.doc = "When it was made." },
	{ 0 },
};
#define SELECT "SELECT id, tenant_id, subject_id, role, selector, created_by, created_at FROM role_bindings "

struct binding_in {
	const char *subject_id, *role;
	struct selector selector;
};
static const struct field new_fields[] = {
	{ .name = "subjectId",
		.type = FIELD_STR,
		FIELD_AT(struct binding_in, subject_id),
		.flags = FIELD_REQUIRED,
		.max = 64,
		.doc = "The person (usr_) or the group (grp_)." },
	{ .name = "role",
		.type = FIELD_STR,
		FIELD_AT(struct binding_in, role),
		.flags = FIELD_REQUIRED,
		.max = 64,
		.doc = "A built-in role's name, or the id of one of the tenant's own." },
	{ .name = "selector",
		.type = FIELD_OBJ,
		FIELD_AT(struct binding_in, selector),
		.sub = users_selector_fields,
		.sub_size = sizeof(struct selector),
		.doc = "Narrows it. Left out: all of the tenant." },
	{ 0 },
};

static enum rc load(struct tx *tx, const char *id, struct binding *ret)
{
	static const struct store_query one = { .sql = SELECT "WHERE id = $1" };
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ binding_fields, tx->arena, ret }, tx->fault);
}

static enum rc tell(struct tx *tx, const char *type, const struct binding *b)
{
	const char *words = arena_fmt(tx->arena, "%s: %s", b->subject_id, b->role);
	enum rc rc = events_add(tx, &(struct event){ .type = type, .resource = b->id });
	return rc == RC_OK ? audit_note(tx, type, b->id, words) : rc;
}

/* Whose tenant the subject is: the caller's, or any for the installation's administrator. */
static enum rc tenant_of_subject(struct call *c, const char *subject_id, const char **ret)
{
	bool group = !strncmp(subject_id, "grp_", 4);
	static const struct store_query person = { .sql = "SELECT tenant_id FROM users WHERE id = $1" };
	static const struct store_query groups = { .sql = "SELECT tenant_id FROM groups WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;

	enum rc rc = decide_object(c, group ? OBJECT_GROUP : OBJECT_USER, subject_id);
	if (rc == RC_OK)
		rc = store_one(
			c->tx.db, group ? &groups : &person, STORE_ARGS(store_text(subject_id)), &r, c->tx.fault);
	if (rc == RC_MISSING)
		return field_json_problem(
			c->reader, "/subjectId", "not_one_of", "there is no such person or group");
	if (rc == RC_OK && !(*ret = arena_str(c->tx.arena, store_col_text(r, 0))))
		return RC_NOMEM;
	return rc;
}

/* The scopes of a custom role of the tenant; NULL: the role is built in. */
static enum rc find_role(struct call *c, const char *role, const char *tenant, const char **ret_scopes)
{
	static const struct store_query find = {
		.sql = "SELECT scopes FROM roles WHERE id = $1 AND tenant_id = $2"
	};
	auto_rows struct store_rows *r = NULL;

	*ret_scopes = NULL;
	if (role_find(role) != ROLE_COUNT)
		return RC_OK;
	enum rc rc = store_one(c->tx.db, &find, STORE_ARGS(store_text(role), store_text(tenant)), &r, c->tx.fault);
	if (rc == RC_MISSING)
		return field_json_problem(
			c->reader, "/role", "not_one_of", "there is no such role; GET /v1/roles lists them");
	if (rc == RC_OK && !(*ret_scopes = arena_str(c->tx.arena, store_col_text(r, 0))))
		return RC_NOMEM;
	return rc;
}

static enum rc check_room(struct call *c, const char *subject_id)
{
	static const struct store_query count = {
		.sql = "SELECT COUNT(*) FROM role_bindings WHERE subject_id = $1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(c->tx.db, &count, STORE_ARGS(store_text(subject_id)), &r, c->tx.fault);

	if (rc == RC_OK && store_col_int(r, 0) >= BOUND_MAX)
		return fault_set(c->tx.fault, RC_CONFLICT, "at most %d roles can be bound to one person or group",
			BOUND_MAX);
	return rc;
}

/* As text, and what narrows nothing as {}. */
static const char *selector_text(struct call *c, const struct selector *s)
{
	struct buf b = { 0 };

	field_json_encode(users_selector_fields, s, &b);
	const char *text = arena_str(c->tx.arena, buf_text(&b));
	buf_done(&b);
	return text;
}

/* Nobody gives more than they have, and nobody changes who may more than they. */
static enum rc check_gives(struct call *c, const struct binding *b, const char *scopes)
{
	struct grant given[2] = { 0 };
	size_t n = 0;
	enum rc rc = users_role_grants(&c->tx, b->role, scopes, b->selector, given, &n);

	return rc == RC_OK ? gives_grants(c, &(struct grants){ given, n }, "the role") : rc;
}

static enum rc create(struct call *c, void *ret_out)
{
	static const struct store_query add = { .sql = "INSERT INTO role_bindings (id, tenant_id, subject_id, "
						       "role, selector, created_by, created_at) "
						       "VALUES ($1, $2, $3, $4, $5, $6, $7)" };
	const struct binding_in *in = c->in;
	struct binding *b = ret_out;
	const char *scopes = NULL;

	*b = (struct binding){ .id = tx_id(&c->tx, "rb"),
		.subject_id = in->subject_id,
		.role = in->role,
		.selector = selector_text(c, &in->selector),
		.created_by = c->tx.actor,
		.created_at = c->tx.now_ms };
	enum rc rc = b->id && b->selector ? tenant_of_subject(c, in->subject_id, &b->tenant_id) : RC_NOMEM;
	if (rc == RC_OK)
		rc = find_role(c, in->role, b->tenant_id, &scopes);
	if (rc == RC_OK)
		rc = check_gives(c, b, scopes);
	if (rc == RC_OK)
		rc = check_room(c, in->subject_id);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &add,
			STORE_ARGS(store_text(b->id), store_text(b->tenant_id), store_text(b->subject_id),
				store_text(b->role), store_text(b->selector), store_text(b->created_by),
				store_int(b->created_at)),
			c->tx.fault);
	c->location = arena_fmt(c->tx.arena, "/v1/role-bindings/%s", b->id);
	return rc == RC_OK ? tell(&c->tx, "role_binding.created", b) : rc;
}

struct bindings_query {
	struct page_query page;
	const char *subject_id, *role, *tenant_id;
};
static const struct field query_fields[] = { PAGE_QUERY_FIELDS(struct bindings_query),
	{ .name = "subjectId",
		.type = FIELD_STR,
		FIELD_AT(struct bindings_query, subject_id),
		.max = 64,
		.doc = "Only of this person or group." },
	{ .name = "role",
		.type = FIELD_STR,
		FIELD_AT(struct bindings_query, role),
		.max = 64,
		.doc = "Only of this role." },
	{ .name = "tenantId",
		.type = FIELD_STR,
		FIELD_AT(struct bindings_query, tenant_id),
		.max = 64,
		.doc = "Of this tenant, for the installation's administrator. Default: your own." },
	{ 0 } };

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = SELECT "WHERE id < $1 AND tenant_id = $3 AND ($4 = '' OR "
							      "subject_id = $4) AND ($5 = '' OR role = $5) ORDER "
							      "BY id DESC LIMIT $2" };
	const struct bindings_query *q = c->query;
	const char *tenant = q->tenant_id && decide_is_administrator(c->who) ? q->tenant_id : decide_tenant(c->who);
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1), store_text(tenant),
				store_text(q->subject_id ? q->subject_id : ""), store_text(q->role ? q->role : "")),
			&r, c->tx.fault);
	return rc == RC_OK ? page_read(c, &q->page, r, ret_out) : rc;
}

static enum rc get(struct call *c, void *ret_out) { return load(&c->tx, c->arg[0], ret_out); }

static enum rc drop(struct call *c, void *ret_out)
{
	static const struct store_query scopes = { .sql = "SELECT scopes FROM roles WHERE id = $1" };
	static const struct store_query delete = { .sql = "DELETE FROM role_bindings WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;
	struct binding b;
	int64_t owners = 0;
	(void)ret_out;

	enum rc rc = load(&c->tx, c->arg[0], &b);
	if (rc != RC_OK)
		return rc;
	rc = store_one(c->tx.db, &scopes, STORE_ARGS(store_text(b.role)), &r, c->tx.fault);
	if (rc == RC_OK || rc == RC_MISSING) /* a built-in one is no row */
		rc = check_gives(c, &b, rc == RC_OK ? store_col_text(r, 0) : NULL);
	store_close(take(r));
	if (rc == RC_OK)
		rc = gives_owners(&c->tx, b.tenant_id, &owners);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &delete, STORE_ARGS(store_text(b.id)), c->tx.fault);
	if (rc == RC_OK)
		rc = gives_owner_left(&c->tx, b.tenant_id, owners);
	return rc == RC_OK ? tell(&c->tx, "role_binding.deleted", &b) : rc;
}

#define OUT .out = binding_fields, .out_size = sizeof(struct binding)

const struct route binding_routes[] = {
	{ .name = "listRoleBindings",
		.method = "GET",
		.path = "/v1/role-bindings",
		.reach = REACH_TENANT,
		.lists = OBJECT_ROLE_BINDING,
		.scope = SCOPE_ROLES_READ,
		.flags = ROUTE_LIST,
		.query = query_fields,
		.query_size = sizeof(struct bindings_query),
		OUT,
		.run = list,
		.doc = "Lists to whom roles are bound, newest first." },
	{ .name = "createRoleBinding",
		.method = "POST",
		.path = "/v1/role-bindings",
		.reach = REACH_TENANT,
		.scope = SCOPE_ROLES_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED | ROUTE_STEP_UP | ROUTE_NARROWED,
		.status = 201,
		.in = new_fields,
		.in_size = sizeof(struct binding_in),
		OUT,
		.run = create,
		.doc = "Binds a role to a person or a group. What you give, you must have, for as much." },
	{ .name = "getRoleBinding",
		.method = "GET",
		.path = "/v1/role-bindings/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_ROLE_BINDING,
		.scope = SCOPE_ROLES_READ,
		OUT,
		.run = get,
		.doc = "Shows a binding." },
	{ .name = "deleteRoleBinding",
		.method = "DELETE",
		.path = "/v1/role-bindings/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_ROLE_BINDING,
		.scope = SCOPE_ROLES_WRITE,
		.flags = ROUTE_WRITE | ROUTE_STEP_UP,
		.status = 204,
		.run = drop,
		.doc = "Unbinds a role that gives no more than you have. Not the last owner's." },
	{ 0 },
};
