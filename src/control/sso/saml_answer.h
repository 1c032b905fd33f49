/*
 * saml_answer: an identity provider's answer to "who is this?": from the bytes of a response to the person it vouches for, or
 * a refusal. Everything of the person is read from the bytes that the assertion's signature covers, parsed anew: never from
 * the document that they came in. (SAML core 2 and 3.4, profiles 4.1.4.)
 *
 * Computes; asks neither clock nor database. What can be judged only by who remembers (was this request ours, was this
 * assertion used before) is in the result, for the caller to judge.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

struct json_t;
struct saml_expect;

#define SAML_ATTRIBUTES_MAX 200
#define SAML_VALUES_MAX     500 /* of one attribute */

/* Texts are in the arena. NULL where it said nothing. */
struct saml_person {
	const char *name_id, *name_format, *name_qualifier, *sp_name_qualifier;
	const char *session_index;
	const char *assertion_id;
	int64_t until_ms; /* the assertion is worth nothing from then on, with the skew: remember it until then */
	int64_t session_until_ms;  /* 0: it names no end */
	int64_t authn_ms;          /* when the person proved who they are */
	const char *context;       /* how: an AuthnContextClassRef */
	struct json_t *attributes; /* an object of lists of texts; dropped by saml_answer_done */
};
void saml_answer_done(struct saml_person *p);

/*
 * RC_INVALID: it is not what it should be. RC_DENIED: it is not vouched for, not for us, or not now. When it was encrypted, all
 * of these have the same rc and the same words, so that nobody learns about the plain text by asking; what it was is
 * left in expect->reason, for the log.
 */
must_check enum rc saml_answer_read(const void *p, size_t n, const struct saml_expect *expect, struct arena *a,
	struct saml_person *ret, struct fault *f);
