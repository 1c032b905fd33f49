/* The WebSocket client against our server, against nobody, and through a proxy. */
#include "io/clock.h"
#include "tests/unit/io/proxy.h"

static struct site site;

/* One dialled socket and what is to happen with it; the loop is the main thread's. */
struct end {
	struct loop *loop;
	struct web_socket *socket;
	size_t size; /* of the messages */
	int messages, opened, closed, code, drained;
	bool quit_by_us, quit_by_them, flood;
	char why[256];
	int *left; /* ends that are still open */
};

static uint8_t *pattern(size_t n)
{
	uint8_t *p = malloc(n + 1);
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)('a' + i % 23);
	return p;
}

static void say(struct end *e)
{
	uint8_t *p = pattern(e->size);
	CHECK(web_socket_send(e->socket, p, e->size, e->messages % 2));
	free(p);
}

static void on_open(void *ctx, struct web_socket *s)
{
	struct end *e = ctx;
	CHECK(s == e->socket && !e->opened);
	e->opened++;
	if (e->flood) {
		static char block[65536];
		while (web_socket_send(s, block, sizeof(block), true))
			;
		CHECK(!e->closed); /* never from within the call */
		return;
	}
	say(e);
}

static void on_message(void *ctx, struct web_socket *s, const void *p, size_t n, bool binary)
{
	struct end *e = ctx;
	uint8_t *want = pattern(e->size);

	CHECK(n == e->size && !memcmp(p, want, n) && binary == (bool)(e->messages % 2));
	free(want);
	if (++e->messages < 10)
		say(e);
	else if (e->quit_by_us)
		web_socket_close(s, 4002, "enough");
	else if (e->quit_by_them)
		web_socket_send(s, "quit", 4, false);
}

static void on_drain(void *ctx, struct web_socket *s)
{
	struct end *e = ctx;
	CHECK(web_socket_queued(s) == 0);
	e->drained++;
}

static void on_close(void *ctx, struct web_socket *s, int code, const char *why)
{
	struct end *e = ctx;
	CHECK(s == e->socket && !e->closed);
	e->closed++;
	e->code = code;
	snprintf(e->why, sizeof(e->why), "%s", why);
	if (--*e->left == 0)
		loop_stop(e->loop);
}

static enum rc dial(struct end *e, const char *url, struct web_dial how)
{
	struct fault f = { 0 };
	how.url = url;
	how.on = (struct web_socket_on){ e, on_open, on_message, on_drain, on_close };
	enum rc rc = web_dial(e->loop, &how, &e->socket, &f);
	if (rc != RC_OK)
		snprintf(e->why, sizeof(e->why), "%s", f.text);
	CHECK(!e->closed);
	return rc;
}

static const char *site_url(const char *path)
{
	static char url[128];
	snprintf(url, sizeof(url), "ws://127.0.0.1:%u%s", site.port, path);
	return url;
}

/* Dials once and runs until it is over. */
static struct end once(struct end e, const char *url, struct web_dial how)
{
	struct fault f = { 0 };
	int left = 1;

	e.left = &left;
	CHECK(loop_new(NULL, &e.loop, &f) == RC_OK);
	CHECK(dial(&e, url, how) == RC_OK);
	loop_run(e.loop);
	loop_free(e.loop);
	CHECK(e.closed == 1);
	return e;
}

static void messages_of_many_sizes(void)
{
	static const size_t sizes[] = { 0, 1, 125, 126, 2047, 2048, 2049, 16384, 65535, 65536, 900000 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct end e = once((struct end){ .size = sizes[i], .quit_by_us = i % 2, .quit_by_them = !(i % 2) },
			site_url("/ws"), (struct web_dial){ .protocol = "chat" });
		CHECK(e.opened == 1 && e.messages == 10 && e.drained > 0);
		CHECK(e.code == (e.quit_by_us ? 4002 : 4001));
		if (e.quit_by_them)
			CHECK_STR(e.why, "as you wish");
	}
	site_await(&site, &site.socket_closes, site.sockets);
}

static void what_is_too_much(void)
{
	struct end e = once((struct end){ .size = 5000 }, site_url("/ws"),
		(struct web_dial){ .limits = { .message_bytes = 4999 } });
	CHECK(e.messages == 0 && e.code == WEB_CLOSE_BIG);
	site_await(&site, &site.socket_closes, site.sockets);
	CHECK(site.last_code == WEB_CLOSE_BIG);

	e = once((struct end){ .flood = true }, site_url("/ws"),
		(struct web_dial){ .limits = { .socket_bytes = 1 << 20 } });
	CHECK(e.opened && e.code == WEB_CLOSE_SLOW);
}

static void connections_that_fail(void)
{
	char url[128];
	uint16_t port;
	int fd = proxy_deaf(&port);

	struct end e = once((struct end){ 0 }, site_url("/other"), (struct web_dial){ 0 });
	CHECK(!e.opened && e.code == 1006 && *e.why);
	snprintf(url, sizeof(url), "ws://127.0.0.1:%u/", port);
	e = once((struct end){ 0 }, url, (struct web_dial){ .connect_ms = 200 });
	CHECK(!e.opened && e.code == 1006);
	CHECK_STR(e.why, "no connection in time");
	close(fd);
	e = once((struct end){ 0 }, url, (struct web_dial){ 0 });
	CHECK(!e.opened && e.code == 1006 && *e.why);
	e = once((struct end){ 0 }, "ws://no-such-host.invalid/", (struct web_dial){ 0 });
	CHECK(!e.opened && e.code == 1006 && *e.why);
	snprintf(url, sizeof(url), "ws://localhost:%u/ws", site.port); /* by name, perhaps at the second address */
	e = once((struct end){ .size = 10, .quit_by_us = true }, url, (struct web_dial){ 0 });
	CHECK(e.messages == 10);
}

