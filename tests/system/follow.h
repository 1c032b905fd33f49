/* follow: an event stream or WebSocket over a bare socket: what comes, and that it ends. Shared by tests of what cuts them. */
#pragma once

#include "tests/system/rig.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

struct follow {
	int fd;
	char got[65536];
	size_t n;
};

/* Reads on until `text` has come, or the end; false at the end. Ten seconds of silence fail the test. */
static inline bool follow_until(struct follow *f, const char *text)
{
	while (!text || !memmem(f->got, f->n, text, strlen(text))) {
		if (f->n > sizeof(f->got) - 4096)
			f->n = 0;
		ssize_t k = recv(f->fd, f->got + f->n, sizeof(f->got) - f->n, 0);
		if (k == 0 || (k < 0 && errno == ECONNRESET))
			return false;
		CHECK(k > 0);
		f->n += (size_t)k;
	}
	return true;
}

/* Sends a request for a stream; the headers end in an empty line. */
static inline void follow_ask(struct follow *f, const struct rig *r, const char *head)
{
	const struct timeval patience = { .tv_sec = 10 };

	f->n = 0;
	f->fd = rig_connect(r);
	CHECK(setsockopt(f->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0);
	CHECK(send(f->fd, head, strlen(head), MSG_NOSIGNAL) == (ssize_t)strlen(head));
	CHECK(follow_until(f, "stream.hello"));
}

/* The server-sent events at this path. */
static inline void follow_path(struct follow *f, const struct rig *r, const char *secret, const char *path)
{
	char head[600];

	snprintf(head, sizeof(head),
		"GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nAccept: text/event-stream\r\n\r\n", path,
		secret);
	follow_ask(f, r, head);
}

static inline void follow_begin(struct follow *f, const struct rig *r, const char *secret, bool socket)
{
	char head[600];

	if (!socket) {
		follow_path(f, r, secret, "/v1/events");
		return;
	}
	snprintf(head, sizeof(head),
		"GET /v1/events/ws HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nConnection: "
		"Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
		"AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: footplate.events.v1\r\n\r\n",
		secret);
	follow_ask(f, r, head);
}

/* To its end: what was published after the cut must not be in it. */
static inline void follow_ends_without(struct follow *f, const char *text)
{
	while (follow_until(f, NULL))
		;
	CHECK(!memmem(f->got, f->n, text, strlen(text)));
	close(f->fd);
}
