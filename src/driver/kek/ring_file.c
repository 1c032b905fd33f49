#include "driver/kek/ring_file.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/locked.h"
#include "wire/gcm.h"
#include "wire/tunnel_auth.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define HEAD     "footplate-keyring 1\n"
#define FILE_MAX (RING_FILE_KEYS_MAX * 96 + 64)
#define SEALED   (GCM_NONCE + KEK_KEY + GCM_TAG)

struct version {
	int64_t number;
	uint8_t key[KEK_KEY];
	bool master; /* it was the one key of an installation, from which everything came */
};

/* In locked memory, all of it. */
struct ring {
	struct kek kek;
	struct ring_file_conf conf;
	char path[RING_FILE_PATH_MAX];
	size_t n;
	struct version at[RING_FILE_KEYS_MAX]; /* ascending */
};

static struct ring *ring_of(struct kek *k) { return (struct ring *)(void *)k; }

/* Keys that a person typed or a program counted up: every 32 random bytes pass but for one in 10^12. */
static bool is_weak(const uint8_t *key)
{
	bool seen[256] = { 0 }, stepped[256] = { 0 };
	unsigned values = 0, steps = 0, printable = 0;

	for (size_t i = 0; i < KEK_KEY; i++) {
		uint8_t step = (uint8_t)(key[i] - key[i ? i - 1 : KEK_KEY - 1]);
		values += !seen[key[i]];
		steps += !stepped[step];
		seen[key[i]] = stepped[step] = true;
		printable += key[i] >= 32 && key[i] < 127;
	}
	return values < 16 || steps < 16 || printable == KEK_KEY;
}

/* ---- the file ---- */

static bool hex_of(const char *p, size_t n, uint8_t *to)
{
	char hex[2 * KEK_KEY + 1] = { 0 };

	if (n != sizeof(hex) - 1)
		return false;
	memcpy(hex, p, n);
	bool ok = tunnel_auth_of_hex(hex, to, KEK_KEY);
	hush_wipe(hex, sizeof(hex));
	return ok;
}

/* A master key from before rings. */
static bool take_master(struct ring *r, const struct buf *b)
{
	size_t n = b->n;
	struct version *v = &r->at[0];

	while (n > KEK_KEY && (b->p[n - 1] == '\n' || b->p[n - 1] == '\r'))
		n--;
	*v = (struct version){ .number = 1, .master = true };
	if (b->n == KEK_KEY)
		memcpy(v->key, b->p, KEK_KEY);
	else if (!hex_of((const char *)b->p, n, v->key))
		return false;
	r->n = 1;
	return true;
}

/* "NUMBER HEX" or "NUMBER HEX master". */
static bool take_line(struct ring *r, const char *p, const char *end)
{
	struct version *v = &r->at[r->n];
	const char *space = memchr(p, ' ', (size_t)(end - p));
	char *digits = NULL;

	if (!space || r->n == RING_FILE_KEYS_MAX || *p < '1' || *p > '9')
		return false;
	long long number = strtoll(p, &digits, 10);
	size_t left = (size_t)(end - space - 1);
	const char *word = memchr(space + 1, ' ', left);
	size_t hex_n = word ? (size_t)(word - space - 1) : left;
	if (digits != space || number > INT32_MAX || (r->n && number <= v[-1].number))
		return false;
	if (word && ((size_t)(end - word) != 7 || memcmp(word, " master", 7) != 0))
		return false;
	*v = (struct version){ .number = number, .master = word != NULL };
	if (!hex_of(space + 1, hex_n, v->key))
		return false;
	r->n++;
	return true;
}

static bool take_lines(struct ring *r, const struct buf *b)
{
	const char *p = (const char *)b->p + strlen(HEAD), *end = (const char *)b->p + b->n;

	while (p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		if (!stop || !take_line(r, p, stop))
			return false;
		p = stop + 1;
	}
	return r->n > 0;
}

static enum rc take_file(struct ring *r, const struct buf *b, struct fault *f)
{
	bool ring = b->n >= strlen(HEAD) && !memcmp(b->p, HEAD, strlen(HEAD));

	if (!(ring ? take_lines(r, b) : take_master(r, b)))
		return fault_set(f, RC_INVALID,
			"%s is neither a key ring (footplate-keyring 1) nor a master key of %d bytes or %d "
			"hexadecimal digits; restore it from the backup",
			r->conf.path, KEK_KEY, 2 * KEK_KEY);
	for (size_t i = 0; i < r->n; i++)
		if (is_weak(r->at[i].key))
			return fault_set(f, RC_INVALID,
				"%s: key %lld is not random; let footplate make one: footplate server kek add "
				"--ring FILE",
				r->conf.path, (long long)r->at[i].number);
	return RC_OK;
}

