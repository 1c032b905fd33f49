/*
 * saml_guard: the shape that a SAML message must have before anything in it is believed, or even verified. What is refused
 * here can be no trick of a signature that covers another element than the one that is read: there is one assertion, at the
 * place that the schema gives it; each signature stands in the element it covers, names it as its only reference, and knows no
 * other transforms than the two that cannot hide anything. (SAML core 5.4, XML Signature; XSW 1 to 8.)
 *
 * It computes nothing and trusts nothing: saml_verify comes after it.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

struct _xmlDoc;
struct _xmlNode;

enum saml_guard_form {
	SAML_FORM_RESPONSE,  /* to an AuthnRequest: status first; exactly one Assertion or EncryptedAssertion */
	SAML_FORM_ASSERTION, /* one that was decrypted, or that a signature covered */
	SAML_FORM_LOGOUT_REQUEST,
	SAML_FORM_LOGOUT_RESPONSE,
	SAML_FORM_METADATA, /* an EntityDescriptor */
};

/* Where things are in the document; NULL: there is none. */
struct saml_guarded {
	struct _xmlNode *root, *root_signature;
	struct _xmlNode *assertion,
		*assertion_signature; /* of a form with an assertion; with SAML_FORM_ASSERTION the root */
	struct _xmlNode *encrypted;
};

/* RC_INVALID: not of this form. RC_DENIED: it is, and tells of a failure at the identity provider. */
must_check enum rc saml_guard(
	struct _xmlDoc *doc, enum saml_guard_form form, struct saml_guarded *ret, struct fault *f);
