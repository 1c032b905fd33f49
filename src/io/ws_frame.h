/*
 * ws_frame: WebSocket frames (RFC 6455, 5): what a client sends is masked, what a server sends is not; no extensions. Pure;
 * any thread.
 */
#pragma once

#include "base/rc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ws_op { WS_OP_MORE = 0, WS_OP_TEXT = 1, WS_OP_BINARY = 2, WS_OP_CLOSE = 8, WS_OP_PING = 9, WS_OP_PONG = 10 };

#define WS_FRAME_HEAD_MAX    14
#define WS_FRAME_CONTROL_MAX 125 /* bytes in a close, ping or pong */
#define WS_FRAME_KEY_CHARS   24
#define WS_FRAME_ACCEPT_MAX  29 /* with its NUL */

struct ws_frame {
	enum ws_op op;
	bool fin;
	uint64_t n; /* bytes that follow the head */
	uint8_t mask[4];
};

/* The head of a frame from a client. RC_MORE: not whole yet; RC_MALFORMED: no lawful frame (close 1002). */
enum rc ws_frame_parse(const uint8_t *p, size_t n, struct ws_frame *ret, size_t *ret_used);

/* The same, from a server: `mask` is zeroes. */
enum rc ws_frame_parse_plain(const uint8_t *p, size_t n, struct ws_frame *ret, size_t *ret_used);

/* Writes the head of an unmasked whole frame and returns its length. */
size_t ws_frame_head(uint8_t ret[static WS_FRAME_HEAD_MAX], enum ws_op op, uint64_t n);
/* The same, of one whose bytes are masked by ws_frame_unmask. */
size_t ws_frame_head_masked(
	uint8_t ret[static WS_FRAME_HEAD_MAX], enum ws_op op, uint64_t n, const uint8_t mask[static 4]);

/* Masks, or unmasks, n bytes that stand at offset `at` of the frame's payload. */
void ws_frame_unmask(uint8_t *p, size_t n, const uint8_t mask[static 4], uint64_t at);

bool ws_frame_is_utf8(const uint8_t *p, size_t n);
bool ws_frame_is_code(unsigned code); /* may a peer send this close code? */

/* The Sec-WebSocket-Accept for a key; false when the key is none. */
bool ws_frame_accept(const char *key, char ret[static WS_FRAME_ACCEPT_MAX]);
