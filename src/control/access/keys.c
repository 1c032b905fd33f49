#include "control/access/keys.h"
#include "base/metric.h"
#include "control/access/keys_address.h"
#include "control/access/keys_hash.h"
#include "control/access/keys_row.h"
#include "control/control.h"
#include "io/clock.h"
#include "io/file.h"
#include "model/apikey.h"
#include "model/grant.h"
#include "model/meter.h"
#include "wire/field_json.h"

#include <string.h>

#define CHECK_SQL                                                                                       \
	"SELECT k.id, k.name, k.tenant_id, k.user_id, k.scopes, k.active, k.revoked_at, k.expires_at, " \
	"k.ip_allow, k.ip_deny, k.only_addresses, k.only_regions, k.only_labels, k.only_actions, "      \
	"k.only_own, k.rate_limit, k.quota_daily, k.quota_monthly, k.max_concurrent, "                  \
	"u.enabled FROM api_keys k LEFT JOIN users u ON u.id = k.user_id "
enum {
	ID,
	NAME,
	TENANT,
	USER,
	SCOPES,
	ACTIVE,
	REVOKED,
	EXPIRES,
	ALLOW,
	DENY,
	ADDRESSES,
	REGIONS,
	LABELS,
	ACTIONS,
	OWN,
	RATE,
	DAILY,
	MONTHLY,
	CONCURRENT,
	ENABLED
};

/* By its secret, or by one that a rotation left for a while. */
static enum rc find(struct tx *tx, const char *secret, struct store_rows **ret)
{
	static const struct store_query now = { .sql = CHECK_SQL "WHERE k.hash = $1" };
	static const struct store_query before = {
		.sql = CHECK_SQL
		"WHERE k.id = (SELECT key_id FROM api_key_secrets WHERE hash = $1 AND until_at > $2)"
	};
	char hash[KEYS_HASH_MAX];

	if (!apikey_is(secret, "live"))
		return RC_MISSING;
	keys_hash(tx->control, secret, hash);
	enum rc rc = store_one(tx->db, &now, STORE_ARGS(store_text(hash)), ret, tx->fault);
	if (rc != RC_MISSING)
		return rc;
	return store_one(tx->db, &before, STORE_ARGS(store_text(hash), store_int(tx->now_ms)), ret, tx->fault);
}

static bool is_good(struct store_rows *r, int64_t now_ms)
{
	int64_t expires = store_col_int(r, EXPIRES);

	return store_col_int(r, REVOKED) == 0 && store_col_int(r, ACTIVE) != 0 && (!expires || expires > now_ms) &&
	       (!store_col_text(r, USER) || store_col_int(r, ENABLED) != 0);
}

/* May it be used from there? Empty lists, as most are, cost nothing. */
static enum rc check_address(struct tx *tx, struct store_rows *r)
{
	static const enum keys_address_kind kinds[] = { KEYS_ADDRESS_DENY, KEYS_ADDRESS_ALLOW, KEYS_ADDRESS_ALLOW };
	static const int columns[] = { DENY, ALLOW, ADDRESSES };
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < 3; i++)
		rc = keys_address_check(tx, store_col_text(r, (size_t)columns[i]), kinds[i]);
	return rc;
}

static enum rc read_list(struct tx *tx, enum field_type type, const char *text, struct field_list *to)
{
	const struct field row = { .name = "list", .type = type, .item = FIELD_STR };

	if (!text || strlen(text) <= 2) /* [], {} */
		return RC_OK;
	return field_json_text(&row, text, tx->arena, to, tx->fault);
}

/* *ret stays NULL when it is narrowed to nothing. */
static enum rc read_selector(struct tx *tx, struct store_rows *r, const struct selector **ret)
{
	struct selector *s = arena_take(tx->arena, sizeof(*s));

	if (!s)
		return RC_NOMEM;
	*s = (struct selector){ .own = store_col_int(r, OWN) != 0 };
	enum rc rc = read_list(tx, FIELD_LIST, store_col_text(r, REGIONS), &s->regions);
	if (rc == RC_OK)
		rc = read_list(tx, FIELD_LIST, store_col_text(r, ACTIONS), &s->actions);
	if (rc == RC_OK)
		rc = read_list(tx, FIELD_MAP, store_col_text(r, LABELS), &s->labels);
	if (rc == RC_OK && (s->own || s->regions.n || s->actions.n || s->labels.n))
		*ret = s;
	return rc;
}

static enum rc read_grants(struct tx *tx, struct store_rows *r, const struct grants **ret)
{
	struct grant *grant = arena_take(tx->arena, sizeof(*grant));
	struct grants *grants = arena_take(tx->arena, sizeof(*grants));

