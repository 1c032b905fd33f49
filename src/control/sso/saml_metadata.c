#include "control/sso/saml_metadata.h"
#include "base/buf.h"
#include "base/when.h"
#include "control/sso/saml_guard.h"
#include "control/sso/saml_verify.h"
#include "control/sso/saml_xml.h"

#include <string.h>

#define URL_MAX 1024

void saml_metadata_done(struct saml_idp *i) { saml_certs_done(&i->certs); }

static bool is_protocol(const struct _xmlNode *descriptor)
{
	const char *list = saml_xml_attr(descriptor, "protocolSupportEnumeration");
	size_t n = strlen(SAML_NS_PROTOCOL);

	for (const char *at = list; at && (at = strstr(at, SAML_NS_PROTOCOL)) != NULL; at += n)
		if ((at == list || strchr(" \t\r\n", at[-1])) && strchr(" \t\r\n", at[n])) /* or its end */
			return true;
	return false;
}

/* What a browser may be sent to: http or https, and nothing that would end a header or a quoted text. */
static bool is_url(const char *s)
{
	if (!s || strlen(s) > URL_MAX || (strncmp(s, "https://", 8) != 0 && strncmp(s, "http://", 7) != 0))
		return false;
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || (unsigned char)*s >= 127 || strchr("\"'<>\\^`{|}#", *s))
			return false;
	return true;
}

static enum rc read_endpoint(const struct _xmlNode *n, enum saml_binding binding, struct arena *a,
	struct saml_endpoint *ret, struct fault *f)
{
	const char *at = saml_xml_attr(n, "Location"), *answers = saml_xml_attr(n, "ResponseLocation");

	if (!is_url(at) || (answers && !is_url(answers)))
		return fault_set(f, RC_INVALID, "the metadata has a Location that is no http or https URL");
	*ret = (struct saml_endpoint){ binding, arena_str(a, at), arena_str(a, answers ? answers : at) };
	return ret->url && ret->response_url ? RC_OK : RC_NOMEM;
}

/* By redirect rather than by POST; the first of each. */
static enum rc find_endpoint(const struct _xmlNode *descriptor, const char *name, struct arena *a,
	struct saml_endpoint *ret, struct fault *f)
{
	static const char *const bindings[] = {
		[SAML_REDIRECT] = SAML_BINDING_REDIRECT, [SAML_POST] = SAML_BINDING_POST
	};

	for (enum saml_binding b = SAML_REDIRECT; b <= SAML_POST; b++) {
		const struct _xmlNode *n = saml_xml_child(descriptor, SAML_NS_METADATA, name);
		for (; n; n = saml_xml_again(n)) {
			const char *binding = saml_xml_attr(n, "Binding");
			if (binding && !strcmp(binding, bindings[b]))
				return read_endpoint(n, b, a, ret, f);
		}
	}
	return RC_OK;
}

static enum rc read_key(const struct _xmlNode *descriptor, struct saml_certs *to, struct fault *f)
{
	const struct _xmlNode *info = saml_xml_only(descriptor, SAML_NS_DSIG, "KeyInfo");
	const struct _xmlNode *d = saml_xml_child(info, SAML_NS_DSIG, "X509Data");

	for (; d; d = saml_xml_again(d)) {
		/* The first certificate is of the key; further ones are its chain. */
		const char *cert = saml_xml_text(saml_xml_child(d, SAML_NS_DSIG, "X509Certificate"));
		if (cert)
			return saml_certs_add(to, cert, f);
	}
	return RC_OK;
}

static enum rc read_keys(const struct _xmlNode *descriptor, struct saml_certs *to, struct fault *f)
{
	const struct _xmlNode *k = saml_xml_child(descriptor, SAML_NS_METADATA, "KeyDescriptor");

