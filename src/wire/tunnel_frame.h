/*
 * tunnel_frame: the frame of the agent tunnel, both directions (control-plane.md 6.12, docs/protocol/tunnel.md):
 *
 *      u8 ver | u8 type | u16 flags | u32 stream | u64 seq | u32 len | payload | 16-byte tag        (big endian)
 *
 * The tag is the first half of HMAC-SHA256, under the key of the direction, over all that stands before it. Before there
 * are keys (the CHALLENGE alone) it is 16 zeros. Pure; what a parsed frame points to is borrowed from the bytes.
 */
#pragma once

#include "base/buf.h"
#include "base/own.h"
#include "base/rc.h"

#define TUNNEL_FRAME_VER   1
#define TUNNEL_FRAME_HEAD  20
#define TUNNEL_FRAME_TAG   16
#define TUNNEL_FRAME_KEY   32
#define TUNNEL_PAYLOAD_MAX (1u << 20)
#define TUNNEL_FRAME_MAX   (TUNNEL_FRAME_HEAD + TUNNEL_PAYLOAD_MAX + TUNNEL_FRAME_TAG)

/* The message goes on in the next frame of the same type. No other flag is lawful in version 1. */
#define TUNNEL_FRAME_MORE 1

struct tunnel_frame {
	uint8_t type; /* enum tunnel_msg_type; any value comes through here */
	uint16_t flags;
	uint64_t seq;
	const uint8_t *payload;
	uint32_t len;
	const uint8_t *start; /* parsed frames: the first byte, for tunnel_frame_check */
};

/*
 * RC_MORE: not whole yet. RC_REFUSED: of another version. RC_TOO_LARGE: len is over TUNNEL_PAYLOAD_MAX. RC_INVALID: a flag
 * or stream that version 1 does not know. The last three are told as soon as the head is there.
 */
must_check enum rc tunnel_frame_parse(const uint8_t *p, size_t n, struct tunnel_frame *ret, size_t *ret_used);

/* Is the tag of a parsed frame right? In time that does not depend on the tag. key NULL: it must be zeros. */
must_check bool tunnel_frame_check(const struct tunnel_frame *f, const uint8_t *key);

/* Adds the frame with its tag; len must be at most TUNNEL_PAYLOAD_MAX. key NULL: a tag of zeros. */
void tunnel_frame_write(struct buf *to, const struct tunnel_frame *f, const uint8_t *key);
