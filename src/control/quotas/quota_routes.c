#include "control/access/audit.h"
#include "control/access/decide.h"
#include "control/events/events.h"
#include "control/http/page.h"
#include "control/quotas/quotas.h"
#include "control/quotas/quotas_sql.h"
#include "control/rows.h"
#include "wire/field_json.h"

static const char *const kind_words[] = { "key", "user", "group", "tenant", NULL };
enum { KIND_KEY, KIND_USER, KIND_GROUP, KIND_TENANT };
static const char *const resource_words[] = { QUOTA_JOBS_ACTIVE, QUOTA_TASKS_OPEN, QUOTA_SCHEDULES, QUOTA_WEBHOOKS,
	QUOTA_API_KEYS, QUOTA_DOWNLOADS, QUOTA_BYTES_DAY, QUOTA_BYTES_MONTH, QUOTA_BANDWIDTH, QUOTA_WATCHES, NULL };

struct quota_view {
	const char *id, *tenant_id, *subject_kind, *subject_id, *resource;
	int64_t most, used;
	const char *created_by;
	int64_t created_at, updated_at, version;
};
static const struct field quota_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct quota_view, id), .doc = "quo_ and a ULID." },
	{ .name = "tenantId",
		.type = FIELD_STR,
		FIELD_AT(struct quota_view, tenant_id),
		.doc = "Whose things it counts." },
	{ .name = "subjectKind",
		.type = FIELD_STR,
		FIELD_AT(struct quota_view, subject_kind),
		.doc = "key, user, group or tenant." },
	{ .name = "subjectId",
		.type = FIELD_STR,
		FIELD_AT(struct quota_view, subject_id),
		.doc = "Which of them." },
	{ .name = "resource",
		.type = FIELD_STR,
		FIELD_AT(struct quota_view, resource),
		.doc = "What it counts: jobs.active, tasks.open, schedules, webhooks, api_keys, downloads.active; "
		       "download.bytes_day and download.bytes_month: bytes that are sent for downloads; "
		       "download.bandwidth: bits a second." },
	{ .name = "limit", .type = FIELD_I64, FIELD_AT(struct quota_view, most), .doc = "So many at once." },
	{ .name = "used",
		.type = FIELD_I64,
		FIELD_AT(struct quota_view, used),
		.doc = "So many are there now. More than the limit when it was set lower since: nothing is taken "
		       "away." },
	{ .name = "createdBy", .type = FIELD_STR, FIELD_AT(struct quota_view, created_by), .doc = "Who made it." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct quota_view, created_at),
		.doc = "When it was made." },
	{ .name = "updatedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct quota_view, updated_at),
		.doc = "When it was changed last." },
	{ .name = "version", .type = FIELD_I64, FIELD_AT(struct quota_view, version), .doc = "It is the ETag." },
	{ 0 },
};
#define SELECT                                                                                                   \
	"SELECT q.id, q.tenant_id, q.subject_kind, q.subject_id, q.resource, q.most, q.used + COALESCE((SELECT " \
	"w.used FROM download_windows w WHERE w.limit_id = q.id), 0), q.created_by, "                            \
	"q.created_at, q.updated_at, q.version FROM quotas q "

struct quota_in {
	int kind;
	const char *subject_id;
	int resource;
	int64_t most;
	const char *tenant_id;
};
static const struct field new_fields[] = {
	{ .name = "subjectKind",
		.type = FIELD_ENUM,
		FIELD_AT(struct quota_in, kind),
		.words = kind_words,
		.flags = FIELD_REQUIRED,
		.doc = "Whom it binds. A tenant is bound by the installation's administrator." },
	{ .name = "subjectId",
		.type = FIELD_STR,
		FIELD_AT(struct quota_in, subject_id),
		.flags = FIELD_REQUIRED,
		.min = 5,
		.max = 63,
		.doc = "Which of them." },
	{ .name = "resource",
		.type = FIELD_ENUM,
		FIELD_AT(struct quota_in, resource),
		.words = resource_words,
		.flags = FIELD_REQUIRED,
		.doc = "What it counts." },
	{ .name = "limit",
		.type = FIELD_I64,
		FIELD_AT(struct quota_in, most),
		.flags = FIELD_REQUIRED,
		.min = 0,
		.max = QUOTAS_MOST_MAX,
		.doc = "So many at once. 0: none." },
	{ .name = "tenantId",
		.type = FIELD_STR,
		FIELD_AT(struct quota_in, tenant_id),
		.flags = FIELD_NULLABLE,
		.min = 5,
		.max = 63,
		.doc = "Of the subject. Another tenant than your own needs the installation's admin:*." },
	{ 0 },
};

struct quota_patch {
	int64_t most;
};
static const struct field patch_fields[] = {
	{ .name = "limit",
		.type = FIELD_I64,
		FIELD_AT(struct quota_patch, most),
		.flags = FIELD_REQUIRED,
		.min = 0,
		.max = QUOTAS_MOST_MAX,
		.doc = "So many at once. What is there already stays." },
	{ 0 },
};

