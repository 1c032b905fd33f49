/*
 * web: HTTP/1.1 and WebSocket, server and client, with TLS. libwebsockets stands behind it and is seen by io/ alone: it polls,
 * and does a server's TLS; what is read and written is understood in http_head, http_chunks, ws_frame and ws_reader.
 *
 * All calls are made on the loop thread, and all callbacks come there.
 *
 * Server. A request is shown whole: headers and body within the limits, else web answers 4xx by itself. It stays valid until
 * the owner answers it once (web_reply, web_stream, or web_accept for a WebSocket upgrade), be it at once or after a worker has
 * worked on it: the client may be gone by then; the answer then goes nowhere, but it must be given, for it frees the request.
 * A worker may read a request's members (web_view, web_header, web_gone); it calls nothing else of this file. A client that ends its
 * sending side is taken for gone.
 *
 * Back-pressure. A stream or socket queues what the peer does not take, up to its own limit; past it, it is closed
 * (WEB_CLOSE_SLOW). web_*_queued tells how much waits, and on_drain when nothing does any more. A connection of a server whose
 * queue does not move at all for body_ms is closed too.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"
#include "io/egress.h"

#include <stdint.h>

struct loop;
struct tcp_badge;
struct web_request;
struct web_server;
struct web_socket;
struct web_stream;

struct web_limits { /* 0: a default that suits an API (16 KiB, 1 MiB, 10000; 10, 30, 60 s; 256 KiB, 1 MiB, 1 MiB) */
	uint32_t header_bytes;  /* of one request's head (431) */
	uint32_t body_bytes;    /* (413) */
	uint32_t connections;   /* open at once; more are refused at accept */
	uint32_t per_address;   /* of these by one address (of IPv6: by 64 bits of one); 0: half of them */
	uint32_t head_ms;       /* a whole head within (408/close): slow clients */
	uint32_t body_ms;       /* a whole body within */
	uint32_t idle_ms;       /* keep-alive without a request */
	uint32_t stream_bytes;  /* queued for one event stream */
	uint32_t socket_bytes;  /* queued for one WebSocket */
	uint32_t message_bytes; /* one WebSocket message that comes in (1009) */
};

struct web_header {
	const char *name, *value; /* name in lower case with requests */
};

/* What a request shows; valid until it is answered. */
struct web_view {
	const char *method; /* "GET" … */
	const char *path;   /* as it came, not percent-decoded, without the query */
	const char *query;  /* without '?'; "" when none */
	const char *body;   /* NUL after it; "" when none */
	size_t body_n;
	const char *peer;      /* the address of the other end, as text */
	bool upgrade;          /* asks for a WebSocket */
	const char *protocols; /* Sec-WebSocket-Protocol; NULL when none */
	bool tls;
	/* Of the client's certificate, which an authority of web_server_trust has signed; NULL: it showed none. */
	const char *cert_uri;    /* the URI among its names; "" when it has none */
	const char *cert_serial; /* hexadecimal */
};

const struct web_view *web_view(const struct web_request *r);
/* NULL when absent; the values joined by commas when it was given several times. `name` in lower case. */
const char *web_header(const struct web_request *r, const char *name);
/* The client is gone: the answer will go nowhere. Any thread. */
bool web_gone(const struct web_request *r);
void web_request_set(struct web_request *r, void *owner); /* a place for the owner's pointer */
void *web_request_get(const struct web_request *r);

struct web_server_conf {
	const char *host;               /* address to bind; "127.0.0.1" */
	uint16_t port;                  /* 0: any free one, see web_server_port */
	const char *tls_cert, *tls_key; /* PEM files; NULL: plain */
	int listener; /* a socket that listens already, taken over whatever becomes of the server; 0: none, bind one */
	struct web_limits limits;
	const char *const *protocols;
	void *ctx;
	void (*on_request)(void *ctx, struct web_request *r); /* whole; an upgrade too */
	/* Is this address one through which many come? Then per_address is not its limit. NULL: none is. */
	bool (*on_many)(void *ctx, const char *address);
	/* A request that web answered by itself (malformed, too large, too slow), for the log and the metrics. */
	void (*on_refused)(void *ctx, const char *peer, int status, const char *why);
};

must_check enum rc web_server_new(
	struct loop *l, const struct web_server_conf *conf, struct web_server **ret_server, struct fault *f);
uint16_t web_server_port(const struct web_server *s);
/* From now on: for connections that are open, too, as far as they ask for them anew. */
void web_server_limits(struct web_server *s, const struct web_limits *limits);

