/*
 * uplink: the agent's end of its connection to the control plane, without the connection. The shape and the rules for the
 * owner are those of flow/tunnel; the life is
 *
 *      owner                                machine
 *      dials, uplink_init when connected    waits for CHALLENGE, and checks the pinned key's signature
 *                                           ASKED: time to say what is in flight
 *      uplink_hello                         SEND (HELLO)
 *                                           UP with WELCOME, which says what to drop
 *      uplink_credit, results, events       SEND, MESSAGE …
 *
 * Heartbeats are sent by the machine, each 2 s more or less a fifth, with the figures of uplink_figures.
 */
#pragma once

#include "flow/tunnel_link.h"

enum uplink_act_kind { UPLINK_SEND, UPLINK_ASKED, UPLINK_UP, UPLINK_MESSAGE, UPLINK_CLOSE };

struct uplink_act {
	enum uplink_act_kind kind;
	const uint8_t *p; /* UPLINK_SEND: one WebSocket message of n bytes */
	size_t n;
	const struct tunnel_msg *msg; /* UPLINK_ASKED (the CHALLENGE), UPLINK_UP (the WELCOME), UPLINK_MESSAGE */
	int code;                     /* UPLINK_CLOSE: enum tunnel_link_code, or what uplink_close was given */
	const char *why;
};

struct uplink_conf {
	const char *agent_id;               /* borrowed until uplink_done */
	uint8_t identity[TUNNEL_AUTH_KEY];  /* the agent's Ed25519 secret */
	uint8_t control[TUNNEL_AUTH_KEY];   /* the control plane's public key, pinned at enrolment */
	uint8_t ephemeral[TUNNEL_AUTH_KEY]; /* random: the secret of this connection */
	uint64_t seed;                      /* random: of the heartbeats' jitter */
};

enum uplink_state {
	UPLINK_WAITS,   /* for CHALLENGE */
	UPLINK_ANSWERS, /* ASKED was told; waits for uplink_hello */
	UPLINK_HOPES,   /* HELLO is on its way; waits for WELCOME */
	UPLINK_OPEN,
	UPLINK_SHUT /* CLOSE was told */
};

struct uplink {
	enum uplink_state state;
	struct tunnel_link link;
	struct uplink_conf conf; /* secrets are wiped when they have been used */
	struct tunnel_auth_talk talk;
	uint64_t since_ms, beat_ms; /* when WAITS or HOPES began; when the next heartbeat is due */
	uint64_t seed;
	uint64_t
		renewed_ms; /* when the last word was said that renews the leases and was answered: HELLO, HEARTBEAT */
	bool packed;        /* the control plane takes packed results */
	uint32_t heartbeat_ms, rtt_ms;       /* rtt_ms: of the last heartbeat */
	struct tunnel_msg_heartbeat figures; /* mono is filled in */
	int64_t credit, carried;             /* DISPATCH allowed, and come, in all */
	struct tunnel_msg msg;               /* the last act's */
};

void uplink_init(struct uplink *u, uint64_t now_ms, const struct uplink_conf *conf);
void uplink_done(struct uplink *u);

void uplink_feed(struct uplink *u, uint64_t now_ms, const void *p, size_t n);
void uplink_tick(struct uplink *u, uint64_t now_ms);
uint64_t uplink_due(const struct uplink *u); /* UINT64_MAX: never */
bool uplink_next(struct uplink *u, struct uplink_act *ret);

/* The answer to ASKED. agent_id, the protocol's bounds, ephemeral and signature are filled in here. */
void uplink_hello(struct uplink *u, uint64_t now_ms, const struct tunnel_msg_hello *hello);

/* What the next heartbeats say. */
void uplink_figures(struct uplink *u, uint32_t load, uint32_t active, uint32_t sessions);

/* The agent can take this many tasks more, now. Sends CREDIT when that is news; a promise once made stays. */
void uplink_credit(struct uplink *u, uint32_t free_slots);

/* As tunnel_send; a RESULT may have up to TUNNEL_MSG_MAX bytes. One that is packed is unpacked for a control plane that did not say
 * that it takes such. */
must_check enum rc uplink_send(struct uplink *u, const struct tunnel_msg *m);

void uplink_close(struct uplink *u, int code, const char *why);

/*
 * How long to wait before the next dial. `failures` in a row since the last UP; `code`: how the last connection ended (a
 * WebSocket close code, 0: none); `retry_after_ms`: of the last GOAWAY, 0: none; `random`: any number. Full jitter over
 * 0.25 s · 2^failures, at most 30 s; never under retry_after_ms, to which the same jitter is added. An agent that was refused
 * (4403), superseded (4409) or is of another version (4426) waits as long as one that failed many times. One that was told of a
 * failure of the control plane's own (1011: its database is away) never waits for longer than 2 s.
 */
#define UPLINK_WAIT_MS     250u
#define UPLINK_WAIT_MAX_MS 30000u
uint32_t uplink_wait_ms(unsigned failures, int code, uint32_t retry_after_ms, uint32_t random);
