/*
 * saml_write: what we say to an identity provider, and how it travels: an XML message becomes the address that a browser is
 * sent to (HTTP-Redirect: deflated, signed in the query), or the page whose form it posts (HTTP-POST: signed in the XML).
 * SAML core 3, bindings 3.4 and 3.5.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct buf;
struct saml_endpoint;
struct saml_sent;
struct saml_sp;
struct saml_subject;

#define SAML_INFLATED_MAX 65536 /* bytes of a message that came by redirect */

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

struct saml_message {
	const struct saml_endpoint *to;
	bool is_answer; /* SAMLResponse, to where answers go; else SAMLRequest */
	const struct buf *xml;
	const char *relay; /* NULL: none */
};
/* On its way, by the endpoint's binding: see saml_call. Texts in the arena. */
must_check enum rc saml_write_send(const struct saml_sp *sp, const struct saml_message *m, struct arena *a,
	struct saml_sent *ret, struct fault *f);

/* A message that came: base64, and by redirect deflated. RC_INVALID, RC_TOO_LARGE. */
must_check enum rc saml_write_received(const char *base64, bool deflated, struct buf *to, struct fault *f);
