#include "cli/edit.h"
#include "cli/import.h"
#include "cli/nouns.h"
#include "cli/run.h"

#define COLUMNS "id,login,enabled,regionHint:REGION,labels,agentId:AGENT,updatedAt"

#define REGION_OPTION                                                                               \
	{                                                                                           \
		.row = { .name = "region",                                                          \
			.type = FIELD_STR,                                                          \
			.min = 1,                                                                   \
			.doc = "Region its tasks run in, by name or id." },                         \
		.value = "REGION", .member = "regionHint", .place = VERB_BODY, .names = VERB_REGION \
	}
#define LABEL_OPTION                                                                                             \
	{                                                                                                        \
		.row = { .name = "label", .type = FIELD_MAP, .doc = "A label; again for more." }, .letter = 'l', \
		.value = "NAME=VALUE", .member = "labels", .place = VERB_BODY                                    \
	}
#define DISABLED_OPTION                                                                              \
	{                                                                                            \
		.row = { .name = "disabled", .type = FIELD_BOOL, .doc = "Its tasks fail at once." }, \
		.member = "enabled", .json = "false", .place = VERB_BODY                             \
	}

#define ANONYMOUS_OPTION                                                                                           \
	{                                                                                                          \
		.row = { .name = "anonymous", .type = FIELD_BOOL, .doc = "Logs on without a name and password." }, \
		.member = "anonymous", .json = "true", .place = VERB_BODY                                          \
	}

static const struct verb_option create_options[] = { REGION_OPTION, LABEL_OPTION, DISABLED_OPTION, ANONYMOUS_OPTION,
	RUN_KEY_OPTION, { 0 } };
static const struct verb_option import_options[] = { REGION_OPTION, LABEL_OPTION, DISABLED_OPTION, ANONYMOUS_OPTION,
	{ 0 } };

static const struct verb_option edit_options[] = {
	{ .row = { .name = "login", .type = FIELD_STR, .min = 1, .max = 64, .doc = "New name on Steam." },
		.value = "LOGIN",
		.place = VERB_BODY },
	REGION_OPTION,
	{ .row = { .name = "any-region", .type = FIELD_BOOL, .doc = "Its tasks run anywhere." },
		.member = "regionHint",
		.json = "null",
		.place = VERB_BODY },
	EDIT_LABEL_OPTIONS,
	{ .row = { .name = "enable", .type = FIELD_BOOL, .doc = "Its tasks run." },
		.member = "enabled",
		.place = VERB_BODY },
	{ .row = { .name = "disable", .type = FIELD_BOOL, .doc = "Its tasks fail at once." },
		.member = "enabled",
		.json = "false",
		.place = VERB_BODY },
	RUN_MATCH_OPTION,
	{ 0 },
};

static const struct verb_option list_options[] = {
	{ .row = { .name = "login",
		  .type = FIELD_STR,
		  .min = 1,
		  .max = 64,
		  .doc = "Only the account with this login." },
		.value = "LOGIN",
		.place = VERB_QUERY },
	RUN_LIST_OPTIONS,
	RUN_CURSOR_OPTION,
	{ 0 },
};

static const struct verb_option delete_options[] = { RUN_MATCH_OPTION, { 0 } };

#define ACCOUNT_ARG                                                                 \
	{                                                                           \
		.name = "ACCOUNT", .doc = "Its login or id.", .names = VERB_ACCOUNT \
	}

const struct verb account_verbs[] = {
	{
		.name = "create",
		.doc = "Makes an account.",
		.args = { { .name = "LOGIN", .member = "login", .doc = "The account's name on Steam." } },
		.options = create_options,
		.method = "POST",
		.path = "/v1/accounts",
		.flags = VERB_IDEMPOTENT,
		.example = "footplate account create alice --region eu-west --label team=red",
	},
	{
		.name = "list",
		.doc = "Lists the accounts, newest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/accounts",
		.columns = COLUMNS,
		.flags = VERB_LIST,
	},
	{
		.name = "get",
		.doc = "Shows an account.",
		.args = { ACCOUNT_ARG },
		.method = "GET",
		.path = "/v1/accounts/{}",
	},
	{
		.name = "edit",
		.doc = "Changes an account.",
		.args = { ACCOUNT_ARG },
		.options = edit_options,
		.method = "PATCH",
		.path = "/v1/accounts/{}",
		.flags = VERB_EDITED,
		.run = edit_run,
		.example = "footplate account edit alice --label team=blue --disable",
	},
	{
		.name = "delete",
		.doc = "Deletes an account that no task works on.",
		.args = { ACCOUNT_ARG },
		.options = delete_options,
		.method = "DELETE",
		.path = "/v1/accounts/{}",
		.flags = VERB_EDITED,
	},
	{
		.name = "import",
		.doc = "Makes an account of each line of a file; those that are there already stay as they are.",
		.args = { { .name = "FILE", .doc = "One login a line; - is the standard input." } },
		.options = import_options,
		.method = "POST",
		.path = "/v1/accounts",
		.columns = COLUMNS,
		.run = import_accounts,
	},
	{ 0 },
};
