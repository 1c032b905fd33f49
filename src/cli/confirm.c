#include "cli/act.h"
#include "cli/nouns.h"

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
	ACT_OPTIONS,
	{ 0 },
};

static enum cli_exit respond(struct cmd *c)
{
	if (!cmd_has(c, "id") && !cmd_has(c, "creator"))
		return cmd_usage(c, "say which: --creator ID or --id ID; see footplate confirm list");
	return act_run(c);
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
