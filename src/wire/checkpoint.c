#include "wire/checkpoint.h"
#include "base/scan.h"
#include "base/when.h"
#include "wire/base64.h"
#include "wire/tunnel_auth.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define ED25519  1 /* the kind of key, as signed notes number them */
#define KEY_ID   4
#define ID_HEX   ((size_t)2 * KEY_ID)
#define SIG      64
#define SIZE_TOP ((uint64_t)INT64_MAX)

static void own_pkey_p(EVP_PKEY **k) { EVP_PKEY_free(*k); }
static void own_mdctx_p(EVP_MD_CTX **c) { EVP_MD_CTX_free(*c); }

static enum rc key_id(const struct checkpoint_key *k, uint8_t ret[static KEY_ID])
{
	struct buf b = { 0 };
	uint8_t sum[EVP_MAX_MD_SIZE];

	buf_str(&b, k->origin);
	buf_u8(&b, '\n');
	buf_u8(&b, ED25519);
	buf_put(&b, k->public, sizeof(k->public));
	bool ok = !b.bad && EVP_Digest(b.p, b.n, sum, NULL, EVP_sha256(), NULL) == 1;
	buf_done(&b);
	memcpy(ret, sum, ok ? KEY_ID : 0);
	return ok ? RC_OK : RC_NOMEM;
}

enum rc checkpoint_key_of(const char *origin, const uint8_t seed[static CHECKPOINT_KEY], struct checkpoint_key *ret)
{
	snprintf(ret->origin, sizeof(ret->origin), "%s", origin);
	return tunnel_auth_identity(seed, ret->public);
}

void checkpoint_key_write(const struct checkpoint_key *k, struct buf *to)
{
	uint8_t id[KEY_ID], typed[1 + CHECKPOINT_KEY] = { ED25519 };
	char hex[2 * KEY_ID + 1];

	to->bad |= key_id(k, id) != RC_OK;
	memcpy(typed + 1, k->public, CHECKPOINT_KEY);
	if (to->bad)
		return;
	tunnel_auth_hex(id, KEY_ID, hex);
	buf_fmt(to, "%s+%s+", k->origin, hex);
	base64_put(to, typed, sizeof(typed));
}

enum rc checkpoint_key_read(const char *text, struct checkpoint_key *ret, struct fault *f)
{
	size_t origin = strcspn(text, "+ \r\n\t"), all = strcspn(text, " \r\n\t");
	struct checkpoint_key k = { 0 };
	struct buf b = { 0 };
	char want[2 * KEY_ID + 1] = "";
	uint8_t id[KEY_ID];

	bool ok = origin > 0 && origin < sizeof(k.origin) && all > origin + ID_HEX + 2 &&
		  text[origin + 1 + ID_HEX] == '+' &&
		  base64_get(text + origin + ID_HEX + 2, all - origin - ID_HEX - 2, &b) &&
		  b.n == 1 + CHECKPOINT_KEY && b.p[0] == ED25519;
	if (ok) {
		memcpy(k.origin, text, origin);
		memcpy(k.public, b.p + 1, CHECKPOINT_KEY);
		ok = key_id(&k, id) == RC_OK;
		tunnel_auth_hex(id, KEY_ID, want);
		ok = ok && !strncmp(text + origin + 1, want, ID_HEX);
	}
	buf_done(&b);
	if (!ok)
		return fault_set(
			f, RC_MALFORMED, "not a public key of an audit trail: print it by footplate audit key");
	*ret = k;
	return RC_OK;
}

static void put_body(const struct checkpoint *c, struct buf *to)
{
	char when[WHEN_MAX];

	when_text(when, c->time_ms);
	buf_fmt(to, "%s\n%" PRIu64 "\n", c->origin, c->size);
	base64_put(to, c->root, sizeof(c->root));
	buf_fmt(to, "\nnumber %" PRIu64 "\ntime %s\n", c->n, when);
}

static void put_signature(const struct checkpoint_key *k, const uint8_t sig[static SIG], struct buf *to)
{
	uint8_t both[KEY_ID + SIG];

	to->bad |= key_id(k, both) != RC_OK;
	if (to->bad)
		return;
	memcpy(both + KEY_ID, sig, SIG);
	buf_fmt(to, "\n\xe2\x80\x94 %s ", k->origin);
	base64_put(to, both, sizeof(both));
	buf_u8(to, '\n');
}