	if (!grant || !grants)
		return RC_NOMEM;
	*grant = (struct grant){ 0 };
	*grants = (struct grants){ grant, 1 };
	*ret = grants;
	enum rc rc = read_list(tx, FIELD_LIST, store_col_text(r, SCOPES), &grant->scopes);
	return rc == RC_OK ? read_selector(tx, r, &grant->only) : rc;
}

static enum rc read_limits(struct tx *tx, struct store_rows *r, const struct meter_limits **ret)
{
	const struct meter_limits read = { .rate = (uint32_t)store_col_int(r, RATE),
		.daily = store_col_int(r, DAILY),
		.monthly = store_col_int(r, MONTHLY),
		.concurrent = (uint32_t)store_col_int(r, CONCURRENT) };

	if (!read.rate && !read.daily && !read.monthly && !read.concurrent)
		return RC_OK;
	struct meter_limits *l = arena_take(tx->arena, sizeof(*l));
	if (!l)
		return RC_NOMEM;
	*l = read;
	*ret = l;
	return RC_OK;
}

static enum rc read_principal(struct tx *tx, struct store_rows *r, struct principal *ret)
{
	const char *user = store_col_text(r, USER);

	*ret = (struct principal){ .kind = PRINCIPAL_KEY,
		.id = arena_str(tx->arena, store_col_text(r, ID)),
		.name = arena_str(tx->arena, store_col_text(r, NAME)),
		.actor = arena_fmt(tx->arena, "key:%s", store_col_text(r, ID)),
		.tenant_id = arena_str(tx->arena, store_col_text(r, TENANT)),
		.user_id = user ? arena_str(tx->arena, user) : NULL,
		.expires_at = store_col_int(r, EXPIRES) };
	if (!ret->id || !ret->name || !ret->actor || !ret->tenant_id || (user && !ret->user_id))
		return RC_NOMEM;
	enum rc rc = read_grants(tx, r, &ret->grants);
	return rc == RC_OK ? read_limits(tx, r, &ret->limits) : rc;
}

/* Whose key it is, for the audit trail, even when it is refused. */
static enum rc name_it(struct tx *tx, struct store_rows *r, struct principal *ret)
{
	*ret = (struct principal){ .kind = PRINCIPAL_NOBODY,
		.id = arena_str(tx->arena, store_col_text(r, ID)),
		.actor = arena_fmt(tx->arena, "key:%s", store_col_text(r, ID)),
		.tenant_id = arena_str(tx->arena, store_col_text(r, TENANT)) };
	return ret->id && ret->actor && ret->tenant_id ? RC_OK : RC_NOMEM;
}

enum rc keys_check(struct tx *tx, const char *secret, struct principal *ret)
{
	auto_rows struct store_rows *r = NULL;

	enum rc rc = find(tx, secret, &r);
	if (rc == RC_OK)
		rc = name_it(tx, r, ret);
	if (rc == RC_OK && !is_good(r, tx->now_ms))
		rc = RC_MISSING;
	if (rc == RC_OK)
		rc = check_address(tx, r);
	metric_add(tx->control->metrics, METRIC_AUTH_ATTEMPTS, rc == RC_OK ? "key\nok" : "key\nrefused", 1);
	if (rc == RC_MISSING)
		return fault_set(tx->fault, RC_UNAUTHENTICATED, "the key is unknown, expired or revoked");
	return rc == RC_OK ? read_principal(tx, r, ret) : rc;
}

enum rc keys_runtime(struct tx *tx, const char *actor, uint32_t *ret_s)
{
	static const struct store_query find = { .sql = "SELECT max_runtime_s FROM api_keys WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;

	*ret_s = 0;
	if (!actor || strncmp(actor, "key:", 4) != 0)
		return RC_OK;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(actor + 4)), &r, tx->fault);
	if (rc == RC_OK)
		*ret_s = (uint32_t)store_col_int(r, 0);
	return rc == RC_MISSING ? RC_OK : rc;
}

bool keys_is_admin(const struct principal *who) { return who->grants && grant_is_admin(who->grants); }

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
	struct keys_row k = { .name = "first administrator",
		.tenant_id = ROUTE_TENANT_DEFAULT,
		.scopes = { all, 1 },
		.active = true };
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_begin(db, f); /* of several control planes that start at once, one makes it */
	if (rc == RC_OK)
		rc = store_one(db, &any, STORE_NO_ARGS, &r, f);
	store_close(take(r));
	if (rc != RC_MISSING) {
		store_rollback(db);
		return rc;
	}
	rc = keys_row_make(&tx, &k);
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
