/* keyring_routes: the vault's keys, as the installation's administrators see and change them. */
#include "contract/kek.h"
#include "control/access/audit.h"
#include "control/cluster/instances.h"
#include "control/control.h"
#include "control/http/page.h"
#include "control/keyring/keyring.h"
#include "control/keyring/keyring_rows.h"
#include "control/keyring/rewrap.h"

extern const struct route keyring_routes[]; /* named by http/routes */

struct key_view {
	int64_t number;
	const char *state, *kek, *problem, *created_by;
	int64_t sealed;
	struct field_list waits_for;
	int64_t created_at, current_at;
};

static const struct field key_fields[] = {
	{ .name = "number",
		.type = FIELD_I64,
		FIELD_AT(struct key_view, number),
		.doc = "Counts the vault's keys." },
	{ .name = "state",
		.type = FIELD_STR,
		FIELD_AT(struct key_view, state),
		.doc = "asked (it is being made), coming (control planes load it), current (it seals), old (it "
		       "only opens)." },
	{ .name = "kek",
		.type = FIELD_STR,
		FIELD_AT(struct key_view, kek),
		.doc = "The key-encryption key that it is wrapped by: provider and version." },
	{ .name = "problem",
		.type = FIELD_STR,
		FIELD_AT(struct key_view, problem),
		.doc = "Why it does not go on; null: it does." },
	{ .name = "sealed",
		.type = FIELD_I64,
		FIELD_AT(struct key_view, sealed),
		.doc = "Secrets that are under it." },
	{ .name = "waitsFor",
		.type = FIELD_LIST,
		FIELD_AT(struct key_view, waits_for),
		.item = FIELD_STR,
		.doc = "Control planes that do not have it yet." },
	{ .name = "createdBy",
		.type = FIELD_STR,
		FIELD_AT(struct key_view, created_by),
		.doc = "Who asked for it." },
	{ .name = "createdAt", .type = FIELD_TIME, FIELD_AT(struct key_view, created_at), .doc = "When that was." },
	{ .name = "currentAt",
		.type = FIELD_TIME,
		FIELD_AT(struct key_view, current_at),
		.doc = "Since when it seals, or when it began to." },
	{ 0 },
};

struct keyring_view {
	const char *provider;
	int64_t current, min_decrypt, base_sealed, moved;
	bool rewrapped;
	struct field_list keys;
};

static const struct field keyring_fields[] = {
	{ .name = "provider",
		.type = FIELD_STR,
		FIELD_AT(struct keyring_view, provider),
		.doc = "Who keeps the key-encryption keys, for this control plane." },
	{ .name = "current",
		.type = FIELD_I64,
		FIELD_AT(struct keyring_view, current),
		.doc = "The key that seals." },
	{ .name = "minDecryptVersion",
		.type = FIELD_I64,
		FIELD_AT(struct keyring_view, min_decrypt),
		.doc = "What is under a key with a lower number does not open: those are retired." },
	{ .name = "unnumbered",
		.type = FIELD_I64,
		FIELD_AT(struct keyring_view, base_sealed),
		.doc = "Secrets that are under the key from before keys had numbers." },
	{ .name = "moved",
		.type = FIELD_I64,
		FIELD_AT(struct keyring_view, moved),
		.doc = "Secrets that were put under the current key since it is that." },
	{ .name = "rewrapped",
		.type = FIELD_BOOL,
		FIELD_AT(struct keyring_view, rewrapped),
		.doc = "Was all looked at, and is nothing under an older key?" },
	{ .name = "keys",
		.type = FIELD_LIST,
		FIELD_AT(struct keyring_view, keys),
		.item = FIELD_OBJ,
		.sub = key_fields,
		.sub_size = sizeof(struct key_view),
		.doc = "The keys that are not retired, oldest first." },
	{ 0 },
};

/* The instances without it, at most as many as there are keys. */
static enum rc waits_for(struct tx *tx, int64_t number, struct field_list *ret)
{
	static const struct store_query find = {
		.sql = "SELECT id FROM instances WHERE id NOT IN (SELECT instance_id FROM vault_keys_known WHERE "
		       "number = $1) ORDER BY id LIMIT 32"
	};
	const char **ids = arena_take(tx->arena, 32 * sizeof(*ids));
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	size_t n = 0;

