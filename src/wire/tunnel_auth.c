#include "wire/tunnel_auth.h"

#include "base/buf.h"
#include "base/hush.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>

static void own_pkey_p(EVP_PKEY **k) { EVP_PKEY_free(*k); }
static void own_pctx_p(EVP_PKEY_CTX **c) { EVP_PKEY_CTX_free(*c); }
static void own_mdctx_p(EVP_MD_CTX **c) { EVP_MD_CTX_free(*c); }
static void own_kdf_p(EVP_KDF **k) { EVP_KDF_free(*k); }
static void own_kctx_p(EVP_KDF_CTX **c) { EVP_KDF_CTX_free(*c); }

static enum rc public_of(int type, const uint8_t *secret, uint8_t *ret_public)
{
	__attribute__((cleanup(own_pkey_p))) EVP_PKEY *k =
		EVP_PKEY_new_raw_private_key(type, NULL, secret, TUNNEL_AUTH_KEY);
	size_t n = TUNNEL_AUTH_KEY;
	uint8_t public[TUNNEL_AUTH_KEY];

	if (!k || EVP_PKEY_get_raw_public_key(k, public, &n) != 1)
		return RC_NOMEM;
	memcpy(ret_public, public, sizeof(public));
	return RC_OK;
}

enum rc tunnel_auth_identity(const uint8_t *secret, uint8_t *ret_public)
{
	return public_of(EVP_PKEY_ED25519, secret, ret_public);
}

enum rc tunnel_auth_ephemeral(const uint8_t *secret, uint8_t *ret_public)
{
	return public_of(EVP_PKEY_X25519, secret, ret_public);
}

/* The labels end in NUL, so that neither text can be read as the beginning of the other. */
static void challenge_text(const struct tunnel_auth_talk *talk, struct buf *to)
{
	buf_put(to, TUNNEL_AUTH_NAME " challenge", sizeof(TUNNEL_AUTH_NAME " challenge"));
	buf_put(to, talk->nonce, TUNNEL_AUTH_KEY);
	buf_put(to, talk->control, TUNNEL_AUTH_KEY);
	buf_u64(to, (uint64_t)talk->time_ms);
}

static void hello_text(const struct tunnel_auth_talk *talk, struct buf *to)
{
	buf_put(to, TUNNEL_AUTH_NAME " hello", sizeof(TUNNEL_AUTH_NAME " hello"));
	buf_put(to, talk->nonce, TUNNEL_AUTH_KEY);
	buf_put(to, talk->control, TUNNEL_AUTH_KEY);
	buf_put(to, talk->agent, TUNNEL_AUTH_KEY);
	buf_str(to, talk->agent_id);
}

static void wish_text(const struct tunnel_auth_wish *wish, struct buf *to)
{
	buf_put(to, TUNNEL_AUTH_NAME " certificate", sizeof(TUNNEL_AUTH_NAME " certificate"));
	buf_put(to, wish->key, TUNNEL_AUTH_KEY);
	buf_u64(to, (uint64_t)wish->time_ms);
	buf_str(to, wish->agent_id);
}

static enum rc sign(const struct buf *text, const uint8_t *secret, uint8_t *ret_sig)
{
	__attribute__((cleanup(own_pkey_p))) EVP_PKEY *k =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, TUNNEL_AUTH_KEY);
	__attribute__((cleanup(own_mdctx_p))) EVP_MD_CTX *c = EVP_MD_CTX_new();
	uint8_t sig[TUNNEL_AUTH_SIG];
	size_t n = sizeof(sig);

	if (text->bad || !k || !c || EVP_DigestSignInit(c, NULL, NULL, NULL, k) != 1 ||
		EVP_DigestSign(c, sig, &n, text->p, text->n) != 1)
		return RC_NOMEM;
	memcpy(ret_sig, sig, sizeof(sig));
	return RC_OK;
}

static bool is_signed(const struct buf *text, const uint8_t *public, const uint8_t *sig)
{
	__attribute__((cleanup(own_pkey_p))) EVP_PKEY *k =
		EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, TUNNEL_AUTH_KEY);
	__attribute__((cleanup(own_mdctx_p))) EVP_MD_CTX *c = EVP_MD_CTX_new();

	return !text->bad && k && c && EVP_DigestVerifyInit(c, NULL, NULL, NULL, k) == 1 &&
	       EVP_DigestVerify(c, sig, TUNNEL_AUTH_SIG, text->p, text->n) == 1;
}

enum rc tunnel_auth_sign_challenge(const struct tunnel_auth_talk *talk, const uint8_t *secret, uint8_t *ret_sig)
{
	struct buf text = { 0 };
	challenge_text(talk, &text);
	enum rc rc = sign(&text, secret, ret_sig);
	buf_done(&text);
	return rc;
}

enum rc tunnel_auth_sign_hello(const struct tunnel_auth_talk *talk, const uint8_t *secret, uint8_t *ret_sig)
{
	struct buf text = { 0 };
	hello_text(talk, &text);
	enum rc rc = sign(&text, secret, ret_sig);
	buf_done(&text);
	return rc;
}

