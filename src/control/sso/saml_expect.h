/* saml_expect: what an identity provider's answer has to fit. */
#pragma once

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

struct call;
struct saml_call;
struct saml_certs;
struct saml_opener;

#define SAML_SKEW_MS 60000 /* by which clocks may differ */

struct saml_expect {
	const char *entity_id; /* ours: the audience */
	const char *acs_url;   /* where answers come in: recipient and destination */
	const char *slo_url;   /* where messages of logout come in */
	const char *idp_entity_id;
	const struct saml_certs *certs;
	const struct saml_opener *opener; /* for what is encrypted; NULL: nothing may be */
	const char *request_id;           /* of our AuthnRequest; NULL: it came without one */
	bool signed_response;             /* the response must be signed too, not the assertion alone */
	bool encrypted;                   /* the assertion must be */
	int64_t now_ms;
	struct fault *reason; /* for the log: why what was encrypted was refused; NULL: nobody wants to know */
};

/* Of a call: our names, its name and certificates, the time; *ret_opener gets our keys (NULL: nothing is to be opened). */
void saml_expect_of(
	const struct call *c, const struct saml_call *s, struct saml_expect *ret, struct saml_opener *ret_opener);
