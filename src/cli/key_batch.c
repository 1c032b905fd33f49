#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/run.h"
#include "io/clock.h"
#include "io/file.h"
#include "model/key.h"
#include "wire/json.h"

#include <jansson.h>
#include <string.h>

#define FILE_MAX (8u << 20)
#define LOOK_MS  1000 /* between two looks at a batch that is watched */

/* ---- a file of keys ---- */

/* "KEY", or "NAME<TAB>KEY". Blank lines and those that begin with '#' are nothing. NULL: it is neither. */
static json_t *read_line(char *line)
{
	char *tab = strrchr(line, '\t'), *key = tab ? tab + 1 : line;

	key += strspn(key, " ");
	size_t n = strlen(key);
	while (n && strchr(" \r", key[n - 1]))
		n--;
	key[n] = 0;
	if (!key_is_text(key, n))
		return NULL;
	if (!tab)
		return json_pack("{s:s}", "key", key);
	*tab = 0;
	return json_pack("{s:s,s:s}", "key", key, "name", line);
}

static bool is_nothing(const char *line)
{
	size_t n = strspn(line, " \t\r");
	return !line[n] || line[n] == '#';
}

/* What is wrong is told by its line; the line itself could hold a key. */
static enum cli_exit read_keys(struct cmd *c, char *text, json_t *keys)
{
	size_t n = 1;

	for (char *next; text; text = next, n++) {
		next = strchr(text, '\n');
		if (next)
			*next++ = 0;
		if (is_nothing(text))
			continue;
		json_t *key = read_line(text);
		if (!key || json_array_append_new(keys, key) != 0)
			return cmd_usage(c, "line %zu is neither a key nor a name, a tab and a key", n);
	}
	return json_array_size(keys) ? CLI_OK : cmd_usage(c, "there is no key in the file");
}

static enum cli_exit read_file(struct cmd *c, json_t *keys)
{
	const char *path = strcmp(c->arg[0], "-") ? c->arg[0] : "/dev/stdin";
	struct buf file = { 0 };
	struct fault f = { 0 };
	enum cli_exit code;

	if (file_read(path, FILE_MAX, &file, &f) == RC_OK) {
		buf_text(&file); /* ends it in a NUL */
		code = read_keys(c, (char *)file.p, keys);
	} else {
		code = cmd_usage(c, "%s", f.text);
	}
	hush_wipe(file.p, file.n);
	buf_done(&file);
	return code;
}

/* The accounts that may get them, as one member of the body. */
static enum cli_exit put_candidates(struct cmd *c, json_t *body)
{
	static const char *const names[][2] = { { "account", "accounts" }, { "label", "labels" },
		{ "all", "allAccounts" } };
	json_t *to = json_object();
	unsigned said = 0;

	for (size_t i = 0; i < 3; i++) {
		json_t *v = json_object_get(c->given, names[i][0]);
		said += v != NULL;
		if (v)
			json_object_set(to, names[i][1], v);
	}
	if (said != 1) {
		json_decref(to);
		return cmd_usage(c, "say who may get the keys: one of --account, --label and --all");
	}
	return json_object_set_new(body, "candidates", to) == 0 ? CLI_OK : CLI_FAILED;
}

/* ---- until its end ---- */

static bool is_over(const json_t *b)
{
	const char *s = json_string_value(json_object_get(b, "status"));
	return !s || (strcmp(s, "running") != 0 && strcmp(s, "draft") != 0);
}

static int64_t count_of(const json_t *b, const char *state)
{
	return json_integer_value(json_object_get(json_object_get(b, "counts"), state));
}

/* Where the batch is, when that is news. */
static void tell(struct cmd *c, const json_t *b, int64_t before[2])
{
	int64_t keys = json_integer_value(json_object_get(b, "keys")), redeemed = count_of(b, "redeemed");
	int64_t over = keys - count_of(b, "queued") - count_of(b, "assigned") - count_of(b, "inFlight") -
		       count_of(b, "reconciling") - count_of(b, "unknown");

	if (c->quiet || (over == before[0] && redeemed == before[1]))
		return;
	before[0] = over;
	before[1] = redeemed;
	cmd_say(c, "%lld of %lld keys are over, %lld redeemed, %lld unknown", (long long)over, (long long)keys,
		(long long)redeemed, (long long)count_of(b, "unknown"));
}

/* What its end says: all redeemed, some, none; or that a person has to look. */
static enum cli_exit judge(const json_t *b)
{
	int64_t keys = json_integer_value(json_object_get(b, "keys")), redeemed = count_of(b, "redeemed");
	const char *s = json_string_value(json_object_get(b, "status"));

	if (count_of(b, "unknown"))
		return CLI_UNKNOWN;
	if (s && !strcmp(s, "done") && redeemed == keys)
		return CLI_OK;
	return redeemed ? CLI_PARTIAL : CLI_FAILED;
}

static enum cli_exit look(struct cmd *c, const char *id, json_t **ret)
{
	struct buf path = { 0 };
	struct api_answer a = { 0 };

