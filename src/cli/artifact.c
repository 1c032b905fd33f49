#include "cli/nouns.h"
#include "cli/run.h"

#define COLUMNS "id,kind,state,package.format:PACKAGE,bytes,files,expiresAt:EXPIRES"

static const struct verb_option list_options[] = {
	{ .row = { .name = "state",
		  .type = FIELD_STR,
		  .max = 16,
		  .doc = "Only those in this state: ready (the default), expired, deleted, or any." },
		.value = "STATE",
		.place = VERB_QUERY },
	{ .row = { .name = "content", .type = FIELD_STR, .max = 64, .doc = "Only those of this content." },
		.value = "ID",
		.member = "contentId",
		.place = VERB_QUERY },
	{ .row = { .name = "download", .type = FIELD_STR, .max = 64, .doc = "Only those of this download." },
		.value = "DOWNLOAD",
		.member = "downloadId",
		.place = VERB_QUERY },
	RUN_LIST_OPTIONS,
	RUN_CURSOR_OPTION,
	{ 0 },
};
static const struct verb_option link_options[] = {
	{ .row = { .name = "expires",
		  .type = FIELD_U32,
		  .min = 1,
		  .max = 86400,
		  .doc = "It works so many seconds. Default: 3600." },
		.value = "SECONDS",
		.member = "expiresInSeconds",
		.place = VERB_BODY },
	{ .row = { .name = "uses",
		  .type = FIELD_U32,
		  .max = 1000000,
		  .doc = "It works so often; 0: as often as asked for. Default: once." },
		.value = "N",
		.member = "maxUses",
		.place = VERB_BODY },
	{ .row = { .name = "path",
		  .type = FIELD_STR,
		  .min = 1,
		  .max = 1024,
		  .doc = "One file of it. Default: its package." },
		.value = "PATH",
		.place = VERB_BODY },
	{ 0 },
};
static const struct verb_option match_options[] = { RUN_MATCH_OPTION, { 0 } };

#define ARTIFACT_ARG                                        \
	{                                                   \
		.name = "ARTIFACT", .doc = "Its id (art_)." \
	}

const struct verb artifact_verbs[] = {
	{
		.name = "list",
		.doc = "Lists what was fetched and can be downloaded.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/artifacts",
		.columns = COLUMNS,
		.flags = VERB_LIST,
	},
	{
		.name = "get",
		.doc = "Shows one artifact.",
		.args = { ARTIFACT_ARG },
		.method = "GET",
		.path = "/v1/artifacts/{}",
	},
	{
		.name = "ls",
		.doc = "Prints its manifest: its files, with the SHA-256 of each.",
		.args = { ARTIFACT_ARG },
		.method = "GET",
		.path = "/v1/artifacts/{}/manifest",
		.flags = VERB_RAW,
	},
	{
		.name = "link",
		.doc = "Makes a link by which others can download it without a key.",
		.args = { ARTIFACT_ARG },
		.options = link_options,
		.method = "POST",
		.path = "/v1/artifacts/{}/links",
		.columns = "id,url,maxUses:USES,expiresAt:EXPIRES",
		.example = "footplate artifact link art_… --uses 3 --expires 600",
	},
	{
		.name = "links",
		.doc = "Lists its links, without what makes them work.",
		.args = { ARTIFACT_ARG },
		.method = "GET",
		.path = "/v1/artifacts/{}/links",
		.columns = "id,path,uses,maxUses:MAX,expiresAt:EXPIRES",
	},
	{
		.name = "unlink",
		.doc = "Ends a link.",
		.args = { ARTIFACT_ARG, { .name = "LINK", .doc = "Its id (lnk_)." } },
		.method = "DELETE",
		.path = "/v1/artifacts/{}/links/{}",
	},
	{
		.name = "rm",
		.doc = "Deletes an artifact and its links. The content goes when nobody else uses it.",
		.args = { ARTIFACT_ARG },
		.options = match_options,
		.method = "DELETE",
		.path = "/v1/artifacts/{}",
		.flags = VERB_EDITED,
	},
	{ 0 },
};
