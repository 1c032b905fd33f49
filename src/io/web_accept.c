#include "io/web_request.h"
#include "io/web_socket.h"
#include "io/ws_frame.h"

#include <stdio.h>
#include <string.h>

struct peer {
	struct web_socket socket;
	struct web_conn *conn;
	bool opened;   /* `open` was called */
	bool closing;  /* our close frame is queued: no message leaves or arrives any more */
	bool in_frame; /* its head was read, and `got` bytes of it */
	struct ws_frame frame;
	uint64_t got;
	bool in_message, binary; /* a message has begun, and is of this kind */
	struct buf message;
	uint8_t control[WS_FRAME_CONTROL_MAX];
	int code; /* what the owner hears at the end */
	char why[WEB_SOCKET_WHY_MAX + 1];
};

static const struct web_conn_mode sockets;

/* --- out */

static void put_frame(struct peer *s, enum ws_op op, const void *p, size_t n)
{
	struct buf *out = web_conn_out(s->conn);
	uint8_t head[WS_FRAME_HEAD_MAX];

	buf_put(out, head, ws_frame_head(head, op, n));
	buf_put(out, p, n);
	web_conn_push(s->conn);
}

static void put_close(struct peer *s, unsigned code, const void *why, size_t n)
{
	uint8_t body[2 + WEB_SOCKET_WHY_MAX] = { (uint8_t)(code >> 8), (uint8_t)code };

	s->closing = true;
	n = n > WEB_SOCKET_WHY_MAX ? WEB_SOCKET_WHY_MAX : n;
	while (n > 0 && !ws_frame_is_utf8(why, n))
		n--; /* a cut must not part a character */
	if (n > 0)
		memcpy(body + 2, why, n);
	put_frame(s, WS_OP_CLOSE, body, code == WEB_SOCKET_NO_CODE ? 0 : 2 + n);
}

static void remember(struct peer *s, int code, const void *why, size_t n)
{
	s->code = code;
	snprintf(s->why, sizeof(s->why), "%.*s", (int)n, (const char *)why);
}

/* Says why and is done with it, without waiting for an answer. */
static void fail(struct peer *s, int code, const char *why)
{
	if (!s->closing)
		put_close(s, (unsigned)code, why, strlen(why));
	remember(s, code, why, strlen(why));
	web_conn_close(s->conn);
}

static bool peer_send(struct web_socket *socket, const void *p, size_t n, bool binary)
{
	struct peer *s = (struct peer *)socket;
	uint32_t max = s->conn->server->conf.limits.socket_bytes;
	size_t queued = web_conn_queued(s->conn);

	if (s->closing || s->conn->state != WEB_CONN_OPEN)
		return false;
	if (queued > max || n > max - queued) {
		static const char why[] = "the other end does not take what is sent";
		s->closing = true;
		remember(s, WEB_CLOSE_SLOW, why, sizeof(why) - 1);
		web_conn_kill(s->conn); /* a close frame would have to wait behind all that */
		return false;
	}
	put_frame(s, binary ? WS_OP_BINARY : WS_OP_TEXT, p, n);
	return true;
}

static size_t peer_queued(const struct web_socket *socket)
{
	return web_conn_queued(((const struct peer *)socket)->conn);
}

static void peer_close(struct web_socket *socket, int code, const char *why)
{
	struct peer *s = (struct peer *)socket;

	if (s->closing || s->conn->state != WEB_CONN_OPEN)
		return;
	put_close(s, (unsigned)code, why ? why : "", why ? strlen(why) : 0);
	remember(s, WEB_SOCKET_LOST, "the other end did not answer the close", 38);
	web_conn_due(s->conn, WEB_SOCKET_CLOSE_MS);
}

static void peer_cut(struct web_socket *socket)
{
	static const char why[] = "cut";
	struct peer *s = (struct peer *)socket;

	s->closing = true;
	remember(s, WEB_SOCKET_LOST, why, sizeof(why) - 1);
	web_conn_kill(s->conn);
}

static const struct web_socket_impl peer_impl = { peer_send, peer_queued, peer_close, peer_cut };

/* --- in */

static void on_close_frame(struct peer *s, const uint8_t *p, size_t n)
{
	unsigned code = n >= 2 ? (unsigned)p[0] << 8 | p[1] : WEB_SOCKET_NO_CODE;

	if (n == 1 || (n >= 2 && !ws_frame_is_code(code))) {
		fail(s, WEB_CLOSE_BAD, "the close frame holds no lawful code");
		return;
	}
	if (n > 2 && !ws_frame_is_utf8(p + 2, n - 2)) {
		fail(s, WEB_SOCKET_BAD_TEXT, "the close frame's text is not UTF-8");
		return;
	}
	if (!s->closing)
		put_close(s, code, n > 2 ? p + 2 : p, n > 2 ? n - 2 : 0);
	remember(s, (int)code, n > 2 ? (const char *)p + 2 : "", n > 2 ? n - 2 : 0);
	web_conn_close(s->conn);
}

static void on_control(struct peer *s, const uint8_t *p, size_t n)
{
	if (s->frame.op == WS_OP_CLOSE)
		on_close_frame(s, p, n);
	else if (s->frame.op == WS_OP_PING && !s->closing &&
		 web_conn_queued(s->conn) < s->conn->server->conf.limits.socket_bytes)
		put_frame(s, WS_OP_PONG, p, n);
}

