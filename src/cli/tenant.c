#include "cli/nouns.h"
#include "cli/run.h"

static const struct verb_option list_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION, { 0 } };
static const struct verb_option create_options[] = { RUN_KEY_OPTION, { 0 } };
static const struct verb_option weight_options[] = {
	{ .row = { .name = "weight",
		  .type = FIELD_U32,
		  .flags = FIELD_REQUIRED,
		  .min = 1,
		  .max = 1000,
		  .doc = "Tasks that it may begin in each turn. Default of every tenant: 1." },
		.value = "N",
		.place = VERB_BODY },
	{ 0 },
};

const struct verb tenant_verbs[] = {
	{
		.name = "list",
		.doc = "Lists the tenants and their shares.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/tenants",
		.columns = "id,name,weight,createdAt",
		.flags = VERB_LIST,
	},
	{
		.name = "create",
		.doc = "Makes a tenant; needs the installation's admin:*.",
		.args = { { .name = "TENANT", .member = "id", .doc = "ten_ and a name, such as ten_blue." },
			{ .name = "NAME", .member = "name", .doc = "What people call it." } },
		.options = create_options,
		.method = "POST",
		.path = "/v1/tenants",
		.flags = VERB_IDEMPOTENT,
		.example = "footplate tenant create ten_blue 'Team Blue'",
	},
	{
		.name = "rename",
		.doc = "Gives a tenant another name for people; its id stays.",
		.args = { { .name = "TENANT", .doc = "Its id." },
			{ .name = "NAME", .member = "name", .doc = "What people call it." } },
		.method = "PATCH",
		.path = "/v1/tenants/{}",
	},
	{
		.name = "set",
		.doc = "Sets how much of the agents a tenant gets beside the others.",
		.args = { { .name = "TENANT", .doc = "Its id." } },
		.options = weight_options,
		.method = "PUT",
		.path = "/v1/tenants/{}/weight",
		.example = "footplate tenant set ten_blue --weight 3",
	},
	{ 0 },
};
