/*
 * effects: the fence before what cannot be undone. An agent whose attempt is about to have its effect asks (EFFECT_BEGIN); it
 * may go on only when the attempt still counts, and its intent is kept before the answer goes out. So an attempt that is lost without an
 * intent had no effect. product.md 5.4.1.
 */
#pragma once

#include "control/tx.h"
#include "wire/tunnel_msg.h"

#define EFFECTS_TEXT_MAX 256 /* bytes of what is about to be done */

/* *ret_ok: the attempt is the current one, its task runs and nobody wants it canceled, lease and account are the agent's. */
must_check enum rc effects_begin(
	struct tx *tx, const char *agent_id, const struct tunnel_msg_effect *m, bool *ret_ok);

/*
 * Lets the agent bring what an attempt of its own has fetched over HTTP (artifacts/arrivals_ticket). *ret_ok: false: it is not its own (any
 * more).
 */
#define ARRIVALS_TICKET    65 /* hexadecimal, with NUL */
#define ARRIVALS_TICKET_MS 3600000
must_check enum rc arrivals_ticket(struct tx *tx, const char *agent_id, const struct tunnel_msg_ticket *m,
	bool *ret_ok, char ret[static ARRIVALS_TICKET]);
