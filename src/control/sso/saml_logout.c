#include "control/sso/saml_logout.h"
#include "base/arena.h"
#include "base/buf.h"
#include "control/sso/saml_conditions.h"
#include "control/sso/saml_expect.h"
#include "control/sso/saml_guard.h"
#include "control/sso/saml_sessions.h"
#include "control/sso/saml_verify.h"
#include "control/sso/saml_write.h"
#include "control/sso/saml_xml.h"
#include "wire/base64.h"

#include <string.h>

#define FRESH_MS 300000 /* a request without NotOnOrAfter is worth something for so long */

/* --- the signature of a query */

/* The part NAME=… of a query as it came; false: it is not there, or twice. */
static bool part_of(const char *query, const char *name, const char **ret, size_t *ret_n)
{
	size_t name_n = strlen(name);
	bool found = false;

	for (const char *at = query; *at;) {
		size_t n = strcspn(at, "&");
		if (n > name_n && !strncmp(at, name, name_n) && at[name_n] == '=') {
			if (found)
				return false;
			found = true;
			*ret = at;
			*ret_n = n;
		}
		at += n + (at[n] == '&');
	}
	return found;
}

/* What is signed: message, RelayState if there is one, SigAlg, in this order and as they came (SAML bindings 3.4.4.1). */
static bool put_signed(const struct saml_logout_in *in, struct buf *to)
{
	const char *const names[] = { in->is_response ? "SAMLResponse" : "SAMLRequest", "RelayState", "SigAlg" };

	for (size_t i = 0; i < 3; i++) {
		const char *part;
		size_t n;
		if (!part_of(in->query, names[i], &part, &n)) {
			if (i == 1 && !in->relay)
				continue;
			return false;
		}
		if (to->n > 0)
			buf_u8(to, '&');
		buf_put(to, part, n);
	}
	return !to->bad;
}

static enum rc verify_query(const struct saml_logout_in *in, const struct saml_expect *e, struct fault *f)
{
	struct buf text = { 0 }, signature = { 0 };
	enum rc rc;

	if (!in->algorithm || !in->signature)
		return fault_set(f, RC_DENIED, "the query is not signed: SigAlg and Signature are missing");
	if (!base64_get(in->signature, strlen(in->signature), &signature) || signature.bad)
		rc = fault_set(f, RC_INVALID, "the signature of the query is not base64");
	else if (!put_signed(in, &text))
		rc = fault_set(f, RC_INVALID, "a part of the query is missing, or there twice");
	else
		rc = saml_verify_query(in->algorithm, (const char *)text.p, text.n, &signature, e->certs, f);
	buf_done(&text);
	buf_done(&signature);
	return rc;
}

/* --- what it says */

static enum rc copy(struct arena *a, const char *s, const char **to)
{
	*to = s ? arena_str(a, s) : NULL;
	return s && !*to ? RC_NOMEM : RC_OK;
}

static enum rc read_indexes(const struct _xmlNode *root, struct arena *a, struct field_list *ret, struct fault *f)
{
	const struct _xmlNode *n = saml_xml_child(root, SAML_NS_PROTOCOL, "SessionIndex");
	const char **at = n ? arena_take(a, SAML_LOGOUT_INDEXES_MAX * sizeof(*at)) : NULL;

