#include "control/sso/saml_write.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/when.h"
#include "control/sso/saml_call.h"
#include "control/sso/saml_metadata.h"
#include "control/sso/saml_sessions.h"
#include "control/sso/saml_sign.h"
#include "control/sso/saml_us.h"
#include "control/sso/saml_xml.h"
#include "wire/base64.h"

#include <libdeflate.h>
#include <string.h>

#define DEFLATE_LEVEL 6

/* Escaped for the text or an attribute of XML or HTML. */
static void put_text(struct buf *to, const char *s)
{
	for (; *s; s++)
		switch (*s) {
		case '&':
			buf_str(to, "&amp;");
			break;
		case '<':
			buf_str(to, "&lt;");
			break;
		case '>':
			buf_str(to, "&gt;");
			break;
		case '"':
			buf_str(to, "&quot;");
			break;
		case '\'':
			buf_str(to, "&#39;");
			break;
		default:
			buf_u8(to, (uint8_t)*s);
		}
}

/* --- the messages */

static void put_attr(struct buf *xml, const char *name, const char *value)
{
	if (!value)
		return;
	buf_fmt(xml, " %s=\"", name);
	put_text(xml, value);
	buf_u8(xml, '"');
}

static void put_element(struct buf *xml, const char *name, const char *text)
{
	buf_fmt(xml, "<%s>", name);
	put_text(xml, text);
	buf_fmt(xml, "</%s>", name);
}

static void open_message(struct buf *xml, const char *name, const struct saml_head *h)
{
	char now[WHEN_MAX];

	when_text(now, h->now_ms);
	buf_fmt(xml,
		"<samlp:%s xmlns:samlp=\"" SAML_NS_PROTOCOL "\" xmlns:saml=\"" SAML_NS_ASSERTION
		"\" ID=\"%s\" Version=\"2.0\" IssueInstant=\"%s\"",
		name, h->id, now);
	put_attr(xml, "Destination", h->destination);
}

/* By redirect the signature is in the query, and none may be in the XML. */
static void put_issuer(
	struct buf *xml, const struct saml_sp *sp, const struct saml_endpoint *to, const struct saml_head *h)
{
	put_element(xml, "saml:Issuer", sp->entity_id);
	if (to->binding == SAML_POST)
		saml_sign_put(xml, h->id, sp->keys[0].certificate);
}

void saml_write_authn_request(const struct saml_sp *sp, const struct saml_endpoint *to, const struct saml_head *h,
	const char *name_format, bool force, struct buf *xml)
{
	open_message(xml, "AuthnRequest", h);
	put_attr(xml, "AssertionConsumerServiceURL", sp->acs_url);
	put_attr(xml, "ProtocolBinding", SAML_BINDING_POST);
	if (force)
		put_attr(xml, "ForceAuthn", "true");
	buf_u8(xml, '>');
	put_issuer(xml, sp, to, h);
	buf_str(xml, "<samlp:NameIDPolicy AllowCreate=\"true\"");
	put_attr(xml, "Format", name_format);
	buf_str(xml, "/></samlp:AuthnRequest>");
}

void saml_write_logout_request(const struct saml_sp *sp, const struct saml_endpoint *to, const struct saml_head *h,
	const struct saml_subject *who, struct buf *xml)
{
	open_message(xml, "LogoutRequest", h);
	buf_u8(xml, '>');
	put_issuer(xml, sp, to, h);
	buf_str(xml, "<saml:NameID");
	put_attr(xml, "Format", who->format);
	put_attr(xml, "NameQualifier", who->name_qualifier);
	put_attr(xml, "SPNameQualifier", who->sp_name_qualifier);
	buf_u8(xml, '>');
	put_text(xml, who->name_id);
	buf_str(xml, "</saml:NameID>");
	if (who->session_index)
		put_element(xml, "samlp:SessionIndex", who->session_index);
	buf_str(xml, "</samlp:LogoutRequest>");
}

