#include "cli/act.h"
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/run.h"
#include "wire/json.h"

#include <jansson.h>
#include <string.h>

/* A question whose answer is a job: made, waited for, and the result of its task printed. */
static enum cli_exit ask(struct cmd *c)
{
	struct request r = { 0 };
	struct api_answer a = { 0 };
	auto_json json_t *result = NULL;
	enum cli_exit code = run_prepare(c, &r);

	if (code == CLI_OK)
		code = request_ask(c, &r, &a);
	if (code == CLI_OK)
		code = act_await(c, a.json, &result);
	act_show(c, result);
	api_answer_done(&a);
	request_done(&r);
	return code;
}

#define BRANCH_OPTION                                                                                           \
	{                                                                                                       \
		.row = { .name = "branch", .type = FIELD_STR, .min = 1, .max = 64, .doc = "Default: public." }, \
		.letter = 'b', .value = "BRANCH", .place = VERB_QUERY                                           \
	}
#define MANIFEST_OPTION(name_, doc_)                     \
	{                                                \
		.row = { .name = (name_),                \
			.type = FIELD_STR,               \
			.flags = FIELD_REQUIRED,         \
			.min = 1,                        \
			.max = 20,                       \
			.doc = (doc_) },                 \
		.value = "MANIFEST", .place = VERB_QUERY \
	}

static const struct verb_option ls_options[] = { BRANCH_OPTION, ACT_OPTIONS, { 0 } };
static const struct verb_option diff_options[] = { MANIFEST_OPTION("from", "The earlier one."),
	MANIFEST_OPTION("to", "The later one."), BRANCH_OPTION, ACT_OPTIONS, { 0 } };

#define DEPOT_ARGS \
	{ .name = "APP", .doc = "The app's id." }, { .name = "DEPOT", .doc = "The depot's id." }

const struct verb manifest_verbs[] = {
	{
		.name = "ls",
		.doc = "Asks Steam which manifest a depot has on a branch.",
		.args = { DEPOT_ARGS },
		.options = ls_options,
		.method = "POST",
		.path = "/v1/manifests/{}/{}",
		.items = "manifests",
		.columns = "depot,branch,manifest,size,downloadSize:DOWNLOAD",
		.id = "manifest",
		.flags = VERB_IDEMPOTENT,
		.run = ask,
		.example = "footplate manifest ls 740 741",
	},
	{
		.name = "diff",
		.doc = "Tells which files differ between two manifests of a depot.",
		.args = { DEPOT_ARGS },
		.options = diff_options,
		.method = "POST",
		.path = "/v1/manifests/{}/{}/diff",
		.items = "files",
		.columns = "change,path,size",
		.id = "path",
		.flags = VERB_IDEMPOTENT,
		.run = ask,
		.example = "footplate manifest diff 740 741 --from 1111 --to 2222",
	},
	{ 0 },
};