	if (n && !at)
		return RC_NOMEM;
	for (ret->at = at; n; n = saml_xml_again(n)) {
		if (ret->n == SAML_LOGOUT_INDEXES_MAX)
			return fault_set(f, RC_TOO_LARGE, "more than %d sessions", SAML_LOGOUT_INDEXES_MAX);
		if (!saml_xml_value(n))
			return fault_set(f, RC_INVALID, "a SessionIndex is not one text");
		enum rc rc = copy(a, saml_xml_value(n), &at[ret->n++]);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc check_times(
	const struct _xmlNode *root, const struct saml_expect *e, int64_t *ret_until_ms, struct fault *f)
{
	int64_t issued = 0, until = 0;
	enum rc rc = saml_conditions_moment(root, "IssueInstant", &issued, f);

	if (rc == RC_OK)
		rc = saml_conditions_moment(root, "NotOnOrAfter", &until, f);
	if (rc != RC_OK)
		return rc;
	if (until == 0 || until > issued + FRESH_MS)
		until = issued + FRESH_MS;
	if (issued == 0 || issued > e->now_ms + SAML_SKEW_MS || e->now_ms - SAML_SKEW_MS >= until)
		return fault_set(f, RC_DENIED, "the message is too old, or the clocks differ");
	*ret_until_ms = until + SAML_SKEW_MS;
	return RC_OK;
}

static enum rc read_root(const struct _xmlNode *root, const struct saml_logout_in *in, const struct saml_expect *e,
	struct arena *a, struct saml_logout *ret, struct fault *f)
{
	const char *to = saml_xml_attr(root, "Destination");

	enum rc rc = saml_conditions_issuer(saml_xml_only(root, SAML_NS_ASSERTION, "Issuer"), e->idp_entity_id, f);
	if (rc == RC_OK && (!to || strcmp(to, e->slo_url) != 0))
		rc = fault_set(f, RC_DENIED, "the message is for another destination than %s", e->slo_url);
	if (rc == RC_OK)
		rc = check_times(root, e, &ret->until_ms, f);
	if (rc == RC_OK)
		rc = copy(a, saml_xml_attr(root, "ID"), &ret->id);
	if (rc == RC_OK)
		rc = copy(a, saml_xml_attr(root, "InResponseTo"), &ret->in_response_to);
	if (rc != RC_OK || in->is_response)
		return rc;
	const char *name = saml_xml_value(saml_xml_only(root, SAML_NS_ASSERTION, "NameID"));
	if (!name)
		return fault_set(f, RC_INVALID, "the request has no NameID of one text");
	rc = copy(a, name, &ret->name_id);
	return rc == RC_OK ? read_indexes(root, a, &ret->indexes, f) : rc;
}

/* The bytes that are believed: by redirect all that came; by POST what the signature in it covers. */
static enum rc take_believed(
	const struct saml_logout_in *in, const struct saml_expect *e, struct buf *to, struct fault *f)
{
	auto_saml_doc struct _xmlDoc *doc = NULL;
	struct saml_guarded at = { 0 };
	struct buf xml = { 0 };

	enum rc rc = saml_write_received(in->message, in->by_query, &xml, f);
	if (rc == RC_OK && in->by_query) {
		rc = verify_query(in, e, f);
		buf_put(to, xml.p, xml.n);
	} else if (rc == RC_OK) {
		rc = saml_xml_read(xml.p, xml.n, SAML_XML_MESSAGE, &doc, f);
		if (rc == RC_OK)
			rc = saml_guard(doc, in->is_response ? SAML_FORM_LOGOUT_RESPONSE : SAML_FORM_LOGOUT_REQUEST,
				&at, f);
		if (rc == RC_OK)
			rc = at.root_signature ? saml_verify(at.root_signature, e->certs, to, f)
					       : fault_set(f, RC_DENIED, "the message is not signed");
	}
	buf_done(&xml);
	return rc == RC_OK && to->bad ? RC_NOMEM : rc;
}

enum rc saml_logout_read(const struct saml_logout_in *in, const struct saml_expect *e, struct arena *a,
	struct saml_logout *ret, struct fault *f)
{
	auto_saml_doc struct _xmlDoc *doc = NULL;
	struct saml_guarded at = { 0 };
	struct saml_logout l = { 0 };
	struct buf text = { 0 };

	enum rc rc = take_believed(in, e, &text, f);
	if (rc == RC_OK)
		rc = saml_xml_read(text.p, text.n, SAML_XML_MESSAGE, &doc, f);
	if (rc == RC_OK)
		rc = saml_guard(
			doc, in->is_response ? SAML_FORM_LOGOUT_RESPONSE : SAML_FORM_LOGOUT_REQUEST, &at, f);
	if (rc == RC_OK)
		rc = read_root(at.root, in, e, a, &l, f);
	buf_done(&text);
	if (rc == RC_OK)
		*ret = l;
	return rc;
}
