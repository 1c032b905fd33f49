#include "control/access/door.h"
#include "base/metric.h"
#include "control/access/keys.h"
#include "control/control.h"
#include "control/people/sessions_check.h"
#include "control/people/tokens.h"
#include "model/apikey.h"
#include "wire/cookie.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <strings.h>

static bool is_safe(const char *method)
{
	return !strcmp(method, "GET") || !strcmp(method, "HEAD") || !strcmp(method, "OPTIONS");
}

/* "https://HOST[:PORT]" of the place that the request was sent to? The scheme may have ended before us, unless TLS ends here. */
static bool is_origin(const struct door_ask *ask)
{
	static const char secure[] = "https://", plain[] = "http://";
	const char *at = ask->origin;

	if (!strncasecmp(at, secure, sizeof(secure) - 1))
		at += sizeof(secure) - 1;
	else if (!ask->tls && !strncasecmp(at, plain, sizeof(plain) - 1))
		at += sizeof(plain) - 1;
	else
		return false;
	return *at && ask->host && !strcasecmp(at, ask->host);
}

bool door_is_ours(const struct door_ask *ask)
{
	if (ask->fetch_site && strcasecmp(ask->fetch_site, "same-origin") != 0)
		return false;
	return !ask->origin || is_origin(ask);
}

/* Is it a page of ours that sends this cookie? */
static enum rc check_page(struct tx *tx, const struct door_ask *ask, const char *secret)
{
	char want[SESSIONS_CSRF_MAX];

	if (ask->socket)
		return ask->origin && is_origin(ask)
			       ? RC_OK
			       : fault_set(tx->fault, RC_DENIED,
					 "with a cookie, a WebSocket needs the Origin of this server");
	if (is_safe(ask->method))
		return RC_OK;
	if (!door_is_ours(ask))
		return fault_set(tx->fault, RC_DENIED,
			"another site made the browser send this: Origin and Sec-Fetch-Site must be ours");
	people_session_csrf(tx->control, secret, want);
	if (ask->csrf && strlen(ask->csrf) == strlen(want) && CRYPTO_memcmp(ask->csrf, want, strlen(want)) == 0)
		return RC_OK;
	return fault_set(tx->fault, RC_DENIED,
		"with a cookie, send X-CSRF-Token: csrfToken of the log-on or of GET /v1/auth/me");
}

static void count(const struct tx *tx, const char *method, enum rc rc)
{
	char labels[METRIC_LABELS_MAX];

	snprintf(labels, sizeof(labels), "%s\n%s", method, rc == RC_OK ? "ok" : "refused");
	metric_add(tx->control->metrics, METRIC_AUTH_ATTEMPTS, labels, 1);
}

static enum rc by_cookie(struct tx *tx, const struct door_ask *ask, const char *secret, struct principal *ret)
{
	enum rc rc = people_sessions_check(tx, secret, ret);
	if (rc == RC_OK)
		rc = check_page(tx, ask, secret);
	count(tx, "cookie", rc);
	return rc;
}

static enum rc by_token(struct tx *tx, const char *token, struct principal *ret)
{
	enum rc rc = tokens_check(tx, token, ret);
	count(tx, "token", rc);
	return rc;
}

enum rc door_enter(struct tx *tx, const struct door_ask *ask, struct principal *ret)
{
	const char *a = ask->authorization;
	char secret[APIKEY_MAX];
	bool cookie = cookie_find(ask->cookies, SESSIONS_COOKIE, secret, sizeof(secret));

	if (a && cookie)
		return fault_set(tx->fault, RC_UNAUTHENTICATED, "send a cookie or Authorization, not both");
	if (cookie)
		return by_cookie(tx, ask, secret, ret);
	if (!a || strncasecmp(a, "Bearer ", 7) != 0)
		return fault_set(tx->fault, RC_UNAUTHENTICATED,
			"send Authorization: Bearer and an API key or an access token");
	a += 7 + strspn(a + 7, " ");
	return strchr(a, '.') ? by_token(tx, a, ret) : keys_check(tx, a, ret);
}
