#include "io/ws_reader.h"

#include <string.h>

enum { CODE_BAD = 1002, CODE_NONE = 1005, CODE_TEXT = 1007, CODE_BIG = 1009 };

static int fail(struct ws_reader *r, int code, const char *why)
{
	r->why = why;
	return code;
}

static int on_close(struct ws_reader *r, const uint8_t *p, size_t n)
{
	unsigned code = n >= 2 ? (unsigned)p[0] << 8 | p[1] : CODE_NONE;

	if (n == 1 || (n >= 2 && !ws_frame_is_code(code)))
		return fail(r, CODE_BAD, "the close frame holds no lawful code");
	if (n > 2 && !ws_frame_is_utf8(p + 2, n - 2))
		return fail(r, CODE_TEXT, "the close frame's text is not UTF-8");
	r->stopped = true;
	r->on.close(r->on.ctx, (int)code, n > 2 ? p + 2 : NULL, n > 2 ? n - 2 : 0);
	return 0;
}

static int on_message(struct ws_reader *r, const uint8_t *p, size_t n)
{
	r->in_message = false;
	if (!r->binary && !ws_frame_is_utf8(p, n))
		return fail(r, CODE_TEXT, "the text is not UTF-8");
	r->on.message(r->on.ctx, p, n, r->binary);
	return 0;
}

/* A frame's head has come: does it fit in with what came before it, and within the limits? */
static int begin_frame(struct ws_reader *r)
{
	const struct ws_frame *f = &r->frame;

	r->in_frame = true;
	r->got = 0;
	if (f->op >= WS_OP_CLOSE)
		return 0;
	if ((f->op == WS_OP_MORE) != r->in_message)
		return fail(r, CODE_BAD, "a fragment stands where none may stand");
	if (f->n > r->message_max - r->body.n)
		return fail(r, CODE_BIG, "the message is larger than is taken here");
	if (f->op != WS_OP_MORE)
		r->binary = f->op == WS_OP_BINARY;
	r->in_message = true;
	return 0;
}

static int whole_control(struct ws_reader *r, const uint8_t *p, size_t n)
{
	if (r->frame.op == WS_OP_CLOSE)
		return on_close(r, p, n);
	if (r->frame.op == WS_OP_PING)
		r->on.ping(r->on.ctx, p, n);
	return 0;
}

/* Bytes of the frame at hand. */
static int frame_bytes(struct ws_reader *r, const uint8_t *p, size_t n)
{
	bool is_control = r->frame.op >= WS_OP_CLOSE, whole = r->got + n == r->frame.n;
	struct buf *kept = is_control ? &r->control : &r->body;
	bool last = whole && (is_control || r->frame.fin);

	r->got += n;
	if (!last || kept->n > 0) {
		buf_put(kept, p, n);
		if (kept->bad)
			return fail(r, CODE_BIG, "out of memory");
	}
	r->in_frame = !whole;
	if (!last)
		return 0;
	struct buf body = *kept;
	*kept = (struct buf){ 0 };
	p = body.n ? body.p : p;
	n = body.n ? body.n : n;
	int code = is_control ? whole_control(r, p, n) : on_message(r, p, n);
	buf_done(&body);
	return code;
}

/* Takes a byte of a head; a frame without bytes is whole with it. */
static int head_byte(struct ws_reader *r, uint8_t byte)
{
	size_t used;

	r->head[r->head_n++] = byte;
	enum rc rc = ws_frame_parse_plain(r->head, r->head_n, &r->frame, &used);
	if (rc == RC_MORE)
		return 0;
	r->head_n = 0;
	if (rc != RC_OK)
		return fail(r, CODE_BAD, "what came is no WebSocket frame");
	int code = begin_frame(r);
	return code || r->frame.n > 0 ? code : frame_bytes(r, &byte, 0);
}

int ws_reader_feed(struct ws_reader *r, const uint8_t *p, size_t n)
{
	int code = 0;

	for (size_t at = 0; at < n && !code && !r->stopped;) {
		if (!r->in_frame) {
			code = head_byte(r, p[at++]);
			continue;
		}
		uint64_t left = r->frame.n - r->got;
		size_t k = left < n - at ? (size_t)left : n - at;
		code = frame_bytes(r, p + at, k);
		at += k;
	}
	return code;
}

void ws_reader_done(struct ws_reader *r)
{
	buf_done(&r->body);
	buf_done(&r->control);
}
