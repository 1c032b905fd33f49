#include "cli/nouns.h"
#include "cli/run.h"

static const struct verb_option list_options[] = {
	{ .row = { .name = "user",
		  .type = FIELD_STR,
		  .min = 1,
		  .max = 64,
		  .doc = "Only those that this person is in." },
		.value = "USER",
		.member = "userId",
		.place = VERB_QUERY },
	RUN_LIST_OPTIONS,
	RUN_CURSOR_OPTION,
	{ 0 },
};
static const struct verb_option page_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION, { 0 } };
static const struct verb_option create_options[] = {
	{ .row = { .name = "tenant",
		  .type = FIELD_STR,
		  .min = 5,
		  .max = 63,
		  .doc = "In this tenant, for the installation's administrator. Default: your own." },
		.value = "TENANT",
		.member = "tenantId",
		.place = VERB_BODY },
	RUN_KEY_OPTION,
	{ 0 },
};
static const struct verb_option match_options[] = { RUN_MATCH_OPTION, { 0 } };

#define GROUP_ARG                                          \
	{                                                  \
		.name = "GROUP", .doc = "Id of the group." \
	}
#define USER_ARG                                           \
	{                                                  \
		.name = "USER", .doc = "Id of the person." \
	}

const struct verb group_verbs[] = {
	{
		.name = "list",
		.doc = "Lists the groups, newest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/groups",
		.columns = "id,name,members,createdAt",
		.flags = VERB_LIST,
	},
	{
		.name = "get",
		.doc = "Shows a group.",
		.args = { GROUP_ARG },
		.method = "GET",
		.path = "/v1/groups/{}",
	},
	{
		.name = "create",
		.doc = "Makes a group. What is bound to it, all who are in it may.",
		.args = { { .name = "NAME", .member = "name", .doc = "Unique in the tenant." } },
		.options = create_options,
		.method = "POST",
		.path = "/v1/groups",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "rename",
		.doc = "Gives a group another name.",
		.args = { GROUP_ARG, { .name = "NAME", .member = "name", .doc = "Unique in the tenant." } },
		.options = match_options,
		.method = "PATCH",
		.path = "/v1/groups/{}",
		.flags = VERB_EDITED,
	},
	{
		.name = "delete",
		.doc = "Deletes a group, and what is bound to it.",
		.args = { GROUP_ARG },
		.options = match_options,
		.method = "DELETE",
		.path = "/v1/groups/{}",
		.flags = VERB_EDITED,
	},
	{
		.name = "members",
		.doc = "Lists who is in a group.",
		.args = { GROUP_ARG },
		.options = page_options,
		.method = "GET",
		.path = "/v1/users?groupId={}",
		.columns = "id,login,name,enabled",
		.flags = VERB_LIST,
	},
	{
		.name = "add",
		.doc = "Puts a person into a group.",
		.args = { GROUP_ARG, USER_ARG },
		.method = "PUT",
		.path = "/v1/groups/{}/members/{}",
	},
	{
		.name = "remove",
		.doc = "Takes a person out of a group.",
		.args = { GROUP_ARG, USER_ARG },
		.method = "DELETE",
		.path = "/v1/groups/{}/members/{}",
	},
	{ 0 },
};
