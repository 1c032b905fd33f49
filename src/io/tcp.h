/*
 * tcp: a connection that we dial: plain bytes or TLS over them, straight, from an address of our own, or through a proxy
 * (io/egress). libwebsockets polls it, and no more. All calls are made on the loop thread, and all callbacks come there.
 *
 * `close` is called once, at the end of the loop's present entry and never from within a call of the owner's; the pointer is
 * dead after it. Nothing else is called once tcp_close or tcp_abort was.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "io/egress.h"
#include "io/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TCP_CONNECT_MS  20000
#define TCP_QUEUE_BYTES (1u << 20)
#define TCP_CLOSE_MS    3000 /* what is queued at a close may take so long */
#define TCP_WHY_MAX     123

struct tcp;
struct tcp_badge;

struct tcp_on {
	void *ctx;
	void (*open)(void *ctx, struct tcp *t);
	void (*bytes)(void *ctx, struct tcp *t, const uint8_t *p, size_t n); /* as they come */
	void (*drain)(
		void *ctx, struct tcp *t); /* all that was queued has been handed to the kernel; may be NULL */
	void (*close)(void *ctx, struct tcp *t, const char *why); /* why: for people, without a secret */
};

struct tcp_dial {
	const char *host; /* a name or an address; looked up here, or by a proxy */
	uint16_t port;
	struct egress egress;
	bool tls;                      /* the other end has to be `host` */
	const char *tls_ca;            /* PEM file beside the system's; NULL: the system's alone */
	const struct tcp_badge *badge; /* shown when the server asks for a certificate; NULL: none */
	uint32_t connect_ms;           /* all until `open` within; 0: TCP_CONNECT_MS */
	uint32_t queue_bytes;          /* 0: TCP_QUEUE_BYTES */
	struct tcp_on on;
};

/* Begins to connect; what `how` points to is copied. RC_INVALID: the address, the egress or the CA file. */
must_check enum rc tcp_dial(struct loop *l, const struct tcp_dial *how, struct tcp **ret_tcp, struct fault *f);

/* The same for a connection that was accepted (io/tcp_server): it is open, and `open` is not called. The descriptor is gone in any
 * case. */
must_check enum rc tcp_adopt(
	struct loop *l, int fd, const struct tcp_on *on, uint32_t queue_bytes, struct tcp **ret_tcp);

/* Queues the bytes; they leave at the end of the loop's present entry. False: over the limit, and it is aborted. */
bool tcp_send(struct tcp *t, const void *p, size_t n);
size_t tcp_queued(const struct tcp *t);
void tcp_close(struct tcp *t);                  /* after what is queued; `close` follows */
void tcp_abort(struct tcp *t, const char *why); /* now; `close` follows */
