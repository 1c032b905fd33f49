#include "control/access/keys_routes.h"
#include "control/access/audit.h"
#include "control/access/decide.h"
#include "control/access/keys.h"
#include "control/access/keys_address.h"
#include "control/access/keys_row.h"
#include "control/control.h"
#include "control/events/events.h"
#include "control/http/page.h"
#include "control/quotas/quotas.h"
#include "model/give.h"
#include "wire/field_json.h"

#include <stdio.h>

#define OVERLAP_DEFAULT 86400
#define OVERLAP_MAX     2592000

/* Every scope must be known, and the caller must have all that it gives, as widely as the key is to have it. */
static enum rc check_grants(struct call *c, const struct keys_row *k)
{
	const struct selector only = {
		.own = k->only.own, .regions = k->only.regions, .actions = k->only.actions, .labels = k->only.labels
	};
	const char *const *texts = k->scopes.at;
	char pointer[32];
	enum rc rc = RC_OK;

	for (size_t i = 0; i < k->scopes.n; i++) {
		const struct grant one = { { (void *)&texts[i], 1 }, &only };
		snprintf(pointer, sizeof(pointer), "/scopes/%zu", i);
		if (!scope_is_grant(texts[i]))
			rc = field_json_problem(c->reader, pointer, "not_one_of",
				"is not a scope; GET /v1/openapi.json lists them");
		else if (!c->who->grants || !give_is_within(c->who->grants, &one))
			rc = field_json_problem(
				c->reader, pointer, "insufficient_scope", "gives more than you may yourself");
	}
	return rc;
}

/* RC_OK: its downloads have a limit. */
static enum rc has_bytes(struct call *c)
{
	static const struct store_query find = {
		.sql = "SELECT 1 FROM api_keys WHERE id = $1 AND (quota_daily_bytes > 0 OR quota_monthly_bytes > 0)"
	};
	auto_rows struct store_rows *r = NULL;
	return store_one(c->tx.db, &find, STORE_ARGS(store_text(c->who->id)), &r, c->tx.fault);
}

/* A key cannot get around its own limits and end by way of another. */
static enum rc check_maker(struct call *c, const struct keys_row *k)
{
	const struct principal *who = c->who;

	if (who->kind != PRINCIPAL_KEY)
		return RC_OK;
	enum rc rc = who->limits ? RC_OK : has_bytes(c);
	if (rc != RC_OK && rc != RC_MISSING)
		return rc;
	if (rc == RC_OK)
		return fault_set(c->tx.fault, RC_DENIED, "a key that has limits itself makes and edits no keys");
	if (who->expires_at && (!k->expires_at || k->expires_at > who->expires_at))
		return field_json_problem(
			c->reader, "/expiresAt", "out_of_range", "must not lie after the end of your own key");
	return RC_OK;
}

/* The tenant of the new key: the caller's own, unless an administrator names another. */
static enum rc check_tenant(struct call *c, const struct keys_in *in, const char **ret)
{
	static const struct store_query make = {
		.sql = "INSERT INTO tenants (id, weight, deficit, turn, created_at) VALUES ($1, 1, 0, 0, $2) ON "
		       "CONFLICT (id) DO NOTHING"
	};
	const char *own = decide_tenant(c->who);

	*ret = in->tenant_id ? in->tenant_id : own;
	if (!strcmp(*ret, own))
		return RC_OK;
	if (strncmp(*ret, "ten_", 4) != 0)
		return field_json_problem(c->reader, "/tenantId", "malformed", "must be ten_ and a name");
	if (!decide_is_administrator(c->who))
		return field_json_problem(
			c->reader, "/tenantId", "insufficient_scope", "another tenant than your own needs admin:*");
	return store_do(c->tx.db, &make, STORE_ARGS(store_text(*ret), store_int(c->tx.now_ms)), c->tx.fault);
}

/* Whose service key it is: of the key's tenant. What people make is theirs unless they say whose. */
static enum rc check_user(struct call *c, const struct keys_in *in, const char *tenant, const char **ret)
{
	static const struct store_query find = { .sql = "SELECT id FROM users WHERE id = $1 AND tenant_id = $2" };
	auto_rows struct store_rows *r = NULL;

	const char *own = c->who->kind == PRINCIPAL_USER ? c->who->id : c->who->user_id;

