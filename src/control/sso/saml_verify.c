#include "control/sso/saml_verify.h"
#include "control/sso/saml_certs.h"
#include "control/sso/saml_xml.h"
#include "control/sso/saml_xmlsec.h"

#include <libxml/tree.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <string.h>
#include <xmlsec/crypto.h>
#include <xmlsec/keys.h>
#include <xmlsec/transforms.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>

/* --- in the XML */

/* The guard has refused others; xmlsec is told too. */
static bool allow(xmlSecDSigCtx *ctx)
{
	const xmlSecTransformId of_reference[] = { xmlSecTransformEnvelopedId, xmlSecTransformExclC14NId,
		xmlSecTransformSha256Id, xmlSecTransformSha384Id, xmlSecTransformSha512Id, NULL };
	const xmlSecTransformId of_signature[] = { xmlSecTransformExclC14NId, xmlSecTransformRsaSha256Id,
		xmlSecTransformRsaSha384Id, xmlSecTransformRsaSha512Id, xmlSecTransformEcdsaSha256Id,
		xmlSecTransformEcdsaSha384Id, xmlSecTransformEcdsaSha512Id, NULL };
	int bad = 0;

	ctx->enabledReferenceUris = xmlSecTransformUriTypeSameDocument;
	ctx->flags |= XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES;
	for (const xmlSecTransformId *t = of_reference; *t; t++)
		bad |= xmlSecDSigCtxEnableReferenceTransform(ctx, *t);
	for (const xmlSecTransformId *t = of_signature; *t; t++)
		bad |= xmlSecDSigCtxEnableSignatureTransform(ctx, *t);
	return bad == 0;
}

/* The bytes whose digest stood in the signature. */
static bool take_covered(xmlSecDSigCtx *ctx, struct buf *to)
{
	if (xmlSecPtrListGetSize(&ctx->signedInfoReferences) != 1)
		return false;
	xmlSecDSigReferenceCtx *r = xmlSecPtrListGetItem(&ctx->signedInfoReferences, 0);
	if (!r || r->status != xmlSecDSigStatusSucceeded)
		return false;
	xmlSecBuffer *bytes = xmlSecDSigReferenceCtxGetPreDigestBuffer(r);
	if (!bytes || xmlSecBufferGetSize(bytes) == 0)
		return false;
	buf_put(to, xmlSecBufferGetData(bytes), xmlSecBufferGetSize(bytes));
	return !to->bad;
}

static bool verifies(xmlNode *signature, EVP_PKEY *k, struct buf *ret_covered)
{
	xmlSecDSigCtx *ctx = xmlSecDSigCtxCreate(NULL); /* without a manager of keys: there is this one */
	bool good = false;

	if (ctx && allow(ctx) && (ctx->signKey = saml_xmlsec_key(k)) != NULL)
		good = xmlSecDSigCtxVerify(ctx, signature) == 0 && ctx->status == xmlSecDSigStatusSucceeded &&
		       take_covered(ctx, ret_covered);
	if (ctx)
		xmlSecDSigCtxDestroy(ctx);
	return good;
}

enum rc saml_verify(
	struct _xmlNode *signature, const struct saml_certs *certs, struct buf *ret_covered, struct fault *f)
{
	if (!saml_xmlsec_announce(signature->parent))
		return fault_set(f, RC_INVALID, "the signed element has no ID of its own");
	for (size_t i = 0; i < certs->n; i++)
		if (verifies(signature, certs->keys[i], ret_covered))
			return RC_OK;
	return fault_set(f, RC_DENIED,
		"a signature is not by a key of the identity provider's metadata, or what it covers was changed");
}

/* --- in the query */

static const struct algorithm {
	const char *uri;
	int type;
	const EVP_MD *(*digest)(void);
} algorithms[] = {
	{ "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", EVP_PKEY_RSA, EVP_sha256 },
	{ "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", EVP_PKEY_RSA, EVP_sha384 },
	{ "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", EVP_PKEY_RSA, EVP_sha512 },
	{ "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", EVP_PKEY_EC, EVP_sha256 },
	{ "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", EVP_PKEY_EC, EVP_sha384 },
	{ "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", EVP_PKEY_EC, EVP_sha512 },
};

static const struct algorithm *algorithm_of(const char *uri)
{
	for (size_t i = 0; uri && i < sizeof(algorithms) / sizeof(*algorithms); i++)
		if (!strcmp(algorithms[i].uri, uri))
			return &algorithms[i];
	return NULL;
}

static bool query_verifies(
	const struct algorithm *a, EVP_PKEY *k, const char *text, size_t n, const struct buf *signature)
{
	EVP_MD_CTX *ctx = EVP_PKEY_get_base_id(k) == a->type ? EVP_MD_CTX_new() : NULL;
	bool good = ctx && EVP_DigestVerifyInit(ctx, NULL, a->digest(), NULL, k) == 1 &&
		    EVP_DigestVerify(ctx, signature->p, signature->n, (const unsigned char *)text, n) == 1;
	EVP_MD_CTX_free(ctx);
	return good;
}

/* XML Signature writes an ECDSA signature as r and s, OpenSSL reads DER. */
static bool ecdsa_der(const struct buf *raw, struct buf *der)
{
	ECDSA_SIG *sig = raw->n > 0 && raw->n <= 132 && raw->n % 2 == 0 ? ECDSA_SIG_new() : NULL;
	int half = (int)(raw->n / 2);
	unsigned char *p = NULL;

	if (!sig)
		return false;
	BIGNUM *r = BN_bin2bn(raw->p, half, NULL), *s = BN_bin2bn(raw->p + half, half, NULL);
	if (!r || !s || ECDSA_SIG_set0(sig, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		ECDSA_SIG_free(sig);
		return false;
	}
	int n = i2d_ECDSA_SIG(sig, &p);
	if (n > 0)
		buf_put(der, p, (size_t)n);
	OPENSSL_free(p);
	ECDSA_SIG_free(sig);
	return n > 0 && !der->bad;
}

enum rc saml_verify_query(const char *algorithm, const char *text, size_t n, const struct buf *signature,
	const struct saml_certs *certs, struct fault *f)
{
	const struct algorithm *a = algorithm_of(algorithm);
	struct buf der = { 0 };
	bool good = false;

	if (!a)
		return fault_set(f, RC_INVALID, "SigAlg is not RSA or ECDSA with SHA-256 or better");
	bool ec = a->type == EVP_PKEY_EC && ecdsa_der(signature, &der);
	for (size_t i = 0; i < certs->n && !good; i++)
		good = query_verifies(a, certs->keys[i], text, n, signature) ||
		       (ec && query_verifies(a, certs->keys[i], text, n, &der));
	buf_done(&der);
	return good ? RC_OK
		    : fault_set(f, RC_DENIED,
			      "the signature of the query is not by a key of the identity provider's metadata, or "
			      "the query was changed");
}
