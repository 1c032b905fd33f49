#include "control/sso/once.h"
#include "wire/tunnel_auth.h"

#include <openssl/evp.h>
#include <string.h>

#define DIGEST 32

static bool name_of(const char *what, char ret[static 2 * DIGEST + 1])
{
	uint8_t digest[EVP_MAX_MD_SIZE];

	if (EVP_Digest(what, strlen(what), digest, NULL, EVP_sha256(), NULL) != 1)
		return false;
	tunnel_auth_hex(digest, DIGEST, ret);
	return true;
}

static enum rc was_used(struct tx *tx) { return fault_set(tx->fault, RC_EXISTS, "it was used before"); }

enum rc once_unused(struct tx *tx, const char *idp_id, const char *what)
{
	static const struct store_query find = {
		.sql = "SELECT used_until FROM sso_used WHERE idp_id = $1 AND what = $2"
	};
	auto_rows struct store_rows *r = NULL;
	char hex[2 * DIGEST + 1];

	if (!name_of(what, hex))
		return RC_INTERNAL;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(idp_id), store_text(hex)), &r, tx->fault);
	return rc == RC_OK ? was_used(tx) : rc == RC_MISSING ? RC_OK : rc;
}

enum rc once_use(struct tx *tx, const char *idp_id, const char *what, int64_t until_ms)
{
	static const struct store_query forget = { .sql = "DELETE FROM sso_used WHERE used_until < $1" };
	static const struct store_query use = {
		.sql = "INSERT INTO sso_used (idp_id, what, used_until) VALUES ($1, "
		       "$2, $3) ON CONFLICT (idp_id, what) DO NOTHING RETURNING "
		       "used_until"
	};
	char hex[2 * DIGEST + 1];
	auto_rows struct store_rows *r = NULL;

	if (!name_of(what, hex))
		return RC_INTERNAL;
	enum rc rc = store_do(tx->db, &forget, STORE_ARGS(store_int(tx->now_ms)), tx->fault);
	if (rc == RC_OK)
		rc = store_one(tx->db, &use, STORE_ARGS(store_text(idp_id), store_text(hex), store_int(until_ms)),
			&r, tx->fault);
	return rc == RC_MISSING ? was_used(tx) : rc;
}
