#include "control/access/keys_row.h"
#include "control/access/audit.h"
#include "control/access/keys_hash.h"
#include "control/control.h"
#include "control/events/events.h"
#include "control/fleet/labels.h"
#include "control/quotas/quotas.h"
#include "control/rows.h"
#include "io/clock.h"
#include "model/apikey.h"

#define QUOTA_MAX 1000000000000

static const struct field only_fields[] = {
	{ .name = "regions",
		.type = FIELD_LIST,
		FIELD_AT(struct keys_only, regions),
		.item = FIELD_STR,
		.max = 64,
		.doc = "Only what is in these regions (ids). Empty: all." },
	{ .name = "accountLabels",
		.type = FIELD_MAP,
		FIELD_AT(struct keys_only, labels),
		.doc = "Only accounts that have all these labels." },
	{ .name = "actions",
		.type = FIELD_LIST,
		FIELD_AT(struct keys_only, actions),
		.item = FIELD_STR,
		.max = 64,
		.doc = "Only these actions, such as agent.ping or friends.*. Empty: all." },
	{ .name = "addresses",
		.type = FIELD_LIST,
		FIELD_AT(struct keys_only, addresses),
		.item = FIELD_STR,
		.max = 32,
		.doc = "Only from these addresses; beside ipAllow." },
	{ .name = "own", .type = FIELD_BOOL, FIELD_AT(struct keys_only, own), .doc = "Only what it made itself." },
	{ 0 },
};

#define NAME_FIELD(type_, flags_)                                                                             \
	{                                                                                                     \
		.name = "name", .type = FIELD_STR, FIELD_AT(struct type_, name), .flags = (flags_), .min = 1, \
		.max = 100, .doc = "What people call it."                                                     \
	}
#define SCOPES_FIELD(type_, flags_)                                                                           \
	{                                                                                                     \
		.name = "scopes", .type = FIELD_LIST, FIELD_AT(struct type_, scopes), .item = FIELD_STR,      \
		.flags = (flags_), .min = 1, .max = 64, .doc = "What it may do, such as jobs:read or jobs:*." \
	}
#define ONLY_FIELD(type_)                                                                                   \
	{                                                                                                   \
		.name = "constraints", .type = FIELD_OBJ, FIELD_AT(struct type_, only), .sub = only_fields, \
		.sub_size = sizeof(struct keys_only),                                                       \
		.doc = "What the scopes are narrowed to. An edit replaces all of it."                       \
	}
#define ADDRESS_FIELDS(type_)                                                                                 \
	{ .name = "ipAllow",                                                                                  \
		.type = FIELD_LIST,                                                                           \
		FIELD_AT(struct type_, ip_allow),                                                             \
		.item = FIELD_STR,                                                                            \
		.max = 32,                                                                                    \
		.doc = "Addresses and blocks of them that it may come from, such as 10.0.0.0/8 or fd00::/8. " \
		       "Empty: all." },                                                                       \
	{                                                                                                     \
		.name = "ipDeny", .type = FIELD_LIST, FIELD_AT(struct type_, ip_deny), .item = FIELD_STR,     \
		.max = 32, .doc = "Those that it may not come from, whatever ipAllow says."                   \
	}
#define ACTIVE_FIELD(type_)                                                                          \
	{                                                                                            \
		.name = "isActive", .type = FIELD_BOOL, FIELD_AT(struct type_, active), .def = true, \
		.doc = "False: it is refused until it is made active again."                         \
	}
