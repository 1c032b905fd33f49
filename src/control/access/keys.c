#include "control/access/keys.h"
#include "base/metric.h"
#include "control/access/audit.h"
#include "control/control.h"
#include "control/events/events.h"
#include "control/http/page.h"
#include "control/rows.h"
#include "io/clock.h"
#include "io/file.h"
#include "model/apikey.h"
#include "model/grant.h"
#include "wire/field_json.h"
#include "wire/json.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

struct key_view {
	const char *id, *name, *tenant_id, *prefix, *last4, *created_by;
	struct field_list scopes;
	int64_t expires_at, revoked_at, created_at;
	const char *secret; /* only in the answer that made it */
};

static const struct field key_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct key_view, id), .doc = "apk_ and a ULID." },
	{ .name = "name", .type = FIELD_STR, FIELD_AT(struct key_view, name), .doc = "What people call it." },
	{ .name = "tenantId",
		.type = FIELD_STR,
		FIELD_AT(struct key_view, tenant_id),
		.doc = "The tenant whose jobs its jobs are." },
	{ .name = "prefix",
		.type = FIELD_STR,
		FIELD_AT(struct key_view, prefix),
		.doc = "The first characters of the key." },
	{ .name = "last4",
		.type = FIELD_STR,
		FIELD_AT(struct key_view, last4),
		.doc = "The last four characters of the key." },
	{ .name = "scopes",
		.type = FIELD_LIST,
		FIELD_AT(struct key_view, scopes),
		.item = FIELD_STR,
		.doc = "What it may do." },
	{ .name = "expiresAt",
		.type = FIELD_TIME,
		FIELD_AT(struct key_view, expires_at),
		.doc = "It is refused from then on; null: never." },
	{ .name = "revokedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct key_view, revoked_at),
		.doc = "Since when it is refused; null: it is not." },
	{ .name = "createdBy", .type = FIELD_STR, FIELD_AT(struct key_view, created_by), .doc = "Who made it." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct key_view, created_at),
		.doc = "When it was made." },
	{ 0 },
};

static const struct field key_made_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct key_view, id), .doc = "apk_ and a ULID." },
	{ .name = "name", .type = FIELD_STR, FIELD_AT(struct key_view, name), .doc = "What people call it." },
	{ .name = "tenantId",
		.type = FIELD_STR,
		FIELD_AT(struct key_view, tenant_id),
		.doc = "The tenant whose jobs its jobs are." },
	{ .name = "prefix",
		.type = FIELD_STR,
		FIELD_AT(struct key_view, prefix),
		.doc = "The first characters of the key." },
	{ .name = "last4",
		.type = FIELD_STR,
		FIELD_AT(struct key_view, last4),
		.doc = "The last four characters of the key." },
	{ .name = "scopes",
		.type = FIELD_LIST,
		FIELD_AT(struct key_view, scopes),
		.item = FIELD_STR,
		.doc = "What it may do." },
	{ .name = "expiresAt",
		.type = FIELD_TIME,
		FIELD_AT(struct key_view, expires_at),
		.doc = "It is refused from then on; null: never." },
	{ .name = "createdBy", .type = FIELD_STR, FIELD_AT(struct key_view, created_by), .doc = "Who made it." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct key_view, created_at),
		.doc = "When it was made." },
	{ .name = "secret",
		.type = FIELD_STR,
		FIELD_AT(struct key_view, secret),
		.doc = "The key itself. It is shown this once." },
	{ 0 },
};

struct key_new {
	const char *name, *tenant_id;
	struct field_list scopes;
	int64_t expires_at;
};

static const struct field key_new_fields[] = {
	{ .name = "name",
		.type = FIELD_STR,
		FIELD_AT(struct key_new, name),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 100,
		.doc = "What people call it." },
	{ .name = "scopes",
		.type = FIELD_LIST,
		FIELD_AT(struct key_new, scopes),
		.item = FIELD_STR,
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 64,
		.doc = "What it may do, such as jobs:read or jobs:*." },
	{ .name = "tenantId",
		.type = FIELD_STR,
		FIELD_AT(struct key_new, tenant_id),
		.flags = FIELD_NULLABLE,
		.min = 5,
		.max = 63,
		.chars = "abcdefghijklmnopqrstuvwxyz0123456789_-",
		.doc = "The tenant whose jobs its jobs are: ten_ and a name. Another than your own needs "
		       "admin:*." },
	{ .name = "expiresAt",
		.type = FIELD_TIME,
		FIELD_AT(struct key_new, expires_at),
		.flags = FIELD_NULLABLE,
		.doc = "Refuse it from then on." },
	{ 0 },
};

