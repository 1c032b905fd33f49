#include "control/access/vault.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/hush.h"
#include "control/control.h"
#include "control/keyring/keyring.h"
#include "io/clock.h"
#include "wire/gcm.h"
#include "wire/tunnel_auth.h"

#include <openssl/hmac.h>
#include <stdio.h>

/* format, number of the vault's key, nonce, the value's key, tag | nonce, value, tag */
#define FORMAT    2
#define FORMAT_1  1 /* the key from before they had numbers, and its name instead */
#define MARK      5 /* bytes: format and number */
#define WRAPPED   (GCM_NONCE + GCM_KEY + GCM_TAG)
#define HEAD      (MARK + WRAPPED + GCM_NONCE)
#define BYTES_MAX (HEAD + VAULT_VALUE_MAX + GCM_TAG)

/* What a box is bound to; as long as it says, so that no two places are spelled alike. */
static void bind_to(struct buf *b, const struct vault_at *at, int64_t version)
{
	buf_fmt(b, "%zu:%s|%zu:%s|%zu:%s|%lld", strlen(at->kind), at->kind, strlen(at->owner), at->owner,
		strlen(at->name), at->name, (long long)version);
}

/* ---- the vault's keys ---- */

static void put_mark(uint8_t *to, uint32_t number)
{
	to[0] = FORMAT;
	for (int i = 0; i < 4; i++)
		to[1 + i] = (uint8_t)(number >> (24 - 8 * i));
}

/* The key that seals now, and the mark that tells it; the caller wipes it. */
static enum rc sealing_key(const struct control_secrets *s, uint8_t key[static GCM_KEY], uint8_t mark[static MARK])
{
	uint32_t number = s->ring ? keyring_current(s->ring) : KEYRING_BASE;

	if (number == KEYRING_BASE) {
		mark[0] = FORMAT_1;
		memcpy(mark + 1, s->kek_name, sizeof(s->kek_name));
		memcpy(key, s->kek, GCM_KEY);
		return RC_OK;
	}
	put_mark(mark, number);
	return keyring_find(s->ring, number, key) ? RC_OK : RC_INTERNAL;
}

/* The key that this mark tells; the caller wipes it. */
static enum rc opening_key(const struct control_secrets *s, const uint8_t mark[static MARK],
	uint8_t key[static GCM_KEY], struct fault *f)
{
	uint32_t number = 0;

	if (mark[0] == FORMAT_1 && memcmp(mark + 1, s->kek_name, sizeof(s->kek_name)) == 0) {
		memcpy(key, s->kek, GCM_KEY);
		return RC_OK;
	}
	if (mark[0] == FORMAT_1)
		return fault_set(f, RC_DENIED, "a stored secret was sealed by another master key");
	if (mark[0] != FORMAT)
		return fault_set(f, RC_DENIED, "a stored secret is damaged");
	for (int i = 0; i < 4; i++)
		number = number << 8 | mark[1 + i];
	if (s->ring && keyring_find(s->ring, number, key))
		return RC_OK;
	return fault_set(
		f, RC_DENIED, "a stored secret was sealed by the vault's key %u, which is not loaded", number);
}

/* ---- sealing and opening ---- */

static enum rc seal(const struct control_secrets *s, const struct buf *bound, const struct hush *value, uint8_t *to)
{
	uint8_t outer[GCM_KEY], key[GCM_KEY], *wrapped = to + MARK, *nonce = wrapped + WRAPPED;

	enum rc rc = sealing_key(s, outer, to);
	if (rc != RC_OK)
		return rc;
	clock_random(key, sizeof(key));
	clock_random(wrapped, GCM_NONCE);
	clock_random(nonce, GCM_NONCE);
	bool ok = gcm_seal(&(struct gcm){ outer, wrapped, bound }, key, GCM_KEY, wrapped + GCM_NONCE) &&
		  gcm_seal(&(struct gcm){ key, nonce, bound }, value->p, value->n, nonce + GCM_NONCE);
	hush_wipe(key, sizeof(key));
	hush_wipe(outer, sizeof(outer));
	return ok ? RC_OK : RC_INTERNAL;
}

enum rc vault_seal(const struct control_secrets *s, const struct vault_at *at, int64_t version,
	const struct hush *value, struct buf *to)
{
	struct buf bound = { 0 };
	size_t n = HEAD + value->n + GCM_TAG;

	if (value->n > VAULT_VALUE_MAX)
		return RC_TOO_LARGE;
	auto_free uint8_t *bytes = malloc(n);
	bind_to(&bound, at, version);
	enum rc rc = bytes && !bound.bad ? seal(s, &bound, value, bytes) : RC_NOMEM;
	char *hex = rc == RC_OK ? (char *)buf_room(to, 2 * n + 1) : NULL;
	if (hex) {
		tunnel_auth_hex(bytes, n, hex);
		to->n += 2 * n;
	} else if (rc == RC_OK) {
		rc = RC_NOMEM;
	}
	buf_done(&bound);
	return rc;
}

