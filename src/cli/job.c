#include "cli/event.h"
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/run.h"
#include "cli/wait.h"
#include "wire/json.h"

#include <jansson.h>
#include <string.h>

#define COLUMNS                                                                                      \
	"id,action,status,summary.total:TASKS,summary.succeeded:OK,summary.failed,summary.canceled," \
	"createdAt,finishedAt"
#define TASK_COLUMNS "id,targetAccountId:ACCOUNT,status,attempt,agentId,error.code:ERROR,finishedAt"

/* Waits for the job, prints it, and answers by its outcome. */
static enum cli_exit see_through(struct cmd *c, const char *id)
{
	auto_json json_t *job = NULL;

	if (!c->quiet)
		cmd_say(c, "waiting for %s; it goes on without you", id);
	enum cli_exit code = wait_job(c, id, cmd_number(c, "wait"), &job);
	if (job)
		output_object(c, job);
	return code == CLI_OK ? wait_outcome(c, job) : code;
}

/* A verb that makes a job, and may wait for it. */
static enum cli_exit submit(struct cmd *c)
{
	struct request r = { 0 };
	struct api_answer a = { 0 };
	enum cli_exit code = run_prepare(c, &r);

	if (code == CLI_OK)
		code = request_ask(c, &r, &a);
	const char *id = json_string_value(json_object_get(a.json, "id"));
	if (code == CLI_OK && id && cmd_has(c, "wait") && !wait_is_over(a.json)) {
		code = see_through(c, id);
	} else if (code == CLI_OK) {
		output_object(c, a.json);
		code = cmd_has(c, "wait") ? wait_outcome(c, a.json) : CLI_OK;
	}
	api_answer_done(&a);
	request_done(&r);
	return code;
}

static bool is_finished(const char *type) { return !strcmp(type, "job.finished"); }

/*
 * Follows the job's events until its end. The job is read before each connection: its end may have come while nobody
 * listened, or may lie in a gap of the log.
 */
static enum cli_exit follow(struct cmd *c, struct event_tail *tail, json_t **ret_job)
{
	enum cli_exit code = CLI_OK;

	while (code == CLI_OK) {
		json_t *job = NULL;
		code = wait_read(c, c->arg[0], 0, &job);
		if (code == CLI_OK && wait_is_over(job)) {
			*ret_job = job;
			return CLI_OK;
		}
		json_decref(job);
		if (code == CLI_OK)
			code = event_follow(tail);
	}
	return code;
}

static enum cli_exit watch(struct cmd *c)
{
	struct event_tail tail = { .c = c, .is_last = is_finished, .ends_at_gap = true, .silent = c->quiet };
	struct buf path = { 0 };
	auto_json json_t *job = NULL;

	buf_str(&path, "/v1/events?after=0");
	request_query(&path, "jobId", c->arg[0]);
	tail.path = buf_text(&path);
	enum cli_exit code = follow(c, &tail, &job);
	if (code == CLI_OK) {
		output_object(c, job);
		code = wait_outcome(c, job);
	}
	event_tail_done(&tail);
	buf_done(&path);
	return code;
}

static const char *const job_states[] = { "queued", "running", "paused", "succeeded", "partially_succeeded",
	"failed", "canceled", NULL };
static const char *const task_states[] = { "queued", "leased", "running", "outcome_unknown", "needs_attention",
	"succeeded", "failed", "canceled", "expired", "reconciling", NULL };
static const char *const order_words[] = { "fair", "sequential", NULL };
static const char *const offline_words[] = { "start", "wait", "fail", NULL };

#define WAIT_OPTION                                                                                           \
	{                                                                                                     \
		.row = { .name = "wait",                                                                      \
			.type = FIELD_U32,                                                                    \
			.min = 1,                                                                             \
			.max = 86400,                                                                         \
			.doc = "Wait until the job is over, or for so many seconds; the exit code tells the " \
			       "end." },                                                                      \
		.letter = 'w', .value = "SECONDS", .optional = true                                           \
	}

