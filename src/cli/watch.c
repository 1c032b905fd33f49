#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/run.h"
#include "io/file.h"

#include <jansson.h>
#include <string.h>

#define FILE_MAX (4u << 20)

static const char *const stores[] = { "steam", "workshop", "epic", "gog", NULL };
static const char *const any_stores[] = { "any", "steam", "workshop", "epic", "gog", NULL };
static const char *const any_states[] = { "any", "active", "degraded", "stale", "denied", "unknown_title", "paused",
	NULL };

/* ---- a file of titles ---- */

/* "ID", or "STORE ID"; what is said on the command line is each row's. NULL: it is neither. */
static json_t *read_line(char *line, const json_t *like)
{
	char *space = line + strcspn(line, " \t,");
	json_t *row = json_deep_copy(like);

	line[strcspn(line, "\r")] = 0;
	if (*space) {
		*space++ = 0;
		space += strspn(space, " \t,");
		json_object_set_new(row, "store", json_string(line));
	}
	json_object_set_new(row, "titleId", json_string(*space ? space : line));
	return row;
}

static enum cli_exit read_rows(struct cmd *c, char *text, const json_t *like, json_t *rows)
{
	for (char *next; text; text = next) {
		next = strchr(text, '\n');
		if (next)
			*next++ = 0;
		text += strspn(text, " \t");
		if (!*text || *text == '#' || *text == '\r')
			continue;
		json_t *row = read_line(text, like);
		if (!row || json_array_append_new(rows, row) != 0)
			return CLI_FAILED;
	}
	return json_array_size(rows) ? CLI_OK : cmd_usage(c, "there is no title in the file");
}

static enum cli_exit read_file(struct cmd *c, const json_t *like, json_t *rows)
{
	const char *path = strcmp(c->arg[0], "-") ? c->arg[0] : "/dev/stdin";
	struct buf file = { 0 };
	struct fault f = { 0 };
	enum cli_exit code;

	if (file_read(path, FILE_MAX, &file, &f) == RC_OK) {
		buf_text(&file); /* ends it in a NUL */
		code = read_rows(c, (char *)file.p, like, rows);
	} else {
		code = cmd_usage(c, "%s", f.text);
	}
	buf_done(&file);
	return code;
}

static enum cli_exit import(struct cmd *c)
{
	json_t *rows = json_array(), *body = json_object();
	struct request r = { 0 };
	struct api_answer a = { 0 };
	enum cli_exit code = run_prepare(c, &r);

	if (code == CLI_OK)
		code = read_file(c, r.body, rows);
	json_object_set(body, "rows", rows);
	if (code == CLI_OK) {
		json_decref(r.body);
		r.body = json_incref(body);
		code = request_ask(c, &r, &a);
	}
	if (code == CLI_OK)
		output_object(c, a.json);
	api_answer_done(&a);
	json_decref(rows);
	json_decref(body);
	request_done(&r);
	return code;
}

/* ---- the table ---- */

#define STORE_OPTION                                                                                       \
	{                                                                                                  \
		.row = { .name = "store", .type = FIELD_ENUM, .words = stores, .doc = "Default: steam." }, \
		.letter = 's', .value = "STORE", .place = VERB_BODY                                        \
	}
#define WATCH_OPTIONS                                                                                              \
	{ .row = { .name = "branch",                                                                               \
		  .type = FIELD_LIST,                                                                              \
		  .item = FIELD_STR,                                                                               \
		  .doc = "Whose builds are told; again for more; * is all. Default: public on Steam, else all." }, \
		.letter = 'b',                                                                                     \
		.value = "BRANCH",                                                                                 \
		.member = "branches",                                                                              \
		.place = VERB_BODY },                                                                              \
		{ .row = { .name = "class",                                                                        \
			  .type = FIELD_LIST,                                                                      \
			  .item = FIELD_STR,                                                                       \
			  .doc = "A kind of change that is told: build, branch, depot, metadata, store_page, "     \
				 "price, visibility, package, workshop_item, *; again for more. Default: "         \
				 "build." },                                                                       \
			.letter = 'c',                                                                             \
			.value = "CLASS",                                                                          \
			.member = "classes",                                                                       \
			.place = VERB_BODY },                                                                      \
		{ .row = { .name = "label", .type = FIELD_MAP, .doc = "A label; again for more." },                \
			.letter = 'l',                                                                             \
			.value = "NAME=VALUE",                                                                     \
			.member = "labels",                                                                        \
			.place = VERB_BODY },                                                                      \
		{ .row = { .name = "interval",                                                                     \
			  .type = FIELD_U32,                                                                       \
			  .min = 60,                                                                               \
			  .max = 86400,                                                                            \
			  .doc = "Ask when nothing was heard for so many seconds. Default: 900." },                \
			.value = "SECONDS",                                                                        \
			.member = "intervalSeconds",                                                               \
			.place = VERB_BODY },                                                                      \
		{ .row = { .name = "priority", .type = FIELD_U32, .max = 9, .doc = "9 goes first. Default: 5." },  \
			.value = "N",                                                                              \
			.place = VERB_BODY },                                                                      \
	{                                                                                                          \
		.row = { .name = "account",                                                                        \
			.type = FIELD_STR,                                                                         \
			.min = 1,                                                                                  \
			.doc = "An account that may see it, where nobody else may." },                             \
		.value = "ACCOUNT", .member = "accountId", .place = VERB_BODY, .names = VERB_ACCOUNT               \
	}

