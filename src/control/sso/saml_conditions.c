#include "control/sso/saml_conditions.h"
#include "base/when.h"
#include "control/sso/saml_expect.h"
#include "control/sso/saml_xml.h"

#include <libxml/tree.h>
#include <string.h>

#define ENTITY_FORMAT "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"

enum rc saml_conditions_moment(const struct _xmlNode *n, const char *attr, int64_t *ret_ms, struct fault *f)
{
	const char *s = saml_xml_attr(n, attr);

	*ret_ms = 0;
	if (s && (!when_parse(s, ret_ms) || *ret_ms <= 0))
		return fault_set(f, RC_INVALID, "%s of %s is no moment", attr, (const char *)n->name);
	return RC_OK;
}

enum rc saml_conditions_issuer(const struct _xmlNode *issuer, const char *entity_id, struct fault *f)
{
	const char *is = saml_xml_value(issuer), *format = saml_xml_attr(issuer, "Format");

	if (!is || strcmp(is, entity_id) != 0 || (format && strcmp(format, ENTITY_FORMAT) != 0))
		return fault_set(f, RC_DENIED, "it is not issued by the identity provider that was asked");
	return RC_OK;
}

enum rc saml_conditions_response(const struct _xmlNode *r, const struct saml_expect *e, struct fault *f)
{
	const struct _xmlNode *issuer = saml_xml_child(r, SAML_NS_ASSERTION, "Issuer");
	const char *to = saml_xml_attr(r, "Destination"), *answers = saml_xml_attr(r, "InResponseTo");
	bool is_signed = saml_xml_child(r, SAML_NS_DSIG, "Signature");
	int64_t issued = 0;

	enum rc rc = issuer ? saml_conditions_issuer(issuer, e->idp_entity_id, f) : RC_OK;
	if (rc == RC_OK)
		rc = saml_conditions_moment(r, "IssueInstant", &issued, f);
	if (rc != RC_OK)
		return rc;
	if (issued > e->now_ms + SAML_SKEW_MS)
		return fault_set(f, RC_DENIED, "the response was issued in the future: compare the clocks");
	if (to ? strcmp(to, e->acs_url) != 0 : is_signed)
		return fault_set(f, RC_DENIED, "the response is for another destination than %s", e->acs_url);
	if (e->request_id ? !answers || strcmp(answers, e->request_id) != 0 : answers != NULL)
		return fault_set(f, RC_DENIED, "the response does not answer the request of this browser");
	return RC_OK;
}

/* --- conditions */

static bool has_audience(const struct _xmlNode *restriction, const char *entity_id)
{
	const struct _xmlNode *a = saml_xml_child(restriction, SAML_NS_ASSERTION, "Audience");

	for (; a; a = saml_xml_again(a)) {
		const char *s = saml_xml_value(a);
		if (s && !strcmp(s, entity_id))
			return true;
	}
	return false;
}

/* Every restriction must have us; OneTimeUse is kept in any case; ProxyRestriction concerns those who vouch onwards. */
static enum rc check_each(const struct _xmlNode *conditions, const struct saml_expect *e, struct fault *f)
{
	size_t restrictions = 0;

	for (const struct _xmlNode *c = saml_xml_first(conditions); c; c = saml_xml_next(c)) {
		if (saml_xml_is(c, SAML_NS_ASSERTION, "AudienceRestriction")) {
			restrictions++;
			if (!has_audience(c, e->entity_id))
				return fault_set(f, RC_DENIED, "the assertion is for another audience than %s",
					e->entity_id);
		} else if (!saml_xml_is(c, SAML_NS_ASSERTION, "OneTimeUse") &&
			   !saml_xml_is(c, SAML_NS_ASSERTION, "ProxyRestriction")) {
			return fault_set(f, RC_DENIED, "the assertion has a condition that is not known here");
		}
	}
	return restrictions ? RC_OK : fault_set(f, RC_DENIED, "the assertion names no audience");
}

/* From not before `from` until before `until`, give or take the skew. 0: no such bound. */
static bool is_now(int64_t now_ms, int64_t from, int64_t until)
{
	return (from == 0 || now_ms + SAML_SKEW_MS >= from) && (until == 0 || now_ms - SAML_SKEW_MS < until);
}

enum rc saml_conditions(
	const struct _xmlNode *assertion, const struct saml_expect *e, int64_t *ret_until_ms, struct fault *f)
{
	const struct _xmlNode *c = saml_xml_only(assertion, SAML_NS_ASSERTION, "Conditions");
	int64_t from = 0, until = 0;

	if (!c)
		return fault_set(f, RC_DENIED, "the assertion has no conditions");
	enum rc rc = saml_conditions_moment(c, "NotBefore", &from, f);
	if (rc == RC_OK)
		rc = saml_conditions_moment(c, "NotOnOrAfter", &until, f);
	if (rc == RC_OK && !is_now(e->now_ms, from, until))
		rc = fault_set(f, RC_DENIED, "the assertion is not valid now: it is too old, or the clocks differ");
	if (rc == RC_OK)
		rc = check_each(c, e, f);
	if (rc == RC_OK)
		*ret_until_ms = until;
	return rc;
}

/* --- the bearer */

static enum rc confirms(
	const struct _xmlNode *confirmation, const struct saml_expect *e, int64_t *ret_until_ms, struct fault *f)
{
	const struct _xmlNode *d = saml_xml_only(confirmation, SAML_NS_ASSERTION, "SubjectConfirmationData");
	const char *to = saml_xml_attr(d, "Recipient"), *answers = saml_xml_attr(d, "InResponseTo");
	int64_t from = 0, until = 0;

	if (!d)
		return fault_set(f, RC_DENIED, "the confirmation of the subject says nothing");
	enum rc rc = saml_conditions_moment(d, "NotBefore", &from, f);
	if (rc == RC_OK)
		rc = saml_conditions_moment(d, "NotOnOrAfter", &until, f);
	if (rc != RC_OK)
		return rc;
	if (!to || strcmp(to, e->acs_url) != 0)
		return fault_set(f, RC_DENIED, "the assertion is for another recipient than %s", e->acs_url);
	if (until == 0 || !is_now(e->now_ms, from, until))
		return fault_set(f, RC_DENIED, "the confirmation of the subject is not valid now");
	if (e->request_id ? !answers || strcmp(answers, e->request_id) != 0 : answers != NULL)
		return fault_set(f, RC_DENIED, "the assertion does not answer the request of this browser");
	*ret_until_ms = until;
	return RC_OK;
}

enum rc saml_conditions_bearer(
	const struct _xmlNode *assertion, const struct saml_expect *e, int64_t *ret_until_ms, struct fault *f)
{
	const struct _xmlNode *subject = saml_xml_only(assertion, SAML_NS_ASSERTION, "Subject");
	const struct _xmlNode *c = saml_xml_child(subject, SAML_NS_ASSERTION, "SubjectConfirmation");
	enum rc rc = RC_MISSING;

	for (; c; c = saml_xml_again(c)) {
		const char *method = saml_xml_attr(c, "Method");
		if (!method || strcmp(method, SAML_BEARER) != 0)
			continue;
		rc = confirms(c, e, ret_until_ms, f);
		if (rc == RC_OK)
			return RC_OK;
	}
	return rc == RC_MISSING ? fault_set(f, RC_DENIED, "the assertion has no subject that its bearer is") : rc;
}