void keys_hash(const struct control *c, const char *secret, char ret[static KEYS_HASH_MAX])
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	static const char hex[] = "0123456789abcdef";

	HMAC(EVP_sha256(), c->secrets.pepper, 32, (const uint8_t *)secret, strlen(secret), mac, NULL);
	for (size_t i = 0; i < 32; i++) {
		ret[i * 2] = hex[mac[i] >> 4];
		ret[i * 2 + 1] = hex[mac[i] & 15];
	}
	ret[64] = 0;
}

enum rc keys_check(struct tx *tx, const char *secret, struct principal *ret)
{
	static const struct store_query find = {
		.sql = "SELECT id, name, scopes, expires_at, revoked_at, tenant_id FROM api_keys WHERE hash = $1"
	};
	static const struct field scopes_row = { .name = "scopes", .type = FIELD_LIST, .item = FIELD_STR };
	auto_rows struct store_rows *r = NULL;
	char hash[KEYS_HASH_MAX];
	enum rc rc = RC_MISSING;

	if (apikey_is(secret, "live")) {
		keys_hash(tx->control, secret, hash);
		rc = store_one(tx->db, &find, STORE_ARGS(store_text(hash)), &r, tx->fault);
	}
	if (rc == RC_OK &&
		(store_col_int(r, 4) != 0 || (store_col_int(r, 3) != 0 && store_col_int(r, 3) <= tx->now_ms)))
		rc = RC_MISSING;
	metric_add(tx->control->metrics, METRIC_AUTH_ATTEMPTS, rc == RC_OK ? "key\nok" : "key\nrefused", 1);
	if (rc == RC_MISSING)
		return fault_set(tx->fault, RC_UNAUTHENTICATED, "the key is unknown, expired or revoked");
	if (rc != RC_OK)
		return rc;
	struct grant *grant = arena_take(tx->arena, sizeof(*grant));
	struct grants *grants = arena_take(tx->arena, sizeof(*grants));
	if (!grant || !grants)
		return RC_NOMEM;
	*grants = (struct grants){ grant, 1 };
	*ret = (struct principal){ .kind = PRINCIPAL_KEY,
		.id = arena_str(tx->arena, store_col_text(r, 0)),
		.name = arena_str(tx->arena, store_col_text(r, 1)),
		.actor = arena_fmt(tx->arena, "key:%s", store_col_text(r, 0)),
		.tenant_id = arena_str(tx->arena, store_col_text(r, 5)),
		.grants = grants };
	if (!ret->id || !ret->name || !ret->actor || !ret->tenant_id)
		return RC_NOMEM;
	return field_json_text(&scopes_row, store_col_text(r, 2), tx->arena, &grant->scopes, tx->fault);
}

bool keys_is_admin(const struct principal *who) { return who->grants && grant_is_admin(who->grants); }

static const char *scopes_json(struct tx *tx, const struct field_list *scopes)
{
	const char *const *grants = scopes->at;
	struct buf b = { 0 };

	buf_u8(&b, '[');
	for (size_t i = 0; i < scopes->n; i++) {
		buf_str(&b, i ? "," : "");
		json_put_str(&b, grants[i]);
	}
	buf_u8(&b, ']');
	const char *text = arena_str(tx->arena, buf_text(&b));
	buf_done(&b);
	return text;
}

/* Fills in the rest of *k and inserts it. */
static enum rc make(struct tx *tx, struct key_view *k)
{
	static const struct store_query insert = { .sql = "INSERT INTO api_keys (id, name, hash, prefix, last4, "
							  "scopes, expires_at, revoked_at, created_by, "
							  "created_at, tenant_id) VALUES ($1, $2, $3, $4, $5, $6, "
							  "$7, 0, $8, $9, $10)" };
	uint8_t random[APIKEY_RANDOM];
	char hash[KEYS_HASH_MAX], *secret = arena_take(tx->arena, APIKEY_MAX);

