#include "control/sso/saml_sign.h"
#include "control/sso/saml_xml.h"
#include "control/sso/saml_xmlsec.h"
#include "wire/base64.h"

#include <ctype.h>
#include <libxml/tree.h>
#include <openssl/evp.h>
#include <string.h>
#include <xmlsec/crypto.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>

#define RSA_SHA256 "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
#define EXC_C14N   "http://www.w3.org/2001/10/xml-exc-c14n#"

void saml_sign_put(struct buf *xml, const char *id, const char *certificate)
{
	buf_fmt(xml,
		"<ds:Signature xmlns:ds=\"" SAML_NS_DSIG "\"><ds:SignedInfo>"
		"<ds:CanonicalizationMethod Algorithm=\"" EXC_C14N "\"/>"
		"<ds:SignatureMethod Algorithm=\"" RSA_SHA256 "\"/><ds:Reference URI=\"#%s\"><ds:Transforms>"
		"<ds:Transform Algorithm=\"" SAML_NS_DSIG "enveloped-signature\"/>"
		"<ds:Transform Algorithm=\"" EXC_C14N "\"/></ds:Transforms>"
		"<ds:DigestMethod Algorithm=\"" SAML_NS_XENC "sha256\"/><ds:DigestValue/></ds:Reference>"
		"</ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo><ds:X509Data><ds:X509Certificate>%s"
		"</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
		id, certificate);
}

static bool sign_at(xmlNode *signature, EVP_PKEY *k)
{
	xmlSecDSigCtx *ctx = xmlSecDSigCtxCreate(NULL);
	bool good = false;

	if (ctx && (ctx->signKey = saml_xmlsec_key(k)) != NULL)
		good = xmlSecDSigCtxSign(ctx, signature) == 0 && ctx->status == xmlSecDSigStatusSucceeded;
	if (ctx)
		xmlSecDSigCtxDestroy(ctx);
	return good;
}

enum rc saml_sign_xml(const struct buf *xml, struct evp_pkey_st *key, struct buf *to, struct fault *f)
{
	auto_saml_doc xmlDoc *doc = NULL;
	xmlChar *text = NULL;
	int n = 0;

	enum rc rc = xml->bad ? RC_NOMEM : saml_xml_read(xml->p, xml->n, SAML_XML_MESSAGE, &doc, f);
	if (rc != RC_OK)
		return rc;
	xmlNode *root = saml_xml_root(doc), *signature = saml_xml_child(root, SAML_NS_DSIG, "Signature");
	if (!signature || !saml_xmlsec_announce(root) || !sign_at(signature, key))
		return fault_set(f, RC_INTERNAL, "a SAML message could not be signed");
	xmlDocDumpMemory(doc, &text, &n);
	if (text)
		buf_put(to, text, (size_t)n);
	xmlFree(text);
	return text && !to->bad ? RC_OK : RC_NOMEM;
}

/* --- the query */

static void put_escaped(struct buf *to, const char *s)
{
	for (; *s; s++)
		if (isalnum((unsigned char)*s) || strchr("-._~", *s))
			buf_u8(to, (uint8_t)*s);
		else
			buf_fmt(to, "%%%02X", (unsigned char)*s);
}

void saml_sign_put_pair(struct buf *to, const char *name, const char *value)
{
	if (to->n > 0 && to->p[to->n - 1] != '?' && to->p[to->n - 1] != '&')
		buf_u8(to, '&');
	buf_str(to, name);
	buf_u8(to, '=');
	put_escaped(to, value);
}

static bool sign_bytes(const struct buf *text, EVP_PKEY *k, struct buf *to)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = 0;

	bool good = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, k) == 1 &&
		    EVP_DigestSign(ctx, NULL, &n, text->p, text->n) == 1;
	uint8_t *at = good ? buf_room(to, n) : NULL;
	good = at && EVP_DigestSign(ctx, at, &n, text->p, text->n) == 1;
	if (good)
		to->n += n;
	EVP_MD_CTX_free(ctx);
	return good;
}

enum rc saml_sign_query(struct buf *query, struct evp_pkey_st *key, struct fault *f)
{
	struct buf signature = { 0 }, text = { 0 };
	enum rc rc = RC_OK;

	saml_sign_put_pair(query, "SigAlg", RSA_SHA256);
	if (query->bad)
		return RC_NOMEM;
	if (!sign_bytes(query, key, &signature))
		rc = fault_set(f, RC_INTERNAL, "a SAML query could not be signed");
	base64_put(&text, signature.p, signature.n);
	if (rc == RC_OK)
		saml_sign_put_pair(query, "Signature", buf_text(&text));
	if (rc == RC_OK && (query->bad || text.bad))
		rc = RC_NOMEM;
	buf_done(&signature);
	buf_done(&text);
	return rc;
}