	buf_str(&path, "/v1/key-batches/");
	request_escape(&path, id);
	enum cli_exit code = api_ask(c, &(struct api_request){ .method = "GET", .path = buf_text(&path) }, &a);
	*ret = code == CLI_OK ? take(a.json) : NULL;
	api_answer_done(&a);
	buf_done(&path);
	return code;
}

/* `limit_s` 0: as long as it takes. A batch that only waits for a person is as far as it comes. */
static enum cli_exit follow(struct cmd *c, const char *id, int64_t limit_s)
{
	uint64_t until_ms = clock_mono_ms() + (uint64_t)limit_s * 1000;
	int64_t before[2] = { -1, -1 };

	for (;;) {
		auto_json json_t *b = NULL;
		enum cli_exit code = look(c, id, &b);
		if (code != CLI_OK)
			return code;
		tell(c, b, before);
		int64_t busy = count_of(b, "queued") + count_of(b, "assigned") + count_of(b, "inFlight") +
			       count_of(b, "reconciling");
		bool over = is_over(b) || (busy == 0 && count_of(b, "unknown") > 0);
		if (!over && (!limit_s || clock_mono_ms() < until_ms)) {
			clock_sleep_ms(LOOK_MS);
			continue;
		}
		output_object(c, b);
		return over ? judge(b) : CLI_WAIT_EXPIRED;
	}
}

static enum cli_exit watch(struct cmd *c) { return follow(c, c->arg[0], cmd_number(c, "wait")); }

/* Sends the batch; waits for its end when that is asked for. */
static enum cli_exit send(struct cmd *c, const struct request *r)
{
	struct api_answer a = { 0 };
	enum cli_exit code = request_ask(c, r, &a);
	const char *id = json_string_value(json_object_get(a.json, "id"));

	if (code == CLI_OK && id && cmd_has(c, "wait")) {
		if (!c->quiet)
			cmd_say(c, "waiting for %s; it goes on without you", id);
		code = follow(c, id, cmd_number(c, "wait"));
	} else if (code == CLI_OK) {
		output_object(c, a.json);
	}
	api_answer_done(&a);
	return code;
}

static enum cli_exit import(struct cmd *c)
{
	json_t *keys = json_array();
	struct request r = { 0 };
	enum cli_exit code = run_prepare(c, &r);

	if (code == CLI_OK)
		code = put_candidates(c, r.body);
	if (code == CLI_OK && cmd_has(c, "wait") && !cmd_has(c, "start"))
		code = cmd_usage(c, "--wait is for a batch that runs: say --start, too");
	if (code == CLI_OK)
		code = read_file(c, keys);
	if (code == CLI_OK && json_object_set(r.body, "keys", keys) != 0)
		code = CLI_FAILED;
	if (code == CLI_OK)
		code = send(c, &r);
	json_wipe(keys);
	json_decref(keys);
	request_done(&r);
	return code;
}

/* ---- the table ---- */

static const char *const states[] = { "any", "queued", "assigned", "in_flight", "reconciling", "unknown",
	"redeemed", "invalid", "used_elsewhere", "wallet_code", "exhausted", "canceled", NULL };
static const char *const formats[] = { "csv", "json", NULL };

#define WAIT_OPTION(text)                                                                             \
	{                                                                                             \
		.row = { .name = "wait", .type = FIELD_U32, .min = 1, .max = 604800, .doc = (text) }, \
		.letter = 'w', .value = "SECONDS", .optional = true                                   \
	}
#define NUMBER_OPTION(word, to, least, most, text)                                                          \
	{                                                                                                   \
		.row = { .name = (word), .type = FIELD_U32, .min = (least), .max = (most), .doc = (text) }, \
		.value = "N", .member = (to), .place = VERB_BODY                                            \
	}