void saml_write_logout_response(const struct saml_sp *sp, const struct saml_endpoint *to, const struct saml_head *h,
	const char *in_response_to, struct buf *xml)
{
	open_message(xml, "LogoutResponse", h);
	put_attr(xml, "InResponseTo", in_response_to);
	buf_u8(xml, '>');
	put_issuer(xml, sp, to, h);
	buf_str(xml, "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>"
		     "</samlp:Status></samlp:LogoutResponse>");
}

static void put_key(struct buf *xml, const char *use, const char *certificate)
{
	buf_fmt(xml,
		"<md:KeyDescriptor use=\"%s\"><ds:KeyInfo xmlns:ds=\"" SAML_NS_DSIG
		"\"><ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data></ds:KeyInfo>",
		use, certificate);
	if (!strcmp(use, "encryption"))
		buf_str(xml, "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\"/>"
			     "<md:EncryptionMethod Algorithm=\"" SAML_NS_XENC "rsa-oaep-mgf1p\"/>");
	buf_str(xml, "</md:KeyDescriptor>");
}

static void put_slo(struct buf *xml, const struct saml_sp *sp, const char *binding)
{
	buf_fmt(xml, "<md:SingleLogoutService Binding=\"%s\"", binding);
	put_attr(xml, "Location", sp->slo_url);
	buf_str(xml, "/>");
}

enum rc saml_write_metadata(const struct saml_sp *sp, const char *id, struct buf *to, struct fault *f)
{
	struct buf xml = { 0 };

	buf_fmt(&xml, "<md:EntityDescriptor xmlns:md=\"" SAML_NS_METADATA "\" ID=\"%s\"", id);
	put_attr(&xml, "entityID", sp->entity_id);
	buf_u8(&xml, '>');
	saml_sign_put(&xml, id, sp->keys[0].certificate);
	buf_str(&xml, "<md:SPSSODescriptor AuthnRequestsSigned=\"true\" WantAssertionsSigned=\"true\" "
		      "protocolSupportEnumeration=\"" SAML_NS_PROTOCOL "\">");
	for (size_t i = 0; i < sp->keys_n; i++)
		if (sp->keys[i].state != SAML_KEY_OLD)
			put_key(&xml, "signing", sp->keys[i].certificate);
	put_key(&xml, "encryption", sp->keys[0].certificate);
	put_slo(&xml, sp, SAML_BINDING_REDIRECT);
	put_slo(&xml, sp, SAML_BINDING_POST);
	buf_str(&xml, "<md:AssertionConsumerService Binding=\"" SAML_BINDING_POST "\"");
	put_attr(&xml, "Location", sp->acs_url);
	buf_str(&xml, " index=\"0\" isDefault=\"true\"/></md:SPSSODescriptor></md:EntityDescriptor>");
	enum rc rc = saml_sign_xml(&xml, sp->keys[0].key, to, f);
	buf_done(&xml);
	return rc;
}

/* --- on the way out */

static const char *url_of(const struct saml_message *m) { return m->is_answer ? m->to->response_url : m->to->url; }
static const char *name_of(const struct saml_message *m) { return m->is_answer ? "SAMLResponse" : "SAMLRequest"; }

static bool deflate(const struct buf *in, struct buf *to)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(DEFLATE_LEVEL);
	size_t room = c ? libdeflate_deflate_compress_bound(c, in->n) : 0;
	uint8_t *at = c ? buf_room(to, room) : NULL;
	size_t n = at ? libdeflate_deflate_compress(c, in->p, in->n, at, room) : 0;

	libdeflate_free_compressor(c);
	to->n += n;
	return n > 0;
}

static enum rc send_redirect(const struct saml_sp *sp, const struct saml_message *m, struct arena *a,
	struct saml_sent *ret, struct fault *f)
{
	struct buf deflated = { 0 }, text = { 0 }, query = { 0 };
	enum rc rc = deflate(m->xml, &deflated) ? RC_OK : RC_NOMEM;