/* A certificate and its key, read and found to fit each other. web_tls_new may be called on any thread. */
struct web_tls;
must_check enum rc web_tls_new(const char *cert, const char *key, struct web_tls **ret_tls, struct fault *f);
int64_t web_tls_expires_ms(const struct web_tls *t); /* of the certificate itself, since 1970 */
void web_tls_free(struct web_tls *t);
/* New handshakes of a server that has TLS are answered with it; what is open stays. Takes it over. */
void web_server_tls(struct web_server *s, struct web_tls *take_tls);

/* Authorities of clients' certificates, PEM one after another. Any thread. */
struct web_trust;
must_check enum rc web_trust_new(const char *pem, struct web_trust **ret_trust, struct fault *f);
void web_trust_free(struct web_trust *t);
/*
 * From now on new handshakes of a server that has TLS ask for a certificate. A client need not show one; one that is not from
 * these authorities, expired, or not for a client ends the handshake. Takes it over; NULL: it asks no more.
 */
void web_server_trust(struct web_server *s, struct web_trust *take_trust);

void web_server_drain(struct web_server *s);        /* accepts no more; answers say Connection: close */
size_t web_server_open(const struct web_server *s); /* connections */
/* Cuts what is open. Before the loop is freed, and not from within a callback of the server's. */
void web_server_free(struct web_server *s);
OWN_DEFINE(web_server)

/* Answers and frees. `headers` end in {0} (may be NULL); the body is copied. Content-Length is added. */
void web_reply(struct web_request *r, int status, const struct web_header *headers, const void *body, size_t n);

/* Frees the request and closes the connection, after these bytes as they are (none: without a word). */
void web_cut(struct web_request *r, const void *p, size_t n);

struct web_stream_on {
	void *ctx;
	void (*drain)(void *ctx, struct web_stream *s); /* all that was queued has been sent */
	void (*close)(
		void *ctx, struct web_stream *s); /* gone, for whatever reason; the pointer is dead after it */
};
/* Answers 200 and keeps the body open (server-sent events). Frees the request; NULL when the client is gone. */
struct web_stream *web_stream(
	struct web_request *r, const struct web_header *headers, const struct web_stream_on *on);
bool web_stream_write(struct web_stream *s, const void *p, size_t n); /* false: over the limit, and closed soon */
size_t web_stream_queued(const struct web_stream *s);
void web_stream_close(struct web_stream *s); /* after what is queued; `close` follows */
void web_stream_cut(struct web_stream *s);   /* at once, without what is queued; `close` follows */

enum web_close {
	WEB_CLOSE_NORMAL = 1000,
	WEB_CLOSE_GOING = 1001,
	WEB_CLOSE_BAD = 1002,
	WEB_CLOSE_BIG = 1009,
	WEB_CLOSE_SLOW = 4008
};

struct web_socket_on {
	void *ctx;
	void (*open)(void *ctx, struct web_socket *s); /* client: connected. Server: the handshake is done */
	void (*message)(void *ctx, struct web_socket *s, const void *p, size_t n, bool binary); /* whole */
	void (*drain)(void *ctx, struct web_socket *s);
	/* Gone; the pointer is dead after it. code: the peer's close code, or 1006. why: for people */
	void (*close)(void *ctx, struct web_socket *s, int code, const char *why);
};
/* Accepts the upgrade, with this subprotocol (NULL: none). Frees the request; NULL when the client is gone. */
struct web_socket *web_accept(struct web_request *r, const char *protocol, const struct web_socket_on *on);

struct web_dial {
	const char *url;               /* ws:// or wss:// */
	const char *protocol;          /* subprotocol to ask for; NULL: none */
	const char *tls_ca;            /* PEM file beside the system's; NULL: the system's alone */
	const struct tcp_badge *badge; /* shown when the server asks for a certificate; NULL: none */
	const char *http_proxy;        /* [USER:PASSWORD@]HOST:PORT; NULL: none, whatever the environment says */
	struct egress egress;          /* used when there is no http_proxy */
	uint32_t connect_ms;           /* a handshake within */
	struct web_limits limits;      /* socket_bytes and message_bytes count */
	struct web_socket_on on;
};
/* Begins to connect. `close` comes when it fails, then or later, never before this returns. */
must_check enum rc web_dial(
	struct loop *l, const struct web_dial *how, struct web_socket **ret_socket, struct fault *f);

bool web_socket_send(
	struct web_socket *s, const void *p, size_t n, bool binary); /* one message; false: over the limit */
size_t web_socket_queued(const struct web_socket *s);
void web_socket_close(struct web_socket *s, int code, const char *why); /* after what is queued; `close` follows */
void web_socket_cut(struct web_socket *s); /* of a server: at once, without what is queued; `close` follows */
