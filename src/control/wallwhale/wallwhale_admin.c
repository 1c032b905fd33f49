/* The routes of WallWhale's administrators for Steam accounts, people and the audit trail: /api/v1/admin. */
#include "base/hush.h"
#include "control/access/decide.h"
#include "control/fleet/account_row.h"
#include "control/fleet/account_secrets.h"
#include "control/fleet/accounts.h"
#include "control/http/page.h"
#include "control/rows.h"
#include "wire/field_json.h"

#include <string.h>

#define LABEL        "displayName" /* where an account's is kept */
#define AUDIT_WINDOW 50000         /* records that one request looks at */
#define AUDIT_MAX    1000

struct list_query {
	struct page_query page;
};
#define LIMIT_FIELD(most, default_)                                                                    \
	{                                                                                              \
		.name = "limit", .type = FIELD_U32, FIELD_AT(struct list_query, page.limit), .min = 1, \
		.max = (most), .def = (default_), .doc = "How many at most."                           \
	}
static const struct field list_fields[] = {
	LIMIT_FIELD(PAGE_LIMIT_MAX, PAGE_LIMIT_MAX),
	{ .name = "cursor",
		.type = FIELD_STR,
		FIELD_AT(struct list_query, page.cursor),
		.max = 256,
		.doc = "Of the header Link." },
	{ 0 },
};

/* ---- Steam accounts ---- */

static const char *const status_words[] = { "ACTIVE", "INACTIVE", NULL };
enum { ACTIVE, INACTIVE };

struct steam_user {
	const char *id, *username;
	const char *display_name; /* as a row has it: the labels */
	int status;
	const char *meta;
	int64_t created_at, updated_at;
};
#define ROW(name_, type_, member, doc_)                                                              \
	{                                                                                            \
		.name = (name_), .type = (type_), FIELD_AT(struct steam_user, member), .doc = (doc_) \
	}
static const struct field steam_user_fields[] = {
	ROW("id", FIELD_STR, id, "acc_ and a ULID."),
	ROW("username", FIELD_STR, username, "The account's name on Steam."),
	ROW("displayName", FIELD_STR, display_name, "The account's label displayName."),
	{ .name = "status",
		.type = FIELD_ENUM,
		FIELD_AT(struct steam_user, status),
		.words = status_words,
		.doc = "ACTIVE: it is enabled." },
	ROW("meta", FIELD_STR, meta, "Null: none is kept here."),
	ROW("createdAt", FIELD_TIME, created_at, "When it was made."),
	ROW("updatedAt", FIELD_TIME, updated_at, "When it was changed last."),
	{ 0 },
};
#define STEAM_USERS                                                                                                \
	"SELECT id, login, labels, CASE WHEN enabled <> 0 THEN 'ACTIVE' ELSE 'INACTIVE' END, CAST(NULL AS TEXT), " \
	"created_at, updated_at FROM accounts "

/* What stood there as labels becomes the one. */
static enum rc name(struct tx *tx, struct steam_user *u)
{
	static const struct field labels = { .name = "labels", .type = FIELD_MAP };
	struct field_list l = { 0 };
	enum rc rc = field_json_text(&labels, u->display_name, tx->arena, &l, tx->fault);
	const struct field_pair *p = l.at;

	u->display_name = NULL;
	for (size_t i = 0; rc == RC_OK && i < l.n; i++)
		if (!strcmp(p[i].key, LABEL))
			u->display_name = p[i].value;
	return rc;
}

static enum rc list_steam_users(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = STEAM_USERS "WHERE id < $1 AND tenant_id = $3 AND anonymous = 0 ORDER BY id DESC LIMIT $2"
	};
	const struct list_query *q = c->query;
	struct page *page = ret_out;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1), store_text(tx_tenant(&c->tx))),
			&r, c->tx.fault);
	if (rc == RC_OK)
		rc = page_read(c, &q->page, r, page);
	struct steam_user *u = page->items.at;
	for (size_t i = 0; rc == RC_OK && i < page->items.n; i++)
		rc = name(&c->tx, &u[i]);
	return rc;
}

