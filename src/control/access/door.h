/*
 * door: who calls. The one place that turns what a request brings (a bearer key, a bearer token, a session cookie) into a
 * principal. What they may do is decided later (http/perform, by the route's row). control-plane.md 2.4.
 */
#pragma once

#include "control/http/route.h"

/* What the request brings; NULL: it does not. They live as long as the request. */
struct door_ask {
	const char *method;        /* of the route */
	const char *authorization; /* "Bearer …" */
	const char *peer;          /* the address it comes from */
};

/* RC_UNAUTHENTICATED: nobody that we know. On RC_OK *ret is whole, in the transaction's arena. */
must_check enum rc door_enter(struct tx *tx, const struct door_ask *ask, struct principal *ret);

/* access/decide, declared here too for http/perform: may they, by the row of the route? */
must_check enum rc decide_route(struct call *c);
