#include "io/web_url.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void web_url_done(struct web_url *u)
{
	free(u->host);
	free(u->path);
	*u = (struct web_url){ 0 };
}

void web_url_proxy_done(struct web_url_proxy *u)
{
	free(u->host);
	free(u->auth);
	*u = (struct web_url_proxy){ 0 };
}

/* HOST, HOST:PORT, [V6] or [V6]:PORT of n bytes. Untouched on failure. */
static bool split_authority(const char *s, size_t n, uint16_t port, char **ret_host, uint16_t *ret_port)
{
	bool six = n > 0 && *s == '[';
	const char *host = six ? s + 1 : s, *end = s + n;
	size_t host_n = 0;
	while (host + host_n < end && host[host_n] != (six ? ']' : ':'))
		host_n++;
	const char *rest = host + host_n + six;

	if (host_n == 0 || host_n > WEB_URL_HOST_MAX || rest > end || (rest < end && *rest != ':'))
		return false;
	if (rest < end) {
		unsigned long v = 0;
		for (const char *c = rest + 1; c < end; c++) {
			if (!isdigit((unsigned char)*c) || v > UINT16_MAX)
				return false;
			v = v * 10 + (unsigned long)(*c - '0');
		}
		if (v == 0 || v > UINT16_MAX)
			return false;
		port = (uint16_t)v;
	}
	if (port == 0)
		return false;
	*ret_host = strndup(host, host_n);
	*ret_port = port;
	return *ret_host != NULL;
}

enum rc web_url_split(const char *url, struct web_url *u, struct fault *f)
{
	u->tls = !strncasecmp(url, "wss://", 6);
	if (!u->tls && strncasecmp(url, "ws://", 5) != 0)
		return fault_set(f, RC_INVALID, "the address must begin with ws:// or wss://");
	if (strlen(url) > WEB_URL_MAX)
		return fault_set(f, RC_INVALID, "the address is longer than %d characters", WEB_URL_MAX);
	for (const char *c = url; *c; c++)
		if (*c <= ' ' || *c > '~' || *c == '#')
			return fault_set(
				f, RC_INVALID, "the address holds a character that must be percent-encoded");
	const char *at = strchr(url, '/') + 2;
	size_t n = strcspn(at, "/?");
	if (memchr(at, '@', n))
		return fault_set(f, RC_INVALID, "the address may not hold a user or password");
	if (n >= sizeof(u->authority) || !split_authority(at, n, u->tls ? 443 : 80, &u->host, &u->port))
		return fault_set(f, RC_INVALID, "the address has no lawful host or port");
	memcpy(u->authority, at, n);
	size_t path_n = strlen(at + n) + 2;
	u->path = malloc(path_n);
	if (u->path)
		snprintf(u->path, path_n, "%s%s", at[n] == '/' ? "" : "/", at + n);
	return u->path ? RC_OK : RC_NOMEM;
}

enum rc web_url_split_proxy(const char *proxy, struct web_url_proxy *u, struct fault *f)
{
	if (!proxy)
		return RC_OK;
	const char *at = strrchr(proxy, '@');
	size_t auth_n = at ? (size_t)(at - proxy) + 1 : 0;

	u->auth = strndup(proxy, auth_n);
	if (!u->auth)
		return RC_NOMEM;
	if (!split_authority(proxy + auth_n, strlen(proxy + auth_n), 0, &u->host, &u->port))
		return fault_set(f, RC_INVALID,
			"the proxy must be HOST:PORT"); /* never the text itself: it may hold a password */
	return RC_OK;
}
