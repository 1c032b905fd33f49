/*
 * web_url: the addresses that are dialled, taken apart: ws:// and wss://, and HOST:PORT of a proxy. Pure; any thread.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

#define WEB_URL_MAX      4096
#define WEB_URL_HOST_MAX 253

struct web_url {
	bool tls;
	uint16_t port;
	char *host;                           /* without the brackets of an IPv6 address */
	char *path;                           /* with the query; begins with '/' */
	char authority[WEB_URL_HOST_MAX + 9]; /* as the URL has it, for the Host header */
};

struct web_url_proxy {
	char *host; /* NULL: no proxy */
	char *auth; /* "" or "user:password@" */
	uint16_t port;
};

/* Into a zeroed *u, which must be undone even after a failure. */
must_check enum rc web_url_split(const char *url, struct web_url *u, struct fault *f);
void web_url_done(struct web_url *u);

/* [USER:PASSWORD@]HOST:PORT; NULL gives none. Likewise. */
must_check enum rc web_url_split_proxy(const char *proxy, struct web_url_proxy *u, struct fault *f);
void web_url_proxy_done(struct web_url_proxy *u);
