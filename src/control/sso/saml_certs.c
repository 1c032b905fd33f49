#include "control/sso/saml_certs.h"
#include "wire/base64.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

static X509 *read_x509(const char *base64)
{
	struct buf der = { 0 };
	X509 *x = NULL;

	if (base64_get(base64, strlen(base64), &der) && !der.bad && der.n > 0) {
		const unsigned char *at = der.p;
		x = d2i_X509(NULL, &at, (long)der.n);
		if (x && at != der.p + der.n) {
			X509_free(x);
			x = NULL;
		}
	}
	buf_done(&der);
	return x;
}

static bool is_strong(const EVP_PKEY *k)
{
	int bits = EVP_PKEY_get_bits(k);

	switch (EVP_PKEY_get_base_id(k)) {
	case EVP_PKEY_RSA:
		return bits >= SAML_RSA_BITS_MIN && bits <= SAML_RSA_BITS_MAX;
	case EVP_PKEY_EC:
		return bits >= 256;
	default:
		return false;
	}
}

static bool has(const struct saml_certs *c, const EVP_PKEY *k)
{
	for (size_t i = 0; i < c->n; i++)
		if (EVP_PKEY_eq(c->keys[i], k) == 1)
			return true;
	return false;
}

enum rc saml_certs_add(struct saml_certs *c, const char *base64, struct fault *f)
{
	X509 *x = read_x509(base64);
	EVP_PKEY *k = x ? X509_get_pubkey(x) : NULL;

	X509_free(x);
	if (!k)
		return fault_set(f, RC_INVALID, "a certificate cannot be read: it is to be X.509 in base64");
	if (!is_strong(k)) {
		EVP_PKEY_free(k);
		return fault_set(f, RC_INVALID,
			"a certificate's key is neither RSA of %d to %d bits nor of an elliptic curve of 256 bits "
			"and more",
			SAML_RSA_BITS_MIN, SAML_RSA_BITS_MAX);
	}
	if (has(c, k)) {
		EVP_PKEY_free(k);
		return RC_OK;
	}
	if (c->n == SAML_CERTS_MAX) {
		EVP_PKEY_free(k);
		return fault_set(f, RC_LIMIT, "more than %d certificates", SAML_CERTS_MAX);
	}
	c->keys[c->n++] = k;
	return RC_OK;
}

void saml_certs_done(struct saml_certs *c)
{
	for (size_t i = 0; i < c->n; i++)
		EVP_PKEY_free(c->keys[i]);
	*c = (struct saml_certs){ 0 };
}
