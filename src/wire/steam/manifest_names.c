#include "wire/steam/manifest_names.h"

#include "wire/base64.h"
#include "wire/steam/aes.h"

#include <openssl/sha.h>
#include <string.h>
#include <strings.h>

#define LINE 72 /* letters of base64 in one line */

/* Base64, white space inside, of AES, of the name and its NUL. */
static enum rc name_in_clear(const char *text, const uint8_t *key, struct arena *a, const char **ret)
{
	struct buf box = { 0 }, name = { 0 };
	uint8_t iv[AES_IV];
	enum rc rc = RC_DENIED;

	if (base64_get(text, strlen(text), &box) && !box.bad)
		rc = aes_open(key, box.p, box.n, iv, &name);
	if (rc == RC_OK &&
		(name.n < 2 || name.n > MANIFEST_NAME_MAX || strnlen((char *)name.p, name.n) != name.n - 1))
		rc = RC_DENIED;
	if (rc == RC_OK) {
		*ret = arena_strn(a, (char *)name.p, name.n - 1);
		rc = *ret ? RC_OK : RC_TOO_LARGE;
	}
	buf_done(&box);
	buf_done(&name);
	return rc;
}

static int without_case(const void *a, const void *b)
{
	const struct manifest_file *x = a, *y = b;
	int way = strcasecmp(x->name, y->name);
	return way ? way : strcmp(x->name, y->name);
}

static int as_it_is(const void *a, const void *b)
{
	const struct manifest_file *x = a, *y = b;
	return strcmp(x->name, y->name);
}

static void adopt(struct manifest *m, struct manifest_file *files, bool encrypted)
{
	if (m->files_n)
		qsort(files, m->files_n, sizeof(*files), encrypted ? as_it_is : without_case);
	m->files = files;
	m->encrypted = encrypted;
}

/* A second list, so that a key that fails half-way leaves the first as it was. */
static struct manifest_file *copy(const struct manifest *m, struct arena *a)
{
	struct manifest_file *files = arena_take(a, m->files_n * sizeof(*files) + 1);
	if (files && m->files_n)
		memcpy(files, m->files, m->files_n * sizeof(*files));
	return files;
}

enum rc manifest_names_decrypt(struct manifest *m, const uint8_t *key, struct arena *a, struct fault *f)
{
	enum rc rc = RC_OK;

	if (!m->encrypted)
		return RC_OK;
	struct manifest_file *files = copy(m, a);
	if (!files)
		rc = RC_TOO_LARGE;
	for (uint32_t i = 0; rc == RC_OK && i < m->files_n; i++) {
		rc = name_in_clear(m->files[i].name, key, a, &files[i].name);
		if (rc == RC_OK && m->files[i].link)
			rc = name_in_clear(m->files[i].link, key, a, &files[i].link);
	}
	if (rc == RC_DENIED)
		return fault_set(f, rc, "manifest: its names are not encrypted with this key");
	if (rc != RC_OK)
		return fault_set(f, rc, "manifest: needs more memory than its limit allows");
	adopt(m, files, false);
	return RC_OK;
}

/* The IV of one name: of the seed, the file's number and whether it is a link's target. */
static void draw(const uint8_t *seed, uint32_t i, uint8_t what, uint8_t *ret_iv)
{
	uint8_t said[37], sha[SHA256_DIGEST_LENGTH];

	memcpy(said, seed, 32);
	for (unsigned k = 0; k < 4; k++)
		said[32 + k] = (uint8_t)(i >> 8 * k);
	said[36] = what;
	SHA256(said, sizeof(said), sha);
	memcpy(ret_iv, sha, AES_IV);
}

static enum rc name_in_secret(
	const char *name, const uint8_t *key, const uint8_t *iv, struct arena *a, const char **ret)
{
	struct buf box = { 0 }, text = { 0 }, lines = { 0 };

	enum rc rc = aes_seal(key, iv, name, strlen(name) + 1, &box);
	if (rc == RC_OK)
		base64_put(&text, box.p, box.n);
	for (size_t at = 0; at < text.n; at += LINE) {
		buf_put(&lines, text.p + at, text.n - at < LINE ? text.n - at : LINE);
		buf_u8(&lines, '\n');
	}
	if (rc == RC_OK)
		rc = text.bad || lines.bad ? RC_NOMEM : RC_OK;
	if (rc == RC_OK) {
		*ret = arena_strn(a, (char *)lines.p, lines.n);
		rc = *ret ? RC_OK : RC_TOO_LARGE;
	}
	buf_done(&box);
	buf_done(&text);
	buf_done(&lines);
	return rc;
}

enum rc manifest_names_encrypt(
	struct manifest *m, const uint8_t *key, const uint8_t *seed, struct arena *a, struct fault *f)
{
	uint8_t iv[AES_IV];
	enum rc rc = RC_OK;

	if (m->encrypted)
		return RC_OK;
	struct manifest_file *files = copy(m, a);
	if (!files)
		rc = RC_TOO_LARGE;
	for (uint32_t i = 0; rc == RC_OK && i < m->files_n; i++) {
		draw(seed, i, 0, iv);
		rc = name_in_secret(m->files[i].name, key, iv, a, &files[i].name);
		draw(seed, i, 1, iv);
		if (rc == RC_OK && m->files[i].link)
			rc = name_in_secret(m->files[i].link, key, iv, a, &files[i].link);
	}
	if (rc != RC_OK)
		return fault_set(f, rc, "manifest: needs more memory than its limit allows");
	adopt(m, files, true);
	return RC_OK;
}

static uint8_t lower(uint8_t c) { return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c; }

void manifest_name_sha(const char *name, uint8_t ret[static MANIFEST_SHA])
{
	uint8_t small[MANIFEST_NAME_MAX];
	size_t n = strnlen(name, sizeof(small));

	for (size_t i = 0; i < n; i++)
		small[i] = lower((uint8_t)name[i]);
	SHA1(small, n, ret);
}

static bool is_lawful(const char *part, size_t n)
{
	if (n == 0 || n > 255 || (n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.'))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((uint8_t)part[i] < 32 || part[i] == 127 || part[i] == ':')
			return false;
	return true;
}

bool manifest_name_path(const char *name, struct buf *to)
{
	size_t before = to->n;

	for (const char *at = name;; at++) {
		size_t n = strcspn(at, "\\/");
		if (!is_lawful(at, n)) {
			to->n = before;
			return false;
		}
		if (at != name)
			buf_u8(to, '/');
		buf_put(to, at, n);
		at += n;
		if (!*at)
			return true;
	}
}
