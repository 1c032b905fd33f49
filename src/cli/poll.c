#include "cli/api.h"
#include "cli/get_bar.h"
#include "cli/live.h"
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/run.h"
#include "io/clock.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

static const char *const modes[] = { "metadata", "full", NULL };
static const char *const stores[] = { "any", "steam", "workshop", "epic", "gog", NULL };
static const char *const answers[] = { "any", "changed", "unchanged", "unknown", "none", NULL };

/* ---- until its end ---- */

struct watching {
	struct cmd *c;
	long long said; /* answers that were told last; -1: nothing was */
	bool draws;     /* a line on a terminal, which is written over */
};

static long long number(const json_t *p, const char *name) { return json_integer_value(json_object_get(p, name)); }

/* "1200 of 2000 answered: 3 changed, 1190 unchanged, 7 unknown; 20:00 to go" */
static void put_line(struct buf *to, const json_t *p)
{
	long long eta = number(p, "etaSeconds");

	buf_fmt(to, "%lld of %lld answered: %lld changed, %lld unchanged, %lld unknown", number(p, "answered"),
		number(p, "total"), number(p, "changed"), number(p, "unchanged"), number(p, "unknown"));
	if (eta > 0) {
		buf_str(to, "; ");
		get_bar_time(to, eta);
		buf_str(to, " to go");
	}
}

static void tell(struct watching *w, const json_t *p)
{
	struct buf line = { 0 };
	long long n = number(p, "answered");

	if (w->c->quiet || n == w->said)
		return;
	w->said = n;
	put_line(&line, p);
	if (w->draws)
		fprintf(w->c->err, "\r%s\033[K", buf_text(&line));
	else
		cmd_say(w->c, "%s", buf_text(&line));
	fflush(w->c->err);
	buf_done(&line);
}

static bool on_event(void *ctx, const char *type, json_t *j)
{
	bool whole = !strcmp(type, "poll");
	const char *status = json_string_value(json_object_get(j, "status"));

	tell(ctx, whole ? j : json_object_get(j, "payload"));
	return whole ? status && !strcmp(status, "running") : !strcmp(type, "poll.progress");
}

/* A poll some of whose titles are unknown is a partial success. */
static enum cli_exit end_of(const json_t *p)
{
	const char *status = json_string_value(json_object_get(p, "status"));

	if (status && !strcmp(status, "running"))
		return CLI_WAIT_EXPIRED;
	if (!status || strcmp(status, "finished") != 0)
		return CLI_FAILED;
	if (!number(p, "unknown"))
		return CLI_OK;
	return number(p, "unknown") < number(p, "total") ? CLI_PARTIAL : CLI_FAILED;
}

/* `limit_s` 0: as long as it takes. */
static enum cli_exit follow(struct cmd *c, const char *id, int64_t limit_s)
{
	struct watching w = { .c = c, .said = -1, .draws = isatty(fileno(c->err)) };
	struct api_answer a = { 0 };
	struct buf path = { 0 };

	buf_str(&path, "/v1/polls/");
	request_escape(&path, id);
	struct live l = { .c = c,
		.path = buf_text(&path),
		.until_ms = limit_s ? clock_mono_ms() + (uint64_t)limit_s * 1000 : 0,
		.on_event = on_event,
		.ctx = &w };
	enum cli_exit code = live_follow(&l);
	if (w.draws && w.said >= 0 && !c->quiet)
		fputc('\n', c->err);
	if (code == CLI_OK)
		code = api_ask(c, &(struct api_request){ .method = "GET", .path = buf_text(&path) }, &a);
	if (code == CLI_OK) {
		output_object(c, a.json);
		code = end_of(a.json);
	}
	api_answer_done(&a);
	buf_done(&path);
	return code;
}

static enum cli_exit watch(struct cmd *c) { return follow(c, c->arg[0], 0); }

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
static const struct verb_option key_options[] = { RUN_KEY_OPTION, { 0 } };
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
		.name = "watch",
		.doc = "Shows how far a poll is until it is over; the exit code tells how it ended.",
		.args = { POLL_ARG },
		.method = "GET",
		.path = "/v1/polls/{}/events",
		.run = watch,
	},
	{
		.name = "cancel",
		.doc = "Ends a poll: nothing more is asked for it.",
		.args = { POLL_ARG },
		.options = key_options,
		.method = "POST",
		.path = "/v1/polls/{}/cancel",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "list",
		.doc = "Lists the polls, newest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/polls",
		.columns = "id,mode,status,total,answered,changed,unchanged,unknown,etaSeconds:ETA,createdAt",
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
