/* Requests as they should be: methods, bodies, pieces, pipelines, answers of workers, clients that leave. */
#include "tests/unit/io/site.h"

#include <curl/curl.h>
#include <time.h>

static struct site site;

static void a_request_is_shown_as_it_came(void)
{
	const char *a = site_ask(&site,
		"POST /a%2Fb/../c//d+e?x=1&y=%26+2 HTTP/1.1\r\nHost: here:80\r\nAuthorization: Bearer k\r\n"
		"IDEMPOTENCY-KEY:   one  \r\nIf-Match: \"1\"\r\nif-match: \"2\"\r\nX-Forwarded-For: 1.2.3.4\r\n"
		"X-Forwarded-For: 5.6.7.8\r\nCookie: a=1\r\nCookie: b=2\r\nPrefer: respond-async\r\n"
		"Content-Length: 5\r\nConnection: close\r\n\r\nhello");
	CHECK_STR(site_body(a),
		"POST|/a%2Fb/../c//d+e|x=1&y=%26+2|127.0.0.1|authorization=Bearer k;idempotency-key=one;"
		"if-match=\"1\", \"2\";prefer=respond-async;x-forwarded-for=1.2.3.4, 5.6.7.8;cookie=a=1; b=2;"
		"host=here:80;|5|hello");
	CHECK(!strncmp(a, "HTTP/1.1 200 OK\r\nDate: ", 23));
	struct tm date = { 0 };
	CHECK(strptime(a + 23, "%a, %d %b %Y %H:%M:%S GMT\r\n", &date));
	CHECK(labs(timegm(&date) - time(NULL)) < 60);
	CHECK(strstr(a, "\r\nContent-Type: text/plain\r\n") && strstr(a, "\r\nConnection: close\r\n"));
	a = site_ask(&site, "GET http://other:99/x?q HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n");
	CHECK(!strncmp(site_body(a), "GET|/x|q|", 9));
}

static void every_method_with_and_without_a_body(void)
{
	static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS",
		"PROPFIND" };
	char ask[256], want[64];

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		for (int body = 0; body < 2; body++) {
			snprintf(ask, sizeof(ask), "%s /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%s\r\n%s",
				methods[i], body ? "Content-Length: 3\r\n" : "", body ? "abc" : "");
			const char *a = site_ask(&site, ask);
			snprintf(want, sizeof(want), "%s|/echo||127.0.0.1|host=h;|%s", methods[i],
				body ? "3|abc" : "0|");
			CHECK(strstr(a, "HTTP/1.1 200 OK\r\n") == a);
			if (!strcmp(methods[i], "HEAD")) {
				char length[64];
				snprintf(length, sizeof(length), "\r\nContent-Length: %zu\r\n", strlen(want));
				CHECK(strstr(a, length));
				CHECK_STR(site_body(a), "");
			} else {
				CHECK_STR(site_body(a), want);
			}
		}
	const char *a = site_ask(&site, "GET /empty HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	CHECK(strstr(a, "HTTP/1.1 204 No Content\r\n") == a && !strstr(a, "Content-Length"));
}

static void a_request_in_single_bytes(void)
{
	static const char ask[] =
		"\r\nPUT /echo?slow HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\nConnection: close\r\n\r\nletter";
	char answer[4096];
	int fd = site_connect(&site);

	for (size_t i = 0; i < sizeof(ask) - 1; i++) {
		site_put(fd, ask + i, 1);
		usleep(200);
	}
	site_hear(fd, answer, sizeof(answer), NULL);
	CHECK_STR(site_body(answer), "PUT|/echo|slow|127.0.0.1|host=h;|6|letter");
	close(fd);
}

static void a_chunked_body(void)
{
	static const char ask[] = "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
				  "4\r\nWiki\r\n6;x=y\r\npedia \r\nA\r\nin chunks.\r\n0\r\nTrailer: dropped\r\n\r\n"
				  "GET /echo?next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
	const char *a = site_ask(&site, ask);
	CHECK(strstr(a, "|20|Wikipedia in chunks.HTTP/1.1 200 OK\r\n"));
	CHECK(strstr(a, "GET|/echo|next|"));

	char answer[4096];
	int fd = site_connect(&site);
	for (size_t i = 0; i < sizeof(ask) - 1; i++)
		site_put(fd, ask + i, 1);
	site_hear(fd, answer, sizeof(answer), NULL);
	CHECK(strstr(answer, "|20|Wikipedia in chunks.HTTP/1.1 200 OK\r\n"));
	close(fd);
}

static void a_pipeline_is_answered_in_order(void)
{
	static char ask[100000], answer[400000];
	size_t n = 0;
	char want[64];

	/* Workers answer each of them after some time; the order must be that of the questions. */
	for (int i = 0; i < 300; i++)
		n += (size_t)snprintf(ask + n, sizeof(ask) - n,
			"%s /%s?%d HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n%s\r\nxy", i % 2 ? "POST" : "GET",
			i % 3 ? "echo" : "later", i, i == 299 ? "Connection: close\r\n" : "");
	int fd = site_connect(&site);
	site_put(fd, ask, n);
	site_hear(fd, answer, sizeof(answer), NULL);
	const char *at = answer;
	for (int i = 0; i < 300; i++) {
		snprintf(want, sizeof(want), "%s|/%s|%d|", i % 2 ? "POST" : "GET", i % 3 ? "echo" : "later", i);
		at = strstr(at, want);
		CHECK(at);
	}
	close(fd);
}

