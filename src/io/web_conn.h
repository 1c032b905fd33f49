/*
 * web_conn: one connection that a web server has accepted: its bytes in and out, its deadlines, its end. What the bytes mean
 * is its mode's business: a request (web_request), an event stream (web_stream), a WebSocket (web_accept). Internal to web_*.
 *
 * libwebsockets gives the poll loop, the TLS handshake and the decrypted bytes; what goes out is written to the socket here,
 * so that a queue has one place and one limit. Loop thread only. A connection frees itself: nobody keeps a pointer to it past
 * its mode's `gone`.
 */
#pragma once

#include "base/buf.h"
#include "base/list.h"
#include "io/loop_lws.h"
#include "io/web.h"
#include "io/web_crowd.h"

#include <openssl/ssl.h>

struct pool;
struct web_conn;

#define WEB_CONN_PEER_MAX  WEB_CROWD_NAME_MAX
#define WEB_CONN_DATE_MAX  32
#define WEB_CONN_NEVER     UINT64_MAX
#define WEB_CONN_AHEAD_MAX 65536 /* bytes waiting to be sent that keep the next pipelined request waiting */

/* web_server's insides, here because its connections live by them. */
struct web_server {
	struct web_server_conf conf; /* host and files are not valid past web_server_new */
	struct loop *loop;
	struct lws_vhost *vhost;
	struct web_tls *tls;     /* of new handshakes; NULL: the vhost's own */
	struct web_trust *trust; /* whose clients' certificates are believed; NULL: none is asked for */
	uint64_t trusts;         /* counts them */
	struct lws *listener;    /* NULL while nothing is accepted any more */
	uint16_t port;
	bool draining, resting; /* resting: out of descriptors, until the next sweep */
	struct list conns;
	size_t open;
	struct web_crowd crowd;            /* of each address */
	void (*begun)(struct web_conn *c); /* gives a fresh connection its first mode */
	struct pool *files;                /* reads ahead for web_file; NULL: nobody asked for a file yet */
	struct loop_timer *sweep;
	uint64_t sweep_ms;
	char date[WEB_CONN_DATE_MAX]; /* of the Date header, made anew every second */
	int64_t date_s;
};

struct web_conn_mode {
	/* Takes what it can of the bytes, and says how many; 0: needs more, or cannot go on now. May change the mode. */
	size_t (*read)(struct web_conn *c, uint8_t *p, size_t n);
	void (*sent)(struct web_conn *c); /* nothing is queued any more */
	void (*late)(struct web_conn *c); /* the deadline has passed */
	void (*gone)(struct web_conn *c); /* the connection is freed after it */
};

enum web_conn_state {
	WEB_CONN_OPEN,
	WEB_CONN_CLOSING, /* what is queued is sent, then it is shut down */
	WEB_CONN_LINGER,  /* shut down; what still comes is thrown away, lest a reset destroy our last answer */
	WEB_CONN_DEAD,    /* libwebsockets was asked to close it */
};

struct web_conn {
	struct list node; /* web_server.conns */
	struct web_server *server;
	struct loop *loop;
	struct lws *wsi;
	SSL *ssl; /* NULL: plain */
	const struct web_conn_mode *mode;
	void *of_mode; /* the mode's own */
	enum web_conn_state state;
	bool reading, waits_to_write;
	bool greeted;              /* bytes have come, so the TLS handshake is done */
	bool owes_sent;            /* something was queued, or is over: `sent` follows */
	uint64_t due_ms, stuck_ms; /* the mode's deadline; when a queue that does not move ends the connection */
	struct buf in;             /* came, but was not taken yet */
	struct buf out;
	size_t out_at, scanned, lingered;
	struct loop_late late;
	char peer[WEB_CONN_PEER_MAX], crowd[WEB_CONN_PEER_MAX];
};

/* The callback of a server's protocol for connections. */
int web_conn_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n);

void web_conn_change(struct web_conn *c, const struct web_conn_mode *mode, void *of_mode);
void web_conn_due(struct web_conn *c, uint32_t in_ms); /* 0: never */

/* Where bytes to be sent are added; they leave when the loop's present entry ends. web_conn_push must be called after. */
struct buf *web_conn_out(struct web_conn *c);
void web_conn_push(struct web_conn *c);
size_t web_conn_queued(const struct web_conn *c);
/*
 * For a mode's `sent`, when nothing is queued: bytes of a file leave at once; with TLS some are queued. How many; 0: none now, `sent` comes
 * again when there is room; -1: the connection, or the file, is broken.
 */
ssize_t web_conn_file(struct web_conn *c, int fd, uint64_t from, uint64_t n);
void web_conn_wait(struct web_conn *c); /* `sent` comes again, after others had their turn */

void web_conn_close(struct web_conn *c);                  /* after what is queued; the mode is gone at once */
void web_conn_kill(struct web_conn *c);                   /* at the next turn, whatever is queued */
void web_conn_kill_now(struct web_conn *c);               /* never from within a callback of this connection */
void web_conn_check(struct web_conn *c, uint64_t now_ms); /* its deadlines */
