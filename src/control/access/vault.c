#include "control/access/vault.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/hush.h"
#include "control/control.h"
#include "io/clock.h"
#include "wire/tunnel_auth.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

#define KEY      32
#define NONCE    12
#define TAG      16
#define FORMAT   1
#define KEK_NAME 4 /* bytes that tell by which key it was sealed */
/* format, name of the KEK, nonce, the value's key, tag | nonce, value, tag */
#define WRAPPED   (NONCE + KEY + TAG)
#define HEAD      (1 + KEK_NAME + WRAPPED + NONCE)
#define BYTES_MAX (HEAD + VAULT_VALUE_MAX + TAG)

/* What a box is bound to; as long as it says, so that no two places are spelled alike. */
static void bind_to(struct buf *b, const struct vault_at *at, int64_t version)
{
	buf_fmt(b, "%zu:%s|%zu:%s|%zu:%s|%lld", strlen(at->kind), at->kind, strlen(at->owner), at->owner,
		strlen(at->name), at->name, (long long)version);
}

struct box {
	const uint8_t *key, *nonce;
	const struct buf *bound;
};

static bool encrypt(const struct box *x, const uint8_t *p, size_t n, uint8_t *to)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int got = 0;
	bool ok = c && EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, x->key, x->nonce) == 1 &&
		  EVP_EncryptUpdate(c, NULL, &got, x->bound->p, (int)x->bound->n) == 1 &&
		  EVP_EncryptUpdate(c, to, &got, p, (int)n) == 1 && EVP_EncryptFinal_ex(c, to + got, &got) == 1 &&
		  EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, to + n) == 1;
	EVP_CIPHER_CTX_free(c);
	return ok;
}

static bool decrypt(const struct box *x, const uint8_t *p, size_t n, uint8_t *to)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t tag[TAG];
	int got = 0;
	memcpy(tag, p + n, TAG);
	bool ok = c && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, x->key, x->nonce) == 1 &&
		  EVP_DecryptUpdate(c, NULL, &got, x->bound->p, (int)x->bound->n) == 1 &&
		  EVP_DecryptUpdate(c, to, &got, p, (int)n) == 1 &&
		  EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1 &&
		  EVP_DecryptFinal_ex(c, to + got, &got) == 1;
	EVP_CIPHER_CTX_free(c);
	return ok;
}

static enum rc seal(const struct control_secrets *s, const struct buf *bound, const struct hush *value, uint8_t *to)
{
	uint8_t key[KEY], *wrapped = to + 1 + KEK_NAME, *nonce = wrapped + WRAPPED;

	to[0] = FORMAT;
	memcpy(to + 1, s->kek_name, KEK_NAME);
	clock_random(key, sizeof(key));
	clock_random(wrapped, NONCE);
	clock_random(nonce, NONCE);
	bool ok = encrypt(&(struct box){ s->kek, wrapped, bound }, key, KEY, wrapped + NONCE) &&
		  encrypt(&(struct box){ key, nonce, bound }, value->p, value->n, nonce + NONCE);
	hush_wipe(key, sizeof(key));
	return ok ? RC_OK : RC_INTERNAL;
}

enum rc vault_seal(const struct control_secrets *s, const struct vault_at *at, int64_t version,
	const struct hush *value, struct buf *to)
{
	struct buf bound = { 0 };
	size_t n = HEAD + value->n + TAG;

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

static enum rc open_bytes(
	const struct control_secrets *s, const struct buf *bound, const uint8_t *p, size_t n, struct hush *ret)
{
	const uint8_t *wrapped = p + 1 + KEK_NAME, *nonce = wrapped + WRAPPED;
	uint8_t key[KEY], plain[VAULT_VALUE_MAX];
	size_t value_n = n - HEAD - TAG;

	bool ok = decrypt(&(struct box){ s->kek, wrapped, bound }, wrapped + NONCE, KEY, key) &&
		  decrypt(&(struct box){ key, nonce, bound }, nonce + NONCE, value_n, plain);
	enum rc rc = ok ? hush_set(ret, plain, value_n) : RC_DENIED;
	hush_wipe(key, sizeof(key));
	hush_wipe(plain, sizeof(plain));
	return rc;
}

enum rc vault_open(const struct control_secrets *s, const struct vault_at *at, int64_t version, const char *sealed,
	struct hush *ret, struct fault *f)
{
	struct buf bound = { 0 };
	size_t n = strlen(sealed) / 2;

	if (n < HEAD + TAG || n > BYTES_MAX)
		return fault_set(f, RC_DENIED, "a stored secret (%s of %s) is damaged", at->name, at->owner);
	auto_free uint8_t *bytes = malloc(n);
	bind_to(&bound, at, version);
	enum rc rc = bytes && !bound.bad ? RC_OK : RC_NOMEM;
	if (rc == RC_OK && (!tunnel_auth_of_hex(sealed, bytes, n) || bytes[0] != FORMAT))
		rc = RC_DENIED;
	if (rc == RC_OK && memcmp(bytes + 1, s->kek_name, KEK_NAME) != 0)
		rc = fault_set(f, RC_DENIED, "a stored secret (%s of %s) was sealed by another master key",
			at->name, at->owner);
	else if (rc == RC_OK && open_bytes(s, &bound, bytes, n, ret) != RC_OK)
		rc = fault_set(f, RC_DENIED, "a stored secret (%s of %s) does not open: it was altered", at->name,
			at->owner);
	buf_done(&bound);
	return rc;
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
