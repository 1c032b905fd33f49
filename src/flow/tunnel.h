/*
 * tunnel: the control plane's end of one agent connection, without the connection (control-plane.md 6.12).
 *
 *      bytes ── tunnel_feed ──┐               ┌── tunnel_next ──> SEND, HELLO, UP, MESSAGE, CLOSE
 *      time  ── tunnel_tick ──┴─ the machine ─┴── tunnel_due  ──> when to tick again
 *
 * The owner calls tunnel_next until it is false: after every feed, tick and send. It may stop asking while its socket is full
 * (web_socket_queued) and go on when that has drained; heartbeats then still overtake results. What an act points to lives
 * until the next call of this file with the same tunnel. After CLOSE nothing follows. One thread at a time.
 *
 *      owner                               machine
 *      accepts the WebSocket, tunnel_init  SEND (CHALLENGE)
 *      feeds                               HELLO: who says to be there. The tag is checked, the signature not yet
 *      looks up the agent's public key, may take its time (nothing is read meanwhile), then
 *      tunnel_admit or tunnel_refuse       SEND (WELCOME), UP; or CLOSE
 *      tunnel_send(DISPATCH …)             SEND, MESSAGE …
 *
 * HEARTBEAT is answered by the machine and shown to the owner, whose leases it renews.
 */
#pragma once

#include "flow/tunnel_link.h"

enum tunnel_act_kind { TUNNEL_SEND, TUNNEL_HELLO, TUNNEL_UP, TUNNEL_MESSAGE, TUNNEL_CLOSE };

struct tunnel_act {
	enum tunnel_act_kind kind;
	const uint8_t *p; /* TUNNEL_SEND: one WebSocket message of n bytes */
	size_t n;
	const struct tunnel_msg *msg; /* TUNNEL_HELLO, TUNNEL_MESSAGE */
	int code;                     /* TUNNEL_CLOSE: enum tunnel_link_code, or what tunnel_close was given */
	const char *why;
};

struct tunnel_conf {
	uint8_t nonce[TUNNEL_AUTH_KEY];     /* random, of this connection alone */
	uint8_t ephemeral[TUNNEL_AUTH_KEY]; /* random: the secret of this connection */
	uint8_t identity[TUNNEL_AUTH_KEY];  /* the control plane's Ed25519 secret */
	int64_t time_ms;                    /* wall clock */
	uint32_t heartbeat_ms;              /* 0: TUNNEL_LINK_HEARTBEAT_MS */
};

enum tunnel_state {
	TUNNEL_WAITS,    /* for HELLO */
	TUNNEL_JUDGED,   /* HELLO was shown; the owner decides */
	TUNNEL_ADMITTED, /* UP has not been told yet */
	TUNNEL_OPEN,
	TUNNEL_SHUT /* CLOSE was told */
};

struct tunnel {
	enum tunnel_state state;
	struct tunnel_link link;
	struct tunnel_auth_talk talk;
	uint8_t secret[TUNNEL_AUTH_KEY]; /* ephemeral; wiped when the keys are made */
	uint8_t hello_sig[TUNNEL_AUTH_SIG];
	uint32_t heartbeat_ms;
	uint64_t since_ms;       /* of WAITS: when it began */
	int64_t credit, carried; /* DISPATCH the agent allows, and has been sent, in all */
	struct tunnel_msg msg;   /* the last act's */
};

void tunnel_init(struct tunnel *t, uint64_t now_ms, const struct tunnel_conf *conf);
void tunnel_done(struct tunnel *t);

void tunnel_feed(struct tunnel *t, uint64_t now_ms, const void *p, size_t n);
void tunnel_tick(struct tunnel *t, uint64_t now_ms);
uint64_t tunnel_due(const struct tunnel *t); /* UINT64_MAX: never */
bool tunnel_next(struct tunnel *t, struct tunnel_act *ret);

/*
 * The owner's answer to HELLO, any time later. Checks the agent's signature with the public key that it enrolled with: a HELLO
 * that is not signed by it is refused (4403). `welcome` may borrow from anywhere; proto and heartbeat_ms are filled in here.
 */
void tunnel_admit(
	struct tunnel *t, uint64_t now_ms, const uint8_t *public_key, const struct tunnel_msg_welcome *welcome);
void tunnel_refuse(struct tunnel *t, int code, const char *why);

/* How many DISPATCH the agent takes now. */
uint32_t tunnel_credit(const struct tunnel *t);

/*
 * Sends a message. RC_AWAY: not open (any more). RC_LIMIT: a DISPATCH without credit. RC_OVERLOADED: too much waits to be
 * sent; later. RC_TOO_LARGE: it does not fit a frame.
 */
must_check enum rc tunnel_send(struct tunnel *t, const struct tunnel_msg *m);

/* Ends it with this code: 4409 for an agent that has a newer connection, 1001 when the program stops. */
void tunnel_close(struct tunnel *t, int code, const char *why);
