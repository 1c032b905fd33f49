/* saml_xmlsec: what signing and verifying with xmlsec share. */
#pragma once

#include <stdbool.h>

struct _xmlNode;
struct _xmlSecKey;
struct evp_pkey_st;

/* xmlsec's own handle of an OpenSSL key, for one context; NULL: it does not take it. */
struct _xmlSecKey *saml_xmlsec_key(struct evp_pkey_st *k);

/* "#id" finds elements whose ID the document's table knows: this one alone is to be in it. */
bool saml_xmlsec_announce(struct _xmlNode *n);
