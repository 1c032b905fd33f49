/* action_agent: the declaration of agent.ping, and its shape. */
#pragma once

#include "model/action.h"

extern const struct action action_agent_ping;

struct action_agent_ping_result {
	int64_t at_ms; /* of the agent's clock */
	const char *version;
};
