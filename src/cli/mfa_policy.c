#include "cli/nouns.h"
#include "cli/run.h"

static const struct verb_option set_options[] = {
	{ .row = { .name = "everyone", .type = FIELD_BOOL, .doc = "All people of the tenant need one." },
		.place = VERB_BODY },
	{ .row = { .name = "role",
		  .type = FIELD_LIST,
		  .item = FIELD_STR,
		  .max = 64,
		  .doc = "Who has this role does: a built-in role's name, or the id of the tenant's own; again for "
			 "more." },
		.value = "ROLE",
		.member = "roles",
		.place = VERB_BODY },
	{ 0 },
};

const struct verb mfa_policy_verbs[] = {
	{
		.name = "get",
		.doc = "Shows who has to have a second factor.",
		.method = "GET",
		.path = "/v1/mfa-policy",
		.id = "everyone",
	},
	{
		.name = "set",
		.doc = "Says who has to have a second factor; without options: nobody.",
		.options = set_options,
		.method = "PUT",
		.path = "/v1/mfa-policy",
		.body = "{\"everyone\":false}",
		.id = "everyone",
		.example = "footplate mfa-policy set --role owner --role admin",
	},
	{ 0 },
};
