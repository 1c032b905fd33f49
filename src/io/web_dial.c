#include "base/hush.h"
#include "base/scan.h"
#include "io/clock.h"
#include "io/http_head.h"
#include "io/tcp.h"
#include "io/web_socket.h"
#include "io/web_url.h"
#include "io/ws_reader.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CONNECT_MS    20000
#define SOCKET_BYTES  (1u << 20)
#define MESSAGE_BYTES (1u << 20)
#define REPLY_MAX     8192 /* of the head by which the other end answers */
#define SPARE_BYTES   1024 /* beside what one may queue: for pongs and the close frame */

/* What is needed until the socket is open, and given back then. */
struct hand {
	struct web_url url;
	char *protocol;
	char key[WS_FRAME_KEY_CHARS + 1];
	struct buf reply;
	size_t scanned;
	struct buf early; /* frames that were sent before */
};

struct dial {
	struct web_socket socket;
	struct tcp *tcp;
	struct loop *loop;
	struct hand *hand;        /* NULL once open */
	struct loop_timer *timer; /* ends the handshake, and later the wait for the answer to a close */
	struct ws_reader reader;
	uint32_t socket_bytes;
	bool closing; /* our close frame is queued: no message leaves or arrives any more */
	int code;     /* what the owner hears at the end; 0: not known yet */
	char *why;
};

static void free_hand(struct hand *h)
{
	if (!h)
		return;
	web_url_done(&h->url);
	buf_done(&h->reply);
	buf_done(&h->early);
	free(h->protocol);
	free(h);
}

static void free_dial(struct dial *d)
{
	free_hand(d->hand);
	loop_timer_free(d->timer);
	ws_reader_done(&d->reader);
	free(d->why);
	free(d);
}

/* The first reason is the cause. */
static void remember(struct dial *d, int code, const char *why, size_t n)
{
	if (d->code)
		return;
	d->code = code;
	d->why = strndup(why ? why : "", n);
}

static void lose(struct dial *d, int code, const char *why)
{
	remember(d, code, why, strlen(why));
	d->closing = true;
	tcp_abort(d->tcp, why);
}

static void too_late(void *ctx)
{
	struct dial *d = ctx;
	lose(d, WEB_SOCKET_LOST, d->hand ? "no connection in time" : "the other end did not answer the close");
}

/* --- out */

static bool put_frame(struct dial *d, enum ws_op op, const void *p, size_t n)
{
	struct buf b = { 0 };
	uint8_t head[WS_FRAME_HEAD_MAX], mask[4];

	clock_random(mask, sizeof(mask));
	size_t head_n = ws_frame_head_masked(head, op, n, mask);
	uint8_t *to = buf_room(&b, head_n + n);
	if (to) {
		memcpy(to, head, head_n);
		if (n > 0)
			memcpy(to + head_n, p, n);
		ws_frame_unmask(to + head_n, n, mask, 0);
		b.n = head_n + n;
	}
	bool good = !b.bad;
	if (good && d->hand)
		buf_put(&d->hand->early, b.p, b.n);
	else if (good)
		good = tcp_send(d->tcp, b.p, b.n);
	buf_done(&b);
	return good;
}

static void put_close(struct dial *d, int code, const char *why, size_t n)
{
	uint8_t body[2 + WEB_SOCKET_WHY_MAX] = { (uint8_t)(code >> 8), (uint8_t)code };

	d->closing = true;
	n = n > WEB_SOCKET_WHY_MAX ? WEB_SOCKET_WHY_MAX : n;
	while (n > 0 && !ws_frame_is_utf8((const uint8_t *)why, n))
		n--; /* a cut must not part a character */
	if (n > 0)
		memcpy(body + 2, why, n);
	(void)put_frame(d, WS_OP_CLOSE, body, code == WEB_SOCKET_NO_CODE ? 0 : 2 + n);
}

/* --- in */

static void on_message(void *ctx, const uint8_t *p, size_t n, bool binary)
{
	struct dial *d = ctx;
	if (!d->closing && d->socket.on.message)
		d->socket.on.message(d->socket.on.ctx, &d->socket, p, n, binary);
}

static void on_ping(void *ctx, const uint8_t *p, size_t n)
{
	struct dial *d = ctx;
	if (!d->closing && tcp_queued(d->tcp) < d->socket_bytes)
		(void)put_frame(d, WS_OP_PONG, p, n);
}

static void on_close_frame(void *ctx, int code, const uint8_t *p, size_t n)
{
	struct dial *d = ctx;

	if (!d->closing)
		put_close(d, code, (const char *)p, n);
	remember(d, code, (const char *)p, n);
	tcp_close(d->tcp);
}

static void read_on(struct dial *d, const uint8_t *p, size_t n)
{
	int code = ws_reader_feed(&d->reader, p, n);

	if (!code)
		return;
	if (!d->closing)
		put_close(d, code, d->reader.why, strlen(d->reader.why));
	remember(d, code, d->reader.why, strlen(d->reader.why));
	d->reader.stopped = true;
	tcp_close(d->tcp);
}

