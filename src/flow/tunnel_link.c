#include "flow/tunnel_link.h"

#include "base/hush.h"
#include "base/rd.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BULK_HEAD 5
#define KEEP_ROOM (64u << 10) /* an empty buffer that once was larger is freed: most connections are idle */
#define ARENA_MAX (TUNNEL_MSG_MAX + (16u << 20))

void tunnel_link_init(struct tunnel_link *l, enum tunnel_msg_from me, uint64_t now_ms)
{
	*l = (struct tunnel_link){ .me = me, .fed_ms = now_ms, .heard_ms = now_ms, .arena.limit = ARENA_MAX };
}

void tunnel_link_done(struct tunnel_link *l)
{
	buf_done(&l->in);
	buf_done(&l->out);
	buf_done(&l->bulk);
	buf_done(&l->part);
	arena_done(&l->arena);
	hush_wipe(l->key_in, sizeof(l->key_in));
	hush_wipe(l->key_out, sizeof(l->key_out));
}

void tunnel_link_break(struct tunnel_link *l, int code, const char *fmt, ...)
{
	va_list ap;

	if (l->code)
		return;
	l->code = code;
	va_start(ap, fmt);
	vsnprintf(l->why, sizeof(l->why), fmt, ap);
	va_end(ap);
}

void tunnel_link_key(struct tunnel_link *l, const struct tunnel_auth_keys *keys)
{
	bool agent = l->me == TUNNEL_MSG_FROM_AGENT;

	memcpy(l->key_in, agent ? keys->to_agent : keys->to_control, TUNNEL_AUTH_KEY);
	memcpy(l->key_out, agent ? keys->to_control : keys->to_agent, TUNNEL_AUTH_KEY);
	l->keyed = true;
}

/* Forgets what was used, but moves bytes only when that is worth it: else many small frames would cost their square. */
static void settle(struct buf *b, size_t *used)
{
	if (*used == b->n) {
		b->n = 0;
		if (b->room > KEEP_ROOM)
			buf_done(b);
	} else if (*used < KEEP_ROOM || *used < b->n / 2) {
		return;
	} else {
		buf_drop(b, *used);
	}
	*used = 0;
}

void tunnel_link_feed(struct tunnel_link *l, uint64_t now_ms, const void *p, size_t n)
{
	settle(&l->in, &l->in_used);
	if (l->code)
		return;
	l->fed_ms = now_ms;
	if (n > TUNNEL_LINK_IN_MAX - (l->in.n - l->in_used)) {
		tunnel_link_break(l, TUNNEL_LINK_TOO_BIG, "more than %u bytes came faster than they are read",
			TUNNEL_LINK_IN_MAX);
		return;
	}
	buf_put(&l->in, p, n);
	if (l->in.bad)
		tunnel_link_break(l, TUNNEL_LINK_INTERNAL, "out of memory");
}

static void refuse_frame(struct tunnel_link *l, enum rc rc)
{
	if (rc == RC_REFUSED)
		tunnel_link_break(l, TUNNEL_LINK_VERSION, "frames of version %u are not spoken here, only of %u",
			l->in.p[l->in_used], TUNNEL_FRAME_VER);
	else if (rc == RC_TOO_LARGE)
		tunnel_link_break(
			l, TUNNEL_LINK_TOO_BIG, "a frame has more than %u bytes of payload", TUNNEL_PAYLOAD_MAX);
	else
		tunnel_link_break(l, TUNNEL_LINK_TAMPER, "a frame has flags or a stream that nobody agreed on");
}

/* Is it the next frame, whole, and one that the other end may send? */
static bool is_lawful(struct tunnel_link *l, const struct tunnel_frame *f)
{
	const char *name = tunnel_msg_name(f->type);

	if (l->keyed && !tunnel_frame_check(f, l->key_in))
		tunnel_link_break(l, TUNNEL_LINK_TAMPER, "frame %" PRIu64 " has a wrong tag", f->seq);
	else if (f->seq != l->seq_in + 1)
		tunnel_link_break(l, TUNNEL_LINK_REPLAY, "frame %" PRIu64 " came where %" PRIu64 " was due", f->seq,
			l->seq_in + 1);
	else if (!name)
		tunnel_link_break(l, TUNNEL_LINK_SCOPE, "there is no message of type %u", f->type);
	else if (!(tunnel_msg_who(f->type) & ~l->me))
		tunnel_link_break(l, TUNNEL_LINK_SCOPE, "%s is not for this end to send", name);
	else if ((f->flags & TUNNEL_FRAME_MORE) && !tunnel_msg_is_long(f->type))
		tunnel_link_break(l, TUNNEL_LINK_SCOPE, "%s may not come in several frames", name);
	else
		return true;
	return false;
}

static bool decode(struct tunnel_link *l, unsigned type, const uint8_t *p, size_t n, struct tunnel_msg *ret)
{
	struct fault f = { 0 };

	arena_reset(&l->arena);
	enum rc rc = tunnel_msg_decode(type, p, n, &l->arena, ret, &f);
	if (rc == RC_OK)
		return true;
	tunnel_link_break(l, rc == RC_NOMEM ? TUNNEL_LINK_TOO_BIG : TUNNEL_LINK_TAMPER, "%s", f.text);
	return false;
}

/* Adds to the message that comes in several frames; other types may come between them. */
static bool join(struct tunnel_link *l, const struct tunnel_frame *f, struct tunnel_msg *ret)
{
	if (f->len > TUNNEL_MSG_MAX - l->part.n) {
		tunnel_link_break(l, TUNNEL_LINK_TOO_BIG, "a message has more than %u bytes", TUNNEL_MSG_MAX);
		return false;
	}
	l->parting = true;
	l->part_type = f->type;
	buf_put(&l->part, f->payload, f->len);
	if (l->part.bad)
		tunnel_link_break(l, TUNNEL_LINK_INTERNAL, "out of memory");
	if (l->code || (f->flags & TUNNEL_FRAME_MORE))
		return false;

	l->parting = false;
	bool whole = decode(l, f->type, l->part.p, l->part.n, ret);
	buf_done(&l->part);
	return whole;
}

