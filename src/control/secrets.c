#include "control/secrets.h"
#include "base/hush.h"
#include "wire/tunnel_auth.h"

#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <string.h>

static enum rc derive(const uint8_t *root, const char *what, uint8_t ret[static 32])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
	size_t n = 32;
	bool ok = ctx && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha256()) == 1 &&
		  EVP_PKEY_CTX_set1_hkdf_key(ctx, root, SECRETS_ROOT) == 1 &&
		  EVP_PKEY_CTX_set1_hkdf_salt(ctx, (const uint8_t *)"footplate", 9) == 1 &&
		  EVP_PKEY_CTX_add1_hkdf_info(ctx, (const uint8_t *)what, (int)strlen(what)) == 1 &&
		  EVP_PKEY_derive(ctx, ret, &n) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok ? RC_OK : RC_INTERNAL;
}

enum rc secrets_derive(const uint8_t root[static SECRETS_ROOT], struct control_secrets *ret)
{
	uint8_t name[32] = { 0 };

	enum rc rc = derive(root, "api key pepper", ret->pepper);
	if (rc == RC_OK)
		rc = derive(root, "page cursors", ret->cursor);
	if (rc == RC_OK)
		rc = derive(root, "agent tunnel identity", ret->sign_secret);
	if (rc == RC_OK)
		rc = tunnel_auth_identity(ret->sign_secret, ret->sign_public);
	if (rc == RC_OK)
		rc = derive(root, "secrets at rest", ret->kek);
	if (rc == RC_OK)
		rc = derive(root, "secrets at rest, name of the key", name);
	if (rc == RC_OK)
		rc = derive(root, "fingerprints of secrets", ret->prints);
	if (rc == RC_OK)
		rc = derive(root, "tokens of links to artifacts", ret->links);
	memcpy(ret->kek_name, name, sizeof(ret->kek_name));
	return rc;
}

void secrets_name(const struct control_secrets *s, char ret[static SECRETS_NAME_MAX])
{
	_Static_assert(SECRETS_NAME_MAX == 2 * sizeof(s->kek_name) + 1, "a name must fit");
	tunnel_auth_hex(s->kek_name, sizeof(s->kek_name), ret);
}
