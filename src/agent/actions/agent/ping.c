/* agent.ping: the way to an agent and back, and the agent's clock. */
#include "agent/action_run.h"
#include "io/clock.h"
#include "model/action_agent.h"

extern const struct action_run agent_ping;

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	(void)t, (void)in, (void)f;
	*(struct action_agent_ping_result *)out =
		(struct action_agent_ping_result){ .at_ms = clock_wall_ms(), .version = FOOTPLATE_VERSION };
	return RC_OK;
}

const struct action_run agent_ping = { .name = "agent.ping", .run = run };