	if (!secret)
		return RC_NOMEM;
	clock_random(random, sizeof(random));
	apikey_make(secret, "live", random);
	keys_hash(tx->control, secret, hash);
	k->secret = secret;
	k->id = tx_id(tx, "apk");
	k->prefix = arena_strn(tx->arena, secret, APIKEY_PREFIX);
	k->last4 = secret + strlen(secret) - 4;
	k->created_by = tx->actor;
	k->created_at = tx->now_ms;
	enum rc rc = store_do(tx->db, &insert,
		STORE_ARGS(store_text(k->id), store_text(k->name), store_text(hash), store_text(k->prefix),
			store_text(k->last4), store_text(scopes_json(tx, &k->scopes)), store_int(k->expires_at),
			store_text(k->created_by), store_int(k->created_at), store_text(k->tenant_id)),
		tx->fault);
	if (rc == RC_OK)
		rc = events_add(tx, &(struct event){ .type = "api_key.created", .resource = k->id });
	return rc == RC_OK ? audit_add(tx, "api_key.create", k->id) : rc;
}

/* A grant must be known, and the caller must have all that it gives. */
static enum rc check_grants(struct call *c, const struct key_new *in)
{
	const char *const *grants = in->scopes.at;
	char pointer[32];
	enum rc rc = RC_OK;

	for (size_t i = 0; i < in->scopes.n; i++) {
		snprintf(pointer, sizeof(pointer), "/scopes/%zu", i);
		if (!scope_is_grant(grants[i])) {
			rc = field_json_problem(c->reader, pointer, "not_one_of",
				"is not a scope; GET /v1/openapi.json lists them");
			continue;
		}
		for (int s = SCOPE_NONE + 1; s < SCOPE_COUNT; s++)
			if (scope_covers(grants[i], (enum scope)s) && !route_may(c->who, (enum scope)s)) {
				rc = field_json_problem(c->reader, pointer, "insufficient_scope",
					"gives more than your own key may do");
				break;
			}
	}
	return rc;
}

/* The tenant of the new key: the caller's own, unless an administrator names another. */
static enum rc check_tenant(struct call *c, const struct key_new *in, const char **ret)
{
	static const struct store_query make = {
		.sql = "INSERT INTO tenants (id, weight, deficit, turn, created_at) VALUES ($1, 1, 0, 0, $2) ON "
		       "CONFLICT (id) DO NOTHING"
	};
	const char *own = c->who->tenant_id ? c->who->tenant_id : ROUTE_TENANT_DEFAULT;

	*ret = in->tenant_id ? in->tenant_id : own;
	if (!strcmp(*ret, own))
		return RC_OK;
	if (strncmp(*ret, "ten_", 4) != 0)
		return field_json_problem(c->reader, "/tenantId", "malformed", "must be ten_ and a name");
	if (!keys_is_admin(c->who))
		return field_json_problem(
			c->reader, "/tenantId", "insufficient_scope", "another tenant than your own needs admin:*");
	return store_do(c->tx.db, &make, STORE_ARGS(store_text(*ret), store_int(c->tx.now_ms)), c->tx.fault);
}

static enum rc create(struct call *c, void *ret_out)
{
	const struct key_new *in = c->in;
	struct key_view *k = ret_out;
	const char *tenant = NULL;

	enum rc rc = check_grants(c, in);
	if (rc == RC_OK)
		rc = check_tenant(c, in, &tenant);
	if (rc == RC_OK && in->expires_at && in->expires_at <= c->tx.now_ms)
		rc = field_json_problem(c->reader, "/expiresAt", "out_of_range", "lies in the past");
	if (rc != RC_OK)
		return rc;
	*k = (struct key_view){
		.name = in->name, .tenant_id = tenant, .scopes = in->scopes, .expires_at = in->expires_at
	};
	return make(&c->tx, k);
}

#define KEY_COLUMNS "id, name, tenant_id, prefix, last4, scopes, expires_at, revoked_at, created_by, created_at"

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = "SELECT " KEY_COLUMNS
						       " FROM api_keys WHERE id < $1 ORDER BY id DESC LIMIT $2" };
	const struct page_query *q = c->query;
	struct page *page = ret_out;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, q, &before);
	if (rc == RC_OK)
		rc = store_run(
			c->tx.db, &all, STORE_ARGS(store_text(before), store_int(q->limit + 1)), &r, c->tx.fault);
	return rc == RC_OK ? page_read(c, q, r, page) : rc;
}

