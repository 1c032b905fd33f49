#include "cli/edit.h"
#include "cli/nouns.h"
#include "cli/run.h"

#define COLUMNS "id,name,country,compliance,labels,cordoned,createdAt,updatedAt"

static const struct verb_option create_options[] = {
	{ .row = { .name = "label", .type = FIELD_MAP, .doc = "A label; again for more." },
		.letter = 'l',
		.value = "NAME=VALUE",
		.member = "labels",
		.place = VERB_BODY },
	{ .row = { .name = "country",
		  .type = FIELD_STR,
		  .min = 1,
		  .max = 63,
		  .doc = "Country that its agents are in." },
		.value = "COUNTRY",
		.place = VERB_BODY },
	{ .row = { .name = "compliance",
		  .type = FIELD_LIST,
		  .item = FIELD_STR,
		  .max = 16,
		  .doc = "What it complies with, such as gdpr; again for more." },
		.value = "WORD",
		.place = VERB_BODY },
	RUN_KEY_OPTION,
	{ 0 },
};
static const struct verb_option edit_options[] = {
	{ .row = { .name = "name", .type = FIELD_STR, .min = 1, .max = 63, .doc = "New name." },
		.value = "NAME",
		.place = VERB_BODY },
	{ .row = { .name = "country",
		  .type = FIELD_STR,
		  .min = 1,
		  .max = 63,
		  .doc = "Country that its agents are in." },
		.value = "COUNTRY",
		.place = VERB_BODY },
	{ .row = { .name = "compliance",
		  .type = FIELD_LIST,
		  .item = FIELD_STR,
		  .max = 16,
		  .doc = "What it complies with, such as gdpr; again for more." },
		.value = "WORD",
		.place = VERB_BODY },
	EDIT_LABEL_OPTIONS,
	RUN_MATCH_OPTION,
	{ 0 },
};
static const struct verb_option list_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION, { 0 } };
static const struct verb_option deed_options[] = { RUN_KEY_OPTION, { 0 } };
static const struct verb_option drain_options[] = { RUN_DRAIN_OPTION, RUN_KEY_OPTION, { 0 } };
static const struct verb_option delete_options[] = { RUN_MATCH_OPTION, { 0 } };

#define REGION_ARG                                                               \
	{                                                                        \
		.name = "REGION", .doc = "Its name or id.", .names = VERB_REGION \
	}

const struct verb region_verbs[] = {
	{
		.name = "list",
		.doc = "Lists the regions, newest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/regions",
		.columns = COLUMNS,
		.flags = VERB_LIST,
	},
	{
		.name = "get",
		.doc = "Shows a region.",
		.args = { REGION_ARG },
		.method = "GET",
		.path = "/v1/regions/{}",
	},
	{
		.name = "create",
		.doc = "Makes a region.",
		.args = { { .name = "NAME", .member = "name", .doc = "Unique, such as eu-west." } },
		.options = create_options,
		.method = "POST",
		.path = "/v1/regions",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "edit",
		.doc = "Changes a region.",
		.args = { REGION_ARG },
		.options = edit_options,
		.method = "PATCH",
		.path = "/v1/regions/{}",
		.flags = VERB_EDITED,
		.run = edit_run,
	},
	{
		.name = "cordon",
		.doc = "Gives the agents of a region no new tasks and accounts.",
		.args = { REGION_ARG },
		.options = deed_options,
		.method = "POST",
		.path = "/v1/regions/{}/cordon",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "uncordon",
		.doc = "Gives the agents of a region tasks and accounts again.",
		.args = { REGION_ARG },
		.options = deed_options,
		.method = "POST",
		.path = "/v1/regions/{}/uncordon",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "drain",
		.doc = "Cordons a region, and drains each of its agents.",
		.args = { REGION_ARG },
		.options = drain_options,
		.method = "POST",
		.path = "/v1/regions/{}/drain",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "undrain",
		.doc = "Ends the drain of a region's agents, and uncordons it.",
		.args = { REGION_ARG },
		.options = deed_options,
		.method = "POST",
		.path = "/v1/regions/{}/undrain",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "delete",
		.doc = "Deletes a region that no agent belongs to.",
		.args = { REGION_ARG },
		.options = delete_options,
		.method = "DELETE",
		.path = "/v1/regions/{}",
		.flags = VERB_EDITED,
	},
	{ 0 },
};
