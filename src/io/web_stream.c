#include "io/web_request.h"

#include <stdio.h>
#include <string.h>

struct web_stream {
	struct web_conn *conn;
	struct web_stream_on on;
	bool chunked, keep;
	bool mute;    /* the answer to a HEAD: what is written goes nowhere */
	bool closing; /* nothing more is taken */
};

/* The mode's part ends here, whether the connection goes on or not. */
static void finish(struct web_stream *s)
{
	if (s->on.close)
		s->on.close(s->on.ctx, s);
	free(s);
}

static size_t keep_for_later(struct web_conn *c, uint8_t *p, size_t n) /* NOLINT(readability-non-const-parameter) */
{
	(void)c, (void)p, (void)n;
	return 0; /* the next request, if it is one, must wait for the end of the stream */
}

static void all_sent(struct web_conn *c)
{
	struct web_stream *s = c->of_mode;

	if (!s->closing) {
		if (s->on.drain)
			s->on.drain(s->on.ctx, s);
		return;
	}
	bool keep = s->keep;
	c->of_mode = NULL;
	finish(s);
	web_request_next(c, keep);
}

static void end_it(struct web_conn *c) { web_conn_kill(c); }

static void lose(struct web_conn *c)
{
	struct web_stream *s = c->of_mode;
	if (s)
		finish(s);
}

static const struct web_conn_mode streams = { keep_for_later, all_sent, end_it, lose };

struct web_stream *web_stream(
	struct web_request *r, const struct web_header *headers, const struct web_stream_on *on)
{
	struct web_stream *s = calloc(1, sizeof(*s));
	if (s)
		*s = (struct web_stream){ .on = *on,
			.chunked = !web_request_head(r)->old,
			.keep = web_request_keeps(r) && !web_request_head(r)->old,
			.mute = !strcmp(web_view(r)->method, "HEAD") };
	if (s && s->mute)
		s->chunked = false;

	struct web_conn *c = s ? web_request_answer(r, 200, headers, HTTP_HEAD_NO_LENGTH) : NULL;
	if (!c) {
		free(s);
		if (!s)
			web_reply(r, 503, NULL, NULL, 0);
		else
			web_request_free(r);
		return NULL;
	}
	s->conn = c;
	web_conn_change(c, &streams, s);
	web_conn_push(c);
	web_request_free(r);
	return s;
}

bool web_stream_write(struct web_stream *s, const void *p, size_t n)
{
	struct web_conn *c = s->conn;
	struct buf *out = web_conn_out(c);

	if (s->closing || c->state != WEB_CONN_OPEN)
		return false;
	if (s->mute || n == 0)
		return true;
	if (n > c->server->conf.limits.stream_bytes - web_conn_queued(c) ||
		web_conn_queued(c) > c->server->conf.limits.stream_bytes) {
		s->closing = true;
		web_conn_kill(c); /* a reader who takes so little would not take the end either */
		return false;
	}
	if (s->chunked) {
		char size[24];
		buf_put(out, size, (size_t)snprintf(size, sizeof(size), "%zx\r\n", n));
	}
	buf_put(out, p, n);
	if (s->chunked)
		buf_str(out, "\r\n");
	web_conn_push(c);
	return true;
}

size_t web_stream_queued(const struct web_stream *s) { return web_conn_queued(s->conn); }

void web_stream_close(struct web_stream *s)
{
	if (s->closing || s->conn->state != WEB_CONN_OPEN)
		return;
	s->closing = true;
	if (s->chunked)
		buf_str(web_conn_out(s->conn), "0\r\n\r\n");
	web_conn_push(s->conn);
}

void web_stream_cut(struct web_stream *s)
{
	s->closing = true;
	web_conn_kill(s->conn);
}
