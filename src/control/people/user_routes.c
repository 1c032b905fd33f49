#include "control/people/user_routes.h"
#include "base/hush.h"
#include "control/access/audit.h"
#include "control/access/decide.h"
#include "control/control.h"
#include "control/events/events.h"
#include "control/http/page.h"
#include "control/people/gives.h"
#include "control/people/passwords.h"
#include "control/people/user_row.h"
#include "control/people/users.h"
#include "wire/field_json.h"

#define LOGIN_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@+-"

struct user_in {
	const char *login, *name, *email, *password, *password_hash, *tenant_id;
};
enum { GIVEN_LOGIN = 1, GIVEN_NAME = 2, GIVEN_EMAIL = 4 };

#define COMMON_FIELDS                                                                                         \
	{ .name = "login",                                                                                    \
		.type = FIELD_STR,                                                                            \
		FIELD_AT(struct user_in, login),                                                              \
		.flags = FIELD_REQUIRED,                                                                      \
		.min = 1,                                                                                     \
		.max = USERS_LOGIN_MAX,                                                                       \
		.chars = LOGIN_CHARS,                                                                         \
		.doc = "What they log in with; kept in lower case." },                                        \
		{ .name = "name",                                                                             \
			.type = FIELD_STR,                                                                    \
			FIELD_AT(struct user_in, name),                                                       \
			.flags = FIELD_NULLABLE,                                                              \
			.min = 1,                                                                             \
			.max = 200,                                                                           \
			.doc = "What people call them. Default: the login." },                                \
	{                                                                                                     \
		.name = "email", .type = FIELD_STR, FIELD_AT(struct user_in, email), .flags = FIELD_NULLABLE, \
		.min = 3, .max = 254, .doc = "Their address."                                                 \
	}

static const struct field new_fields[] = { COMMON_FIELDS,
	{ .name = "password",
		.type = FIELD_STR,
		FIELD_AT(struct user_in, password),
		.flags = FIELD_NULLABLE | FIELD_SECRET,
		.min = 1,
		.max = PASSWORDS_MAX,
		.doc = "Their first password. Without one they come by single sign-on, or get one later." },
	{ .name = "passwordHash",
		.type = FIELD_STR,
		FIELD_AT(struct user_in, password_hash),
		.flags = FIELD_NULLABLE | FIELD_SECRET,
		.min = 20,
		.max = PASSWORDS_STORED_MAX - 1,
		.doc = "Instead of it, its hash from another system: bcrypt ($2a$, $2b$, $2y$) or $argon2id$. It "
		       "is "
		       "hashed anew when they log in." },
	{ .name = "tenantId",
		.type = FIELD_STR,
		FIELD_AT(struct user_in, tenant_id),
		.flags = FIELD_NULLABLE,
		.min = 5,
		.max = 63,
		.doc = "Whose person it is. Another tenant than your own needs the installation's admin:*." },
	{ 0 } };
static const struct field patch_fields[] = { COMMON_FIELDS, { 0 } };

/* The new password's hash; NULL: none was given. */
static enum rc hash_new(struct call *c)
{
	const struct user_in *in = c->in;
	struct hush password = { 0 };

	if (!in->password)
		return RC_OK;
	char *stored = arena_take(c->tx.arena, PASSWORDS_STORED_MAX);
	enum rc rc = stored ? hush_set(&password, in->password, strlen(in->password)) : RC_NOMEM;
	hush_wipe((char *)in->password, strlen(in->password));
	if (rc == RC_OK)
		rc = passwords_fit(c->tx.control, in->login, &password, c->tx.fault);
	if (rc == RC_INVALID)
		rc = field_json_problem(c->reader, "/password", "too_weak", c->tx.fault->text);
	if (rc == RC_OK)
		rc = passwords_hash(c->tx.control, &password, stored);
	hush_done(&password);
	c->found = stored;
	return rc;
}

static enum rc insert(struct call *c, const char *id, const char *tenant, unsigned cost)
{
	static const struct store_query add = {
		.sql = "INSERT INTO users (id, tenant_id, login, name, email, password, bcrypt_cost, password_at, "
		       "created_by, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) "
		       "ON "
		       "CONFLICT (login) DO NOTHING RETURNING id"
	};
	const struct user_in *in = c->in;
	const char *login = users_login(c->tx.arena, in->login);
	const char *stored = in->password_hash ? in->password_hash : c->found;
	auto_rows struct store_rows *r = NULL;

	if (!login)
		return RC_NOMEM;
	enum rc rc = store_one(c->tx.db, &add,
		STORE_ARGS(store_text(id), store_text(tenant), store_text(login),
			store_text(in->name ? in->name : login), store_text(in->email), store_text(stored),
			store_int(cost), store_int(stored ? c->tx.now_ms : 0), store_text(c->tx.actor),
			store_int(c->tx.now_ms)),
		&r, c->tx.fault);
	return rc == RC_MISSING ? fault_set(c->tx.fault, RC_EXISTS, "somebody has the login %s already", login)
				: rc;
}

static enum rc create(struct call *c, void *ret_out)
{
	const struct user_in *in = c->in;
	const char *id = tx_id(&c->tx, "usr"), *tenant = NULL;
	unsigned cost = 0;

