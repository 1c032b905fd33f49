/*
 * tcp_server: listens for plain TCP connections. Loop thread only.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "io/loop.h"

#include <stdint.h>

struct tcp_server;

struct tcp_server_conf {
	const char *host; /* an address */
	uint16_t port;    /* 0: any free one */
	void *ctx;
	/* The descriptor is the callee's, for tcp_adopt; `peer` is the address of the other end. */
	void (*accepted)(void *ctx, int fd, const char *peer);
};

/* RC_INVALID: not such an address, or it cannot be listened on. */
must_check enum rc tcp_server_new(
	struct loop *l, const struct tcp_server_conf *conf, struct tcp_server **ret_server, struct fault *f);
void tcp_server_free(struct tcp_server *s);
OWN_DEFINE(tcp_server)

uint16_t tcp_server_port(const struct tcp_server *s);