static const struct verb_option run_options[] = {
	{ .row = { .name = "account",
		  .type = FIELD_LIST,
		  .item = FIELD_STR,
		  .doc = "Account to act on, by login or id; again for more." },
		.letter = 't',
		.value = "ACCOUNT",
		.member = "targets",
		.place = VERB_BODY,
		.names = VERB_ACCOUNT },
	{ .row = { .name = "label",
		  .type = FIELD_MAP,
		  .doc = "Act on every account that has the label; again for accounts that have all of them." },
		.letter = 'l',
		.value = "NAME=VALUE",
		.member = "labels",
		.place = VERB_BODY },
	{ .row = { .name = "all", .type = FIELD_BOOL, .doc = "Act on every account." },
		.letter = 'a',
		.member = "allAccounts",
		.place = VERB_BODY },
	{ .row = { .name = "param",
		  .type = FIELD_MAP,
		  .doc = "Part of the payload; again for more. The value may be JSON, or numbers parted by "
			 "commas." },
		.letter = 'p',
		.value = "NAME=VALUE",
		.member = "payload",
		.place = VERB_BODY,
		.values = true },
	{ .row = { .name = "payload",
		  .type = FIELD_JSON,
		  .doc = "The whole payload as JSON: the text, @FILE, or @- for the standard input." },
		.value = "JSON",
		.place = VERB_BODY },
	{ .row = { .name = "region", .type = FIELD_STR, .min = 1, .doc = "Run it in this region only." },
		.value = "REGION",
		.member = "regionId",
		.place = VERB_BODY,
		.names = VERB_REGION },
	{ .row = { .name = "priority", .type = FIELD_U32, .max = 9, .doc = "0 to 9; 9 goes first. Default: 5." },
		.value = "N",
		.place = VERB_BODY },
	{ .row = { .name = "max-attempts",
		  .type = FIELD_U32,
		  .min = 1,
		  .max = 20,
		  .doc = "How often a task may be tried when a retry can help. Default: 5." },
		.value = "N",
		.member = "maxAttempts",
		.place = VERB_BODY },
	{ .row = { .name = "backoff-ms",
		  .type = FIELD_U32,
		  .min = 1,
		  .doc = "The longest wait before the second attempt; it doubles with each." },
		.value = "N",
		.member = "retry.backoffMs",
		.place = VERB_BODY },
	{ .row = { .name = "backoff-max-ms",
		  .type = FIELD_U32,
		  .min = 1,
		  .doc = "The longest wait before any attempt." },
		.value = "N",
		.member = "retry.backoffMaxMs",
		.place = VERB_BODY },
	{ .row = { .name = "delay", .type = FIELD_U32, .min = 1, .doc = "Begin after so many seconds." },
		.value = "SECONDS",
		.member = "delaySeconds",
		.place = VERB_BODY },
	{ .row = { .name = "not-before",
		  .type = FIELD_STR,
		  .min = 1,
		  .doc = "Begin at this moment, such as 2026-11-21T08:00:00Z." },
		.value = "TIME",
		.member = "notBefore",
		.place = VERB_BODY },
	{ .row = { .name = "max-parallel",
		  .type = FIELD_U32,
		  .max = 10000,
		  .doc = "How many tasks agents may have at once. Default: as many as there is room for." },
		.value = "N",
		.member = "maxParallel",
		.place = VERB_BODY },
	{ .row = { .name = "deadline",
		  .type = FIELD_TIME,
		  .doc = "What is not begun by then expires, what runs is asked to stop: 2h, or "
			 "2030-01-31T12:00:00Z." },
		.value = "TIME",
		.place = VERB_BODY },
	{ .row = { .name = "order",
		  .type = FIELD_ENUM,
		  .words = order_words,
		  .doc = "sequential: one task after another. Default: fair." },
		.value = "ORDER",
		.place = VERB_BODY },
	{ .row = { .name = "offline",
		  .type = FIELD_ENUM,
		  .words = offline_words,
		  .doc = "Of an account that is not online: start its session, wait, or fail. Default: start." },
		.value = "WHAT",
		.member = "onAccountOffline",
		.place = VERB_BODY },
	{ .row = { .name = "stop-on-failures",
		  .type = FIELD_JSON,
		  .doc = "When to cancel the rest: {\"count\":N} tasks have failed, or {\"percent\":N} of all." },
		.value = "JSON",
		.member = "stopOnFailures",
		.place = VERB_BODY },
	WAIT_OPTION,
	RUN_KEY_OPTION,
	{ 0 },
};

static const struct verb_option list_options[] = {
	{ .row = { .name = "status", .type = FIELD_ENUM, .words = job_states, .doc = "Only jobs in this state." },
		.letter = 's',
		.value = "STATE",
		.place = VERB_QUERY },
	{ .row = { .name = "action", .type = FIELD_STR, .min = 1, .max = 64, .doc = "Only jobs of this action." },
		.value = "ACTION",
		.place = VERB_QUERY },
	RUN_LIST_OPTIONS,
	RUN_CURSOR_OPTION,
	{ 0 },
};

static const struct verb_option task_options[] = {
	{ .row = { .name = "status", .type = FIELD_ENUM, .words = task_states, .doc = "Only tasks in this state." },
		.letter = 's',
		.value = "STATE",
		.place = VERB_QUERY },
	RUN_LIST_OPTIONS,
	RUN_CURSOR_OPTION,
	{ 0 },
};

