#include "cli/nouns.h"
#include "cli/run.h"

#define COLUMNS                                                                                         \
	"id,name,cron,timezone,enabled,nextRunAt:NEXT,lastTick:LAST,lastJobId:JOB,missedPolicy:MISSED," \
	"overlapPolicy:OVERLAP,waiting,problem"
#define TIMES "at,clock"

static const char *const missed_words[] = { "skip", "run_once", "run_all", NULL };
static const char *const overlap_words[] = { "allow", "skip", "queue", "cancel_previous", NULL };

/* What a schedule says of its clock; the first is required of a new one. */
#define ZONE_OPTION                                                                       \
	{                                                                                 \
		.row = { .name = "timezone",                                              \
			.type = FIELD_STR,                                                \
			.min = 1,                                                         \
			.max = 64,                                                        \
			.doc = "On whose clocks, such as Europe/Berlin. Default: UTC." }, \
		.letter = 'z', .value = "ZONE", .place = VERB_BODY                        \
	}
#define POLICY_OPTIONS                                                                                           \
	{ .row = { .name = "jitter",                                                                             \
		  .type = FIELD_U32,                                                                             \
		  .max = 3600,                                                                                   \
		  .doc = "Put each tick off by up to so many seconds." },                                        \
		.value = "SECONDS",                                                                              \
		.member = "jitterSeconds",                                                                       \
		.place = VERB_BODY },                                                                            \
		{ .row = { .name = "missed",                                                                     \
			  .type = FIELD_ENUM,                                                                    \
			  .words = missed_words,                                                                 \
			  .doc = "Of ticks that came while no control plane was there: skip, run_once for all, " \
				 "or "                                                                           \
				 "run_all. Default: skip." },                                                    \
			.value = "POLICY",                                                                       \
			.member = "missedPolicy",                                                                \
			.place = VERB_BODY },                                                                    \
		{ .row = { .name = "missed-max",                                                                 \
			  .type = FIELD_U32,                                                                     \
			  .min = 1,                                                                              \
			  .max = 100,                                                                            \
			  .doc = "With run_all: so many at most, the last. Default: 10." },                      \
			.value = "N",                                                                            \
			.member = "missedMax",                                                                   \
			.place = VERB_BODY },                                                                    \
	{                                                                                                        \
		.row = { .name = "overlap",                                                                      \
			.type = FIELD_ENUM,                                                                      \
			.words = overlap_words,                                                                  \
			.doc = "When the job before is not over: allow, skip, queue, or cancel_previous. "       \
			       "Default: "                                                                       \
			       "allow." },                                                                       \
		.value = "POLICY", .member = "overlapPolicy", .place = VERB_BODY                                 \
	}

