#include "control/sso/saml_guard.h"
#include "control/sso/saml_xml.h"

#include <libxml/tree.h>
#include <string.h>
#include <strings.h>

#define EXC_C14N  "http://www.w3.org/2001/10/xml-exc-c14n#"
#define ENVELOPED "http://www.w3.org/2000/09/xmldsig#enveloped-signature"

static const char *const signature_algorithms[] = { "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", NULL };
static const char *const digest_algorithms[] = { "http://www.w3.org/2001/04/xmlenc#sha256",
	"http://www.w3.org/2001/04/xmldsig-more#sha384", "http://www.w3.org/2001/04/xmlenc#sha512", NULL };

/* The children that may come, in this order. */
struct seat {
	const char *ns, *name;
	bool needed, many;
};

static const struct seat response_seats[] = {
	{ SAML_NS_ASSERTION, "Issuer", false, false },
	{ SAML_NS_DSIG, "Signature", false, false },
	{ SAML_NS_PROTOCOL, "Extensions", false, false },
	{ SAML_NS_PROTOCOL, "Status", true, false },
	{ SAML_NS_ASSERTION, "Assertion", false, false },
	{ SAML_NS_ASSERTION, "EncryptedAssertion", false, false },
	{ 0 },
};
static const struct seat assertion_seats[] = {
	{ SAML_NS_ASSERTION, "Issuer", true, false },
	{ SAML_NS_DSIG, "Signature", false, false },
	{ SAML_NS_ASSERTION, "Subject", true, false },
	{ SAML_NS_ASSERTION, "Conditions", true, false },
	{ SAML_NS_ASSERTION, "Advice", false, false },
	{ SAML_NS_ASSERTION, "AuthnStatement", false, true },
	{ SAML_NS_ASSERTION, "AuthzDecisionStatement", false, true },
	{ SAML_NS_ASSERTION, "AttributeStatement", false, true },
	{ 0 },
};
static const struct seat logout_request_seats[] = {
	{ SAML_NS_ASSERTION, "Issuer", true, false },
	{ SAML_NS_DSIG, "Signature", false, false },
	{ SAML_NS_PROTOCOL, "Extensions", false, false },
	{ SAML_NS_ASSERTION, "NameID", true, false },
	{ SAML_NS_PROTOCOL, "SessionIndex", false, true },
	{ 0 },
};
static const struct seat logout_response_seats[] = {
	{ SAML_NS_ASSERTION, "Issuer", true, false },
	{ SAML_NS_DSIG, "Signature", false, false },
	{ SAML_NS_PROTOCOL, "Extensions", false, false },
	{ SAML_NS_PROTOCOL, "Status", true, false },
	{ 0 },
};

static const struct form {
	const char *ns, *name, *what;
	const struct seat *seats; /* NULL: any children */
} forms[] = {
	[SAML_FORM_RESPONSE] = { SAML_NS_PROTOCOL, "Response", "a SAML response", response_seats },
	[SAML_FORM_ASSERTION] = { SAML_NS_ASSERTION, "Assertion", "a SAML assertion", assertion_seats },
	[SAML_FORM_LOGOUT_REQUEST] = { SAML_NS_PROTOCOL, "LogoutRequest", "a SAML logout request",
		logout_request_seats },
	[SAML_FORM_LOGOUT_RESPONSE] = { SAML_NS_PROTOCOL, "LogoutResponse", "a SAML logout response",
		logout_response_seats },
	[SAML_FORM_METADATA] = { SAML_NS_METADATA, "EntityDescriptor", "the metadata of one SAML entity", NULL },
};

static enum rc check_seats(const xmlNode *at, const struct seat *s, struct fault *f)
{
	const xmlNode *c = saml_xml_first(at);

	for (; s->name; s++) {
		if (!saml_xml_is(c, s->ns, s->name)) {
			if (s->needed)
				return fault_set(f, RC_INVALID, "%s has no %s at its place", (const char *)at->name,
					s->name);
			continue;
		}
		do
			c = saml_xml_next(c);
		while (s->many && saml_xml_is(c, s->ns, s->name));
	}
	return c ? fault_set(f, RC_INVALID, "%s holds an element that is not expected, or not at that place",
			   (const char *)at->name)
		 : RC_OK;
}

/* --- a signature */

static bool has_algorithm(const xmlNode *n, const char *const *any)
{
	const char *is = saml_xml_attr(n, "Algorithm");

	for (; is && *any; any++)
		if (!strcmp(is, *any))
			return true;
	return false;
}

/* Exclusive canonical XML, with nothing in it but the prefixes it is to treat otherwise. */
static bool is_exc_c14n(const xmlNode *n)
{
	static const char *const exc[] = { EXC_C14N, NULL };
	const xmlNode *c = saml_xml_first(n);

	return has_algorithm(n, exc) &&
	       (!c || (saml_xml_is(c, EXC_C14N, "InclusiveNamespaces") && !saml_xml_next(c) && !saml_xml_first(c)));
}

