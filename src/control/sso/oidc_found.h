/* oidc_found: what `before` found out about a log-on, for the `run` that follows. In the arena of the request. */
#pragma once

#include "control/http/route.h"

struct oidc_document;

struct oidc_found {
	const struct oidc_document *documents; /* all of a load; NULL: none were looked at */
	enum rc rc;                            /* why it does not go on; RC_OK: it does */
	const char *location, *cookie;         /* of a start */
	/* Of a return: which log-on it is, NULL: none of this browser; and who comes, once that is proven. */
	const char *state, *go_to;
	int64_t until_ms;                       /* when that log-on would be too old */
	const char *forget;                     /* the Set-Cookie that forgets it */
	const char *subject, *session, *claims; /* session may be NULL; claims: JSON */
	bool second_factor;
};

/*
 * Leaves it for `run`. A refusal is found out, too, told to the log, and answered by `run` with a page; what is wrong with ourselves is not,
 * and comes back.
 */
must_check enum rc oidc_found_leave(struct call *c, struct oidc_found *found, enum rc rc);

/* Keeps the documents that were fetched. On the writer. */
must_check enum rc oidc_found_keep(struct tx *tx, const char *idp_id, const struct oidc_found *found);
