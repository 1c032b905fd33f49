#include "control/sso/saml_answer.h"
#include "base/buf.h"
#include "base/hush.h"
#include "control/sso/saml_conditions.h"
#include "control/sso/saml_expect.h"
#include "control/sso/saml_guard.h"
#include "control/sso/saml_open.h"
#include "control/sso/saml_verify.h"
#include "control/sso/saml_xml.h"

#include <jansson.h>
#include <string.h>

#define ENCRYPTED_REFUSED "the encrypted assertion was not accepted"

void saml_answer_done(struct saml_person *p)
{
	json_decref(p->attributes);
	p->attributes = NULL;
}

/* --- who it is */

static enum rc copy(struct arena *a, const char *s, const char **to)
{
	*to = s ? arena_str(a, s) : NULL;
	return s && !*to ? RC_NOMEM : RC_OK;
}

static enum rc read_name(
	const struct _xmlNode *assertion, struct arena *a, struct saml_person *ret, struct fault *f)
{
	const struct _xmlNode *subject = saml_xml_only(assertion, SAML_NS_ASSERTION, "Subject");
	const struct _xmlNode *name = saml_xml_only(subject, SAML_NS_ASSERTION, "NameID");

	if (!saml_xml_value(name))
		return fault_set(f, RC_INVALID, "the subject of the assertion has no NameID of one text");
	enum rc rc = copy(a, saml_xml_value(name), &ret->name_id);
	if (rc == RC_OK)
		rc = copy(a, saml_xml_attr(name, "Format"), &ret->name_format);
	if (rc == RC_OK)
		rc = copy(a, saml_xml_attr(name, "NameQualifier"), &ret->name_qualifier);
	if (rc == RC_OK)
		rc = copy(a, saml_xml_attr(name, "SPNameQualifier"), &ret->sp_name_qualifier);
	return rc;
}

/* An AuthnStatement: that this person has just proved who they are, and until when that is to count. */
static enum rc read_authn(const struct _xmlNode *assertion, const struct saml_expect *e, struct arena *a,
	struct saml_person *ret, struct fault *f)
{
	const struct _xmlNode *s = saml_xml_child(assertion, SAML_NS_ASSERTION, "AuthnStatement");
	const struct _xmlNode *context = saml_xml_only(s, SAML_NS_ASSERTION, "AuthnContext");

	if (!s || saml_xml_again(s))
		return fault_set(f, RC_DENIED, "the assertion has not exactly one statement of a log-on");
	enum rc rc = saml_conditions_moment(s, "AuthnInstant", &ret->authn_ms, f);
	if (rc == RC_OK)
		rc = saml_conditions_moment(s, "SessionNotOnOrAfter", &ret->session_until_ms, f);
	if (rc == RC_OK && (ret->authn_ms == 0 || ret->authn_ms > e->now_ms + SAML_SKEW_MS))
		rc = fault_set(f, RC_DENIED,
			"the assertion does not say when the person logged on, or it lies in the future");
	if (rc == RC_OK && ret->session_until_ms && e->now_ms - SAML_SKEW_MS >= ret->session_until_ms)
		rc = fault_set(f, RC_DENIED, "the session at the identity provider is over");
	if (rc == RC_OK)
		rc = copy(a, saml_xml_attr(s, "SessionIndex"), &ret->session_index);
	if (rc == RC_OK)
		rc = copy(a, saml_xml_value(saml_xml_only(context, SAML_NS_ASSERTION, "AuthnContextClassRef")),
			&ret->context);
	return rc;
}

static enum rc add_values(const struct _xmlNode *attribute, json_t *list, struct fault *f)
{
	const struct _xmlNode *v = saml_xml_child(attribute, SAML_NS_ASSERTION, "AttributeValue");

	for (; v; v = saml_xml_again(v)) {
		const char *text = saml_xml_value(v); /* what is no text is passed over */
		if (!text)
			continue;
		if (json_array_size(list) == SAML_VALUES_MAX)
			return fault_set(f, RC_TOO_LARGE, "an attribute has more than %d values", SAML_VALUES_MAX);
		if (json_array_append_new(list, json_string(text)) != 0)
			return RC_NOMEM;
	}
	return RC_OK;
}

static enum rc add_attribute(const struct _xmlNode *attribute, json_t *to, struct fault *f)
{
	const char *name = saml_xml_attr(attribute, "Name");

	if (!name || !*name)
		return fault_set(f, RC_INVALID, "an attribute has no name");
	json_t *list = json_object_get(to, name);
	if (!list) {
		if (json_object_size(to) == SAML_ATTRIBUTES_MAX)
			return fault_set(
				f, RC_TOO_LARGE, "the assertion has more than %d attributes", SAML_ATTRIBUTES_MAX);
		list = json_array();
		if (json_object_set_new(to, name, list) != 0)
			return RC_NOMEM;
	}
	return add_values(attribute, list, f);
}

static enum rc read_attributes(const struct _xmlNode *assertion, json_t *to, struct fault *f)
{
	const struct _xmlNode *s = saml_xml_child(assertion, SAML_NS_ASSERTION, "AttributeStatement");

	for (; s; s = saml_xml_again(s)) {
		const struct _xmlNode *a = saml_xml_child(s, SAML_NS_ASSERTION, "Attribute");
		for (; a; a = saml_xml_again(a)) {
			enum rc rc = add_attribute(a, to, f);
			if (rc != RC_OK)
				return rc;
		}
	}
	return RC_OK;
}

/* --- the bytes that were signed */

