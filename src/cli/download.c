#include "cli/api.h"
#include "cli/get.h"
#include "cli/get_bar.h"
#include "cli/live.h"
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/run.h"
#include "cli/secret.h"

#include <jansson.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS                                                                                            \
	"id,source.kind:KIND,state,reason,progress.percent:PERCENT,networkBytes:BYTES,attempt,artifactId:" \
	"ARTIFACT,createdAt"

/* ---- watch ---- */

struct watching {
	struct cmd *c;
	json_t *now;   /* the download as it was told last */
	bool draws;    /* a line on a terminal, which is written over */
	char said[24]; /* the last state that was said as a line */
};

static const char *text_of(const json_t *j, const char *name)
{
	const char *s = json_string_value(json_object_get(j, name));
	return s ? s : "";
}

static uint64_t number_of(const json_t *j, const char *name)
{
	json_int_t n = json_integer_value(json_object_get(j, name));
	return n > 0 ? (uint64_t)n : 0;
}

static unsigned columns_of(FILE *f)
{
	struct winsize w = { 0 };
	return ioctl(fileno(f), TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : 80;
}

static void draw(struct watching *w)
{
	const json_t *p = json_object_get(w->now, "progress"), *eta = json_object_get(p, "etaSeconds");
	const char *state = text_of(w->now, "state"), *reason = text_of(w->now, "reason");
	const struct get_bar b = { .doing = state,
		.why = !strcmp(state, "queued") && *reason ? reason : NULL,
		.done = number_of(p, "bytesDone"),
		.total = number_of(p, "bytesTotal"),
		.rate = number_of(p, "rateBps") / 8,
		.left_s = eta ? json_integer_value(eta) : -1,
		.columns = columns_of(w->c->err) };
	struct buf line = { 0 };

	if (w->c->quiet)
		return;
	if (w->draws) {
		buf_str(&line, "\r");
		get_bar_line(&line, &b);
		buf_str(&line, "\033[K");
		fwrite(line.p, 1, line.n, w->c->err);
		fflush(w->c->err);
	} else if (strcmp(w->said, state) != 0) {
		cmd_say(w->c, "%s %s%s%s", text_of(w->now, "id"), state, b.why ? ": waits for " : "",
			b.why ? b.why : "");
	}
	snprintf(w->said, sizeof(w->said), "%s", state);
	buf_done(&line);
}

static bool is_over(const char *state)
{
	static const char *const ends[] = { "ready", "expired", "failed", "canceled", NULL };
	size_t i = 0;

	while (ends[i] && strcmp(ends[i], state) != 0)
		i++;
	return ends[i] != NULL;
}

/* What an event says goes into the download that the first told. */
static bool on_event(void *ctx, const char *type, json_t *j)
{
	struct watching *w = ctx;
	json_t *payload = json_object_get(j, "payload");

	if (!strcmp(type, "download")) {
		json_decref(w->now);
		w->now = json_incref(j);
	} else if (w->now && !strcmp(type, "download.progress")) {
		json_object_set(w->now, "progress", payload);
		json_object_set(w->now, "state", json_object_get(payload, "state"));
		if (json_object_get(payload, "waiting"))
			json_object_set(
				w->now, "reason", json_object_get(json_object_get(payload, "waiting"), "reason"));
	} else if (w->now && json_is_object(payload)) {
		json_object_set(w->now, "state", json_object_get(payload, "state"));
		json_object_set(w->now, "reason", json_object_get(payload, "reason"));
	}
	draw(w);
	return !is_over(text_of(w->now, "state"));
}

/* As it is at the end; the exit code tells how that is. */
static enum cli_exit show_end(struct cmd *c, const char *path)
{
	struct api_answer a = { 0 };
	const struct api_request r = { .method = "GET", .path = path };
	enum cli_exit code = api_ask(c, &r, &a);

	if (code == CLI_OK) {
		output_object(c, a.json);
		code = !strcmp(text_of(a.json, "phase"), "success") ? CLI_OK : CLI_FAILED;
	}
	api_answer_done(&a);
	return code;
}

static enum cli_exit watch(struct cmd *c)
{
	struct watching w = { .c = c, .draws = isatty(fileno(c->err)) };
	struct buf one = { 0 };

	buf_str(&one, "/v1/downloads/");
	request_escape(&one, c->arg[0]);
	struct live l = { .c = c, .path = buf_text(&one), .on_event = on_event, .ctx = &w };
	enum cli_exit code = live_follow(&l);
	if (w.draws && w.now && !c->quiet)
		fputc('\n', c->err);
	if (code == CLI_OK)
		code = show_end(c, buf_text(&one));
	json_decref(w.now);
	buf_done(&one);
	return code;
}

/* ---- the rows ---- */

static const char *const kind_words[] = { "workshop_item", "workshop_collection", "depot", "app", "epic", "gog",
	NULL };
static const char *const format_words[] = { "none", "zip", "tar", "tar.zst", NULL };
static const char *const mode_words[] = { "anonymous", "auto", "id", NULL };
static const char *const quota_words[] = { "queue", "reject", NULL };
static const char *const phase_words[] = { "queued", "running", "success", "failed", NULL };

#define TEXT(name_, value_, member_, doc_)                                                          \
	{                                                                                           \
		.row = { .name = (name_), .type = FIELD_STR, .min = 1, .max = 256, .doc = (doc_) }, \
		.value = (value_), .member = (member_), .place = VERB_BODY                          \
	}
#define NUMBER(name_, value_, member_, max_, doc_)                                                              \
	{                                                                                                       \
		.row = { .name = (name_), .type = FIELD_I64, .max = (max_), .doc = (doc_) }, .value = (value_), \
		.member = (member_), .place = VERB_BODY                                                         \
	}
#define WORD(name_, value_, member_, words_, doc_)                                                \
	{                                                                                         \
		.row = { .name = (name_), .type = FIELD_ENUM, .words = (words_), .doc = (doc_) }, \
		.value = (value_), .member = (member_), .place = VERB_BODY                        \
	}
#define GLOBS(name_, member_, doc_)                                                                                \
	{                                                                                                          \
		.row = { .name = (name_), .type = FIELD_LIST, .item = FIELD_STR, .doc = (doc_) }, .value = "GLOB", \
		.member = (member_), .place = VERB_BODY                                                            \
	}

static const struct verb_option create_options[] = {
	NUMBER("app", "APP", "source.appId", UINT32_MAX, "The app, of app and depot."),
	TEXT("id", "ID", "source.id", "The Workshop item or collection."),
	{ .row = { .name = "depots", .type = FIELD_JSON, .doc = "Of depot: '[{\"id\":741,\"manifest\":\"…\"}]'." },
		.value = "JSON",
		.member = "source.depots",
		.place = VERB_BODY },
	TEXT("app-name", "NAME", "source.appName", "Of epic: its name of the app."),
	TEXT("product", "ID", "source.productId", "Of gog: its id of the product."),
	TEXT("branch", "BRANCH", "source.branch", "Default: public."),
	SECRET_BRANCH_OPTIONS,
	TEXT("os", "OS", "source.os", "windows, linux or macos. Default: linux."),
	TEXT("lang", "LANGUAGE", "source.lang", "Default: english."),
	{ .row = { .name = "with-dependencies",
		  .type = FIELD_BOOL,
		  .doc = "Of the Workshop: items that are needed, too." },
		.member = "source.includeDependencies",
		.place = VERB_BODY },
	GLOBS("include", "filter.include", "Only such files; again for more."),
	GLOBS("exclude", "filter.exclude", "Not such files; again for more."),
	WORD("format", "FORMAT", "package.format", format_words, "Pack it: zip, tar or tar.zst. Default: none."),
	WORD("account-mode", "MODE", "account.mode", mode_words, "anonymous, auto or id. Default: auto."),
	{ .row = { .name = "account", .type = FIELD_STR, .min = 1, .doc = "With the mode id: by login or id." },
		.letter = 't',
		.value = "ACCOUNT",
		.member = "account.id",
		.place = VERB_BODY,
		.names = VERB_ACCOUNT },
	TEXT("base", "ARTIFACT", "base.artifactId", "An earlier build: what both have is not fetched again."),
	NUMBER("bandwidth", "BPS", "limits.bandwidthBps", 1000000000000, "Bits a second at most."),
	NUMBER("max-bytes", "N", "limits.maxBytes", 1000000000000000, "Fail when it has more."),
	NUMBER("priority", "N", "priority", 9, "0 to 9; 9 goes first. Default: 5."),
	NUMBER("retain", "SECONDS", "retainSeconds", 31536000, "How long it is to be had. Default: a week."),
	WORD("on-quota", "WORD", "onQuota", quota_words,
		"When the day's bytes are used up: queue or reject. Default: queue."),
	{ .row = { .name = "label", .type = FIELD_MAP, .doc = "A label of it; again for more." },
		.letter = 'l',
		.value = "NAME=VALUE",
		.member = "labels",
		.place = VERB_BODY },
	RUN_KEY_OPTION,
	{ 0 },
};

static enum cli_exit create(struct cmd *c)
{
	return secret_run_with(c, "branchPassword", SECRET_BRANCH_FILE, SECRET_BRANCH_FD);
}

static const struct verb_option list_options[] = {
	{ .row = { .name = "state", .type = FIELD_STR, .min = 1, .max = 32, .doc = "Only those in this state." },
		.value = "STATE",
		.place = VERB_QUERY },
	{ .row = { .name = "phase",
		  .type = FIELD_ENUM,
		  .words = phase_words,
		  .doc = "Only those in this phase: queued, running, success or failed." },
		.value = "PHASE",
		.place = VERB_QUERY },
	RUN_LIST_OPTIONS,
	RUN_CURSOR_OPTION,
	{ 0 },
};

static const struct verb_option edit_options[] = {
	NUMBER("priority", "N", "priority", 9, "0 to 9; 9 goes first."),
	NUMBER("bandwidth", "BPS", "bandwidthLimitBps", 1000000000000, "Bits a second at most; 0: no limit."),
	{ 0 },
};

#define ONE .args = { { .name = "ID", .doc = "The download." } }
#define ACT(name_, path_, doc_)                                                                             \
	{                                                                                                   \
		.name = (name_), .doc = (doc_), ONE, .method = "POST", .path = (path_), .columns = COLUMNS, \
		.flags = VERB_IDEMPOTENT                                                                    \
	}

const struct verb download_verbs[] = {
	{ .name = "fetch",
		.doc = "Has something fetched and brings its files here; the same as 'footplate get'.",
		.args = { { .name = "STORE:ID",
			.doc = "steam:APP[@BRANCH], steam:APP/DEPOT[@BRANCH or :MANIFEST], workshop:ID, "
			       "collection:ID, epic:NAME "
			       "or gog:PRODUCT." } },
		.options = get_options,
		.method = "POST",
		.path = "/v1/downloads",
		.run = get_run,
		.example = "footplate get steam:740@public -C server" },
	{ .name = "create",
		.doc = "Has something fetched by the server; 'footplate get' brings it here, too.",
		.args = { { .name = "KIND",
			.member = "source.kind",
			.doc = "workshop_item, workshop_collection, depot, app, epic or gog.",
			.words = kind_words } },
		.options = create_options,
		.method = "POST",
		.path = "/v1/downloads",
		.columns = COLUMNS,
		.flags = VERB_IDEMPOTENT,
		.secret = "branchPassword",
		.run = create,
		.example = "footplate download create app --app 740 --format zip" },
	{ .name = "list",
		.doc = "Lists the downloads, newest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/downloads",
		.columns = COLUMNS,
		.flags = VERB_LIST },
	{ .name = "get",
		.doc = "Shows a download, and how far it is.",
		ONE,
		.method = "GET",
		.path = "/v1/downloads/{}",
		.columns = COLUMNS },
	{ .name = "watch",
		.doc = "Follows a download until it is over; the exit code tells how it ended.",
		ONE,
		.method = "GET",
		.path = "/v1/downloads/{}",
		.columns = COLUMNS,
		.run = watch },
	ACT("pause", "/v1/downloads/{}/pause",
		"Stops a download and gives its slot to another; what is there stays."),
	ACT("resume", "/v1/downloads/{}/resume", "Puts a paused download into the queue again."),
	ACT("cancel", "/v1/downloads/{}/cancel", "Ends a download."),
	ACT("retry", "/v1/downloads/{}/retry", "Puts a download that failed or was canceled into the queue again."),
	{ .name = "edit",
		.doc = "Sets the priority or the bandwidth of a download.",
		ONE,
		.options = edit_options,
		.method = "PATCH",
		.path = "/v1/downloads/{}",
		.columns = COLUMNS },
	{ .name = "log",
		.doc = "Shows what became of a download, line by line.",
		ONE,
		.method = "GET",
		.path = "/v1/downloads/{}/log",
		.columns = "n,at,text",
		.items = "items" },
	{ .name = "files",
		.doc = "Lists the files of a download that is ready.",
		ONE,
		.method = "GET",
		.path = "/v1/downloads/{}/files",
		.format = "json",
		.flags = VERB_RAW },
	{ 0 },
};
