/* oidc_documents: what a provider publishes, kept in the database; and when it may be asked for it. A part of oidc_way. */
#pragma once

#include "control/sso/oidc_way.h"

/* Reads all the rows. Any connection. */
must_check enum rc oidc_documents_load(struct oidc_way *w);

/* Is it there, of this address, and not older than `age_ms`? */
bool oidc_documents_has(const struct oidc_way *w, enum oidc_way_what what, const char *url, int64_t age_ms);

/* May it be asked for now? If so it was: count it. */
bool oidc_documents_may_ask(struct oidc_way *w, enum oidc_way_what what);

/*
 * Fetches it, unless it is fresh (and not `anew`). When that is not possible, an older one serves. RC_AWAY, RC_REFUSED,
 * RC_OVERLOADED: it was asked for too often.
 */
must_check enum rc oidc_documents_need(struct oidc_way *w, enum oidc_way_what what, const char *url, bool anew);

/* An HTTP call within the time that is left. Of an answer other than 200: RC_REFUSED. RC_AWAY: there was none in time. */
struct oidc_documents_ask {
	const char *url;
	const char *authorization; /* NULL: none */
	const char *form;          /* a POST with this body; NULL: a GET */
};
must_check enum rc oidc_documents_call(
	struct oidc_way *w, const struct oidc_documents_ask *ask, const char **ret_body, size_t *ret_n);