static bool is_enveloped(const xmlNode *n)
{
	static const char *const enveloped[] = { ENVELOPED, NULL };
	return has_algorithm(n, enveloped) && !saml_xml_first(n);
}

static bool has_two_transforms(const xmlNode *reference)
{
	const xmlNode *list = saml_xml_only(reference, SAML_NS_DSIG, "Transforms");
	const xmlNode *one = saml_xml_first(list), *two = saml_xml_next(one);

	return saml_xml_is(one, SAML_NS_DSIG, "Transform") && saml_xml_is(two, SAML_NS_DSIG, "Transform") &&
	       !saml_xml_next(two) && is_enveloped(one) && is_exc_c14n(two);
}

static bool refers_to_parent(const xmlNode *reference, const xmlNode *parent)
{
	const char *uri = saml_xml_attr(reference, "URI"), *id = saml_xml_attr(parent, "ID");
	return uri && id && *uri == '#' && *id && !strcmp(uri + 1, id);
}

static enum rc check_reference(const xmlNode *r, const xmlNode *parent, struct fault *f)
{
	static const struct seat seats[] = { { SAML_NS_DSIG, "Transforms", true, false },
		{ SAML_NS_DSIG, "DigestMethod", true, false }, { SAML_NS_DSIG, "DigestValue", true, false },
		{ 0 } };
	enum rc rc = check_seats(r, seats, f);

	if (rc != RC_OK)
		return rc;
	if (!refers_to_parent(r, parent))
		return fault_set(f, RC_INVALID, "a signature covers another element than the one it stands in");
	if (!has_two_transforms(r))
		return fault_set(f, RC_INVALID,
			"a signature has other transforms than enveloped-signature and exclusive canonical XML");
	const xmlNode *digest = saml_xml_child(r, SAML_NS_DSIG, "DigestMethod");
	if (!has_algorithm(digest, digest_algorithms) || saml_xml_first(digest))
		return fault_set(f, RC_INVALID, "a signature's digest is not SHA-256, SHA-384 or SHA-512");
	return RC_OK;
}

static enum rc check_signature(const xmlNode *s, const xmlNode *parent, struct fault *f)
{
	static const struct seat seats[] = { { SAML_NS_DSIG, "SignedInfo", true, false },
		{ SAML_NS_DSIG, "SignatureValue", true, false }, { SAML_NS_DSIG, "KeyInfo", false, false }, { 0 } };
	static const struct seat info_seats[] = { { SAML_NS_DSIG, "CanonicalizationMethod", true, false },
		{ SAML_NS_DSIG, "SignatureMethod", true, false }, { SAML_NS_DSIG, "Reference", true, false },
		{ 0 } };
	const xmlNode *info = saml_xml_first(s);

	enum rc rc = check_seats(s, seats, f);
	if (rc == RC_OK)
		rc = check_seats(info, info_seats, f);
	if (rc != RC_OK)
		return rc;
	if (!is_exc_c14n(saml_xml_first(info)))
		return fault_set(f, RC_INVALID, "a signature's canonicalization is not exclusive canonical XML");
	const xmlNode *method = saml_xml_child(info, SAML_NS_DSIG, "SignatureMethod");
	if (!has_algorithm(method, signature_algorithms) || saml_xml_first(method))
		return fault_set(
			f, RC_INVALID, "a signature's algorithm is not RSA or ECDSA with SHA-256 or better");
	return check_reference(saml_xml_child(info, SAML_NS_DSIG, "Reference"), parent, f);
}

/* --- the whole document */

struct census {
	enum saml_guard_form form;
	struct saml_guarded at;
	struct fault *f;
};

static bool is_called(const xmlNode *n, const char *name) { return !strcasecmp((const char *)n->name, name); }

/* The transforms, the inclusions and the stylesheets of XML are found nowhere in a SAML message. */
static bool is_foreign(const xmlNode *n)
{
	static const char *const ns[] = { "http://www.w3.org/2001/XInclude", "http://www.w3.org/2003/XInclude",
		"http://www.w3.org/1999/XSL/Transform", "http://www.w3.org/2002/06/xmldsig-filter2", NULL };

	for (const char *const *s = ns; n->ns && n->ns->href && *s; s++)
		if (!strcmp((const char *)n->ns->href, *s))
			return true;
	return false;
}

static enum rc see_assertion(struct census *c, xmlNode *n)
{
	bool plain = is_called(n, "Assertion");
	bool placed = c->form == SAML_FORM_RESPONSE             ? n->parent == c->at.root
		      : c->form == SAML_FORM_ASSERTION && plain ? n == c->at.root
								: false;

	if (!placed || !saml_xml_is(n, SAML_NS_ASSERTION, plain ? "Assertion" : "EncryptedAssertion"))
		return fault_set(c->f, RC_INVALID, "the document has an assertion at a place where none may be");
	if (c->at.assertion || c->at.encrypted)
		return fault_set(c->f, RC_INVALID, "the document has more than one assertion");
	if (plain)
		c->at.assertion = n;
	else
		c->at.encrypted = n;
	return RC_OK;
}

