/*
 * arrivals: contents that agents bring which do not share the store's disk. An agent asks for a ticket over its tunnel (PUBLISH_ASK), for an
 * attempt that is its own; with it (Authorization: Ticket …) it asks which blobs are missing, puts these in pieces, each from where the last
 * one ended, and says at last what the content is. Every blob is hashed here as it comes, and only takes its place under the hash that
 * it has; a content's sheet is written when all that its listing names is there.
 */
#pragma once

#include "control/http/route.h"

#define ARRIVALS_TICKET     65 /* hexadecimal, with NUL */
#define ARRIVALS_TICKET_MS  3600000
#define ARRIVALS_MISSING    1000         /* blobs that may be asked about at once */
#define ARRIVALS_BLOB_BYTES (1ull << 40) /* of one blob */

struct tunnel_msg_ticket;

/* A ticket for an attempt that the agent has. *ret_ok: false: it is not its own (any more). On the writer. */
must_check enum rc arrivals_ticket(struct tx *tx, const char *agent_id, const struct tunnel_msg_ticket *m,
	bool *ret_ok, char ret[static ARRIVALS_TICKET]);

extern const struct route arrivals_routes[];