static enum rc check_assertion(
	const struct _xmlNode *root, const struct saml_expect *e, int64_t *ret_until_ms, struct fault *f)
{
	int64_t conditions_until = 0, confirmed_until = 0;
	const char *version = saml_xml_attr(root, "Version");

	if (!version || strcmp(version, "2.0") != 0)
		return fault_set(f, RC_INVALID, "the assertion is not SAML 2.0");
	enum rc rc = saml_conditions_issuer(saml_xml_only(root, SAML_NS_ASSERTION, "Issuer"), e->idp_entity_id, f);
	if (rc == RC_OK)
		rc = saml_conditions(root, e, &conditions_until, f);
	if (rc == RC_OK)
		rc = saml_conditions_bearer(root, e, &confirmed_until, f);
	if (rc == RC_OK)
		*ret_until_ms =
			SAML_SKEW_MS + (conditions_until && conditions_until < confirmed_until ? conditions_until
											       : confirmed_until);
	return rc;
}

static enum rc read_signed(const struct buf *covered, const struct saml_expect *e, struct arena *a,
	struct saml_person *ret, struct fault *f)
{
	auto_saml_doc struct _xmlDoc *doc = NULL;
	struct saml_guarded at = { 0 };
	struct saml_person p = { 0 };

	enum rc rc = saml_xml_read(covered->p, covered->n, SAML_XML_MESSAGE, &doc, f);
	if (rc == RC_OK)
		rc = saml_guard(doc, SAML_FORM_ASSERTION, &at, f);
	if (rc == RC_OK)
		rc = check_assertion(at.root, e, &p.until_ms, f);
	if (rc == RC_OK)
		rc = copy(a, saml_xml_attr(at.root, "ID"), &p.assertion_id);
	if (rc == RC_OK)
		rc = read_name(at.root, a, &p, f);
	if (rc == RC_OK)
		rc = read_authn(at.root, e, a, &p, f);
	p.attributes = rc == RC_OK ? json_object() : NULL;
	if (rc == RC_OK)
		rc = p.attributes ? read_attributes(at.root, p.attributes, f) : RC_NOMEM;
	if (rc == RC_OK)
		*ret = p;
	else
		saml_answer_done(&p);
	return rc;
}

static enum rc verify_assertion(
	const struct saml_guarded *at, const struct saml_expect *e, struct buf *covered, struct fault *f)
{
	if (!at->assertion_signature)
		return fault_set(f, RC_DENIED,
			"the assertion is not signed; a signature of the response alone is not enough");
	return saml_verify(at->assertion_signature, e->certs, covered, f);
}

static enum rc read_encrypted(const struct _xmlNode *encrypted, const struct saml_expect *e, struct arena *a,
	struct saml_person *ret, struct fault *f)
{
	auto_saml_doc struct _xmlDoc *doc = NULL;
	struct saml_guarded at = { 0 };
	struct buf plain = { 0 }, covered = { 0 };

	enum rc rc = saml_open(encrypted, e->opener, &plain, f);
	if (rc == RC_OK)
		rc = saml_xml_read(plain.p, plain.n, SAML_XML_MESSAGE, &doc, f);
	if (rc == RC_OK)
		rc = saml_guard(doc, SAML_FORM_ASSERTION, &at, f);
	if (rc == RC_OK)
		rc = verify_assertion(&at, e, &covered, f);
	if (rc == RC_OK)
		rc = read_signed(&covered, e, a, ret, f);
	hush_wipe(plain.p, plain.n);
	buf_done(&plain);
	buf_done(&covered);
	return rc;
}

static enum rc read_plain(const struct saml_guarded *at, const struct saml_expect *e, struct arena *a,
	struct saml_person *ret, struct fault *f)
{
	struct buf covered = { 0 };
	enum rc rc = verify_assertion(at, e, &covered, f);

	if (rc == RC_OK)
		rc = read_signed(&covered, e, a, ret, f);
	buf_done(&covered);
	return rc;
}

/* --- the response */

static enum rc check_response(const struct saml_guarded *at, const struct saml_expect *e, struct fault *f)
{
	struct buf covered = { 0 };
	enum rc rc = RC_OK;

	if (!at->root_signature && e->signed_response)
		return fault_set(
			f, RC_DENIED, "the response is not signed, which is required of this identity provider");
	if (at->root_signature)
		rc = saml_verify(at->root_signature, e->certs, &covered, f);
	buf_done(&covered);
	return rc == RC_OK ? saml_conditions_response(at->root, e, f) : rc;
}

enum rc saml_answer_read(const void *p, size_t n, const struct saml_expect *e, struct arena *a,
	struct saml_person *ret, struct fault *f)
{
	auto_saml_doc struct _xmlDoc *doc = NULL;
	struct saml_guarded at = { 0 };
	struct fault why = { 0 };

	enum rc rc = saml_xml_read(p, n, SAML_XML_MESSAGE, &doc, f);
	if (rc == RC_OK)
		rc = saml_guard(doc, SAML_FORM_RESPONSE, &at, f);
	if (rc == RC_OK)
		rc = check_response(&at, e, f);
	if (rc != RC_OK)
		return rc;
	if (at.assertion)
		return e->encrypted ? fault_set(f, RC_DENIED,
					      "the assertion is not encrypted, which is required of this identity "
					      "provider")
				    : read_plain(&at, e, a, ret, f);
	rc = read_encrypted(at.encrypted, e, a, ret, &why);
	if (e->reason)
		*e->reason = why;
	return rc == RC_OK || rc == RC_NOMEM ? rc : fault_set(f, RC_DENIED, ENCRYPTED_REFUSED);
}
