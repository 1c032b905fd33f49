/*
 * ws_reader: a client's end of a WebSocket, inwards (RFC 6455, 5 to 7): bytes in any portions become whole messages and control
 * frames, within a limit. A message that came in one piece is shown without a copy. Pure; any thread.
 */
#pragma once

#include "base/buf.h"
#include "io/ws_frame.h"

struct ws_reader_on {
	void *ctx;
	void (*message)(void *ctx, const uint8_t *p, size_t n, bool binary); /* text is UTF-8 */
	void (*ping)(void *ctx, const uint8_t *p, size_t n);
	void (*close)(void *ctx, int code, const uint8_t *p, size_t n); /* 1005: without a code; p, n is text */
};

struct ws_reader {
	struct ws_reader_on on;
	uint32_t message_max;
	bool stopped; /* set by the owner in a callback: no more is shown */
	const char *why;

	uint8_t head[WS_FRAME_HEAD_MAX]; /* the rest is the reader's */
	uint8_t head_n;
	bool in_frame, in_message, binary;
	struct ws_frame frame;
	uint64_t got;
	struct buf body; /* of a message or control frame that came in pieces */
	struct buf control;
};

/* 0, or the code by which to close; `why` says it in words. */
int ws_reader_feed(struct ws_reader *r, const uint8_t *p, size_t n);
void ws_reader_done(struct ws_reader *r);