static enum rc open_bytes(const struct control_secrets *s, const struct buf *bound, const struct buf *from,
	struct hush *ret, struct fault *f)
{
	const uint8_t *wrapped = from->p + MARK, *nonce = wrapped + WRAPPED;
	uint8_t outer[GCM_KEY], key[GCM_KEY], plain[VAULT_VALUE_MAX];
	size_t value_n = from->n - HEAD - GCM_TAG;

	enum rc rc = opening_key(s, from->p, outer, f);
	if (rc != RC_OK)
		return rc;
	bool ok = gcm_open(&(struct gcm){ outer, wrapped, bound }, wrapped + GCM_NONCE, GCM_KEY, key) &&
		  gcm_open(&(struct gcm){ key, nonce, bound }, nonce + GCM_NONCE, value_n, plain);
	rc = ok ? hush_set(ret, plain, value_n)
		: fault_set(f, RC_DENIED, "a stored secret does not open: it was altered");
	hush_wipe(outer, sizeof(outer));
	hush_wipe(key, sizeof(key));
	hush_wipe(plain, value_n);
	return rc;
}

/* The bytes of what is stored; the caller frees. */
static enum rc bytes_of(const char *sealed, struct buf *ret, struct fault *f)
{
	size_t n = strlen(sealed) / 2;

	if (n < HEAD + GCM_TAG || n > BYTES_MAX)
		return fault_set(f, RC_DENIED, "a stored secret is damaged");
	uint8_t *room = buf_room(ret, n);
	if (!room)
		return RC_NOMEM;
	if (!tunnel_auth_of_hex(sealed, room, n))
		return fault_set(f, RC_DENIED, "a stored secret is damaged");
	ret->n = n;
	return RC_OK;
}

/* Says whose it is. */
static enum rc name_it(enum rc rc, const struct vault_at *at, struct fault *f)
{
	char why[FAULT_TEXT_MAX];

	if (rc != RC_DENIED || !f)
		return rc;
	snprintf(why, sizeof(why), "%s", f->text);
	return fault_set(f, rc, "%.150s (%.40s of %.40s)", why, at->name, at->owner);
}

enum rc vault_open(const struct control_secrets *s, const struct vault_at *at, int64_t version, const char *sealed,
	struct hush *ret, struct fault *f)
{
	struct buf bound = { 0 }, bytes = { 0 };

	enum rc rc = bytes_of(sealed, &bytes, f);
	bind_to(&bound, at, version);
	if (rc == RC_OK)
		rc = bound.bad ? RC_NOMEM : open_bytes(s, &bound, &bytes, ret, f);
	buf_done(&bytes);
	buf_done(&bound);
	return name_it(rc, at, f);
}

uint32_t vault_key_of(const char *sealed)
{
	uint8_t mark[MARK];
	char hex[2 * MARK + 1];
	uint32_t number = 0;

	snprintf(hex, sizeof(hex), "%s", sealed);
	if (strlen(hex) != sizeof(hex) - 1 || !tunnel_auth_of_hex(hex, mark, MARK) || mark[0] != FORMAT)
		return KEYRING_BASE;
	for (int i = 0; i < 4; i++)
		number = number << 8 | mark[1 + i];
	return number;
}

void vault_mark(uint32_t number, char ret[static VAULT_MARK_MAX])
{
	uint8_t mark[MARK];
	_Static_assert(VAULT_MARK_MAX == 2 * MARK + 1, "a mark must fit");
	put_mark(mark, number);
	tunnel_auth_hex(mark, MARK, ret);
}

/* The value's own key goes from under one key of the vault to under another; the value is not touched. */
static enum rc rewrap(const struct control_secrets *s, const struct buf *bound, struct buf *bytes, struct fault *f)
{
	uint8_t outer[GCM_KEY], key[GCM_KEY], *wrapped = bytes->p + MARK;

	enum rc rc = opening_key(s, bytes->p, outer, f);
	if (rc != RC_OK)
		return rc;
	bool ok = gcm_open(&(struct gcm){ outer, wrapped, bound }, wrapped + GCM_NONCE, GCM_KEY, key);
	rc = ok ? sealing_key(s, outer, bytes->p)
		: fault_set(f, RC_DENIED, "a stored secret does not open: it was altered");
	clock_random(wrapped, GCM_NONCE);
	if (rc == RC_OK && !gcm_seal(&(struct gcm){ outer, wrapped, bound }, key, GCM_KEY, wrapped + GCM_NONCE))
		rc = RC_INTERNAL;
	hush_wipe(outer, sizeof(outer));
	hush_wipe(key, sizeof(key));
	return rc;
}

