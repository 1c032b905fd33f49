#include "cli/nouns.h"
#include "cli/run.h"

#define COLUMNS                                                                                                   \
	"id:SOURCE,breaker.state:STATE,openEgresses:OPEN,cursor,lag,successPermille1h:SUCCESS,breaker.lastError:" \
	"ERROR"
#define SOURCE_ARG                                                       \
	{                                                                \
		.name = "SOURCE", .doc = "Its name, such as steam.pics." \
	}

static const struct verb_option list_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION, { 0 } };
static const struct verb_option trip_options[] = {
	{ .row = { .name = "state",
		  .type = FIELD_STR,
		  .min = 1,
		  .max = 20,
		  .doc = "forced_open (default): it is not asked; forced_closed: it is, whatever happens." },
		.value = "STATE",
		.place = VERB_BODY },
	RUN_KEY_OPTION, { 0 }
};
static const struct verb_option key_options[] = { RUN_KEY_OPTION, { 0 } };
static const struct verb_option rollout_options[] = {
	{ .row = { .name = "percent",
		  .type = FIELD_U32,
		  .max = 100,
		  .doc = "So many of a hundred titles are asked of it." },
		.value = "N",
		.place = VERB_BODY },
	{ .row = { .name = "max-titles", .type = FIELD_U32, .doc = "So many titles at most; 0: no limit." },
		.value = "N",
		.member = "maxTitles",
		.place = VERB_BODY },
	{ .row = { .name = "label",
		  .type = FIELD_MAP,
		  .doc = "Only titles that have a watch with this label; may be repeated." },
		.value = "NAME=VALUE",
		.member = "labels",
		.place = VERB_BODY },
	{ .row = { .name = "shadow",
		  .type = FIELD_BOOL,
		  .doc = "Ask both, and only hold what it says against the other." },
		.place = VERB_BODY },
	RUN_MATCH_OPTION, { 0 }
};

const struct verb source_verbs[] = {
	{
		.name = "list",
		.doc = "Lists the ways to ask stores.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/sources",
		.columns = COLUMNS,
		.flags = VERB_LIST,
	},
	{
		.name = "show",
		.doc = "Shows one: its breaker and those of its egresses, its cursor, its gap.",
		.args = { SOURCE_ARG },
		.method = "GET",
		.path = "/v1/sources/{}",
	},
	{
		.name = "trip",
		.doc = "Forces its breaker open for all egresses, so that the other source is asked.",
		.args = { SOURCE_ARG },
		.options = trip_options,
		.method = "POST",
		.path = "/v1/sources/{}/trip",
		.flags = VERB_IDEMPOTENT,
		.example = "footplate source trip steam.pics",
	},
	{
		.name = "reset",
		.doc = "Closes its breaker, for all egresses.",
		.args = { SOURCE_ARG },
		.options = key_options,
		.method = "POST",
		.path = "/v1/sources/{}/reset",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "rollout",
		.doc = "Says for which titles it is asked.",
		.args = { SOURCE_ARG },
		.options = rollout_options,
		.method = "PATCH",
		.path = "/v1/sources/{}",
		.flags = VERB_EDITED,
		.example = "footplate source rollout steam.pics --percent 10",
	},
	{ 0 },
};