#define LIMIT_FIELDS(type_, flags_)                                                                                \
	{ .name = "rateLimit",                                                                                     \
		.type = FIELD_U32,                                                                                 \
		FIELD_AT(struct type_, limits.rate_limit),                                                         \
		.flags = (flags_),                                                                                 \
		.min = 1,                                                                                          \
		.max = 1000000000,                                                                                 \
		.doc = "Requests a minute; so many at once, and then as many as the minute brings back." },        \
		{ .name = "quotaDaily",                                                                            \
			.type = FIELD_I64,                                                                         \
			FIELD_AT(struct type_, limits.quota_daily),                                                \
			.flags = (flags_),                                                                         \
			.min = 1,                                                                                  \
			.max = QUOTA_MAX,                                                                          \
			.doc = "Requests a day (UTC)." },                                                          \
		{ .name = "quotaMonthly",                                                                          \
			.type = FIELD_I64,                                                                         \
			FIELD_AT(struct type_, limits.quota_monthly),                                              \
			.flags = (flags_),                                                                         \
			.min = 1,                                                                                  \
			.max = QUOTA_MAX,                                                                          \
			.doc = "Requests a month (UTC)." },                                                        \
		{ .name = "maxConcurrent",                                                                         \
			.type = FIELD_U32,                                                                         \
			FIELD_AT(struct type_, limits.max_concurrent),                                             \
			.flags = (flags_),                                                                         \
			.min = 1,                                                                                  \
			.max = 100000,                                                                             \
			.doc = "Requests and streams at once; and so many transfers of downloads, others wait." }, \
		{ .name = "maxRuntimeSeconds",                                                                     \
			.type = FIELD_U32,                                                                         \
			FIELD_AT(struct type_, limits.max_runtime_s),                                              \
			.flags = (flags_),                                                                         \
			.min = 1,                                                                                  \
			.max = 31536000,                                                                           \
			.doc = "A job of the key is stopped after so long." },                                     \
		{ .name = "quotaDailyBytes",                                                                       \
			.type = FIELD_I64,                                                                         \
			FIELD_AT(struct type_, limits.daily_bytes),                                                \
			.flags = (flags_),                                                                         \
			.min = 1,                                                                                  \
			.max = QUOTAS_MOST_MAX,                                                                    \
			.doc = "Bytes a day (UTC) that are sent for its downloads." },                             \
	{                                                                                                          \
		.name = "quotaMonthlyBytes", .type = FIELD_I64, FIELD_AT(struct type_, limits.monthly_bytes),      \
		.flags = (flags_), .min = 1, .max = QUOTAS_MOST_MAX,                                               \
		.doc = "Bytes a month (UTC) that are sent for its downloads."                                      \
	}
#define ROW_FIELDS                                                                                                 \
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct keys_row, id), .doc = "apk_ and a ULID." },             \
		NAME_FIELD(keys_row, 0),                                                                           \
		{ .name = "tenantId",                                                                              \
			.type = FIELD_STR,                                                                         \
			FIELD_AT(struct keys_row, tenant_id),                                                      \
			.doc = "The tenant whose jobs its jobs are." },                                            \
		{ .name = "userId",                                                                                \
			.type = FIELD_STR,                                                                         \
			FIELD_AT(struct keys_row, user_id),                                                        \
			.doc = "Whose service key it is: it is refused when they are disabled. Null: nobody's." }, \
		{ .name = "prefix",                                                                                \
			.type = FIELD_STR,                                                                         \
			FIELD_AT(struct keys_row, prefix),                                                         \
			.doc = "The first characters of the key." },                                               \
		{ .name = "last4",                                                                                 \
			.type = FIELD_STR,                                                                         \
			FIELD_AT(struct keys_row, last4),                                                          \
			.doc = "The last four characters of the key." },                                           \
		SCOPES_FIELD(keys_row, 0), ONLY_FIELD(keys_row), ADDRESS_FIELDS(keys_row), ACTIVE_FIELD(keys_row), \
		LIMIT_FIELDS(keys_row, FIELD_OMIT),                                                                \
		{ .name = "bytesTotal",                                                                            \
			.type = FIELD_I64,                                                                         \
			FIELD_AT(struct keys_row, bytes_total),                                                    \
			.doc = "Bytes that were sent for its downloads so far." },                                 \
		{ .name = "requestCount",                                                                          \
			.type = FIELD_I64,                                                                         \
			FIELD_AT(struct keys_row, request_count),                                                  \
			.doc = "Requests with it so far." },                                                       \
		{ .name = "lastUsedAt",                                                                            \
			.type = FIELD_TIME,                                                                        \
			FIELD_AT(struct keys_row, last_used_at),                                                   \
			.doc = "When it was used last; null: never." },                                            \
		{ .name = "lastUsedFrom",                                                                          \
			.type = FIELD_STR,                                                                         \
			FIELD_AT(struct keys_row, last_used_from),                                                 \
			.doc = "The address that it was used from last." },                                        \
		{ .name = "expiresAt",                                                                             \
			.type = FIELD_TIME,                                                                        \
			FIELD_AT(struct keys_row, expires_at),                                                     \
			.doc = "It is refused from then on; null: never." },                                       \
		{ .name = "revokedAt",                                                                             \
			.type = FIELD_TIME,                                                                        \
			FIELD_AT(struct keys_row, revoked_at),                                                     \
			.doc = "Since when it is refused; null: it is not." },                                     \
		{ .name = "rotatedAt",                                                                             \
			.type = FIELD_TIME,                                                                        \
			FIELD_AT(struct keys_row, rotated_at),                                                     \
			.doc = "When it got another secret last; null: never." },                                  \
		{ .name = "createdBy",                                                                             \
			.type = FIELD_STR,                                                                         \
			FIELD_AT(struct keys_row, created_by),                                                     \
			.doc = "Who made it." },                                                                   \
		{ .name = "createdAt",                                                                             \
			.type = FIELD_TIME,                                                                        \
			FIELD_AT(struct keys_row, created_at),                                                     \
			.doc = "When it was made." },                                                              \
		{ .name = "updatedAt",                                                                             \
			.type = FIELD_TIME,                                                                        \
			FIELD_AT(struct keys_row, updated_at),                                                     \
			.doc = "When it was edited last; null: never." },                                          \
	{                                                                                                          \
		.name = "version", .type = FIELD_I64, FIELD_AT(struct keys_row, version),                          \
		.doc = "Counts edits; the ETag."                                                                   \
	}
