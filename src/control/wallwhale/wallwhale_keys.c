/* The routes of WallWhale's administrators for API keys: /api/v1/admin/keys. */
#include "control/access/decide.h"
#include "control/access/keys_routes.h"
#include "control/http/page.h"
#include "control/rows.h"

#include <string.h>

/* Their words for scopes; every other is ours in ours. */
static const struct {
	const char *theirs, *ours;
} scopes[] = {
	{ "download:*", "downloads:*" },
	{ "download:read", "downloads:read" },
	{ "download:write", "downloads:write" },
};

static const char *ours_of(const char *text)
{
	for (size_t i = 0; i < sizeof(scopes) / sizeof(*scopes); i++)
		if (!strcmp(scopes[i].theirs, text))
			return scopes[i].ours;
	return text;
}

static const char *theirs_of(const char *text)
{
	for (size_t i = 0; i < sizeof(scopes) / sizeof(*scopes); i++)
		if (!strcmp(scopes[i].ours, text))
			return scopes[i].theirs;
	return text;
}

struct key {
	const char *id, *key, *name;
	struct field_list scopes;
	const char *rate_limit, *quota_daily, *quota_monthly; /* JSON: a number or null */
	int64_t expires_at;
	const char *max_concurrent, *max_runtime_s, *meta;
	bool active;
	int64_t created_at, updated_at;
};
#define ROW(name_, type_, member, doc_)                                                       \
	{                                                                                     \
		.name = (name_), .type = (type_), FIELD_AT(struct key, member), .doc = (doc_) \
	}
static const struct field key_fields[] = {
	ROW("id", FIELD_STR, id, "apk_ and a ULID."),
	ROW("key", FIELD_STR, key, "The key, in the answer that made it; else its first and last characters."),
	ROW("name", FIELD_STR, name, "What people call it."),
	{ .name = "scopes",
		.type = FIELD_LIST,
		FIELD_AT(struct key, scopes),
		.item = FIELD_STR,
		.doc = "download:read, download:write, download:*, and ours." },
	ROW("rateLimit", FIELD_JSON, rate_limit, "Requests a minute; null: no limit."),
	ROW("quotaDaily", FIELD_JSON, quota_daily, "Requests a day; null: no limit."),
	ROW("quotaMonthly", FIELD_JSON, quota_monthly, "Requests a month; null: no limit."),
	ROW("expiresAt", FIELD_TIME, expires_at, "It is refused from then on; null: never."),
	ROW("maxConcurrent", FIELD_JSON, max_concurrent, "At once; null: no limit."),
	ROW("maxRuntimeSeconds", FIELD_JSON, max_runtime_s, "Of a job; null: no limit."),
	ROW("meta", FIELD_STR, meta, "Null: none is kept here."),
	ROW("isActive", FIELD_BOOL, active, "False: it is refused."),
	ROW("createdAt", FIELD_TIME, created_at, "When it was made."),
	ROW("updatedAt", FIELD_TIME, updated_at, "When it was edited last."),
	{ 0 },
};

#define NUMBER(column) "CAST(NULLIF(" column ", 0) AS TEXT)"
#define SELECT                                                                                                                                                                                                         \
	"SELECT id, prefix || '...' || last4, name, scopes, " NUMBER("rate_limit") ", " NUMBER(                                                                                                                        \
		"quota_daily") ", " NUMBER("quota_monthly") ", expires_at, " NUMBER("max_concurrent") ", " NUMBER("max_runtime_s") ", CAST(NULL AS TEXT), CASE WHEN active <> 0 AND revoked_at = 0 AND (expires_at = " \
																   "0 OR expires_at > $1) THEN 1 ELSE 0 END, created_at, CASE WHEN updated_at = 0 "    \
																   "THEN created_at ELSE updated_at END FROM api_keys "

static void translate(struct field_list *l, const char *(*to)(const char *text))
{
	const char **all = l->at;

	for (size_t i = 0; i < l->n; i++)
		all[i] = to(all[i]);
}

struct list_query {
	struct page_query page;
};
static const struct field list_fields[] = {
	{ .name = "limit",
		.type = FIELD_U32,
		FIELD_AT(struct list_query, page.limit),
		.min = 1,
		.max = PAGE_LIMIT_MAX,
		.def = PAGE_LIMIT_MAX,
		.doc = "How many at most; the header Link leads to the next." },
	{ .name = "cursor",
		.type = FIELD_STR,
		FIELD_AT(struct list_query, page.cursor),
		.max = 256,
		.doc = "Of the link." },
	{ 0 },
};

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = SELECT
						"WHERE id < $2 AND tenant_id = $4 ORDER BY id DESC LIMIT $3" };
	const struct list_query *q = c->query;
	struct page *page = ret_out;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_int(c->tx.now_ms), store_text(before), store_int(q->page.limit + 1),
				store_text(decide_tenant(c->who))),
			&r, c->tx.fault);
	if (rc == RC_OK)
		rc = page_read(c, &q->page, r, page);
	struct key *k = page->items.at;
	for (size_t i = 0; rc == RC_OK && i < page->items.n; i++)
		translate(&k[i].scopes, theirs_of);
	return rc;
}

/* The key, with its secret this once. */
static enum rc show(struct call *c, const struct keys_row *k, struct key *ret)
{
	static const struct store_query one = { .sql = SELECT "WHERE id = $2" };
	enum rc rc = rows_one(c->tx.db, &one, STORE_ARGS(store_int(c->tx.now_ms), store_text(k->id)),
		(struct rows_into){ key_fields, c->tx.arena, ret }, c->tx.fault);

