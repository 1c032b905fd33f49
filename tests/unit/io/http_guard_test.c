/* http_guard: what may be called, told by the URL, by the name's addresses, and once more as the socket is opened. */
#include "io/http_call.h"
#include "io/http_guard.h"
#include "tests/unit/io/site.h"
#include "wire/ip_block.h"

#include <curl/curl.h>
#include <pthread.h>

static struct site site;
static struct ip_block_list here;
static char url[256];

static const char *at(const char *host, const char *path)
{
	snprintf(url, sizeof(url), "http://%s:%u%s", host, site.port, path);
	return url;
}

static void by_the_url(void)
{
	static const char *const bad[] = { "ftp://example.com/", "file:///etc/passwd", "http://me@example.com/",
		"http://me:x@example.com/", "http://10.0.0.1/", "http://127.1/", "http://0x7f000001/",
		"http://017700000001/", "http://2130706433/", "https://[::1]/", "https://[::ffff:127.0.0.1]/",
		"https://[64:ff9b::7f00:1]/", "http://169.254.169.254/latest/meta-data", "http://0/", "example.com",
		"", "http://", "https://example.com:8443/", "http://example.com:99999/" };
	static const char *const good[] = { "https://example.com/", "http://example.com:8080/x?y=z",
		"https://8.8.8.8/", "https://[2606:4700:4700::1111]/" };
	struct http_guard g = { 0 };
	struct fault f = { 0 };

	CHECK(http_guard_ports("80,443,8080", &g, &f) == RC_OK && g.ports_n == 3);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (http_guard_check(&g, bad[i], &f) != RC_INVALID) {
			fprintf(stderr, "%s may be called\n", bad[i]);
			exit(1);
		}
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		CHECK(http_guard_check(&g, good[i], &f) == RC_OK);
	g.allow = &here;
	CHECK(http_guard_check(&g, "http://127.0.0.1/", &f) == RC_OK &&
		http_guard_check(&g, "http://127.0.0.2/", &f) == RC_INVALID);
	static const char *const no_ports[] = { "0", "65536", "80,,443", "http", "80 443" };
	for (size_t i = 0; i < sizeof(no_ports) / sizeof(*no_ports); i++)
		CHECK(http_guard_ports(no_ports[i], &g, &f) == RC_INVALID);
	CHECK(http_guard_ports("", &g, &f) == RC_OK && g.ports_n == 0);
}

static enum rc call(const struct http_guard *g, const char *to, struct fault *f)
{
	struct http_answer a = { 0 };
	enum rc rc = http_call(&(struct http_ask){ .url = to, .guard = g, .deadline_ms = 5000 }, &a, f);
	http_answer_done(&a);
	return rc;
}

static void by_the_address(void)
{
	const struct http_guard shut = { 0 }, open = { .allow = &here };
	struct http_guard port = { .allow = &here };
	struct fault f = { 0 };

	CHECK(call(&shut, at("127.0.0.1", "/echo"), &f) == RC_DENIED && strstr(f.text, "loopback"));
	CHECK(call(&shut, at("localhost", "/echo"), &f) == RC_DENIED && strstr(f.text, "localhost leads to"));
	CHECK(call(&shut, at("[::1]", "/echo"), &f) == RC_DENIED);
	CHECK(call(&open, at("127.0.0.1", "/echo"), &f) == RC_OK);
	CHECK(call(&open, at("127.0.0.2", "/echo"), &f) == RC_DENIED);
	CHECK(call(&open, "http://no-such-host.invalid/", &f) == RC_AWAY);
	CHECK(http_guard_ports("80", &port, &f) == RC_OK);
	CHECK(call(&port, at("127.0.0.1", "/echo"), &f) == RC_DENIED && strstr(f.text, "port"));
}

/* Should libcurl be led elsewhere after the checks, no socket is opened. */
static void by_the_socket(void)
{
	const struct http_guard open = { .allow = &here };
	struct fault f = { 0 };
	CURL *easy = curl_easy_init();
	void *hold = NULL;

	CHECK(easy && http_guard_apply(&open, easy, at("127.0.0.1", "/echo"), &hold, &f) == RC_OK);
	curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_URL, at("127.0.0.1", "/echo"));
	CHECK(curl_easy_perform(easy) == CURLE_OK);
	curl_easy_setopt(easy, CURLOPT_URL, at("127.0.0.2", "/echo"));
	CHECK(curl_easy_perform(easy) == CURLE_COULDNT_CONNECT);
	curl_easy_setopt(easy, CURLOPT_URL, at("localhost", "/echo"));
	curl_easy_setopt(easy, CURLOPT_IPRESOLVE, CURL_IPRESOLVE_V6);
	CHECK(curl_easy_perform(easy) != CURLE_OK);
	curl_easy_cleanup(easy);
	http_guard_release(hold);
}

static _Atomic bool stop;

static void *stop_soon(void *arg)
{
	(void)arg;
	nanosleep(&(struct timespec){ 0, 50000000 }, NULL);
	stop = true;
	return NULL;
}

/* What belongs to it in http_call: an answer that is cut, and a call that is stopped. */
static void cut_and_stopped(void)
{
	struct http_answer a = { 0 };
	struct fault f = { 0 };
	pthread_t thread;

	CHECK(http_call(
		      &(struct http_ask){
			      .url = at("127.0.0.1", "/bytes?5001"), .body_max = 5000, .body_cut = true },
		      &a, &f) == RC_OK);
	CHECK(a.status == 200 && a.body.n == 5000);
	http_answer_done(&a);
	a = (struct http_answer){ 0 };
	site.hold = true;
	CHECK(pthread_create(&thread, NULL, stop_soon, NULL) == 0);
	CHECK(http_call(&(struct http_ask){ .url = at("127.0.0.1", "/later"), .stop = &stop }, &a, &f) ==
		RC_CANCELED);
	site.hold = false;
	pthread_join(thread, NULL);
}

int main(void)
{
	CHECK(ip_block_read("127.0.0.1/32", &here, NULL) == RC_OK);
	site_start(&site);
	by_the_url();
	by_the_address();
	by_the_socket();
	cut_and_stopped();
	site_stop(&site);
	return 0;
}
