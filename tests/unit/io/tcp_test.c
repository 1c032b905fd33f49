/* Connections that are dialled: straight, from an address, through proxies; and those that fail. */
#include "io/tcp.h"
#include "tests/unit/io/proxy.h"

static struct site site;

struct end {
	struct loop *loop;
	struct tcp *tcp;
	struct buf got;
	int opened, closed, drained, *left;
	bool flood, quiet;
	char why[256];
};

static const char question[] = "GET /bytes?300000 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

static void on_open(void *ctx, struct tcp *t)
{
	static char block[65536];
	struct end *e = ctx;
	CHECK(t == e->tcp && !e->opened);
	e->opened++;
	if (!e->flood) {
		CHECK(tcp_send(t, question, sizeof(question) - 1));
		return;
	}
	while (tcp_send(t, block, sizeof(block)))
		;
	CHECK(!e->closed && !tcp_send(t, "x", 1));
}
static void on_bytes(void *ctx, struct tcp *t, const uint8_t *p, size_t n)
{
	struct end *e = ctx;
	buf_put(&e->got, p, n);
	if (e->got.n > 300000)
		tcp_close(t);
}
static void on_drain(void *ctx, struct tcp *t)
{
	struct end *e = ctx;
	CHECK(tcp_queued(t) == 0);
	e->drained++;
}
static void on_close(void *ctx, struct tcp *t, const char *why)
{
	struct end *e = ctx;
	CHECK(t == e->tcp && !e->closed);
	e->closed++;
	snprintf(e->why, sizeof(e->why), "%s", why);
	if (--*e->left == 0)
		loop_stop(e->loop);
}

static struct end once(struct tcp_dial how, bool flood)
{
	struct end e = { .flood = flood };
	struct fault f = { 0 };
	int left = 1;

	e.left = &left;
	how.on = (struct tcp_on){ &e, on_open, on_bytes, on_drain, on_close };
	how.host = how.host ? how.host : "127.0.0.1";
	how.port = how.port ? how.port : site.port;
	CHECK(loop_new(NULL, &e.loop, &f) == RC_OK);
	CHECK(tcp_dial(e.loop, &how, &e.tcp, &f) == RC_OK);
	loop_run(e.loop);
	loop_free(e.loop);
	CHECK(e.closed == 1);
	if (e.opened && !flood)
		CHECK(e.drained == 1 && e.got.n > 300000 && !memcmp(e.got.p, "HTTP/1.1 200", 12));
	buf_done(&e.got);
	return e;
}

static void straight(void)
{
	CHECK(once((struct tcp_dial){ 0 }, false).opened);
	CHECK(once((struct tcp_dial){ .host = "localhost" }, false).opened); /* perhaps at the second address */
	CHECK(once((struct tcp_dial){ .egress = { EGRESS_BIND, "127.0.0.1", NULL } }, false).opened);
	struct end e = once((struct tcp_dial){ .egress = { EGRESS_BIND, "192.0.2.1", NULL } }, false);
	CHECK(!e.opened && *e.why); /* not one of ours */
	e = once((struct tcp_dial){ .egress = { EGRESS_BIND, "::1", NULL } }, false);
	CHECK(!e.opened && *e.why); /* of the other family */
}

static void failures(void)
{
	uint16_t port;
	int fd = proxy_deaf(&port);
	struct end e;

	e = once((struct tcp_dial){ .port = port, .tls = true, .connect_ms = 200 }, false);
	CHECK(!e.opened);
	CHECK_STR(e.why, "no connection in time");
	e = once((struct tcp_dial){ .port = port, .queue_bytes = 1 << 20 }, true);
	CHECK(e.opened);
	CHECK_STR(e.why, "the other end does not take what is sent");
	close(fd);
	e = once((struct tcp_dial){ .port = port }, false);
	CHECK(!e.opened);
	CHECK_STR(e.why, "Connection refused");
	CHECK(!once((struct tcp_dial){ .host = "no-such-host.invalid" }, false).opened);
	e = once((struct tcp_dial){ .tls = true }, false); /* a server that answers 400 to a greeting */
	CHECK(!e.opened && !strncmp(e.why, "TLS: ", 5));
}

