#include "wire/base64.h"
#include "wire/json.h"
#include "wire/jwk.h"

#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdio.h>
#include <string.h>

#define COORDINATE   32
#define EXPONENT_MAX 4 /* bytes: larger ones only cost time */

static void own_pkey_p(EVP_PKEY **k) { EVP_PKEY_free(*k); }
#define auto_pkey __attribute__((cleanup(own_pkey_p)))

static const char *text_of(const json_t *in, const char *name)
{
	const json_t *v = json_object_get(in, name);
	return json_is_string(v) && strlen(json_string_value(v)) == json_string_length(v) ? json_string_value(v)
											  : NULL;
}

/* A member in base64url, of `min` to `max` bytes. */
static bool bytes_of(const json_t *in, const char *name, size_t min, size_t max, struct buf *to)
{
	const char *text = text_of(in, name);
	return text && strlen(text) <= 2 * JWK_RSA_MAX / 8 && base64_get_url_exact(text, strlen(text), to) &&
	       !to->bad && to->n >= min && to->n <= max;
}

static EVP_PKEY *of_params(const char *type, OSSL_PARAM_BLD *b)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *k = NULL;

	bool ok = params && ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
		  EVP_PKEY_fromdata(ctx, &k, EVP_PKEY_PUBLIC_KEY, params) == 1;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	if (ok)
		return k;
	EVP_PKEY_free(k);
	return NULL;
}

static bool is_whole(EVP_PKEY *k)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k, NULL);
	bool ok = ctx && EVP_PKEY_public_check(ctx) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static EVP_PKEY *read_okp(const json_t *in)
{
	struct buf x = { 0 };
	const char *crv = text_of(in, "crv");

	EVP_PKEY *k = crv && !strcmp(crv, "Ed25519") && bytes_of(in, "x", COORDINATE, COORDINATE, &x)
			      ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x.p, x.n)
			      : NULL;
	buf_done(&x);
	return k;
}

static EVP_PKEY *read_ec(const json_t *in)
{
	struct buf x = { 0 }, y = { 0 };
	uint8_t point[1 + 2 * COORDINATE] = { 4 };
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	const char *crv = text_of(in, "crv");
	EVP_PKEY *k = NULL;

	if (b && crv && !strcmp(crv, "P-256") && bytes_of(in, "x", COORDINATE, COORDINATE, &x) &&
		bytes_of(in, "y", COORDINATE, COORDINATE, &y)) {
		memcpy(point + 1, x.p, COORDINATE);
		memcpy(point + 1 + COORDINATE, y.p, COORDINATE);
		if (OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
			OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) == 1)
			k = of_params("EC", b);
	}
	OSSL_PARAM_BLD_free(b);
	buf_done(&x);
	buf_done(&y);
	if (k && is_whole(k))
		return k;
	EVP_PKEY_free(k);
	return NULL;
}

static EVP_PKEY *read_rsa(const json_t *in)
{
	struct buf n = { 0 }, e = { 0 };
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	EVP_PKEY *k = NULL;

	if (b && bytes_of(in, "n", JWK_RSA_MIN / 8, JWK_RSA_MAX / 8, &n) &&
		bytes_of(in, "e", 1, EXPONENT_MAX, &e) && (n.p[n.n - 1] & 1) && (e.p[e.n - 1] & 1) &&
		(e.n > 1 || e.p[0] > 1)) {
		BIGNUM *bn = BN_bin2bn(n.p, (int)n.n, NULL), *be = BN_bin2bn(e.p, (int)e.n, NULL);
		if (bn && be && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, bn) == 1 &&
			OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, be) == 1)
			k = of_params("RSA", b);
		BN_free(bn);
		BN_free(be);
	}
	OSSL_PARAM_BLD_free(b);
	buf_done(&n);
	buf_done(&e);
	if (k && EVP_PKEY_get_bits(k) >= JWK_RSA_MIN && EVP_PKEY_get_bits(k) <= JWK_RSA_MAX)
		return k;
	EVP_PKEY_free(k);
	return NULL;
}

/* Is it for checking signatures, as far as it says? */
static bool is_for_signatures(const json_t *in)
{
	const json_t *use = json_object_get(in, "use"), *ops = json_object_get(in, "key_ops"), *op;
	bool verifies = !ops;
	size_t i;

	if (use && (!json_is_string(use) || strcmp(json_string_value(use), "sig") != 0))
		return false;
	json_array_foreach(ops, i, op) verifies |= json_is_string(op) && !strcmp(json_string_value(op), "verify");
	return verifies;
}

enum rc jwk_read(const struct json_t *in, struct jwk *ret, struct fault *f)
{
	const char *kty = text_of(in, "kty"), *alg = text_of(in, "alg"), *kid = text_of(in, "kid");
	struct jwk k = { 0 };
	auto_pkey EVP_PKEY *key = NULL;
	enum jwk_alg said;

	if (!kty || !is_for_signatures(in) || (!kid && json_object_get(in, "kid")) ||
		(!alg && json_object_get(in, "alg")) || (kid && strlen(kid) > JWK_KID_MAX))
		return fault_set(f, RC_INVALID, "not a key for signatures");
	if (!strcmp(kty, "OKP")) {
		k.alg = JWK_EDDSA;
		key = read_okp(in);
	} else if (!strcmp(kty, "EC")) {
		k.alg = JWK_ES256;
		key = read_ec(in);
	} else if (!strcmp(kty, "RSA")) {
		k.alg = JWK_RS256;
		key = read_rsa(in);
	}
	if (!key)
		return fault_set(f, RC_INVALID,
			"the key is not a whole one of Ed25519, P-256 or RSA with %d to %d bits", JWK_RSA_MIN,
			JWK_RSA_MAX);
	if (alg && (!jwk_alg_of(alg, &said) || said != k.alg))
		return fault_set(f, RC_INVALID, "the key says that it is for another algorithm than its type's");
	k.key = take(key);
	snprintf(k.kid, sizeof(k.kid), "%s", kid ? kid : "");
	*ret = k;
	return RC_OK;
}

enum rc jwk_read_set(const char *text, size_t n, struct jwk_set *ret, struct fault *f)
{
	auto_json struct json_t *j = NULL;
	struct jwk_set s = { 0 };
	const json_t *one;
	size_t i;

	if (n > JWK_SET_BYTES)
		return fault_set(f, RC_TOO_LARGE, "the key set has more than %d bytes", JWK_SET_BYTES);
	enum rc rc = json_read(text, n, &j, f);
	if (rc != RC_OK)
		return rc;
	const json_t *keys = json_object_get(j, "keys");
	if (!json_is_array(keys))
		return fault_set(f, RC_MALFORMED, "not a key set: it has no list \"keys\"");
	if (json_array_size(keys) > JWK_SET_MAX)
		return fault_set(f, RC_TOO_LARGE, "the key set has more than %d keys", JWK_SET_MAX);
	s.at = calloc(json_array_size(keys) + 1, sizeof(*s.at));
	if (!s.at)
		return RC_NOMEM;
	json_array_foreach(keys, i, one) if (jwk_read(one, &s.at[s.n], NULL) == RC_OK) s.n++;
	*ret = s;
	return RC_OK;
}
