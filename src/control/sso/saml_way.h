/*
 * saml_way: how an identity provider is reached just now: its metadata, as an administrator gave it or as it was fetched. On the
 * worker of a route's `before`, with a read connection; what was fetched, and that it was tried, is kept by saml_way_keep in
 * the `run` that follows, also when the request itself fails: so a provider is asked every SAML_WAY_PAUSE_MS at most, whoever comes.
 *
 * What was fetched last serves on while the provider is away, until its own validUntil. It cannot become another entity.
 */
#pragma once

#include "control/sso/saml_metadata.h"

struct provider;
struct tx;

#define SAML_WAY_PAUSE_MS 30000
#define SAML_WAY_CALL_MS  5000

/* A row of saml_documents, to be kept when `tried`. */
struct saml_way_document {
	const char *url, *body, *error; /* body: NULL: never fetched */
	int64_t fetched_at, tried_at;
	bool tried;
};

struct saml_way {
	struct saml_idp idp;
	struct saml_way_document document;
};
void saml_way_done(struct saml_way *w);

/* `fresh`: fetch although it is not time yet, because what we have may be old. Also on failure ret->document is filled. */
must_check enum rc saml_way_begin(struct tx *tx, const struct provider *p, bool fresh, struct saml_way *ret);
/* Could asking anew give other metadata? */
bool saml_way_can_refresh(const struct tx *tx, const struct provider *p, const struct saml_way *w);

/* On the writer. */
must_check enum rc saml_way_keep(struct tx *tx, const char *idp_id, const struct saml_way_document *d);
