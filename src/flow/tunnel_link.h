/*
 * tunnel_link: what the two ends of the agent tunnel have in common: frames in and out, their order and tags, messages in
 * several frames, silence. flow/tunnel (the control plane's end) and flow/uplink (the agent's end) stand on it.
 *
 * Small messages go out in the order they were sent. A long message (a RESULT of more than one frame) waits in `bulk` and
 * goes out frame by frame, when nothing else waits; RESULTs behind it wait too. So a heartbeat never waits behind a result,
 * as long as the owner takes acts only while its socket is not full. Times are any monotonic milliseconds.
 */
#pragma once

#include "wire/tunnel_auth.h"
#include "wire/tunnel_frame.h"
#include "wire/tunnel_msg.h"

/* Close codes of the WebSocket (control-plane.md 6.12). */
enum tunnel_link_code {
	TUNNEL_LINK_INTERNAL = 1011, /* our own failure */
	TUNNEL_LINK_REPLAY = 4401,   /* a frame that is not the next one */
	TUNNEL_LINK_TAMPER = 4402,   /* a wrong tag or signature, bytes that are no message */
	TUNNEL_LINK_SCOPE =
		4403, /* a message that this end may not send, or not now; an agent that is not let in */
	TUNNEL_LINK_TIMEOUT = 4408,    /* silence */
	TUNNEL_LINK_SUPERSEDED = 4409, /* the agent has a newer connection */
	TUNNEL_LINK_TOO_BIG = 4413,    /* more than a named limit */
	TUNNEL_LINK_VERSION = 4426     /* no version of the protocol in common */
};

#define TUNNEL_LINK_HELLO_MS     5000
#define TUNNEL_LINK_HEARTBEAT_MS 2000
#define TUNNEL_LINK_MISSES       3                            /* heartbeats that may be missed */
#define TUNNEL_LINK_IN_MAX       (4u << 20)                   /* bytes fed and not read yet */
#define TUNNEL_LINK_OUT_MAX      (4u << 20)                   /* bytes of small messages that wait */
#define TUNNEL_LINK_BULK_MAX     (2 * (size_t)TUNNEL_MSG_MAX) /* bytes of long messages that wait */
#define TUNNEL_LINK_PIECE        (64u << 10)                  /* payload of one frame of a long message */
#define TUNNEL_LINK_SEND_MAX \
	(64u << 10) /* bytes of one SEND, unless one frame is larger; never over TUNNEL_FRAME_MAX */

struct tunnel_link {
	enum tunnel_msg_from me;
	bool keyed;
	uint8_t key_in[TUNNEL_AUTH_KEY], key_out[TUNNEL_AUTH_KEY];
	uint64_t seq_in, seq_out; /* of the last frame */
	struct buf in;            /* fed; `in_used` of it is read */
	struct buf out;           /* whole frames; `out_used` of it was handed to the owner */
	struct buf bulk;          /* long messages: u32 length, u8 type, payload, and so on */
	struct buf part;          /* of the message that comes in several frames */
	size_t in_used, out_used;
	size_t bulk_used,
		bulk_sent; /* where the message now being sent begins; how much of its payload is framed */
	bool parting;
	uint8_t part_type;
	uint64_t fed_ms, heard_ms;
	struct arena arena; /* of the last message */
	int code;           /* why it ends; 0 while it lives */
	char why[FAULT_TEXT_MAX];
};

void tunnel_link_init(struct tunnel_link *l, enum tunnel_msg_from me, uint64_t now_ms);
void tunnel_link_done(struct tunnel_link *l);

/* Bytes came. */
void tunnel_link_feed(struct tunnel_link *l, uint64_t now_ms, const void *p, size_t n);

/* Ends it; the first reason stays. */
void tunnel_link_break(struct tunnel_link *l, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Sets the keys of the session: from here on all frames carry tags. */
void tunnel_link_key(struct tunnel_link *l, const struct tunnel_auth_keys *keys);

/*
 * Reads frames until one completes a message, which lives until the next call here. `*ret_frame` is that frame, for an end
 * that checks the tag itself (the control plane can do so only after it has read the HELLO). False: nothing whole, or broken.
 */
bool tunnel_link_read(struct tunnel_link *l, struct tunnel_msg *ret, struct tunnel_frame *ret_frame);

/* Queues a message. RC_AWAY: the link is broken. RC_TOO_LARGE: more than one message may have. RC_OVERLOADED: too much waits. */
must_check enum rc tunnel_link_send(struct tunnel_link *l, const struct tunnel_msg *m);

/* The next whole frames to send, borrowed until the next call here; false when nothing waits. */
bool tunnel_link_take(struct tunnel_link *l, const uint8_t **ret_p, size_t *ret_n);

size_t tunnel_link_waiting(const struct tunnel_link *l); /* bytes */
