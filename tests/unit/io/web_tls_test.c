/* TLS at both ends: the server with libcurl and with web_dial, certificates that fit and others that do not. */
#include "io/http_call.h"
#include "tests/unit/io/site.h"

#include <openssl/ssl.h>
#include <sys/time.h>

static char folder[] = "/tmp/web_tls_test.XXXXXX";
static char a_cert[64], a_key[64], b_cert[64], b_key[64];

static void make_cert(const char *name, char *cert, char *key)
{
	char line[512];
	snprintf(cert, 64, "%s/%s.pem", folder, name);
	snprintf(key, 64, "%s/%s.key", folder, name);
	snprintf(line, sizeof(line),
		"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=%s "
		"-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout %s -out %s 2>/dev/null",
		name, key, cert);
	CHECK(system(line) == 0);
}

static struct site site;

static const char *at(const char *scheme, const char *host, const char *path)
{
	static char url[256];
	snprintf(url, sizeof(url), "%s://%s:%u%s", scheme, host, site.port, path);
	return url;
}

static void requests(void)
{
	struct http_answer a = { 0 };
	struct fault f = { 0 };
	struct http_caller *c = http_call_new();
	char *body = malloc(900000);

	memset(body, 'x', 900000);
	for (int i = 0; i < 5; i++) {
		CHECK(http_call(&(struct http_ask){ .caller = c,
					.url = at("https", "127.0.0.1", "/bytes?3000000"),
					.tls_ca = a_cert },
			      &a, &f) == RC_OK);
		CHECK(a.status == 200 && a.body.n == 3000000);
		http_answer_done(&a);
		CHECK(http_call(&(struct http_ask){ .caller = c,
					.url = at("https", "localhost", "/later"),
					.tls_ca = a_cert,
					.body = body,
					.body_n = 900000 },
			      &a, &f) == RC_OK);
		CHECK(a.status == 200 && strstr(buf_text(&a.body), "|900000|"));
		http_answer_done(&a);
		a = (struct http_answer){ 0 };
	}
	CHECK(http_call(&(struct http_ask){ .url = at("https", "localhost", "/echo") }, &a, &f) == RC_REFUSED &&
		*f.text);
	CHECK(http_call(&(struct http_ask){ .url = at("https", "localhost", "/echo"), .tls_ca = b_cert }, &a, &f) ==
		RC_REFUSED);
	CHECK(http_call(&(struct http_ask){ .url = at("https", "localhost", "/echo"), .tls_ca = a_key }, &a, &f) ==
		RC_INVALID);
	CHECK(http_call(&(struct http_ask){ .url = at("http", "localhost", "/echo") }, &a, &f) == RC_AWAY);
	http_call_free(c);
	free(body);
	site_await_open(&site, 0);
}

/* More than the server reads at once, answered late: what waits decrypted must not be forgotten. */
static void a_pipeline(void)
{
	static char ask[200000], answer[200000];
	size_t n = 0, got = 0;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	int fd = site_connect(&site);

	SSL_set_fd(ssl, fd);
	CHECK(SSL_connect(ssl) == 1);
	for (int i = 0; i < 400; i++)
		n += (size_t)snprintf(ask + n, sizeof(ask) - n,
			"POST /%s?%d HTTP/1.1\r\nHost: h\r\nX: %0200d\r\nContent-Length: 2\r\n%s\r\nxy",
			i % 5 ? "echo" : "later", i, i, i == 399 ? "Connection: close\r\n" : "");
	CHECK(SSL_write(ssl, ask, (int)n) == (int)n);
	for (int k; (k = SSL_read(ssl, answer + got, (int)(sizeof(answer) - 1 - got))) > 0;)
		got += (size_t)k;
	CHECK(SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN); /* it says that it ends */
	const char *at = answer;
	for (int i = 0; i < 400; i++) {
		char want[32];
		snprintf(want, sizeof(want), "/%s|%d|", i % 5 ? "echo" : "later", i);
		CHECK((at = strstr(at, want)));
	}
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
	site_await_open(&site, 0);
}

static void start_again(uint32_t head_ms)
{
	struct web_server_conf conf = site.conf;

	site_stop(&site);
	conf.limits.head_ms = head_ms;
	site = (struct site){ .conf = conf };
	site_start(&site);
}

