/*
 * shop_challenges: an agent wants a person to log it in at Epic or GOG (agent/shop_login): one challenge for each agent and store, that names the
 * page to open, and is answered with the code that the page gives (shop_answers). It is the installation's, as agents are: only its own
 * tenant sees and answers it. On the writer.
 */
#pragma once

#include "control/tx.h"

#define SHOP_CHALLENGES_MS \
	INT64_C(604800000) /* it is open so long; the agent opens another when it still needs it */

/* The event shop.login of an agent: a login is wanted, or holds. RC_INVALID: it is none. */
must_check enum rc shop_challenges_take(struct tx *tx, const char *agent_id, const char *payload);

/* The agent was revoked: nobody waits for its login any more. */
must_check enum rc shop_challenges_moot(struct tx *tx, const char *agent_id);
