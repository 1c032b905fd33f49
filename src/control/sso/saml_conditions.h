/*
 * saml_conditions: is an assertion for us, from whom we asked, and for now? Each function looks at one part of an assertion whose
 * signature is good. Moments may differ by SAML_SKEW_MS. RC_DENIED with what does not hold.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdint.h>

struct _xmlNode;
struct saml_expect;

#define SAML_BEARER "urn:oasis:names:tc:SAML:2.0:cm:bearer"

/* A moment in an attribute. RC_INVALID: it is none; RC_OK and 0: the attribute is absent. */
must_check enum rc saml_conditions_moment(
	const struct _xmlNode *n, const char *attr, int64_t *ret_ms, struct fault *f);

/* The whole text of the element is this entity id, and its Format, if it has one, is that of entities. */
must_check enum rc saml_conditions_issuer(const struct _xmlNode *issuer, const char *entity_id, struct fault *f);

/* Of the Response itself: what it says of where it goes and what it answers. It may be unsigned, so it can refuse only. */
must_check enum rc saml_conditions_response(
	const struct _xmlNode *response, const struct saml_expect *e, struct fault *f);

/* NotBefore, NotOnOrAfter, AudienceRestriction; a condition that is not known refuses. *ret_until_ms: 0 when it has no end. */
must_check enum rc saml_conditions(
	const struct _xmlNode *assertion, const struct saml_expect *e, int64_t *ret_until_ms, struct fault *f);

/* One SubjectConfirmation of the bearer that holds: Recipient, NotOnOrAfter, InResponseTo. */
must_check enum rc saml_conditions_bearer(
	const struct _xmlNode *assertion, const struct saml_expect *e, int64_t *ret_until_ms, struct fault *f);
