#include "control/sso/saml_xmlsec.h"
#include "control/sso/saml_xml.h"

#include <libxml/tree.h>
#include <libxml/valid.h>
#include <openssl/evp.h>
#include <xmlsec/keys.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/xmlsec.h>

struct _xmlSecKey *saml_xmlsec_key(struct evp_pkey_st *k)
{
	xmlSecKey *key = xmlSecKeyCreate();

	if (!key || EVP_PKEY_up_ref(k) != 1) {
		xmlSecKeyDestroy(key);
		return NULL;
	}
	xmlSecKeyDataPtr value = xmlSecOpenSSLEvpKeyAdopt(k);
	if (!value) {
		EVP_PKEY_free(k);
		xmlSecKeyDestroy(key);
		return NULL;
	}
	if (xmlSecKeySetValue(key, value) < 0) {
		xmlSecKeyDataDestroy(value);
		xmlSecKeyDestroy(key);
		return NULL;
	}
	return key;
}

bool saml_xmlsec_announce(struct _xmlNode *n)
{
	xmlAttr *a = xmlHasProp(n, BAD_CAST "ID");
	const char *id = saml_xml_attr(n, "ID");

	if (!a || !id)
		return false;
	xmlAttr *known = xmlGetID(n->doc, BAD_CAST id);
	return known ? known == a : xmlAddID(NULL, n->doc, BAD_CAST id, a) != NULL;
}
