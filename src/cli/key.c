#include "cli/nouns.h"
#include "cli/run.h"

static const struct verb_option list_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION, { 0 } };

static const struct verb_option create_options[] = {
	{ .row = { .name = "scope",
		  .type = FIELD_LIST,
		  .item = FIELD_STR,
		  .flags = FIELD_REQUIRED,
		  .max = 64,
		  .doc = "What it may do, such as jobs:read or jobs:*; again for more." },
		.letter = 's',
		.value = "SCOPE",
		.member = "scopes",
		.place = VERB_BODY },
	{ .row = { .name = "expires",
		  .type = FIELD_TIME,
		  .doc = "Refuse it from then on: 90d, 12h, or 2030-01-31T12:00:00Z. Default: never." },
		.value = "TIME",
		.member = "expiresAt",
		.place = VERB_BODY },
	{ .row = { .name = "tenant",
		  .type = FIELD_STR,
		  .min = 5,
		  .max = 63,
		  .doc = "Tenant whose jobs its jobs are: ten_ and a name. Another than your own needs admin:*." },
		.value = "TENANT",
		.member = "tenantId",
		.place = VERB_BODY },
	{ 0 },
};

#define KEY_ARG                                        \
	{                                              \
		.name = "KEY", .doc = "Id of the key." \
	}

const struct verb key_verbs[] = {
	{
		.name = "create",
		.doc = "Makes a key and shows it this once; with --quiet the key alone.",
		.args = { { .name = "NAME", .member = "name", .doc = "What people call it." } },
		.options = create_options,
		.method = "POST",
		.path = "/v1/api-keys",
		.id = "secret",
		.example = "(umask 077; footplate key create ci --scope jobs:* --expires 90d -q >ci.key)",
	},
	{
		.name = "list",
		.doc = "Lists the keys, newest first. Never the secrets.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/api-keys",
		.columns = "id,name,prefix,scopes,expiresAt,revokedAt,createdAt",
		.flags = VERB_LIST,
	},
	{
		.name = "get",
		.doc = "Shows a key. Never the secret.",
		.args = { KEY_ARG },
		.method = "GET",
		.path = "/v1/api-keys/{}",
	},
	{
		.name = "revoke",
		.doc = "Refuses a key from now on.",
		.args = { KEY_ARG },
		.method = "POST",
		.path = "/v1/api-keys/{}/revoke",
	},
	{ 0 },
};
