/* keys_routes: what the routes of API keys do, for others that do the same in other words (control/wallwhale). On the writer. */
#pragma once

#include "control/access/keys_row.h"

struct call;

/* A new key, with its secret: no more than the caller may. Problems go into c->reader. */
must_check enum rc keys_routes_make(struct call *c, const struct keys_in *in, struct keys_row *ret);

/* Another secret for the key of the path; the old one is good for so many seconds. */
must_check enum rc keys_routes_rotate(struct call *c, uint32_t overlap_s, struct keys_row *ret);

/* RC_MISSING: it was revoked before. */
must_check enum rc keys_routes_revoke(struct call *c);
