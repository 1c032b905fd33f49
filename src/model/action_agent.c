#include "model/action_agent.h"

#include "model/action_rows.h"

/* clang-format off */
static const struct field ping[] = {
	ACTION_ROW(action_agent_ping_result, "at", at_ms, FIELD_TIME, "The agent's clock."),
	ACTION_ROW(action_agent_ping_result, "version", version, FIELD_STR, "The agent's program."),
	{ 0 },
};
/* clang-format on */

static const char *const lanes_none[] = { NULL };

const struct action action_agent_ping = {
	.name = "agent.ping",
	.class = TASK_READ,
	.scope = SCOPE_AGENTS_READ,
	.target = ACTION_TARGET_NONE,
	.timeout_s = 15,
	ACTION_SHAPES(action_empty_fields, action_empty, ping, action_agent_ping_result),
	.lanes = lanes_none,
	.doc = "Goes the whole way to an agent and back, and asks nothing of Steam.",
};
