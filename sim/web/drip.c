#include "sim/web/drip.h"
#include "io/loop.h"

#include <stdlib.h>

struct drip {
	struct loop *loop;
	struct loop_timer *timer;
	struct web_stream *stream;
	struct buf body;
	size_t at;
	uint32_t every_ms;
};

static void on_close(void *ctx, struct web_stream *s)
{
	struct drip *d = ctx;
	(void)s;
	loop_timer_free(d->timer);
	buf_done(&d->body);
	free(d);
}

static void on_drain(void *ctx, struct web_stream *s)
{
	(void)ctx;
	(void)s;
}

static void on_timer(void *ctx)
{
	struct drip *d = ctx;
	size_t n = d->body.n - d->at < DRIP_PIECE ? d->body.n - d->at : DRIP_PIECE;

	if (n == 0 || !web_stream_write(d->stream, d->body.p + d->at, n)) {
		web_stream_close(d->stream);
		return;
	}
	d->at += n;
	loop_timer_at(d->timer, loop_now_ms(d->loop) + d->every_ms);
}

void drip_begin(struct loop *l, struct web_request *r, const struct web_header *headers, struct buf *body,
	uint32_t every_ms)
{
	struct drip *d = calloc(1, sizeof(*d));

	if (!d || loop_timer_new(l, on_timer, d, &d->timer) != RC_OK) {
		free(d);
		web_reply(r, 503, NULL, "", 0);
		return;
	}
	d->loop = l;
	d->every_ms = every_ms;
	d->body = *body;
	*body = (struct buf){ 0 };
	d->stream =
		web_stream(r, headers, &(struct web_stream_on){ .ctx = d, .drain = on_drain, .close = on_close });
	if (!d->stream) {
		on_close(d, NULL);
		return;
	}
	loop_timer_at(d->timer, loop_now_ms(l) + every_ms);
}
