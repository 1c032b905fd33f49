#include "control/people/passwords.h"
#include "base/buf.h"
#include "base/metric.h"
#include "control/control.h"
#include "control/people/people_rules.h"
#include "io/clock.h"
#include "io/file.h"

#include <crypt.h>
#include <ctype.h>
#include <sodium.h>
#include <stdio.h>

#define SALT 16 /* crypto_pwhash_argon2id_SALTBYTES */
#define HASH 32

#define COMMON_MAX        (16u << 20) /* bytes of the file of common passwords */
#define BCRYPT_CHARS      60
#define ARGON2_IMPORT_KIB (256u << 10)

static const char bcrypt_letters[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

_Static_assert(SALT == crypto_pwhash_argon2id_SALTBYTES, "a salt of libsodium");

static enum rc argon2(const struct control *c, const struct hush *password, const uint8_t salt[static SALT],
	uint8_t ret[static HASH])
{
	const struct people_rules *p = people_rules_of(c);

	metric_add(c->metrics, METRIC_PASSWORD_HASHES, "argon2id", 1);
	if (sodium_init() < 0)
		return RC_INTERNAL;
	return crypto_pwhash_argon2id(ret, HASH, (const char *)password->p, password->n, salt, p->argon2_passes,
		       (size_t)p->argon2_kib * 1024, crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0
		       ? RC_OK
		       : RC_NOMEM;
}

/* libsodium's own crypto_pwhash_str, but with randomness from our floor. */
enum rc passwords_hash(const struct control *c, const struct hush *password, char ret[static PASSWORDS_STORED_MAX])
{
	enum { PLAIN = sodium_base64_VARIANT_ORIGINAL_NO_PADDING };
	const struct people_rules *p = people_rules_of(c);
	uint8_t salt[SALT], hash[HASH];
	char salt_text[sodium_base64_ENCODED_LEN(SALT, PLAIN)], hash_text[sodium_base64_ENCODED_LEN(HASH, PLAIN)];

	clock_random(salt, sizeof(salt));
	enum rc rc = argon2(c, password, salt, hash);
	if (rc != RC_OK)
		return rc;
	sodium_bin2base64(salt_text, sizeof(salt_text), salt, SALT, PLAIN);
	sodium_bin2base64(hash_text, sizeof(hash_text), hash, HASH, PLAIN);
	snprintf(ret, PASSWORDS_STORED_MAX, "$argon2id$v=19$m=%u,t=%u,p=1$%s$%s", p->argon2_kib, p->argon2_passes,
		salt_text, hash_text);
	return RC_OK;
}

static bool is_bcrypt(const char *stored) { return !strncmp(stored, "$2", 2); }

static bool bcrypt_is(const struct control *c, const struct hush *password, const char *stored)
{
	struct crypt_data *d = calloc(1, sizeof(*d));
	char *text = malloc(password->n + 1);
	const char *got = NULL;

	metric_add(c->metrics, METRIC_PASSWORD_HASHES, "bcrypt", 1);
	if (d && text) {
		memcpy(text, password->p, password->n);
		text[password->n] = 0;
		got = crypt_rn(text, stored, d, sizeof(*d)); /* NULL when the form is none of its own */
	}
	bool same = got && strlen(got) == BCRYPT_CHARS && strlen(stored) == BCRYPT_CHARS &&
		    sodium_memcmp(got, stored, BCRYPT_CHARS) == 0;
	if (text)
		hush_wipe(text, password->n + 1);
	if (d)
		hush_wipe(d, sizeof(*d));
	free(text);
	free(d);
	return same;
}

static enum rc check_argon2(
	const struct control *c, const char *stored, const struct hush *password, struct passwords_found *ret)
{
	const struct people_rules *p = people_rules_of(c);

	metric_add(c->metrics, METRIC_PASSWORD_HASHES, "argon2id", 1);
	if (sodium_init() < 0)
		return RC_INTERNAL;
	ret->right = crypto_pwhash_argon2id_str_verify(stored, (const char *)password->p, password->n) == 0;
	if (ret->right && crypto_pwhash_argon2id_str_needs_rehash(
				  stored, p->argon2_passes, (size_t)p->argon2_kib * 1024) != 0)
		return passwords_hash(c, password, ret->rehash);
	return RC_OK;
}

/* Nobody's: for the time that it takes. */
static enum rc check_nobody(const struct control *c, const struct hush *password)
{
	static const uint8_t salt[SALT];
	uint8_t hash[HASH];

	return argon2(c, password, salt, hash);
}

enum rc passwords_check(const struct control *c, const struct passwords_try *t, struct passwords_found *ret)
{
	bool imported = t->stored && is_bcrypt(t->stored);
	char nobody[BCRYPT_CHARS + 1];
	struct passwords_found found = { 0 };
	enum rc rc;

	if (t->password->n > PASSWORDS_MAX)
		return RC_TOO_LARGE;
	snprintf(nobody, sizeof(nobody), "$2b$%02u$.....................................................",
		t->bcrypt_cost % 100);
	if (imported)
		found.right = bcrypt_is(c, t->password, t->stored);
	else if (t->bcrypt_cost && bcrypt_is(c, t->password, nobody))
		return RC_INTERNAL; /* that hash has no password */
	if (imported && found.right)
		rc = passwords_hash(c, t->password, found.rehash);
	else if (imported || !t->stored)
		rc = check_nobody(c, t->password);
	else
		rc = check_argon2(c, t->stored, t->password, &found);
	if (rc == RC_OK)
		*ret = found;
	return rc;
}

enum rc passwords_bcrypt_cost(struct tx *tx, unsigned *ret)
{
	static const struct store_query most = {
		.sql = "SELECT MAX(bcrypt_cost) FROM users WHERE bcrypt_cost > 0"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &most, STORE_NO_ARGS, &r, tx->fault);

	if (rc == RC_OK)
		*ret = (unsigned)store_col_int(r, 0);
	return rc;
}

bool passwords_may_import(const char *stored, unsigned *ret_cost)
{
	unsigned kib = 0, passes = 0, lanes = 0;
	int at = 0;

	*ret_cost = 0;
	/* Numbers that do not fit are refused by the bounds below, and by libsodium. NOLINTNEXTLINE(cert-err34-c) */
	if (sscanf(stored, "$argon2id$v=19$m=%u,t=%u,p=%u$%n", &kib, &passes, &lanes, &at) == 3 && at)
		return kib >= 8 && kib <= ARGON2_IMPORT_KIB && passes >= 1 && passes <= 16 && lanes == 1 &&
		       strlen(stored) < PASSWORDS_STORED_MAX &&
		       crypto_pwhash_argon2id_str_needs_rehash(stored, passes, (size_t)kib * 1024) == 0;
	if (strlen(stored) != BCRYPT_CHARS || strncmp(stored, "$2", 2) != 0 || !strchr("aby", stored[2]) ||
		stored[3] != '$' || !isdigit((unsigned char)stored[4]) || !isdigit((unsigned char)stored[5]) ||
		stored[6] != '$' || strspn(stored + 7, bcrypt_letters) != BCRYPT_CHARS - 7)
		return false;
	*ret_cost = (unsigned)((stored[4] - '0') * 10 + stored[5] - '0');
	return *ret_cost >= PASSWORDS_BCRYPT_MIN && *ret_cost <= PASSWORDS_BCRYPT_MAX;
}

/* Is the password one of the file's lines, whatever the case? */
static enum rc is_common(const char *path, const struct hush *password, bool *ret, struct fault *f)
{
	struct buf b = { 0 };
	enum rc rc = file_read(path, COMMON_MAX, &b, f);
	const char *p = buf_text(&b), *end = p + (rc == RC_OK ? b.n : 0);

	*ret = false;
	while (p < end && !*ret) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((stop ? stop : end) - p);
		if (n && p[n - 1] == '\r')
			n--;
		*ret = n == password->n && !strncasecmp(p, (const char *)password->p, n);
		p = stop ? stop + 1 : end;
	}
	buf_done(&b);
	return rc;
}

static bool has_login(const char *login, const struct hush *password)
{
	size_t n = strlen(login);

	for (size_t i = 0; n >= 3 && i + n <= password->n; i++)
		if (!strncasecmp((const char *)password->p + i, login, n))
			return true;
	return false;
}

static bool is_plain(const struct hush *password)
{
	bool seen[256] = { 0 };
	size_t different = 0;

	for (size_t i = 0; i < password->n; i++)
		if (!seen[password->p[i]]) {
			seen[password->p[i]] = true;
			different++;
		}
	return different < 5;
}

static size_t characters(const struct hush *password)
{
	size_t n = 0;

	for (size_t i = 0; i < password->n; i++)
		n += (password->p[i] & 0xc0) != 0x80; /* UTF-8 */
	return n;
}

enum rc passwords_fit(const struct control *c, const char *login, const struct hush *password, struct fault *f)
{
	const struct people_rules *p = people_rules_of(c);
	bool common = false;

	if (characters(password) < p->password_min)
		return fault_set(f, RC_INVALID, "the password needs at least %u characters", p->password_min);
	if (password->n > PASSWORDS_MAX)
		return fault_set(f, RC_INVALID, "the password has more than %d bytes", PASSWORDS_MAX);
	if (has_login(login, password))
		return fault_set(f, RC_INVALID, "the password must not have the login in it");
	if (is_plain(password))
		return fault_set(f, RC_INVALID, "the password has hardly any different characters");
	enum rc rc = p->common_passwords ? is_common(p->common_passwords, password, &common, f) : RC_OK;
	return common ? fault_set(f, RC_INVALID, "the password is one of those that everyone tries first") : rc;
}
