#include "wire/jwt_sign.h"
#include "wire/base64.h"
#include "wire/json.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <string.h>

#define SIGNATURE_MAX (JWK_RSA_MAX / 8)
#define HALF          32 /* of an ES256 signature */

/* OpenSSL writes ECDSA in DER; a token has the two numbers side by side (RFC 7518 section 3.4). */
static bool plain_of_der(uint8_t *signature, size_t *n)
{
	const uint8_t *at = signature;
	ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &at, (long)*n);
	uint8_t plain[2 * HALF];

	bool ok = s && BN_bn2binpad(ECDSA_SIG_get0_r(s), plain, HALF) == HALF &&
		  BN_bn2binpad(ECDSA_SIG_get0_s(s), plain + HALF, HALF) == HALF;
	ECDSA_SIG_free(s);
	if (ok)
		memcpy(signature, plain, *n = sizeof(plain));
	return ok;
}

static bool make(const struct jwk *key, const uint8_t *text, size_t n, uint8_t *to, size_t *to_n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const EVP_MD *md = key->alg == JWK_EDDSA ? NULL : EVP_sha256();

	*to_n = SIGNATURE_MAX;
	bool ok = ctx && EVP_DigestSignInit(ctx, NULL, md, NULL, key->key) == 1 &&
		  EVP_DigestSign(ctx, to, to_n, text, n) == 1;
	EVP_MD_CTX_free(ctx);
	return ok && (key->alg != JWK_ES256 || plain_of_der(to, to_n));
}

enum rc jwt_sign(const struct jwk *key, const char *typ, const char *claims, size_t claims_n, struct buf *to,
	struct fault *f)
{
	struct buf header = { 0 };
	uint8_t signature[SIGNATURE_MAX];
	size_t at = to->n, n = 0;

	if (!key->can_sign)
		return fault_set(f, RC_INVALID, "the key is a public one: it cannot sign");
	buf_fmt(&header, "{\"alg\":\"%s\"", jwk_alg_text(key->alg));
	if (typ) {
		buf_str(&header, ",\"typ\":");
		json_put_str(&header, typ);
	}
	if (*key->kid) {
		buf_str(&header, ",\"kid\":");
		json_put_str(&header, key->kid);
	}
	buf_str(&header, "}");
	to->bad |= header.bad;
	base64_put_url(to, header.p, header.n);
	buf_done(&header);
	buf_str(to, ".");
	base64_put_url(to, claims, claims_n);
	if (to->bad)
		return RC_NOMEM;
	if (!make(key, to->p + at, to->n - at, signature, &n))
		return fault_set(f, RC_INTERNAL, "the token cannot be signed");
	buf_str(to, ".");
	base64_put_url(to, signature, n);
	return to->bad ? RC_NOMEM : RC_OK;
}