static void silence_in_the_handshake_is_timed_out(void)
{
	char c;

	start_again(500);
	int fd = site_connect(&site);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	site_put(fd, "\x16\x03\x01\x02\x00\x01", 6);
	CHECK(poll(&p, 1, 10000) == 1 && recv(fd, &c, 1, 0) <= 0);
	close(fd);
	for (int i = 0; i < 50; i++) {
		fd = site_connect(&site);
		site_put(fd, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", (size_t)i % 11);
		close(fd);
	}
	site_await_open(&site, 0);
	start_again(0);
}

/* --- sockets */

struct end {
	struct loop *loop;
	struct web_socket *socket;
	size_t size;
	int messages, code;
	char why[256];
};

static void on_open(void *ctx, struct web_socket *s)
{
	struct end *e = ctx;
	char *p = malloc(e->size);
	memset(p, 'm', e->size);
	CHECK(web_socket_send(s, p, e->size, true));
	free(p);
}
static void on_message(void *ctx, struct web_socket *s, const void *p, size_t n, bool binary)
{
	struct end *e = ctx;
	(void)p;
	CHECK(n == e->size && binary);
	if (++e->messages == 5)
		web_socket_close(s, 1000, "");
	else
		on_open(ctx, s);
}
static void on_close(void *ctx, struct web_socket *s, int code, const char *why)
{
	struct end *e = ctx;
	(void)s;
	e->code = code;
	snprintf(e->why, sizeof(e->why), "%s", why);
	loop_stop(e->loop);
}

static struct end dial(const char *host, const char *ca, size_t size)
{
	struct end e = { .size = size };
	struct fault f = { 0 };
	struct web_dial how = {
		.url = at("wss", host, "/ws"), .tls_ca = ca, .on = { &e, on_open, on_message, NULL, on_close }
	};

	CHECK(loop_new(NULL, &e.loop, &f) == RC_OK);
	CHECK(web_dial(e.loop, &how, &e.socket, &f) == RC_OK);
	loop_run(e.loop);
	loop_free(e.loop);
	return e;
}

static void sockets(void)
{
	static const size_t sizes[] = { 10, 20000, 900000 };
	for (int i = 0; i < 3; i++) {
		struct end e = dial(i % 2 ? "127.0.0.1" : "localhost", a_cert, sizes[i]);
		CHECK(e.messages == 5 && e.code == 1000);
	}
	struct end e = dial("localhost", b_cert, 10);
	CHECK(e.messages == 0 && e.code == 1006 && *e.why);
	e = dial("localhost", NULL, 10);
	CHECK(e.messages == 0 && e.code == 1006);

	struct web_socket *s;
	struct loop *l;
	struct fault f = { 0 };
	CHECK(loop_new(NULL, &l, &f) == RC_OK);
	CHECK(web_dial(l, &(struct web_dial){ .url = "wss://localhost/", .tls_ca = a_cert, .http_proxy = "h" }, &s,
		      &f) == RC_INVALID);
	loop_free(l);
}

/* Each of two servers of one loop shows its own certificate. */
static void two_servers_in_one_loop(void)
{
	struct web_server_conf conf = site.conf;
	struct web_server *second;
	struct http_answer a = { 0 };
	struct fault f = { 0 };

	start_again(0);
	loop_stop(site.loop);
	pthread_join(site.thread, NULL);
	conf.tls_cert = b_cert;
	conf.tls_key = b_key;
	conf.ctx = &site;
	CHECK(web_server_new(site.loop, &conf, &second, &f) == RC_OK);
	uint16_t first_port = site.port, second_port = web_server_port(second);
	CHECK(pthread_create(&site.thread, NULL, site_main, &site) == 0);
	for (int i = 0; i < 4; i++) {
		site.port = i % 2 ? first_port : second_port;
		CHECK(http_call(&(struct http_ask){ .url = at("https", "localhost", "/echo"),
					.tls_ca = i % 2 ? a_cert : b_cert },
			      &a, &f) == RC_OK);
		http_answer_done(&a);
	}
	loop_stop(site.loop);
	pthread_join(site.thread, NULL);
	web_server_free(second);
	CHECK(pthread_create(&site.thread, NULL, site_main, &site) == 0);
	site_stop(&site);
}

static void files_that_do_not_fit(void)
{
	struct web_server_conf conf = { .host = "127.0.0.1", .tls_cert = a_cert, .tls_key = b_key };
	struct web_server *s;
	struct loop *l;
	struct fault f = { 0 };

	CHECK(loop_new(NULL, &l, &f) == RC_OK);
	CHECK(web_server_new(l, &conf, &s, &f) == RC_INVALID && strstr(f.text, b_key));
	conf.tls_key = NULL;
	CHECK(web_server_new(l, &conf, &s, &f) == RC_INVALID && strstr(f.text, "needs a key"));
	conf.tls_cert = "/no/such/file";
	conf.tls_key = a_key;
	CHECK(web_server_new(l, &conf, &s, &f) == RC_INVALID && strstr(f.text, "/no/such/file"));
	loop_free(l);
}

int main(void)
{
	char gone[64];

	CHECK(mkdtemp(folder));
	make_cert("one", a_cert, a_key);
	make_cert("two", b_cert, b_key);
	site.conf.tls_cert = a_cert;
	site.conf.tls_key = a_key;
	site_start(&site);
	requests();
	a_pipeline();
	silence_in_the_handshake_is_timed_out();
	sockets();
	two_servers_in_one_loop();
	files_that_do_not_fit();
	snprintf(gone, sizeof(gone), "rm -r %s", folder);
	return system(gone);
}
