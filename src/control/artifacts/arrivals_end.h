/* arrivals_end: whose ticket is shown, and the end of what it brings. Part of arrivals. */
#pragma once

#include "control/http/route.h"

#define ARRIVALS_BLOB_BYTES (1ull << 40) /* of one blob */

struct arrival {
	const char *id, *agent_id, *content_id; /* content_id: it is over */
};

/* Whose request is it? RC_UNAUTHENTICATED: no ticket, an old one, or one that was used. */
must_check enum rc arrivals_find(struct call *c, struct arrival *ret);

struct arrivals_end {
	const char *content_id, *kind, *format, *package_sha256;
	int64_t package_bytes;
};
extern const struct field arrivals_end_fields[];
must_check enum rc arrivals_end_before(struct call *c);
must_check enum rc arrivals_end_run(struct call *c, void *ret_out);
