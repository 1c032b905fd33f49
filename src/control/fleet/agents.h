/*
 * agents: the agents as the database knows them: enrolment by a one-time token, who they are, and their routes.
 */
#pragma once

#include "control/http/route.h"

struct tunnel_msg_hello;

#define AGENTS_TOKEN_MS (15ll * 60 * 1000) /* how long an enrolment token is good */

/* The public key and region of an enrolled agent. RC_MISSING: unknown; RC_DENIED: revoked. */
must_check enum rc agents_key(struct tx *tx, const char *agent_id, uint8_t *ret_public, char *ret_region);

/* The agent has a tunnel to this control plane; *ret_session is its number. What an older one says from now on is refused. */
must_check enum rc agents_connected(
	struct tx *tx, const char *agent_id, const struct tunnel_msg_hello *m, int64_t *ret_session);

/* That tunnel is down; nothing when the agent has a newer one. Session 0: whichever it has. */
must_check enum rc agents_gone(struct tx *tx, const char *agent_id, int64_t session, const char *why);

/* The agent lives: the leases of its accounts are renewed. RC_DENIED: it was revoked. */
must_check enum rc agents_seen(struct tx *tx, const char *agent_id);

/* Makes an enrolment token for a region; *ret_token is in the arena. For the in-process agent, and for the route. */
must_check enum rc agents_token(struct tx *tx, const char *region_id, const char **ret_token, int64_t *ret_expires);

extern const struct route agents_routes[];