	translate(&ret->scopes, theirs_of);
	ret->key = k->secret;
	return rc;
}

struct key_in {
	const char *name;
	struct field_list scopes;
	uint32_t rate_limit;
	int64_t quota_daily, quota_monthly;
	uint32_t max_concurrent, max_runtime_s;
	int64_t expires_at;
	const char *user_id;
};
#define LIMIT(name_, type_, member, max_, doc_)                                                             \
	{                                                                                                   \
		.name = (name_), .type = (type_), FIELD_AT(struct key_in, member), .min = 1, .max = (max_), \
		.flags = FIELD_NULLABLE, .doc = (doc_)                                                      \
	}
static const struct field key_in_fields[] = {
	{ .name = "name",
		.type = FIELD_STR,
		FIELD_AT(struct key_in, name),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 100,
		.doc = "What people call it." },
	{ .name = "scopes",
		.type = FIELD_LIST,
		FIELD_AT(struct key_in, scopes),
		.item = FIELD_STR,
		.max = 64,
		.doc = "None: download:read and download:write." },
	LIMIT("rateLimit", FIELD_U32, rate_limit, 1000000000, "Requests a minute."),
	LIMIT("quotaDaily", FIELD_I64, quota_daily, 1000000000000, "Requests a day."),
	LIMIT("quotaMonthly", FIELD_I64, quota_monthly, 1000000000000, "Requests a month."),
	LIMIT("maxConcurrent", FIELD_U32, max_concurrent, 100000, "At once."),
	LIMIT("maxRuntimeSeconds", FIELD_U32, max_runtime_s, 31536000, "Of a job."),
	{ .name = "expiresAt",
		.type = FIELD_TIME,
		FIELD_AT(struct key_in, expires_at),
		.flags = FIELD_NULLABLE,
		.doc = "Refuse it from then on." },
	{ .name = "ownerId",
		.type = FIELD_STR,
		FIELD_AT(struct key_in, user_id),
		.flags = FIELD_NULLABLE,
		.max = 64,
		.doc = "Whose service key it is: usr_…" },
	{ 0 },
};

static enum rc create(struct call *c, void *ret_out)
{
	static const char *none[] = { "downloads:read", "downloads:write" };
	const struct key_in *in = c->in;
	struct keys_row k = { 0 };
	struct keys_in as = { .name = in->name,
		.scopes = in->scopes.n ? in->scopes : (struct field_list){ (void *)none, 2 },
		.active = true,
		.limits = { .rate_limit = in->rate_limit,
			.quota_daily = in->quota_daily,
			.quota_monthly = in->quota_monthly,
			.max_concurrent = in->max_concurrent,
			.max_runtime_s = in->max_runtime_s },
		.expires_at = in->expires_at,
		.user_id = in->user_id };

	if (in->scopes.n)
		translate(&as.scopes, ours_of);
	enum rc rc = keys_routes_make(c, &as, &k);
	return rc == RC_OK ? show(c, &k, ret_out) : rc;
}

static enum rc regenerate(struct call *c, void *ret_out)
{
	struct keys_row k = { 0 };
	enum rc rc = keys_routes_rotate(c, 0, &k);

	return rc == RC_OK ? show(c, &k, ret_out) : rc;
}

static enum rc revoke_key(struct call *c, void *ret_out)
{
	enum rc rc = keys_routes_revoke(c);
	(void)ret_out;

	return rc == RC_MISSING ? RC_OK : rc; /* revoked before: the row is there, or it were not let through */
}

#define KEY .out = key_fields, .out_size = sizeof(struct key)

extern const struct route wallwhale_keys_routes[];
const struct route wallwhale_keys_routes[] = {
	{ .name = "wallwhaleListKeys",
		.method = "GET",
		.path = "/api/v1/admin/keys",
		.reach = REACH_TENANT,
		.lists = OBJECT_API_KEY,
		.scope = SCOPE_KEYS_READ,
		.flags = ROUTE_COMPAT | ROUTE_LIST,
		.query = list_fields,
		.query_size = sizeof(struct list_query),
		KEY,
		.run = list,
		.doc = "Lists the tenant's API keys, newest first, as WallWhale's clients read them. Never the "
		       "secrets." },
	{ .name = "wallwhaleCreateKey",
		.method = "POST",
		.path = "/api/v1/admin/keys",
		.reach = REACH_TENANT,
		.scope = SCOPE_KEYS_WRITE,
		.flags = ROUTE_COMPAT | ROUTE_WRITE | ROUTE_STEP_UP,
		.status = 201,
		.in = key_in_fields,
		.in_size = sizeof(struct key_in),
		KEY,
		.run = create,
		.doc = "Makes an API key and shows it this once. Nobody can give it more than they may "
		       "themselves." },
	{ .name = "wallwhaleRevokeKey",
		.method = "DELETE",
		.path = "/api/v1/admin/keys/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_API_KEY,
		.scope = SCOPE_KEYS_WRITE,
		.flags = ROUTE_COMPAT | ROUTE_WRITE,
		.status = 204,
		.run = revoke_key,
		.doc = "Refuses the API key from now on; it stays in the list." },
	{ .name = "wallwhaleRegenerateKey",
		.method = "POST",
		.path = "/api/v1/admin/keys/{id}/regenerate",
		.reach = REACH_TENANT,
		.object = OBJECT_API_KEY,
		.scope = SCOPE_KEYS_WRITE,
		.flags = ROUTE_COMPAT | ROUTE_WRITE | ROUTE_STEP_UP,
		KEY,
		.run = regenerate,
		.doc = "Gives the API key another secret and shows it this once; the old one is refused from now "
		       "on." },
	{ 0 },
};
