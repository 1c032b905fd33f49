#include "wire/jwk.h"
#include "wire/base64.h"
#include "wire/json.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#define COORDINATE 32

static const char *const names[JWK_ALGS] = { "EdDSA", "ES256", "RS256" };

static void own_pkey_p(EVP_PKEY **k) { EVP_PKEY_free(*k); }
#define auto_pkey __attribute__((cleanup(own_pkey_p)))

void jwk_done(struct jwk *k)
{
	EVP_PKEY_free(k->key);
	*k = (struct jwk){ 0 };
}

void jwk_set_done(struct jwk_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		jwk_done(&s->at[i]);
	free(s->at);
	*s = (struct jwk_set){ 0 };
}

const char *jwk_alg_text(enum jwk_alg a) { return names[a]; }

bool jwk_alg_of(const char *text, enum jwk_alg *ret)
{
	for (size_t i = 0; text && i < JWK_ALGS; i++)
		if (!strcmp(text, names[i])) {
			*ret = (enum jwk_alg)i;
			return true;
		}
	if (text && !strcmp(text, "Ed25519")) {
		*ret = JWK_EDDSA;
		return true;
	}
	return false;
}

/* Its type says how it signs. */
static bool alg_of_key(const EVP_PKEY *k, enum jwk_alg *ret)
{
	char group[32] = "";
	int bits = EVP_PKEY_get_bits(k);

	switch (EVP_PKEY_get_base_id(k)) {
	case EVP_PKEY_ED25519:
		*ret = JWK_EDDSA;
		return true;
	case EVP_PKEY_EC:
		*ret = JWK_ES256;
		return EVP_PKEY_get_group_name(k, group, sizeof(group), NULL) == 1 && !strcmp(group, "prime256v1");
	case EVP_PKEY_RSA:
		*ret = JWK_RS256;
		return bits >= JWK_RSA_MIN && bits <= JWK_RSA_MAX;
	default:
		return false;
	}
}

/* Takes the key over, on success. */
static enum rc finish(EVP_PKEY **key, const char *kid, bool can_sign, struct jwk *ret)
{
	struct jwk k = { .key = *key, .can_sign = can_sign };
	char thumb[JWK_THUMB_MAX];

	if (!alg_of_key(k.key, &k.alg) || (kid && strlen(kid) > JWK_KID_MAX))
		return RC_INVALID;
	if (!kid && jwk_thumbprint(&k, thumb) != RC_OK)
		return RC_NOMEM;
	snprintf(k.kid, sizeof(k.kid), "%s", kid ? kid : thumb);
	*key = NULL;
	*ret = k;
	return RC_OK;
}

enum rc jwk_ed25519(const uint8_t seed[static 32], const char *kid, struct jwk *ret)
{
	auto_pkey EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);

	return k ? finish(&k, kid, true, ret) : RC_NOMEM;
}

/* A key with a passphrase is refused: nobody is there to type it. */
static int no_passphrase(
	char *to, int n, int writing, void *ctx) /* NOLINT(readability-non-const-parameter): the library's type */
{
	(void)to, (void)n, (void)writing, (void)ctx;
	return -1;
}

enum rc jwk_of_pem(const char *pem, size_t n, const char *kid, struct jwk *ret, struct fault *f)
{
	BIO *bio = n <= JWK_SET_BYTES ? BIO_new_mem_buf(pem, (int)n) : NULL;
	auto_pkey EVP_PKEY *k = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	bool can_sign = k;

	if (bio && !k) {
		(void)BIO_reset(bio);
		k = PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
	}
	BIO_free(bio);
	enum rc rc = k ? finish(&k, kid, can_sign, ret) : RC_INVALID;
	if (rc == RC_INVALID)
		return fault_set(f, rc,
			"not a key for signatures in PEM: Ed25519, P-256 or RSA of %d to %d bits, without a "
			"passphrase",
			JWK_RSA_MIN, JWK_RSA_MAX);
	return rc;
}

/* --- writing */

static void put_bytes(struct buf *to, const char *name, const uint8_t *p, size_t n)
{
	buf_fmt(to, "\"%s\":\"", name);
	base64_put_url(to, p, n);
	buf_str(to, "\"");
}

/* A number of the key, big endian; `width` 0: as short as it is. */
static void put_number(struct buf *to, const struct jwk *k, const char *param, const char *name, int width)
{
	BIGNUM *v = NULL;
	uint8_t bytes[JWK_RSA_MAX / 8];

	if (EVP_PKEY_get_bn_param(k->key, param, &v) != 1 || BN_num_bytes(v) > (int)sizeof(bytes)) {
		BN_free(v);
		to->bad = true;
		return;
	}
	int n = width ? BN_bn2binpad(v, bytes, width) : BN_bn2bin(v, bytes);
	BN_free(v);
	if (n < 0)
		to->bad = true;
	else
		put_bytes(to, name, bytes, (size_t)n);
}

/* The members that make the key, in the order of RFC 7638. */
static void put_members(const struct jwk *k, struct buf *to)
{
	uint8_t raw[COORDINATE];
	size_t n = sizeof(raw);

	if (k->alg == JWK_RS256) {
		put_number(to, k, OSSL_PKEY_PARAM_RSA_E, "e", 0);
		buf_str(to, ",\"kty\":\"RSA\",");
		put_number(to, k, OSSL_PKEY_PARAM_RSA_N, "n", 0);
	} else if (k->alg == JWK_ES256) {
		buf_str(to, "\"crv\":\"P-256\",\"kty\":\"EC\",");
		put_number(to, k, OSSL_PKEY_PARAM_EC_PUB_X, "x", COORDINATE);
		buf_str(to, ",");
		put_number(to, k, OSSL_PKEY_PARAM_EC_PUB_Y, "y", COORDINATE);
	} else {
		buf_str(to, "\"crv\":\"Ed25519\",\"kty\":\"OKP\",");
		if (EVP_PKEY_get_raw_public_key(k->key, raw, &n) == 1 && n == COORDINATE)
			put_bytes(to, "x", raw, n);
		else
			to->bad = true;
	}
}

void jwk_write(const struct jwk *k, struct buf *to)
{
	buf_str(to, "{");
	put_members(k, to);
	buf_fmt(to, ",\"alg\":\"%s\",\"use\":\"sig\"", jwk_alg_text(k->alg));
	if (*k->kid) {
		buf_str(to, ",\"kid\":");
		json_put_str(to, k->kid);
	}
	buf_str(to, "}");
}

void jwk_set_write(const struct jwk *at, size_t n, struct buf *to)
{
	buf_str(to, "{\"keys\":[");
	for (size_t i = 0; i < n; i++) {
		buf_str(to, i ? "," : "");
		jwk_write(&at[i], to);
	}
	buf_str(to, "]}");
}

enum rc jwk_thumbprint(const struct jwk *k, char ret[static JWK_THUMB_MAX])
{
	struct buf members = { 0 }, text = { 0 };
	uint8_t sum[SHA256_DIGEST_LENGTH];
	size_t n = 0;

	buf_str(&members, "{");
	put_members(k, &members);
	buf_str(&members, "}");
	bool ok = !members.bad && EVP_Q_digest(NULL, "SHA256", NULL, members.p, members.n, sum, &n) == 1;
	if (ok)
		base64_put_url(&text, sum, sizeof(sum));
	ok = ok && !text.bad;
	if (ok)
		snprintf(ret, JWK_THUMB_MAX, "%s", buf_text(&text));
	buf_done(&members);
	buf_done(&text);
	return ok ? RC_OK : RC_NOMEM;
}
