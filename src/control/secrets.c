#include "control/secrets.h"
#include "base/hush.h"
#include "io/clock.h"
#include "io/file.h"
#include "wire/tunnel_auth.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MASTER 32

static enum rc derive(const uint8_t *master, const char *what, uint8_t ret[static 32])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
	size_t n = 32;
	bool ok = ctx && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha256()) == 1 &&
		  EVP_PKEY_CTX_set1_hkdf_key(ctx, master, MASTER) == 1 &&
		  EVP_PKEY_CTX_set1_hkdf_salt(ctx, (const uint8_t *)"footplate", 9) == 1 &&
		  EVP_PKEY_CTX_add1_hkdf_info(ctx, (const uint8_t *)what, (int)strlen(what)) == 1 &&
		  EVP_PKEY_derive(ctx, ret, &n) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok ? RC_OK : RC_INTERNAL;
}

/* Keys that a person typed or a program counted up: every 32 random bytes pass but for one in 10^12. */
static bool is_weak(const uint8_t *key)
{
	bool seen[256] = { 0 }, stepped[256] = { 0 };
	unsigned values = 0, steps = 0, printable = 0;

	for (size_t i = 0; i < MASTER; i++) {
		uint8_t step = (uint8_t)(key[i] - key[i ? i - 1 : MASTER - 1]);
		values += !seen[key[i]];
		steps += !stepped[step];
		seen[key[i]] = stepped[step] = true;
		printable += key[i] >= 32 && key[i] < 127;
	}
	return values < 16 || steps < 16 || printable == MASTER;
}

static enum rc take_key(const char *path, const struct buf *b, uint8_t ret[static MASTER], struct fault *f)
{
	size_t n = b->n;
	while (n > MASTER && (b->p[n - 1] == '\n' || b->p[n - 1] == '\r'))
		n--;
	char hex[2 * MASTER + 1] = { 0 };
	if (n == sizeof(hex) - 1)
		memcpy(hex, b->p, n);
	bool ok = (b->n == MASTER) || (n == sizeof(hex) - 1 && tunnel_auth_of_hex(hex, ret, MASTER));
	if (ok && b->n == MASTER)
		memcpy(ret, b->p, MASTER);
	hush_wipe(hex, sizeof(hex));
	if (!ok)
		return fault_set(f, RC_INVALID,
			"%s: a master key has %d bytes, or %d hexadecimal digits; restore it from the backup", path,
			MASTER, 2 * MASTER);
	if (is_weak(ret))
		return fault_set(f, RC_INVALID,
			"%s: this master key is not random; make one by: head -c %d /dev/urandom", path, MASTER);
	return RC_OK;
}

/* systemd shows its credentials to the service alone, but by an access list that looks like a group's right. */
static enum rc check_mode(const char *path, unsigned others, struct fault *f)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return fault_set(
			f, errno == ENOENT ? RC_MISSING : RC_IO, "cannot look at %s: %s", path, strerror(errno));
	if (st.st_mode & others)
		return fault_set(f, RC_DENIED,
			"%s holds the master key but others may read it (mode %03o): chmod 600 it", path,
			(unsigned)(st.st_mode & 0777));
	return RC_OK;
}

static enum rc read_key(const char *path, unsigned others, uint8_t ret[static MASTER], struct fault *f)
{
	struct buf b = { 0 };

	enum rc rc = check_mode(path, others, f);
	if (rc == RC_OK)
		rc = file_read(path, 2 * MASTER + 2, &b, f);
	if (rc == RC_OK)
		rc = take_key(path, &b, ret, f);
	hush_wipe(b.p, b.n);
	buf_done(&b);
	return rc;
}

static enum rc read_master(const char *data_dir, const char *named, const char *credentials,
	uint8_t ret[static MASTER], struct fault *f)
{
	char path[4096];

	if (named)
		return read_key(named, 077, ret, f);
	snprintf(path, sizeof(path), "%s/" SECRETS_CREDENTIAL, credentials ? credentials : "");
	if (credentials && access(path, F_OK) == 0)
		return read_key(path, 007, ret, f);
	snprintf(path, sizeof(path), "%s/master.key", data_dir);
	if (access(path, F_OK) == 0 || errno != ENOENT)
		return read_key(path, 077, ret, f);
	clock_random(ret, MASTER);
	return file_write(path, ret, MASTER, 0600, f);
}

enum rc secrets_open(const char *data_dir, const char *named, const char *credentials, struct control_secrets *ret,
	struct fault *f)
{
	uint8_t master[MASTER], name[32] = { 0 };

	enum rc rc = read_master(data_dir, named, credentials, master, f);
	if (rc == RC_OK)
		rc = derive(master, "api key pepper", ret->pepper);
	if (rc == RC_OK)
		rc = derive(master, "page cursors", ret->cursor);
	if (rc == RC_OK)
		rc = derive(master, "agent tunnel identity", ret->sign_secret);
	if (rc == RC_OK)
		rc = tunnel_auth_identity(ret->sign_secret, ret->sign_public);
	if (rc == RC_OK)
		rc = derive(master, "secrets at rest", ret->kek);
	if (rc == RC_OK)
		rc = derive(master, "secrets at rest, name of the key", name);
	if (rc == RC_OK)
		rc = derive(master, "fingerprints of secrets", ret->prints);
	memcpy(ret->kek_name, name, sizeof(ret->kek_name));
	hush_wipe(master, sizeof(master));
	return rc;
}
