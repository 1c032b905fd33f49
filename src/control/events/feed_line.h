/*
 * feed_line: one subscriber's connection, be it a stream of server-sent events or a WebSocket. Both carry the same frames: a name, a
 * cursor where there is one, and JSON. A stream has them as `id:`, `event:`, `data:`; a WebSocket has one text message for each:
 * {"id":…,"event":…,"data":…}. Loop thread.
 */
#pragma once

#include "base/buf.h"
#include "io/web.h"

#define FEED_LINE_PROTOCOL "footplate.events.v1" /* the WebSocket's subprotocol */

struct control;

struct feed_line {
	struct web_stream *stream;
	struct web_socket *socket; /* one of the two; both NULL once it is closed */
};

struct feed_line_on {
	void *ctx;
	void (*drain)(void *ctx); /* all that was queued has been sent */
	void (*close)(void *ctx); /* gone; the line is empty */
};

/* Answers the request, which it frees. *on lives as long as the line. False: the client is gone, and `close` does not come. */
bool feed_line_open(
	struct feed_line *l, const struct control *c, struct web_request *r, const struct feed_line_on *on);
bool feed_line_is_open(const struct feed_line *l);
size_t feed_line_queued(const struct feed_line *l);
void feed_line_beat(struct feed_line *l);  /* says that it lives, when nothing else waits */
void feed_line_close(struct feed_line *l); /* after what is queued; `close` follows */
void feed_line_cut(struct feed_line *l);   /* at once; `close` follows */
const char *feed_line_name(bool socket);   /* in metrics */

/* Frames on their way out. Begin with zeroes, but for `line` and `epoch`. */
struct feed_out {
	struct feed_line *line;
	const char *epoch;
	struct buf text; /* between begin and end, the caller appends the frame's JSON */
	bool lost;       /* a frame was not taken */
};
void feed_line_begin(struct feed_out *o, const char *name, int64_t pos); /* pos 0: the frame has no cursor */
void feed_line_end(struct feed_out *o);
bool feed_line_done(struct feed_out *o); /* sends and frees; false: the line is closed, or will be soon */
