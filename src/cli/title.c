#include "cli/nouns.h"
#include "cli/run.h"

static const struct verb_option builds_options[] = {
	{ .row = { .name = "branch", .type = FIELD_STR, .min = 1, .max = 100, .doc = "Only of this branch." },
		.letter = 'b',
		.value = "BRANCH",
		.place = VERB_QUERY },
	RUN_LIST_OPTIONS,
	RUN_CURSOR_OPTION,
	{ 0 },
};
static const struct verb_option diff_options[] = {
	{ .row = { .name = "branch", .type = FIELD_STR, .min = 1, .max = 100, .doc = "Of which branch they are." },
		.letter = 'b',
		.value = "BRANCH",
		.place = VERB_QUERY },
	{ 0 },
};

#define TITLE_ARGS                                                   \
	{ .name = "STORE", .doc = "steam, workshop, epic or gog." }, \
	{                                                            \
		.name = "TITLE", .doc = "The store's own id."        \
	}

const struct verb title_verbs[] = {
	{
		.name = "show",
		.doc = "Shows what is known of a title that you watch.",
		.args = { TITLE_ARGS },
		.method = "GET",
		.path = "/v1/titles/{}/{}",
		.example = "footplate title show steam 730",
	},
	{
		.name = "builds",
		.doc = "Lists the builds of a title that you watch, newest first.",
		.args = { TITLE_ARGS },
		.options = builds_options,
		.method = "GET",
		.path = "/v1/titles/{}/{}/builds",
		.columns =
			"buildId:BUILD,branch,os,version,direction,announcedAt:ANNOUNCED,availableAt:AVAILABLE,id",
		.flags = VERB_LIST,
	},
	{
		.name = "diff",
		.doc = "Tells which depots differ between two builds.",
		.args = { TITLE_ARGS, { .name = "FROM..TO", .doc = "Two builds, by the store's ids or ours." } },
		.options = diff_options,
		.method = "GET",
		.path = "/v1/titles/{}/{}/builds/{}",
		.columns = "depot,change,os,language,fromManifest:FROM,toManifest:TO,toSize:SIZE,downloadSize:"
			   "DOWNLOAD",
		.id = "depot",
		.example = "footplate title diff steam 730 19000000..19000001",
	},
	{ 0 },
};
