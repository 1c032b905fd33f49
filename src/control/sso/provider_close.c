#include "control/sso/provider_close.h"
#include "control/access/audit.h"
#include "control/access/vault.h"
#include "control/people/sessions_revoke.h"

#define AT_ONCE 500

/* *ret_n: how many ended. */
static enum rc close_some(struct tx *tx, const char *idp_id, const char *why, size_t *ret_n)
{
	static const struct store_query some = { .sql = "SELECT id FROM auth_sessions WHERE idp_id = $1 AND "
							"revoked_at = 0 AND expires_at > $2 LIMIT $3" };
	const char **ids = arena_take(tx->arena, AT_ONCE * sizeof(*ids));
	auto_rows struct store_rows *r = NULL;
	size_t n = 0;
	bool row = true;

	enum rc rc = ids ? store_run(tx->db, &some,
				   STORE_ARGS(store_text(idp_id), store_int(tx->now_ms), store_int(AT_ONCE)), &r,
				   tx->fault)
			 : RC_NOMEM;
	while (rc == RC_OK && n < AT_ONCE && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		ids[n] = arena_str(tx->arena, store_col_text(r, 0));
		rc = ids[n++] ? RC_OK : RC_NOMEM;
	}
	store_close(take(r));
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = people_sessions_revoke(tx, ids[i], why);
	*ret_n = n;
	return rc;
}

enum rc provider_close(struct tx *tx, const char *idp_id, const char *why)
{
	size_t n = AT_ONCE;
	enum rc rc = RC_OK;

	while (rc == RC_OK && n == AT_ONCE)
		rc = close_some(tx, idp_id, why, &n);
	return rc;
}

enum rc provider_close_people(struct tx *tx, const char *idp_id)
{
	static const struct store_query each[] = {
		{ .sql = "DELETE FROM user_identities WHERE idp_id = $1" },
		{ .sql = "DELETE FROM group_members WHERE source = $1" },
		{ .sql = "DELETE FROM saml_documents WHERE idp_id = $1" },
	};
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < sizeof(each) / sizeof(*each); i++)
		rc = store_do(tx->db, &each[i], STORE_ARGS(store_text(idp_id)), tx->fault);
	return rc == RC_OK ? audit_add(tx, "identity_provider.forget_people", idp_id) : rc;
}

enum rc provider_close_secrets(struct tx *tx, const char *idp_id)
{
	static const struct store_query documents = { .sql = "DELETE FROM sso_documents WHERE idp_id = $1" };
	enum rc rc = vault_drop_all(tx, "identity_provider", idp_id);
	return rc == RC_OK ? store_do(tx->db, &documents, STORE_ARGS(store_text(idp_id)), tx->fault) : rc;
}