struct steam_user_in {
	const char *username, *password, *display_name;
	int status;
};
enum { GIVEN_USERNAME = 1, GIVEN_PASSWORD = 2, GIVEN_NAME = 4, GIVEN_STATUS = 8 };
#define STEAM_USER_IN(required)                                                                        \
	{ .name = "username",                                                                          \
		.type = FIELD_STR,                                                                     \
		FIELD_AT(struct steam_user_in, username),                                              \
		.flags = (required),                                                                   \
		.min = 1,                                                                              \
		.max = 64,                                                                             \
		.chars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.",          \
		.doc = "The account's name on Steam." },                                               \
		{ .name = "password",                                                                  \
			.type = FIELD_STR,                                                             \
			FIELD_AT(struct steam_user_in, password),                                      \
			.flags = (required) | FIELD_SECRET,                                            \
			.min = 1,                                                                      \
			.max = 4096,                                                                   \
			.doc = "Its password; it needs accounts:secrets, and cannot be read again." }, \
		{ .name = "displayName",                                                               \
			.type = FIELD_STR,                                                             \
			FIELD_AT(struct steam_user_in, display_name),                                  \
			.flags = FIELD_NULLABLE,                                                       \
			.max = 200,                                                                    \
			.doc = "Kept as the label displayName." },                                     \
	{                                                                                              \
		.name = "status", .type = FIELD_ENUM, FIELD_AT(struct steam_user_in, status),          \
		.words = status_words, .doc = "INACTIVE: its tasks fail at once."                      \
	}
static const struct field steam_user_new[] = { STEAM_USER_IN(FIELD_REQUIRED), { 0 } };
static const struct field steam_user_edit[] = { STEAM_USER_IN(0), { 0 } };

/* May they, of this account? The row asks for accounts:write alone. */
static enum rc put_password(struct call *c, const char *id, const char *password)
{
	struct hush value = { 0 };
	enum rc rc = decide_may(c->who, SCOPE_ACCOUNTS_SECRETS)
			     ? decide_thing(&c->tx, c->who, SCOPE_ACCOUNTS_SECRETS, OBJECT_ACCOUNT, id)
			     : RC_MISSING;

	if (rc == RC_MISSING)
		rc = fault_set(c->tx.fault, RC_DENIED, "a password needs the scope accounts:secrets");
	if (rc == RC_OK)
		rc = hush_set(&value, password, strlen(password));
	if (rc == RC_OK)
		rc = account_secrets_put(&c->tx, id, "password", &value, NULL);
	hush_done(&value);
	hush_wipe((char *)password, strlen(password)); /* it lies in this call's arena */
	return rc;
}

static enum rc show(struct call *c, const char *id, struct steam_user *ret)
{
	static const struct store_query one = { .sql = STEAM_USERS "WHERE id = $1" };
	enum rc rc = rows_one(c->tx.db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ steam_user_fields, c->tx.arena, ret }, c->tx.fault);

	return rc == RC_OK ? name(&c->tx, ret) : rc;
}

/* The labels with another name; NULL: with none. */
static enum rc rename_in(struct call *c, struct field_list *labels, const char *to)
{
	const struct field_pair *old = labels->at;
	struct field_pair *all = arena_take(c->tx.arena, sizeof(*all) * (labels->n + 1));
	size_t n = 0;

	if (!all)
		return RC_NOMEM;
	for (size_t i = 0; i < labels->n; i++)
		if (strcmp(old[i].key, LABEL) != 0)
			all[n++] = old[i];
	if (to && *to)
		all[n++] = (struct field_pair){ LABEL, to };
	*labels = (struct field_list){ all, n };
	return n <= FIELD_PAIRS_MAX ? RC_OK
				    : field_json_problem(c->reader, "/displayName", "too_long",
					      "the account has as many labels as it may have");
}

static enum rc create_steam_user(struct call *c, void *ret_out)
{
	const struct steam_user_in *in = c->in;
	struct account v = { .login = in->username, .enabled = in->status == ACTIVE };
	enum rc rc = rename_in(c, &v.labels, in->display_name);