	for (; k; k = saml_xml_again(k)) {
		const char *use = saml_xml_attr(k, "use");
		enum rc rc = use && strcmp(use, "signing") != 0 ? RC_OK : read_key(k, to, f);
		if (rc != RC_OK)
			return rc;
	}
	return to->n ? RC_OK : fault_set(f, RC_INVALID, "the metadata has no certificate for signatures");
}

static enum rc read_until(const struct _xmlNode *n, int64_t *until_ms, struct fault *f)
{
	const char *s = saml_xml_attr(n, "validUntil");
	int64_t ms = 0;

	if (!s)
		return RC_OK;
	if (!when_parse(s, &ms) || ms <= 0)
		return fault_set(f, RC_INVALID, "validUntil of the metadata is no moment");
	if (*until_ms == 0 || ms < *until_ms)
		*until_ms = ms;
	return RC_OK;
}

static enum rc read_entity(const struct _xmlNode *root, struct arena *a, struct saml_idp *i, struct fault *f)
{
	const char *id = saml_xml_attr(root, "entityID"), *wants;
	const struct _xmlNode *d = saml_xml_child(root, SAML_NS_METADATA, "IDPSSODescriptor");

	while (d && !is_protocol(d))
		d = saml_xml_again(d);
	if (!id || !*id || strlen(id) > URL_MAX)
		return fault_set(f, RC_INVALID, "the metadata has no entityID of at most %d bytes", URL_MAX);
	if (!d)
		return fault_set(f, RC_INVALID, "the metadata does not describe an identity provider of SAML 2.0");
	i->entity_id = arena_str(a, id);
	wants = saml_xml_attr(d, "WantAuthnRequestsSigned");
	i->wants_signed = wants && (!strcmp(wants, "true") || !strcmp(wants, "1"));
	enum rc rc = i->entity_id ? read_keys(d, &i->certs, f) : RC_NOMEM;
	if (rc == RC_OK)
		rc = find_endpoint(d, "SingleSignOnService", a, &i->sso, f);
	if (rc == RC_OK && i->sso.binding == SAML_NONE)
		rc = fault_set(
			f, RC_INVALID, "the metadata has no SingleSignOnService by HTTP-Redirect or HTTP-POST");
	if (rc == RC_OK)
		rc = find_endpoint(d, "SingleLogoutService", a, &i->slo, f);
	if (rc == RC_OK)
		rc = read_until(root, &i->valid_until_ms, f);
	if (rc == RC_OK)
		rc = read_until(d, &i->valid_until_ms, f);
	return rc;
}

/* What was signed, parsed anew. */
static enum rc read_covered(
	const struct saml_guarded *at, const struct saml_certs *signer, struct _xmlDoc **ret_doc, struct fault *f)
{
	struct buf covered = { 0 };
	enum rc rc = at->root_signature
			     ? saml_verify(at->root_signature, signer, &covered, f)
			     : fault_set(f, RC_DENIED, "the metadata is not signed, which its certificate demands");

	if (rc == RC_OK)
		rc = saml_xml_read(covered.p, covered.n, SAML_XML_METADATA, ret_doc, f);
	buf_done(&covered);
	return rc;
}

enum rc saml_metadata_read(const void *p, size_t n, const struct saml_certs *signer, struct arena *a,
	struct saml_idp *ret, struct fault *f)
{
	auto_saml_doc struct _xmlDoc *came = NULL;
	auto_saml_doc struct _xmlDoc *covered = NULL;
	struct saml_guarded at = { 0 };
	struct saml_idp i = { 0 };

	enum rc rc = saml_xml_read(p, n, SAML_XML_METADATA, &came, f);
	if (rc == RC_OK)
		rc = saml_guard(came, SAML_FORM_METADATA, &at, f);
	if (rc == RC_OK && signer)
		rc = read_covered(&at, signer, &covered, f);
	if (rc == RC_OK)
		rc = read_entity(covered ? saml_xml_root(covered) : at.root, a, &i, f);
	if (rc == RC_OK)
		*ret = i;
	else
		saml_metadata_done(&i);
	return rc;
}
