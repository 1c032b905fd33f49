#include "control/sso/saml_sp.h"
#include "base/id.h"
#include "control/access/vault.h"
#include "control/rows.h"
#include "control/sso/provider.h"
#include "io/clock.h"
#include "wire/base64.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define KIND "identity_provider" /* whose secrets go with the provider */

const char *const saml_sp_key_words[] = { "current", "next", "old", NULL };

static const struct field key_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct saml_sp_key, id) },
	{ .name = "certificate", .type = FIELD_STR, FIELD_AT(struct saml_sp_key, certificate) },
	{ .name = "state", .type = FIELD_ENUM, FIELD_AT(struct saml_sp_key, state), .words = saml_sp_key_words },
	{ .name = "createdAt", .type = FIELD_TIME, FIELD_AT(struct saml_sp_key, created_at) },
	{ 0 },
};

void saml_sp_done(struct saml_sp *sp)
{
	for (size_t i = 0; i < sp->keys_n; i++) {
		EVP_PKEY_free(sp->keys[i].key);
		sp->keys[i].key = NULL;
	}
	sp->keys_n = 0;
}

/* --- reading */

static enum rc read_addresses(struct arena *a, const struct provider *p, struct saml_sp *ret)
{
	const char *base = p->row.base_url, *name = p->row.name;

	ret->metadata_url = arena_fmt(a, "%s/v1/auth/saml/%s/metadata", base, name);
	ret->acs_url = arena_fmt(a, "%s/v1/auth/saml/%s/acs", base, name);
	ret->slo_url = arena_fmt(a, "%s/v1/auth/saml/%s/slo", base, name);
	ret->entity_id = p->saml.entity_id ? p->saml.entity_id : ret->metadata_url;
	return ret->metadata_url && ret->acs_url && ret->slo_url ? RC_OK : RC_NOMEM;
}

static EVP_PKEY *read_der(const void *p, size_t n)
{
	const unsigned char *at = p;
	return d2i_AutoPrivateKey(NULL, &at, (long)n);
}

static enum rc open_key(struct tx *tx, const char *idp_id, struct saml_sp_key *k)
{
	const struct vault_at at = { KIND, idp_id, k->id };
	struct hush value = { 0 };
	enum rc rc = vault_get(tx, &at, &value);

	if (rc == RC_OK)
		k->key = read_der(value.p, value.n);
	hush_done(&value);
	if (rc == RC_OK && !k->key)
		rc = fault_set(tx->fault, RC_INTERNAL, "the SAML key %s of %s cannot be read", k->id, idp_id);
	return rc;
}

enum rc saml_sp_load(struct tx *tx, const struct provider *p, bool keys, struct saml_sp *ret)
{
	static const struct store_query all = { .sql = "SELECT id, certificate, state, created_at FROM saml_keys "
						       "WHERE idp_id = $1 ORDER BY state LIMIT 2" };
	auto_rows struct store_rows *r = NULL;
	struct saml_sp sp = { 0 };
	struct field_list list = { 0 };

	enum rc rc = read_addresses(tx->arena, p, &sp);
	if (rc == RC_OK)
		rc = store_run(tx->db, &all, STORE_ARGS(store_text(p->row.id)), &r, tx->fault);
	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ key_fields, tx->arena, NULL }, sizeof(struct saml_sp_key),
			SAML_SP_KEYS, &list, tx->fault);
	store_close(take(r));
	for (size_t i = 0; rc == RC_OK && i < list.n; i++) {
		sp.keys[i] = ((struct saml_sp_key *)list.at)[i];
		sp.keys_n = i + 1;
		if (keys)
			rc = open_key(tx, p->row.id, &sp.keys[i]);
	}
	if (rc == RC_OK)
		*ret = sp;
	else
		saml_sp_done(&sp);
	return rc;
}

/* --- making */

static bool set_name(X509 *x, const char *name)
{
	X509_NAME *n = X509_get_subject_name(x);
	return X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(x, n) == 1;
}

static bool set_serial(X509 *x)
{
	uint8_t random[16];
	BIGNUM *n;

	clock_random(random, sizeof(random));
	random[0] &= 0x7f;
	n = BN_bin2bn(random, sizeof(random), NULL);
	bool good = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return good;
}

static X509 *certify(EVP_PKEY *k, const char *name, int64_t now_ms)
{
	X509 *x = X509_new();
	time_t now = (time_t)(now_ms / 1000);

	bool good = x && X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) && set_name(x, name) &&
		    X509_time_adj_ex(X509_getm_notBefore(x), -1, 0, &now) &&
		    X509_time_adj_ex(X509_getm_notAfter(x), SAML_SP_YEARS * 365, 0, &now) &&
		    X509_set_pubkey(x, k) == 1 && X509_sign(x, k, EVP_sha256()) > 0;
	if (good)
		return x;
	X509_free(x);
	return NULL;
}

static bool put_private(EVP_PKEY *k, struct arena *a, struct saml_key_made *ret)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(k);
	unsigned char *der = NULL;
	int n = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : 0;
	void *copy = n > 0 ? arena_take(a, (size_t)n) : NULL;

	if (copy)
		memcpy(copy, der, (size_t)n);
	if (n > 0)
		hush_wipe(der, (size_t)n);
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(info);
	ret->private_key = copy;
	ret->private_n = copy ? (size_t)n : 0;
	return copy != NULL;
}

