#include "cli/nouns.h"
#include "cli/run.h"

#define TASK_ARG                                         \
	{                                                \
		.name = "TASK", .doc = "Id of the task." \
	}

static const struct verb_option history_options[] = {
	{ .row = { .name = "at",
		  .type = FIELD_STR,
		  .min = 1,
		  .doc = "Only as far as this moment, such as 2026-11-21T08:00:00Z: the last line is the state "
			 "then." },
		.value = "TIME",
		.place = VERB_QUERY },
	{ 0 },
};

static const char *const resolve_words[] = { "done", "not_done", NULL };
static const struct verb_option resolve_options[] = {
	{ .row = { .name = "outcome",
		  .type = FIELD_ENUM,
		  .flags = FIELD_REQUIRED,
		  .words = resolve_words,
		  .doc = "Whether it had its effect." },
		.value = "OUTCOME",
		.place = VERB_BODY },
	{ .row = { .name = "evidence",
		  .type = FIELD_STR,
		  .flags = FIELD_REQUIRED,
		  .min = 1,
		  .max = 1000,
		  .doc = "How that is known; kept with the task and in the audit." },
		.value = "TEXT",
		.place = VERB_BODY },
	RUN_KEY_OPTION,
	{ 0 },
};

const struct verb task_verbs[] = {
	{
		.name = "get",
		.doc = "Shows a task with its result or error.",
		.args = { TASK_ARG },
		.method = "GET",
		.path = "/v1/tasks/{}",
	},
	{
		.name = "attempts",
		.doc = "Lists the attempts of a task: who had it, and how each ended.",
		.args = { TASK_ARG },
		.method = "GET",
		.path = "/v1/tasks/{}/attempts",
		.columns =
			"n,agentId,epoch,probe,leasedAt,startedAt,endedAt,outcome,cameTo,error.code:ERROR,intent",
		.id = "n",
	},
	{
		.name = "history",
		.doc = "Lists the states that a task was in, in order.",
		.args = { TASK_ARG },
		.options = history_options,
		.method = "GET",
		.path = "/v1/tasks/{}/history",
		.columns = "at,status,attempt,agentId,error.code:ERROR,by,evidence",
		.id = "status",
		.example = "footplate task history tsk_… --at 2026-11-21T08:00:00Z",
	},
	{
		.name = "resolve",
		.doc = "Says what became of a task that needs attention.",
		.args = { TASK_ARG },
		.options = resolve_options,
		.method = "POST",
		.path = "/v1/tasks/{}/resolve",
		.flags = VERB_IDEMPOTENT,
		.example = "footplate task resolve tsk_… --outcome done --evidence 'the licence is there'",
	},
	{ 0 },
};
