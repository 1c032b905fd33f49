#include "cli/wait.h"
#include "cli/api.h"
#include "cli/request.h"
#include "io/clock.h"
#include "wire/json.h"

#include <jansson.h>
#include <string.h>

#define TASKS_SEEN 500 /* failed ones that are looked at for an unknown outcome */

static const char *status_of(const json_t *job)
{
	const char *s = json_string_value(json_object_get(job, "status"));
	return s ? s : "";
}

bool wait_is_over(const json_t *job)
{
	const char *s = status_of(job);
	return *s && strcmp(s, "queued") != 0 && strcmp(s, "running") != 0 && strcmp(s, "paused") != 0;
}

static int64_t count_of(const json_t *job, const char *member)
{
	return json_integer_value(json_object_get(json_object_get(job, "summary"), member));
}

bool wait_is_stuck(const json_t *job)
{
	return !wait_is_over(job) && count_of(job, "needsAttention") > 0 && !count_of(job, "queued") &&
	       !count_of(job, "running") && !count_of(job, "outcomeUnknown");
}

enum cli_exit wait_read(struct cmd *c, const char *id, uint32_t wait_s, json_t **ret_job)
{
	struct buf path = { 0 };
	struct api_answer a = { 0 };

	buf_str(&path, "/v1/jobs/");
	request_escape(&path, id);
	const struct api_request r = { .method = "GET", .path = buf_text(&path), .wait_s = wait_s };
	enum cli_exit code = api_ask(c, &r, &a);
	if (code == CLI_OK)
		*ret_job = take(a.json);
	api_answer_done(&a);
	buf_done(&path);
	return code;
}

/* The time is over: the answer may be as old as the question, so the job is read once more. */
static enum cli_exit last_look(struct cmd *c, const char *id, json_t **ret_job)
{
	enum cli_exit code = wait_read(c, id, 0, ret_job);
	return code == CLI_OK && !wait_is_over(*ret_job) && !wait_is_stuck(*ret_job) ? CLI_WAIT_EXPIRED : code;
}

enum cli_exit wait_job(struct cmd *c, const char *id, int64_t limit_s, json_t **ret_job)
{
	uint64_t began_ms = clock_mono_ms(), limit_ms = (uint64_t)limit_s * 1000;

	for (;;) {
		json_t *job = NULL;
		uint64_t asked_ms = clock_mono_ms(), gone_ms = asked_ms - began_ms;
		if (limit_ms && gone_ms >= limit_ms)
			return last_look(c, id, ret_job);
		uint64_t left_s = limit_ms ? (limit_ms - gone_ms + 999) / 1000 : WAIT_REQUEST_S;
		enum cli_exit code =
			wait_read(c, id, (uint32_t)(left_s < WAIT_REQUEST_S ? left_s : WAIT_REQUEST_S), &job);
		if (code != CLI_OK)
			return code;
		if (wait_is_over(job) || wait_is_stuck(job)) {
			*ret_job = job;
			return CLI_OK;
		}
		json_decref(job);
		/* A server with too many that wait answers at once. */
		if (clock_mono_ms() - asked_ms < WAIT_PAUSE_MS)
			clock_sleep_ms(WAIT_PAUSE_MS);
	}
}

static bool is_unknown(const json_t *task)
{
	const char *code = json_string_value(json_object_get(json_object_get(task, "error"), "code"));
	return code && (!strcmp(code, "outcome_unknown") || !strcmp(code, "needs_attention"));
}

/* Is there a failed task whose effect may have happened? When that cannot be read, the job's own status must do. */
static bool has_unknown(struct cmd *c, const json_t *job)
{
	const char *id = json_string_value(json_object_get(job, "id"));
	struct buf path = { 0 };
	struct api_answer a = { 0 };
	bool found = false;

	buf_str(&path, "/v1/jobs/");
	request_escape(&path, id ? id : "");
	buf_fmt(&path, "/tasks?status=failed&limit=%d", TASKS_SEEN);
	if (id && api_call(c, &(struct api_request){ .method = "GET", .path = buf_text(&path) }, &a) == CLI_OK) {
		const json_t *items = json_object_get(a.json, "items");
		for (size_t i = 0; i < json_array_size(items) && !found; i++)
			found = is_unknown(json_array_get(items, i));
	}
	api_answer_done(&a);
	buf_done(&path);
	return found;
}

enum cli_exit wait_outcome(struct cmd *c, const json_t *job)
{
	const char *status = status_of(job);

	if (wait_is_stuck(job)) {
		cmd_say(c, "nobody knows what became of it: see footplate job tasks --status needs_attention, and "
			   "footplate "
			   "job resolve");
		return CLI_UNKNOWN;
	}
	if (!wait_is_over(job) || !strcmp(status, "succeeded"))
		return CLI_OK;
	if (!strcmp(status, "canceled"))
		return CLI_FAILED;
	if (has_unknown(c, job))
		return CLI_UNKNOWN;
	return !strcmp(status, "partially_succeeded") ? CLI_PARTIAL : CLI_FAILED;
}