	enum rc rc = ids ? store_run(tx->db, &find, STORE_ARGS(store_int(number)), &r, tx->fault) : RC_NOMEM;
	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row)
		ids[n++] = arena_str(tx->arena, store_col_text(r, 0));
	*ret = (struct field_list){ ids, n };
	return rc;
}

static enum rc show_key(struct tx *tx, const struct keyring_row *row, struct key_view *v)
{
	bool coming = !strcmp(row->state, "coming");

	*v = (struct key_view){ .number = row->number,
		.state = row->state,
		.kek = *row->kek ? row->kek : NULL,
		.problem = *row->problem ? row->problem : NULL,
		.created_by = row->created_by,
		.created_at = row->created_at,
		.current_at = row->current_at };
	enum rc rc = rewrap_count(tx->db, (uint32_t)row->number, &v->sealed, tx->fault);
	return rc == RC_OK && coming ? waits_for(tx, row->number, &v->waits_for) : rc;
}

static enum rc show(struct call *c, void *ret_out)
{
	struct keyring_view *v = ret_out;
	struct keyring_row *rows = NULL;
	size_t n = 0;

	enum rc rc = keyring_rows_live(c->tx.db, c->tx.arena, &rows, &n, c->tx.fault);
	struct key_view *keys = rc == RC_OK ? arena_take(c->tx.arena, (n + 1) * sizeof(*keys)) : NULL;
	if (rc == RC_OK && !keys)
		rc = RC_NOMEM;
	*v = (struct keyring_view){ .provider = c->tx.control->kek ? c->tx.control->kek->impl->name : NULL,
		.keys = { keys, n } };
	for (size_t i = 0; rc == RC_OK && i < n; i++) {
		rc = show_key(&c->tx, &rows[i], &keys[i]);
		if (!strcmp(rows[i].state, "current"))
			v->current = rows[i].number;
		if (!i)
			v->min_decrypt = rows[i].number;
	}
	if (rc == RC_OK)
		rc = rewrap_count(c->tx.db, KEYRING_BASE, &v->base_sealed, c->tx.fault);
	return rc == RC_OK ? rewrap_progress(c->tx.db, (uint32_t)v->current, &v->moved, &v->rewrapped, c->tx.fault)
			   : rc;
}

static enum rc rotate(struct call *c, void *ret_out)
{
	static const struct store_query under_way = {
		.sql = "SELECT number FROM vault_keys WHERE state IN ('asked', 'coming')"
	};
	static const struct store_query ask = {
		.sql = "INSERT INTO vault_keys (number, state, created_by, created_at) SELECT MAX(number) + 1, "
		       "'asked', "
		       "CAST($1 AS TEXT), CAST($2 AS BIGINT) FROM vault_keys RETURNING number"
	};
	auto_rows struct store_rows *r = NULL;
	struct keyring_row *rows = NULL;
	size_t n = 0;

	enum rc rc = store_one(c->tx.db, &under_way, STORE_NO_ARGS, &r, c->tx.fault);
	if (rc == RC_OK)
		return fault_set(c->tx.fault, RC_CONFLICT, "key %lld is on its way: see GET /v1/keyring",
			(long long)store_col_int(r, 0));
	if (rc == RC_MISSING)
		rc = keyring_rows_live(c->tx.db, c->tx.arena, &rows, &n, c->tx.fault);
	if (rc == RC_OK && n >= KEYRING_MAX)
		return fault_set(c->tx.fault, RC_CONFLICT, "there are %d keys: retire old ones first", KEYRING_MAX);
	if (rc == RC_OK)
		rc = store_one(c->tx.db, &ask, STORE_ARGS(store_text(c->tx.actor), store_int(c->tx.now_ms)), &r,
			c->tx.fault);
	if (rc == RC_OK)
		rc = audit_add(
			&c->tx, "keyring.rotate", arena_fmt(c->tx.arena, "%lld", (long long)store_col_int(r, 0)));
	store_close(take(r));
	return rc == RC_OK ? show(c, ret_out) : rc;
}

static enum rc rewrap(struct call *c, void *ret_out)
{
	enum rc rc = rewrap_again(&c->tx);
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "keyring.rewrap", "keyring");
	return rc == RC_OK ? show(c, ret_out) : rc;
}

struct retire_in {
	uint32_t below;
};
static const struct field retire_fields[] = {
	{ .name = "below",
		.type = FIELD_U32,
		FIELD_AT(struct retire_in, below),
		.flags = FIELD_REQUIRED,
		.min = 2,
		.max = INT32_MAX,
		.doc = "Keys with a lower number are retired." },
	{ 0 },
};

