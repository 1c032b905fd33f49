/*
 * WebSockets. The server is asked with frames made here by hand, and by web_dial, whose frames are libwebsockets' own: so
 * neither end proves itself.
 */
#include "io/clock.h"
#include "tests/unit/io/site.h"

static struct site site;
static char answer[1 << 20];

#define HANDSHAKE                                                                                  \
	"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

static int shake_hands(void)
{
	int fd = site_connect(&site);
	site_say(fd, HANDSHAKE "Sec-WebSocket-Protocol: chat\r\n\r\n");
	site_hear(fd, answer, sizeof(answer), "\r\n\r\n");
	CHECK(strstr(answer, "HTTP/1.1 101 Switching Protocols\r\n") == answer);
	CHECK(strstr(answer, "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")); /* RFC 6455, 1.3 */
	CHECK(strstr(answer, "\r\nSec-WebSocket-Protocol: chat\r\n") && !strstr(answer, "Content-Length"));
	return fd;
}

/* A masked frame, its first byte as given. */
static size_t frame(uint8_t *to, uint8_t first, const void *p, size_t n)
{
	static const uint8_t mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
	size_t at = 0;

	to[at++] = first;
	if (n < 126) {
		to[at++] = (uint8_t)(0x80 | n);
	} else if (n < 65536) {
		to[at++] = 0x80 | 126;
		to[at++] = (uint8_t)(n >> 8);
		to[at++] = (uint8_t)n;
	} else {
		to[at++] = 0x80 | 127;
		for (int i = 7; i >= 0; i--)
			to[at++] = (uint8_t)((uint64_t)n >> (8 * i));
	}
	memcpy(to + at, mask, 4);
	at += 4;
	for (size_t i = 0; i < n; i++)
		to[at++] = ((const uint8_t *)p)[i] ^ mask[i & 3];
	return at;
}

static void say_frame(int fd, uint8_t first, const void *p, size_t n)
{
	uint8_t *b = malloc(n + 16);
	site_put(fd, b, frame(b, first, p, n));
	free(b);
}

static void hear_bytes(int fd, void *to, size_t n)
{
	for (size_t at = 0; at < n;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		CHECK(poll(&p, 1, 10000) == 1);
		ssize_t k = recv(fd, (char *)to + at, n - at, 0);
		CHECK(k > 0);
		at += (size_t)k;
	}
}

static void expect_bytes(int fd, const char *bytes, size_t n)
{
	char got[256];
	hear_bytes(fd, got, n);
	CHECK(!memcmp(got, bytes, n));
}

static void expect_end(int fd)
{
	char c;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	CHECK(poll(&p, 1, 10000) == 1);
	CHECK(recv(fd, &c, 1, 0) <= 0);
	close(fd);
}

static void echo_ping_and_pieces(void)
{
	int fd = shake_hands();
	uint8_t all[256];
	size_t n = 0;

	say_frame(fd, 0x81, "hello", 5);
	expect_bytes(fd, "\x81\x05hello", 7);
	say_frame(fd, 0x82, "\x00\xff", 2);
	expect_bytes(fd, "\x82\x02\x00\xff", 4);
	say_frame(fd, 0x89, "are you there", 13);
	expect_bytes(fd,
		"\x8a\x0d"
		"are you there",
		15);
	say_frame(fd, 0x81, "", 0);
	expect_bytes(fd, "\x81\x00", 2);

	/* One message in fragments, a ping between them, all of it byte by byte. */
	n += frame(all + n, 0x01, "frag", 4);
	n += frame(all + n, 0x00, "", 0);
	n += frame(all + n, 0x89, "ping", 4);
	n += frame(all + n, 0x00, "men", 3);
	n += frame(all + n, 0x80, "ted", 3);
	n += frame(all + n, 0x82, "next", 4);
	for (size_t i = 0; i < n; i++)
		site_put(fd, all + i, 1);
	expect_bytes(fd,
		"\x8a\x04ping\x81\x0a"
		"fragmented\x82\x04next",
		6 + 12 + 6);

	say_frame(fd, 0x88,
		"\x03\xe8"
		"bye",
		5);
	expect_bytes(fd,
		"\x88\x05\x03\xe8"
		"bye",
		7);
	expect_end(fd);
	site_await(&site, &site.socket_closes, site.sockets);
	CHECK(site.last_code == 1000);
	CHECK_STR(site.last_why, "bye");
}

