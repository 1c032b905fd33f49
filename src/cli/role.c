#include "cli/nouns.h"
#include "cli/run.h"

#define SCOPE_OPTION(flags_)                                                                     \
	{                                                                                        \
		.row = { .name = "scope",                                                        \
			.type = FIELD_LIST,                                                      \
			.item = FIELD_STR,                                                       \
			.flags = (flags_),                                                       \
			.max = 64,                                                               \
			.doc = "What it allows, such as jobs:read or jobs:*; again for more." }, \
		.letter = 's', .value = "SCOPE", .member = "scopes", .place = VERB_BODY          \
	}
#define TENANT_OPTION(place_)                                                                                \
	{                                                                                                    \
		.row = { .name = "tenant",                                                                   \
			.type = FIELD_STR,                                                                   \
			.min = 5,                                                                            \
			.max = 63,                                                                           \
			.doc = "In this tenant, for the installation's administrator. Default: your own." }, \
		.value = "TENANT", .member = "tenantId", .place = (place_)                                   \
	}

static const struct verb_option list_options[] = { TENANT_OPTION(VERB_QUERY), RUN_LIST_OPTIONS, { 0 } };
static const struct verb_option create_options[] = { SCOPE_OPTION(FIELD_REQUIRED), TENANT_OPTION(VERB_BODY),
	RUN_KEY_OPTION, { 0 } };
static const struct verb_option edit_options[] = {
	{ .row = { .name = "name", .type = FIELD_STR, .min = 1, .max = 100, .doc = "Unique in the tenant." },
		.value = "NAME",
		.place = VERB_BODY },
	SCOPE_OPTION(0),
	RUN_MATCH_OPTION,
	{ 0 },
};
static const struct verb_option match_options[] = { RUN_MATCH_OPTION, { 0 } };

#define ROLE_ARG                                                                     \
	{                                                                            \
		.name = "ROLE", .doc = "Id of one of the tenant's own roles (rol_)." \
	}

const struct verb role_verbs[] = {
	{
		.name = "list",
		.doc = "Lists the built-in roles and the tenant's own.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/roles",
		.columns = "id,name,builtIn:BUILT-IN,scopes,ownScopes:OWN,description",
		.flags = VERB_LIST,
	},
	{
		.name = "get",
		.doc = "Shows one of the tenant's own roles.",
		.args = { ROLE_ARG },
		.method = "GET",
		.path = "/v1/roles/{}",
	},
	{
		.name = "create",
		.doc = "Makes a role of no more than you have.",
		.args = { { .name = "NAME", .member = "name", .doc = "Unique in the tenant." } },
		.options = create_options,
		.method = "POST",
		.path = "/v1/roles",
		.flags = VERB_IDEMPOTENT,
		.example = "footplate role create night-shift --scope jobs:* --scope accounts:read",
	},
	{
		.name = "edit",
		.doc = "Changes a role; who has it may what it says from the next request on.",
		.args = { ROLE_ARG },
		.options = edit_options,
		.method = "PATCH",
		.path = "/v1/roles/{}",
		.flags = VERB_EDITED,
	},
	{
		.name = "delete",
		.doc = "Deletes a role that is bound to nobody.",
		.args = { ROLE_ARG },
		.options = match_options,
		.method = "DELETE",
		.path = "/v1/roles/{}",
		.flags = VERB_EDITED,
	},
	{ 0 },
};
