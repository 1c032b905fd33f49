#include "control/events/feed_line.h"
#include "control/http/safety.h"

#include <inttypes.h>

static const struct feed_line_on *on_of(void *ctx) { return ctx; }

static void stream_drained(void *ctx, struct web_stream *s)
{
	(void)s;
	on_of(ctx)->drain(on_of(ctx)->ctx);
}

static void stream_closed(void *ctx, struct web_stream *s)
{
	(void)s;
	on_of(ctx)->close(on_of(ctx)->ctx);
}

static void socket_drained(void *ctx, struct web_socket *s)
{
	(void)s;
	on_of(ctx)->drain(on_of(ctx)->ctx);
}

static void socket_closed(void *ctx, struct web_socket *s, int code, const char *why)
{
	(void)s;
	(void)code;
	(void)why;
	on_of(ctx)->close(on_of(ctx)->ctx);
}

static void socket_heard(void *ctx, struct web_socket *s, const void *p, size_t n, bool binary)
{
	(void)ctx;
	(void)p;
	(void)n;
	(void)binary;
	web_socket_close(s, WEB_CLOSE_BAD, "events only go out here");
}

bool feed_line_open(
	struct feed_line *l, const struct control *c, struct web_request *r, const struct feed_line_on *on)
{
	struct web_header headers[4 + SAFETY_HEADERS_MAX] = {
		{ "content-type", "text/event-stream" },
		{ "cache-control", "no-store" },
		{ "x-accel-buffering", "no" },
	};
	size_t n = 3;
	void *ctx = (void *)on;

	if (web_view(r)->upgrade) {
		const struct web_socket_on socket = {
			.ctx = ctx, .message = socket_heard, .drain = socket_drained, .close = socket_closed
		};
		l->socket = web_accept(r, FEED_LINE_PROTOCOL, &socket);
	} else {
		const struct web_stream_on stream = { .ctx = ctx, .drain = stream_drained, .close = stream_closed };
		safety_headers(c, r, headers, &n);
		l->stream = web_stream(r, headers, &stream);
	}
	return feed_line_is_open(l);
}

bool feed_line_is_open(const struct feed_line *l) { return l->stream || l->socket; }

size_t feed_line_queued(const struct feed_line *l)
{
	return l->stream ? web_stream_queued(l->stream) : l->socket ? web_socket_queued(l->socket) : 0;
}

static bool send_text(struct feed_line *l, const void *p, size_t n)
{
	return l->stream   ? web_stream_write(l->stream, p, n)
	       : l->socket ? web_socket_send(l->socket, p, n, false)
			   : false;
}

void feed_line_beat(struct feed_line *l)
{
	static const char message[] = "{\"event\":\"stream.heartbeat\"}", comment[] = ":\n\n";

	if (!feed_line_is_open(l) || feed_line_queued(l) > 0)
		return;
	if (!(l->stream ? send_text(l, comment, sizeof(comment) - 1) : send_text(l, message, sizeof(message) - 1)))
		return; /* it is closed soon */
}

void feed_line_close(struct feed_line *l)
{
	if (l->stream)
		web_stream_close(l->stream);
	if (l->socket)
		web_socket_close(l->socket, WEB_CLOSE_GOING, "come back with the cursor of the last event");
}

void feed_line_cut(struct feed_line *l)
{
	if (l->stream)
		web_stream_cut(l->stream);
	if (l->socket)
		web_socket_cut(l->socket);
}

const char *feed_line_name(bool socket) { return socket ? "ws" : "sse"; }

void feed_line_begin(struct feed_out *o, const char *name, int64_t pos)
{
	if (o->line->socket) {
		buf_u8(&o->text, '{');
		if (pos)
			buf_fmt(&o->text, "\"id\":\"%s-%" PRId64 "\",", o->epoch, pos);
		buf_fmt(&o->text, "\"event\":\"%s\",\"data\":", name);
		return;
	}
	if (pos)
		buf_fmt(&o->text, "id: %s-%" PRId64 "\n", o->epoch, pos);
	buf_fmt(&o->text, "event: %s\ndata: ", name);
}

/* Messages go one by one; the frames of a stream are collected and go at once. */
void feed_line_end(struct feed_out *o)
{
	if (!o->line->socket) {
		buf_str(&o->text, "\n\n");
		return;
	}
	buf_u8(&o->text, '}');
	if (!o->lost)
		o->lost = o->text.bad || !send_text(o->line, o->text.p, o->text.n);
	o->text.n = 0;
}

bool feed_line_done(struct feed_out *o)
{
	if (o->text.n > 0 && !o->lost)
		o->lost = o->text.bad || !send_text(o->line, o->text.p, o->text.n);
	buf_done(&o->text);
	return !o->lost;
}
