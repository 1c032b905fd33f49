#include "io/web_route.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

/* libwebsockets goes on without a file that it cannot read, and then trusts nobody; so it is read here first. */
static enum rc try_ca(const char *ca, struct fault *f)
{
	X509_STORE *store = *ca ? X509_STORE_new() : NULL;
	bool good = !*ca || (store && X509_STORE_load_file(store, ca) == 1);

	X509_STORE_free(store);
	ERR_clear_error();
	return good ? RC_OK : fault_set(f, RC_INVALID, "%s holds no certificates in PEM, or cannot be read", ca);
}

static enum rc make(struct loop *l, const struct lws_protocols *protocols, const char *ca,
	struct web_route **ret_route, struct fault *f)
{
	struct lws_context_creation_info how = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.protocols = protocols,
		.vhost_name = "dial",
		.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
		.client_ssl_ca_filepath = *ca ? ca : NULL,
		.http_proxy_address =
			getenv("http_proxy") ? "" : NULL, /* whose proxy it would take if none were given */
		.ssl_client_options_set = SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1,
		.gid = -1,
		.uid = -1,
	};
	enum rc rc = try_ca(ca, f);
	if (rc != RC_OK)
		return rc;
	auto_free struct web_route *r = calloc(1, sizeof(*r) + strlen(ca) + 1);
	if (!r)
		return RC_NOMEM;
	memcpy(r->ca, ca, strlen(ca) + 1);
	how.user = r;
	r->vhost = lws_create_vhost(loop_lws_context(l), &how);
	if (!r->vhost)
		return fault_set(f, RC_IO, "libwebsockets cannot make a client");
	list_append(loop_lws_routes(l), &r->node);
	*ret_route = take(r);
	return RC_OK;
}

/* One that fits; else one whose proxy may be changed, for nobody connects by it now. One without a proxy never gets one. */
static struct web_route *find(struct list *routes, const char *ca, const char *proxy, size_t *ret_n)
{
	struct web_route *idle = NULL;

	*ret_n = 0;
	list_each (at, next, routes) {
		struct web_route *r = list_of(at, struct web_route, node);
		++*ret_n;
		if (strcmp(r->ca, ca) != 0)
			continue;
		if (!strcmp(r->proxy, proxy))
			return r;
		if (*proxy && *r->proxy && r->busy == 0)
			idle = r;
	}
	return idle;
}

enum rc web_route_take(struct loop *l, const struct lws_protocols *protocols, const char *ca, const char *proxy,
	struct web_route **ret_route, struct fault *f)
{
	size_t n;

	ca = ca ? ca : "";
	proxy = proxy ? proxy : "";
	if (strlen(proxy) >= WEB_ROUTE_PROXY_MAX)
		return fault_set(f, RC_INVALID, "the proxy's address is too long");
	struct web_route *r = find(loop_lws_routes(l), ca, proxy, &n);
	if (!r && n >= WEB_ROUTE_MAX)
		return fault_set(f, RC_OVERLOADED, "too many proxies are being connected through at once");
	enum rc rc = r ? RC_OK : make(l, protocols, ca, &r, f);
	if (rc != RC_OK || !r)
		return rc;
	if (strcmp(r->proxy, proxy) != 0) {
		if (lws_set_proxy(r->vhost, proxy))
			return fault_set(
				f, RC_INVALID, "the proxy must be HOST:PORT"); /* its text may hold a password */
		snprintf(r->proxy, sizeof(r->proxy), "%s", proxy);
	}
	r->busy++;
	*ret_route = r;
	return RC_OK;
}

void web_route_leave(struct web_route *r)
{
	if (r)
		r->busy--;
}
