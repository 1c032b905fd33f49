/*
 * saml_acs_read: what a browser posted to the assertion consumer service, read and judged as far as that takes no remembering:
 * the slow half, in the route's `before`.
 */
#pragma once

#include "control/sso/saml_call.h"
#include "control/sso/saml_sessions.h"

struct saml_acs_form {
	const char *response, *relay;
};

/* Who comes, and by which question of ours. In the arena. */
struct saml_arrival {
	const char *request_id, *relay, *go_to; /* request_id, relay: NULL: it came unasked */
	int64_t began_ms;
	const char *assertion_id;
	int64_t until_ms;            /* of the assertion */
	const char *claims;          /* a JSON object: the attributes, and NameID */
	struct saml_session session; /* without user_id and idp_id */
};

/*
 * RC_DENIED: this browser has asked nothing, or something else. RC_REFUSED, RC_INVALID, RC_TOO_LARGE: the answer is not accepted;
 * *why (zeroed by the caller) has the reason for the log, when it is not in the fault. RC_AWAY: no metadata.
 */
must_check enum rc saml_acs_read(struct call *c, const struct saml_acs_form *form, struct saml_found *found,
	struct saml_arrival *ret, struct fault *why);
