/*
 * saml_sign: our signatures under what we send: in the XML (POST, metadata), or beside it in the query (redirect; SAML bindings
 * 3.4.4.1). RSA with SHA-256, which every identity provider reads. It takes milliseconds: not on the writer.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

struct evp_pkey_st;

/* Where in the XML the signature is to come: saml_sign_put writes a place for it, saml_sign_xml fills it. */
void saml_sign_put(struct buf *xml, const char *id, const char *certificate);

/* Signs the element whose place for a signature is in the text; *to gets the whole text with it. */
must_check enum rc saml_sign_xml(const struct buf *xml, struct evp_pkey_st *key, struct buf *to, struct fault *f);

/* Appends SigAlg and Signature to a query that has everything else. */
must_check enum rc saml_sign_query(struct buf *query, struct evp_pkey_st *key, struct fault *f);

/* Appends a text escaped for a query, NAME=VALUE with '&' before it unless `to` ends in '?' or '&' or is empty. */
void saml_sign_put_pair(struct buf *to, const char *name, const char *value);
