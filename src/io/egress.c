#include "io/egress.h"

#include "base/scan.h"
#include "io/web_url.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define SOCKS_VERSION  5
#define SOCKS_CONNECT  1
#define SOCKS_FREE     0 /* method: no login */
#define SOCKS_LOGIN    2 /* method: user and password */
#define SOCKS_V4       1
#define SOCKS_NAME     3
#define SOCKS_V6       4
#define SOCKS_TEXT_MAX 255
#define LOGIN_MAX      (2 * SOCKS_TEXT_MAX + 1)

enum { STEP_METHOD, STEP_LOGIN, STEP_REPLY }; /* of SOCKS5 */

const char *const egress_kind_words[] = { "direct", "bind_address", "http_proxy", "socks5", NULL };

static bool has_login(const struct egress *e) { return e->login && e->login->n > 0; }

static enum rc check_login(const struct egress *e, struct fault *f)
{
	const uint8_t *p = e->login->p, *colon = memchr(p, ':', e->login->n);
	size_t user_n = colon ? (size_t)(colon - p) : 0;

	for (size_t i = 0; i < e->login->n; i++)
		if (p[i] < ' ' || p[i] == 127)
			return fault_set(f, RC_INVALID, "the proxy's login holds a control character");
	if (!colon || user_n > SOCKS_TEXT_MAX || e->login->n - user_n - 1 > SOCKS_TEXT_MAX)
		return fault_set(f, RC_INVALID, "the proxy's login must be USER:PASSWORD, each of at most %d bytes",
			SOCKS_TEXT_MAX);
	if (e->kind == EGRESS_SOCKS5 && (user_n == 0 || user_n + 1 == e->login->n))
		return fault_set(f, RC_INVALID, "a SOCKS5 proxy's user and password may not be empty");
	return RC_OK;
}

enum rc egress_check(const struct egress *e, struct fault *f)
{
	struct in6_addr any;
	struct web_url_proxy proxy = { 0 };

	if (e->kind == EGRESS_DIRECT)
		return RC_OK;
	if (e->kind == EGRESS_BIND)
		return e->address && (inet_pton(AF_INET, e->address, &any) == 1 ||
					     inet_pton(AF_INET6, e->address, &any) == 1)
			       ? RC_OK
			       : fault_set(f, RC_INVALID, "the address to leave from is no IP address");
	if (!e->address)
		return fault_set(f, RC_INVALID, "the proxy has no address");
	enum rc rc = web_url_split_proxy(e->address, &proxy, f);
	if (rc == RC_OK && *proxy.auth)
		rc = fault_set(f, RC_INVALID, "the proxy must be HOST:PORT");
	web_url_proxy_done(&proxy);
	return rc == RC_OK && has_login(e) ? check_login(e, f) : rc;
}