bool tunnel_link_read(struct tunnel_link *l, struct tunnel_msg *ret, struct tunnel_frame *ret_frame)
{
	settle(&l->in, &l->in_used);
	while (!l->code && l->in_used < l->in.n) {
		struct tunnel_frame f;
		size_t used;
		enum rc rc = tunnel_frame_parse(l->in.p + l->in_used, l->in.n - l->in_used, &f, &used);

		if (rc == RC_MORE)
			return false;
		if (rc != RC_OK) {
			refuse_frame(l, rc);
			return false;
		}
		if (!is_lawful(l, &f))
			return false;
		l->in_used += used;
		l->seq_in = f.seq;
		l->heard_ms = l->fed_ms;
		*ret_frame = f;
		bool many = (l->parting && f.type == l->part_type) || (f.flags & TUNNEL_FRAME_MORE);
		if (many ? join(l, &f, ret) : decode(l, f.type, f.payload, f.len, ret))
			return true;
	}
	return false;
}

static void frame(struct tunnel_link *l, uint8_t type, uint16_t flags, const uint8_t *p, size_t n)
{
	const struct tunnel_frame f = {
		.type = type, .flags = flags, .seq = ++l->seq_out, .payload = p, .len = (uint32_t)n
	};
	tunnel_frame_write(&l->out, &f, l->keyed ? l->key_out : NULL);
	if (l->out.bad)
		tunnel_link_break(l, TUNNEL_LINK_INTERNAL, "out of memory");
}

static enum rc queue_small(struct tunnel_link *l, uint8_t type, const struct buf *b)
{
	if (b->n > TUNNEL_PAYLOAD_MAX)
		return RC_TOO_LARGE;
	if (l->out.n - l->out_used + b->n > TUNNEL_LINK_OUT_MAX)
		return RC_OVERLOADED;
	frame(l, type, 0, b->p, b->n);
	return l->code ? RC_NOMEM : RC_OK;
}

static enum rc queue_bulk(struct tunnel_link *l, uint8_t type, const struct buf *b)
{
	if (b->n > TUNNEL_MSG_MAX)
		return RC_TOO_LARGE;
	if (l->bulk.n - l->bulk_used + b->n > TUNNEL_LINK_BULK_MAX)
		return RC_OVERLOADED;
	buf_u32(&l->bulk, (uint32_t)b->n);
	buf_u8(&l->bulk, type);
	buf_put(&l->bulk, b->p, b->n);
	if (!l->bulk.bad)
		return RC_OK;
	tunnel_link_break(l, TUNNEL_LINK_INTERNAL, "out of memory");
	return RC_NOMEM;
}

enum rc tunnel_link_send(struct tunnel_link *l, const struct tunnel_msg *m)
{
	struct buf b = { 0 };
	bool in_line =
		l->bulk.n > l->bulk_used; /* a frame of the same type would be taken for a piece of the long one */

	if (l->code)
		return RC_AWAY;
	tunnel_msg_encode(m, &b);
	bool bulk = tunnel_msg_is_long(m->type) && (in_line || b.n > TUNNEL_LINK_PIECE);
	enum rc rc = b.bad  ? RC_NOMEM
		     : bulk ? queue_bulk(l, (uint8_t)m->type, &b)
			    : queue_small(l, (uint8_t)m->type, &b);
	buf_done(&b);
	return rc;
}

/* Frames one piece of the long message that is first in line. */
static void frame_piece(struct tunnel_link *l)
{
	struct rd r = rd_over(l->bulk.p + l->bulk_used, l->bulk.n - l->bulk_used);
	uint32_t n = rd_u32(&r);
	uint8_t type = rd_u8(&r);
	size_t left = n - l->bulk_sent, piece = left > TUNNEL_LINK_PIECE ? TUNNEL_LINK_PIECE : left;
	bool more = piece < left;

	frame(l, type, more ? TUNNEL_FRAME_MORE : 0, r.at + l->bulk_sent, piece);
	l->bulk_sent += piece;
	if (more)
		return;
	l->bulk_used += BULK_HEAD + n;
	l->bulk_sent = 0;
	settle(&l->bulk, &l->bulk_used);
}

static size_t frame_size(const uint8_t *p)
{
	struct rd r = rd_over(p + TUNNEL_FRAME_HEAD - 4, 4);
	return TUNNEL_FRAME_HEAD + (size_t)rd_u32(&r) + TUNNEL_FRAME_TAG;
}

bool tunnel_link_take(struct tunnel_link *l, const uint8_t **ret_p, size_t *ret_n)
{
	settle(&l->out, &l->out_used);
	if (l->out.n == l->out_used && l->bulk.n > l->bulk_used && !l->code)
		frame_piece(l);
	if (l->out.bad || l->out.n == l->out_used)
		return false;

	const uint8_t *p = l->out.p + l->out_used;
	size_t n = 0;
	while (l->out_used + n < l->out.n && (n == 0 || n + frame_size(p + n) <= TUNNEL_LINK_SEND_MAX))
		n += frame_size(p + n);
	l->out_used += n;
	*ret_p = p;
	*ret_n = n;
	return true;
}

size_t tunnel_link_waiting(const struct tunnel_link *l)
{
	return l->out.n - l->out_used + l->bulk.n - l->bulk_used - l->bulk_sent;
}