static enum rc see_signature(struct census *c, xmlNode *n)
{
	bool of_root = n->parent == c->at.root, of_assertion = c->at.assertion && n->parent == c->at.assertion;

	if (!saml_xml_is(n, SAML_NS_DSIG, "Signature") || (!of_root && !of_assertion))
		return fault_set(c->f, RC_INVALID, "the document has a signature at a place where none may be");
	if ((of_root && c->at.root_signature) || (of_assertion && c->at.assertion_signature))
		return fault_set(c->f, RC_INVALID, "an element of the document is signed twice");
	if (of_root)
		c->at.root_signature = n;
	if (of_assertion)
		c->at.assertion_signature = n;
	return check_signature(n, n->parent, c->f);
}

static enum rc see(struct census *c, xmlNode *n)
{
	if (is_foreign(n))
		return fault_set(c->f, RC_INVALID, "the document has elements of XInclude, XSLT or XPath");
	if (is_called(n, "Assertion") || is_called(n, "EncryptedAssertion"))
		return see_assertion(c, n);
	if (is_called(n, "Signature"))
		return see_signature(c, n);
	if (is_called(n, "SignedInfo") && !saml_xml_is(n->parent, SAML_NS_DSIG, "Signature"))
		return fault_set(
			c->f, RC_INVALID, "the document has a part of a signature at a place where none may be");
	return RC_OK;
}

/* In the order of the document, so an assertion is seen before its signature. */
static enum rc take_census(struct census *c)
{
	for (xmlNode *n = c->at.root; n;) {
		enum rc rc = see(c, n);
		if (rc != RC_OK)
			return rc;
		xmlNode *next = saml_xml_first(n);
		while (!next && n != c->at.root) {
			next = saml_xml_next(n);
			n = n->parent;
		}
		n = next;
	}
	return RC_OK;
}

/* The last part of urn:oasis:names:tc:SAML:2.0:status:Responder, as far as it is a name. */
static const char *last_part(const char *urn)
{
	const char *s = urn ? strrchr(urn, ':') : NULL;
	bool plain = s && s[1] && strlen(s + 1) <= 64 &&
		     strspn(s + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == strlen(s + 1);
	return plain ? s + 1 : "of a kind that is not known here";
}

static enum rc check_status(const xmlNode *root, struct fault *f)
{
	const xmlNode *status = saml_xml_only(root, SAML_NS_PROTOCOL, "Status");
	const xmlNode *code = saml_xml_only(status, SAML_NS_PROTOCOL, "StatusCode");
	const char *value = saml_xml_attr(code, "Value");

	if (value && !strcmp(value, "urn:oasis:names:tc:SAML:2.0:status:Success"))
		return RC_OK;
	const xmlNode *inner = saml_xml_only(code, SAML_NS_PROTOCOL, "StatusCode");
	return fault_set(f, RC_DENIED, "the identity provider tells of a failure: %s%s%s", last_part(value),
		inner ? ", " : "", inner ? last_part(saml_xml_attr(inner, "Value")) : "");
}

static enum rc check_root(const xmlNode *root, const struct form *form, enum saml_guard_form which, struct fault *f)
{
	const char *version = saml_xml_attr(root, "Version");

	if (!saml_xml_is(root, form->ns, form->name))
		return fault_set(f, RC_INVALID, "the document is not %s", form->what);
	if (which == SAML_FORM_METADATA)
		return RC_OK;
	if (!version || strcmp(version, "2.0") != 0)
		return fault_set(f, RC_INVALID, "the document is not SAML 2.0");
	if (!saml_xml_attr(root, "ID"))
		return fault_set(f, RC_INVALID, "the document has no ID");
	if (which == SAML_FORM_RESPONSE || which == SAML_FORM_LOGOUT_RESPONSE)
		return check_status(root, f);
	return RC_OK;
}

enum rc saml_guard(struct _xmlDoc *doc, enum saml_guard_form form, struct saml_guarded *ret, struct fault *f)
{
	const struct form *is = &forms[form];
	struct census c = { .form = form, .f = f, .at.root = saml_xml_root(doc) };

	enum rc rc = check_root(c.at.root, is, form, f);
	if (rc == RC_OK)
		rc = take_census(&c);
	if (rc == RC_OK && is->seats)
		rc = check_seats(c.at.root, is->seats, f);
	if (rc == RC_OK && form == SAML_FORM_RESPONSE && c.at.assertion)
		rc = check_seats(c.at.assertion, assertion_seats, f);
	if (rc != RC_OK)
		return rc;
	if (form == SAML_FORM_RESPONSE && !c.at.assertion && !c.at.encrypted)
		return fault_set(f, RC_INVALID, "the response has no assertion");
	*ret = c.at;
	return RC_OK;
}