static enum rc load(struct tx *tx, const char *id, struct quota_view *ret)
{
	static const struct store_query one = { .sql = SELECT "WHERE q.id = $1" };
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ quota_fields, tx->arena, ret }, tx->fault);
}

static enum rc tell(struct tx *tx, const char *type, const char *deed, const struct quota_view *v)
{
	enum rc rc = events_add(tx, &(struct event){ .type = type, .resource = v->id, .tenant_id = v->tenant_id });
	return rc == RC_OK ? audit_add(tx, deed, v->id) : rc;
}

/* A tenant's own limit is not for its people to lift. */
static enum rc check_may(struct call *c, bool of_tenant)
{
	return of_tenant && !decide_is_administrator(c->who)
		       ? fault_set(c->tx.fault, RC_DENIED,
				 "the quotas of a whole tenant are set by the installation's administrator")
		       : RC_OK;
}

static enum rc check_tenant(struct call *c, const char *named, const char **ret)
{
	const char *own = decide_tenant(c->who);

	*ret = named ? named : own;
	return !strcmp(*ret, own) || decide_is_administrator(c->who)
		       ? RC_OK
		       : field_json_problem(c->reader, "/tenantId", "insufficient_scope",
				 "another tenant than your own needs the installation's admin:*");
}

static enum rc check_subject(struct call *c, const struct quota_in *in, const char *tenant)
{
	static const struct store_query find[] = {
		[KIND_KEY] = { .sql = "SELECT 1 FROM api_keys WHERE id = $1 AND tenant_id = $2" },
		[KIND_USER] = { .sql = "SELECT 1 FROM users WHERE id = $1 AND tenant_id = $2" },
		[KIND_GROUP] = { .sql = "SELECT 1 FROM groups WHERE id = $1 AND tenant_id = $2" },
		[KIND_TENANT] = { .sql = "SELECT 1 FROM tenants WHERE id = $1 AND id = $2" },
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(c->tx.db, &find[in->kind],
		STORE_ARGS(store_text(in->subject_id), store_text(tenant)), &r, c->tx.fault);

	return rc == RC_MISSING ? field_json_problem(
					  c->reader, "/subjectId", "not_one_of", "there is none such in the tenant")
				: rc;
}

static enum rc check_room(struct tx *tx, const char *tenant)
{
	static const struct store_query count = { .sql = "SELECT COUNT(*) FROM quotas WHERE tenant_id = $1" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &count, STORE_ARGS(store_text(tenant)), &r, tx->fault);

	return rc == RC_OK && store_col_int(r, 0) >= QUOTAS_MAX
		       ? fault_set(tx->fault, RC_CONFLICT, "a tenant has at most %d quotas", QUOTAS_MAX)
		       : rc;
}

static enum rc insert(struct call *c, const struct quota_in *in, const char *id, const char *tenant)
{
	static const struct store_query add = {
		.sql = "INSERT INTO quotas (id, tenant_id, subject_kind, subject_id, resource, most, created_by, "
		       "created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT DO NOTHING "
		       "RETURNING id"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(c->tx.db, &add,
		STORE_ARGS(store_text(id), store_text(tenant), store_text(kind_words[in->kind]),
			store_text(in->subject_id), store_text(resource_words[in->resource]), store_int(in->most),
			store_text(c->tx.actor), store_int(c->tx.now_ms)),
		&r, c->tx.fault);

	return rc == RC_MISSING ? fault_set(c->tx.fault, RC_EXISTS, "there is a quota %s of %s already; edit that",
					  resource_words[in->resource], in->subject_id)
				: rc;
}

static enum rc create(struct call *c, void *ret_out)
{
	const struct quota_in *in = c->in;
	const char *id = tx_id(&c->tx, "quo"), *tenant = NULL;

	enum rc rc = id ? check_may(c, in->kind == KIND_TENANT) : RC_NOMEM;
	if (rc == RC_OK)
		rc = check_tenant(c, in->tenant_id, &tenant);
	if (rc == RC_OK && tenant)
		rc = check_subject(c, in, tenant);
	if (rc == RC_OK)
		rc = check_room(&c->tx, tenant);
	if (rc == RC_OK)
		rc = insert(c, in, id, tenant);
	if (rc == RC_OK)
		rc = quotas_adopt(&c->tx, id);
	if (rc == RC_OK)
		rc = load(&c->tx, id, ret_out);
	c->version = 1;
	c->location = arena_fmt(c->tx.arena, "/v1/quotas/%s", id);
	return rc == RC_OK ? tell(&c->tx, "quota.created", "quota.create", ret_out) : rc;
}

struct quotas_query {
	struct page_query page;
	const char *tenant_id, *subject;
};

/* `subject`: kind, colon, id: all that binds it. */
static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = SELECT
		"WHERE q.id < $1 AND q.tenant_id = $3 AND ($4 = '' OR (q.subject_kind || ':' || "
		"q.subject_id) = $4 OR " QUOTAS_FITS("CAST($4 AS TEXT)") ") ORDER BY q.id DESC LIMIT $2"
	};
	const struct quotas_query *q = c->query;
	const char *tenant = q->tenant_id && decide_is_administrator(c->who) ? q->tenant_id : decide_tenant(c->who);
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1), store_text(tenant),
				store_text(q->subject ? q->subject : "")),
			&r, c->tx.fault);
	return rc == RC_OK ? page_read(c, &q->page, r, ret_out) : rc;
}

