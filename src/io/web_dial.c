#include "io/resolve.h"
#include "io/web_route.h"
#include "io/web_socket.h"
#include "io/web_url.h"
#include "io/ws_frame.h"

#include <stdio.h>
#include <string.h>

#define READ_BYTES    2048  /* one buffer of this size a socket: there may be thousands */
#define WRITE_BYTES   65536 /* handed to the kernel at once */
#define WRITES_MAX    32    /* frames sent before the others get a turn */
#define CONNECT_MS    20000
#define SOCKET_BYTES  (1u << 20)
#define MESSAGE_BYTES (1u << 20)

struct frame {
	struct frame *next;
	size_t n;
	bool binary;
	uint8_t bytes[]; /* LWS_PRE, then the message */
};

/* What is needed until the connection stands, and given back then. */
struct setup {
	struct resolve resolve;
	struct dial *dial;
	bool resolving, dialling,
		reached; /* reached: the handshake is being sent, another address would not help */
	size_t next;     /* of resolve.addresses */
	struct web_route *route;
	struct web_url url;
	struct web_url_proxy proxy;
	char *protocol, *ca;
};

struct dial {
	struct web_socket socket;
	struct loop *loop;
	struct lws *wsi;
	struct setup *setup;      /* NULL once open */
	struct loop_timer *timer; /* ends connecting, and later the wait for the answer to a close */
	struct loop_late late;
	struct frame *first, **last;
	size_t queued;
	struct buf message;
	uint32_t socket_bytes, message_bytes;
	bool open, closing, over; /* closing: web_socket_close was called. over: `close` will be called */
	bool told;                /* it was: only the resolver still needs the memory */
	int code, our_code;
	char why[WEB_SOCKET_WHY_MAX + 1];
};

static void try_next(struct dial *d);

/* --- the end */

static void free_setup(struct setup *u)
{
	if (!u)
		return;
	web_route_leave(u->route);
	web_url_done(&u->url);
	web_url_proxy_done(&u->proxy);
	free(u->protocol);
	free(u->ca);
	free(u);
}

static void free_dial(struct dial *d)
{
	free_setup(d->setup);
	loop_timer_free(d->timer);
	while (d->first) {
		struct frame *f = d->first;
		d->first = f->next;
		free(f);
	}
	buf_done(&d->message);
	free(d);
}

static void remember(struct dial *d, int code, const char *why)
{
	if (d->code)
		return; /* the first reason is the cause */
	d->code = code;
	snprintf(d->why, sizeof(d->why), "%s", why);
}

