/*
 * saml_write: what we say to an identity provider, and how it travels: an XML message becomes the address that a browser is
 * sent to (HTTP-Redirect: deflated, signed in the query), or the page whose form it posts (HTTP-POST: signed in the XML).
 * SAML core 3, bindings 3.4 and 3.5.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "control/sso/saml_metadata.h"
#include "control/sso/saml_sessions.h"
#include "control/sso/saml_sp.h"

#define SAML_INFLATED_MAX 65536 /* bytes of a message that came by redirect */

/* Escaped for the text or an attribute of XML or HTML. */
void saml_put_text(struct buf *to, const char *s);

/* What every message says. */
struct saml_head {
	const char *id, *destination;
	int64_t now_ms;
};

/* The messages; with a place for a signature when it is to travel by POST. */
void saml_write_authn_request(const struct saml_sp *sp, const struct saml_endpoint *to, const struct saml_head *h,
	const char *name_format, bool force, struct buf *xml);
void saml_write_logout_request(const struct saml_sp *sp, const struct saml_endpoint *to, const struct saml_head *h,
	const struct saml_subject *who, struct buf *xml);
void saml_write_logout_response(const struct saml_sp *sp, const struct saml_endpoint *to, const struct saml_head *h,
	const char *in_response_to, struct buf *xml);
/* Signed. */
must_check enum rc saml_write_metadata(const struct saml_sp *sp, const char *id, struct buf *to, struct fault *f);

/* A message on its way. In the arena. */
struct saml_sent {
	const char *location;      /* by redirect: where to; else NULL */
	const char *page;          /* by POST: HTML */
	const char *url, *message; /* the same in parts, for programs: `message` is NULL by redirect */
};

struct saml_message {
	enum saml_binding binding;
	const char *url;
	const char *name; /* SAMLRequest, SAMLResponse */
	const struct buf *xml;
	const char *relay; /* NULL: none */
};
must_check enum rc saml_send(const struct saml_sp *sp, const struct saml_message *m, struct arena *a,
	struct saml_sent *ret, struct fault *f);

/* A message that came: base64, and by redirect deflated. RC_INVALID, RC_TOO_LARGE. */
must_check enum rc saml_received(const char *base64, bool deflated, struct buf *to, struct fault *f);