	base64_put(&text, deflated.p, deflated.n);
	saml_sign_put_pair(&query, name_of(m), buf_text(&text));
	if (m->relay)
		saml_sign_put_pair(&query, "RelayState", m->relay);
	if (rc == RC_OK)
		rc = text.bad ? RC_NOMEM : saml_sign_query(&query, sp->keys[0].key, f);
	if (rc == RC_OK)
		ret->location =
			arena_fmt(a, "%s%c%s", url_of(m), strchr(url_of(m), '?') ? '&' : '?', buf_text(&query));
	ret->url = ret->location;
	buf_done(&deflated);
	buf_done(&text);
	buf_done(&query);
	return rc == RC_OK && !ret->location ? RC_NOMEM : rc;
}

static void put_hidden(struct buf *page, const char *name, const char *value)
{
	buf_fmt(page, "<input type=\"hidden\" name=\"%s\" value=\"", name);
	put_text(page, value);
	buf_str(page, "\">");
}

/* With a button: no script runs on a page of ours (http/safety). */
static void put_page(struct buf *page, const struct saml_message *m, const char *text)
{
	buf_str(page, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Footplate</title>"
		      "<form method=\"post\" action=\"");
	put_text(page, url_of(m));
	buf_str(page, "\">");
	put_hidden(page, name_of(m), text);
	if (m->relay)
		put_hidden(page, "RelayState", m->relay);
	buf_str(page, "<button>Continue</button></form></html>\n");
}

static enum rc send_post(const struct saml_sp *sp, const struct saml_message *m, struct arena *a,
	struct saml_sent *ret, struct fault *f)
{
	struct buf is_signed = { 0 }, text = { 0 }, page = { 0 };
	enum rc rc = saml_sign_xml(m->xml, sp->keys[0].key, &is_signed, f);

	base64_put(&text, is_signed.p, is_signed.n);
	put_page(&page, m, buf_text(&text));
	if (rc == RC_OK) {
		ret->page = page.bad ? NULL : arena_str(a, buf_text(&page));
		ret->message = text.bad ? NULL : arena_str(a, buf_text(&text));
		ret->url = url_of(m);
	}
	buf_done(&is_signed);
	buf_done(&text);
	buf_done(&page);
	return rc == RC_OK && (!ret->page || !ret->message) ? RC_NOMEM : rc;
}

enum rc saml_write_send(const struct saml_sp *sp, const struct saml_message *m, struct arena *a,
	struct saml_sent *ret, struct fault *f)
{
	struct saml_sent sent = { 0 };
	enum rc rc =
		m->to->binding == SAML_POST ? send_post(sp, m, a, &sent, f) : send_redirect(sp, m, a, &sent, f);

	if (rc == RC_OK)
		*ret = sent;
	return rc;
}

/* --- on the way in */

static enum rc inflate(const struct buf *in, struct buf *to, struct fault *f)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	uint8_t *at = d ? buf_room(to, SAML_INFLATED_MAX) : NULL;
	size_t n = 0;
	enum libdeflate_result r =
		at ? libdeflate_deflate_decompress(d, in->p, in->n, at, SAML_INFLATED_MAX, &n) : LIBDEFLATE_SUCCESS;

	libdeflate_free_decompressor(d);
	if (!at)
		return RC_NOMEM;
	if (r == LIBDEFLATE_INSUFFICIENT_SPACE)
		return fault_set(f, RC_TOO_LARGE, "the message is longer than %d bytes", SAML_INFLATED_MAX);
	if (r != LIBDEFLATE_SUCCESS || n == 0)
		return fault_set(f, RC_INVALID, "the message is not deflated, as it must be in a query");
	to->n += n;
	return RC_OK;
}

enum rc saml_write_received(const char *base64, bool deflated, struct buf *to, struct fault *f)
{
	struct buf bytes = { 0 };
	enum rc rc = RC_OK;

	if (!base64_get(base64, strlen(base64), &bytes) || bytes.bad || bytes.n == 0)
		rc = fault_set(f, RC_INVALID, "the message is not base64");
	if (rc == RC_OK && deflated)
		rc = inflate(&bytes, to, f);
	if (rc == RC_OK && !deflated)
		buf_put(to, bytes.p, bytes.n);
	buf_done(&bytes);
	return rc == RC_OK && to->bad ? RC_NOMEM : rc;
}
