/*
 * door: who calls. The one place that turns what a request brings (a bearer key, a bearer token, a session cookie) into a
 * principal. What they may do is decided later (http/perform, by the route's row). control-plane.md 2.4.
 *
 * A bearer is sent by a program that means it. A cookie is sent by a browser, whoever made it send the request: so with a cookie, a
 * method that is not safe needs the session's token in X-CSRF-Token, and whatever the browser says of where the request comes from
 * (Sec-Fetch-Site, Origin) must say that it is from here; a WebSocket, which can have no such header, must come with an Origin. A
 * request that brings both is refused: it could be one's cookie and another's token.
 */
#pragma once

#include "control/http/route.h"

/* What the request brings; NULL: it does not. They live as long as the request. */
struct door_ask {
	const char *method;        /* of the route */
	const char *authorization; /* "Bearer …" */
	const char *peer;          /* the address it comes from */
	const char *cookies;       /* Cookie */
	const char *csrf;          /* X-CSRF-Token */
	const char *origin, *fetch_site, *host;
	bool tls;    /* it came over TLS that ends here */
	bool socket; /* it asks for a WebSocket */
};

/* RC_UNAUTHENTICATED: nobody that we know. RC_DENIED: a cookie, but not from a page of ours. On RC_OK *ret is whole, in the
 * transaction's arena. */
must_check enum rc door_enter(struct tx *tx, const struct door_ask *ask, struct principal *ret);

/* Says the browser, if it is one, that a page of ours made it send this? For routes that are open, and give out cookies. */
bool door_is_ours(const struct door_ask *ask);

/* access/decide, declared here too for http/perform: may they, by the row of the route? */
must_check enum rc decide_route(struct call *c);
