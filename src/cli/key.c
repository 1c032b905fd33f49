#include "cli/nouns.h"
#include "cli/run.h"

static const struct verb_option list_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION, { 0 } };

#define LIMIT_OPTION(name_, value_, member_, doc_)                                                         \
	{                                                                                                  \
		.row = { .name = (name_), .type = FIELD_I64, .min = 1, .doc = (doc_) }, .value = (value_), \
		.member = (member_), .place = VERB_BODY                                                    \
	}
#define LIST_OPTION(name_, value_, member_, doc_)                                                            \
	{                                                                                                    \
		.row = { .name = (name_), .type = FIELD_LIST, .item = FIELD_STR, .max = 32, .doc = (doc_) }, \
		.value = (value_), .member = (member_), .place = VERB_BODY                                   \
	}
#define LIMIT_OPTIONS                                                                                     \
	LIMIT_OPTION("rate", "N", "rateLimit", "Requests a minute."),                                     \
		LIMIT_OPTION("daily", "N", "quotaDaily", "Requests a day (UTC)."),                        \
		LIMIT_OPTION("monthly", "N", "quotaMonthly", "Requests a month (UTC)."),                  \
		LIMIT_OPTION("concurrent", "N", "maxConcurrent", "Requests and streams at once."),        \
		LIMIT_OPTION("runtime", "SECONDS", "maxRuntimeSeconds", "How long its jobs may run."),    \
		LIST_OPTION("allow", "BLOCK", "ipAllow", "It may come from here alone; again for more."), \
		LIST_OPTION("deny", "BLOCK", "ipDeny", "It may not come from here; again for more.")

static const struct verb_option create_options[] = {
	LIMIT_OPTIONS,
	LIST_OPTION("region", "REGION", "constraints.regions", "Only in this region (id); again for more."),
	LIST_OPTION(
		"action", "ACTION", "constraints.actions", "Only this action, such as friends.*; again for more."),
	{ .row = { .name = "label", .type = FIELD_MAP, .doc = "Only accounts with this label; again for more." },
		.letter = 'l',
		.value = "NAME=VALUE",
		.member = "constraints.accountLabels",
		.place = VERB_BODY },
	{ .row = { .name = "user", .type = FIELD_STR, .max = 64, .doc = "Whose service key it is to be (id)." },
		.value = "USER",
		.member = "userId",
		.place = VERB_BODY },
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

static const struct verb_option edit_options[] = {
	LIMIT_OPTIONS,
	{ .row = { .name = "name", .type = FIELD_STR, .min = 1, .max = 100, .doc = "What people call it." },
		.value = "NAME",
		.place = VERB_BODY },
	{ .row = { .name = "expires", .type = FIELD_TIME, .doc = "Refuse it from then on." },
		.value = "TIME",
		.member = "expiresAt",
		.place = VERB_BODY },
	{ .row = { .name = "active", .type = FIELD_BOOL, .doc = "Takes it again." },
		.member = "isActive",
		.place = VERB_BODY },
	{ .row = { .name = "inactive", .type = FIELD_BOOL, .doc = "Refuses it until it is made active again." },
		.member = "isActive",
		.json = "false",
		.place = VERB_BODY },
	RUN_MATCH_OPTION,
	{ 0 },
};

static const struct verb_option rotate_options[] = {
	{ .row = { .name = "overlap",
		  .type = FIELD_U32,
		  .max = 2592000,
		  .doc = "So many seconds the old secret is good beside the new one; 0: not at all. Default: a "
			 "day." },
		.value = "SECONDS",
		.member = "overlapSeconds",
		.place = VERB_BODY },
	{ 0 },
};

static const struct verb_option delete_options[] = { RUN_MATCH_OPTION, { 0 } };

static const struct verb_option usage_options[] = {
	{ .row = { .name = "per", .type = FIELD_STR, .doc = "hour or day. Default: hour." },
		.value = "UNIT",
		.place = VERB_QUERY },
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
	{
		.name = "edit",
		.doc = "Edits a key; streams that are open with it end.",
		.args = { KEY_ARG },
		.options = edit_options,
		.method = "PATCH",
		.path = "/v1/api-keys/{}",
		.flags = VERB_EDITED,
		.example = "footplate key edit apk_01J9Z3 --rate 600 --daily 50000",
	},
	{
		.name = "rotate",
		.doc = "Gives a key another secret and shows it this once; with --quiet the key alone.",
		.args = { KEY_ARG },
		.options = rotate_options,
		.method = "POST",
		.path = "/v1/api-keys/{}/rotate",
		.id = "secret",
	},
	{
		.name = "usage",
		.doc = "Shows how much a key was used.",
		.args = { KEY_ARG },
		.options = usage_options,
		.method = "GET",
		.path = "/v1/api-keys/{}/usage",
		.columns = "at,requests,refused",
		.flags = VERB_LIST,
	},
	{
		.name = "delete",
		.doc = "Refuses a key from now on, and forgets it and its usage.",
		.args = { KEY_ARG },
		.options = delete_options,
		.method = "DELETE",
		.path = "/v1/api-keys/{}",
		.flags = VERB_EDITED,
	},
	{ 0 },
};