static void large_messages(void)
{
	static const size_t sizes[] = { 125, 126, 127, 65535, 65536, 300000 };
	static uint8_t big[300000], back[300016];
	int fd = shake_hands();

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t head = sizes[i] < 126 ? 2 : sizes[i] < 65536 ? 4 : 10;
		say_frame(fd, 0x82, big, sizes[i]);
		hear_bytes(fd, back, head + sizes[i]);
		CHECK(!memcmp(back + head, big, sizes[i]));
	}
	say_frame(fd, 0x88, "", 0);
	expect_bytes(fd, "\x88\x00", 2);
	expect_end(fd);
	site_await(&site, &site.socket_closes, site.sockets);
	CHECK(site.last_code == 1005);
}

static void at_the_edges(void)
{
	static uint8_t most[1 << 20], back[10 + (1 << 20)];
	int fd = shake_hands();

	say_frame(fd, 0x82, most, sizeof(most)); /* as large as is allowed */
	hear_bytes(fd, back, sizeof(back));
	say_frame(fd, 0x8a, "unasked", 7); /* a pong to nothing */
	say_frame(fd, 0x02, "begun", 5);
	say_frame(fd, 0x88, "\x03\xe9", 2); /* a close in the midst of a message */
	expect_bytes(fd, "\x88\x02\x03\xe9", 4);
	expect_end(fd);
	site_await(&site, &site.socket_closes, site.sockets);
	CHECK(site.last_code == 1001);

	/* After its own close frame the server shows no message and answers no ping. */
	fd = shake_hands();
	say_frame(fd, 0x81, "quit", 4);
	expect_bytes(fd,
		"\x88\x0d\x0f\xa1"
		"as you wish",
		15);
	say_frame(fd, 0x81, "echo?", 5);
	say_frame(fd, 0x89, "there?", 6);
	say_frame(fd, 0x88, "\x0f\xa1", 2);
	expect_end(fd);
	site_await(&site, &site.socket_closes, site.sockets);
	CHECK(site.last_code == 4001);
}

/* What is unlawful is answered by the right code, and the connection ends. */
static void bad_frames(void)
{
	static const struct {
		const char *what;
		uint8_t first;
		const char *p;
		size_t n;
		int code;
	} bad[] = {
		{ "reserved bit", 0xc1, "x", 1, 1002 },
		{ "reserved opcode", 0x83, "x", 1, 1002 },
		{ "continues nothing", 0x80, "x", 1, 1002 },
		{ "control in fragments", 0x09, "x", 1, 1002 },
		{ "not UTF-8", 0x81, "\xc3\x28", 2, 1007 },
		{ "surrogate", 0x81, "\xed\xa0\x80", 3, 1007 },
		{ "half a code", 0x88, "\x03", 1, 1002 },
		{ "a code nobody may send", 0x88, "\x03\xed", 2, 1002 },
		{ "text of close not UTF-8", 0x88, "\x03\xe8\xff", 3, 1007 },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		uint8_t got[4];
		int fd = shake_hands(), closes = site.socket_closes;
		say_frame(fd, bad[i].first, bad[i].p, bad[i].n);
		hear_bytes(fd, got, 4);
		if (got[0] != 0x88 || (got[2] << 8 | got[3]) != bad[i].code)
			fprintf(stderr, "%s: %d\n", bad[i].what, got[2] << 8 | got[3]);
		CHECK(got[0] == 0x88 && (got[2] << 8 | got[3]) == bad[i].code);
		site_await(&site, &site.socket_closes, closes + 1);
		CHECK(site.last_code == bad[i].code);
		close(fd);
	}
	int fd = shake_hands();
	uint8_t got[4];
	site_put(fd, "\x81\x05hello", 7); /* not masked */
	hear_bytes(fd, got, 4);
	CHECK(got[0] == 0x88 && got[2] == 3 && got[3] == 0xea);
	close(fd);
	fd = shake_hands();
	site_put(fd, "\x82\xff\x00\x00\x00\x00\x00\x10\x00\x01\x01\x02\x03\x04", 14); /* a megabyte and one */
	hear_bytes(fd, got, 4);
	CHECK(got[0] == 0x88 && got[2] == 3 && got[3] == 0xf1);
	close(fd);
	fd = shake_hands();
	for (int i = 0; i < 12; i++) { /* or in fragments, each small */
		static uint8_t part[100000];
		say_frame(fd, i ? 0x00 : 0x02, part, sizeof(part));
	}
	hear_bytes(fd, got, 4);
	CHECK(got[0] == 0x88 && got[2] == 3 && got[3] == 0xf1);
	close(fd);
}

