/*
 * sse: reads a stream of server-sent events (HTML living standard, 9.2.6) from pieces of any size. Pure.
 */
#pragma once

#include "base/buf.h"

#define SSE_LINE_MAX  (1u << 20) /* bytes of one line */
#define SSE_EVENT_MAX (4u << 20) /* of one event's data */
#define SSE_ID_MAX    256

struct sse {
	struct buf line, data, type;
	char id[SSE_ID_MAX]; /* of the last whole event: it outlives the event, and a reconnect */
	char next_id
		[SSE_ID_MAX]; /* becomes `id` when the event is whole: one that was cut off is asked for again */
	uint32_t retry_ms;    /* what the server said last; 0: nothing */
	bool cr;              /* a CR ended a line: an LF behind it belongs to it */
	bool begun;           /* the byte order mark is behind us */
	/* Called for every whole event. The texts are valid for the call. false ends the reading. */
	bool (*on_event)(void *ctx, const char *type, const char *data);
	void *ctx;
};

/* False: on_event ended it, or a limit was passed (then *s.line.bad is set). */
bool sse_feed(struct sse *s, const void *p, size_t n);

/* Forgets what is not whole; keeps id and retry. For a new connection. */
void sse_restart(struct sse *s);
void sse_done(struct sse *s);
