#include "cli/nouns.h"
#include "cli/run.h"

#define COLUMNS "id,subjectKind:KIND,subjectId:SUBJECT,resource,used,limit"

#define TENANT_OPTION(place_)                                                                                \
	{                                                                                                    \
		.row = { .name = "tenant",                                                                   \
			.type = FIELD_STR,                                                                   \
			.min = 5,                                                                            \
			.max = 63,                                                                           \
			.doc = "Of this tenant, for the installation's administrator. Default: your own." }, \
		.value = "TENANT", .member = "tenantId", .place = (place_)                                   \
	}
#define LIMIT_OPTION                                                \
	{                                                           \
		.row = { .name = "max",                             \
			.type = FIELD_U32,                          \
			.flags = FIELD_REQUIRED,                    \
			.max = 1000000000,                          \
			.doc = "So many at once; 0: none." },       \
		.value = "N", .member = "limit", .place = VERB_BODY \
	}

static const struct verb_option list_options[] = {
	{ .row = { .name = "subject",
		  .type = FIELD_STR,
		  .min = 1,
		  .max = 80,
		  .doc = "Only those that bind this one, such as user:usr_…: its own, its groups' and the "
			 "tenant's." },
		.value = "KIND:ID",
		.place = VERB_QUERY },
	TENANT_OPTION(VERB_QUERY),
	RUN_LIST_OPTIONS,
	RUN_CURSOR_OPTION,
	{ 0 },
};
static const struct verb_option create_options[] = {
	{ .row = { .name = "resource",
		  .type = FIELD_STR,
		  .flags = FIELD_REQUIRED,
		  .min = 1,
		  .max = 32,
		  .doc = "Of what: jobs.active, tasks.open, schedules, webhooks or api_keys." },
		.letter = 'r',
		.value = "RESOURCE",
		.place = VERB_BODY },
	LIMIT_OPTION, TENANT_OPTION(VERB_BODY), RUN_KEY_OPTION, { 0 }
};
static const struct verb_option edit_options[] = { LIMIT_OPTION, RUN_MATCH_OPTION, { 0 } };
static const struct verb_option match_options[] = { RUN_MATCH_OPTION, { 0 } };

#define QUOTA_ARG                                        \
	{                                                \
		.name = "QUOTA", .doc = "Its id (quo_)." \
	}

const struct verb quota_verbs[] = {
	{
		.name = "list",
		.doc = "Lists the quotas.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/quotas",
		.columns = COLUMNS,
		.flags = VERB_LIST,
	},
	{
		.name = "usage",
		.doc = "Lists what is used of each quota.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/quota-usage",
		.columns = "subjectKind:KIND,subjectId:SUBJECT,resource,used,limit",
		.flags = VERB_LIST,
		.example = "footplate quota usage --subject user:usr_…",
	},
	{
		.name = "create",
		.doc = "Bounds how much a key, a user, a group or a tenant has of something at once.",
		.args = { { .name = "KIND", .member = "subjectKind", .doc = "key, user, group or tenant." },
			{ .name = "SUBJECT", .member = "subjectId", .doc = "Its id." } },
		.options = create_options,
		.method = "POST",
		.path = "/v1/quotas",
		.flags = VERB_IDEMPOTENT,
		.example = "footplate quota create group grp_… --resource jobs.active --max 20",
	},
	{
		.name = "edit",
		.doc = "Changes the limit; what is there already stays.",
		.args = { QUOTA_ARG },
		.options = edit_options,
		.method = "PATCH",
		.path = "/v1/quotas/{}",
		.flags = VERB_EDITED,
	},
	{
		.name = "delete",
		.doc = "Ends a quota.",
		.args = { QUOTA_ARG },
		.options = match_options,
		.method = "DELETE",
		.path = "/v1/quotas/{}",
		.flags = VERB_EDITED,
	},
	{ 0 },
};
