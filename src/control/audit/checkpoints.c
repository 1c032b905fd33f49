#include "control/audit/checkpoints.h"
#include "base/hush.h"
#include "control/access/vault.h"
#include "control/audit/trail.h"
#include "control/events/events.h"
#include "io/clock.h"
#include "wire/base64.h"
#include "wire/json.h"
#include "wire/tunnel_auth.h"

#include <inttypes.h>

static enum rc read_meta(struct store_conn *db, const char *name, struct buf *to, struct fault *f)
{
	static const struct store_query find = { .sql = "SELECT value FROM meta WHERE name = $1" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(db, &find, STORE_ARGS(store_text(name)), &r, f);

	if (rc == RC_OK)
		buf_str(to, store_col_text(r, 0));
	return rc == RC_OK && to->bad ? RC_NOMEM : rc;
}

enum rc checkpoints_public(struct store_conn *db, struct checkpoint_key *ret, struct fault *f)
{
	struct buf text = { 0 };
	enum rc rc = read_meta(db, "audit_key", &text, f);

	if (rc == RC_OK)
		rc = checkpoint_key_read(buf_text(&text), ret, f);
	buf_done(&text);
	return rc;
}

/* A new key for a trail that has none, under a name that no other trail has. */
static enum rc make_key(
	struct tx *tx, const struct vault_at *at, uint8_t seed[static CHECKPOINT_KEY], struct checkpoint_key *ret)
{
	static const struct store_query note = { .sql = "INSERT INTO meta (name, value) VALUES ('audit_key', $1) "
							"ON CONFLICT (name) DO UPDATE SET value "
							"= excluded.value" };
	char origin[CHECKPOINT_ORIGIN_MAX] = "footplate-audit/";
	struct hush value = { 0 };
	struct buf text = { 0 };
	uint8_t random[8];

	clock_random(seed, CHECKPOINT_KEY);
	clock_random(random, sizeof(random));
	tunnel_auth_hex(random, sizeof(random), origin + strlen(origin));
	enum rc rc = hush_set(&value, seed, CHECKPOINT_KEY);
	if (rc == RC_OK)
		rc = vault_put(tx, at, &value, NULL);
	hush_done(&value);
	if (rc == RC_OK)
		rc = checkpoint_key_of(origin, seed, ret);
	if (rc == RC_OK)
		checkpoint_key_write(ret, &text);
	if (rc == RC_OK)
		rc = store_do(tx->db, &note, STORE_ARGS(store_text(buf_text(&text))), tx->fault);
	buf_done(&text);
	return rc;
}

enum rc checkpoints_key(struct tx *tx, uint8_t seed[static CHECKPOINT_KEY], struct checkpoint_key *ret_public)
{
	const struct vault_at at = { "audit", "trail", "checkpoint" };
	struct checkpoint_key own;
	struct hush value = { 0 };
	enum rc rc = checkpoints_public(tx->db, ret_public, tx->fault);

	if (rc == RC_MISSING)
		return make_key(tx, &at, seed, ret_public);
	if (rc == RC_OK)
		rc = vault_get(tx, &at, &value);
	if (rc == RC_OK && value.n != CHECKPOINT_KEY)
		rc = RC_MISSING;
	if (rc == RC_OK)
		memcpy(seed, value.p, CHECKPOINT_KEY);
	hush_done(&value);
	if (rc == RC_OK)
		rc = checkpoint_key_of(ret_public->origin, seed, &own);
	if (rc == RC_OK && memcmp(own.public, ret_public->public, CHECKPOINT_KEY) != 0)
		rc = RC_MISSING;
	return rc == RC_MISSING ? fault_set(tx->fault, RC_CONFLICT,
					  "the audit trail's signing key is not the one of its public key")
				: rc;
}

static enum rc newest(struct store_conn *db, struct checkpoints_made *ret, struct fault *f)
{
	static const struct store_query find = {
		.sql = "SELECT n, size, ts FROM audit_checkpoints ORDER BY n DESC LIMIT 1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(db, &find, STORE_NO_ARGS, &r, f);

	*ret = (struct checkpoints_made){ 0 };
	if (rc == RC_OK)
		*ret = (struct checkpoints_made){ store_col_int(r, 0), store_col_int(r, 1), store_col_int(r, 2),
			false };
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc tell(struct tx *tx, const struct checkpoint *c, const char *note)
{
	struct buf b = { 0 };

	buf_fmt(&b, "{\"number\":%" PRIu64 ",\"size\":%" PRIu64 ",\"root\":\"", c->n, c->size);
	base64_put(&b, c->root, sizeof(c->root));
	buf_str(&b, "\",\"note\":");
	json_put_str(&b, note);
	buf_u8(&b, '}');
	enum rc rc = b.bad ? RC_NOMEM
			   : events_add(tx, &(struct event){ .type = "audit.checkpoint",
						    .resource = "audit",
						    .payload = buf_text(&b) });
	buf_done(&b);
	return rc;
}

static enum rc sign(struct tx *tx, struct trail_head *h, struct checkpoints_made *ret)
{
	static const struct store_query add = {
		.sql = "INSERT INTO audit_checkpoints (n, size, ts, note) VALUES ($1, $2, $3, $4)"
	};
	struct checkpoint c = { .size = h->tree.n, .n = (uint64_t)++h->checkpoint, .time_ms = tx->now_ms };
	uint8_t seed[CHECKPOINT_KEY];
	struct checkpoint_key key;
	struct buf note = { 0 };

	merkle_root(&h->tree, c.root);
	enum rc rc = checkpoints_key(tx, seed, &key);
	memcpy(c.origin, key.origin, rc == RC_OK ? sizeof(c.origin) : 0);
	if (rc == RC_OK)
		rc = checkpoint_write(&c, seed, &note);
	hush_wipe(seed, sizeof(seed));
	if (rc == RC_OK)
		rc = store_do(tx->db, &add,
			STORE_ARGS(store_int(h->checkpoint), store_int((int64_t)c.size), store_int(c.time_ms),
				store_text(buf_text(&note))),
			tx->fault);
	if (rc == RC_OK)
		rc = tell(tx, &c, buf_text(&note));
	buf_done(&note);
	*ret = (struct checkpoints_made){ h->checkpoint, (int64_t)c.size, c.time_ms, true };
	h->dirty = true;
	return rc;
}

enum rc checkpoints_make(struct tx *tx, const struct checkpoints_due *due, struct checkpoints_made *ret)
{
	struct trail_head own = { 0 }, *h = tx->trail ? &tx->trail->head : &own;
	enum rc rc = h->loaded ? RC_OK : trail_head_read(tx->db, h, tx->fault);

	if (rc == RC_OK)
		rc = newest(tx->db, ret, tx->fault);
	if (rc != RC_OK)
		return rc;
	int64_t more = (int64_t)h->tree.n - ret->size;
	if (more <= 0 || (due && more < due->records && tx->now_ms - ret->at < due->ms))
		return RC_OK;
	rc = sign(tx, h, ret);
	return rc == RC_OK && !tx->trail ? trail_head_write(tx->db, h, tx->fault) : rc;
}
