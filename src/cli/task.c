#include "cli/nouns.h"

const struct verb task_verbs[] = {
	{
		.name = "get",
		.doc = "Shows a task with its result or error.",
		.args = { { .name = "TASK", .doc = "Id of the task." } },
		.method = "GET",
		.path = "/v1/tasks/{}",
	},
	{ 0 },
};
