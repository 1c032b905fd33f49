/*
 * tx: what a use case has in hand while its transaction is open: the connection, an arena, the time, and who acts. State,
 * event and audit row go through the same tx; so they are committed together or not at all. On a worker thread.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "contract/store.h"

#include <stdint.h>

struct control;
struct trail;

#define TX_REGION_MAX 40 /* ID_MAX */

struct tx {
	struct control *control;
	struct store_conn *db;
	struct arena *arena;
	struct fault *fault;
	int64_t now_ms;
	const char *actor;      /* "key:apk_…", "agent:agt_…", "system" */
	const char *peer;       /* address, "" when there is none */
	const char *trace_id;   /* 32 hex characters */
	const char *tenant_id;  /* of who acts; NULL: nobody of a tenant does. See tx_tenant */
	const char *session_id; /* aus_…: the actor's log-on; NULL: none */
	const char *request_id; /* X-Request-Id; NULL: no request */
	const char *user_agent; /* NULL: none was sent */
	bool foreign; /* the thing is there, but another tenant's: answered as missing, audited as denied */
	struct trail
		*trail; /* audit records wait in it for the end of the write, see audit/trail; NULL: none wait */
	const char *traceparent;     /* the span that is worked for (W3C); NULL: none */
	const char *violated;        /* RC_QUOTA: the quota that is used up, in the arena */
	bool appended;               /* events were added: subscribers are told after the commit */
	bool ring;                   /* work was queued: the dispatcher is told after the commit */
	char ring_in[TX_REGION_MAX]; /* of this region; "": of any */
	bool cancels;                /* tasks that agents hold were asked to stop, or to be slower or faster */
	bool bots;                   /* agents have to be told of accounts, see hub/bots */
};

#define TX_TENANT_DEFAULT "ten_default" /* the installation's own */

/* Whose the things are that the request sees and makes. */
static inline const char *tx_tenant(const struct tx *tx)
{
	return tx->tenant_id ? tx->tenant_id : TX_TENANT_DEFAULT;
}

/* A new id with this prefix, in the arena; NULL without memory. */
const char *tx_id(struct tx *tx, const char *prefix);

/* Work was queued in a region; NULL or "": in any. */
void tx_ring(struct tx *tx, const char *region_id);
