/*
 * peer: one agent's connection, as the files of hub/ share it. Loop thread. A peer lives until its socket's close; what is
 * on its way to the writer knows it by agent id and epoch, never by pointer.
 */
#pragma once

#include "base/id.h"
#include "base/list.h"
#include "base/map.h"
#include "flow/tunnel.h"
#include "io/loop.h"

struct control;
struct cuts_mark;
struct lanes_hub;
struct peer;
struct web_socket;
struct hub {
	struct control *control;
	struct lanes_hub *lanes; /* questions for rate lanes */
	struct list peers;       /* peer.all */
	struct map agents;       /* agent id to struct peer: those that are up */
	size_t peers_n;
	int64_t epochs; /* counts connections; each gets the next */
	struct loop_timer *tick;
	uint64_t scan_ms, reconcile_ms; /* when next */
	bool dealing, deal_again;       /* a dispatch is on its way; work came meanwhile */
	bool canceling, cancel_again;   /* the same for cancels */
	bool pushing, push_again;       /* and for what agents are told of accounts */
	_Atomic bool woken, cancels_woken, push_woken;
	uint64_t breach_ms; /* when a breach was written into the audit log last; those since then are counted */
	unsigned breaches;
	struct loop_job bell, cancel_bell, push_bell;
	void (*act)(struct peer *p, const struct tunnel_act *a);
};

#define PEER_CERT_MAX 128

struct peer {
	struct list all; /* hub.peers */
	struct hub *hub;
	struct web_socket *socket;
	struct tunnel tunnel;
	struct loop_timer *timer;
	struct cuts_mark *mark; /* while it is up, see peer_watch */
	uint64_t opened_ms;
	bool up, draining, renewing, ended;
	int64_t epoch;   /* of the connection, here */
	int64_t session; /* of the agent, over all control planes (agents_connected); 0: not admitted yet */
	int64_t ahead_ms; /* how far the wall clock was ahead of the monotonic one when it was told what time it is */
	char id[ID_MAX], region_id[ID_MAX], why[96];
	char cert[PEER_CERT_MAX], cert_serial[PEER_CERT_MAX]; /* of the client's certificate: its URI, "" none */
	char *actions;                                        /* ",a,b,": see struct dispatch_offer; this peer's */
	uint64_t heard_ms;
	uint32_t progress; /* PROGRESS on their way to the writer */
};

/* How far the wall clock is ahead of the monotonic one: changes when it is set. */
int64_t hub_ahead_ms(void);

/* Does all that the machine wants done, by hub.act, until it rests. */
void peer_pump(struct peer *p);

/* The peer that is up under this id; NULL when there is none. */
struct peer *peer_of(struct hub *h, const char *agent_id);

/* Sends a message; what cannot be sent is logged, and left to the lease. */
void peer_send(struct peer *p, const struct tunnel_msg *m);

/* The connection ended by a breach of the protocol (p->why): an audit record, at most one a second. Other codes are no breach. */
void peer_breach(struct peer *p, int code);

/* Ends the connection of an agent, if it has one (4403). */
void peer_drop(struct hub *h, const char *agent_id, const char *why);

/* The agent has a newer connection, here or at another control plane: this one ends (4409). */
void peer_supersede(struct peer *p);

/* The connection with this number; NULL when it is gone. */
struct peer *peer_at(struct hub *h, int64_t epoch);

/* Ends it so that the agent comes again soon (1011), and says what it still holds: when nobody knows what was kept of its last words. */
void peer_redial(struct hub *h, const char *agent_id, const char *why);

/* It is up: from now on its tunnel ends when the agent is revoked, at whatever control plane; or at once, when that was since it came. */
void peer_watch(struct peer *p);
void peer_unwatch(struct peer *p);
