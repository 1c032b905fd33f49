#include "cli/nouns.h"

const struct verb action_verbs[] = {
	{
		.name = "list",
		.doc = "Lists the actions that a job can be made of.",
		.method = "GET",
		.path = "/v1/actions",
		.columns = "name,target,class,scope,timeoutSeconds:SECONDS,description",
		.id = "name",
	},
	{
		.name = "describe",
		.doc = "Shows an action with the schemas of its payload and its result.",
		.args = { { .name = "ACTION", .doc = "Its name." } },
		.method = "GET",
		.path = "/v1/actions/{}",
		.id = "name",
		.format = "yaml",
	},
	{ 0 },
};