/* Nothing may be under it, and no instance may be left that took another key for the current one. */
static enum rc check_retire(struct call *c, const struct keyring_row *row)
{
	int64_t left = 0;
	enum rc rc = rewrap_count(c->tx.db, (uint32_t)row->number, &left, c->tx.fault);

	if (rc != RC_OK || !left)
		return rc;
	rc = rewrap_again(&c->tx);
	c->refuse = RC_CONFLICT;
	(void)fault_set(c->tx.fault, RC_CONFLICT, "%lld secrets are under key %lld: they are moved now, try again",
		(long long)left, (long long)row->number);
	return rc;
}

static enum rc check_all(struct call *c, const struct keyring_row *rows, size_t n, uint32_t below)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && c->refuse == RC_OK && i < n; i++) {
		bool old = !strcmp(rows[i].state, "old");
		if (rows[i].number < below && !old)
			return fault_set(c->tx.fault, RC_CONFLICT, "key %lld is %s: only old ones can be retired",
				(long long)rows[i].number, rows[i].state);
		if (!strcmp(rows[i].state, "current") && rows[i].current_at + INSTANCES_DEAD_MS > c->tx.now_ms)
			return fault_set(c->tx.fault, RC_CONFLICT,
				"the current key is %lld s old: try again when it is %d s old",
				(long long)((c->tx.now_ms - rows[i].current_at) / 1000), INSTANCES_DEAD_MS / 1000);
		if (rows[i].number < below)
			rc = check_retire(c, &rows[i]);
	}
	return rc;
}

static enum rc retire(struct call *c, void *ret_out)
{
	static const struct store_query set = {
		.sql = "UPDATE vault_keys SET state = 'retired', root = '', retired_at = $2 WHERE number < $1 AND "
		       "state = 'old'"
	};
	const struct retire_in *in = c->in;
	struct keyring_row *rows = NULL;
	size_t n = 0;

	enum rc rc = keyring_rows_live(c->tx.db, c->tx.arena, &rows, &n, c->tx.fault);
	if (rc == RC_OK)
		rc = check_all(c, rows, n, in->below);
	if (rc != RC_OK || c->refuse != RC_OK)
		return rc;
	rc = store_do(c->tx.db, &set, STORE_ARGS(store_int(in->below), store_int(c->tx.now_ms)), c->tx.fault);
	if (rc == RC_OK)
		rc = audit_note(&c->tx, "keyring.retire", "keyring", arena_fmt(c->tx.arena, "below %u", in->below));
	return rc == RC_OK ? show(c, ret_out) : rc;
}

#define OUT .reach = REACH_PLATFORM, .out = keyring_fields, .out_size = sizeof(struct keyring_view)

const struct route keyring_routes[] = {
	{
		.name = "getKeyring",
		.method = "GET",
		.path = "/v1/keyring",
		.scope = SCOPE_KEYRING_READ,
		OUT,
		.run = show,
		.doc = "Shows the vault's keys, and how far secrets are under the current one.",
	},
	{
		.name = "rotateKeyring",
		.method = "POST",
		.path = "/v1/keyring/rotate",
		.scope = SCOPE_KEYRING_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED | ROUTE_STEP_UP,
		.status = 202,
		OUT,
		.run = rotate,
		.doc = "Asks for a new key under a new version of the key-encryption key. When every control plane "
		       "has it, it seals, and "
		       "what older keys sealed is put under it.",
	},
	{
		.name = "rewrapSecrets",
		.method = "POST",
		.path = "/v1/keyring/rewrap",
		.scope = SCOPE_KEYRING_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED | ROUTE_STEP_UP,
		.status = 202,
		OUT,
		.run = rewrap,
		.doc = "Looks at all secrets anew, and puts those that are under an older key under the current "
		       "one.",
	},
	{
		.name = "retireKeys",
		.method = "POST",
		.path = "/v1/keyring/retire",
		.scope = SCOPE_KEYRING_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED | ROUTE_STEP_UP,
		.in = retire_fields,
		.in_size = sizeof(struct retire_in),
		OUT,
		.run = retire,
		.doc = "Retires old keys that nothing is under: they are loaded no more.",
	},
	{ 0 },
};