static enum rc get(struct call *c, void *ret_out)
{
	static const struct store_query one = { .sql = "SELECT " KEY_COLUMNS " FROM api_keys WHERE id = $1" };
	return rows_one(c->tx.db, &one, STORE_ARGS(store_text(c->arg[0])),
		(struct rows_into){ key_fields, c->tx.arena, ret_out }, c->tx.fault);
}

static enum rc revoke_it(struct call *c, void *ret_out)
{
	static const struct store_query set = {
		.sql = "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at = 0 RETURNING id"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(
		c->tx.db, &set, STORE_ARGS(store_text(c->arg[0]), store_int(c->tx.now_ms)), &r, c->tx.fault);

	if (rc == RC_OK)
		rc = events_add(&c->tx, &(struct event){ .type = "api_key.revoked", .resource = c->arg[0] });
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "api_key.revoke", c->arg[0]);
	/* Revoked before, or never there: the read tells which, and a repeat has the same answer as the first. */
	return rc == RC_OK || rc == RC_MISSING ? get(c, ret_out) : rc;
}

struct keys_query {
	struct page_query page;
};
static const struct field query_fields[] = { PAGE_QUERY_FIELDS(struct keys_query), { 0 } };

const struct route keys_routes[] = {
	{
		.name = "listApiKeys",
		.method = "GET",
		.path = "/v1/api-keys",
		.reach = REACH_TENANT,
		.lists = OBJECT_API_KEY,
		.scope = SCOPE_KEYS_READ,
		.flags = ROUTE_LIST,
		.query = query_fields,
		.query_size = sizeof(struct page_query),
		.out = key_fields,
		.out_size = sizeof(struct key_view),
		.run = list,
		.doc = "Lists the keys, newest first. Never the secrets.",
	},
	{
		.name = "createApiKey",
		.method = "POST",
		.path = "/v1/api-keys",
		.reach = REACH_TENANT,
		.scope = SCOPE_KEYS_WRITE,
		.flags = ROUTE_WRITE,
		.status = 201,
		.in = key_new_fields,
		.in_size = sizeof(struct key_new),
		.out = key_made_fields,
		.out_size = sizeof(struct key_view),
		.run = create,
		.doc = "Makes a key and shows it this once.",
	},
	{
		.name = "getApiKey",
		.method = "GET",
		.path = "/v1/api-keys/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_API_KEY,
		.scope = SCOPE_KEYS_READ,
		.out = key_fields,
		.out_size = sizeof(struct key_view),
		.run = get,
		.doc = "Shows one key. Never the secret.",
	},
	{
		.name = "revokeApiKey",
		.method = "POST",
		.path = "/v1/api-keys/{id}/revoke",
		.reach = REACH_TENANT,
		.object = OBJECT_API_KEY,
		.scope = SCOPE_KEYS_WRITE,
		.flags = ROUTE_WRITE,
		.out = key_fields,
		.out_size = sizeof(struct key_view),
		.run = revoke_it,
		.doc = "Refuses the key from now on. A repeat changes nothing.",
	},
	{ 0 },
};

enum rc keys_first(struct control *c, struct store_conn *db, struct fault *f)
{
	static const struct store_query any = { .sql = "SELECT id FROM api_keys LIMIT 1" };
	struct arena arena = { 0 };
	struct tx tx = { .control = c,
		.db = db,
		.arena = &arena,
		.fault = f,
		.now_ms = clock_wall_ms(),
		.actor = "system",
		.peer = "",
		.trace_id = "" };
	const char *all[] = { "admin:*" };
	struct key_view k = {
		.name = "first administrator", .tenant_id = ROUTE_TENANT_DEFAULT, .scopes = { all, 1 }
	};
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_begin(db, f); /* of several control planes that start at once, one makes it */
	if (rc == RC_OK)
		rc = store_one(db, &any, STORE_NO_ARGS, &r, f);
	store_close(take(r));
	if (rc != RC_MISSING) {
		store_rollback(db);
		return rc;
	}
	rc = make(&tx, &k);
	const char *path = arena_fmt(&arena, "%s/admin.key", c->conf->data_dir);
	if (rc == RC_OK) /* before the commit: a key that nobody can read would lock everyone out */
		rc = file_write(path, k.secret, strlen(k.secret), 0600, f);
	if (rc == RC_OK)
		rc = store_commit(db, f);
	else
		store_rollback(db);
	arena_done(&arena);
	return rc;
}
