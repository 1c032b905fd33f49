#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/run.h"

#include <jansson.h>

/* People get the agents as a table, and who is chosen by which rule above it; programs the whole answer. */
static enum cli_exit explain(struct cmd *c)
{
	struct request r = { 0 };
	struct api_answer a = { 0 };
	enum cli_exit code = run_prepare(c, &r);

	if (code == CLI_OK)
		code = request_ask(c, &r, &a);
	const char *agent = json_string_value(json_object_get(a.json, "agentId"));
	const char *rule = json_string_value(json_object_get(a.json, "rule"));
	if (code == CLI_OK && (c->quiet || c->format == CMD_JSON || c->format == CMD_YAML)) {
		output_object(c, a.json);
	} else if (code == CLI_OK) {
		cmd_say(c, "%s%s, %s%s", agent ? "it would go to " : "no agent can have it", agent ? agent : "",
			rule ? "by the rule " : "by no rule", rule ? rule : "");
		output_list(c, json_object_get(a.json, "candidates"));
	}
	api_answer_done(&a);
	request_done(&r);
	return code;
}

static const struct verb_option explain_options[] = {
	{ .row = { .name = "account", .type = FIELD_STR, .min = 1, .doc = "Account of the task, by login or id." },
		.letter = 't',
		.value = "ACCOUNT",
		.member = "accountId",
		.place = VERB_BODY,
		.names = VERB_ACCOUNT },
	{ .row = { .name = "label",
		  .type = FIELD_MAP,
		  .doc = "A label of an account that need not be there; again for more." },
		.letter = 'l',
		.value = "NAME=VALUE",
		.member = "labels",
		.place = VERB_BODY },
	{ .row = { .name = "action",
		  .type = FIELD_STR,
		  .min = 1,
		  .max = 64,
		  .doc = "What the task does. Default: the account is only to be online." },
		.value = "ACTION",
		.place = VERB_BODY },
	{ .row = { .name = "region", .type = FIELD_STR, .min = 1, .doc = "It is for this region only." },
		.value = "REGION",
		.member = "regionId",
		.place = VERB_BODY,
		.names = VERB_REGION },
	{ 0 },
};

const struct verb route_verbs[] = {
	{
		.name = "explain",
		.doc = "Tells which agent a task would get now, by which rule, and why no other.",
		.options = explain_options,
		.method = "POST",
		.path = "/v1/placements/explain",
		.columns = "agentId,regionId:REGION,chosen,code,detail,load,tasks,capacity,sessions",
		.id = "agentId",
		.run = explain,
		.example = "footplate route explain --account alice --action offers.send",
	},
	{ 0 },
};
