#include "cli/nouns.h"
#include "cli/run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const outcomes[] = { "any", "done", "denied", "failed", NULL };
static const char *const formats[] = { "jsonl", "csv", NULL };

/* NOLINTBEGIN(bugprone-macro-parentheses): members of an initialiser */
#define TEXT_OPTION(name_, value_, member_, doc_)                                                    \
	{                                                                                            \
		.row = { .name = name_, .type = FIELD_STR, .min = 1, .doc = doc_ }, .value = value_, \
		.member = member_, .place = VERB_QUERY                                               \
	}
#define TIME_OPTION(name_, doc_)                                                                                \
	{                                                                                                       \
		.row = { .name = name_, .type = FIELD_TIME, .doc = doc_ }, .value = "TIME", .place = VERB_QUERY \
	}
#define NUMBER_OPTION(name_, flags_, doc_)        \
	{                                         \
		.row = { .name = name_,           \
			.type = FIELD_I64,        \
			.flags = flags_,          \
			.min = 1,                 \
			.max = INT64_MAX,         \
			.doc = doc_ },            \
		.value = "N", .place = VERB_QUERY \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

static const struct verb_option search_options[] = {
	TEXT_OPTION("actor", "WHO", NULL, "Only what this one did: key:apk_…, user:usr_…, agent:agt_…, system."),
	TEXT_OPTION("action", "ACTION", NULL, "Only this action; * stands for anything: 'job.*'."),
	TEXT_OPTION("resource", "ID", NULL, "Only what was done to this."),
	{ .row = { .name = "outcome", .type = FIELD_ENUM, .words = outcomes, .doc = "Only what ended so." },
		.value = "OUTCOME",
		.place = VERB_QUERY },
	TIME_OPTION("since", "Only from then on: 7d, 12h, or 2030-01-31T12:00:00Z."),
	TIME_OPTION("until", "Only before."),
	TEXT_OPTION("text", "TEXT", "q",
		"Only records with this text in the actor, action, resource, address or words."),
	RUN_LIST_OPTIONS,
	RUN_CURSOR_OPTION,
	{ 0 },
};
static const struct verb_option list_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION, { 0 } };
static const struct verb_option proof_options[] = {
	NUMBER_OPTION("checkpoint", FIELD_REQUIRED, "Number of the checkpoint."),
	NUMBER_OPTION("record", 0, "Number of the record that is to be proven."),
	NUMBER_OPTION("from", 0, "Number of an older checkpoint that this one's tree grew from."),
	{ 0 },
};
static const struct verb_option export_options[] = {
	{ .row = { .name = "as", .type = FIELD_ENUM, .words = formats, .doc = "jsonl (default), or csv." },
		.value = "FORMAT",
		.member = "format",
		.place = VERB_QUERY },
	TIME_OPTION("since", "Only from then on: 7d, 12h, or 2030-01-31T12:00:00Z."),
	TIME_OPTION("until", "Only before."),
	{ .row = { .name = "complete",
		  .type = FIELD_BOOL,
		  .doc = "With the hashes of other tenants' and of pruned records, as `audit verify --export` "
			 "needs it." },
		.place = VERB_QUERY },
	{ 0 },
};

/* The number of the last record of a part: at the begin of its last line (CSV), or behind "seq" or "block". */
static int64_t last_number(const char *text)
{
	const char *end = text + strlen(text), *line = end;

	while (line > text && (end - line < 2 || line[-1] != '\n'))
		line--;
	const char *seq = strstr(line, "\"seq\":"), *block = strncmp(line, "{\"block\":", 9) ? NULL : line + 9;
	if (block)
		return (strtoll(block, NULL, 10) + 1) * 256;
	return strtoll(seq ? seq + 6 : line, NULL, 10);
}

/* All parts one after another, as one; the head of CSV stands before the first alone. */
static enum cli_exit export_all(struct cmd *c)
{
	struct request r = { 0 };
	enum cli_exit code = run_prepare(c, &r);
	const char *as = cmd_text(c, "as");
	bool csv = as && !strcmp(as, "csv");

	for (int64_t after = 0, more = 1; code == CLI_OK && more;) {
		struct buf path = { 0 };
		struct api_answer a = { 0 };
		char number[24];
		snprintf(number, sizeof(number), "%" PRId64, after);
		buf_str(&path, (const char *)r.path.p);
		request_query(&path, "limit", "10000");
		request_query(&path, "after", number);
		code = api_ask(c, &(struct api_request){ .method = "GET", .path = buf_text(&path) }, &a);
		const char *text = code == CLI_OK ? buf_text(&a.body) : "";
		size_t head = csv ? strcspn(text, "\n") + (*text != 0) : 0;
		more = text[head] != 0;
		if (more) {
			int64_t last = last_number(text);
			more = last > after;
			after = last;
		}
		if (csv && a.body.n && strcmp(number, "0") != 0)
			buf_drop(&a.body, head);
		if (code == CLI_OK)
			cmd_write(c, &a.body);
		api_answer_done(&a);
		buf_done(&path);
	}
	request_done(&r);
	return code == CLI_OK ? cmd_flushed(c) : code;
}

const struct verb audit_verbs[] = {
	{
		.name = "search",
		.doc = "Lists records of the audit trail, newest first. Reading is audited.",
		.options = search_options,
		.method = "GET",
		.path = "/v1/audit-records",
		.columns = "seq,ts,actor,action,resource,outcome,address,words",
		.id = "seq",
		.flags = VERB_LIST,
		.example = "footplate audit search --action 'api_key.*' --since 7d",
	},
	{
		.name = "checkpoints",
		.doc = "Lists the signed checkpoints, newest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/audit-checkpoints",
		.columns = "number,size,signedAt",
		.id = "note",
		.flags = VERB_LIST,
		.example = "footplate audit checkpoints --all --output jsonl >checkpoints.jsonl",
	},
	{
		.name = "proof",
		.doc = "Proves that a record is under a checkpoint, or that a checkpoint's tree grew from "
		       "another's.",
		.options = proof_options,
		.method = "GET",
		.path = "/v1/audit-proofs",
		.flags = VERB_RAW,
		.example = "footplate audit proof --record 17 --checkpoint 3",
	},
	{
		.name = "export",
		.doc = "Writes all records, oldest first. Exporting is audited.",
		.options = export_options,
		.method = "GET",
		.path = "/v1/audit-export",
		.flags = VERB_RAW,
		.run = export_all,
		.example = "footplate audit export --complete >trail.jsonl",
	},
	{ 0 },
};