static const char *const resolve_words[] = { "done", "not_done", NULL };
static const struct verb_option resolve_options[] = {
	{ .row = { .name = "outcome",
		  .type = FIELD_ENUM,
		  .flags = FIELD_REQUIRED,
		  .words = resolve_words,
		  .doc = "Whether it had its effect." },
		.value = "OUTCOME",
		.place = VERB_BODY },
	{ .row = { .name = "evidence",
		  .type = FIELD_STR,
		  .flags = FIELD_REQUIRED,
		  .min = 1,
		  .max = 1000,
		  .doc = "How that is known; kept with the task." },
		.value = "TEXT",
		.place = VERB_BODY },
	RUN_KEY_OPTION,
	{ 0 },
};
static const struct verb_option cancel_options[] = { RUN_KEY_OPTION, { 0 } };

static const char *const only_words[] = { "failed", "unknown_resolved_not_done", NULL };
static const struct verb_option retry_options[] = {
	{ .row = { .name = "only",
		  .type = FIELD_ENUM,
		  .words = only_words,
		  .doc = "Only those that were in doubt until a person said that they were not done. Default: all "
			 "that "
			 "failed." },
		.value = "WHICH",
		.place = VERB_BODY },
	{ .row = { .name = "task",
		  .type = FIELD_LIST,
		  .item = FIELD_STR,
		  .doc = "Only this task; again for more." },
		.value = "TASK",
		.member = "taskIds",
		.place = VERB_BODY },
	WAIT_OPTION,
	RUN_KEY_OPTION,
	{ 0 },
};

#define JOB_ARG                                        \
	{                                              \
		.name = "JOB", .doc = "Id of the job." \
	}

const struct verb job_verbs[] = {
	{
		.name = "run",
		.doc = "Submits a job: one action, as one task per account.",
		.args = { { .name = "ACTION",
			.member = "action",
			.doc = "What to do; see footplate action list." } },
		.options = run_options,
		.method = "POST",
		.path = "/v1/jobs",
		.flags = VERB_IDEMPOTENT | VERB_DRY,
		.run = submit,
		.example = "footplate job run pics.product_info -p apps=440,570 --wait",
	},
	{
		.name = "list",
		.doc = "Lists jobs, newest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/jobs",
		.columns = COLUMNS,
		.flags = VERB_LIST,
		.example = "footplate job list --status failed",
	},
	{
		.name = "get",
		.doc = "Shows a job.",
		.args = { JOB_ARG },
		.method = "GET",
		.path = "/v1/jobs/{}",
		.columns = COLUMNS,
	},
	{
		.name = "tasks",
		.doc = "Lists the tasks of a job, newest first.",
		.args = { JOB_ARG },
		.options = task_options,
		.method = "GET",
		.path = "/v1/jobs/{}/tasks",
		.columns = TASK_COLUMNS,
		.flags = VERB_LIST,
	},
	{
		.name = "watch",
		.doc = "Prints a job's events until it is over, then the job; the exit code tells the end.",
		.args = { JOB_ARG },
		.method = "GET",
		.path = "/v1/events?jobId={}",
		.columns = EVENT_COLUMNS,
		.run = watch,
	},
	{
		.name = "cancel",
		.doc = "Cancels what waits and asks running tasks to stop.",
		.args = { JOB_ARG },
		.options = cancel_options,
		.method = "POST",
		.path = "/v1/jobs/{}/cancel",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "pause",
		.doc = "Begins nothing more of a job; what agents have goes on.",
		.args = { JOB_ARG },
		.options = cancel_options,
		.method = "POST",
		.path = "/v1/jobs/{}/pause",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "resume",
		.doc = "Goes on with a job that was paused.",
		.args = { JOB_ARG },
		.options = cancel_options,
		.method = "POST",
		.path = "/v1/jobs/{}/resume",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "retry",
		.doc = "Makes a new job of the tasks that failed.",
		.args = { JOB_ARG },
		.options = retry_options,
		.method = "POST",
		.path = "/v1/jobs/{}/retry",
		.flags = VERB_IDEMPOTENT,
		.run = submit,
	},
	{
		.name = "resolve",
		.doc = "Says what became of a task that needs attention.",
		.args = { JOB_ARG, { .name = "TASK", .doc = "Id of the task." } },
		.options = resolve_options,
		.method = "POST",
		.path = "/v1/jobs/{}/tasks/{}/resolve",
		.flags = VERB_IDEMPOTENT,
		.example = "footplate job resolve job_… tsk_… --outcome done --evidence 'the licence is there'",
	},
	{ 0 },
};
