#include "cli/act.h"
#include "cli/output.h"
#include "cli/run.h"
#include "cli/text.h"
#include "cli/wait.h"
#include "wire/json.h"

#include <jansson.h>

static enum cli_exit submit(struct cmd *c, const struct act *a, struct api_answer *ret)
{
	auto_json json_t *job = json_pack("{s:s, s:[s]}", "action", a->action, "targets", c->arg[0]);
	struct buf body = { 0 };
	char key[64];
	bool good = job != NULL;

	api_new_key(key, sizeof(key));
	if (good && a->payload)
		good = json_object_set(job, "payload", (json_t *)a->payload) == 0;
	if (good && a->dry)
		good = json_object_set_new(job, "dryRun", json_true()) == 0;
	good = good && json_put(&body, job, false) == RC_OK && !body.bad;
	const struct api_request ask = {
		.method = "POST", .path = "/v1/jobs", .body = buf_text(&body), .key = a->key ? a->key : key
	};
	enum cli_exit code = CLI_FAILED;
	if (good)
		code = api_ask(c, &ask, ret);
	else
		cmd_say(c, "out of memory");
	buf_done(&body);
	return code;
}

static enum cli_exit read_task(struct cmd *c, const char *job_id, json_t **ret_task)
{
	struct buf path = { 0 };
	struct api_answer a = { 0 };

	buf_str(&path, "/v1/jobs/");
	request_escape(&path, job_id);
	buf_str(&path, "/tasks?limit=1");
	enum cli_exit code = api_ask(c, &(struct api_request){ .method = "GET", .path = buf_text(&path) }, &a);
	buf_done(&path);
	if (code == CLI_OK)
		*ret_task = json_incref(json_array_get(json_object_get(a.json, "items"), 0));
	api_answer_done(&a);
	return code;
}

static void show_error(struct cmd *c, const json_t *error)
{
	struct buf line = { 0 };

	if (!json_is_object(error))
		return;
	text_cell(&line, json_object_get(error, "code"));
	buf_str(&line, ": ");
	text_cell(&line, json_object_get(error, "detail"));
	cmd_say(c, "%s", buf_text(&line));
	buf_done(&line);
}

/* The job is over, or nothing of it goes on by itself. */
static enum cli_exit finish(struct cmd *c, const json_t *job, json_t **ret_result)
{
	const char *id = json_string_value(json_object_get(job, "id"));
	auto_json json_t *task = NULL;
	enum cli_exit code = read_task(c, id ? id : "", &task);

	if (code != CLI_OK)
		return code;
	*ret_result = json_incref(json_object_get(task, "result"));
	show_error(c, json_object_get(task, "error"));
	return wait_outcome(c, job);
}

enum cli_exit act_await(struct cmd *c, const json_t *made, json_t **ret_result)
{
	const char *id = json_string_value(json_object_get(made, "id"));
	auto_json json_t *job = NULL;

	*ret_result = NULL;
	if (wait_is_over(made))
		return finish(c, made, ret_result);
	enum cli_exit code = wait_job(c, id ? id : "", cmd_number(c, "wait"), &job);
	if (code == CLI_WAIT_EXPIRED)
		cmd_say(c, "the job %s goes on", id ? id : "");
	return code == CLI_OK ? finish(c, job, ret_result) : code;
}

enum cli_exit act_ask(struct cmd *c, const struct act *a, json_t **ret_result)
{
	struct api_answer made = { 0 };
	enum cli_exit code = submit(c, a, &made);

	*ret_result = NULL;
	if (code == CLI_OK)
		code = act_await(c, made.json, ret_result);
	api_answer_done(&made);
	return code;
}

void act_show(struct cmd *c, const json_t *result)
{
	const json_t *items = c->verb->items && !c->dry ? json_object_get(result, c->verb->items) : NULL;

	if (json_is_array(items))
		output_list(c, items);
	else if (json_is_object(result))
		output_object(c, result);
}

enum cli_exit act_run(struct cmd *c)
{
	struct request r = { 0 };
	auto_json json_t *result = NULL;
	enum cli_exit code = run_prepare(c, &r);

	if (code == CLI_OK) {
		const struct act a = { .action = c->verb->action, .payload = r.body, .dry = c->dry, .key = r.key };
		code = act_ask(c, &a, &result);
	}
	act_show(c, result);
	request_done(&r);
	return code;
}
