#include "cli/nouns.h"
#include "cli/run.h"

#define COLUMNS "id,subjectId:SUBJECT,role,selector,createdBy,createdAt"

#define ONLY(name_, member_, value_, doc_)                                                                   \
	{                                                                                                    \
		.row = { .name = (name_), .type = FIELD_LIST, .item = FIELD_STR, .max = 64, .doc = (doc_) }, \
		.value = (value_), .member = (member_), .place = VERB_BODY                                   \
	}

static const struct verb_option list_options[] = {
	{ .row = { .name = "subject",
		  .type = FIELD_STR,
		  .min = 1,
		  .max = 64,
		  .doc = "Only of this person or group." },
		.value = "ID",
		.member = "subjectId",
		.place = VERB_QUERY },
	{ .row = { .name = "role", .type = FIELD_STR, .min = 1, .max = 64, .doc = "Only of this role." },
		.value = "ROLE",
		.place = VERB_QUERY },
	RUN_LIST_OPTIONS,
	RUN_CURSOR_OPTION,
	{ 0 },
};
static const struct verb_option create_options[] = {
	{ .row = { .name = "own", .type = FIELD_BOOL, .doc = "Only what they made themselves." },
		.member = "selector.own",
		.place = VERB_BODY },
	ONLY("region", "selector.regions", "ID", "Only in this region, by id; again for more."),
	ONLY("action", "selector.actions", "ACTION", "Only this action, such as trade.*; again for more."),
	{ .row = { .name = "label",
		  .type = FIELD_MAP,
		  .doc = "Only accounts with this label; again for more: all of them." },
		.value = "KEY=VALUE",
		.member = "selector.accountLabels",
		.place = VERB_BODY },
	RUN_KEY_OPTION,
	{ 0 },
};

#define BINDING_ARG                                            \
	{                                                      \
		.name = "BINDING", .doc = "Id of the binding." \
	}

const struct verb binding_verbs[] = {
	{
		.name = "list",
		.doc = "Lists to whom roles are bound, newest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/role-bindings",
		.columns = COLUMNS,
		.flags = VERB_LIST,
	},
	{
		.name = "get",
		.doc = "Shows a binding.",
		.args = { BINDING_ARG },
		.method = "GET",
		.path = "/v1/role-bindings/{}",
	},
	{
		.name = "create",
		.doc = "Binds a role to a person or a group. What you give, you must have, for as much.",
		.args = { { .name = "SUBJECT", .member = "subjectId", .doc = "Id of the person or the group." },
			{ .name = "ROLE",
				.member = "role",
				.doc = "A built-in role's name, or the id of the tenant's own." } },
		.options = create_options,
		.method = "POST",
		.path = "/v1/role-bindings",
		.flags = VERB_IDEMPOTENT,
		.example = "footplate binding create usr_01J… operator --region rgn_01J…",
	},
	{
		.name = "delete",
		.doc = "Unbinds a role.",
		.args = { BINDING_ARG },
		.method = "DELETE",
		.path = "/v1/role-bindings/{}",
	},
	{ 0 },
};
