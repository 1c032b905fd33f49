/*
 * web_socket: what the two kinds of WebSocket share: one that a server has accepted (web_accept), one that was dialled
 * (web_dial). Internal to web_*; loop thread only.
 */
#pragma once

#include "io/web.h"

struct web_socket_impl {
	bool (*send)(struct web_socket *s, const void *p, size_t n, bool binary);
	size_t (*queued)(const struct web_socket *s);
	void (*close)(struct web_socket *s, int code, const char *why);
	void (*cut)(struct web_socket *s); /* NULL: dialled */
};

/* The first member of both. */
struct web_socket {
	const struct web_socket_impl *impl;
	struct web_socket_on on;
};

#define WEB_SOCKET_LOST     1006 /* no close frame came */
#define WEB_SOCKET_NO_CODE  1005 /* one came, and held no code */
#define WEB_SOCKET_BAD_TEXT 1007
#define WEB_SOCKET_CLOSE_MS 3000 /* what the other end may take to answer a close frame */
#define WEB_SOCKET_WHY_MAX  123  /* bytes of a close frame's text */