	if (rc == RC_OK)
		rc = accounts_make(c, &v);
	if (rc == RC_OK)
		rc = put_password(c, v.id, in->password);
	return rc == RC_OK ? show(c, v.id, ret_out) : rc;
}

static enum rc update_steam_user(struct call *c, void *ret_out)
{
	const struct steam_user_in *in = c->in;
	struct account v = { 0 }, shown = { 0 };
	uint64_t given = (c->given & GIVEN_USERNAME ? ACCOUNT_ROW_LOGIN : 0) |
			 (c->given & GIVEN_NAME ? ACCOUNT_ROW_LABELS : 0) |
			 (c->given & GIVEN_STATUS ? ACCOUNT_ROW_ENABLED : 0);
	enum rc rc = account_row_load(&c->tx, c->arg[0], &v);

	v.login = in->username;
	v.enabled = in->status == ACTIVE;
	if (rc == RC_OK)
		rc = rename_in(c, &v.labels, in->display_name);
	if (rc == RC_OK && given)
		rc = accounts_edit(c, &v, given, &shown);
	if (rc == RC_OK && (c->given & GIVEN_PASSWORD))
		rc = put_password(c, c->arg[0], in->password);
	return rc == RC_OK ? show(c, c->arg[0], ret_out) : rc;
}

/* ---- people ---- */

struct user {
	const char *id, *email, *role;
	int64_t created_at, updated_at;
};
static const struct field user_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct user, id), .doc = "usr_ and a ULID." },
	{ .name = "email",
		.type = FIELD_STR,
		FIELD_AT(struct user, email),
		.doc = "Their address; their login, if they have none." },
	{ .name = "role",
		.type = FIELD_STR,
		FIELD_AT(struct user, role),
		.doc = "ADMIN: the role owner or admin is bound to them or to a group of theirs; else USER." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct user, created_at),
		.doc = "When they were made." },
	{ .name = "updatedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct user, updated_at),
		.doc = "When they were changed last." },
	{ 0 },
};

static enum rc list_users(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = "SELECT u.id, COALESCE(u.email, u.login), CASE WHEN EXISTS (SELECT 1 FROM role_bindings b "
		       "WHERE "
		       "b.tenant_id = u.tenant_id AND b.role IN ('owner', 'admin') AND (b.subject_id = u.id OR "
		       "b.subject_id IN (SELECT g.group_id FROM group_members g WHERE g.user_id = u.id))) THEN "
		       "'ADMIN' "
		       "ELSE 'USER' END, u.created_at, u.updated_at FROM users u WHERE u.id < $1 AND u.tenant_id = "
		       "$3 "
		       "ORDER BY u.id DESC LIMIT $2"
	};
	const struct list_query *q = c->query;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1),
				store_text(decide_tenant(c->who))),
			&r, c->tx.fault);
	return rc == RC_OK ? page_read(c, &q->page, r, ret_out) : rc;
}

/* ---- the audit trail ---- */

struct details {
	const char *actor, *resource, *outcome, *ip, *request_id;
};
struct record {
	const char *id, *action;
	struct details details;
	int64_t created_at;
};
#define TEXT(name_, type_, member, doc_)                                                          \
	{                                                                                         \
		.name = (name_), .type = FIELD_STR, FIELD_AT(struct type_, member), .doc = (doc_) \
	}
static const struct field details_fields[] = {
	TEXT("actor", details, actor, "Who did it."),
	TEXT("resource", details, resource, "To what."),
	TEXT("outcome", details, outcome, "done, denied or failed."),
	TEXT("ip", details, ip, "From where."),
	TEXT("requestId", details, request_id, "The request."),
	{ 0 },
};
static const struct field record_fields[] = {
	TEXT("id", record, id, "Its number."),
	TEXT("action", record, action, "What was done."),
	{ .name = "details",
		.type = FIELD_OBJ,
		FIELD_AT(struct record, details),
		.sub = details_fields,
		.sub_size = sizeof(struct details),
		.doc = "By whom, to what, and how it ended." },
	{ .name = "createdAt", .type = FIELD_TIME, FIELD_AT(struct record, created_at), .doc = "When." },
	{ 0 },
};
static const struct field audit_query[] = { LIMIT_FIELD(AUDIT_MAX, 200), { 0 } };

