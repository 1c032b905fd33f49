/* What web refuses by itself, and how: too large, too slow, malformed, too many. */
#include "tests/unit/io/site.h"

#include <jansson.h>

static struct site site;

static void check_problem(const char *a, int status, const char *code)
{
	char first[32];
	snprintf(first, sizeof(first), "HTTP/1.1 %d ", status);
	if (strncmp(a, first, strlen(first)) != 0)
		fprintf(stderr, "%d expected, not: %.200s\n", status, a);
	CHECK(!strncmp(a, first, strlen(first)));
	CHECK(strstr(a, "\r\nContent-Type: application/problem+json\r\n") &&
		strstr(a, "\r\nConnection: close\r\n"));
	json_t *p = json_loads(site_body(a), 0, NULL);
	CHECK(p);
	CHECK_STR(json_string_value(json_object_get(p, "type")), "about:blank");
	CHECK_STR(json_string_value(json_object_get(p, "code")), code);
	CHECK(json_integer_value(json_object_get(p, "status")) == status);
	CHECK(json_is_string(json_object_get(p, "title")) && json_string_length(json_object_get(p, "detail")) > 10);
	json_decref(p);
	CHECK(site.last_refused == status);
}

static void malformed_requests_get_an_answer(void)
{
	static const struct {
		int status;
		const char *code, *text;
	} bad[] = {
		{ 400, "malformed", "\x16\x03\x01\x02 garbage\r\n\r\n" },
		{ 400, "malformed", "GET\r\n\r\n" },
		{ 400, "malformed", "GET /\r\n\r\n" },
		{ 400, "malformed", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n" },
		{ 400, "malformed", "GET / HTTP/1.1\nHost: h\r\n\r\n" },
		{ 400, "malformed", "GET x HTTP/1.1\r\nHost: h\r\n\r\n" },
		{ 400, "malformed", "GET /\xc3\xa4 HTTP/1.1\r\nHost: h\r\n\r\n" },
		{ 400, "malformed", "GET / HTTP/1.1\r\n\r\n" },
		{ 400, "malformed", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" },
		{ 400, "malformed", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n" },
		{ 400, "malformed", "GET / HTTP/1.1\r\nHost: h\r\nName : x\r\n\r\n" },
		{ 400, "malformed", "GET / HTTP/1.1\r\nHost: h\r\nX: y\r\n folded\r\n\r\n" },
		{ 400, "malformed", "GET / HTTP/1.1\r\nHost: h\r\nX: a\x01z\r\n\r\n" },
		{ 400, "malformed", "GET / HTTP/1.1\r\nHost: h\r\nX: a\rz\r\n\r\n" },
		{ 400, "malformed",
			"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello" },
		{ 400, "malformed", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\nhello" },
		{ 400, "malformed", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\nhello" },
		{ 400, "malformed",
			"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: "
			"chunked\r\n\r\n0\r\n\r\n" },
		{ 400, "malformed", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n" },
		{ 400, "malformed", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd" },
		{ 400, "malformed", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\n" },
		{ 501, "not_implemented",
			"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" },
		{ 505, "http_version_not_supported", "GET / HTTP/2.0\r\nHost: h\r\n\r\n" },
		{ 417, "expectation_failed", "GET / HTTP/1.1\r\nHost: h\r\nExpect: miracles\r\n\r\n" },
		{ 413, "payload_too_large", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10001\r\n\r\n" },
		{ 413, "payload_too_large",
			"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2711\r\n" },
		{ 426, "upgrade_required",
			"GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: "
			"websocket\r\nSec-WebSocket-Version: 8\r\n\r\n" },
		{ 400, "malformed",
			"GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: "
			"websocket\r\nSec-WebSocket-Version: "
			"13\r\nSec-WebSocket-Key: short\r\n\r\n" },
	};
	int given = site.given;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		int refused = site.refused;
		check_problem(site_ask(&site, bad[i].text), bad[i].status, bad[i].code);
		CHECK(site.refused == refused + 1);
		if (bad[i].status == 426)
			CHECK(strstr(site_ask(&site, bad[i].text), "\r\nSec-WebSocket-Version: 13\r\n"));
	}
	const char nul[] = "GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n";
	char answer[2048];
	int fd = site_connect(&site);
	site_put(fd, nul, sizeof(nul) - 1);
	site_hear(fd, answer, sizeof(answer), NULL);
	check_problem(answer, 400, "malformed");
	close(fd);
	CHECK(site.given == given);
}

static void too_large_heads(void)
{
	static char ask[200000];
	size_t n = (size_t)sprintf(ask, "GET / HTTP/1.1\r\nHost: h\r\nX: ");

	memset(ask + n, 'x', sizeof(ask) - n - 1);
	check_problem(site_ask(&site, ask), 431, "headers_too_large");
	memset(ask + 5, 'x', sizeof(ask) - 6);
	check_problem(site_ask(&site, ask), 414, "uri_too_long");
	for (int over = 0; over < 2;
		over++) { /* whole in one piece, and just as large as is allowed, or one byte larger */
		n = (size_t)sprintf(ask, "GET /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX: ");
		memset(ask + n, 'x', 8192);
		strcpy(ask + 8192 - 4 + over, "\r\n\r\n");
		if (over)
			check_problem(site_ask(&site, ask), 431, "headers_too_large");
		else
			CHECK(strstr(site_ask(&site, ask), " 200 OK"));
	}
	n = (size_t)sprintf(ask, "GET / HTTP/1.1\r\nHost: h\r\n");
	for (int i = 0; i < 120; i++)
		n += (size_t)sprintf(ask + n, "x-%d: y\r\n", i);
	sprintf(ask + n, "\r\n");
	check_problem(site_ask(&site, ask), 431, "headers_too_large");
}

/* The whole answer must arrive although the client was still sending. */
static void a_body_too_large_is_refused_while_it_is_sent(void)
{
	static char block[1 << 20];
	char answer[2048];

	for (int chunked = 0; chunked < 2; chunked++) {
		int fd = site_connect(&site);
		site_say(fd, chunked ? "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n"
				     : "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4000000\r\n\r\n");
		for (int i = 0; i < 4; i++)
			site_put(fd, block, sizeof(block));
		site_hear(fd, answer, sizeof(answer), NULL);
		check_problem(answer, 413, "payload_too_large");
		close(fd);
	}
}

static void the_body_has_its_own_time(void)
{
	char answer[2048];
	int fd = site_connect(&site);

	site_say(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12345");
	usleep(500000); /* longer than a head may take */
	site_say(fd, "67890");
	site_hear(fd, answer, sizeof(answer), "|10|1234567890");
	CHECK(strstr(answer, " 200 OK"));
	close(fd);
}

/* A client who was told that the connection closes, and does not close it, keeps no place for long. */
static void the_end_does_not_wait_for_the_client(void)
{
	char answer[2048];
	int fd = site_connect(&site);

	site_say(fd, "GET /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	site_hear(fd, answer, sizeof(answer), NULL);
	site_await_open(&site, 0);
	close(fd);
}

/* While a request is answered, of the next ones only so much is read as a head may be long; the rest waits in the kernel. */
static void what_comes_ahead_of_its_time_is_not_hoarded(void)
{
	static char block[1 << 20];
	int fd = site_connect(&site), given = site.given;
	size_t sent = 0;

	site.hold = true;
	site_say(fd, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
	site_await(&site, &site.given, given + 1);
	for (struct pollfd p = { .fd = fd, .events = POLLOUT }; sent < (64u << 20) && poll(&p, 1, 300) == 1;) {
		ssize_t k = send(fd, block, sizeof(block), MSG_DONTWAIT | MSG_NOSIGNAL);
		sent += k > 0 ? (size_t)k : 0;
	}
	CHECK(sent < (64u << 20));
	site.hold = false;
	close(fd);
	site_await_open(&site, 0);
}

static void slow_clients_are_timed_out(void)
{
	char answer[2048];
	int silent = site_connect(&site), head = site_connect(&site), body = site_connect(&site),
	    kept = site_connect(&site);
	int refused = site.refused;

	site_say(head, "GET / HTT");
	site_say(body, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf");
	site_say(kept, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	site_hear(kept, answer, sizeof(answer), "|0|");
	site_hear(head, answer, sizeof(answer), NULL);
	check_problem(answer, 408, "request_timeout");
	site_hear(body, answer, sizeof(answer), NULL);
	check_problem(answer, 408, "request_timeout");
	CHECK(site_hear(silent, answer, sizeof(answer), NULL) == 0);
	CHECK(site_hear(kept, answer, sizeof(answer), NULL) == 0);
	CHECK(site.refused == refused + 2); /* silence is no fault */
	close(silent);
	close(head);
	close(body);
	close(kept);
}

/* A head that trickles in never gets more time for it. */
static void a_trickle_does_not_extend_the_time(void)
{
	char answer[2048];
	int fd = site_connect(&site);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	site_say(fd, "GET / HTTP/1.1\r\nHost: h\r\n");
	for (int i = 0; i < 1000 && poll(&p, 1, 20) == 0; i++)
		site_say(fd, "a: b\r\n");
	site_hear(fd, answer, sizeof(answer), NULL);
	check_problem(answer, 408, "request_timeout");
	close(fd);
}

static void more_connections_than_allowed_are_refused(void)
{
	int fds[21];
	char answer[64];

	site_await_open(&site, 0);
	for (int i = 0; i < 20; i++) {
		fds[i] = site_connect(&site);
		site_say(fds[i], "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
		CHECK(site_hear(fds[i], answer, sizeof(answer), "200 OK") > 0);
	}
	int refused = site.refused;
	fds[20] = site_connect(&site);
	CHECK(site_hear(fds[20], answer, sizeof(answer), NULL) == 0);
	site_await(&site, &site.refused, refused + 1);
	CHECK(site.last_refused == 503);
	for (int i = 0; i < 21; i++)
		close(fds[i]);
	site_await_open(&site, 0);
	CHECK(strstr(site_ask(&site, "GET /echo HTTP/1.0\r\n\r\n"), "200 OK")); /* and then there is room again */
}

/* Who asks and never reads the answer is given up, and meanwhile no further questions of his are taken. */
static void a_reader_who_takes_nothing_is_dropped(void)
{
	int fd = site_connect(&site), given = site.given;

	for (int i = 0; i < 20; i++)
		site_say(fd, "GET /bytes?8000000 HTTP/1.1\r\nHost: h\r\n\r\n");
	site_await(&site, &site.given, given + 1);
	site_await_open(&site, 0);
	CHECK(site.given < given + 3);
	close(fd);
}

static void random_bytes_do_no_harm(void)
{
	static char noise[4096];
	srand(11);
	for (int i = 0; i < 300; i++) {
		int fd = site_connect(&site);
		size_t n = (size_t)rand() % sizeof(noise);
		for (size_t k = 0; k < n; k++)
			noise[k] = (char)(rand() % 3 ? "GET POST/ HTTP/1.1\r\nHost: chunked0\r\n\r\n"[rand() % 38]
						     : rand());
		site_put(fd, noise, n);
		close(fd);
	}
	site_await_open(&site, 0);
	CHECK(strstr(site_ask(&site, "GET /echo HTTP/1.0\r\n\r\n"), "200 OK"));
}

static int connect_from(const char *address)
{
	struct sockaddr_in from = { .sin_family = AF_INET }, to = {
		.sin_family = AF_INET, .sin_port = htons(site.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(inet_pton(AF_INET, address, &from.sin_addr) == 1 &&
		bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0);
	CHECK(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
	return fd;
}

/* Is it answered? */
static bool asks(int fd)
{
	char answer[512];
	site_say(fd, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
	return site_hear(fd, answer, sizeof(answer), "200 OK") > 0;
}

static bool is_many(void *ctx, const char *address)
{
	(void)ctx;
	return !strcmp(address, "127.0.0.3");
}

static void one_address_does_not_take_all(void)
{
	int fds[12];

	site = (struct site){ .conf = { .limits = { .connections = 20, .per_address = 3 }, .on_many = is_many } };
	site_start(&site);
	for (int i = 0; i < 3; i++)
		CHECK(asks(fds[i] = connect_from("127.0.0.1")));
	CHECK(!asks(fds[3] = connect_from("127.0.0.1")));
	CHECK(asks(fds[4] = connect_from("127.0.0.2"))); /* others are served */
	for (int i = 5; i < 10; i++)
		CHECK(asks(fds[i] = connect_from("127.0.0.3"))); /* a proxy brings many */
	close(fds[0]);
	site_await_open(&site, 8);
	CHECK(asks(fds[10] = connect_from("127.0.0.1"))); /* and then there is room again */
	CHECK(!asks(fds[11] = connect_from("127.0.0.1")));
	for (int i = 1; i < 12; i++)
		close(fds[i]);
	site_await_open(&site, 0);
	site_stop(&site);
}

int main(void)
{
	site.conf.limits = (struct web_limits){ .header_bytes = 8192,
		.body_bytes = 10000,
		.connections = 20,
		.per_address = 20,
		.head_ms = 300,
		.body_ms = 2000,
		.idle_ms = 300 };
	site_start(&site);
	malformed_requests_get_an_answer();
	too_large_heads();
	a_body_too_large_is_refused_while_it_is_sent();
	the_body_has_its_own_time();
	the_end_does_not_wait_for_the_client();
	what_comes_ahead_of_its_time_is_not_hoarded();
	slow_clients_are_timed_out();
	a_trickle_does_not_extend_the_time();
	more_connections_than_allowed_are_refused();
	a_reader_who_takes_nothing_is_dropped();
	site_stop(&site);

	struct web_server_conf wrong = { .host = "not an address" };
	struct web_server *none;
	struct loop *l;
	struct fault f = { 0 };
	CHECK(loop_new(NULL, &l, &f) == RC_OK);
	CHECK(web_server_new(l, &wrong, &none, &f) == RC_INVALID && strstr(f.text, "no address to listen on"));
	wrong.host = "192.0.2.1";
	CHECK(web_server_new(l, &wrong, &none, &f) == RC_IO && strstr(f.text, "192.0.2.1"));
	loop_free(l);

	one_address_does_not_take_all();
	site = (struct site){ 0 };
	site_start(&site);
	random_bytes_do_no_harm();
	site_stop(&site);
	return 0;
}