/* Tells the owner, who may not use the pointer any more. The memory stays while the resolver has it. */
static void finish(struct dial *d)
{
	if (d->wsi) {
		lws_set_opaque_user_data(d->wsi, NULL);
		lws_set_timeout(take(d->wsi), PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
	}
	list_remove(&d->late.node);
	loop_timer_at(d->timer, UINT64_MAX);
	remember(d, WEB_SOCKET_LOST, "the connection broke");
	if (d->socket.on.close)
		d->socket.on.close(d->socket.on.ctx, &d->socket, d->code, d->why);
	d->told = true;
	if (!d->setup || !d->setup->resolving)
		free_dial(d);
}

static void settle(struct loop_late *late)
{
	struct dial *d = list_of(late, struct dial, late);
	if (d->over)
		finish(d);
}

/* `close` will be called at the end of the loop's present entry, never from within the caller. */
static void end(struct dial *d, int code, const char *why)
{
	remember(d, code, why);
	d->over = true;
	loop_late_add(d->loop, &d->late);
}

static void too_late(void *ctx)
{
	struct dial *d = ctx;
	end(d, WEB_SOCKET_LOST, d->open ? "the other end did not answer the close" : "no connection in time");
}

/* --- connecting */

static void connect_to(struct dial *d, const char *address)
{
	struct setup *u = d->setup;
	struct lws_client_connect_info how = {
		.context = loop_lws_context(d->loop),
		.vhost = u->route->vhost,
		.address = u->proxy.host ? u->url.host : address,
		.port = u->url.port,
		.path = u->url.path,
		.host = u->url.authority,
		.protocol = u->protocol,
		.local_protocol_name = "dial",
		.ssl_connection = (u->url.tls ? LCCSCF_USE_SSL : 0) | LCCSCF_HTTP_NO_FOLLOW_REDIRECT,
		.alpn = "http/1.1",
		.opaque_user_data = d,
	};
	u->dialling = true;
	d->wsi = lws_client_connect_via_info(&how);
	u->dialling = false;
}

static enum rc find_route(struct setup *u, struct loop *l, const struct lws_protocols *protocols, struct fault *f)
{
	const char *to = u->resolve.addresses[u->next];
	char proxy[WEB_ROUTE_PROXY_MAX];

	web_route_leave(u->route);
	u->route = NULL;
	if (u->proxy.host && snprintf(proxy, sizeof(proxy), strchr(to, ':') ? "%s[%s]:%u" : "%s%s:%u",
				     u->proxy.auth, to, u->proxy.port) >= (int)sizeof(proxy))
		return fault_set(f, RC_INVALID, "the proxy's user and password are too long");
	return web_route_take(l, protocols, u->ca, u->proxy.host ? proxy : NULL, &u->route, f);
}

static int on_client(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n);

static const struct lws_protocols protocols[] = {
	{ .name = "dial", .callback = on_client, .rx_buffer_size = READ_BYTES, .tx_packet_size = WRITE_BYTES },
	{ 0 },
};

static void try_next(struct dial *d)
{
	struct setup *u = d->setup;
	struct fault f = { .text = "no memory to connect" };

	while (!d->over && !d->wsi) {
		if (u->next == u->resolve.addresses_n) {
			end(d, WEB_SOCKET_LOST,
				u->next ? "no address of the host could be connected to" : u->resolve.why);
			return;
		}
		if (find_route(u, d->loop, protocols, &f) != RC_OK) {
			end(d, WEB_SOCKET_LOST, f.text);
			return;
		}
		connect_to(d, u->resolve.addresses[u->next++]);
	}
}

static void resolved(struct resolve *r)
{
	struct setup *u = list_of(r, struct setup, resolve);
	struct dial *d = u->dial;

	u->resolving = false;
	if (d->told)
		free_dial(d);
	else
		try_next(d);
}

/* --- messages */

static int send_frames(struct dial *d)
{
	for (int i = 0; i < WRITES_MAX && d->first && !lws_partial_buffered(d->wsi); i++) {
		struct frame *f = d->first;
		d->first = f->next;
		if (!d->first)
			d->last = &d->first;
		d->queued -= f->n;
		int sent =
			lws_write(d->wsi, f->bytes + LWS_PRE, f->n, f->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
		free(f);
		if (sent < 0)
			return -1;
	}
	if (d->first || lws_partial_buffered(d->wsi)) {
		lws_callback_on_writable(d->wsi);
		return 0;
	}
	if (d->closing) {
		lws_close_reason(
			d->wsi, (enum lws_close_status)d->our_code, (unsigned char *)d->why, strlen(d->why));
		loop_timer_at(d->timer, loop_entered_ms(d->loop) + WEB_SOCKET_CLOSE_MS);
		return -1; /* libwebsockets sends the close frame and waits for the other end's */
	}
	if (d->socket.on.drain)
		d->socket.on.drain(d->socket.on.ctx, &d->socket);
	return 0;
}

static int give_up(struct dial *d, int code, const char *why)
{
	remember(d, code, why);
	lws_close_reason(d->wsi, (enum lws_close_status)code, (unsigned char *)d->why, strlen(d->why));
	return -1;
}

static int received(struct dial *d, const void *p, size_t n)
{
	bool whole = lws_is_final_fragment(d->wsi), binary = lws_frame_is_binary(d->wsi);
	struct buf message = d->message;

	if (d->closing || d->over)
		return 0;
	if (message.n + n > d->message_bytes)
		return give_up(d, WEB_CLOSE_BIG, "the message is larger than is taken here");
	if (!whole || message.n > 0) {
		buf_put(&d->message, p, n);
		message = d->message;
	} else {
		message = (struct buf){ .p = (uint8_t *)p, .n = n };
	}
	if (message.bad)
		return give_up(d, WEB_CLOSE_BIG, "out of memory");
	if (!whole)
		return 0;
	d->message = (struct buf){ 0 };
	bool good = binary || ws_frame_is_utf8(message.p, message.n);
	if (good && d->socket.on.message)
		d->socket.on.message(d->socket.on.ctx, &d->socket, message.p, message.n, binary);
	if (message.p != p)
		buf_done(&message);
	return good ? 0 : give_up(d, WEB_SOCKET_BAD_TEXT, "the text is not UTF-8");
}

static void opened(struct dial *d)
{
	d->open = true;
	free_setup(take(d->setup));
	loop_timer_at(d->timer, UINT64_MAX);
	if (d->first || d->closing)
		lws_callback_on_writable(d->wsi);
	if (d->socket.on.open)
		d->socket.on.open(d->socket.on.ctx, &d->socket);
}

/* The other end's close frame: two bytes of code, then text. */
static void heard_close(struct dial *d, const uint8_t *p, size_t n)
{
	char why[WEB_SOCKET_WHY_MAX + 1] = "";

	if (n > 2)
		snprintf(why, sizeof(why), "%.*s", (int)(n - 2), (const char *)p + 2);
	remember(d, n >= 2 ? p[0] << 8 | p[1] : WEB_SOCKET_NO_CODE, why);
}

static void failed(struct dial *d, struct lws *wsi, const char *why, size_t n)
{
	char text[WEB_SOCKET_WHY_MAX + 1];

	if (d->wsi && d->wsi != wsi)
		return;
	d->wsi = NULL;
	if (d->setup->dialling)
		return; /* libwebsockets returns NULL next, and then the next address is tried */
	if (!d->setup->reached && d->setup->next < d->setup->resolve.addresses_n) {
		try_next(d);
		return;
	}
	snprintf(text, sizeof(text), "%.*s", (int)n, why ? why : "");
	end(d, WEB_SOCKET_LOST, *text ? text : "the connection could not be made");
}

static void closed(struct dial *d)
{
	d->wsi = NULL;
	if (d->closing)
		remember(d, d->our_code, "closed");
	end(d, WEB_SOCKET_LOST, "the connection broke");
}

static int handle(struct dial *d, struct lws *wsi, enum lws_callback_reasons reason, void *in, size_t n)
{
	if (reason == LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER)
		d->setup->reached = true;
	else if (reason == LWS_CALLBACK_CLIENT_ESTABLISHED)
		opened(d);
	else if (reason == LWS_CALLBACK_CLIENT_RECEIVE)
		return received(d, in, n);
	else if (reason == LWS_CALLBACK_CLIENT_WRITEABLE)
		return d->open ? send_frames(d) : 0;
	else if (reason == LWS_CALLBACK_WS_PEER_INITIATED_CLOSE)
		heard_close(d, in, n);
	else if (reason == LWS_CALLBACK_CLIENT_CONNECTION_ERROR)
		failed(d, wsi, in, n);
	else if (reason == LWS_CALLBACK_CLIENT_CLOSED)
		closed(d);
	return 0;
}

static int on_client(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
	struct dial *d;

	switch ((int)reason) {
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_CLIENT_VERIFY_CERTS:
		SSL_CTX_set_mode(user, SSL_MODE_RELEASE_BUFFERS);
		return 0;
	case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
	case LWS_CALLBACK_CLIENT_RECEIVE:
	case LWS_CALLBACK_CLIENT_WRITEABLE:
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
	case LWS_CALLBACK_CLIENT_CLOSED:
		d = lws_get_opaque_user_data(wsi);
		break;
	default:
		return 0;
	}
	if (!d)
		return reason == LWS_CALLBACK_CLIENT_CONNECTION_ERROR || reason == LWS_CALLBACK_CLIENT_CLOSED ? 0
													      : -1;
	struct loop *l = d->loop;
	loop_enter(l);
	int ret = handle(d, wsi, reason, in, n);
	loop_exit(l);
	return ret;
}

/* --- what the owner calls */

static bool dial_send(struct web_socket *socket, const void *p, size_t n, bool binary)
{
	struct dial *d = (struct dial *)socket;

	if (d->closing || d->over)
		return false;
	if (d->queued > d->socket_bytes || n > d->socket_bytes - d->queued) {
		end(d, WEB_CLOSE_SLOW, "the other end does not take what is sent");
		return false;
	}
	struct frame *f = malloc(sizeof(*f) + LWS_PRE + n);
	if (!f) {
		end(d, WEB_SOCKET_LOST, "out of memory");
		return false;
	}
	*f = (struct frame){ .n = n, .binary = binary };
	memcpy(f->bytes + LWS_PRE, p, n);
	*d->last = f;
	d->last = &f->next;
	d->queued += n;
	if (d->open && d->wsi)
		lws_callback_on_writable(d->wsi);
	return true;
}

static size_t dial_queued(const struct web_socket *socket) { return ((const struct dial *)socket)->queued; }

static void dial_close(struct web_socket *socket, int code, const char *why)
{
	struct dial *d = (struct dial *)socket;

	if (d->closing || d->over)
		return;
	d->closing = true;
	d->our_code = code;
	snprintf(d->why, sizeof(d->why), "%s", why ? why : "");
	if (!d->open)
		end(d, code, "closed before it was open");
	else if (d->wsi)
		lws_callback_on_writable(d->wsi);
}

static const struct web_socket_impl dial_impl = { dial_send, dial_queued, dial_close };

static enum rc set_up(struct dial *d, const struct web_dial *how, struct fault *f)
{
	struct setup *u = d->setup = calloc(1, sizeof(*u));
	if (!u)
		return RC_NOMEM;
	u->dial = d;
	if ((how->protocol && !(u->protocol = strdup(how->protocol))) ||
		(how->tls_ca && !(u->ca = strdup(how->tls_ca))))
		return RC_NOMEM;
	enum rc rc = web_url_split(how->url, &u->url, f);
	if (rc == RC_OK)
		rc = web_url_split_proxy(how->http_proxy, &u->proxy, f);
	if (rc == RC_OK)
		rc = loop_timer_new(d->loop, too_late, d, &d->timer);
	if (rc == RC_OK)
		rc = resolve_start(d->loop, &u->resolve, u->proxy.host ? u->proxy.host : u->url.host, resolved, f);
	return rc;
}

enum rc web_dial(struct loop *l, const struct web_dial *how, struct web_socket **ret_socket, struct fault *f)
{
	struct dial *d = calloc(1, sizeof(*d));
	if (!d)
		return RC_NOMEM;
	d->socket = (struct web_socket){ &dial_impl, how->on };
	d->loop = l;
	d->last = &d->first;
	d->socket_bytes = how->limits.socket_bytes ? how->limits.socket_bytes : SOCKET_BYTES;
	d->message_bytes = how->limits.message_bytes ? how->limits.message_bytes : MESSAGE_BYTES;
	loop_late_init(&d->late, settle);
	enum rc rc = set_up(d, how, f);
	if (rc != RC_OK) {
		free_dial(d);
		return rc;
	}
	d->setup->resolving = true;
	loop_timer_at(d->timer, loop_now_ms(l) + (how->connect_ms ? how->connect_ms : CONNECT_MS));
	*ret_socket = &d->socket;
	return RC_OK;
}
