#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/run.h"
#include "io/clock.h"
#include "wire/json.h"

#include <jansson.h>
#include <string.h>

#define LOOK_MS 500 /* between two looks at a poll that runs */

static const char *const modes[] = { "metadata", "full", NULL };
static const char *const stores[] = { "any", "steam", "workshop", "epic", "gog", NULL };
static const char *const answers[] = { "any", "changed", "unchanged", "unknown", "none", NULL };

/* ---- until its end ---- */

static long long number(const json_t *p, const char *name) { return json_integer_value(json_object_get(p, name)); }

static void tell(struct cmd *c, const json_t *p, long long *before)
{
	long long n = number(p, "answered");

	if (c->quiet || n == *before)
		return;
	*before = n;
	cmd_say(c, "%lld of %lld answered: %lld changed, %lld unchanged, %lld unknown", n, number(p, "total"),
		number(p, "changed"), number(p, "unchanged"), number(p, "unknown"));
}

static enum cli_exit look(struct cmd *c, const char *id, json_t **ret)
{
	struct buf path = { 0 };
	struct api_answer a = { 0 };

	buf_str(&path, "/v1/polls/");
	request_escape(&path, id);
	enum cli_exit code = api_ask(c, &(struct api_request){ .method = "GET", .path = buf_text(&path) }, &a);
	*ret = code == CLI_OK ? take(a.json) : NULL;
	api_answer_done(&a);
	buf_done(&path);
	return code;
}

/* `limit_s` 0: as long as it takes. A poll some of whose titles are unknown is a partial success. */
static enum cli_exit follow(struct cmd *c, const char *id, int64_t limit_s)
{
	uint64_t until_ms = clock_mono_ms() + (uint64_t)limit_s * 1000;
	long long before = -1;

	for (;;) {
		auto_json json_t *p = NULL;
		enum cli_exit code = look(c, id, &p);
		if (code != CLI_OK)
			return code;
		tell(c, p, &before);
		const char *status = json_string_value(json_object_get(p, "status"));
		bool over = !status || strcmp(status, "running") != 0;
		if (!over && (!limit_s || clock_mono_ms() < until_ms)) {
			clock_sleep_ms(LOOK_MS);
			continue;
		}
		output_object(c, p);
		if (!over)
			return CLI_WAIT_EXPIRED;
		if (!number(p, "unknown"))
			return CLI_OK;
		return number(p, "unknown") < number(p, "total") ? CLI_PARTIAL : CLI_FAILED;
	}
}

static enum cli_exit run(struct cmd *c)
{
	struct request r = { 0 };
	struct api_answer a = { 0 };
	enum cli_exit code = run_prepare(c, &r);

	if (code == CLI_OK)
		code = request_ask(c, &r, &a);
	const char *id = json_string_value(json_object_get(a.json, "id"));
	if (code == CLI_OK && id && cmd_has(c, "wait"))
		code = follow(c, id, cmd_number(c, "wait"));
	else if (code == CLI_OK)
		output_object(c, a.json);
	api_answer_done(&a);
	request_done(&r);
	return code;
}

/* ---- the table ---- */

static const struct verb_option run_options[] = {
	{ .row = { .name = "mode",
		  .type = FIELD_ENUM,
		  .words = modes,
		  .doc = "metadata compares change numbers where there are such; full reads all. Default: "
			 "metadata." },
		.letter = 'm',
		.value = "MODE",
		.place = VERB_BODY },
	{ .row = { .name = "store", .type = FIELD_ENUM, .words = stores, .doc = "Only titles of this store." },
		.letter = 's',
		.value = "STORE",
		.member = "selector.store",
		.place = VERB_BODY },
	{ .row = { .name = "title",
		  .type = FIELD_LIST,
		  .item = FIELD_STR,
		  .doc = "Only this title, by the store's id; again for more." },
		.letter = 't',
		.value = "ID",
		.member = "selector.titles",
		.place = VERB_BODY },
	{ .row = { .name = "label",
		  .type = FIELD_MAP,
		  .doc = "Only watches with the label; again for those that have all of them." },
		.letter = 'l',
		.value = "NAME=VALUE",
		.member = "selector.labels",
		.place = VERB_BODY },
	{ .row = { .name = "max-age",
		  .type = FIELD_U32,
		  .max = 86400,
		  .doc = "What was heard no more seconds ago is not asked again." },
		.value = "SECONDS",
		.member = "maxAgeSeconds",
		.place = VERB_BODY },
	{ .row = { .name = "wait",
		  .type = FIELD_U32,
		  .min = 1,
		  .max = 86400,
		  .doc = "Wait until all is answered, or for so many seconds; the exit code tells the end." },
		.letter = 'w',
		.value = "SECONDS",
		.optional = true },
	RUN_KEY_OPTION,
	{ 0 },
};
static const struct verb_option list_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION, { 0 } };
static const struct verb_option answers_options[] = {
	{ .row = { .name = "answer",
		  .type = FIELD_ENUM,
		  .words = answers,
		  .doc = "Only with this answer; none: those that wait." },
		.value = "ANSWER",
		.place = VERB_QUERY },
	RUN_LIST_OPTIONS,
	RUN_CURSOR_OPTION,
	{ 0 },
};

#define POLL_ARG                                 \
	{                                        \
		.name = "POLL", .doc = "Its id." \
	}

const struct verb poll_verbs[] = {
	{
		.name = "run",
		.doc = "Asks the stores now for what you watch.",
		.options = run_options,
		.method = "POST",
		.path = "/v1/polls",
		.body = "{}",
		.flags = VERB_IDEMPOTENT,
		.run = run,
		.example = "footplate poll run --store steam --wait",
	},
	{
		.name = "get",
		.doc = "Shows how far a poll is.",
		.args = { POLL_ARG },
		.method = "GET",
		.path = "/v1/polls/{}",
	},
	{
		.name = "list",
		.doc = "Lists the polls, newest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/polls",
		.columns = "id,mode,status,total,answered,changed,unchanged,unknown,createdAt",
		.flags = VERB_LIST,
	},
	{
		.name = "answers",
		.doc = "Lists what became of each title of a poll.",
		.args = { POLL_ARG },
		.options = answers_options,
		.method = "GET",
		.path = "/v1/polls/{}/answers",
		.columns = "store,titleId:TITLE,name,answer,reason",
		.id = "titleId",
		.flags = VERB_LIST,
	},
	{ 0 },
};