	*ret = in->user_id ? in->user_id : own;
	if (*ret && (!own || strcmp(*ret, own) != 0) && !route_may(c->who, SCOPE_USERS_WRITE))
		return field_json_problem(
			c->reader, "/userId", "insufficient_scope", "another than yourself needs users:write");
	if (!*ret || (!in->user_id && in->tenant_id))
		return RC_OK;
	enum rc rc = store_one(c->tx.db, &find, STORE_ARGS(store_text(*ret), store_text(tenant)), &r, c->tx.fault);
	return rc == RC_MISSING ? field_json_problem(c->reader, "/userId", "not_one_of", "is no user of the tenant")
				: rc;
}

/* What holds for a new key and for an edited one. */
static enum rc check(struct call *c, const struct keys_row *k, uint64_t given)
{
	enum rc rc = check_maker(c, k);

	if (rc == RC_OK)
		rc = check_grants(c, k);
	if (rc == RC_OK)
		rc = keys_address_valid(c, "/ipAllow", &k->ip_allow);
	if (rc == RC_OK)
		rc = keys_address_valid(c, "/ipDeny", &k->ip_deny);
	if (rc == RC_OK)
		rc = keys_address_valid(c, "/constraints/addresses", &k->only.addresses);
	if (rc == RC_OK && (given & KEYS_EXPIRES) && k->expires_at && k->expires_at <= c->tx.now_ms)
		rc = field_json_problem(c->reader, "/expiresAt", "out_of_range", "lies in the past");
	return rc;
}

/* Takes over what was given. */
static void edit(struct keys_row *k, const struct keys_in *in, uint64_t given)
{
#define TAKE(bit, to, from) \
	if (given & (bit))  \
	k->to = in->from
	TAKE(KEYS_NAME, name, name);
	TAKE(KEYS_SCOPES, scopes, scopes);
	TAKE(KEYS_ONLY, only, only);
	TAKE(KEYS_ALLOW, ip_allow, ip_allow);
	TAKE(KEYS_DENY, ip_deny, ip_deny);
	TAKE(KEYS_ACTIVE, active, active);
	TAKE(KEYS_RATE, limits.rate_limit, limits.rate_limit);
	TAKE(KEYS_DAILY, limits.quota_daily, limits.quota_daily);
	TAKE(KEYS_MONTHLY, limits.quota_monthly, limits.quota_monthly);
	TAKE(KEYS_CONCURRENT, limits.max_concurrent, limits.max_concurrent);
	TAKE(KEYS_RUNTIME, limits.max_runtime_s, limits.max_runtime_s);
	TAKE(KEYS_DAILY_BYTES, limits.daily_bytes, limits.daily_bytes);
	TAKE(KEYS_MONTHLY_BYTES, limits.monthly_bytes, limits.monthly_bytes);
	TAKE(KEYS_EXPIRES, expires_at, expires_at);
#undef TAKE
}

enum rc keys_routes_make(struct call *c, const struct keys_in *in, struct keys_row *k)
{
	*k = (struct keys_row){ 0 };
	edit(k, in, ~0ull);
	enum rc rc = check(c, k, ~0ull);
	if (rc == RC_OK)
		rc = check_tenant(c, in, &k->tenant_id);
	if (rc == RC_OK)
		rc = check_user(c, in, k->tenant_id, &k->user_id);
	if (rc == RC_OK)
		rc = keys_row_make(&c->tx, k);
	return rc;
}

static enum rc create(struct call *c, void *ret_out)
{
	struct keys_row *k = ret_out;
	enum rc rc = keys_routes_make(c, c->in, k);

	if (rc != RC_OK)
		return rc;
	c->location = arena_fmt(c->tx.arena, "/v1/api-keys/%s", k->id);
	c->version = k->version;
	return RC_OK;
}

struct keys_query {
	struct page_query page;
	const char *tenant_id, *user_id;
};

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = "SELECT " KEYS_ROW_COLUMNS
						       " FROM api_keys WHERE id < $1 AND tenant_id = $3 AND ($4 = "
						       "'' OR user_id = $4) ORDER BY id DESC LIMIT $2" };
	const struct keys_query *q = c->query;
	const char *tenant = q->tenant_id && decide_is_administrator(c->who) ? q->tenant_id : decide_tenant(c->who);
	struct page *page = ret_out;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1), store_text(tenant),
				store_text(q->user_id ? q->user_id : "")),
			&r, c->tx.fault);
	return rc == RC_OK ? page_read(c, &q->page, r, page) : rc;
}

