/*
 * web_route: how a dialled WebSocket reaches the other end: which authorities it trusts and through which proxy. For
 * libwebsockets that is a vhost, and a vhost stays as long as its loop: so routes are kept, shared, and, when nobody connects
 * by them just now, given another proxy. Internal to web_dial; loop thread only.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "io/loop_lws.h"

#define WEB_ROUTE_MAX       64  /* different ones on which connections are being made at the same time */
#define WEB_ROUTE_PROXY_MAX 192 /* user:password@address:port */

struct web_route {
	struct list node; /* loop_lws_routes */
	struct lws_vhost *vhost;
	unsigned busy;                   /* dials that are connecting by it: the proxy must stay as it is */
	char proxy[WEB_ROUTE_PROXY_MAX]; /* "" for none */
	char ca[];                       /* "" for the system's alone */
};

/* `ca` and `proxy` may be NULL. The route is busy until web_route_leave. */
must_check enum rc web_route_take(struct loop *l, const struct lws_protocols *protocols, const char *ca,
	const char *proxy, struct web_route **ret_route, struct fault *f);
void web_route_leave(struct web_route *r); /* takes NULL */