static void put_authority(struct buf *to, const char *host, uint16_t port)
{
	buf_fmt(to, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
}

static void begin_http(const struct egress *e, const char *host, uint16_t port, struct buf *to)
{
	uint8_t text[(LOGIN_MAX + 2) / 3 * 4 + 1];

	buf_str(to, "CONNECT ");
	put_authority(to, host, port);
	buf_str(to, " HTTP/1.1\r\nHost: ");
	put_authority(to, host, port);
	if (has_login(e)) {
		int n = EVP_EncodeBlock(text, e->login->p, (int)e->login->n);
		buf_str(to, "\r\nProxy-Authorization: Basic ");
		buf_put(to, text, (size_t)n);
		hush_wipe(text, sizeof(text));
	}
	buf_str(to, "\r\n\r\n");
}

static void begin_socks(
	struct egress_talk *t, const struct egress *e, const char *host, uint16_t port, struct buf *to)
{
	const uint8_t hello[] = { SOCKS_VERSION, has_login(e) ? 2 : 1, SOCKS_FREE, SOCKS_LOGIN };
	uint8_t address[16];

	buf_put(to, hello, has_login(e) ? 4 : 3);
	buf_put(&t->asked, (const uint8_t[]){ SOCKS_VERSION, SOCKS_CONNECT, 0 }, 3);
	if (inet_pton(AF_INET, host, address) == 1) {
		buf_u8(&t->asked, SOCKS_V4);
		buf_put(&t->asked, address, 4);
	} else if (inet_pton(AF_INET6, host, address) == 1) {
		buf_u8(&t->asked, SOCKS_V6);
		buf_put(&t->asked, address, 16);
	} else {
		buf_u8(&t->asked, SOCKS_NAME);
		buf_u8(&t->asked, (uint8_t)strlen(host));
		buf_str(&t->asked, host);
	}
	buf_u16(&t->asked, port);
	if (!has_login(e))
		return;
	size_t user_n = (size_t)((const uint8_t *)memchr(e->login->p, ':', e->login->n) - e->login->p);
	buf_u8(&t->login, 1); /* version of the login */
	buf_u8(&t->login, (uint8_t)user_n);
	buf_put(&t->login, e->login->p, user_n);
	buf_u8(&t->login, (uint8_t)(e->login->n - user_n - 1));
	buf_put(&t->login, e->login->p + user_n + 1, e->login->n - user_n - 1);
}

enum rc egress_begin(struct egress_talk *t, const struct egress *e, const char *host, uint16_t port, struct buf *to,
	struct fault *f)
{
	enum rc rc = egress_check(e, f);
	if (rc != RC_OK)
		return rc;
	if (strlen(host) > WEB_URL_HOST_MAX)
		return fault_set(f, RC_INVALID, "the host's name is too long");
	t->kind = e->kind;
	if (e->kind == EGRESS_HTTP_PROXY)
		begin_http(e, host, port, to);
	else
		begin_socks(t, e, host, port, to);
	return to->bad || t->asked.bad || t->login.bad ? RC_NOMEM : RC_OK;
}

static enum rc hear_http(const uint8_t *p, size_t n, size_t *ret_used, struct fault *f)
{
	const uint8_t *end = memmem(p, n, "\r\n\r\n", 4);
	uint64_t status;
	char line[16] = "";
	const char *at = line;

	if (!end)
		return n < EGRESS_REPLY_MAX ? RC_MORE
					    : fault_set(f, RC_MALFORMED, "the proxy's answer is too long");
	memcpy(line, p, (size_t)(end - p) < sizeof(line) - 1 ? (size_t)(end - p) : sizeof(line) - 1);
	if (!scan_u64(&at, "HTTP/1.1 ", 999, &status) && !scan_u64(&at, "HTTP/1.0 ", 999, &status))
		return fault_set(f, RC_MALFORMED, "the proxy does not speak HTTP");
	*ret_used = (size_t)(end - p) + 4;
	if (status >= 200 && status < 300)
		return RC_OK;
	if (status == 407)
		return fault_set(f, RC_DENIED, "the proxy does not accept the login");
	return fault_set(f, RC_REFUSED, "the proxy refused with status %u", (unsigned)status);
}

static enum rc refused_socks(unsigned code, struct fault *f)
{
	static const char *const words[] = { "", "it failed", "its rules forbid it",
		"the network cannot be reached", "the host cannot be reached", "the connection was refused",
		"it took too long", "it knows no such command", "it knows no such kind of address" };
	return fault_set(f, RC_REFUSED, "the proxy refused: %s",
		code < sizeof(words) / sizeof(*words) ? words[code] : "for a reason of its own");
}

static enum rc hear_method(
	struct egress_talk *t, const uint8_t *p, size_t *ret_used, struct buf *to, struct fault *f)
{
	if (p[0] != SOCKS_VERSION)
		return fault_set(f, RC_MALFORMED, "the proxy does not speak SOCKS5");
	*ret_used += 2;
	if (p[1] == SOCKS_FREE) {
		buf_put(to, t->asked.p, t->asked.n);
		t->step = STEP_REPLY;
	} else if (p[1] == SOCKS_LOGIN && t->login.n > 0) {
		buf_put(to, t->login.p, t->login.n);
		t->step = STEP_LOGIN;
	} else {
		return fault_set(f, RC_DENIED, "the proxy wants another kind of login");
	}
	return RC_OK;
}

static enum rc hear_reply(const uint8_t *p, size_t n, size_t *ret_used, struct fault *f)
{
	if (n < 5)
		return RC_MORE;
	if (p[0] != SOCKS_VERSION)
		return fault_set(f, RC_MALFORMED, "the proxy does not speak SOCKS5");
	if (p[1] != 0)
		return refused_socks(p[1], f);
	size_t address_n = p[3] == SOCKS_V4 ? 4 : p[3] == SOCKS_V6 ? 16 : p[3] == SOCKS_NAME ? 1u + p[4] : 0;
	if (address_n == 0)
		return fault_set(f, RC_MALFORMED, "the proxy's answer cannot be read");
	if (n < 6 + address_n)
		return RC_MORE;
	*ret_used += 6 + address_n;
	return RC_OK;
}

static enum rc hear_socks(
	struct egress_talk *t, const uint8_t *p, size_t n, size_t *ret_used, struct buf *to, struct fault *f)
{
	enum rc rc = RC_OK;

	while (rc == RC_OK && t->step != STEP_REPLY) {
		const uint8_t *at = p + *ret_used;
		if (n - *ret_used < 2)
			return RC_MORE;
		if (t->step == STEP_METHOD) {
			rc = hear_method(t, at, ret_used, to, f);
		} else if (at[1] != 0) {
			return fault_set(f, RC_DENIED, "the proxy does not accept the login");
		} else {
			*ret_used += 2;
			buf_put(to, t->asked.p, t->asked.n);
			t->step = STEP_REPLY;
		}
	}
	return rc == RC_OK ? hear_reply(p + *ret_used, n - *ret_used, ret_used, f) : rc;
}

enum rc egress_hear(
	struct egress_talk *t, const uint8_t *p, size_t n, size_t *ret_used, struct buf *to, struct fault *f)
{
	*ret_used = 0;
	enum rc rc =
		t->kind == EGRESS_HTTP_PROXY ? hear_http(p, n, ret_used, f) : hear_socks(t, p, n, ret_used, to, f);
	return rc != RC_MORE && to->bad ? RC_NOMEM : rc;
}

void egress_done(struct egress_talk *t)
{
	if (t->login.p)
		hush_wipe(t->login.p, t->login.room);
	buf_done(&t->login);
	buf_done(&t->asked);
}