/* systemd shows its credentials to the service alone, but by an access list that looks like a group's right. */
static enum rc check_mode(const struct ring_file_conf *c, struct fault *f)
{
	struct stat st;
	if (stat(c->path, &st) != 0 && errno == ENOENT)
		return fault_set(f, RC_MISSING, "%s is not there", c->path);
	if (stat(c->path, &st) != 0)
		return fault_set(f, RC_IO, "cannot look at %s: %s", c->path, strerror(errno));
	if (st.st_mode & (c->credential ? 007 : 077))
		return fault_set(f, RC_DENIED,
			"%s holds the master key but others may read it (mode %03o): chmod 600 it", c->path,
			(unsigned)(st.st_mode & 0777));
	return RC_OK;
}

static enum rc read_ring(struct ring *r, struct fault *f)
{
	struct buf b = { 0 };

	enum rc rc = check_mode(&r->conf, f);
	if (rc == RC_OK)
		rc = file_read(r->conf.path, FILE_MAX, &b, f);
	r->n = 0;
	if (rc == RC_OK)
		rc = take_file(r, &b, f);
	hush_wipe(b.p, b.room);
	buf_done(&b);
	return rc;
}

static enum rc write_ring(const struct ring *r, struct fault *f)
{
	char hex[2 * KEK_KEY + 1];
	struct buf b = { 0 };

	if (!buf_room(&b, FILE_MAX)) /* one that grows would leave copies behind */
		return RC_NOMEM;
	buf_str(&b, HEAD);
	for (size_t i = 0; i < r->n; i++) {
		tunnel_auth_hex(r->at[i].key, KEK_KEY, hex);
		buf_fmt(&b, "%lld %s%s\n", (long long)r->at[i].number, hex, r->at[i].master ? " master" : "");
	}
	enum rc rc = b.bad ? RC_NOMEM : file_write(r->conf.path, b.p, b.n, 0600, f);
	hush_wipe(hex, sizeof(hex));
	hush_wipe(b.p, b.room);
	buf_done(&b);
	return rc;
}

/* ---- the contract ---- */

static bool derive(const struct version *v, uint8_t ret[static KEK_KEY])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
	size_t n = KEK_KEY;
	bool ok = ctx && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha256()) == 1 &&
		  EVP_PKEY_CTX_set1_hkdf_key(ctx, v->key, KEK_KEY) == 1 &&
		  EVP_PKEY_CTX_set1_hkdf_salt(ctx, (const uint8_t *)"footplate", 9) == 1 &&
		  EVP_PKEY_CTX_add1_hkdf_info(ctx, (const uint8_t *)"key-encryption key", 18) == 1 &&
		  EVP_PKEY_derive(ctx, ret, &n) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static enum rc wrap(struct kek *k, const char *bound, const struct hush *key, struct buf *to, struct fault *f)
{
	struct ring *r = ring_of(k);
	const struct version *v = &r->at[r->n - 1];
	struct buf text = { 0 };
	uint8_t sealed[SEALED], derived[KEK_KEY];
	char hex[2 * SEALED + 1];

	if (key->n != KEK_KEY)
		return fault_set(f, RC_INTERNAL, "a key of another length");
	clock_random(sealed, GCM_NONCE);
	buf_str(&text, bound);
	bool ok = !text.bad && derive(v, derived) &&
		  gcm_seal(&(struct gcm){ derived, sealed, &text }, key->p, KEK_KEY, sealed + GCM_NONCE);
	hush_wipe(derived, sizeof(derived));
	buf_done(&text);
	if (!ok)
		return RC_INTERNAL;
	tunnel_auth_hex(sealed, sizeof(sealed), hex);
	buf_fmt(to, RING_FILE_NAME ":%lld:%s", (long long)v->number, hex);
	return to->bad ? RC_NOMEM : RC_OK;
}

static const struct version *find(struct ring *r, int64_t number)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->at[i].number == number)
			return &r->at[i];
	return NULL;
}

