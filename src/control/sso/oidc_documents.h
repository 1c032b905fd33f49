/*
 * oidc_documents: what a provider publishes, kept in the database; and when it may be asked. On the worker of a route's `before`, with a
 * read connection; what was fetched is kept by oidc_documents_keep in the `run` that follows, so that the next request need not
 * ask, on any control plane.
 *
 * A provider is asked for one document at most OIDC_DOCUMENTS_BURST times at once and then every OIDC_DOCUMENTS_EVERY_MS, whoever
 * comes with keys that nobody knows; and one that did not answer in time is left alone for as long.
 *
 * No redirect is followed. What stands at another host than the issuer's must be at a public address: the administrator vouched
 * for the issuer alone.
 */
#pragma once

#include "control/sso/provider.h"
#include "control/tx.h"

#define OIDC_DOCUMENTS_MS       8000 /* for all calls of one request */
#define OIDC_DOCUMENTS_CALL_MS  5000 /* for one */
#define OIDC_DOCUMENTS_FRESH_MS 600000
#define OIDC_DOCUMENTS_STALE_MS 86400000 /* a document so old serves while the provider is away */
#define OIDC_DOCUMENTS_EVERY_MS 15000
#define OIDC_DOCUMENTS_BURST    3

enum oidc_document_kind { OIDC_DESCRIPTION, OIDC_KEYS, OIDC_CALLS, OIDC_DOCUMENT_KINDS };

/* A row of sso_documents. In the arena of the request. */
struct oidc_document {
	const char *url, *body; /* NULL: never fetched */
	int64_t fetched_at, due_at;
	bool asked; /* in this request: to be kept */
};

struct oidc_documents {
	struct tx *tx;
	const struct provider *idp;
	struct oidc_document at[OIDC_DOCUMENT_KINDS];
	uint64_t until_ms; /* clock_mono_ms */
};

/* Reads all the rows. Any connection. The time for calls begins. */
must_check enum rc oidc_documents_load(struct tx *tx, const struct provider *idp, struct oidc_documents *ret);

/* Writes what was asked for: all OIDC_DOCUMENT_KINDS of a load. On the writer. */
must_check enum rc oidc_documents_keep(struct tx *tx, const char *idp_id, const struct oidc_document *at);

/*
 * Fetches it, unless it is fresh (and not `anew`). When that is not possible, an older one serves. RC_AWAY, RC_REFUSED,
 * RC_OVERLOADED: it was asked for too often.
 */
must_check enum rc oidc_documents_need(
	struct oidc_documents *w, enum oidc_document_kind kind, const char *url, bool anew);

/* An HTTP call within the time that is left. Of an answer other than 200: RC_REFUSED. RC_AWAY: there was none in time. */
struct oidc_ask {
	const char *url;
	const char *authorization; /* NULL: none */
	const char *form;          /* a POST with this body; NULL: a GET */
};
must_check enum rc oidc_documents_call(
	struct oidc_documents *w, const struct oidc_ask *ask, const char **ret_body, size_t *ret_n);
