#include "cli/nouns.h"
#include "cli/run.h"

#define COLUMNS "id,name,enabled,on,debounceSeconds:DEBOUNCE,quietHours:QUIET,updatedAt:UPDATED"
#define FIRES   "id,buildKey:BUILD,status,made,notBefore:NOT BEFORE,firedAt:FIRED,finishedAt:OVER,problem"

#define TEXT_OPTION(name_, value_, member_, doc_)                                                          \
	{                                                                                                  \
		.row = { .name = (name_), .type = FIELD_STR, .min = 1, .doc = (doc_) }, .value = (value_), \
		.member = (member_), .place = VERB_BODY                                                    \
	}
#define ON_OPTIONS                                                                                            \
	TEXT_OPTION("type", "TYPE", "on.type",                                                                \
		"title.build_available, title.build_announced, title.changed or title.visibility_changed. "   \
		"Default: "                                                                                   \
		"title.build_available."),                                                                    \
		TEXT_OPTION("store", "STORE", "on.store", "Only of this store: steam, workshop, epic, gog."), \
		TEXT_OPTION("title", "ID", "on.title", "Only of this title: the store's own id."),            \
		TEXT_OPTION("branch", "BRANCH", "on.branch", "Only of this branch."),                         \
		TEXT_OPTION("os", "OS", "on.os", "Only for this system."),                                    \
		TEXT_OPTION("class", "CLASS", "on.class", "Only changes of this class.")
#define ACTION_OPTIONS                                                                                          \
	{ .row = { .name = "job",                                                                               \
		  .type = FIELD_JSON,                                                                           \
		  .doc = "The job that is made, as JSON: the text, @FILE, or @- for the standard input. "       \
			 "{{titleId}}, "                                                                        \
			 "{{branch}} and {{buildId}} in its texts stand for the build's." },                    \
		.value = "JSON",                                                                                \
		.member = "action.job",                                                                         \
		.place = VERB_BODY },                                                                           \
		TEXT_OPTION("webhook", "WEBHOOK", "action.webhookId", "The endpoint that is told, by its id."), \
		{ .row = { .name = "download",                                                                  \
			  .type = FIELD_JSON,                                                                   \
			  .doc = "The download that is made, as JSON, as --job." },                             \
			.value = "JSON",                                                                        \
			.member = "action.download",                                                            \
			.place = VERB_BODY },                                                                   \
		{ .row = { .name = "debounce",                                                                  \
			  .type = FIELD_U32,                                                                    \
			  .max = 604800,                                                                        \
			  .doc = "Wait so many seconds; a newer build takes the place of one that waits." },    \
			.value = "SECONDS",                                                                     \
			.member = "debounceSeconds",                                                            \
			.place = VERB_BODY },                                                                   \
	{                                                                                                       \
		.row = { .name = "quiet-hours",                                                                 \
			.type = FIELD_JSON,                                                                     \
			.doc = "Hours in which nothing is done, as JSON: "                                      \
			       "{\"timezone\":\"Europe/Berlin\",\"from\":\"22:00\",\"to\":\"07:00\"}; null: "   \
			       "none." },                                                                       \
		.value = "JSON", .member = "quietHours", .place = VERB_BODY                                     \
	}

static const struct verb_option create_options[] = {
	ON_OPTIONS,
	{ .row = { .name = "label",
		  .type = FIELD_MAP,
		  .doc = "Only of watches that have the label; again for more, all of them." },
		.letter = 'l',
		.value = "NAME=VALUE",
		.member = "on.labels",
		.place = VERB_BODY },
	ACTION_OPTIONS,
	{ .row = { .name = "disabled", .type = FIELD_BOOL, .doc = "Make it, and let it rest." },
		.member = "enabled",
		.json = "false",
		.place = VERB_BODY },
	RUN_KEY_OPTION,
	{ 0 },
};

static const struct verb_option edit_options[] = {
	{ .row = { .name = "name", .type = FIELD_STR, .min = 1, .max = 63, .doc = "Another name." },
		.value = "NAME",
		.place = VERB_BODY },
	{ .row = { .name = "on",
		  .type = FIELD_JSON,
		  .doc = "On what, whole, as JSON: type, store, title, labels, branch, os, class." },
		.value = "JSON",
		.place = VERB_BODY },
	ACTION_OPTIONS,
	{ .row = { .name = "enable", .type = FIELD_BOOL, .doc = "Let it look at what happens, from now." },
		.member = "enabled",
		.json = "true",
		.place = VERB_BODY },
	{ .row = { .name = "disable", .type = FIELD_BOOL, .doc = "Let it rest." },
		.member = "enabled",
		.json = "false",
		.place = VERB_BODY },
	RUN_MATCH_OPTION,
	{ 0 },
};

static const struct verb_option test_options[] = {
	{ .row = { .name = "event",
		  .type = FIELD_JSON,
		  .doc = "The payload of such an event, as JSON. Default: the last in the log." },
		.value = "JSON",
		.place = VERB_BODY },
	{ 0 },
};

static const struct verb_option list_options[] = { RUN_LIST_OPTIONS, { 0 } };
static const struct verb_option delete_options[] = { RUN_MATCH_OPTION, { 0 } };

#define TRIGGER_ARG                                 \
	{                                           \
		.name = "TRIGGER", .doc = "Its id." \
	}

const struct verb trigger_verbs[] = {
	{
		.name = "list",
		.doc = "Lists the triggers, newest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/triggers",
		.columns = COLUMNS,
		.flags = VERB_LIST,
	},
	{
		.name = "get",
		.doc = "Shows a trigger.",
		.args = { TRIGGER_ARG },
		.method = "GET",
		.path = "/v1/triggers/{}",
	},
	{
		.name = "create",
		.doc = "Makes a trigger: for each new build of what is watched a job is made, or an endpoint told, "
		       "once.",
		.args = { { .name = "NAME", .member = "name", .doc = "Unique." } },
		.options = create_options,
		.method = "POST",
		.path = "/v1/triggers",
		.body = "{\"on\":{}}",
		.flags = VERB_IDEMPOTENT,
		.example = "footplate trigger create tell-me --store steam --title 730 --branch public --webhook "
			   "whk_…",
	},
	{
		.name = "edit",
		.doc = "Edits a trigger.",
		.args = { TRIGGER_ARG },
		.options = edit_options,
		.method = "PATCH",
		.path = "/v1/triggers/{}",
		.flags = VERB_EDITED,
	},
	{
		.name = "delete",
		.doc = "Deletes a trigger; the jobs that it made stay.",
		.args = { TRIGGER_ARG },
		.options = delete_options,
		.method = "DELETE",
		.path = "/v1/triggers/{}",
		.flags = VERB_EDITED,
	},
	{
		.name = "test",
		.doc = "Tells what the trigger would do, and does nothing.",
		.args = { TRIGGER_ARG },
		.options = test_options,
		.method = "POST",
		.path = "/v1/triggers/{}/test",
	},
	{
		.name = "fires",
		.doc = "Lists what became of the builds that it waited for, newest first.",
		.args = { TRIGGER_ARG },
		.options = list_options,
		.method = "GET",
		.path = "/v1/triggers/{}/fires",
		.columns = FIRES,
		.flags = VERB_LIST,
	},
	{ 0 },
};