enum rc checkpoint_write(const struct checkpoint *c, const uint8_t seed[static CHECKPOINT_KEY], struct buf *to)
{
	__attribute__((cleanup(own_pkey_p))) EVP_PKEY *k =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, CHECKPOINT_KEY);
	__attribute__((cleanup(own_mdctx_p))) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct checkpoint_key key;
	struct buf body = { 0 };
	uint8_t sig[SIG];
	size_t n = sizeof(sig);

	enum rc rc = checkpoint_key_of(c->origin, seed, &key);
	if (rc != RC_OK)
		return rc;
	put_body(c, &body);
	bool ok = k && ctx && !body.bad && EVP_DigestSignInit(ctx, NULL, NULL, NULL, k) == 1 &&
		  EVP_DigestSign(ctx, sig, &n, body.p, body.n) == 1;
	if (ok) {
		buf_put(to, body.p, body.n);
		put_signature(&key, sig, to);
	}
	buf_done(&body);
	return ok && !to->bad ? RC_OK : RC_NOMEM;
}

/* The line at *at without its end, into `ret`; false: there is none, or it is too long. */
static bool line(const char **at, const char *end, char *ret, size_t room)
{
	const char *lf = memchr(*at, '\n', (size_t)(end - *at));
	size_t n = lf ? (size_t)(lf - *at) : room;

	if (n >= room || memchr(*at, 0, n))
		return false;
	memcpy(ret, *at, n);
	ret[n] = 0;
	*at = lf + 1;
	return true;
}

static bool read_number(const char *s, const char *before, uint64_t *ret)
{
	return scan_u64(&s, before, SIZE_TOP, ret) && !*s;
}

static bool read_hash(const char *s, uint8_t *ret)
{
	struct buf b = { 0 };
	bool ok = base64_get(s, strlen(s), &b) && b.n == MERKLE_HASH;
	if (ok)
		memcpy(ret, b.p, MERKLE_HASH);
	buf_done(&b);
	return ok;
}

static bool read_body(const char **at, const char *end, struct checkpoint *c)
{
	char text[CHECKPOINT_ORIGIN_MAX];

	return line(at, end, c->origin, sizeof(c->origin)) && *c->origin && !strpbrk(c->origin, "+ ") &&
	       line(at, end, text, sizeof(text)) && read_number(text, "", &c->size) &&
	       line(at, end, text, sizeof(text)) && read_hash(text, c->root) && line(at, end, text, sizeof(text)) &&
	       read_number(text, "number ", &c->n) && line(at, end, text, sizeof(text)) &&
	       !strncmp(text, "time ", 5) && when_parse(text + 5, &c->time_ms);
}

/* The signature line's bytes: the key's id and the signature. */
static bool read_signature(const char **at, const char *end, uint8_t ret[static KEY_ID + SIG])
{
	char text[CHECKPOINT_ORIGIN_MAX + 128];
	struct buf b = { 0 };

	if (!line(at, end, text, sizeof(text)) || *text || !line(at, end, text, sizeof(text)) || *at != end)
		return false;
	const char *last = strrchr(text, ' ');
	bool ok = last && base64_get(last + 1, strlen(last + 1), &b) && b.n == KEY_ID + SIG;
	if (ok)
		memcpy(ret, b.p, KEY_ID + SIG);
	buf_done(&b);
	return ok;
}

static bool is_signed(const uint8_t *public, const uint8_t *sig, const char *p, size_t n)
{
	__attribute__((cleanup(own_pkey_p))) EVP_PKEY *k =
		EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, CHECKPOINT_KEY);
	__attribute__((cleanup(own_mdctx_p))) EVP_MD_CTX *c = EVP_MD_CTX_new();
	return k && c && EVP_DigestVerifyInit(c, NULL, NULL, NULL, k) == 1 &&
	       EVP_DigestVerify(c, sig, SIG, (const uint8_t *)p, n) == 1;
}

/* There is one spelling of a checkpoint: who alters a byte that says nothing alters it all the same. */
static bool is_spelt(
	const struct checkpoint *c, const struct checkpoint_key *k, const uint8_t *sig, const char *p, size_t n)
{
	struct buf b = { 0 };

	put_body(c, &b);
	put_signature(k, sig + KEY_ID, &b);
	bool same = !b.bad && b.n == n && !memcmp(b.p, p, n);
	buf_done(&b);
	return same;
}

enum rc checkpoint_read(
	const char *p, size_t n, const struct checkpoint_key *k, struct checkpoint *ret, struct fault *f)
{
	uint8_t sig[KEY_ID + SIG];
	struct checkpoint c = { 0 };
	const char *at = p;

	bool body = n <= CHECKPOINT_NOTE_MAX && read_body(&at, p + n, &c);
	size_t body_n = (size_t)(at - p);
	if (!body || !read_signature(&at, p + n, sig))
		return fault_set(f, RC_MALFORMED, "not a signed checkpoint");
	*ret = c;
	if (strcmp(c.origin, k->origin) != 0)
		return fault_set(f, RC_DENIED, "a checkpoint of another trail (%s)", c.origin);
	if (!is_signed(k->public, sig + KEY_ID, p, body_n) || !is_spelt(&c, k, sig, p, n))
		return fault_set(f, RC_DENIED, "checkpoint %" PRIu64 " is not signed by the key", c.n);
	return RC_OK;
}
