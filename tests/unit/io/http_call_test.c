#include "io/http_call.h"
#include "tests/unit/io/call_proxy.h"
#include "tests/unit/io/site.h"

static struct site site;
static char url[256];

static const char *at(const char *path)
{
	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", site.port, path);
	return url;
}

static void asks_and_hears(void)
{
	struct http_answer a = { 0 };
	struct fault f = { 0 };
	struct http_call_header headers[] = { { "Content-Type", "text/x" }, { "X-Request-Id", "r1" },
		{ "Prefer", "" }, { 0 } };

	CHECK(http_call(&(struct http_ask){ .url = at("/echo?a=b") }, &a, &f) == RC_OK);
	CHECK(a.status == 200);
	CHECK(strstr(buf_text(&a.body), "GET|/echo|a=b|127.0.0.1|host=127.0.0.1:"));
	CHECK(strstr(buf_text(&a.body), "user-agent=footplate/"));
	CHECK_STR(http_call_header_of(&a, "content-type"), "text/plain");
	CHECK(http_call_header_of(&a, "content-typ") == NULL && http_call_header_of(&a, "date"));
	http_answer_done(&a);

	static const char *const methods[] = { "POST", "PUT", "PATCH", "DELETE" };
	for (int i = 0; i < 4; i++) {
		char want[32];
		CHECK(http_call(&(struct http_ask){ .method = methods[i],
					.url = at("/echo"),
					.headers = headers,
					.body = "b\0dy",
					.body_n = 4 },
			      &a, &f) == RC_OK);
		snprintf(want, sizeof(want), "%s|/echo|", methods[i]);
		CHECK(!strncmp(buf_text(&a.body), want, strlen(want)));
		CHECK(strstr(buf_text(&a.body), "content-type=text/x;prefer=;x-request-id=r1;"));
		CHECK(a.body.n > 6 && !memcmp(a.body.p + a.body.n - 6, "4|b\0dy", 6));
		http_answer_done(&a);
	}
	CHECK(http_call(&(struct http_ask){ .method = "POST", .url = at("/echo") }, &a, &f) == RC_OK);
	CHECK(strstr(buf_text(&a.body), "POST|/echo|") && strstr(buf_text(&a.body), "|0|") &&
		!strstr(buf_text(&a.body), "content-type"));
	http_answer_done(&a);
	CHECK(http_call(&(struct http_ask){ .method = "HEAD", .url = at("/echo") }, &a, &f) == RC_OK &&
		a.status == 200 && a.body.n == 0);
	http_answer_done(&a);
}

static void limits_and_faults(void)
{
	struct http_answer a = { 0 };
	struct fault f = { 0 };

	CHECK(http_call(&(struct http_ask){ .url = at("/bytes?5000"), .body_max = 5000 }, &a, &f) == RC_OK &&
		a.body.n == 5000);
	http_answer_done(&a);
	a = (struct http_answer){ 0 };
	CHECK(http_call(&(struct http_ask){ .url = at("/bytes?5001&secret"), .body_max = 5000 }, &a, &f) ==
		RC_TOO_LARGE);
	CHECK(strstr(f.text, "/bytes: the answer is larger") && !strstr(f.text, "secret") && a.body.p == NULL);
	site.hold = true;
	CHECK(http_call(&(struct http_ask){ .url = at("/later"), .deadline_ms = 100 }, &a, &f) == RC_TIMEOUT);
	site.hold = false;
	CHECK(http_call(&(struct http_ask){ .url = "http://127.0.0.1:1/" }, &a, &f) == RC_AWAY && *f.text);
	CHECK(http_call(&(struct http_ask){ .url = "http://no-such-host.invalid/" }, &a, &f) == RC_AWAY);
	CHECK(http_call(&(struct http_ask){ .url = "file:///etc/passwd" }, &a, &f) == RC_INVALID);
	snprintf(url, sizeof(url), "http://me:secret@127.0.0.1:%u/echo", site.port);
	CHECK(http_call(&(struct http_ask){ .url = url }, &a, &f) == RC_INVALID && !strstr(f.text, "secret"));
	struct http_call_header forged[] = { { "X", "a\r\nY: b" }, { 0 } };
	CHECK(http_call(&(struct http_ask){ .url = at("/echo"), .headers = forged }, &a, &f) == RC_INVALID);
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	CHECK(http_call(&(struct http_ask){ .url = at("/echo") }, &a, &f) == RC_OK);
	http_answer_done(&a);
	unsetenv("http_proxy");
	CHECK(http_call(&(struct http_ask){ .url = at("/echo"), .http_proxy = "127.0.0.1:1" }, &a, &f) == RC_AWAY);
	CHECK(http_call(&(struct http_ask){ .url = at("/echo"), .unix_socket = "/nowhere" }, &a, &f) == RC_AWAY);
}

