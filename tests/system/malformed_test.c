/*
 * What strangers may send: broken HTTP, JSON and WebSocket bytes, in pieces and all at once. The server answers or closes,
 * goes on serving others, and ends without a leak or a sanitizer's complaint (rig_done looks at its exit code).
 */
#include "tests/system/rig.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const heads[] = {
	"\r\n\r\n",
	"GET\r\n\r\n",
	"GET /livez\r\n\r\n",
	"GET /livez HTTP/9.9\r\n\r\n",
	"GET /livez HTTP/1.1\r\n\r\n",
	"GET  /livez HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET /livez HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
	"GET /livez HTTP/1.1\r\nHost : x\r\n\r\n",
	"GET /livez HTTP/1.1\r\n Host: x\r\n\r\n",
	"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
	"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
	"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
	"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
	"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
	"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET /v1/jobs/%00 HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET /v1/jobs/..%2f..%2fetc HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET /\x01\x02 HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET /v1/agents/tunnel HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
	"GET /v1/agents/tunnel HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key:\r\n\r\n",
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	"GET /livez HTTP/1.1\r\nHost: x\r\nX-Bad: a\x00z\r\n\r\n",
};

static const char *const bodies[] = { "", "{", "}", "[]", "null", "{\"action\":1}", "{\"action\":\"\xff\xfe\"}",
	"{\"a\":1e999}", "{\"action\":\"\\ud800\"}", "\xef\xbb\xbf{}",
	"{\"action\":\"pics.changes\",\"payload\":{\"since\":99999999999999999999}}",
	"{\"action\":\"pics.changes\",\"payload\":[]}", "{\"action\":\"pics.changes\",\"payload\":null}" };

/* Reads what comes until the other side closes or is quiet for a moment. */
static size_t drain(int fd)
{
	char bytes[4096];
	size_t all = 0;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	while (poll(&p, 1, 50) > 0) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
		if (n <= 0)
			break;
		all += (size_t)n;
	}
	return all;
}

static void send_pieces(int fd, const char *p, size_t n)
{
	while (n > 0) {
		size_t k = 1 + rig_random((uint32_t)(n < 40 ? n : 40));
		k = k < n ? k : n;
		if (send(fd, p, k, MSG_NOSIGNAL) < 0)
			return;
		p += k;
		n -= k;
	}
}

static void broken_heads(const struct rig *r)
{
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		for (int pieces = 0; pieces < 2; pieces++) {
			int fd = rig_connect(r);
			if (pieces)
				send_pieces(fd, heads[i], strlen(heads[i]));
			else if (send(fd, heads[i], strlen(heads[i]), MSG_NOSIGNAL) < 0)
				perror("send");
			drain(fd);
			close(fd);
		}
}

static void broken_bodies(const struct rig *r)
{
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		struct rig_answer a = rig_call(r, "POST", "/v1/jobs", "Idempotency-Key: b", bodies[i]);
		CHECK(a.status == 400 || a.status == 422);
		rig_answer_done(&a);
	}
}

static void too_much(const struct rig *r)
{
	size_t n = 2 << 20;
	char *big = malloc(n + 1);
	memset(big, '[', n);
	big[n] = 0;
	struct rig_answer a = rig_call(r, "POST", "/v1/jobs", "Idempotency-Key: c", big);
	CHECK(a.status == 413);
	rig_answer_done(&a);
	big[100000] = 0;
	a = rig_call(r, "POST", "/v1/jobs", "Idempotency-Key: c", big); /* deep */
	CHECK(a.status == 400);
	rig_answer_done(&a);
	memset(big, 'a', 60000);
	big[60000] = 0;
	int fd = rig_connect(r);
	dprintf(fd, "GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n\r\n", big);
	char answer[32] = "";
	CHECK(recv(fd, answer, 12, MSG_WAITALL) == 12);
	CHECK_STR(answer, "HTTP/1.1 431");
	close(fd);
	free(big);
}

/* Takes one good request and spoils it in random places. */
static void spoiled(const struct rig *r)
{
	char good[512];
	int n = snprintf(good, sizeof(good),
		"POST /v1/accounts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: "
		"application/json\r\nContent-Length: 17\r\n\r\n{\"login\":\"spoilt\"}",
		r->key);
	for (int i = 0; i < 500; i++) {
		char bad[512];
		memcpy(bad, good, (size_t)n);
		for (uint32_t k = 1 + rig_random(4); k > 0; k--)
			bad[rig_random((uint32_t)n)] = (char)rig_random(256);
		int fd = rig_connect(r);
		size_t cut = rig_random(2) ? (size_t)n : rig_random((uint32_t)n);
		send_pieces(fd, bad, cut);
		struct pollfd p = { .fd = fd, .events = POLLIN };
		poll(&p, 1, 3);
		close(fd);
	}
}

/* A WebSocket that is opened as it should be, and then talks nonsense. */
static void spoiled_tunnel(const struct rig *r)
{
	for (int i = 0; i < 200; i++) {
		int fd = rig_connect(r);
		char bytes[256];
		dprintf(fd, "GET /v1/agents/tunnel HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: "
			    "Upgrade\r\nSec-WebSocket-Version: 13\r\n"
			    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: "
			    "footplate.agent.v1\r\n\r\n");
		CHECK(recv(fd, bytes, 12, MSG_WAITALL) == 12 && !memcmp(bytes, "HTTP/1.1 101", 12));
		size_t n = 1 + rig_random(sizeof(bytes));
		for (size_t k = 0; k < n; k++)
			bytes[k] = (char)rig_random(256);
		if (i % 2 && n >= 6) { /* at least the frame's head is right: a masked binary message */
			bytes[0] = (char)0x82;
			bytes[1] = (char)(0x80 | (n - 6 < 125 ? n - 6 : 125));
		}
		send_pieces(fd, bytes, n);
		struct pollfd p = { .fd = fd, .events = POLLIN };
		poll(&p, 1, 3);
		close(fd);
	}
}

int main(void)
{
	struct rig r;

	rig_init(&r);
	rig_serve(&r, (const char *const[]){ "--no-agent", "--set", "server.head_ms=2000", NULL });
	broken_heads(&r);
	broken_bodies(&r);
	too_much(&r);
	spoiled(&r);
	spoiled_tunnel(&r);
	json_decref(rig_expect(&r, 200, "GET", "/readyz", NULL));
	rig_done(&r);
	return 0;
}
