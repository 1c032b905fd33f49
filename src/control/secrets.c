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

static enum rc read_master(const char *path, uint8_t ret[static MASTER], struct fault *f)
{
	struct buf b = { 0 };

	if (access(path, F_OK) != 0 && errno == ENOENT) {
		clock_random(ret, MASTER);
		return file_write(path, ret, MASTER, 0600, f);
	}
	enum rc rc = file_read_secret(path, MASTER + 1, &b, f);
	if (rc == RC_OK && b.n != MASTER)
		rc = fault_set(f, RC_INVALID, "%s: must have %d bytes; restore it from the backup", path, MASTER);
	if (rc == RC_OK)
		memcpy(ret, b.p, MASTER);
	hush_wipe(b.p, b.n);
	buf_done(&b);
	return rc;
}

enum rc secrets_open(const char *data_dir, struct control_secrets *ret, struct fault *f)
{
	char path[4096];
	uint8_t master[MASTER];

	snprintf(path, sizeof(path), "%s/master.key", data_dir);
	enum rc rc = read_master(path, master, f);
	if (rc == RC_OK)
		rc = derive(master, "api key pepper", ret->pepper);
	if (rc == RC_OK)
		rc = derive(master, "page cursors", ret->cursor);
	if (rc == RC_OK)
		rc = derive(master, "agent tunnel identity", ret->sign_secret);
	if (rc == RC_OK)
		rc = tunnel_auth_identity(ret->sign_secret, ret->sign_public);
	hush_wipe(master, sizeof(master));
	return rc;
}
