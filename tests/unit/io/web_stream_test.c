/* Event streams: read to the end, cut, slow readers, quiet readers; and what one idle reader costs. */
#include "tests/unit/io/site.h"

static struct site site;
static char answer[4 << 20];

static void a_stream_is_read_to_its_end_and_the_connection_stays(void)
{
	int fd = site_connect(&site);
	int closes = site.stream_closes;
	char want[1100];

	site_say(fd, "GET /stream?3 HTTP/1.1\r\nHost: h\r\n\r\nGET /echo?after HTTP/1.1\r\nHost: h\r\n\r\n");
	site_hear(fd, answer, sizeof(answer), "|after|");
	CHECK(strstr(answer, "\r\nTransfer-Encoding: chunked\r\n") &&
		strstr(answer, "\r\nContent-Type: text/event-stream\r\n"));
	memset(want, 'e', sizeof(want));
	memcpy(want, "\r\n\r\n400\r\n", 9);
	memcpy(want + 9 + 1024, "\r\n400\r\n", 8);
	CHECK(strstr(answer, want));
	CHECK(strstr(answer, "e\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"));
	CHECK(site.stream_closes == closes + 1);
	close(fd);

	const char *a = site_ask(&site, "GET /stream?2 HTTP/1.0\r\n\r\n");
	CHECK(strlen(site_body(a)) == 2048 && !strstr(a, "chunked"));
	a = site_ask(&site, "GET /stream?2 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	CHECK(strlen(site_body(a)) == 2048 && strstr(a, "\r\nConnection: close\r\n"));
	fd = site_connect(&site);
	site_say(fd, "HEAD /stream?2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	site_hear(fd, answer, sizeof(answer), NULL);
	CHECK(strstr(answer, "200 OK") && *site_body(answer) == 0);
	close(fd);
}

static void write_something(struct site *s)
{
	if (s->stream)
		web_stream_write(s->stream, "data: x\n\n", 9);
}

static void a_reader_who_leaves_is_noticed(void)
{
	for (int i = 0; i < 50; i++) {
		int fd = site_connect(&site), streams = site.streams, closes = site.stream_closes;
		struct linger now = { .l_onoff = i % 2 };
		site_say(fd, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
		site_await(&site, &site.streams, streams + 1);
		if (i % 3)
			site_hear(fd, answer, sizeof(answer), "\r\n\r\n");
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		if (i % 5 == 0)
			site_do(&site, write_something);
		close(fd);
		site_await(&site, &site.stream_closes, closes + 1);
	}
	site_await_open(&site, 0);
}

static int writes_taken;
static void write_much(struct site *s)
{
	char block[8192] = "";
	if (s->stream && web_stream_write(s->stream, block, sizeof(block)))
		writes_taken++;
}
static int queued;
static void look(struct site *s) { queued = s->stream ? (int)web_stream_queued(s->stream) : -1; }

/* The kernel takes some, the queue takes some, then the reader is dropped. */
static void a_slow_reader_is_dropped_at_the_limit(void)
{
	int fd = site_connect(&site), closes = site.stream_closes, streams = site.streams;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 4096 }, sizeof(int));
	site_say(fd, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
	site_await(&site, &site.streams, streams + 1);
	int most = 0;
	for (int i = 0; i < 10000 && site.stream_closes == closes; i++) {
		site_do(&site, write_much);
		site_do(&site, look);
		most = queued > most ? queued : most;
	}
	site_await(&site, &site.stream_closes, closes + 1);
	CHECK(writes_taken > 5);
	CHECK(most > 32768 && most <= 65536 + 64);
	close(fd);
	site_await_open(&site, 0);
}

static void *read_all(void *arg)
{
	static char much[1 << 16];
	while (recv(*(int *)arg, much, sizeof(much), 0) > 0)
		;
	return NULL;
}

/* An owner who always has more, and a reader who always takes it, do not keep the loop from the others. */
static void an_endless_stream_leaves_room_for_others(void)
{
	pthread_t t;
	int fd = site_connect(&site), streams = site.streams;

	site.endless = true;
	site_say(fd, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
	CHECK(pthread_create(&t, NULL, read_all, &fd) == 0);
	site_await(&site, &site.streams, streams + 1);
	for (int i = 0; i < 20; i++)
		CHECK(strstr(site_ask(&site, "GET /echo HTTP/1.0\r\n\r\n"), "200 OK"));
	site.endless = false;
	CHECK(site.most_turns >= 1 && site.most_turns <= 2);
	shutdown(fd, SHUT_RDWR);
	pthread_join(t, NULL);
	close(fd);
	site_await_open(&site, 0);
}

static long rss_kib(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	CHECK(f && fscanf(f, "%*d %ld", &pages) == 1);
	fclose(f);
	return pages * 4;
}

static void a_thousand_quiet_readers(void)
{
	static int fds[1000];
	long before = rss_kib();

	for (int i = 0; i < 1000; i++) {
		int streams = site.streams;
		fds[i] = site_connect(&site);
		site_say(fds[i], "GET /stream HTTP/1.1\r\nHost: h\r\nUser-Agent: quiet\r\n\r\n");
		site_await(&site, &site.streams, streams + 1);
	}
	printf("%ld KiB for 1000 quiet readers\n", rss_kib() - before);
	for (int i = 0; i < 1000; i++)
		close(fds[i]);
	site_await_open(&site, 0);
	CHECK(site.streams == site.stream_closes);
}

/* The site ends while readers are there: each hears of it. */
static void the_end_of_the_server_closes_streams(void)
{
	int fd = site_connect(&site), streams = site.streams;
	site_say(fd, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
	site_await(&site, &site.streams, streams + 1);
	site_stop(&site);
	CHECK(site.streams == site.stream_closes);
	close(fd);
}

int main(void)
{
	site.conf.limits = (struct web_limits){ .stream_bytes = 65536 };
	site_start(&site);
	a_stream_is_read_to_its_end_and_the_connection_stays();
	a_reader_who_leaves_is_noticed();
	a_slow_reader_is_dropped_at_the_limit();
	an_endless_stream_leaves_room_for_others();
	a_thousand_quiet_readers();
	the_end_of_the_server_closes_streams();
	return 0;
}
