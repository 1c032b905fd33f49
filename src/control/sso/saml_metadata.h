/*
 * saml_metadata: what an identity provider says of itself, read from its metadata (SAML metadata 2). Of one entity; what
 * a federation's aggregate holds is not searched.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/own.h"
#include "control/sso/saml_certs.h"

#include <stdbool.h>
#include <stdint.h>

#define SAML_BINDING_REDIRECT "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
#define SAML_BINDING_POST     "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"

enum saml_binding { SAML_NONE, SAML_REDIRECT, SAML_POST };

/* Where it takes messages of one kind. */
struct saml_endpoint {
	enum saml_binding binding; /* SAML_NONE: nowhere */
	const char *url;
	const char *response_url; /* for answers; the same when it names no other */
};

struct saml_idp {
	const char *entity_id;
	struct saml_endpoint sso, slo;
	struct saml_certs certs;
	bool wants_signed;      /* WantAuthnRequestsSigned; ours always are */
	int64_t valid_until_ms; /* 0: it names no end */
};
void saml_metadata_done(struct saml_idp *i);

/*
 * `signer`: certificates of who signs metadata; NULL: it need not be signed. RC_INVALID: it cannot be used, with the reason.
 * RC_DENIED: not signed by them. Texts are in the arena; *ret is undone by saml_metadata_done.
 */
must_check enum rc saml_metadata_read(const void *p, size_t n, const struct saml_certs *signer, struct arena *a,
	struct saml_idp *ret, struct fault *f);