static enum rc get(struct call *c, void *ret_out)
{
	struct keys_row *k = ret_out;
	enum rc rc = keys_row_load(&c->tx, c->arg[0], k);
	c->version = k->version;
	return rc;
}

static enum rc load_matched(struct call *c, struct keys_row *k)
{
	enum rc rc = keys_row_load(&c->tx, c->arg[0], k);
	return rc == RC_OK ? route_match(c, k->version) : rc;
}

/* Whoever edits a key must have all that it then may, be it from before or new. */
static enum rc patch(struct call *c, void *ret_out)
{
	struct keys_row *k = ret_out;

	enum rc rc = load_matched(c, k);
	if (rc != RC_OK)
		return rc;
	if (k->revoked_at)
		return fault_set(c->tx.fault, RC_CONFLICT, "the key is revoked; make another");
	edit(k, c->in, c->given);
	rc = check(c, k, c->given);
	if (rc == RC_OK)
		rc = keys_row_save(&c->tx, k, "api_key.updated", "api_key.update");
	c->version = k->version;
	return rc;
}

struct rotate_in {
	uint32_t overlap_s;
};
static const struct field rotate_fields[] = {
	{ .name = "overlapSeconds",
		.type = FIELD_U32,
		FIELD_AT(struct rotate_in, overlap_s),
		.max = OVERLAP_MAX,
		.def = OVERLAP_DEFAULT,
		.doc = "So long the old secret is good beside the new one. 0: no more from now on, nor those that "
		       "earlier rotations left." },
	{ 0 },
};

enum rc keys_routes_rotate(struct call *c, uint32_t overlap, struct keys_row *k)
{
	enum rc rc = keys_row_load(&c->tx, c->arg[0], k);
	if (rc != RC_OK)
		return rc;
	if (k->revoked_at)
		return fault_set(c->tx.fault, RC_CONFLICT, "the key is revoked; make another");
	rc = check(c, k, 0);
	if (rc == RC_OK)
		rc = keys_row_renew(&c->tx, k, overlap ? c->tx.now_ms + (int64_t)overlap * 1000 : 0);
	if (rc == RC_OK)
		rc = keys_row_save(&c->tx, k, "api_key.rotated", "api_key.rotate");
	return rc;
}

static enum rc rotate(struct call *c, void *ret_out)
{
	const struct rotate_in *in = c->in;
	struct keys_row *k = ret_out;
	enum rc rc = keys_routes_rotate(c, in ? in->overlap_s : OVERLAP_DEFAULT, k);

	c->version = k->version;
	return rc;
}

static enum rc forget_secrets(struct tx *tx, const char *id)
{
	static const struct store_query drop = { .sql = "DELETE FROM api_key_secrets WHERE key_id = $1" };
	return store_do(tx->db, &drop, STORE_ARGS(store_text(id)), tx->fault);
}

enum rc keys_routes_revoke(struct call *c)
{
	static const struct store_query set = {
		.sql = "UPDATE api_keys SET revoked_at = $2, version = version + 1 WHERE id = $1 AND revoked_at = "
		       "0 RETURNING id"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(
		c->tx.db, &set, STORE_ARGS(store_text(c->arg[0]), store_int(c->tx.now_ms)), &r, c->tx.fault);

	if (rc == RC_OK)
		rc = forget_secrets(&c->tx, c->arg[0]);
	if (rc == RC_OK)
		rc = quotas_settle(&c->tx, c->arg[0]);
	if (rc == RC_OK)
		rc = events_add(&c->tx, &(struct event){ .type = "api_key.revoked", .resource = c->arg[0] });
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "api_key.revoke", c->arg[0]);
	return rc;
}

static enum rc revoke_it(struct call *c, void *ret_out)
{
	enum rc rc = keys_routes_revoke(c);

	/* Revoked before, or never there: the read tells which, and a repeat has the same answer as the first. */
	return rc == RC_OK || rc == RC_MISSING ? get(c, ret_out) : rc;
}

