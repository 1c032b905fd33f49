/*
 * saml_verify: is this signature one of the identity provider's? Either in the XML (after saml_guard, which has seen to what
 * the signature may say), or beside it in the query (SAML bindings 3.4.4.1). RC_DENIED: it is not.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

struct _xmlNode;
struct saml_certs;

/*
 * Appends to *ret_covered the very bytes that the signature covers: the canonical form of its parent without the signature. Who
 * reads values reads them from there.
 */
must_check enum rc saml_verify(
	struct _xmlNode *signature, const struct saml_certs *certs, struct buf *ret_covered, struct fault *f);

/* `algorithm`: the URI of SigAlg. `text`: the part of the query that is signed, as it came. */
must_check enum rc saml_verify_query(const char *algorithm, const char *text, size_t n, const struct buf *signature,
	const struct saml_certs *certs, struct fault *f);
