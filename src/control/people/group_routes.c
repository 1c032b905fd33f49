#include "control/access/audit.h"
#include "control/access/decide.h"
#include "control/events/events.h"
#include "control/http/page.h"
#include "control/people/gives.h"
#include "control/people/user_routes.h"
#include "control/people/users.h"
#include "control/rows.h"
#include "wire/field_json.h"

#define MEMBERS_MAX 100000 /* of one group */

struct group {
	const char *id, *tenant_id, *name;
	uint32_t members;
	const char *created_by;
	int64_t created_at, updated_at, version;
};
static const struct field group_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct group, id), .doc = "grp_ and a ULID." },
	{ .name = "tenantId", .type = FIELD_STR, FIELD_AT(struct group, tenant_id), .doc = "Whose group it is." },
	{ .name = "name", .type = FIELD_STR, FIELD_AT(struct group, name), .doc = "Unique in the tenant." },
	{ .name = "members",
		.type = FIELD_U32,
		FIELD_AT(struct group, members),
		.doc = "How many people are in it." },
	{ .name = "createdBy", .type = FIELD_STR, FIELD_AT(struct group, created_by), .doc = "Who made it." },
	{ .name = "createdAt", .type = FIELD_TIME, FIELD_AT(struct group, created_at), .doc = "When it was made." },
	{ .name = "updatedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct group, updated_at),
		.doc = "When it was changed last." },
	{ .name = "version", .type = FIELD_I64, FIELD_AT(struct group, version), .doc = "It is the ETag." },
	{ 0 },
};
#define SELECT                                                                                            \
	"SELECT g.id, g.tenant_id, g.name, (SELECT COUNT(DISTINCT m.user_id) FROM group_members m WHERE " \
	"m.group_id = "                                                                                   \
	"g.id), g.created_by, g.created_at, g.updated_at, g.version FROM groups g "

struct group_in {
	const char *name, *tenant_id;
};
#define NAME_ROW                                                                                             \
	{                                                                                                    \
		.name = "name", .type = FIELD_STR, FIELD_AT(struct group_in, name), .flags = FIELD_REQUIRED, \
		.min = 1, .max = 100, .doc = "Unique in the tenant."                                         \
	}
static const struct field new_fields[] = { NAME_ROW,
	{ .name = "tenantId",
		.type = FIELD_STR,
		FIELD_AT(struct group_in, tenant_id),
		.flags = FIELD_NULLABLE,
		.min = 5,
		.max = 63,
		.doc = "Whose group it is. Another tenant than your own needs the installation's admin:*." },
	{ 0 } };
static const struct field patch_fields[] = { NAME_ROW, { 0 } };

static enum rc load(struct tx *tx, const char *id, struct group *ret)
{
	static const struct store_query one = { .sql = SELECT "WHERE g.id = $1" };
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ group_fields, tx->arena, ret }, tx->fault);
}

static enum rc tell(struct tx *tx, const char *type, const char *id, const char *words)
{
	enum rc rc = events_add(tx, &(struct event){ .type = type, .resource = id });
	return rc == RC_OK ? audit_note(tx, type, id, words) : rc;
}

static enum rc name_taken(struct call *c, const char *tenant, const char *name, const char *but)
{
	static const struct store_query find = {
		.sql = "SELECT id FROM groups WHERE tenant_id = $1 AND name = $2 AND id <> $3"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(c->tx.db, &find, STORE_ARGS(store_text(tenant), store_text(name), store_text(but)),
		&r, c->tx.fault);

	if (rc == RC_OK)
		return fault_set(c->tx.fault, RC_EXISTS, "there is a group %s already", name);
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc create(struct call *c, void *ret_out)
{
	static const struct store_query add = { .sql = "INSERT INTO groups (id, tenant_id, name, created_by, "
						       "created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)" };
	const struct group_in *in = c->in;
	const char *id = tx_id(&c->tx, "grp"), *tenant = NULL;

	enum rc rc = id ? gives_tenant(c, in->tenant_id, &tenant) : RC_NOMEM;
	if (rc == RC_OK)
		rc = name_taken(c, tenant, in->name, "");
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &add,
			STORE_ARGS(store_text(id), store_text(tenant), store_text(in->name),
				store_text(c->tx.actor), store_int(c->tx.now_ms)),
			c->tx.fault);
	if (rc == RC_OK)
		rc = tell(&c->tx, "group.created", id, NULL);
	c->version = 1;
	c->location = arena_fmt(c->tx.arena, "/v1/groups/%s", id);
	return rc == RC_OK ? load(&c->tx, id, ret_out) : rc;
}

struct groups_query {
	struct page_query page;
	const char *user_id, *tenant_id;
};
static const struct field query_fields[] = { PAGE_QUERY_FIELDS(struct groups_query),
	{ .name = "userId",
		.type = FIELD_STR,
		FIELD_AT(struct groups_query, user_id),
		.max = 64,
		.doc = "Only those that this person is in." },
	{ .name = "tenantId",
		.type = FIELD_STR,
		FIELD_AT(struct groups_query, tenant_id),
		.max = 64,
		.doc = "Of this tenant, for the installation's administrator. Default: your own." },
	{ 0 } };

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = SELECT
						"WHERE g.id < $1 AND g.tenant_id = $3 AND ($4 = '' OR g.id IN "
						"(SELECT m.group_id FROM group_members m "
						"WHERE m.user_id = $4)) ORDER BY g.id DESC LIMIT $2" };
	const struct groups_query *q = c->query;
	const char *tenant = q->tenant_id && decide_is_administrator(c->who) ? q->tenant_id : decide_tenant(c->who);
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1), store_text(tenant),
				store_text(q->user_id ? q->user_id : "")),
			&r, c->tx.fault);
	return rc == RC_OK ? page_read(c, &q->page, r, ret_out) : rc;
}