static void connections_are_kept(void)
{
	struct http_caller *c = http_call_new();
	struct fault f = { 0 };

	site_await_open(&site, 0);
	for (int i = 0; i < 20; i++) {
		struct http_answer a = { 0 };
		CHECK(http_call(&(struct http_ask){ .caller = c,
					.url = at("/echo"),
					.body = i % 2 ? "x" : NULL,
					.body_n = i % 2 ? 1 : 0 },
			      &a, &f) == RC_OK);
		CHECK(strstr(buf_text(&a.body), i % 2 ? "|1|x" : "|0|"));
		http_answer_done(&a);
		site_do(&site, site_count);
		CHECK(site.open == 1);
	}
	http_call_free(c);
	site_await_open(&site, 0);
}

struct taken {
	size_t n, stop_at;
};
static bool take_some(void *ctx, const void *p, size_t n)
{
	struct taken *t = ctx;
	CHECK(*(const char *)p == 'e');
	t->n += n;
	return t->n < t->stop_at;
}

static void a_stream_is_shown_as_it_comes(void)
{
	struct http_answer a = { 0 };
	struct fault f = { 0 };
	struct taken all = { .stop_at = SIZE_MAX }, some = { .stop_at = 1000 };

	CHECK(http_call(
		      &(struct http_ask){
			      .url = at("/stream?100"), .on_body = take_some, .ctx = &all, .body_max = 10 },
		      &a, &f) == RC_OK);
	CHECK(all.n == 102400 && a.body.n == 0);
	http_answer_done(&a);
	CHECK(http_call(&(struct http_ask){ .url = at("/stream?100"), .on_body = take_some, .ctx = &some }, &a,
		      &f) == RC_CANCELED);
	CHECK(some.n >= 1000 && some.n < 102400);
	/* What is no success is an answer to be read, not part of the stream. */
	CHECK(http_call(&(struct http_ask){ .url = at("/echo"),
				.body = "",
				.body_n = 0,
				.headers = (struct http_call_header[]){ { "Transfer-Encoding", "gzip" }, { 0 } },
				.on_body = take_some,
				.ctx = &some },
		      &a, &f) == RC_OK);
	CHECK(a.status >= 400 && a.body.n > 0);
	http_answer_done(&a);
}

/* By which way it leaves: an address of its own, a SOCKS5 and an HTTP proxy, both with a login that no text shows. */
static void goes_by_its_egress(void)
{
	struct http_answer a = { 0 };
	struct fault f = { 0 };
	struct proxy x;
	char to[32];
	struct hush login = { 0 };

	CHECK(http_call(&(struct http_ask){ .url = at("/echo"), .bind_address = "127.0.0.3" }, &a, &f) == RC_OK);
	CHECK(strstr(buf_text(&a.body), "|127.0.0.3|"));
	http_answer_done(&a);
	a = (struct http_answer){ 0 };
	CHECK(http_call(&(struct http_ask){ .url = at("/echo"), .bind_address = "192.0.2.1" }, &a, &f) != RC_OK);
	CHECK(hush_set(&login, "me:se:cret", 10) == RC_OK);
	for (int socks = 0; socks < 2; socks++) {
		proxy_start(&x, socks);
		snprintf(to, sizeof(to), "127.0.0.1:%u", x.port);
		CHECK(http_call(&(struct http_ask){ .url = "http://no-such-host.invalid/x",
					.http_proxy = socks ? NULL : to,
					.socks5 = socks ? to : NULL,
					.proxy_login = &login },
			      &a, &f) == RC_OK);
		proxy_end(&x);
		CHECK_STR(buf_text(&a.body), "through");
		http_answer_done(&a);
		a = (struct http_answer){ 0 };
		if (socks) {
			CHECK_STR(x.login, "me:se:cret");
			CHECK_STR(x.target, "no-such-host.invalid:80");
			CHECK(!strncmp(x.request, "GET /x HTTP/1.1", 15) && !strstr(x.request, "Proxy-Auth"));
		} else {
			CHECK(!strncmp(x.request, "GET http://no-such-host.invalid/x HTTP/1.1", 42));
			CHECK(strstr(x.request, "Proxy-Authorization: Basic bWU6c2U6Y3JldA=="));
		}
	}
	CHECK(http_call(&(struct http_ask){ .url = at("/echo"), .socks5 = "127.0.0.1:1", .proxy_login = &login },
		      &a, &f) == RC_AWAY);
	CHECK(!strstr(f.text, "cret"));
	CHECK(hush_set(&login, "nocolon", 7) == RC_OK);
	CHECK(http_call(&(struct http_ask){ .url = at("/echo"), .socks5 = "127.0.0.1:1", .proxy_login = &login },
		      &a, &f) == RC_INVALID);
	CHECK(!strstr(f.text, "nocolon"));
	hush_done(&login);
}

int main(void)
{
	site_start(&site);
	asks_and_hears();
	limits_and_faults();
	connections_are_kept();
	goes_by_its_egress();
	a_stream_is_shown_as_it_comes();
	site_stop(&site);
	return 0;
}