/* Both kinds, with a login and without; a wrong login; a proxy that cannot reach the other end. */
static void through_proxies(void)
{
	static const struct hush good = { (uint8_t *)"user:pw", 7 }, bad = { (uint8_t *)"user:no", 7 };
	struct proxy p = { .site = &site, .needs_login = true };
	char address[64];

	proxy_start(&p);
	snprintf(address, sizeof(address), "127.0.0.1:%u", p.port);
	for (enum egress_kind k = EGRESS_HTTP_PROXY; k <= EGRESS_SOCKS5; k++) {
		CHECK(once((struct tcp_dial){ .host = "not.resolved.here", .egress = { k, address, &good } }, false)
				.opened);
		struct end e = once(
			(struct tcp_dial){ .host = "not.resolved.here", .egress = { k, address, &bad } }, false);
		CHECK(!e.opened);
		CHECK_STR(e.why, "the proxy does not accept the login");
		e = once((struct tcp_dial){ .host = "x.y", .egress = { k, address, &good } }, false);
		CHECK(!e.opened && !strncmp(e.why, "the proxy refused", 17));
		e = once((struct tcp_dial){ .host = "x.y", .egress = { k, address, NULL } }, false);
		CHECK(!e.opened && !strncmp(e.why, "the proxy ", 10));
	}
	proxy_stop(&p);
	CHECK(p.tunnels == 2);
	p = (struct proxy){ .site = &site };
	proxy_start(&p);
	snprintf(address, sizeof(address), "127.0.0.1:%u", p.port);
	for (enum egress_kind k = EGRESS_HTTP_PROXY; k <= EGRESS_SOCKS5; k++)
		CHECK(once((struct tcp_dial){ .host = "not.resolved.here", .egress = { k, address, NULL } }, false)
				.opened);
	proxy_stop(&p);
}

/* Given up before it was there, or with the loop. */
static void given_up(void)
{
	struct fault f = { 0 };
	struct end e[4] = { 0 };
	struct loop *l;
	int left = 5;

	CHECK(loop_new(NULL, &l, &f) == RC_OK);
	for (int i = 0; i < 4; i++) {
		e[i] = (struct end){ .loop = l, .left = &left };
		struct tcp_dial how = { .host = i % 2 ? "no-such-host.invalid" : "127.0.0.1",
			.port = site.port,
			.on = { &e[i], on_open, on_bytes, on_drain, on_close } };
		CHECK(tcp_dial(l, &how, &e[i].tcp, &f) == RC_OK);
	}
	tcp_close(e[0].tcp);
	tcp_abort(e[1].tcp, "never mind");
	CHECK(!e[0].closed && !e[1].closed);
	loop_free(l);
	for (int i = 0; i < 4; i++)
		CHECK(e[i].closed && !e[i].opened);
	CHECK_STR(e[1].why, "never mind");
}

/* Another end that is slow to begin and takes little at a time. */
#define SLOW_BYTES 6000000

struct slow {
	int fd;
	size_t n;
};

static void *slow_main(void *ctx)
{
	static uint8_t block[20000];
	struct slow *s = ctx;
	int little = 8192;
	setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
	auto_close int fd = accept(s->fd, NULL, NULL);
	CHECK(fd >= 0);
	usleep(50000);
	for (ssize_t n; (n = recv(fd, block, sizeof(block), 0)) > 0; s->n += (size_t)n)
		for (ssize_t i = 0; i < n; i++)
			CHECK(block[i] == (uint8_t)((s->n + (size_t)i) % 251));
	return NULL;
}

static void put_slow(struct tcp *t, size_t *at, size_t n)
{
	static uint8_t block[1500000];
	for (size_t i = 0; i < n; i++)
		block[i] = (uint8_t)((*at + i) % 251);
	CHECK(tcp_send(t, block, n));
	*at += n;
}

static size_t slow_at;

static void slow_open(void *ctx, struct tcp *t)
{
	(void)ctx;
	put_slow(t, &slow_at, 1500000);
}
static void slow_drain(void *ctx, struct tcp *t)
{
	struct end *e = ctx;
	e->drained++;
	if (slow_at < SLOW_BYTES)
		put_slow(t, &slow_at, 1500000);
	else
		tcp_close(t);
}

/* Much more than the kernel takes at once: each rest leaves when the other end made room, and nothing else happens meanwhile. */
static void slow_reader(void)
{
	struct slow s = { 0 };
	struct end e = { 0 };
	struct fault f = { 0 };
	pthread_t thread;
	uint16_t port;
	int left = 1;

	alarm(60); /* without a call when it is writable again, this waits for ever */
	s.fd = proxy_deaf(&port);
	CHECK(pthread_create(&thread, NULL, slow_main, &s) == 0);
	e.left = &left;
	const struct tcp_dial how = { .host = "127.0.0.1",
		.port = port,
		.queue_bytes = 2000000,
		.on = { &e, slow_open, on_bytes, slow_drain, on_close } };
	CHECK(loop_new(NULL, &e.loop, &f) == RC_OK && tcp_dial(e.loop, &how, &e.tcp, &f) == RC_OK);
	loop_run(e.loop);
	loop_free(e.loop);
	pthread_join(thread, NULL);
	close(s.fd);
	CHECK(s.n == SLOW_BYTES && e.drained == SLOW_BYTES / 1500000);
	CHECK_STR(e.why, "closed");
	alarm(0);
}

static int descriptors(void)
{
	int n = 0;
	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

int main(void)
{
	site_start(&site);
	int before = descriptors();
	straight();
	failures();
	through_proxies();
	given_up();
	slow_reader();
	site_await_open(&site, 0);
	CHECK(descriptors() == before);
	site_stop(&site);
	return 0;
}