/* --- the handshake */

static void on_open(void *ctx, struct tcp *t)
{
	struct dial *d = ctx;
	struct hand *h = d->hand;
	uint8_t raw[16];
	struct buf b = { 0 };

	clock_random(raw, sizeof(raw));
	EVP_EncodeBlock((unsigned char *)h->key, raw, sizeof(raw));
	buf_fmt(&b,
		"GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n",
		h->url.path, h->url.authority, h->key);
	if (h->protocol)
		buf_fmt(&b, "Sec-WebSocket-Protocol: %s\r\n", h->protocol);
	buf_str(&b, "\r\n");
	if (b.bad)
		lose(d, WEB_SOCKET_LOST, "out of memory");
	else
		(void)tcp_send(t, b.p, b.n); /* it fits into an empty queue, or is aborted and told */
	buf_done(&b);
}

/* The value of a header line, cut out in place; NULL when absent. `head` ends in an empty line. */
static char *value_of(char *head, const char *name)
{
	size_t n = strlen(name);

	for (char *line = strstr(head, "\r\n"); line && line[2] != '\r'; line = strstr(line + 2, "\r\n")) {
		char *at = line + 2;
		if (strncasecmp(at, name, n) != 0 || at[n] != ':')
			continue;
		at += n + 1;
		at += strspn(at, " \t");
		size_t k = strcspn(at, "\r");
		while (k > 0 && (at[k - 1] == ' ' || at[k - 1] == '\t'))
			k--;
		return strndup(at, k);
	}
	return NULL;
}

static bool value_is(char *head, const char *name, const char *want, bool any_case)
{
	auto_free char *v = value_of(head, name);
	return v && (any_case ? http_head_has_token(v, want) : !strcmp(v, want));
}

/* What is wrong with the answer; NULL: nothing. `text` is room for words. */
static const char *objection(const struct hand *h, char *head, char text[static WEB_SOCKET_WHY_MAX])
{
	char accept[WS_FRAME_ACCEPT_MAX];
	const char *at = head;
	uint64_t status;

	if (!scan_u64(&at, "HTTP/1.1 ", 999, &status))
		return "the other end does not speak HTTP/1.1";
	if (status != 101) {
		snprintf(text, WEB_SOCKET_WHY_MAX, "the other end answered with status %u", (unsigned)status);
		return text;
	}
	if (!ws_frame_accept(h->key, accept) || !value_is(head, "upgrade", "websocket", true) ||
		!value_is(head, "connection", "upgrade", true) ||
		!value_is(head, "sec-websocket-accept", accept, false))
		return "the other end does not speak WebSocket";
	auto_free char *protocol = value_of(head, "sec-websocket-protocol");
	auto_free char *extensions = value_of(head, "sec-websocket-extensions");
	if (extensions || (protocol && (!h->protocol || !http_head_has_token(h->protocol, protocol))))
		return "the other end chose what was not offered";
	return NULL;
}

static void opened(struct dial *d, const uint8_t *rest, size_t n)
{
	struct hand *h = take(d->hand);

	loop_timer_at(d->timer, d->closing ? loop_now_ms(d->loop) + WEB_SOCKET_CLOSE_MS : UINT64_MAX);
	if (h->early.n > 0)
		(void)tcp_send(d->tcp, h->early.p, h->early.n);
	if (!d->closing && d->socket.on.open)
		d->socket.on.open(d->socket.on.ctx, &d->socket);
	if (n > 0 && !d->reader.stopped)
		read_on(d, rest, n);
	free_hand(h); /* `rest` is its reply's */
}

static void shake(struct dial *d, const uint8_t *p, size_t n)
{
	struct hand *h = d->hand;
	char text[WEB_SOCKET_WHY_MAX];

	buf_put(&h->reply, p, n);
	size_t end = h->reply.bad ? 0 : http_head_end((const char *)h->reply.p, h->reply.n, &h->scanned);
	if (h->reply.bad || (end == 0 && h->reply.n > REPLY_MAX) || end > REPLY_MAX) {
		lose(d, WEB_SOCKET_LOST, "the other end's answer is too long");
		return;
	}
	if (end == 0)
		return;
	auto_free char *head = strndup((const char *)h->reply.p, end);
	const char *why = head ? objection(h, head, text) : "out of memory";
	if (why)
		lose(d, WEB_SOCKET_LOST, why);
	else
		opened(d, h->reply.p + end, h->reply.n - end);
}

static void on_bytes(void *ctx, struct tcp *t, const uint8_t *p, size_t n)
{
	struct dial *d = ctx;

	(void)t;
	if (d->hand)
		shake(d, p, n);
	else if (!d->reader.stopped)
		read_on(d, p, n);
}

