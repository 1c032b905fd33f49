#include "cli/nouns.h"
#include "cli/run.h"

static const struct verb_option list_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION, { 0 } };

#define AGENT_ARG                                 \
	{                                         \
		.name = "AGENT", .doc = "Its id." \
	}

const struct verb agent_verbs[] = {
	{
		.name = "list",
		.doc = "Lists the agents, newest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/agents",
		.columns = "id,regionId:REGION,state,version,lastSeen,createdAt",
		.flags = VERB_LIST,
	},
	{
		.name = "get",
		.doc = "Shows an agent.",
		.args = { AGENT_ARG },
		.method = "GET",
		.path = "/v1/agents/{}",
	},
	{
		.name = "enroll",
		.doc = "Makes a one-time token with which one agent can enrol. It is shown this once.",
		.args = { { .name = "REGION",
			.member = "regionId",
			.doc = "Region that the agent will work for, by name or id.",
			.names = VERB_REGION } },
		.method = "POST",
		.path = "/v1/agents/enrollments",
		.id = "token",
		.example = "(umask 077; footplate agent enroll eu-west -q >token)",
	},
	{
		.name = "revoke",
		.doc = "Cuts an agent off for good.",
		.args = { AGENT_ARG },
		.method = "POST",
		.path = "/v1/agents/{}/revoke",
	},
	{ 0 },
};
