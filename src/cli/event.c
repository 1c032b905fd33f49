#include "cli/event.h"
#include "cli/api.h"
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/run.h"
#include "io/clock.h"
#include "wire/json.h"

#include <jansson.h>
#include <string.h>

/* Words of the stream itself: programs get them as items among the others, people as a line on stderr. */
static void show_gap(struct event_tail *t, const char *type, json_t *data)
{
	struct cmd *c = t->c;
	const char *reason = json_string_value(json_object_get(data, "reason"));

	if (!t->silent && !c->quiet && c->format != CMD_TABLE && c->format != CMD_CSV) {
		json_object_set_new(data, "type", json_string(type));
		output_item(c, data, false);
	}
	if (!strcmp(type, "stream.gap"))
		cmd_say(c, "gap: events %lld to %lld are missing: %s",
			(long long)json_integer_value(json_object_get(data, "from")),
			(long long)json_integer_value(json_object_get(data, "to")), reason ? reason : "");
	else
		cmd_say(c, "%s: %s; the events may not follow those before", type, reason ? reason : "");
}

static bool on_event(void *ctx, const char *type, const char *text)
{
	struct event_tail *t = ctx;
	auto_json json_t *data = NULL;
	struct fault f = { 0 };

	if (json_read(text, strlen(text), &data, &f) != RC_OK || !json_is_object(data)) {
		cmd_say(t->c, "an event cannot be read: %s", f.text);
		return true;
	}
	if (!strcmp(type, "stream.hello"))
		return true;
	t->losses = 0;
	if (!strncmp(type, "stream.", 7)) {
		show_gap(t, type, data);
		t->at_gap = true;
		return !t->ends_at_gap;
	}
	if (t->each)
		t->each(t, text, data);
	else if (!t->silent)
		output_item(t->c, data, t->printed == 0);
	t->printed++;
	t->ended = (t->limit && t->printed >= t->limit) || (t->is_last && t->is_last(type));
	return !t->ended && !ferror(t->c->out);
}

static bool on_bytes(void *ctx, const void *p, size_t n)
{
	struct event_tail *t = ctx;
	return sse_feed(&t->sse, p, n);
}

static void pause_after_loss(struct event_tail *t)
{
	uint32_t ms = t->sse.retry_ms ? t->sse.retry_ms : EVENT_PAUSE_MS;

	for (uint32_t i = 1; i < t->losses && ms < EVENT_PAUSE_MAX_MS; i++)
		ms *= 2;
	clock_sleep_ms(ms < EVENT_PAUSE_MAX_MS ? ms : EVENT_PAUSE_MAX_MS);
}

enum cli_exit event_follow(struct event_tail *t)
{
	bool opened = false, was_open = t->opened;

	t->sse.on_event = on_event;
	t->sse.ctx = t;
	sse_restart(&t->sse);
	const struct api_stream s = {
		.path = t->path, .last_event_id = *t->sse.id ? t->sse.id : NULL, .on_bytes = on_bytes, .ctx = t
	};
	t->losses++;
	t->at_gap = false;
	enum cli_exit code = api_follow(t->c, &s, &opened);
	t->opened = was_open || opened;
	/* What once was there may come back; what never was is an answer. */
	if (code != CLI_OK && !(was_open && (code == CLI_AWAY || code == CLI_LIMITED)))
		return code;
	if (t->sse.line.bad) {
		cmd_say(t->c, "an event is larger than is taken here");
		return CLI_FAILED;
	}
	if (ferror(t->c->out))
		return CLI_FAILED;
	if (t->ended || (t->ends_at_gap && t->at_gap))
		return CLI_OK;
	if (opened)
		cmd_say(t->c, "the connection was lost; it is made again");
	pause_after_loss(t);
	return CLI_OK;
}

void event_tail_done(struct event_tail *t) { sse_done(&t->sse); }

static enum cli_exit tail(struct cmd *c)
{
	struct request r = { 0 };
	struct event_tail t = { .c = c, .limit = (uint64_t)cmd_number(c, "limit") };
	enum cli_exit code = run_prepare(c, &r);

	t.path = (const char *)r.path.p;
	while (code == CLI_OK && !t.ended)
		code = event_follow(&t);
	event_tail_done(&t);
	request_done(&r);
	return code;
}

static const struct verb_option list_options[] = {
	EVENT_FILTER_OPTIONS,
	{ .row = { .name = "after", .type = FIELD_STR, .min = 1, .max = 64, .doc = "The events after this one." },
		.value = "CURSOR" },
	RUN_LIST_OPTIONS,
	{ 0 },
};

static const struct verb_option tail_options[] = { EVENT_FILTER_OPTIONS, EVENT_TAIL_OPTIONS, { 0 } };

static const struct verb_option types_options[] = { RUN_LIST_OPTIONS, { 0 } };

const struct verb event_verbs[] = {
	{
		.name = "list",
		.doc = "Lists events, oldest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/events",
		.page = "after",
		.columns = EVENT_COLUMNS,
		.flags = VERB_LIST,
	},
	{
		.name = "tail",
		.doc = "Prints events as they come; connects again by itself and misses none.",
		.options = tail_options,
		.method = "GET",
		.path = "/v1/events",
		.columns = EVENT_COLUMNS,
		.run = tail,
		.example = "footplate event tail --type 'task.*' -o jsonl",
	},
	{
		.name = "types",
		.doc = "Lists the types of events; with -o json, each with its JSON Schema.",
		.options = types_options,
		.method = "GET",
		.path = "/v1/event-types",
		.columns = "type,schema,description",
		.id = "type",
		.flags = VERB_LIST,
	},
	{ 0 },
};
