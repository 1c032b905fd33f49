#include "control/http/safety.h"

#include <string.h>

#define ORIGIN_MAX 255

static void put(struct web_header *to, size_t *n, const char *name, const char *value)
{
	to[(*n)++] = (struct web_header){ name, value };
}

/* Is it one of the list, to the letter? */
static bool is_listed(const char *origins, const char *origin)
{
	size_t n = strlen(origin);

	for (const char *at = origins; at && *at;) {
		at += strspn(at, ", ");
		size_t k = strcspn(at, ", ");
		if (k == n && k > 0 && !memcmp(at, origin, n))
			return true;
		at += k;
	}
	return false;
}

/* The page's origin when it may use the API; else NULL. */
static const char *guest(const struct control *c, const struct web_request *r)
{
	const char *origin = c->conf->cors_origins ? web_header(r, "origin") : NULL;
	return origin && is_listed(c->conf->cors_origins, origin) ? origin : NULL;
}

void safety_headers(const struct control *c, const struct web_request *r, struct web_header *to, size_t *n)
{
	const char *origin = guest(c, r);

	put(to, n, "x-content-type-options", "nosniff");
	put(to, n, "content-security-policy", "default-src 'none'; frame-ancestors 'none'");
	put(to, n, "referrer-policy", "no-referrer");
	put(to, n, "cross-origin-opener-policy", "same-origin");
	put(to, n, "cross-origin-resource-policy", origin ? "cross-origin" : "same-origin");
	put(to, n, "permissions-policy", "camera=(), geolocation=(), microphone=()");
	if (web_view(r)->tls)
		put(to, n, "strict-transport-security", "max-age=31536000");
	if (c->conf->cors_origins)
		put(to, n, "vary", "origin");
	if (!origin)
		return;
	put(to, n, "access-control-allow-origin", origin);
	put(to, n, "access-control-expose-headers",
		"etag, idempotency-replayed, link, location, ratelimit, ratelimit-policy, retry-after, "
		"traceparent, "
		"x-event-position, x-request-id");
}

bool safety_preflight(const struct control *c, struct web_request *r)
{
	const char *origin = guest(c, r);

	if (strcmp(web_view(r)->method, "OPTIONS") != 0 || !origin ||
		!web_header(r, "access-control-request-method"))
		return false;
	const struct web_header headers[] = {
		{ "access-control-allow-origin", origin },
		{ "access-control-allow-methods", "DELETE, GET, HEAD, PATCH, POST, PUT" },
		{ "access-control-allow-headers", "authorization, content-type, idempotency-key, if-match, "
						  "if-none-match, last-event-id, prefer, "
						  "traceparent, x-request-id" },
		{ "access-control-max-age", "600" },
		{ "vary", "origin" },
		{ 0 },
	};
	web_reply(r, 204, headers, "", 0);
	return true;
}

enum rc safety_check(const char *origins, struct fault *f)
{
	for (const char *at = origins; at && *at;) {
		at += strspn(at, ", ");
		size_t n = strcspn(at, ", ");
		const char *host = !strncmp(at, "https://", 8)  ? at + 8
				   : !strncmp(at, "http://", 7) ? at + 7
								: NULL;
		if (n > 0 && (!host || host >= at + n || n > ORIGIN_MAX ||
				     memchr(host, '/', (size_t)(at + n - host)) || memchr(at, '*', n)))
			return fault_set(f, RC_INVALID,
				"server.cors_origins: %.*s is not an origin: write https://HOST or "
				"https://HOST:PORT, without "
				"a path; there is no *",
				(int)(n > 80 ? 80 : n), at);
		at += n;
	}
	return RC_OK;
}
