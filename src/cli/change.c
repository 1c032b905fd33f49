#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/run.h"
#include "io/clock.h"

#include <jansson.h>

#define LOOK_MS 1000 /* between two looks of tail */
#define COLUMNS "cursor,store,titleId:TITLE,class,branch,buildId:BUILD,direction,source,observedAt:SEEN"

static const char *const classes[] = { "any", "build", "branch", "depot", "metadata", "store_page", "price",
	"visibility", "package", "workshop_item", NULL };

/* Prints what is there after the cursor; `to` is the path of the next page. */
static enum cli_exit print_page(struct cmd *c, const char *class, int64_t *after, uint64_t *printed)
{
	struct api_answer a = { 0 };
	struct buf path = { 0 };
	const json_t *item;
	size_t i;

	buf_fmt(&path, "/v1/changes?limit=500&after=%lld", (long long)*after);
	if (class)
		buf_fmt(&path, "&class=%s", class);
	enum cli_exit code = api_ask(c, &(struct api_request){ .method = "GET", .path = buf_text(&path) }, &a);
	json_array_foreach(json_object_get(a.json, "items"), i, item)
	{
		*after = json_integer_value(json_object_get(item, "cursor"));
		output_item(c, item, (*printed)++ == 0);
	}
	api_answer_done(&a);
	buf_done(&path);
	return code;
}

static enum cli_exit tail(struct cmd *c)
{
	int64_t after = cmd_number(c, "after"), limit = cmd_number(c, "limit");
	const char *class = json_string_value(json_object_get(c->given, "class"));
	uint64_t printed = 0;
	enum cli_exit code = CLI_OK;

	while (code == CLI_OK && !ferror(c->out) && (!limit || (int64_t)printed < limit)) {
		uint64_t before = printed;
		code = print_page(c, class, &after, &printed);
		if (code == CLI_OK && printed == before)
			clock_sleep_ms(LOOK_MS);
	}
	return code;
}

static const struct verb_option list_options[] = {
	{ .row = { .name = "class", .type = FIELD_ENUM, .words = classes, .doc = "Only of this kind." },
		.letter = 'c',
		.value = "CLASS",
		.place = VERB_QUERY },
	{ .row = { .name = "after", .type = FIELD_STR, .min = 1, .max = 20, .doc = "The changes after this one." },
		.value = "CURSOR" },
	RUN_LIST_OPTIONS,
	{ 0 },
};
static const struct verb_option tail_options[] = {
	{ .row = { .name = "class", .type = FIELD_ENUM, .words = classes, .doc = "Only of this kind." },
		.letter = 'c',
		.value = "CLASS" },
	{ .row = { .name = "after",
		  .type = FIELD_I64,
		  .max = INT64_MAX,
		  .doc = "Begin after this change. Default: with the oldest." },
		.value = "CURSOR" },
	{ .row = { .name = "limit", .type = FIELD_U32, .min = 1, .doc = "End after so many. Default: never." },
		.letter = 'n',
		.value = "N" },
	{ 0 },
};

const struct verb change_verbs[] = {
	{
		.name = "list",
		.doc = "Lists what changed of the titles that you watch, oldest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/changes",
		.page = "after",
		.columns = COLUMNS,
		.id = "cursor",
		.flags = VERB_LIST,
	},
	{
		.name = "tail",
		.doc = "Prints what changes, as it comes.",
		.options = tail_options,
		.method = "GET",
		.path = "/v1/changes",
		.columns = COLUMNS,
		.id = "cursor",
		.run = tail,
		.example = "footplate change tail --class build -o jsonl",
	},
	{ 0 },
};
