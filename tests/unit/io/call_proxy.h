/* proxy: one connection to a proxy that answers for whatever host it is asked to reach, and keeps what was said to it. */
#pragma once

#include "tests/unit/check.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

struct proxy {
	int fd;
	uint16_t port;
	pthread_t thread;
	bool socks;
	char login[128], target[128], request[2048];
};

static inline void proxy_read(int fd, void *p, size_t n) { CHECK(recv(fd, p, n, MSG_WAITALL) == (ssize_t)n); }

/* RFC 1928 and 1929: no method but user and password, a host by its name. */
static inline void proxy_socks(struct proxy *x, int fd)
{
	unsigned char b[600];

	proxy_read(fd, b, 2);
	CHECK(b[0] == 5);
	proxy_read(fd, b + 2, b[1]);
	CHECK(memchr(b + 2, 2, b[1]));
	CHECK(write(fd, "\5\2", 2) == 2);
	proxy_read(fd, b, 2);
	CHECK(b[0] == 1);
	unsigned user = b[1];
	proxy_read(fd, b, user + 1u);
	unsigned pass = b[user];
	proxy_read(fd, b + 300, pass);
	snprintf(x->login, sizeof(x->login), "%.*s:%.*s", (int)user, (char *)b, (int)pass, (char *)b + 300);
	CHECK(write(fd, "\1\0", 2) == 2);
	proxy_read(fd, b, 5);
	CHECK(b[1] == 1 && b[3] == 3);
	unsigned n = b[4];
	proxy_read(fd, b, n + 2u);
	snprintf(x->target, sizeof(x->target), "%.*s:%u", (int)n, (char *)b, b[n] << 8 | b[n + 1]);
	CHECK(write(fd, "\5\0\0\1\0\0\0\0\0\0", 10) == 10);
}

static inline void *proxy_run(void *ctx)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nthrough";
	struct proxy *x = ctx;
	int fd = accept(x->fd, NULL, NULL);
	size_t n = 0;

	CHECK(fd >= 0);
	if (x->socks)
		proxy_socks(x, fd);
	while (n < sizeof(x->request) - 1 && !strstr(x->request, "\r\n\r\n")) {
		ssize_t got = read(fd, x->request + n, sizeof(x->request) - 1 - n);
		CHECK(got > 0);
		n += (size_t)got;
		x->request[n] = 0;
	}
	CHECK(write(fd, answer, sizeof(answer) - 1) == sizeof(answer) - 1);
	close(fd);
	return NULL;
}

static inline void proxy_start(struct proxy *x, bool socks)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);

	*x = (struct proxy){ .socks = socks, .fd = socket(AF_INET, SOCK_STREAM, 0) };
	CHECK(bind(x->fd, (struct sockaddr *)&at, n) == 0 && listen(x->fd, 1) == 0);
	CHECK(getsockname(x->fd, (struct sockaddr *)&at, &n) == 0);
	x->port = ntohs(at.sin_port);
	CHECK(pthread_create(&x->thread, NULL, proxy_run, x) == 0);
}

static inline void proxy_end(struct proxy *x)
{
	pthread_join(x->thread, NULL);
	close(x->fd);
}
