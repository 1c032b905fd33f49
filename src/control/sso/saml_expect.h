/* saml_expect: what an identity provider's answer has to fit. */
#pragma once

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

struct saml_certs;
struct saml_opener;

#define SAML_SKEW_MS 60000 /* by which clocks may differ */

struct saml_expect {
	const char *entity_id; /* ours: the audience */
	const char *acs_url;   /* where it came in: recipient and destination */
	const char *idp_entity_id;
	const struct saml_certs *certs;
	const struct saml_opener *opener; /* for what is encrypted; NULL: nothing may be */
	const char *request_id;           /* of our AuthnRequest; NULL: it came without one */
	bool signed_response;             /* the response must be signed too, not the assertion alone */
	bool encrypted;                   /* the assertion must be */
	int64_t now_ms;
	struct fault *reason; /* for the log: why what was encrypted was refused; NULL: nobody wants to know */
};