static enum rc get(struct call *c, void *ret_out)
{
	struct group *g = ret_out;
	enum rc rc = load(&c->tx, c->arg[0], g);
	c->version = g->version;
	return rc;
}

/* Whoever changes a group must have all that it gives. */
static enum rc for_change(struct call *c, struct group *ret)
{
	enum rc rc = load(&c->tx, c->arg[0], ret);

	if (rc == RC_OK)
		rc = route_match(c, ret->version);
	return rc == RC_OK ? gives_subject(c, ret->id) : rc;
}

static enum rc count_up(struct call *c, const char *id)
{
	static const struct store_query count = {
		.sql = "UPDATE groups SET version = version + 1, updated_at = $2 WHERE id = $1"
	};
	return store_do(c->tx.db, &count, STORE_ARGS(store_text(id), store_int(c->tx.now_ms)), c->tx.fault);
}

static enum rc patch(struct call *c, void *ret_out)
{
	static const struct store_query set = { .sql = "UPDATE groups SET name = $2 WHERE id = $1" };
	const struct group_in *in = c->in;
	struct group *g = ret_out;

	enum rc rc = for_change(c, g);
	const char *id = g->id;
	if (rc == RC_OK && c->given)
		rc = name_taken(c, g->tenant_id, in->name, id);
	if (rc == RC_OK && c->given)
		rc = store_do(c->tx.db, &set, STORE_ARGS(store_text(id), store_text(in->name)), c->tx.fault);
	if (rc == RC_OK)
		rc = count_up(c, id);
	if (rc == RC_OK)
		rc = tell(&c->tx, "group.updated", id, NULL);
	return rc == RC_OK ? get(c, ret_out) : rc;
}

static enum rc drop(struct call *c, void *ret_out)
{
	static const struct store_query all[] = {
		{ .sql = "DELETE FROM role_bindings WHERE subject_id = $1" },
		{ .sql = "DELETE FROM group_members WHERE group_id = $1" },
		{ .sql = "DELETE FROM groups WHERE id = $1" },
	};
	struct group g;
	int64_t owners = 0;
	(void)ret_out;

	enum rc rc = for_change(c, &g);
	if (rc == RC_OK)
		rc = gives_owners(&c->tx, g.tenant_id, &owners);
	for (size_t i = 0; rc == RC_OK && i < sizeof(all) / sizeof(*all); i++)
		rc = store_do(c->tx.db, &all[i], STORE_ARGS(store_text(g.id)), c->tx.fault);
	if (rc == RC_OK)
		rc = gives_owner_left(&c->tx, g.tenant_id, owners);
	return rc == RC_OK ? tell(&c->tx, "group.deleted", g.id, NULL) : rc;
}

/* The person of the path, of the same tenant as the group. */
static enum rc member(struct call *c, struct group *g, const char **ret_user_id)
{
	struct user_row user;

	enum rc rc = for_change(c, g);
	if (rc == RC_OK)
		rc = users_find(&c->tx, c->arg[1], &user);
	if (rc == RC_OK && strcmp(user.tenant_id, g->tenant_id) != 0)
		rc = RC_MISSING;
	*ret_user_id = rc == RC_OK ? user.id : NULL;
	return rc;
}

