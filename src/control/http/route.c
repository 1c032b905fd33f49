#include "control/http/route.h"
#include "model/grant.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool route_may(const struct principal *who, enum scope s)
{
	return who->grants ? grant_covers(who->grants, s) : s == SCOPE_NONE;
}

enum rc route_match(struct call *c, int64_t version)
{
	char etag[32];

	snprintf(etag, sizeof(etag), "\"%" PRId64 "\"", version);
	if (!c->if_match || !strcmp(c->if_match, "*") || !strcmp(c->if_match, etag))
		return RC_OK;
	return fault_set(c->tx.fault, RC_STALE,
		"it is at ETag %s now; read it again and repeat with that in If-Match", etag);
}