static const struct verb_option create_options[] = {
	{ .row = { .name = "cron",
		  .type = FIELD_STR,
		  .flags = FIELD_REQUIRED,
		  .min = 1,
		  .max = 256,
		  .doc = "Minute, hour, day of the month, month, day of the week: '30 2 * * mon-fri'; or @hourly, "
			 "@daily, "
			 "@weekly, @monthly, @yearly." },
		.letter = 'c',
		.value = "CRON",
		.place = VERB_BODY },
	ZONE_OPTION,
	{ .row = { .name = "account",
		  .type = FIELD_LIST,
		  .item = FIELD_STR,
		  .doc = "Account to act on, by login or id; again for more." },
		.letter = 't',
		.value = "ACCOUNT",
		.member = "job.targets",
		.place = VERB_BODY,
		.names = VERB_ACCOUNT },
	{ .row = { .name = "label",
		  .type = FIELD_MAP,
		  .doc = "Act on every account that has the label at each tick; again for accounts that have all "
			 "of them." },
		.letter = 'l',
		.value = "NAME=VALUE",
		.member = "job.labels",
		.place = VERB_BODY },
	{ .row = { .name = "all", .type = FIELD_BOOL, .doc = "Act on every account that there is at each tick." },
		.letter = 'a',
		.member = "job.allAccounts",
		.place = VERB_BODY },
	{ .row = { .name = "param",
		  .type = FIELD_MAP,
		  .doc = "Part of the payload; again for more. The value may be JSON, or numbers parted by "
			 "commas." },
		.letter = 'p',
		.value = "NAME=VALUE",
		.member = "job.payload",
		.place = VERB_BODY,
		.values = true },
	{ .row = { .name = "payload",
		  .type = FIELD_JSON,
		  .doc = "The whole payload as JSON: the text, @FILE, or @- for the standard input." },
		.value = "JSON",
		.member = "job.payload",
		.place = VERB_BODY },
	{ .row = { .name = "region", .type = FIELD_STR, .min = 1, .doc = "Run it in this region only." },
		.value = "REGION",
		.member = "job.regionId",
		.place = VERB_BODY,
		.names = VERB_REGION },
	{ .row = { .name = "priority", .type = FIELD_U32, .max = 9, .doc = "0 to 9; 9 goes first. Default: 5." },
		.value = "N",
		.member = "job.priority",
		.place = VERB_BODY },
	{ .row = { .name = "max-attempts",
		  .type = FIELD_U32,
		  .min = 1,
		  .max = 20,
		  .doc = "How often a task may be tried." },
		.value = "N",
		.member = "job.maxAttempts",
		.place = VERB_BODY },
	POLICY_OPTIONS,
	{ .row = { .name = "disabled", .type = FIELD_BOOL, .doc = "Make it, and let it rest." },
		.member = "enabled",
		.json = "false",
		.place = VERB_BODY },
	RUN_KEY_OPTION,
	{ 0 },
};

static const struct verb_option edit_options[] = {
	{ .row = { .name = "name", .type = FIELD_STR, .min = 1, .max = 63, .doc = "Another name." },
		.value = "NAME",
		.place = VERB_BODY },
	{ .row = { .name = "cron", .type = FIELD_STR, .min = 1, .max = 256, .doc = "Another time: five fields." },
		.letter = 'c',
		.value = "CRON",
		.place = VERB_BODY },
	ZONE_OPTION,
	{ .row = { .name = "job",
		  .type = FIELD_JSON,
		  .doc = "Another job, whole, as JSON: the text, @FILE, or @- for the standard input." },
		.value = "JSON",
		.place = VERB_BODY },
	POLICY_OPTIONS,
	RUN_MATCH_OPTION,
	{ 0 },
};

static const struct verb_option list_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION, { 0 } };
static const struct verb_option delete_options[] = { RUN_MATCH_OPTION, { 0 } };
static const struct verb_option key_options[] = { RUN_KEY_OPTION, { 0 } };

#define AFTER_TEXT "After this moment, such as 2026-03-28T00:00:00Z. Default: now."
static const struct verb_option next_options[] = {
	{ .row = { .name = "n", .type = FIELD_U32, .min = 1, .max = 100, .doc = "How many. Default: 5." },
		.letter = 'n',
		.value = "N",
		.place = VERB_QUERY },
	{ .row = { .name = "after", .type = FIELD_STR, .min = 1, .doc = AFTER_TEXT },
		.value = "TIME",
		.place = VERB_QUERY },
	{ 0 },
};

static const struct verb_option preview_options[] = {
	ZONE_OPTION,
	{ .row = { .name = "n", .type = FIELD_U32, .min = 1, .max = 100, .doc = "How many. Default: 5." },
		.letter = 'n',
		.value = "N",
		.place = VERB_BODY },
	{ .row = { .name = "after", .type = FIELD_STR, .min = 1, .doc = AFTER_TEXT },
		.value = "TIME",
		.place = VERB_BODY },
	{ 0 },
};

