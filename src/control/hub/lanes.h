/*
 * lanes: agents' questions for rate lanes. They wait here, in memory, ordered by class and age (R3); the writer decides those whose
 * time has come, all that are due in one transaction (budgets_take), the first in order first. A question ends by a grant,
 * by a refusal when it cannot be granted in the time it has, or with its connection: the agent asks again. Loop thread.
 */
#pragma once

#include "base/fault.h"
#include "control/hub/peer.h"

#define LANES_HUB_MAX      65536 /* questions that wait, of all agents */
#define LANES_HUB_VALID_MS 10000 /* how long a grant may be used */

struct lanes_hub;
struct tx;

must_check enum rc lanes_hub_new(struct hub *h, struct lanes_hub **ret, struct fault *f);
void lanes_hub_free(struct lanes_hub *l);

void lanes_hub_ask(struct peer *p, const struct tunnel_msg_lane_ask *m);
void lanes_hub_drop(struct peer *p, int64_t id);
void lanes_hub_gone(struct peer *p); /* its connection is down */

/* Writer: an agent was throttled. A lane or key that there is not is RC_OK: the agent would tell it for ever. */
must_check enum rc lanes_hub_cool(struct tx *tx, const struct tunnel_msg_lane_cool *m);
