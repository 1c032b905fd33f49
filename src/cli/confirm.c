#include "cli/act.h"
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/run.h"
#include "wire/json.h"

#include <jansson.h>
#include <string.h>

#define AT_ONCE 10 /* of one task */

static const char *const types[] = { "all", "trade", "market", NULL };

static const struct verb_option list_options[] = {
	{ .row = { .name = "type", .type = FIELD_ENUM, .words = types, .doc = "Which ones." },
		.value = "TYPE",
		.place = VERB_BODY },
	ACT_OPTIONS,
	{ 0 },
};

static const struct verb_option respond_options[] = {
	{ .row = { .name = "creator",
		  .type = FIELD_LIST,
		  .item = FIELD_STR,
		  .max = 10,
		  .doc = "What it confirms, by the id of the offer or listing; again for more." },
		.value = "ID",
		.member = "creatorIds",
		.place = VERB_BODY },
	{ .row = { .name = "id",
		  .type = FIELD_LIST,
		  .item = FIELD_STR,
		  .max = 10,
		  .doc = "Or the confirmation's own id; again for more." },
		.value = "ID",
		.member = "ids",
		.place = VERB_BODY },
	{ .row = { .name = "all", .type = FIELD_BOOL, .doc = "All that wait now." }, .letter = 'a' },
	{ .row = { .name = "type", .type = FIELD_ENUM, .words = types, .doc = "All of this type that wait now." },
		.value = "TYPE" },
	ACT_OPTIONS,
	{ 0 },
};

/* Answers up to AT_ONCE of those that wait, from `from` on; what became of them goes to `results`. */
static enum cli_exit answer_some(struct cmd *c, const json_t *waiting, size_t from, json_t *results)
{
	auto_json json_t *payload = json_pack("{s:s, s:[]}", "operation", c->verb->name, "ids");
	auto_json json_t *result = NULL;

	for (size_t i = from; payload && i < from + AT_ONCE && i < json_array_size(waiting); i++)
		json_array_append(
			json_object_get(payload, "ids"), json_object_get(json_array_get(waiting, i), "id"));
	const struct act a = { .action = c->verb->action, .payload = payload, .dry = c->dry };
	enum cli_exit code = act_ask(c, &a, &result);
	json_t *done = c->dry ? NULL : json_object_get(result, c->verb->items);
	if (done)
		json_array_extend(results, done);
	else if (result)
		json_array_append(results, result);
	return code;
}

/* What waits is asked for first: an answer says which ones it is for. */
static enum cli_exit answer_all(struct cmd *c)
{
	const char *type = cmd_text(c, "type");
	auto_json json_t *payload = json_pack("{s:s}", "type", type ? type : "all"), *list = NULL,
			 *results = json_array();
	struct request r = { 0 };
	enum cli_exit code = run_prepare(c, &r); /* looks the account up */

	request_done(&r);
	if (code == CLI_OK)
		code = act_ask(c, &(struct act){ .action = "confirmations.list", .payload = payload }, &list);
	const json_t *waiting = json_object_get(list, "confirmations");
	for (size_t i = 0; code == CLI_OK && i < json_array_size(waiting); i += AT_ONCE)
		code = answer_some(c, waiting, i, results);
	if (list)
		output_list(c, results);
	return code;
}

static enum cli_exit respond(struct cmd *c)
{
	bool named = cmd_has(c, "id") || cmd_has(c, "creator"), all = cmd_has(c, "all") || cmd_has(c, "type");

	if (named == all)
		return cmd_usage(
			c, "say which: --creator ID, --id ID, --type TYPE or --all; see footplate confirm list");
	return named ? act_run(c) : answer_all(c);
}

#define ACCOUNT_ARG                                                                 \
	{                                                                           \
		.name = "ACCOUNT", .doc = "Its login or id.", .names = VERB_ACCOUNT \
	}
#define JOB .method = "POST", .path = "/v1/jobs"

const struct verb confirm_verbs[] = {
	{
		.name = "list",
		.doc = "Lists what waits for the account's mobile confirmation, as Steam has it now.",
		.args = { ACCOUNT_ARG },
		.options = list_options,
		JOB,
		.action = "confirmations.list",
		.columns = "id,type,creatorId:CREATOR,headline,createdAt",
		.items = "confirmations",
		.flags = VERB_IDEMPOTENT,
		.run = act_run,
	},
	{
		.name = "accept",
		.doc = "Accepts confirmations.",
		.args = { ACCOUNT_ARG },
		.options = respond_options,
		JOB,
		.body = "{\"operation\":\"accept\"}",
		.action = "confirmations.respond",
		.columns = "id,creatorId:CREATOR,status",
		.items = "results",
		.flags = VERB_IDEMPOTENT | VERB_DRY,
		.run = respond,
		.example = "footplate confirm accept alice --creator 6112345678",
	},
	{
		.name = "cancel",
		.doc = "Cancels confirmations.",
		.args = { ACCOUNT_ARG },
		.options = respond_options,
		JOB,
		.body = "{\"operation\":\"cancel\"}",
		.action = "confirmations.respond",
		.columns = "id,creatorId:CREATOR,status",
		.items = "results",
		.flags = VERB_IDEMPOTENT | VERB_DRY,
		.run = respond,
	},
	{ 0 },
};