static bool put_certificate(X509 *x, struct arena *a, struct saml_key_made *ret)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	struct buf text = { 0 };

	if (n > 0)
		base64_put(&text, der, (size_t)n);
	ret->certificate = n > 0 && !text.bad ? arena_str(a, buf_text(&text)) : NULL;
	OPENSSL_free(der);
	buf_done(&text);
	return ret->certificate != NULL;
}

enum rc saml_sp_make(struct tx *tx, const struct provider *p, struct saml_key_made *ret)
{
	const char *name = arena_fmt(tx->arena, "Footplate SAML %s", p->row.name);
	EVP_PKEY *k = EVP_RSA_gen(SAML_SP_KEY_BITS);
	X509 *x = k && name ? certify(k, name, tx->now_ms) : NULL;
	struct saml_key_made made = { 0 };

	bool good = x && put_certificate(x, tx->arena, &made) && put_private(k, tx->arena, &made);
	X509_free(x);
	EVP_PKEY_free(k);
	if (!good)
		return fault_set(tx->fault, RC_INTERNAL, "a key for SAML could not be made");
	*ret = made;
	return RC_OK;
}

enum rc saml_sp_adopt(struct saml_sp *sp, const struct saml_key_made *k, struct arena *a)
{
	saml_sp_done(sp);
	sp->keys[0] = (struct saml_sp_key){ .id = "",
		.certificate = arena_str(a, k->certificate),
		.state = SAML_KEY_CURRENT,
		.key = read_der(k->private_key, k->private_n) };
	sp->keys_n = 1;
	return sp->keys[0].key && sp->keys[0].certificate ? RC_OK : RC_NOMEM;
}

/* --- keeping */

enum rc saml_sp_keep(
	struct tx *tx, const struct provider *p, const struct saml_key_made *k, enum saml_key_state state)
{
	static const struct store_query add = { .sql = "INSERT INTO saml_keys (idp_id, state, id, certificate, "
						       "created_at) VALUES ($1, $2, $3, $4, $5) "
						       "ON CONFLICT (idp_id, state) DO NOTHING RETURNING id" };
	const char *id = tx_id(tx, "smk");
	auto_rows struct store_rows *r = NULL;
	struct hush value = { 0 };

	if (!id)
		return RC_NOMEM;
	enum rc rc = store_one(tx->db, &add,
		STORE_ARGS(store_text(p->row.id), store_text(saml_sp_key_words[state]), store_text(id),
			store_text(k->certificate), store_int(tx->now_ms)),
		&r, tx->fault);
	store_close(take(r));
	if (rc == RC_MISSING)
		return fault_set(tx->fault, RC_EXISTS, "there is a %s key already", saml_sp_key_words[state]);
	if (rc == RC_OK)
		rc = hush_set(&value, k->private_key, k->private_n);
	if (rc == RC_OK)
		rc = vault_put(tx, &(const struct vault_at){ KIND, p->row.id, id }, &value, NULL);
	hush_done(&value);
	return rc;
}

enum rc saml_sp_drop(struct tx *tx, const char *idp_id, enum saml_key_state state)
{
	static const struct store_query drop = { .sql = "DELETE FROM saml_keys WHERE idp_id = $1 AND state = $2 "
							"RETURNING id" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(
		tx->db, &drop, STORE_ARGS(store_text(idp_id), store_text(saml_sp_key_words[state])), &r, tx->fault);
	const char *id = rc == RC_OK ? arena_str(tx->arena, store_col_text(r, 0)) : NULL;

	store_close(take(r));
	if (rc == RC_MISSING)
		return fault_set(tx->fault, rc, "there is no %s key", saml_sp_key_words[state]);
	if (rc == RC_OK)
		rc = id ? vault_drop(tx, &(const struct vault_at){ KIND, idp_id, id }) : RC_NOMEM;
	return rc;
}

static enum rc move(struct tx *tx, const char *idp_id, enum saml_key_state from, enum saml_key_state to)
{
	static const struct store_query move = {
		.sql = "UPDATE saml_keys SET state = $3 WHERE idp_id = $1 AND state = $2 RETURNING id"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &move,
		STORE_ARGS(
			store_text(idp_id), store_text(saml_sp_key_words[from]), store_text(saml_sp_key_words[to])),
		&r, tx->fault);

	return rc == RC_MISSING ? fault_set(tx->fault, RC_CONFLICT, "there is no %s key", saml_sp_key_words[from])
				: rc;
}

enum rc saml_sp_turn(struct tx *tx, const char *idp_id)
{
	enum rc rc = saml_sp_drop(tx, idp_id, SAML_KEY_OLD);

	if (rc == RC_OK || rc == RC_MISSING)
		rc = move(tx, idp_id, SAML_KEY_CURRENT, SAML_KEY_OLD);
	if (rc == RC_OK)
		rc = move(tx, idp_id, SAML_KEY_NEXT, SAML_KEY_CURRENT);
	return rc;
}
