/*
 * proxy: a small proxy on a thread of its own, of both kinds: HTTP CONNECT and SOCKS5, told apart by the first byte. The one
 * host that it can reach is "not.resolved.here", which is the site; the login is user:pw.
 */
#pragma once

#include "tests/unit/io/site.h"

#include <fcntl.h>

struct proxy {
	struct site *site;
	bool needs_login;
	uint16_t port;
	int fd, tunnels; /* tunnels: to be read after proxy_stop */
	pthread_t thread;
	atomic_bool stops;
};

/* A listener that never answers, and its port. */
static inline int proxy_deaf(uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(bind(fd, (struct sockaddr *)&a, n) == 0 && listen(fd, 16) == 0 &&
		getsockname(fd, (struct sockaddr *)&a, &n) == 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static inline bool proxy_read(int fd, void *p, size_t n) { return recv(fd, p, n, MSG_WAITALL) == (ssize_t)n; }

static inline bool proxy_http(const struct proxy *x, int near, char *ret_host)
{
	char head[2048];
	site_hear(near, head, sizeof(head), "\r\n\r\n");
	if (x->needs_login && !strstr(head, "\r\nProxy-Authorization: Basic dXNlcjpwdw==\r\n")) {
		site_say(near, "HTTP/1.1 407 Login\r\n\r\n");
		return false;
	}
	CHECK(sscanf(head, "CONNECT %255[^:]:", ret_host) == 1);
	bool good = !strcmp(ret_host, "not.resolved.here");
	site_say(near, good ? "HTTP/1.1 200 Connection established\r\n\r\n" : "HTTP/1.1 502 Bad gateway\r\n\r\n");
	return good;
}

static inline bool proxy_login(int near)
{
	uint8_t n[2], user[256] = "", password[256] = "";
	CHECK(proxy_read(near, n, 2) && n[0] == 1 && proxy_read(near, user, n[1]));
	CHECK(proxy_read(near, n, 1) && proxy_read(near, password, n[0]));
	bool good = !strcmp((char *)user, "user") && !strcmp((char *)password, "pw");
	site_put(near, good ? "\1\0" : "\1\1", 2);
	return good;
}

static inline bool proxy_socks(const struct proxy *x, int near, char *ret_host)
{
	uint8_t head[5], methods[256], port[2];
	CHECK(proxy_read(near, head, 2) && proxy_read(near, methods, head[1]));
	if (x->needs_login && !memchr(methods, 2, head[1])) {
		site_put(near, "\5\377", 2);
		return false;
	}
	site_put(near, x->needs_login ? "\5\2" : "\5\0", 2);
	if (x->needs_login && !proxy_login(near))
		return false;
	CHECK(proxy_read(near, head, 5) && head[0] == 5 && head[1] == 1 && head[3] == 3);
	CHECK(proxy_read(near, ret_host, head[4]) && proxy_read(near, port, 2));
	ret_host[head[4]] = 0;
	bool good = !strcmp(ret_host, "not.resolved.here");
	site_put(near, good ? "\5\0\0\1\0\0\0\0\0\0" : "\5\4\0\1\0\0\0\0\0\0", 10);
	return good;
}

static inline void proxy_relay(int near, int far)
{
	char block[4096];
	for (struct pollfd p[2] = { { near, POLLIN, 0 }, { far, POLLIN, 0 } }; poll(p, 2, 10000) > 0;)
		for (int i = 0; i < 2; i++) {
			ssize_t n = p[i].revents ? recv(p[i].fd, block, sizeof(block), 0) : -2;
			if (n >= -1 && n <= 0)
				return;
			if (n > 0)
				site_put(p[!i].fd, block, (size_t)n);
		}
}

static inline void *proxy_main(void *arg)
{
	struct proxy *x = arg;
	for (int near; (near = accept(x->fd, NULL, NULL)) >= 0 && !x->stops; close(near)) {
		char host[256] = "", first;
		if (recv(near, &first, 1, MSG_PEEK) != 1)
			continue;
		if (!(first == 5 ? proxy_socks(x, near, host) : proxy_http(x, near, host)))
			continue;
		int far = site_connect(x->site);
		x->tunnels++;
		proxy_relay(near, far);
		close(far);
	}
	return NULL;
}

static inline void proxy_start(struct proxy *x)
{
	x->fd = proxy_deaf(&x->port);
	CHECK(pthread_create(&x->thread, NULL, proxy_main, x) == 0);
}
static inline void proxy_stop(struct proxy *x)
{
	x->stops = true;
	shutdown(x->fd, SHUT_RDWR);
	pthread_join(x->thread, NULL);
	close(x->fd);
}