enum rc tunnel_auth_sign_wish(const struct tunnel_auth_wish *wish, const uint8_t *secret, uint8_t *ret_sig)
{
	struct buf text = { 0 };
	wish_text(wish, &text);
	enum rc rc = sign(&text, secret, ret_sig);
	buf_done(&text);
	return rc;
}

bool tunnel_auth_is_wish(const struct tunnel_auth_wish *wish, const uint8_t *public, const uint8_t *sig)
{
	struct buf text = { 0 };
	wish_text(wish, &text);
	bool yes = is_signed(&text, public, sig);
	buf_done(&text);
	return yes;
}

bool tunnel_auth_is_challenge(const struct tunnel_auth_talk *talk, const uint8_t *public, const uint8_t *sig)
{
	struct buf text = { 0 };
	challenge_text(talk, &text);
	bool yes = is_signed(&text, public, sig);
	buf_done(&text);
	return yes;
}

bool tunnel_auth_is_hello(const struct tunnel_auth_talk *talk, const uint8_t *public, const uint8_t *sig)
{
	struct buf text = { 0 };
	hello_text(talk, &text);
	bool yes = is_signed(&text, public, sig);
	buf_done(&text);
	return yes;
}

/* OpenSSL refuses a public key whose product with any secret is zero (RFC 7748, section 6.1). */
static enum rc exchange(const uint8_t *secret, const uint8_t *peer, uint8_t *ret_shared)
{
	__attribute__((cleanup(own_pkey_p))) EVP_PKEY *mine =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, TUNNEL_AUTH_KEY);
	__attribute__((cleanup(own_pkey_p))) EVP_PKEY *theirs =
		EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer, TUNNEL_AUTH_KEY);
	__attribute__((cleanup(own_pctx_p))) EVP_PKEY_CTX *c = mine ? EVP_PKEY_CTX_new(mine, NULL) : NULL;
	size_t n = TUNNEL_AUTH_KEY;

	if (!theirs || !c || EVP_PKEY_derive_init(c) != 1)
		return RC_NOMEM;
	if (EVP_PKEY_derive_set_peer(c, theirs) != 1 || EVP_PKEY_derive(c, ret_shared, &n) != 1)
		return RC_DENIED;
	return RC_OK;
}

static bool expand(const uint8_t *shared, const uint8_t *nonce, const char *info, uint8_t *ret_key)
{
	__attribute__((cleanup(own_kdf_p))) EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	__attribute__((cleanup(own_kctx_p))) EVP_KDF_CTX *c = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	/* OSSL_PARAM takes pointers without const, but only reads what these point to. */
	uint8_t ikm[TUNNEL_AUTH_KEY], salt[TUNNEL_AUTH_KEY];
	char sha[] = "SHA256", label[64];

	memcpy(ikm, shared, sizeof(ikm));
	memcpy(salt, nonce, sizeof(salt));
	snprintf(label, sizeof(label), "%s", info);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, sha, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, ikm, sizeof(ikm)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt, sizeof(salt)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, label, strlen(info)),
		OSSL_PARAM_construct_end(),
	};
	bool made = c && EVP_KDF_derive(c, ret_key, TUNNEL_AUTH_KEY, params) == 1;
	hush_wipe(ikm, sizeof(ikm));
	return made;
}

enum rc tunnel_auth_derive(
	const uint8_t *secret, const uint8_t *peer, const uint8_t *nonce, struct tunnel_auth_keys *ret)
{
	uint8_t shared[TUNNEL_AUTH_KEY];
	struct tunnel_auth_keys keys;
	enum rc rc = exchange(secret, peer, shared);

	if (rc == RC_OK && (!expand(shared, nonce, TUNNEL_AUTH_NAME " to agent", keys.to_agent) ||
				   !expand(shared, nonce, TUNNEL_AUTH_NAME " to control", keys.to_control)))
		rc = RC_NOMEM;
	if (rc == RC_OK)
		*ret = keys;
	hush_wipe(shared, sizeof(shared));
	hush_wipe(&keys, sizeof(keys));
	return rc;
}

void tunnel_auth_hex(const uint8_t *p, size_t n, char *ret)
{
	for (size_t i = 0; i < n; i++) {
		*ret++ = "0123456789abcdef"[p[i] >> 4];
		*ret++ = "0123456789abcdef"[p[i] & 15];
	}
	*ret = 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool tunnel_auth_of_hex(const char *s, uint8_t *ret, size_t n)
{
	if (!s || strlen(s) != 2 * n)
		return false;
	for (size_t i = 0; i < 2 * n; i++)
		if (digit(s[i]) < 0)
			return false;
	for (size_t i = 0; i < n; i++)
		ret[i] = (uint8_t)((unsigned)digit(s[2 * i]) << 4 | (unsigned)digit(s[2 * i + 1]));
	return true;
}
