#include "cli/act.h"
#include "cli/nouns.h"
#include "cli/run.h"
#include "wire/json.h"

#include <jansson.h>

#define MEASURED 1073741824 /* bytes that are enough to measure */

#define WHAT_OPTIONS                                                                                             \
	{ .row = { .name = "app",                                                                                \
		  .type = FIELD_LIST,                                                                            \
		  .flags = FIELD_REQUIRED,                                                                       \
		  .item = FIELD_U32,                                                                             \
		  .max = 100,                                                                                    \
		  .doc = "An app's id; again for more." },                                                       \
		.value = "APP",                                                                                  \
		.member = "apps",                                                                                \
		.place = VERB_BODY },                                                                            \
		{ .row = { .name = "os",                                                                         \
			  .type = FIELD_STR,                                                                     \
			  .min = 1,                                                                              \
			  .max = 16,                                                                             \
			  .doc = "windows, linux or macos. Default: windows." },                                 \
			.value = "OS",                                                                           \
			.place = VERB_BODY },                                                                    \
		{ .row = { .name = "lang", .type = FIELD_STR, .min = 1, .max = 32, .doc = "Default: english." }, \
			.value = "LANGUAGE",                                                                     \
			.place = VERB_BODY },                                                                    \
		{ .row = { .name = "concurrency",                                                                \
			  .type = FIELD_U32,                                                                     \
			  .min = 1,                                                                              \
			  .max = 128,                                                                            \
			  .doc = "Requests at once. Default: 30." },                                             \
			.value = "N",                                                                            \
			.place = VERB_BODY },                                                                    \
	{                                                                                                        \
		.row = { .name = "region",                                                                       \
			.type = FIELD_STR,                                                                       \
			.min = 1,                                                                                \
			.doc = "Where the cache is, by name or id. Default: any." },                             \
		.letter = 'r', .value = "REGION", .member = "regionId", .place = VERB_BODY, .names = VERB_REGION \
	}

static const struct verb_option run_options[] = { WHAT_OPTIONS,
	{ .row = { .name = "force",
		  .type = FIELD_BOOL,
		  .doc = "Also what was fetched so before and has not changed." },
		.place = VERB_BODY },
	RUN_KEY_OPTION, { 0 } };

static const struct verb_option benchmark_options[] = { WHAT_OPTIONS,
	{ .row = { .name = "max-bytes",
		  .type = FIELD_I64,
		  .min = 1,
		  .max = INT64_MAX,
		  .doc = "Enough after so many. Default: 1 GiB." },
		.value = "BYTES" },
	ACT_OPTIONS, { 0 } };

/* All of it, whatever was fetched before, until it is enough. */
static enum cli_exit ask_measured(struct cmd *c, struct request *r, struct api_answer *ret)
{
	int64_t most = cmd_has(c, "max-bytes") ? cmd_number(c, "max-bytes") : MEASURED;
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)most);
	if (json_object_set_new(r->body, "force", json_true()) != 0 ||
		json_object_set_new(r->body, "maxBytes", json_string(text)) != 0)
		return CLI_FAILED;
	return request_ask(c, r, ret);
}

static enum cli_exit benchmark(struct cmd *c)
{
	struct request r = { 0 };
	struct api_answer a = { 0 };
	auto_json json_t *made = NULL, *result = NULL;
	enum cli_exit code = run_prepare(c, &r);

	if (code == CLI_OK)
		code = ask_measured(c, &r, &a);
	if (code == CLI_OK && !(made = json_pack("{s:O}", "id", json_object_get(a.json, "jobId"))))
		code = CLI_FAILED;
	if (code == CLI_OK)
		code = act_await(c, made, &result);
	act_show(c, result);
	api_answer_done(&a);
	request_done(&r);
	return code;
}

const struct verb prefill_verbs[] = {
	{
		.name = "run",
		.doc = "Fetches apps on an agent and keeps nothing, so that a cache in its network has them.",
		.options = run_options,
		.method = "POST",
		.path = "/v1/prefills",
		.id = "jobId",
		.flags = VERB_IDEMPOTENT,
		.example = "footplate prefill run --app 740 --app 440 --os linux",
	},
	{
		.name = "benchmark",
		.doc = "Measures what content servers, or the cache before them, give an agent: fetches apps and "
		       "keeps nothing.",
		.options = benchmark_options,
		.method = "POST",
		.path = "/v1/prefills",
		.columns = "bytes,durationMs:MS,rateBps:BPS,hitPercent:HIT,chunks,chunkP50Micros:P50_US,"
			   "chunkP99Micros:P99_US,tries,errors,servers",
		.id = "bytes",
		.flags = VERB_IDEMPOTENT,
		.run = benchmark,
		.example = "footplate prefill benchmark --app 740 --os linux --max-bytes 500000000",
	},
	{ 0 },
};