static const struct verb_option ticks_options[] = {
	{ .row = { .name = "limit",
		  .type = FIELD_U32,
		  .min = 1,
		  .max = 500,
		  .doc = "At most so many. Default: 50." },
		.letter = 'n',
		.value = "N",
		.place = VERB_QUERY },
	{ .row = { .name = "before", .type = FIELD_STR, .min = 1, .doc = "Only ticks before this moment." },
		.value = "TIME",
		.place = VERB_QUERY },
	{ 0 },
};

#define SCHEDULE_ARG                                 \
	{                                            \
		.name = "SCHEDULE", .doc = "Its id." \
	}

const struct verb schedule_verbs[] = {
	{
		.name = "list",
		.doc = "Lists the schedules, newest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/schedules",
		.columns = COLUMNS,
		.flags = VERB_LIST,
	},
	{
		.name = "get",
		.doc = "Shows a schedule.",
		.args = { SCHEDULE_ARG },
		.method = "GET",
		.path = "/v1/schedules/{}",
	},
	{
		.name = "create",
		.doc = "Makes a schedule: the action is run again and again, as one job for each tick.",
		.args = { { .name = "NAME", .member = "name", .doc = "Unique, such as nightly-inventory." },
			{ .name = "ACTION",
				.member = "job.action",
				.doc = "What to do; see footplate action list." } },
		.options = create_options,
		.method = "POST",
		.path = "/v1/schedules",
		.flags = VERB_IDEMPOTENT,
		.example = "footplate schedule create nightly inventory.read --cron '30 2 * * *' -z Europe/Berlin "
			   "--all -p "
			   "appId=730 -p contextId=2",
	},
	{
		.name = "edit",
		.doc = "Edits a schedule; a new time begins now.",
		.args = { SCHEDULE_ARG },
		.options = edit_options,
		.method = "PATCH",
		.path = "/v1/schedules/{}",
		.flags = VERB_EDITED,
	},
	{
		.name = "delete",
		.doc = "Deletes a schedule; its jobs stay.",
		.args = { SCHEDULE_ARG },
		.options = delete_options,
		.method = "DELETE",
		.path = "/v1/schedules/{}",
		.flags = VERB_EDITED,
	},
	{
		.name = "enable",
		.doc = "Lets a schedule go on, from now.",
		.args = { SCHEDULE_ARG },
		.options = key_options,
		.method = "POST",
		.path = "/v1/schedules/{}/enable",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "disable",
		.doc = "Lets a schedule rest; ticks that wait are dropped.",
		.args = { SCHEDULE_ARG },
		.options = key_options,
		.method = "POST",
		.path = "/v1/schedules/{}/disable",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "run",
		.doc = "Makes its job at once, besides its ticks.",
		.args = { SCHEDULE_ARG },
		.options = key_options,
		.method = "POST",
		.path = "/v1/schedules/{}/run-now",
		.id = "jobId",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "next",
		.doc = "Tells when it ticks next, by UTC and by the clocks of its time zone.",
		.args = { SCHEDULE_ARG },
		.options = next_options,
		.method = "GET",
		.path = "/v1/schedules/{}/next",
		.columns = TIMES,
		.id = "at",
	},
	{
		.name = "preview",
		.doc = "Tells when such a schedule would tick, and makes none.",
		.args = { { .name = "CRON", .member = "cron", .doc = "Five fields, or @daily and the like." } },
		.options = preview_options,
		.method = "POST",
		.path = "/v1/schedules/preview",
		.columns = TIMES,
		.id = "at",
		.example =
			"footplate schedule preview '30 2 * * *' -z America/New_York --after 2026-03-07T00:00:00Z",
	},
	{
		.name = "ticks",
		.doc = "Lists what became of its ticks, newest first.",
		.args = { SCHEDULE_ARG },
		.options = ticks_options,
		.method = "GET",
		.path = "/v1/schedules/{}/ticks",
		.columns = "tick,status,jobId,reason,at",
		.id = "tick",
	},
	{ 0 },
};