static enum rc drop(struct call *c, void *ret_out)
{
	static const struct store_query usage = { .sql = "DELETE FROM api_key_usage WHERE key_id = $1" };
	static const struct store_query key = { .sql = "DELETE FROM api_keys WHERE id = $1" };
	struct keys_row k = { 0 };
	(void)ret_out;

	enum rc rc = load_matched(c, &k);
	if (rc == RC_OK)
		rc = forget_secrets(&c->tx, k.id);
	if (rc == RC_OK)
		rc = quotas_settle(&c->tx, k.id);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &usage, STORE_ARGS(store_text(k.id)), c->tx.fault);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &key, STORE_ARGS(store_text(k.id)), c->tx.fault);
	if (rc == RC_OK)
		rc = events_add(&c->tx, &(struct event){ .type = "api_key.deleted", .resource = k.id });
	return rc == RC_OK ? audit_add(&c->tx, "api_key.delete", k.id) : rc;
}

static const struct field query_fields[] = {
	PAGE_QUERY_FIELDS(struct keys_query),
	{ .name = "tenantId",
		.type = FIELD_STR,
		FIELD_AT(struct keys_query, tenant_id),
		.max = 63,
		.doc = "Of this tenant, for the installation's administrators; else of your own." },
	{ .name = "userId",
		.type = FIELD_STR,
		FIELD_AT(struct keys_query, user_id),
		.max = 64,
		.doc = "Only the service keys of this user." },
	{ 0 },
};

#define OUT  .out = keys_row_fields, .out_size = sizeof(struct keys_row)
#define MADE .out = keys_row_made_fields, .out_size = sizeof(struct keys_row)

const struct route keys_routes[] = {
	{ .name = "listApiKeys",
		.method = "GET",
		.path = "/v1/api-keys",
		.reach = REACH_TENANT,
		.lists = OBJECT_API_KEY,
		.scope = SCOPE_KEYS_READ,
		.flags = ROUTE_LIST,
		.query = query_fields,
		.query_size = sizeof(struct keys_query),
		OUT,
		.run = list,
		.doc = "Lists the keys, newest first. Never the secrets." },
	{ .name = "createApiKey",
		.method = "POST",
		.path = "/v1/api-keys",
		.reach = REACH_TENANT,
		.scope = SCOPE_KEYS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_STEP_UP,
		.status = 201,
		.in = keys_row_new_fields,
		.in_size = sizeof(struct keys_in),
		MADE,
		.run = create,
		.doc = "Makes a key and shows it this once. Nobody can give it more than they may themselves." },
	{ .name = "getApiKey",
		.method = "GET",
		.path = "/v1/api-keys/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_API_KEY,
		.scope = SCOPE_KEYS_READ,
		OUT,
		.run = get,
		.doc = "Shows one key. Never the secret." },
	{ .name = "updateApiKey",
		.method = "PATCH",
		.path = "/v1/api-keys/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_API_KEY,
		.scope = SCOPE_KEYS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		.in = keys_row_patch_fields,
		.in_size = sizeof(struct keys_in),
		OUT,
		.run = patch,
		.doc = "Edits a key by a merge patch (RFC 7396). Streams that are open with it end." },
	{ .name = "rotateApiKey",
		.method = "POST",
		.path = "/v1/api-keys/{id}/rotate",
		.reach = REACH_TENANT,
		.object = OBJECT_API_KEY,
		.scope = SCOPE_KEYS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MAYBE | ROUTE_STEP_UP,
		.in = rotate_fields,
		.in_size = sizeof(struct rotate_in),
		MADE,
		.run = rotate,
		.doc = "Gives a key another secret and shows it this once; the old one is good for a while." },
	{ .name = "revokeApiKey",
		.method = "POST",
		.path = "/v1/api-keys/{id}/revoke",
		.reach = REACH_TENANT,
		.object = OBJECT_API_KEY,
		.scope = SCOPE_KEYS_WRITE,
		.flags = ROUTE_WRITE,
		OUT,
		.run = revoke_it,
		.doc = "Refuses the key from now on. A repeat changes nothing." },
	{ .name = "deleteApiKey",
		.method = "DELETE",
		.path = "/v1/api-keys/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_API_KEY,
		.scope = SCOPE_KEYS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		.status = 204,
		.run = drop,
		.doc = "Refuses a key from now on, and forgets it and its usage." },
	{ 0 },
};