static enum rc get(struct call *c, void *ret_out)
{
	struct quota_view *v = ret_out;
	enum rc rc = load(&c->tx, c->arg[0], v);
	c->version = v->version;
	return rc;
}

static enum rc for_change(struct call *c, struct quota_view *v)
{
	enum rc rc = load(&c->tx, c->arg[0], v);

	if (rc == RC_OK)
		rc = route_match(c, v->version);
	return rc == RC_OK ? check_may(c, !strcmp(v->subject_kind, kind_words[KIND_TENANT])) : rc;
}

static enum rc patch(struct call *c, void *ret_out)
{
	static const struct store_query set = {
		.sql = "UPDATE quotas SET most = $2, updated_at = $3, version = version + 1 WHERE id = $1"
	};
	const struct quota_patch *in = c->in;
	struct quota_view *v = ret_out;

	enum rc rc = for_change(c, v);
	if (rc == RC_OK && c->given)
		rc = store_do(c->tx.db, &set,
			STORE_ARGS(store_text(v->id), store_int(in->most), store_int(c->tx.now_ms)), c->tx.fault);
	if (rc == RC_OK)
		rc = tell(&c->tx, "quota.updated", "quota.update", v);
	return rc == RC_OK ? get(c, ret_out) : rc;
}

static enum rc drop(struct call *c, void *ret_out)
{
	static const struct store_query each[] = {
		{ .sql = "DELETE FROM quota_reservations WHERE quota_id = $1" },
		{ .sql = "DELETE FROM quotas WHERE id = $1" },
	};
	struct quota_view v = { 0 };
	(void)ret_out;

	enum rc rc = for_change(c, &v);
	for (size_t i = 0; rc == RC_OK && i < sizeof(each) / sizeof(*each); i++)
		rc = store_do(c->tx.db, &each[i], STORE_ARGS(store_text(v.id)), c->tx.fault);
	return rc == RC_OK ? tell(&c->tx, "quota.deleted", "quota.delete", &v) : rc;
}

static const struct field query_fields[] = {
	PAGE_QUERY_FIELDS(struct quotas_query),
	{ .name = "tenantId",
		.type = FIELD_STR,
		FIELD_AT(struct quotas_query, tenant_id),
		.max = 63,
		.doc = "Of this tenant, for the installation's administrator; else of your own." },
	{ .name = "subject",
		.type = FIELD_STR,
		FIELD_AT(struct quotas_query, subject),
		.max = 80,
		.doc = "Only those that bind this subject, such as user:usr_…: its own, its groups' and the "
		       "tenant's." },
	{ 0 },
};

#define OUT  .out = quota_fields, .out_size = sizeof(struct quota_view)
#define LIST .flags = ROUTE_LIST, .query = query_fields, .query_size = sizeof(struct quotas_query), .run = list

const struct route quota_routes[] = {
	{ .name = "listQuotas",
		.method = "GET",
		.path = "/v1/quotas",
		.reach = REACH_TENANT,
		.lists = OBJECT_QUOTA,
		.scope = SCOPE_QUOTAS_READ,
		OUT,
		LIST,
		.doc = "Lists the tenant's quotas, newest first." },
	{ .name = "listQuotaUsage",
		.method = "GET",
		.path = "/v1/quota-usage",
		.reach = REACH_TENANT,
		.lists = OBJECT_QUOTA,
		.scope = SCOPE_QUOTAS_READ,
		OUT,
		LIST,
		.doc = "Lists what is used of each quota, and of how much; the least that is left counts." },
	{ .name = "createQuota",
		.method = "POST",
		.path = "/v1/quotas",
		.reach = REACH_TENANT,
		.scope = SCOPE_QUOTAS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		.status = 201,
		.in = new_fields,
		.in_size = sizeof(struct quota_in),
		OUT,
		.run = create,
		.doc = "Bounds how much somebody has of something at once. What is there already counts, and "
		       "stays." },
	{ .name = "getQuota",
		.method = "GET",
		.path = "/v1/quotas/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_QUOTA,
		.scope = SCOPE_QUOTAS_READ,
		OUT,
		.run = get,
		.doc = "Shows one quota." },
	{ .name = "editQuota",
		.method = "PATCH",
		.path = "/v1/quotas/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_QUOTA,
		.scope = SCOPE_QUOTAS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		.in = patch_fields,
		.in_size = sizeof(struct quota_patch),
		OUT,
		.run = patch,
		.doc = "Changes the limit. Below what is used, nothing new is let in until enough has ended." },
	{ .name = "deleteQuota",
		.method = "DELETE",
		.path = "/v1/quotas/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_QUOTA,
		.scope = SCOPE_QUOTAS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		.status = 204,
		.run = drop,
		.doc = "Ends a quota." },
	{ 0 },
};