static enum rc open_with(
	const struct version *v, const char *bound, const char *hex, struct hush *ret, struct fault *f)
{
	struct buf text = { 0 };
	uint8_t sealed[SEALED], derived[KEK_KEY], key[KEK_KEY];

	if (strlen(hex) != (size_t)2 * SEALED || !tunnel_auth_of_hex(hex, sealed, SEALED))
		return fault_set(f, RC_DENIED, "a wrapped key is damaged");
	buf_str(&text, bound);
	bool ok = !text.bad && derive(v, derived) &&
		  gcm_open(&(struct gcm){ derived, sealed, &text }, sealed + GCM_NONCE, KEK_KEY, key);
	enum rc rc = ok ? hush_set(ret, key, KEK_KEY)
			: fault_set(f, RC_DENIED,
				  "a wrapped key does not open with version %lld of the key ring: it belongs to "
				  "another master key, or was altered",
				  (long long)v->number);
	hush_wipe(derived, sizeof(derived));
	hush_wipe(key, sizeof(key));
	buf_done(&text);
	return rc;
}

static enum rc unwrap(struct kek *k, const char *bound, const char *wrapped, struct hush *ret, struct fault *f)
{
	struct ring *r = ring_of(k);
	const char *hex = NULL;
	int64_t number = kek_version_of(wrapped, RING_FILE_NAME, &hex);

	if (!number)
		return fault_set(
			f, RC_CONFLICT, "the key was wrapped by another provider (%.*s)", KEK_NAME_MAX, wrapped);
	const struct version *v = find(r, number);
	if (!v) { /* it may have come since */
		enum rc rc = read_ring(r, f);
		if (rc != RC_OK)
			return rc;
		v = find(r, number);
	}
	if (!v)
		return fault_set(f, RC_CONFLICT,
			"the key ring %s has no version %lld, which the database needs: put the ring back that has "
			"it",
			r->conf.path, (long long)number);
	return open_with(v, bound, hex, ret, f);
}

static enum rc add(struct kek *k, int64_t *ret_version, struct fault *f)
{
	struct ring *r = ring_of(k);
	enum rc rc = read_ring(r, f);

	if (rc != RC_OK)
		return rc;
	if (r->conf.credential)
		return fault_set(f, RC_INVALID,
			"a systemd credential cannot be written by the service: add a version to its source "
			"(footplate "
			"server kek add --ring FILE), encrypt it, restart");
	if (r->n == RING_FILE_KEYS_MAX)
		return fault_set(
			f, RC_LIMIT, "%s has %d versions: take old ones out", r->conf.path, RING_FILE_KEYS_MAX);
	struct version *v = &r->at[r->n];
	*v = (struct version){ .number = v[-1].number + 1 };
	clock_random(v->key, KEK_KEY);
	r->n++;
	rc = write_ring(r, f);
	if (rc == RC_OK)
		*ret_version = v->number;
	else
		r->n--;
	return rc;
}

static enum rc health(struct kek *k, struct kek_health *ret, struct fault *f)
{
	struct ring *r = ring_of(k);
	enum rc rc = read_ring(r, f);

	if (rc == RC_OK)
		*ret = (struct kek_health){ r->at[0].number, r->at[r->n - 1].number };
	return rc;
}

static enum rc master(struct kek *k, struct hush *ret, struct fault *f)
{
	struct ring *r = ring_of(k);
	(void)f;
	return r->n && r->at[0].master ? hush_set(ret, r->at[0].key, KEK_KEY) : RC_MISSING;
}

static void ring_free(struct kek *k) { locked_free(k, sizeof(struct ring)); }

static const struct kek_impl ring_impl = { .name = RING_FILE_NAME,
	.wrap = wrap,
	.unwrap = unwrap,
	.add = add,
	.health = health,
	.master = master,
	.free = ring_free };

enum rc ring_file_open(const struct ring_file_conf *conf, struct kek **ret, struct fault *f)
{
	void *room = NULL;
	bool held = false;

	enum rc rc = locked_new(sizeof(struct ring), &room, &held, f);
	if (rc != RC_OK)
		return rc;
	struct ring *r = room;
	r->kek.impl = &ring_impl;
	r->conf = *conf;
	snprintf(r->path, sizeof(r->path), "%s", conf->path);
	r->conf.path = r->path;
	rc = read_ring(r, f);
	if (rc == RC_MISSING && conf->make) {
		r->at[0] = (struct version){ .number = 1 };
		clock_random(r->at[0].key, KEK_KEY);
		r->n = 1;
		rc = write_ring(r, f);
	}
	if (rc == RC_OK)
		*ret = &r->kek;
	else
		ring_free(&r->kek);
	return rc;
}