static const struct verb_option import_options[] = {
	{ .row = { .name = "account",
		  .type = FIELD_LIST,
		  .item = FIELD_STR,
		  .doc = "An account that may get keys, by login or id; again for more, in this order." },
		.letter = 't',
		.value = "ACCOUNT",
		.names = VERB_ACCOUNT },
	{ .row = { .name = "label",
		  .type = FIELD_MAP,
		  .doc = "Every account that has the label; again for accounts that have all of them." },
		.letter = 'l',
		.value = "NAME=VALUE" },
	{ .row = { .name = "all", .type = FIELD_BOOL, .doc = "Every account." }, .letter = 'a' },
	{ .row = { .name = "name", .type = FIELD_STR, .max = 200, .doc = "For people." },
		.value = "NAME",
		.place = VERB_BODY },
	{ .row = { .name = "distribution",
		  .type = FIELD_ENUM,
		  .words = key_distribution_words,
		  .doc = "Which account gets the next key. Default: first_missing." },
		.value = "HOW",
		.place = VERB_BODY },
	NUMBER_OPTION("max-tries", "maxTriesPerKey", 1, 100, "On how many accounts a key is tried. Default: 3."),
	NUMBER_OPTION(
		"per-account", "perAccountLimit", 0, 100000, "Keys redeemed by one account. Default: no limit."),
	NUMBER_OPTION("stop-on-invalid", "stopOnInvalidPercent", 0, 100,
		"Pause when so many in a hundred were invalid. Default: never."),
	NUMBER_OPTION("priority", "priority", 0, 9, "Of its tasks; 9 goes first. Default: 4."),
	{ .row = { .name = "start", .type = FIELD_BOOL, .doc = "Start it at once." }, .place = VERB_BODY },
	WAIT_OPTION("Wait until it is over, or for so many seconds; the exit code tells the end."),
	RUN_KEY_OPTION,
	{ 0 },
};
static const struct verb_option list_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION, { 0 } };
static const struct verb_option rows_options[] = {
	{ .row = { .name = "state", .type = FIELD_ENUM, .words = states, .doc = "Only keys in this state." },
		.letter = 's',
		.value = "STATE",
		.place = VERB_QUERY },
	RUN_LIST_OPTIONS,
	RUN_CURSOR_OPTION,
	{ 0 },
};
static const struct verb_option report_options[] = {
	{ .row = { .name = "format", .type = FIELD_ENUM, .words = formats, .doc = "Default: csv." },
		.letter = 'f',
		.value = "FORMAT",
		.place = VERB_QUERY },
	{ 0 },
};
static const struct verb_option watch_options[] = { WAIT_OPTION("For so many seconds at most."), { 0 } };
static const struct verb_option act_options[] = { RUN_KEY_OPTION, { 0 } };

#define BATCH_ARG                                              \
	{                                                      \
		.name = "BATCH", .doc = "Id of the key batch." \
	}
#define KEY_ARG                                              \
	{                                                    \
		.name = "KEY", .doc = "Id of the key's row." \
	}
#define ACT(word, text)                                                                                         \
	{                                                                                                       \
		.name = (word), .doc = (text), .args = { BATCH_ARG }, .options = act_options, .method = "POST", \
		.path = "/v1/key-batches/{}/" word, .flags = VERB_IDEMPOTENT                                    \
	}

const struct verb key_batch_verbs[] = {
	{
		.name = "import",
		.doc = "Makes a batch of the keys in a file: one a line, or a name, a tab and the key.",
		.args = { { .name = "FILE", .doc = "The keys; - is the standard input." } },
		.options = import_options,
		.method = "POST",
		.path = "/v1/key-batches",
		.flags = VERB_IDEMPOTENT,
		.run = import,
		.example = "footplate key-batch import keys.txt --label team=red --start --wait",
	},
	{
		.name = "list",
		.doc = "Lists the key batches, newest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/key-batches",
		.columns =
			"id,name,status,keys,counts.redeemed:REDEEMED,counts.queued:QUEUED,counts.unknown:UNKNOWN,"
			"candidates:ACCOUNTS,eta,createdAt",
		.flags = VERB_LIST,
	},
	{
		.name = "status",
		.doc = "Shows a batch, and how many of its keys are in which state.",
		.args = { BATCH_ARG },
		.method = "GET",
		.path = "/v1/key-batches/{}",
	},
	{
		.name = "watch",
		.doc = "Follows a batch until it is over, paused, or waits for a person alone; then as status.",
		.args = { BATCH_ARG },
		.options = watch_options,
		.method = "GET",
		.path = "/v1/key-batches/{}",
		.run = watch,
	},
	ACT("start", "Starts a batch, or goes on with one that was paused."),
	ACT("pause", "Hands out no more keys; what is on its way ends."),
	ACT("cancel", "Cancels what waits; what Steam may have ends as it ends."),
	{
		.name = "rows",
		.doc = "Lists the keys of a batch, masked, newest first.",
		.args = { BATCH_ARG },
		.options = rows_options,
		.method = "GET",
		.path = "/v1/key-batches/{}/keys",
		.columns = "id,name,masked:KEY,state,accountId:ACCOUNT,detail,taskId:TASK,updatedAt",
		.flags = VERB_LIST,
	},
	{
		.name = "drop",
		.doc = "Takes a key that waits out of its batch.",
		.args = { BATCH_ARG, KEY_ARG },
		.method = "DELETE",
		.path = "/v1/key-batches/{}/keys/{}",
	},
	{
		.name = "reveal",
		.doc = "Shows a key in the clear; that is audited.",
		.args = { BATCH_ARG, KEY_ARG },
		.method = "POST",
		.path = "/v1/key-batches/{}/keys/{}/reveal",
		.id = "key",
	},
	{
		.name = "report",
		.doc = "What became of each key, in the order in which they came, as CSV or JSON.",
		.args = { BATCH_ARG },
		.options = report_options,
		.method = "GET",
		.path = "/v1/key-batches/{}/report",
		.flags = VERB_RAW,
		.example = "footplate key-batch report kbt_01JD0000000000000000000000 >keys.csv",
	},
	{ 0 },
};
