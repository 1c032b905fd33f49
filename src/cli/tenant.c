#include "cli/nouns.h"
#include "cli/run.h"

static const struct verb_option list_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION, { 0 } };
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
		.columns = "id,weight,createdAt",
		.flags = VERB_LIST,
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