static void on_message(struct peer *s, const uint8_t *p, size_t n)
{
	s->in_message = false;
	if (!s->binary && !ws_frame_is_utf8(p, n))
		fail(s, WEB_SOCKET_BAD_TEXT, "the text is not UTF-8");
	else if (!s->closing && s->socket.on.message)
		s->socket.on.message(s->socket.on.ctx, &s->socket, p, n, s->binary);
}

/* A frame's head has come: does it fit in with what came before it, and within the limits? */
static bool begin_frame(struct peer *s)
{
	const struct ws_frame *f = &s->frame;

	s->in_frame = true;
	s->got = 0;
	if (f->op >= WS_OP_CLOSE)
		return true;
	if ((f->op == WS_OP_MORE) != s->in_message) {
		fail(s, WEB_CLOSE_BAD, "a fragment stands where none may stand");
		return false;
	}
	if (f->n > s->conn->server->conf.limits.message_bytes - s->message.n) {
		fail(s, WEB_CLOSE_BIG, "the message is larger than is taken here");
		return false;
	}
	if (f->op != WS_OP_MORE)
		s->binary = f->op == WS_OP_BINARY;
	s->in_message = true;
	return true;
}

/* The bytes of a frame, masked, in the reader's own memory: a whole message that came in one piece is shown without a copy. */
static void frame_bytes(struct peer *s, uint8_t *p, size_t n)
{
	const struct ws_frame *f = &s->frame;
	bool whole = s->got + n == f->n;

	ws_frame_unmask(p, n, f->mask, s->got);
	if (f->op >= WS_OP_CLOSE)
		memcpy(s->control + s->got, p, n);
	else if (!(whole && f->fin && s->message.n == 0))
		buf_put(&s->message, p, n);
	s->got += n;
	if (!whole)
		return;
	s->in_frame = false;
	if (f->op >= WS_OP_CLOSE) {
		on_control(s, s->control, (size_t)f->n);
		return;
	}
	if (!f->fin)
		return;
	if (s->message.bad) {
		fail(s, WEB_CLOSE_BIG, "out of memory");
	} else if (s->message.n == 0) {
		on_message(s, p, n);
	} else {
		struct buf message = s->message;
		s->message = (struct buf){ 0 };
		on_message(s, message.p, message.n);
		buf_done(&message);
	}
}

/* At most one frame at a time: what it leads to may end this mode. */
static size_t read_frames(struct web_conn *c, uint8_t *p, size_t n)
{
	struct peer *s = c->of_mode;
	size_t head = 0;

	if (!s->opened)
		return 0;
	if (!s->in_frame) {
		enum rc rc = ws_frame_parse(p, n, &s->frame, &head);
		if (rc == RC_MORE)
			return 0;
		if (rc != RC_OK) {
			fail(s, WEB_CLOSE_BAD, "what came is no WebSocket frame");
			return n;
		}
		if (!begin_frame(s))
			return n;
	}
	uint64_t left = s->frame.n - s->got;
	size_t k = left < n - head ? (size_t)left : n - head;
	if (k > 0 || left == 0)
		frame_bytes(s, p + head, k);
	return head + k;
}

/* --- the connection's mode */

static void all_sent(struct web_conn *c)
{
	struct peer *s = c->of_mode;

	if (!s->opened) {
		s->opened = true;
		if (s->socket.on.open)
			s->socket.on.open(s->socket.on.ctx, &s->socket);
	} else if (!s->closing && s->socket.on.drain) {
		s->socket.on.drain(s->socket.on.ctx, &s->socket);
	}
}

static void lose(struct web_conn *c)
{
	struct peer *s = c->of_mode;

	if (s->socket.on.close)
		s->socket.on.close(s->socket.on.ctx, &s->socket, s->code, s->why);
	buf_done(&s->message);
	free(s);
}

static const struct web_conn_mode sockets = { read_frames, all_sent, web_conn_kill, lose };

struct web_socket *web_accept(struct web_request *r, const char *protocol, const struct web_socket_on *on)
{
	char accept[WS_FRAME_ACCEPT_MAX] = "";
	struct peer *s = web_view(r)->upgrade ? calloc(1, sizeof(*s)) : NULL;

	if (!s || !ws_frame_accept(web_header(r, "sec-websocket-key"), accept)) {
		free(s);
		web_reply(r, web_view(r)->upgrade ? 503 : 400, NULL, NULL, 0);
		return NULL;
	}
	const struct web_header headers[] = { { "Upgrade", "websocket" }, { "Connection", "Upgrade" },
		{ "Sec-WebSocket-Accept", accept }, { protocol ? "Sec-WebSocket-Protocol" : NULL, protocol },
		{ 0 } };
	struct web_conn *c = web_request_answer(r, 101, headers, 0);
	web_request_free(r);
	if (!c) {
		free(s);
		return NULL;
	}
	*s = (struct peer){ .socket = { &peer_impl, *on }, .conn = c };
	remember(s, WEB_SOCKET_LOST, "the connection broke", 20);
	web_conn_change(c, &sockets, s);
	web_conn_push(c);
	return &s->socket;
}
