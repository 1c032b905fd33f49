#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/run.h"

#include <jansson.h>

static const struct verb_option delete_options[] = { RUN_MATCH_OPTION, { 0 } };

#define RULE_OPTIONS                                                                                              \
	{ .row = { .name = "position",                                                                            \
		  .type = FIELD_U32,                                                                              \
		  .max = 1000000,                                                                                 \
		  .doc = "The lowest is looked at first. Default: 100." },                                        \
		.value = "N",                                                                                     \
		.place = VERB_BODY },                                                                             \
		{ .row = { .name = "when",                                                                        \
			  .type = FIELD_JSON,                                                                     \
			  .doc = "Which tasks: {labels, action, country, compliance}; all must fit." },           \
			.value = "JSON",                                                                          \
			.place = VERB_BODY },                                                                     \
		{ .row = { .name = "require",                                                                     \
			  .type = FIELD_JSON,                                                                     \
			  .doc = "What an agent must give: {agentId, regionId, egressKind, capability, country, " \
				 "compliance, labels}." },                                                        \
			.value = "JSON",                                                                          \
			.place = VERB_BODY },                                                                     \
		{ .row = { .name = "prefer",                                                                      \
			  .type = FIELD_JSON,                                                                     \
			  .doc = "A list of the same; the first is the most wanted." },                           \
			.value = "JSON",                                                                          \
			.place = VERB_BODY },                                                                     \
		{ .row = { .name = "forbid",                                                                      \
			  .type = FIELD_JSON,                                                                     \
			  .doc = "A list of the same; who gives all of one of them is out." },                    \
			.value = "JSON",                                                                          \
			.place = VERB_BODY },                                                                     \
	{                                                                                                         \
		.row = { .name = "pin", .type = FIELD_STR, .min = 1, .max = 64, .doc = "The one agent." },        \
		.value = "AGENT", .place = VERB_BODY                                                              \
	}

static const struct verb_option create_options[] = { RULE_OPTIONS, RUN_KEY_OPTION, { 0 } };
static const struct verb_option replace_options[] = {
	{ .row = { .name = "name",
		  .type = FIELD_STR,
		  .flags = FIELD_REQUIRED,
		  .min = 1,
		  .max = 63,
		  .doc = "Its name." },
		.value = "NAME",
		.place = VERB_BODY },
	RULE_OPTIONS,
	RUN_MATCH_OPTION,
	{ 0 },
};

#define POLICY_ARG                                 \
	{                                          \
		.name = "POLICY", .doc = "Its id." \
	}
#define COLUMNS "id,name,position,when,require,prefer,forbid,pin"

/* They are few, and come on one page. */
static enum cli_exit list(struct cmd *c)
{
	struct request r = { 0 };
	struct api_answer a = { 0 };
	enum cli_exit code = run_prepare(c, &r);

	if (code == CLI_OK)
		code = request_ask(c, &r, &a);
	if (code == CLI_OK)
		output_list(c, json_object_get(a.json, "items"));
	api_answer_done(&a);
	request_done(&r);
	return code;
}

const struct verb routing_policy_verbs[] = {
	{
		.name = "list",
		.doc = "Lists the rules in their order: the first that fits a task holds.",
		.method = "GET",
		.path = "/v1/routing-policies",
		.columns = COLUMNS,
		.run = list,
	},
	{
		.name = "get",
		.doc = "Shows a rule.",
		.args = { POLICY_ARG },
		.method = "GET",
		.path = "/v1/routing-policies/{}",
	},
	{
		.name = "create",
		.doc = "Makes a rule; it holds for what is placed from now on.",
		.args = { { .name = "NAME", .member = "name", .doc = "Unique, such as eu-only." } },
		.options = create_options,
		.method = "POST",
		.path = "/v1/routing-policies",
		.flags = VERB_IDEMPOTENT,
		.example =
			"footplate routing-policy create eu-only --when '{\"labels\":{\"zone\":\"eu\"}}' --require "
			"'{\"country\":\"DE\"}'",
	},
	{
		.name = "replace",
		.doc = "Replaces a rule; what is not said is not in it any more.",
		.args = { POLICY_ARG },
		.options = replace_options,
		.method = "PUT",
		.path = "/v1/routing-policies/{}",
		.flags = VERB_EDITED,
	},
	{
		.name = "delete",
		.doc = "Deletes a rule.",
		.args = { POLICY_ARG },
		.options = delete_options,
		.method = "DELETE",
		.path = "/v1/routing-policies/{}",
		.flags = VERB_EDITED,
	},
	{ 0 },
};
