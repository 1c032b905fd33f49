#include "cli/nouns.h"
#include "cli/run.h"

#define COLUMNS                                                                                        \
	"id,tokens,capacity,everyMicros:EVERY_US,nextFreeAt:NEXT,coolDownUntil:PAUSE,waiters,used24h," \
	"throttled24h,tuned"

static const struct verb_option list_options[] = {
	{ .row = { .name = "lane", .type = FIELD_STR, .min = 1, .max = 64, .doc = "Only this lane." },
		.value = "LANE",
		.place = VERB_QUERY },
	{ .row = { .name = "of",
		  .type = FIELD_STR,
		  .min = 1,
		  .max = 64,
		  .doc = "Only the buckets of this account, egress or key, by its id." },
		.value = "ID",
		.member = "key",
		.place = VERB_QUERY },
	RUN_LIST_OPTIONS,
	RUN_CURSOR_OPTION,
	{ 0 },
};

static const struct verb_option set_options[] = {
	{ .row = { .name = "every-ms",
		  .type = FIELD_U32,
		  .min = 1,
		  .doc = "One call comes back in so many milliseconds." },
		.value = "N",
		.member = "everyMs",
		.place = VERB_BODY },
	{ .row = { .name = "burst",
		  .type = FIELD_U32,
		  .min = 1,
		  .doc = "Calls that may go out at once when it is full." },
		.value = "N",
		.place = VERB_BODY },
	{ 0 },
};

static const struct verb_option clear_options[] = { RUN_KEY_OPTION, { 0 } };

#define BUDGET_ARG                                                   \
	{                                                            \
		.name = "BUDGET", .doc = "Its id, such as LANE:KEY." \
	}

const struct verb budget_verbs[] = {
	{
		.name = "list",
		.doc = "Lists the buckets that were used, with their tokens and pauses.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/rate-budgets",
		.columns = COLUMNS,
		.flags = VERB_LIST,
		.example = "footplate budget list --lane cm.login",
	},
	{
		.name = "get",
		.doc = "Shows a bucket; one that was never used is full.",
		.args = { BUDGET_ARG },
		.method = "GET",
		.path = "/v1/rate-budgets/{}",
	},
	{
		.name = "set",
		.doc = "Sets a bucket's limits. To loosen them needs the scope budgets:override.",
		.args = { BUDGET_ARG },
		.options = set_options,
		.method = "PATCH",
		.path = "/v1/rate-budgets/{}",
		.example = "footplate budget set cm.login:egr_… --every-ms 20000 --burst 1",
	},
	{
		.name = "clear",
		.doc = "Ends a pause before its time; needs the scope budgets:override.",
		.args = { BUDGET_ARG },
		.options = clear_options,
		.method = "POST",
		.path = "/v1/rate-budgets/{}/clear-cooldown",
		.flags = VERB_IDEMPOTENT,
	},
	{ 0 },
};
