#include "cli/edit.h"
#include "cli/nouns.h"
#include "cli/run.h"

#define COLUMNS "id,name,labels,createdAt,updatedAt"

static const struct verb_option create_options[] = {
	{ .row = { .name = "label", .type = FIELD_MAP, .doc = "A label; again for more." },
		.letter = 'l',
		.value = "NAME=VALUE",
		.member = "labels",
		.place = VERB_BODY },
	RUN_KEY_OPTION,
	{ 0 },
};
static const struct verb_option edit_options[] = {
	{ .row = { .name = "name", .type = FIELD_STR, .min = 1, .max = 63, .doc = "New name." },
		.value = "NAME",
		.place = VERB_BODY },
	EDIT_LABEL_OPTIONS,
	RUN_MATCH_OPTION,
	{ 0 },
};
static const struct verb_option list_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION, { 0 } };
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