enum rc vault_rewrap(const struct control_secrets *s, const struct vault_at *at, int64_t version,
	const char *sealed, struct buf *to, struct fault *f)
{
	struct buf bound = { 0 }, bytes = { 0 };

	enum rc rc = bytes_of(sealed, &bytes, f);
	bind_to(&bound, at, version);
	if (rc == RC_OK)
		rc = bound.bad ? RC_NOMEM : rewrap(s, &bound, &bytes, f);
	char *hex = rc == RC_OK ? (char *)buf_room(to, 2 * bytes.n + 1) : NULL;
	if (hex) {
		tunnel_auth_hex(bytes.p, bytes.n, hex);
		to->n += 2 * bytes.n;
	} else if (rc == RC_OK) {
		rc = RC_NOMEM;
	}
	buf_done(&bytes);
	buf_done(&bound);
	return name_it(rc, at, f);
}

enum rc vault_fingerprint(const struct control_secrets *s, const struct vault_at *at, const struct hush *value,
	char ret[static VAULT_FINGERPRINT_MAX])
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	struct buf b = { 0 };

	bind_to(&b, at, 0);
	buf_u8(&b, 0);
	buf_put(&b, value->p, value->n);
	bool ok = !b.bad && HMAC(EVP_sha256(), s->prints, sizeof(s->prints), b.p, b.n, mac, NULL);
	hush_wipe(b.p, b.n);
	buf_done(&b);
	if (ok)
		tunnel_auth_hex(mac, (VAULT_FINGERPRINT_MAX - 1) / 2, ret);
	return ok ? RC_OK : RC_NOMEM;
}

static enum rc find(struct tx *tx, const struct vault_at *at, struct store_rows **ret)
{
	static const struct store_query one = { .sql = "SELECT version, sealed, fingerprint FROM secrets WHERE "
						       "kind = $1 AND owner = $2 AND name = $3" };
	return store_one(tx->db, &one,
		STORE_ARGS(store_text(at->kind), store_text(at->owner), store_text(at->name)), ret, tx->fault);
}

enum rc vault_put(struct tx *tx, const struct vault_at *at, const struct hush *value, bool *ret_changed)
{
	static const struct store_query put = { .sql = "INSERT INTO secrets (kind, owner, name, version, sealed, "
						       "fingerprint, updated_at) VALUES ($1, "
						       "$2, $3, $4, $5, $6, $7) ON CONFLICT (kind, owner, name) DO "
						       "UPDATE SET version = $4, sealed = "
						       "$5, fingerprint = $6, updated_at = $7" };
	const struct control_secrets *s = &tx->control->secrets;
	char print[VAULT_FINGERPRINT_MAX];
	auto_rows struct store_rows *r = NULL;
	struct buf sealed = { 0 };
	int64_t version = 1;
	bool same = false;

	enum rc rc = vault_fingerprint(s, at, value, print);
	if (rc == RC_OK)
		rc = find(tx, at, &r);
	if (rc == RC_OK) {
		version = store_col_int(r, 0) + 1;
		same = store_col_text(r, 2) && !strcmp(store_col_text(r, 2), print);
	}
	store_close(take(r));
	if (rc != RC_OK && rc != RC_MISSING)
		return rc;
	if (ret_changed)
		*ret_changed = !same;
	if (same)
		return RC_OK;
	rc = vault_seal(s, at, version, value, &sealed);
	if (rc == RC_OK)
		rc = store_do(tx->db, &put,
			STORE_ARGS(store_text(at->kind), store_text(at->owner), store_text(at->name),
				store_int(version), store_text(buf_text(&sealed)), store_text(print),
				store_int(tx->now_ms)),
			tx->fault);
	buf_done(&sealed);
	return rc;
}

enum rc vault_drop(struct tx *tx, const struct vault_at *at)
{
	static const struct store_query drop = {
		.sql = "UPDATE secrets SET sealed = NULL, fingerprint = NULL, version = version + 1, updated_at = "
		       "$4 "
		       "WHERE kind = $1 AND owner = $2 AND name = $3 AND sealed IS NOT NULL RETURNING version"
	};
	auto_rows struct store_rows *r = NULL;
	return store_one(tx->db, &drop,
		STORE_ARGS(
			store_text(at->kind), store_text(at->owner), store_text(at->name), store_int(tx->now_ms)),
		&r, tx->fault);
}

enum rc vault_drop_all(struct tx *tx, const char *kind, const char *owner)
{
	static const struct store_query drop = { .sql = "DELETE FROM secrets WHERE kind = $1 AND owner = $2" };
	return store_do(tx->db, &drop, STORE_ARGS(store_text(kind), store_text(owner)), tx->fault);
}

enum rc vault_get(struct tx *tx, const struct vault_at *at, struct hush *ret)
{
	auto_rows struct store_rows *r = NULL;
	enum rc rc = find(tx, at, &r);

	if (rc == RC_OK && !store_col_text(r, 1))
		rc = RC_MISSING;
	return rc == RC_OK ? vault_open(&tx->control->secrets, at, store_col_int(r, 0), store_col_text(r, 1), ret,
				     tx->fault)
			   : rc;
}