static enum rc add_member(struct call *c, void *ret_out)
{
	static const struct store_query add = { .sql = "INSERT INTO group_members (group_id, user_id, source) "
						       "VALUES ($1, $2, '') ON CONFLICT (group_id, "
						       "user_id, source) DO NOTHING RETURNING user_id" };
	struct group *g = ret_out;
	const char *user_id = NULL;
	auto_rows struct store_rows *r = NULL;

	enum rc rc = member(c, g, &user_id);
	if (rc == RC_OK && g->members >= MEMBERS_MAX)
		return fault_set(c->tx.fault, RC_CONFLICT, "a group has at most %d members", MEMBERS_MAX);
	if (rc == RC_OK)
		rc = store_one(c->tx.db, &add, STORE_ARGS(store_text(g->id), store_text(user_id)), &r, c->tx.fault);
	else
		return rc;
	store_close(take(r));
	if (rc == RC_OK)
		rc = count_up(c, g->id);
	if (rc == RC_OK)
		rc = tell(&c->tx, "group.member_added", g->id, user_id);
	/* A repeat changes nothing. */
	return rc == RC_OK || rc == RC_MISSING ? get(c, ret_out) : rc;
}

static enum rc drop_member(struct call *c, void *ret_out)
{
	static const struct store_query remove = {
		.sql = "DELETE FROM group_members WHERE group_id = $1 AND user_id = $2"
	};
	struct group *g = ret_out;
	const char *user_id = NULL;
	int64_t owners = 0;

	enum rc rc = member(c, g, &user_id);
	if (rc == RC_OK)
		rc = gives_owners(&c->tx, g->tenant_id, &owners);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &remove, STORE_ARGS(store_text(g->id), store_text(user_id)), c->tx.fault);
	if (rc == RC_OK)
		rc = gives_owner_left(&c->tx, g->tenant_id, owners);
	if (rc == RC_OK)
		rc = count_up(c, g->id);
	if (rc == RC_OK)
		rc = tell(&c->tx, "group.member_removed", g->id, user_id);
	return rc == RC_OK ? get(c, ret_out) : rc;
}

#define OUT .out = group_fields, .out_size = sizeof(struct group)
#define ONE .reach = REACH_TENANT, .object = OBJECT_GROUP

const struct route group_routes[] = {
	{ .name = "listGroups",
		.method = "GET",
		.path = "/v1/groups",
		.reach = REACH_TENANT,
		.lists = OBJECT_GROUP,
		.scope = SCOPE_GROUPS_READ,
		.flags = ROUTE_LIST,
		.query = query_fields,
		.query_size = sizeof(struct groups_query),
		OUT,
		.run = list,
		.doc = "Lists the groups, newest first. GET /v1/users?groupId= lists who is in one." },
	{ .name = "createGroup",
		.method = "POST",
		.path = "/v1/groups",
		.reach = REACH_TENANT,
		.scope = SCOPE_GROUPS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		.status = 201,
		.in = new_fields,
		.in_size = sizeof(struct group_in),
		OUT,
		.run = create,
		.doc = "Makes a group. What is bound to it, all who are in it may." },
	{ .name = "getGroup",
		.method = "GET",
		.path = "/v1/groups/{id}",
		ONE,
		.scope = SCOPE_GROUPS_READ,
		OUT,
		.run = get,
		.doc = "Shows a group." },
	{ .name = "editGroup",
		.method = "PATCH",
		.path = "/v1/groups/{id}",
		ONE,
		.scope = SCOPE_GROUPS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		.in = patch_fields,
		.in_size = sizeof(struct group_in),
		OUT,
		.run = patch,
		.doc = "Renames a group that gives no more than you have." },
	{ .name = "deleteGroup",
		.method = "DELETE",
		.path = "/v1/groups/{id}",
		ONE,
		.scope = SCOPE_GROUPS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH | ROUTE_STEP_UP,
		.status = 204,
		.run = drop,
		.doc = "Deletes a group that gives no more than you have, and what is bound to it." },
	{ .name = "addGroupMember",
		.method = "PUT",
		.path = "/v1/groups/{id}/members/{user}",
		ONE,
		.scope = SCOPE_GROUPS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_STEP_UP,
		OUT,
		.run = add_member,
		.doc = "Puts a person into a group that gives no more than you have." },
	{ .name = "removeGroupMember",
		.method = "DELETE",
		.path = "/v1/groups/{id}/members/{user}",
		ONE,
		.scope = SCOPE_GROUPS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_STEP_UP,
		OUT,
		.run = drop_member,
		.doc = "Takes a person out of a group, whoever put them there. Not the last owner." },
	{ 0 },
};