static void the_server_closes_first(void)
{
	int fd = shake_hands(), closes = site.socket_closes;
	say_frame(fd, 0x81, "quit", 4);
	expect_bytes(fd,
		"\x88\x0d\x0f\xa1"
		"as you wish",
		15);
	CHECK(site.socket_closes == closes); /* it waits for the answer */
	say_frame(fd, 0x88, "\x0f\xa1", 2);
	expect_end(fd);
	site_await(&site, &site.socket_closes, closes + 1);
	CHECK(site.last_code == 4001);

	/* A reason too long is cut, but not within a character. */
	uint8_t got[2 + 2 + 120];
	fd = shake_hands();
	say_frame(fd, 0x81, "talk", 4);
	hear_bytes(fd, got, sizeof(got));
	CHECK(got[0] == 0x88 && got[1] == 2 + 122);
	hear_bytes(fd, got, 2);
	CHECK(got[0] == 0xc3 && got[1] == 0xa9);
	say_frame(fd, 0x88, "", 0);
	expect_end(fd);
	site_await(&site, &site.socket_closes, closes + 2);
	closes++;

	fd = shake_hands();
	say_frame(fd, 0x81, "quit", 4);
	expect_bytes(fd,
		"\x88\x0d\x0f\xa1"
		"as you wish",
		15);
	site_await(&site, &site.socket_closes, closes + 2); /* but not for ever */
	CHECK(site.last_code == 1006);
	close(fd);
}

static void a_flood_that_nobody_takes(void)
{
	int fd = shake_hands(), closes = site.socket_closes;
	say_frame(fd, 0x81, "flood", 5);
	site_await(&site, &site.socket_closes, closes + 1);
	CHECK(site.last_code == WEB_CLOSE_SLOW);
	close(fd);
	for (int i = 0; i < 100; i++) { /* cut at random */
		uint8_t b[64];
		size_t n = frame(b, 0x81, "some words of text", 18);
		fd = shake_hands();
		site_put(fd, b, (size_t)rand() % n);
		close(fd);
	}
	site_await_open(&site, 0);
	CHECK(site.sockets == site.socket_closes);
}

static void an_upgrade_may_be_declined(void)
{
	const char *a = site_ask(&site,
		"GET /other HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
	CHECK(!strncmp(a, "HTTP/1.1 404 ", 13));
	a = site_ask(&site, "GET /echo HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nConnection: Upgrade, close\r\n\r\n");
	CHECK(!strncmp(a, "HTTP/1.1 200 ", 13)); /* one that is not known is not followed */
}

int main(void)
{
	site.conf.limits = (struct web_limits){ .socket_bytes = 4 << 20 };
	site_start(&site);
	echo_ping_and_pieces();
	large_messages();
	at_the_edges();
	bad_frames();
	the_server_closes_first();
	a_flood_that_nobody_takes();
	an_upgrade_may_be_declined();
	site_stop(&site);
	return 0;
}