static enum rc list_audit(struct call *c, void *ret_out)
{
	static const struct store_query some = {
		.sql = "SELECT CAST(seq AS TEXT), action, actor, resource, outcome, peer, request_id, ts FROM "
		       "audit WHERE "
		       "tenant_id = $1 AND seq > (SELECT COALESCE(MAX(seq), 0) FROM audit) - $2 ORDER BY seq DESC "
		       "LIMIT $3"
	};
	const struct list_query *q = c->query;
	struct page *page = ret_out;
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_run(c->tx.db, &some,
		STORE_ARGS(store_text(decide_tenant(c->who)), store_int(AUDIT_WINDOW), store_int(q->page.limit)),
		&r, c->tx.fault);

	return rc == RC_OK ? rows_list(r, &(struct rows_into){ record_fields, c->tx.arena, NULL },
				     sizeof(struct record), q->page.limit, &page->items, c->tx.fault)
			   : rc;
}

#define ADMIN(name_, method_, path_, scope_)                                                         \
	.name = (name_), .method = (method_), .path = "/api/v1/admin/" path_, .reach = REACH_TENANT, \
	.scope = (scope_)
#define LIST(query_, type_)                                                                             \
	.flags = ROUTE_COMPAT | ROUTE_LIST, .query = (query_), .query_size = sizeof(struct list_query), \
	.out = type_##_fields, .out_size = sizeof(struct type_)
#define STEAM_USER .out = steam_user_fields, .out_size = sizeof(struct steam_user)

extern const struct route wallwhale_admin_routes[];
const struct route wallwhale_admin_routes[] = {
	{ ADMIN("wallwhaleListSteamUsers", "GET", "steam-users", SCOPE_ACCOUNTS_READ), .lists = OBJECT_ACCOUNT,
		LIST(list_fields, steam_user), .run = list_steam_users,
		.doc = "Lists the tenant's accounts, newest first, as WallWhale's clients read them." },
	{ ADMIN("wallwhaleCreateSteamUser", "POST", "steam-users", SCOPE_ACCOUNTS_WRITE),
		.flags = ROUTE_COMPAT | ROUTE_NARROWED | ROUTE_WRITE | ROUTE_ACCEPTED, .status = 201,
		.in = steam_user_new, .in_size = sizeof(struct steam_user_in), STEAM_USER, .run = create_steam_user,
		.doc = "Makes an account, with its password; that needs accounts:secrets, too." },
	{ ADMIN("wallwhaleUpdateSteamUser", "PUT", "steam-users/{id}", SCOPE_ACCOUNTS_WRITE),
		.object = OBJECT_ACCOUNT, .flags = ROUTE_COMPAT | ROUTE_WRITE, .in = steam_user_edit,
		.in_size = sizeof(struct steam_user_in), STEAM_USER, .run = update_steam_user,
		.doc = "Changes what is given of an account; a password needs accounts:secrets, too." },
	{ ADMIN("wallwhaleDeleteSteamUser", "DELETE", "steam-users/{id}", SCOPE_ACCOUNTS_WRITE),
		.object = OBJECT_ACCOUNT, .flags = ROUTE_COMPAT | ROUTE_WRITE, .status = 204, .run = accounts_drop,
		.doc = "Deletes an account that no task works on." },
	{ ADMIN("wallwhaleListUsers", "GET", "users", SCOPE_USERS_READ), .lists = OBJECT_USER,
		LIST(list_fields, user), .run = list_users,
		.doc = "Lists the tenant's people, newest first, as WallWhale's clients read them." },
	{ ADMIN("wallwhaleListAudit", "GET", "audit", SCOPE_AUDIT_READ),
		.flags = ROUTE_COMPAT | ROUTE_LIST | ROUTE_AUDITED, .query = audit_query,
		.query_size = sizeof(struct list_query), .out = record_fields, .out_size = sizeof(struct record),
		.run = list_audit, .doc = "The newest records of the tenant's audit trail. Reading is audited." },
	{ 0 },
};
