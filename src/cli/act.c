#include "cli/act.h"
#include "cli/output.h"
#include "cli/run.h"
#include "cli/text.h"
#include "cli/wait.h"
#include "wire/json.h"

#include <jansson.h>

/* What the verb's options made is the payload of a job. */
static enum cli_exit wrap(struct cmd *c, struct request *r)
{
	json_t *job = json_pack("{s:s, s:[s]}", "action", c->verb->action, "targets", c->arg[0]);
	bool good = job != NULL;

	if (good && r->body)
		good = json_object_set(job, "payload", r->body) == 0;
	if (good && c->dry)
		good = json_object_set_new(job, "dryRun", json_true()) == 0;
	json_decref(r->body);
	r->body = job;
	if (good)
		return CLI_OK;
	cmd_say(c, "out of memory");
	return CLI_FAILED;
}

static enum cli_exit read_task(struct cmd *c, const char *job_id, struct api_answer *ret, const json_t **ret_task)
{
	struct buf path = { 0 };

	buf_str(&path, "/v1/jobs/");
	request_escape(&path, job_id);
	buf_str(&path, "/tasks?limit=1");
	enum cli_exit code = api_ask(c, &(struct api_request){ .method = "GET", .path = buf_text(&path) }, ret);
	buf_done(&path);
	*ret_task = code == CLI_OK ? json_array_get(json_object_get(ret->json, "items"), 0) : NULL;
	return code;
}

static void show_error(struct cmd *c, const json_t *error)
{
	struct buf line = { 0 };

	text_cell(&line, json_object_get(error, "code"));
	buf_str(&line, ": ");
	text_cell(&line, json_object_get(error, "detail"));
	cmd_say(c, "%s", buf_text(&line));
	buf_done(&line);
}

static enum cli_exit show(struct cmd *c, const json_t *job)
{
	const char *id = json_string_value(json_object_get(job, "id"));
	struct api_answer a = { 0 };
	const json_t *task = NULL;
	enum cli_exit code = read_task(c, id ? id : "", &a, &task);
	const json_t *result = json_object_get(task, "result");
	const json_t *items = c->verb->items && !c->dry ? json_object_get(result, c->verb->items) : NULL;

	if (code != CLI_OK)
		return code;
	if (json_is_array(items))
		output_list(c, items);
	else if (json_is_object(result))
		output_object(c, result);
	if (json_is_object(json_object_get(task, "error")))
		show_error(c, json_object_get(task, "error"));
	api_answer_done(&a);
	return wait_outcome(c, job);
}

static enum cli_exit see_through(struct cmd *c, const json_t *made)
{
	const char *id = json_string_value(json_object_get(made, "id"));
	auto_json json_t *job = NULL;

	if (wait_is_over(made))
		return show(c, made);
	enum cli_exit code = wait_job(c, id ? id : "", cmd_number(c, "wait"), &job);
	if (code == CLI_WAIT_EXPIRED)
		cmd_say(c, "the job %s goes on", id ? id : "");
	return code == CLI_OK ? show(c, job) : code;
}

enum cli_exit act_run(struct cmd *c)
{
	struct request r = { 0 };
	struct api_answer a = { 0 };
	enum cli_exit code = run_prepare(c, &r);

	if (code == CLI_OK)
		code = wrap(c, &r);
	if (code == CLI_OK)
		code = request_ask(c, &r, &a);
	if (code == CLI_OK)
		code = see_through(c, a.json);
	api_answer_done(&a);
	request_done(&r);
	return code;
}