#define EXPIRES_FIELD                                                                          \
	{                                                                                      \
		.name = "expiresAt", .type = FIELD_TIME, FIELD_AT(struct keys_in, expires_at), \
		.flags = FIELD_NULLABLE, .doc = "Refuse it from then on."                      \
	}

const struct field keys_row_fields[] = { ROW_FIELDS, { 0 } };

const struct field keys_row_made_fields[] = {
	ROW_FIELDS,
	{ .name = "secret",
		.type = FIELD_STR,
		FIELD_AT(struct keys_row, secret),
		.doc = "The key itself. It is shown this once." },
	{ 0 },
};

const struct field keys_row_new_fields[] = {
	NAME_FIELD(keys_in, FIELD_REQUIRED),
	SCOPES_FIELD(keys_in, FIELD_REQUIRED),
	ONLY_FIELD(keys_in),
	ADDRESS_FIELDS(keys_in),
	ACTIVE_FIELD(keys_in),
	LIMIT_FIELDS(keys_in, FIELD_NULLABLE),
	EXPIRES_FIELD,
	{ .name = "tenantId",
		.type = FIELD_STR,
		FIELD_AT(struct keys_in, tenant_id),
		.flags = FIELD_NULLABLE,
		.min = 5,
		.max = 63,
		.chars = "abcdefghijklmnopqrstuvwxyz0123456789_-",
		.doc = "The tenant whose jobs its jobs are: ten_ and a name. Another than your own needs "
		       "admin:*." },
	{ .name = "userId",
		.type = FIELD_STR,
		FIELD_AT(struct keys_in, user_id),
		.flags = FIELD_NULLABLE,
		.max = 64,
		.doc = "Whose service key it is to be; of people's own keys, themselves." },
	{ 0 },
};

const struct field keys_row_patch_fields[] = {
	NAME_FIELD(keys_in, 0),
	SCOPES_FIELD(keys_in, 0),
	ONLY_FIELD(keys_in),
	ADDRESS_FIELDS(keys_in),
	ACTIVE_FIELD(keys_in),
	LIMIT_FIELDS(keys_in, FIELD_NULLABLE),
	EXPIRES_FIELD,
	{ 0 },
};

enum rc keys_row_load(struct tx *tx, const char *id, struct keys_row *ret)
{
	static const struct store_query one = { .sql = "SELECT " KEYS_ROW_COLUMNS " FROM api_keys WHERE id = $1" };
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ keys_row_fields, tx->arena, ret }, tx->fault);
}

/* A new secret: the row has its hash and what may be shown of it. */
static enum rc make_secret(struct tx *tx, struct keys_row *k, char hash[static KEYS_HASH_MAX])
{
	uint8_t random[APIKEY_RANDOM];
	char *secret = arena_take(tx->arena, APIKEY_MAX);

	if (!secret)
		return RC_NOMEM;
	clock_random(random, sizeof(random));
	apikey_make(secret, "live", random);
	keys_hash(tx->control, secret, hash);
	k->secret = secret;
	k->prefix = arena_strn(tx->arena, secret, APIKEY_PREFIX);
	k->last4 = secret + strlen(secret) - 4;
	return k->prefix ? RC_OK : RC_NOMEM;
}

static enum rc insert(struct tx *tx, const struct keys_row *k, const char *hash)
{
	static const struct store_query add = {
		.sql = "INSERT INTO api_keys (id, name, hash, prefix, last4, scopes, expires_at, revoked_at, "
		       "created_by, created_at, tenant_id, user_id, updated_at) VALUES ($1, $2, $3, $4, $5, $6, "
		       "$7, 0, "
		       "$8, $9, $10, $11, 0)"
	};

	return store_do(tx->db, &add,
		STORE_ARGS(store_text(k->id), store_text(k->name), store_text(hash), store_text(k->prefix),
			store_text(k->last4), store_text(labels_texts_json(tx->arena, &k->scopes)),
			store_int(k->expires_at), store_text(k->created_by), store_int(k->created_at),
			store_text(k->tenant_id), store_text(k->user_id)),
		tx->fault);
}