	if (in->password && in->password_hash)
		return field_json_problem(
			c->reader, "/passwordHash", "malformed", "give a password or a hash, not both");
	if (in->password_hash && !passwords_may_import(in->password_hash, &cost))
		return field_json_problem(c->reader, "/passwordHash", "malformed",
			"must be bcrypt ($2a$, $2b$, $2y$, cost 4 to 14) or argon2id (up to 256 MiB and 16 "
			"passes)");
	enum rc rc = id ? gives_tenant(c, in->tenant_id, &tenant) : RC_NOMEM;
	if (rc == RC_OK)
		rc = insert(c, id, tenant, cost);
	if (rc == RC_OK)
		rc = events_add(&c->tx, &(struct event){ .type = "user.created", .resource = id });
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "user.created", id);
	c->version = 1;
	c->location = arena_fmt(c->tx.arena, "/v1/users/%s", id);
	return rc == RC_OK ? user_row_load(&c->tx, id, ret_out) : rc;
}

struct users_query {
	struct page_query page;
	const char *login, *group_id, *tenant_id;
};
static const struct field query_fields[] = { PAGE_QUERY_FIELDS(struct users_query),
	{ .name = "login",
		.type = FIELD_STR,
		FIELD_AT(struct users_query, login),
		.max = USERS_LOGIN_MAX,
		.doc = "Only who has this login." },
	{ .name = "groupId",
		.type = FIELD_STR,
		FIELD_AT(struct users_query, group_id),
		.max = 64,
		.doc = "Only members of this group." },
	{ .name = "tenantId",
		.type = FIELD_STR,
		FIELD_AT(struct users_query, tenant_id),
		.max = 64,
		.doc = "Of this tenant, for the installation's administrator. Default: your own." },
	{ 0 } };

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = USER_ROW_SELECT
		"WHERE u.id < $1 AND u.tenant_id = $3 AND ($4 = '' OR u.login = $4) AND ($5 = '' OR u.id IN "
		"(SELECT "
		"g.user_id FROM group_members g WHERE g.group_id = $5)) ORDER BY u.id DESC LIMIT $2"
	};
	const struct users_query *q = c->query;
	const char *tenant = q->tenant_id && decide_is_administrator(c->who) ? q->tenant_id : decide_tenant(c->who);
	const char *login = users_login(c->tx.arena, q->login ? q->login : ""), *before;
	auto_rows struct store_rows *r = NULL;

	enum rc rc = login ? page_begin(c, &q->page, &before) : RC_NOMEM;
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1), store_text(tenant),
				store_text(login), store_text(q->group_id ? q->group_id : "")),
			&r, c->tx.fault);
	return rc == RC_OK ? page_read(c, &q->page, r, ret_out) : rc;
}

static enum rc get(struct call *c, void *ret_out)
{
	struct user_view *v = ret_out;
	enum rc rc = user_row_load(&c->tx, c->arg[0], v);
	c->version = v->version;
	return rc;
}

static enum rc patch(struct call *c, void *ret_out)
{
	static const struct store_query taken = { .sql = "SELECT id FROM users WHERE login = $1 AND id <> $2" };
	static const struct store_query set = {
		.sql = "UPDATE users SET login = $2, name = $3, email = $4 WHERE id = $1"
	};
	const struct user_in *in = c->in;
	struct user_view *v = ret_out;
	auto_rows struct store_rows *r = NULL;

	enum rc rc = user_row_for_change(c, v);
	if (rc != RC_OK)
		return rc;
	const char *login = c->given & GIVEN_LOGIN ? users_login(c->tx.arena, in->login) : v->login;
	const char *name = c->given & GIVEN_NAME && in->name ? in->name : v->name;
	const char *email = c->given & GIVEN_EMAIL ? in->email : v->email;
	if (!login)
		return RC_NOMEM;
	rc = store_one(c->tx.db, &taken, STORE_ARGS(store_text(login), store_text(v->id)), &r, c->tx.fault);
	store_close(take(r));
	if (rc == RC_OK)
		return fault_set(c->tx.fault, RC_EXISTS, "somebody has the login %s already", login);
	if (rc == RC_MISSING)
		rc = store_do(c->tx.db, &set,
			STORE_ARGS(store_text(v->id), store_text(login), store_text(name), store_text(email)),
			c->tx.fault);
	return rc == RC_OK ? user_row_changed(c, "user.updated", v) : rc;
}

#define OUT .out = user_row_fields, .out_size = sizeof(struct user_view)
const struct route user_routes[] = {
	{ .name = "listUsers",
		.method = "GET",
		.path = "/v1/users",
		.reach = REACH_TENANT,
		.lists = OBJECT_USER,
		.scope = SCOPE_USERS_READ,
		.flags = ROUTE_LIST,
		.query = query_fields,
		.query_size = sizeof(struct users_query),
		OUT,
		.run = list,
		.doc = "Lists the people who can log in, newest first." },
	{ .name = "createUser",
		.method = "POST",
		.path = "/v1/users",
		.reach = REACH_TENANT,
		.scope = SCOPE_USERS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		.status = 201,
		.in = new_fields,
		.in_size = sizeof(struct user_in),
		OUT,
		.before = hash_new,
		.run = create,
		.doc = "Makes a person. They may nothing until a role is bound to them." },
	{ .name = "getUser",
		.method = "GET",
		.path = "/v1/users/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_USER,
		.scope = SCOPE_USERS_READ,
		OUT,
		.run = get,
		.doc = "Shows a person." },
	{ .name = "editUser",
		.method = "PATCH",
		.path = "/v1/users/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_USER,
		.scope = SCOPE_USERS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		.in = patch_fields,
		.in_size = sizeof(struct user_in),
		OUT,
		.run = patch,
		.doc = "Changes login, name or e-mail address of a person who may no more than you." },
	{ 0 },
};
