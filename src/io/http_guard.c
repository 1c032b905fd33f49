#include "io/http_guard.h"
#include "wire/ip_block.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOST_MAX      254
#define ADDRESSES_MAX 16
#define PIN_MAX       (HOST_MAX + 16 + ADDRESSES_MAX * 48)

struct target {
	char host[HOST_MAX]; /* without the brackets of an IPv6 address */
	uint16_t port;
};

enum rc http_guard_ports(const char *text, struct http_guard *ret, struct fault *f)
{
	unsigned n = 0;

	for (const char *at = text; *at;) {
		char *end;
		unsigned long port = strtoul(at, &end, 10);
		if (*at < '0' || *at > '9' || (*end && *end != ',') || port < 1 || port > 65535)
			return fault_set(
				f, RC_INVALID, "\"%.60s\" is no list of ports: numbers parted by commas", text);
		if (n == HTTP_GUARD_PORTS_MAX)
			return fault_set(f, RC_INVALID, "at most %d ports", HTTP_GUARD_PORTS_MAX);
		ret->ports[n++] = (uint16_t)port;
		at = *end ? end + 1 : end;
	}
	ret->ports_n = n;
	return RC_OK;
}

static bool has_port(const struct http_guard *g, uint16_t port)
{
	for (unsigned i = 0; i < g->ports_n; i++)
		if (g->ports[i] == port)
			return true;
	return g->ports_n == 0;
}

/* NULL: it may be reached. */
static const char *refusal(const struct http_guard *g, const uint8_t at[static IP_BLOCK_BYTES])
{
	return g->allow && ip_block_has(g->allow, at) ? NULL : ip_block_reserved(at);
}

static void copy_host(char *to, const char *host)
{
	size_t n = strlen(host);
	bool bare = host[0] != '[';
	snprintf(to, HOST_MAX, "%.*s", (int)(bare ? n : n - 2), host + !bare);
}

static enum rc split(CURLU *u, const char *url, struct target *ret, struct fault *f)
{
	char *scheme = NULL, *host = NULL, *port = NULL, *user = NULL;
	bool ok = curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
		  curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		  curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		  curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		  curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_NO_USER &&
		  (!strcmp(scheme, "https") || !strcmp(scheme, "http")) && strlen(host) < HOST_MAX && *host;

	if (ok) {
		copy_host(ret->host, host);
		ret->port = (uint16_t)strtoul(port, NULL, 10);
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_free(user);
	return ok ? RC_OK
		  : fault_set(f, RC_INVALID,
			    "the address must be https:// or http://, with a host and without a user");
}

static enum rc target_of(const struct http_guard *g, const char *url, struct target *ret, struct fault *f)
{
	CURLU *u = curl_url();
	enum rc rc = u ? split(u, url, ret, f) : RC_NOMEM;

	curl_url_cleanup(u);
	if (rc == RC_OK && !has_port(g, ret->port))
		return fault_set(f, RC_INVALID, "port %u is not among those that may be called", ret->port);
	return rc;
}

static enum rc deny(const char *host, const char *why, struct fault *f)
{
	return fault_set(f, RC_DENIED, "%.100s leads to an address that is not public (%s)", host, why);
}

enum rc http_guard_check(const struct http_guard *g, const char *url, struct fault *f)
{
	uint8_t at[IP_BLOCK_BYTES];
	struct target t;
	enum rc rc = target_of(g, url, &t, f);

	if (rc != RC_OK || !ip_block_of_text(t.host, at))
		return rc;
	const char *why = refusal(g, at);
	return why ? fault_set(f, RC_INVALID, "the address is not public (%s)", why) : RC_OK;
}

static bool address_of(const struct sockaddr *a, uint8_t ret[static IP_BLOCK_BYTES])
{
	if (a->sa_family == AF_INET)
		return ip_block_of_v4(
			(const uint8_t *)&((const struct sockaddr_in *)(const void *)a)->sin_addr, ret);
	if (a->sa_family != AF_INET6)
		return false;
	memcpy(ret, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, IP_BLOCK_BYTES);
	return true;
}

/* The second lock: whatever libcurl believes, no socket is opened to another address. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	const struct http_guard *g = ctx;
	uint8_t at[IP_BLOCK_BYTES];

	if (purpose != CURLSOCKTYPE_IPCXN || !address_of(&a->addr, at) || refusal(g, at))
		return CURL_SOCKET_BAD;
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* Every address is checked: one that may not be reached spoils the name. "HOST:PORT:ADDRESS,…" for libcurl. */
static enum rc pin(const struct http_guard *g, const struct target *t, const struct addrinfo *all,
	char to[static PIN_MAX], struct fault *f)
{
	bool wide = strchr(t->host, ':') != NULL;
	int n = snprintf(to, PIN_MAX, "%s%s%s:%u:", wide ? "[" : "", t->host, wide ? "]" : "", t->port), found = 0;
	char text[INET6_ADDRSTRLEN];
	uint8_t at[IP_BLOCK_BYTES];

	for (const struct addrinfo *a = all; a; a = a->ai_next) {
		if (!address_of(a->ai_addr, at))
			continue;
		const char *why = refusal(g, at);
		if (why)
			return deny(t->host, why, f);
		if (found == ADDRESSES_MAX)
			continue;
		const void *bytes = a->ai_family == AF_INET ? at + 12 : at;
		inet_ntop(a->ai_family, bytes, text, sizeof(text));
		n += snprintf(to + n, PIN_MAX - (size_t)n, a->ai_family == AF_INET ? "%s%s" : "%s[%s]",
			found++ ? "," : "", text);
	}
	return found ? RC_OK : fault_set(f, RC_AWAY, "%.100s has no address", t->host);
}

enum rc http_guard_apply(const struct http_guard *g, void *easy, const char *url, void **ret_hold, struct fault *f)
{
	const struct addrinfo want = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *all = NULL;
	char text[PIN_MAX];
	struct target t;

	enum rc rc = target_of(g, url, &t, f);
	if (rc != RC_OK)
		return rc == RC_INVALID ? RC_DENIED : rc;
	int failed = getaddrinfo(t.host, NULL, &want, &all);
	if (failed)
		return fault_set(f, RC_AWAY, "%.100s: %s", t.host, gai_strerror(failed));
	rc = pin(g, &t, all, text, f);
	freeaddrinfo(all);
	struct curl_slist *hold = rc == RC_OK ? curl_slist_append(NULL, text) : NULL;
	if (rc != RC_OK || !hold)
		return rc == RC_OK ? RC_NOMEM : rc;
	curl_easy_setopt(easy, CURLOPT_RESOLVE, hold);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, (void *)g);
	*ret_hold = hold;
	return RC_OK;
}

void http_guard_release(void *hold) { curl_slist_free_all(hold); }
