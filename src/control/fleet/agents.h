/*
 * agents: the agents as the database knows them: who they are, and their routes.
 */
#pragma once

#include "control/http/route.h"

struct tunnel_msg_hello;

/* The public key and region of an enrolled agent. RC_MISSING: unknown; RC_DENIED: revoked. */
must_check enum rc agents_key(struct tx *tx, const char *agent_id, uint8_t *ret_public, char *ret_region);

/*
 * The agent has a tunnel to this control plane; *ret_session is its number. What an older one says from now on is refused.
 * `dial` grows with each connection that this control plane accepted. RC_CONFLICT: the agent has one that it accepted later,
 * whose HELLO overtook this one.
 */
must_check enum rc agents_connected(
	struct tx *tx, const char *agent_id, const struct tunnel_msg_hello *m, int64_t dial, int64_t *ret_session);

/*
 * What it has shown on this tunnel: the URI and serial number of a certificate, "" both: none. RC_DENIED: it needs one, or it is not this
 * agent's, or revoked.
 */
must_check enum rc agents_showed(struct tx *tx, const char *agent_id, const char *uri, const char *serial);

/* That tunnel is down; nothing when the agent has a newer one. Session 0: whichever it has. */
must_check enum rc agents_gone(struct tx *tx, const char *agent_id, int64_t session, const char *why);

/* The agent lives: the leases of its accounts are renewed. RC_DENIED: it was revoked. */
must_check enum rc agents_seen(struct tx *tx, const char *agent_id, uint32_t load);

extern const struct route agents_routes[], enrolments_routes[];