static void on_drain(void *ctx, struct tcp *t)
{
	struct dial *d = ctx;
	(void)t;
	if (!d->hand && !d->closing && d->socket.on.drain)
		d->socket.on.drain(d->socket.on.ctx, &d->socket);
}

static void on_close(void *ctx, struct tcp *t, const char *why)
{
	struct dial *d = ctx;

	(void)t;
	remember(d, WEB_SOCKET_LOST, why, strlen(why));
	if (d->socket.on.close)
		d->socket.on.close(d->socket.on.ctx, &d->socket, d->code, d->why ? d->why : "");
	free_dial(d);
}

/* --- what the owner calls */

static size_t dial_queued(const struct web_socket *socket)
{
	const struct dial *d = (const struct dial *)socket;
	return d->hand ? d->hand->early.n : tcp_queued(d->tcp);
}

static bool dial_send(struct web_socket *socket, const void *p, size_t n, bool binary)
{
	struct dial *d = (struct dial *)socket;
	size_t queued = dial_queued(socket);

	if (d->closing)
		return false;
	if (queued > d->socket_bytes || n > d->socket_bytes - queued) {
		lose(d, WEB_CLOSE_SLOW, "the other end does not take what is sent");
		return false;
	}
	if (put_frame(d, binary ? WS_OP_BINARY : WS_OP_TEXT, p, n))
		return true;
	lose(d, WEB_SOCKET_LOST, "out of memory");
	return false;
}

static void dial_close(struct web_socket *socket, int code, const char *why)
{
	struct dial *d = (struct dial *)socket;

	if (d->closing)
		return;
	if (d->hand) {
		lose(d, code, "closed before it was open");
		return;
	}
	put_close(d, code, why ? why : "", why ? strlen(why) : 0);
	loop_timer_at(d->timer, loop_now_ms(d->loop) + WEB_SOCKET_CLOSE_MS);
}

static const struct web_socket_impl dial_impl = { dial_send, dial_queued, dial_close, NULL };

static enum rc connect_by(struct dial *d, const struct web_dial *how, struct fault *f)
{
	struct web_url_proxy proxy = { 0 };
	struct hush login = { 0 };
	char address[WEB_URL_HOST_MAX + 16];
	struct tcp_dial tcp = { .host = d->hand->url.host,
		.port = d->hand->url.port,
		.egress = how->egress,
		.tls = d->hand->url.tls,
		.tls_ca = how->tls_ca,
		.badge = how->badge,
		.connect_ms = how->connect_ms ? how->connect_ms : CONNECT_MS,
		.queue_bytes = d->socket_bytes + d->socket_bytes / 8 + SPARE_BYTES,
		.on = { d, on_open, on_bytes, on_drain, on_close } };

	enum rc rc = web_url_split_proxy(how->http_proxy, &proxy, f);
	if (rc == RC_OK && proxy.host) {
		snprintf(address, sizeof(address), strchr(proxy.host, ':') ? "[%s]:%u" : "%s:%u", proxy.host,
			proxy.port);
		tcp.egress = (struct egress){ EGRESS_HTTP_PROXY, address, &login };
		if (*proxy.auth)
			rc = hush_set(&login, proxy.auth, strlen(proxy.auth) - 1); /* without its '@' */
	}
	if (rc == RC_OK)
		rc = tcp_dial(d->loop, &tcp, &d->tcp, f);
	hush_done(&login);
	if (proxy.auth)
		hush_wipe(proxy.auth, strlen(proxy.auth));
	web_url_proxy_done(&proxy);
	return rc;
}

static enum rc set_up(struct dial *d, const struct web_dial *how, struct fault *f)
{
	struct hand *h = d->hand = calloc(1, sizeof(*h));
	if (!h || (how->protocol && !(h->protocol = strdup(how->protocol))))
		return RC_NOMEM;
	enum rc rc = web_url_split(how->url, &h->url, f);
	if (rc == RC_OK)
		rc = loop_timer_new(d->loop, too_late, d, &d->timer);
	return rc == RC_OK ? connect_by(d, how, f) : rc;
}

enum rc web_dial(struct loop *l, const struct web_dial *how, struct web_socket **ret_socket, struct fault *f)
{
	struct dial *d = calloc(1, sizeof(*d));
	if (!d)
		return RC_NOMEM;
	d->socket = (struct web_socket){ &dial_impl, how->on };
	d->loop = l;
	d->socket_bytes = how->limits.socket_bytes ? how->limits.socket_bytes : SOCKET_BYTES;
	d->reader.message_max = how->limits.message_bytes ? how->limits.message_bytes : MESSAGE_BYTES;
	d->reader.on = (struct ws_reader_on){ d, on_message, on_ping, on_close_frame };
	enum rc rc = set_up(d, how, f);
	if (rc != RC_OK) {
		free_dial(d);
		return rc;
	}
	loop_timer_at(d->timer, loop_now_ms(l) + (how->connect_ms ? how->connect_ms : CONNECT_MS));
	*ret_socket = &d->socket;
	return RC_OK;
}