static void a_connection_is_kept_or_not(void)
{
	char answer[4096];
	int fd = site_connect(&site);

	for (int i = 0; i < 50; i++) {
		site_say(fd, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
		site_hear(fd, answer, sizeof(answer), "host=h;|0|");
		CHECK(strstr(answer, "200 OK"));
	}
	close(fd);
	const char *a = site_ask(&site, "GET /echo HTTP/1.0\r\n\r\n");
	CHECK(strstr(a, "\r\nConnection: close\r\n") && strstr(a, "GET|/echo||127.0.0.1||0|"));

	fd = site_connect(&site);
	site_say(fd, "GET /echo HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
	site_hear(fd, answer, sizeof(answer), "|0|");
	CHECK(strstr(answer, "\r\nConnection: keep-alive\r\n"));
	site_say(fd, "GET /echo?two HTTP/1.0\r\n\r\n");
	site_hear(fd, answer, sizeof(answer), NULL);
	CHECK(strstr(answer, "|two|"));
	close(fd);
}

static void a_large_answer_arrives_whole(void)
{
	int fd = site_connect(&site);
	static char block[100000];
	size_t n = 0;

	site_say(fd, "GET /bytes?20000000 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	usleep(50000); /* lets the socket fill */
	for (ssize_t k; (k = recv(fd, block, sizeof(block), 0)) > 0;)
		n += (size_t)k;
	CHECK(n > 20000000 && n < 20000300 && block[0] == 'b');
	close(fd);
}

static void continue_is_said_before_the_body(void)
{
	char answer[4096];
	int fd = site_connect(&site);

	site_say(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: "
		     "close\r\n\r\n");
	site_hear(fd, answer, sizeof(answer), "\r\n\r\n");
	CHECK_STR(answer, "HTTP/1.1 100 Continue\r\n\r\n");
	site_say(fd, "body");
	site_hear(fd, answer, sizeof(answer), NULL);
	CHECK(strstr(answer, "|4|body"));
	close(fd);
}

/* Clients that leave at any moment: before, while and after a worker holds their request. Under ASAN this must be silent. */
static void clients_leave_when_they_like(void)
{
	static const char ask[] = "POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789";
	struct linger now = { .l_onoff = 1 };

	srand(7);
	for (int i = 0; i < 600; i++) {
		int fd = site_connect(&site), pieces = rand() % 3 + 1;
		for (int k = 0; k < pieces; k++)
			site_put(fd, ask, k + 1 < pieces ? sizeof(ask) - 1 : (size_t)rand() % sizeof(ask));
		if (rand() % 2)
			usleep((unsigned)rand() % 1500);
		if (rand() % 2)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)); /* a reset instead of an end */
		close(fd);
	}
	site_await_open(&site, 0);
}

static size_t keep_body(char *p, size_t size, size_t n, void *to)
{
	(void)p, (void)to;
	return size * n;
}

static void *many_requests(void *arg)
{
	CURL *c = curl_easy_init();
	char url[128];
	long status;

	(void)arg;
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, keep_body);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	for (int i = 0; i < 20; i++) {
		snprintf(url, sizeof(url), "http://127.0.0.1:%u/%s", site.port, i % 4 ? "later" : "bytes?100000");
		curl_easy_setopt(c, CURLOPT_URL, url);
		if (i % 2)
			curl_easy_setopt(c, CURLOPT_POSTFIELDS, "a=b");
		else
			curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
		CHECK(curl_easy_perform(c) == CURLE_OK);
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
		CHECK(status == 200);
	}
	curl_easy_cleanup(c);
	return NULL;
}

static void two_hundred_at_once(void)
{
	pthread_t threads[200];
	pthread_attr_t small;

	curl_global_init(CURL_GLOBAL_ALL);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 512 << 10);
	for (int i = 0; i < 200; i++)
		CHECK(pthread_create(&threads[i], &small, many_requests, NULL) == 0);
	for (int i = 0; i < 200; i++)
		pthread_join(threads[i], NULL);
	pthread_attr_destroy(&small);
}

static void start_drain(struct site *s) { web_server_drain(s->server); }

static void a_drain_lets_the_last_answers_out(void)
{
	char answer[4096];
	int idle = site_connect(&site), busy = site_connect(&site), late;
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(site.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};

	site_say(idle, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
	site_hear(idle, answer, sizeof(answer), "|0|");
	site.hold = true;
	int before = site.given;
	site_say(busy, "GET /later?last HTTP/1.1\r\nHost: h\r\n\r\n");
	site_await(&site, &site.given, before + 1);
	site_do(&site, start_drain);
	CHECK(site_hear(idle, answer, sizeof(answer), NULL) == 0); /* closed, and nothing said */
	usleep(20000);
	late = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(connect(late, (struct sockaddr *)&a, sizeof(a)) < 0);
	close(late);
	site.hold = false;
	site_hear(busy, answer, sizeof(answer), NULL);
	CHECK(strstr(answer, "\r\nConnection: close\r\n") && strstr(answer, "|last|"));
	close(idle);
	close(busy);
	site_await_open(&site, 0);
}

int main(void)
{
	site_start(&site);
	a_request_is_shown_as_it_came();
	every_method_with_and_without_a_body();
	a_request_in_single_bytes();
	a_chunked_body();
	a_pipeline_is_answered_in_order();
	a_connection_is_kept_or_not();
	a_large_answer_arrives_whole();
	continue_is_said_before_the_body();
	clients_leave_when_they_like();
	two_hundred_at_once();
	a_drain_lets_the_last_answers_out();
	CHECK(site.refused == 0);
	site_stop(&site);
	return 0;
}
