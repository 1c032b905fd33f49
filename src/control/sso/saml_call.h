/*
 * saml_call: what the SAML routes have in common: `before` learns how to reach the identity provider and what our keys are, and leaves
 * what has to be kept; `run` keeps it, whatever came of the rest, and answers.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>

struct call;
struct provider;
struct saml_key_made;
struct saml_sp;
struct saml_way;
struct saml_way_document;

/* In the arena of the request; the first member of what a route's `before` leaves. */
struct saml_found {
	enum rc rc;                               /* why it does not go on; RC_OK: it does */
	const struct saml_way_document *document; /* NULL: it did not come to that */
	const struct saml_key_made *made;         /* our first key for this provider; NULL: there was one */
};

/* A message of ours on its way. In the arena. */
struct saml_sent {
	const char *location;      /* by redirect: where to; else NULL */
	const char *page;          /* by POST: HTML */
	const char *url, *message; /* the same in parts, for programs: `message` is NULL by redirect */
};

/* For `before` alone: in the arena, but undone by saml_call_done. */
struct saml_call {
	struct provider *idp;
	struct saml_way *way;
	struct saml_sp *sp;
};
void saml_call_done(struct saml_call *s);

/* The provider that the path names, with our keys; makes the first when there is none. RC_MISSING: no such provider. */
must_check enum rc saml_call_keys(struct call *c, struct saml_call *ret, struct saml_found *found);
/* How to reach it. */
must_check enum rc saml_call_way(struct call *c, struct saml_call *s, struct saml_found *found);
/* Asks anew for metadata, when that may help. False: it may not, or did not work. */
bool saml_call_again(struct call *c, struct saml_call *s, struct saml_found *found);

/* The end of `before`: a refusal is left for `run`, and told to the log (`why`: NULL: the fault of the call); what is wrong with us is not. */
must_check enum rc saml_call_leave(struct call *c, struct saml_found *found, enum rc rc, const struct fault *why);

/* The beginning of `run`. *ret_idp: as it is now; *ret_id: its id. Either may be NULL. */
must_check enum rc saml_call_keep(
	struct call *c, const struct saml_found *found, struct provider **ret_idp, const char **ret_id);

/* Answers with a message on its way; without one (no location, no page), with our start page. */
must_check enum rc saml_call_show(struct call *c, const struct saml_sent *sent);

/* Adds a Set-Cookie to those that the answer has. */
void saml_call_cookie(struct call *c, const char *cookie);