static const struct verb_option add_options[] = { STORE_OPTION, WATCH_OPTIONS, RUN_KEY_OPTION, { 0 } };
static const struct verb_option library_options[] = {
	{ .row = { .name = "label", .type = FIELD_MAP, .doc = "A label of each watch; again for more." },
		.letter = 'l',
		.value = "NAME=VALUE",
		.member = "labels",
		.place = VERB_BODY },
	RUN_KEY_OPTION,
	{ 0 },
};
static const struct verb_option edit_options[] = { WATCH_OPTIONS, RUN_MATCH_OPTION, { 0 } };
static const struct verb_option match_options[] = { RUN_MATCH_OPTION, { 0 } };
static const struct verb_option key_options[] = { RUN_KEY_OPTION, { 0 } };
static const struct verb_option list_options[] = {
	{ .row = { .name = "store", .type = FIELD_ENUM, .words = any_stores, .doc = "Only of this store." },
		.letter = 's',
		.value = "STORE",
		.place = VERB_QUERY },
	{ .row = { .name = "state", .type = FIELD_ENUM, .words = any_states, .doc = "Only in this state." },
		.value = "STATE",
		.place = VERB_QUERY },
	{ .row = { .name = "title", .type = FIELD_STR, .min = 1, .doc = "Only of this title." },
		.value = "ID",
		.member = "titleId",
		.place = VERB_QUERY },
	RUN_LIST_OPTIONS,
	RUN_CURSOR_OPTION,
	{ 0 },
};

#define WATCH_ARG                                 \
	{                                         \
		.name = "WATCH", .doc = "Its id." \
	}

const struct verb watch_verbs[] = {
	{
		.name = "list",
		.doc = "Lists the watches, newest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/watches",
		.columns = "id,store,titleId:TITLE,name,state,reason,builds,freshnessSeconds:FRESH,lastChangeAt:"
			   "CHANGED,"
			   "method",
		.flags = VERB_LIST,
	},
	{
		.name = "get",
		.doc = "Shows a watch.",
		.args = { WATCH_ARG },
		.method = "GET",
		.path = "/v1/watches/{}",
	},
	{
		.name = "add",
		.doc = "Watches a title: what changes of it is told as events.",
		.args = { { .name = "TITLE", .member = "titleId", .doc = "The store's own id, such as 730." } },
		.options = add_options,
		.method = "POST",
		.path = "/v1/watches",
		.flags = VERB_IDEMPOTENT,
		.example = "footplate watch add 730 --branch public --branch beta --class build --class depot",
	},
	{
		.name = "import",
		.doc = "Watches the titles in a file: one a line, its id, or a store and its id.",
		.args = { { .name = "FILE", .doc = "The titles; - is the standard input." } },
		.options = add_options,
		.method = "POST",
		.path = "/v1/watches:import",
		.flags = VERB_IDEMPOTENT,
		.run = import,
		.example = "footplate watch import titles.txt --label set=library",
	},
	{
		.name = "import-library",
		.doc = "Watches all that an account owns, when its library has been read.",
		.args = { { .name = "ACCOUNT",
			.member = "accountId",
			.doc = "The account, by login or id.",
			.names = VERB_ACCOUNT } },
		.options = library_options,
		.method = "POST",
		.path = "/v1/watches:import",
		.id = "importId",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "edit",
		.doc = "Edits a watch; its title stays.",
		.args = { WATCH_ARG },
		.options = edit_options,
		.method = "PATCH",
		.path = "/v1/watches/{}",
		.flags = VERB_EDITED,
	},
	{
		.name = "rm",
		.doc = "Ends a watch; what is known of the title stays.",
		.args = { WATCH_ARG },
		.options = match_options,
		.method = "DELETE",
		.path = "/v1/watches/{}",
		.flags = VERB_EDITED,
	},
	{
		.name = "pause",
		.doc = "Nothing of it is told until it is resumed.",
		.args = { WATCH_ARG },
		.options = key_options,
		.method = "POST",
		.path = "/v1/watches/{}/pause",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "resume",
		.doc = "Lets it go on.",
		.args = { WATCH_ARG },
		.options = key_options,
		.method = "POST",
		.path = "/v1/watches/{}/resume",
		.flags = VERB_IDEMPOTENT,
	},
	{ 0 },
};
