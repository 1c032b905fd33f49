/*
 * hostile: an agent's end of the tunnel in the test's own hands (flow/uplink over a plain socket), so that it may break the rules: it
 * can put any bytes on the wire after a lawful handshake. One thread; nothing happens between the calls.
 */
#pragma once

#include "agent/identity.h"
#include "flow/uplink.h"
#include "io/ws_reader.h"
#include "tests/system/rig.h"

struct hostile_task {
	char id[64], nonce[96];
	uint32_t attempt;
};

struct hostile {
	struct identity who;
	const char *named;      /* the agent that its HELLO names; NULL: itself */
	const char *capability; /* the one action it has */
	bool lawful;            /* heartbeats, and ends every task but the first */
	bool forgets;           /* its HELLO does not tell of the task that it holds */
	int fd;                 /* -1: not connected */
	struct uplink up;
	struct ws_reader in;
	bool open, mute;          /* WELCOME came; no HELLO is said */
	int code;                 /* of the control plane's close frame; -1: the connection ended without one */
	struct hostile_task held; /* the first task it was given */
	unsigned done, stale;     /* RESULT_ACK and STALE that came */
	unsigned denied;          /* PUBLISH_DENY that came */
	char ticket[65];          /* of the last PUBLISH_OK */
};

void hostile_enrol(const struct rig *r, struct hostile *h, const char *region_id, const char *capability);
void hostile_dial(const struct rig *r, struct hostile *h);
void hostile_hang_up(struct hostile *h);
void hostile_pump(struct hostile *h); /* reads what has come, without waiting, and answers */
void hostile_wire(struct hostile *h, const void *p, size_t n); /* one WebSocket message, as it is */
void hostile_say(struct hostile *h, const struct tunnel_msg *m);

/* A message as the next frame (`ahead` 0) or a later one, with its right tag, added to `to`; it counts as sent. */
void hostile_frame(struct hostile *h, const struct tunnel_msg *m, unsigned ahead, struct buf *to);
uint64_t hostile_now_ms(void);