static void addresses_that_are_none(void)
{
	static const char *const bad[] = { "http://h/", "ws://", "ws:///x", "ws://h:0/", "ws://h:99999/",
		"ws://u:p@h/", "ws://h/a b", "ws://[::1/", "ws://h:x/", "wss://h/#f" };
	struct end e = { 0 };
	struct fault f = { 0 };

	CHECK(loop_new(NULL, &e.loop, &f) == RC_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(dial(&e, bad[i], (struct web_dial){ 0 }) == RC_INVALID && *e.why);
	CHECK(dial(&e, "ws://h/", (struct web_dial){ .http_proxy = "user:secret@nowhere" }) == RC_INVALID);
	CHECK(strstr(e.why, "HOST:PORT") && !strstr(e.why, "secret"));
	loop_free(e.loop);
}

static void closed_before_it_was_open_or_with_the_loop(void)
{
	struct end e[6] = { 0 };
	struct fault f = { 0 };
	int left = 6;
	struct loop *l;

	CHECK(loop_new(NULL, &l, &f) == RC_OK);
	for (int i = 0; i < 6; i++) {
		e[i].loop = l;
		e[i].left = &left;
	}
	CHECK(dial(&e[0], site_url("/ws"), (struct web_dial){ 0 }) == RC_OK);
	CHECK(dial(&e[1], "ws://no-such-host.invalid/", (struct web_dial){ 0 }) == RC_OK);
	CHECK(dial(&e[2], "ws://no-such-host.invalid/", (struct web_dial){ 0 }) == RC_OK);
	web_socket_close(e[0].socket, 1000, "never mind");
	web_socket_close(e[1].socket, 1000, "never mind");
	CHECK(!e[0].closed && !e[1].closed);
	CHECK(dial(&e[3], site_url("/ws"), (struct web_dial){ 0 }) == RC_OK);
	loop_free(l); /* two were never begun, one is being looked up */
	CHECK(e[0].closed && e[1].closed && e[2].closed && e[3].closed);
	CHECK(!e[0].opened && !e[1].opened);
}

static long rss_kib(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	CHECK(f && fscanf(f, "%*d %ld", &pages) == 1);
	fclose(f);
	return pages * 4;
}

static void five_hundred_at_once(void)
{
	static struct end e[500];
	struct fault f = { 0 };
	struct loop *l;
	int left = 500;
	long before = rss_kib();

	CHECK(loop_new(NULL, &l, &f) == RC_OK);
	for (int i = 0; i < 500; i++) {
		e[i] = (struct end){ .loop = l, .left = &left, .size = 200, .quit_by_us = true };
		CHECK(dial(&e[i], site_url("/ws"), (struct web_dial){ 0 }) == RC_OK);
	}
	loop_run(l);
	printf("%ld KiB for 500 sockets, both ends\n", rss_kib() - before);
	for (int i = 0; i < 500; i++)
		CHECK(e[i].closed && e[i].messages == 10 && e[i].code == 4002);
	loop_free(l);
}

static void through_proxies(void)
{
	static const struct hush login = { (uint8_t *)"user:pw", 7 };
	struct proxy p = { .site = &site, .needs_login = true };
	char proxy[64], url[128];

	proxy_start(&p);
	snprintf(proxy, sizeof(proxy), "user:pw@127.0.0.1:%u", p.port);
	snprintf(url, sizeof(url), "ws://not.resolved.here:%u/ws", site.port);
	for (int i = 0; i < 2; i++) {
		struct end e = once((struct end){ .size = 3000, .quit_by_us = i, .quit_by_them = !i }, url,
			(struct web_dial){ .http_proxy = proxy });
		CHECK(e.messages == 10 && e.code == (i ? 4002 : 4001));
	}
	for (enum egress_kind k = EGRESS_HTTP_PROXY; k <= EGRESS_SOCKS5; k++) {
		struct end e = once((struct end){ .size = 3000, .quit_by_us = true }, url,
			(struct web_dial){ .egress = { k, strchr(proxy, '@') + 1, &login } });
		CHECK(e.messages == 10 && e.code == 4002);
	}
	struct end e = once((struct end){ .size = 3000, .quit_by_us = true }, site_url("/ws"),
		(struct web_dial){ .egress = { EGRESS_BIND, "127.0.0.1", NULL } });
	CHECK(e.messages == 10);
	proxy_stop(&p);
	CHECK(p.tunnels == 4);
}

int main(void)
{
	site_start(&site);
	messages_of_many_sizes();
	what_is_too_much();
	connections_that_fail();
	addresses_that_are_none();
	closed_before_it_was_open_or_with_the_loop();
	five_hundred_at_once();
	through_proxies();
	site_stop(&site);
	return 0;
}
