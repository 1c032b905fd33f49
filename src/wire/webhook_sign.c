#include "wire/webhook_sign.h"
#include "wire/base64.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define SIG_MAX 64

static void own_pkey_p(EVP_PKEY **k) { EVP_PKEY_free(*k); }
static void own_mdctx_p(EVP_MD_CTX **c) { EVP_MD_CTX_free(*c); }

static void put_text(const struct webhook_sign_message *m, struct buf *to)
{
	buf_fmt(to, "%s.%" PRId64 ".", m->id, m->timestamp_s);
	buf_put(to, m->body, m->n);
}

enum rc webhook_sign_v1(
	const struct webhook_sign_message *m, const uint8_t key[static WEBHOOK_SIGN_KEY], struct buf *to)
{
	struct buf text = { 0 };
	uint8_t mac[SIG_MAX];
	unsigned n = sizeof(mac);

	put_text(m, &text);
	bool ok = !text.bad && HMAC(EVP_sha256(), key, WEBHOOK_SIGN_KEY, text.p, text.n, mac, &n);
	buf_done(&text);
	if (!ok)
		return RC_NOMEM;
	buf_str(to, "v1,");
	base64_put(to, mac, n);
	return to->bad ? RC_NOMEM : RC_OK;
}

enum rc webhook_sign_v1a(
	const struct webhook_sign_message *m, const uint8_t seed[static WEBHOOK_SIGN_KEY], struct buf *to)
{
	__attribute__((cleanup(own_pkey_p))) EVP_PKEY *k =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, WEBHOOK_SIGN_KEY);
	__attribute__((cleanup(own_mdctx_p))) EVP_MD_CTX *c = EVP_MD_CTX_new();
	struct buf text = { 0 };
	uint8_t sig[SIG_MAX];
	size_t n = sizeof(sig);

	put_text(m, &text);
	bool ok = k && c && !text.bad && EVP_DigestSignInit(c, NULL, NULL, NULL, k) == 1 &&
		  EVP_DigestSign(c, sig, &n, text.p, text.n) == 1;
	buf_done(&text);
	if (!ok)
		return RC_NOMEM;
	buf_str(to, "v1a,");
	base64_put(to, sig, n);
	return to->bad ? RC_NOMEM : RC_OK;
}

enum rc webhook_sign_secret(const uint8_t key[static WEBHOOK_SIGN_KEY], struct buf *to)
{
	buf_str(to, "whsec_");
	base64_put(to, key, WEBHOOK_SIGN_KEY);
	return to->bad ? RC_NOMEM : RC_OK;
}

enum rc webhook_sign_public(const uint8_t seed[static WEBHOOK_SIGN_KEY], struct buf *to)
{
	__attribute__((cleanup(own_pkey_p))) EVP_PKEY *k =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, WEBHOOK_SIGN_KEY);
	uint8_t public[WEBHOOK_SIGN_KEY];
	size_t n = sizeof(public);

	if (!k || EVP_PKEY_get_raw_public_key(k, public, &n) != 1)
		return RC_NOMEM;
	buf_str(to, "whpk_");
	base64_put(to, public, n);
	return to->bad ? RC_NOMEM : RC_OK;
}