static enum rc update(struct tx *tx, const struct keys_row *k)
{
	static const struct store_query set = {
		.sql = "UPDATE api_keys SET name = $2, scopes = $3, only_regions = $4, only_labels = $5, "
		       "only_actions = $6, only_addresses = $7, only_own = $8, ip_allow = $9, ip_deny = $10, "
		       "active = $11, rate_limit = $12, quota_daily = $13, quota_monthly = $14, max_concurrent = "
		       "$15, max_runtime_s = $16, expires_at = $17, updated_at = $18, version = $19, "
		       "quota_daily_bytes = "
		       "$20, quota_monthly_bytes = $21 WHERE id = $1"
	};
	struct arena *a = tx->arena;

	return store_do(tx->db, &set,
		STORE_ARGS(store_text(k->id), store_text(k->name), store_text(labels_texts_json(a, &k->scopes)),
			store_text(labels_texts_json(a, &k->only.regions)),
			store_text(labels_json(a, &k->only.labels)),
			store_text(labels_texts_json(a, &k->only.actions)),
			store_text(labels_texts_json(a, &k->only.addresses)), store_int(k->only.own),
			store_text(labels_texts_json(a, &k->ip_allow)),
			store_text(labels_texts_json(a, &k->ip_deny)), store_int(k->active),
			store_int(k->limits.rate_limit), store_int(k->limits.quota_daily),
			store_int(k->limits.quota_monthly), store_int(k->limits.max_concurrent),
			store_int(k->limits.max_runtime_s), store_int(k->expires_at), store_int(k->updated_at),
			store_int(k->version), store_int(k->limits.daily_bytes),
			store_int(k->limits.monthly_bytes)),
		tx->fault);
}

enum rc keys_row_make(struct tx *tx, struct keys_row *k)
{
	char hash[KEYS_HASH_MAX];

	enum rc rc = make_secret(tx, k, hash);
	k->id = tx_id(tx, "apk");
	k->created_by = tx->actor;
	k->created_at = tx->now_ms;
	k->version = 1;
	if (rc == RC_OK)
		rc = k->id ? quotas_reserve_one(tx, QUOTA_API_KEYS, k->tenant_id, k->id) : RC_NOMEM;
	if (rc == RC_OK)
		rc = insert(tx, k, hash);
	if (rc == RC_OK)
		rc = update(tx, k);
	if (rc == RC_OK)
		rc = events_add(tx,
			&(struct event){ .type = "api_key.created", .resource = k->id, .tenant_id = k->tenant_id });
	return rc == RC_OK ? audit_add(tx, "api_key.create", k->id) : rc;
}

enum rc keys_row_save(struct tx *tx, struct keys_row *k, const char *event, const char *deed)
{
	k->updated_at = tx->now_ms;
	k->version++;
	enum rc rc = update(tx, k);
	if (rc == RC_OK)
		rc = events_add(tx, &(struct event){ .type = event, .resource = k->id, .tenant_id = k->tenant_id });
	return rc == RC_OK ? audit_add(tx, deed, k->id) : rc;
}

enum rc keys_row_renew(struct tx *tx, struct keys_row *k, int64_t old_until)
{
	static const struct store_query forget = {
		.sql = "DELETE FROM api_key_secrets WHERE key_id = $1 AND (until_at <= $2 OR $3 = 0)"
	};
	static const struct store_query keep = {
		.sql = "INSERT INTO api_key_secrets (hash, key_id, until_at) SELECT "
		       "hash, id, $2 FROM api_keys WHERE id = $1"
	};
	static const struct store_query set = {
		.sql = "UPDATE api_keys SET hash = $2, prefix = $3, last4 = $4, rotated_at = $5 WHERE id = $1"
	};
	char hash[KEYS_HASH_MAX];

	enum rc rc = make_secret(tx, k, hash);
	if (rc == RC_OK)
		rc = store_do(tx->db, &forget,
			STORE_ARGS(store_text(k->id), store_int(tx->now_ms), store_int(old_until)), tx->fault);
	if (rc == RC_OK && old_until)
		rc = store_do(tx->db, &keep, STORE_ARGS(store_text(k->id), store_int(old_until)), tx->fault);
	k->rotated_at = tx->now_ms;
	return rc == RC_OK ? store_do(tx->db, &set,
				     STORE_ARGS(store_text(k->id), store_text(hash), store_text(k->prefix),
					     store_text(k->last4), store_int(k->rotated_at)),
				     tx->fault)
			   : rc;
}
