#include "agent/work.h"

#include "io/failpoint.h"
#include "io/http_call.h"
#include "model/action.h"
#include "wire/field_json.h"

#include <stdio.h>
#include <string.h>

#define WORK_MEMORY_MAX (512u << 20)            /* of one task: whole records of thousands of apps */
#define RESULT_MAX      (TUNNEL_MSG_MAX - 8192) /* leaves room for the head */

bool work_key(const struct tunnel_msg_task *t, char ret[static JOURNAL_KEY_MAX + 1])
{
	return snprintf(ret, JOURNAL_KEY_MAX + 1, "%s %u", t->task_id, t->attempt) <= JOURNAL_KEY_MAX;
}

static bool copy_texts(struct work *w, const struct tunnel_msg_dispatch *m)
{
	w->task = (struct tunnel_msg_task){ arena_str(&w->arena, m->task_id), m->attempt };
	w->nonce = arena_str(&w->arena, m->nonce);
	w->account_id = arena_str(&w->arena, m->account_id);
	w->payload = arena_str(&w->arena, m->payload);
	w->intended = arena_str(&w->arena, m->intent);
	return w->task.task_id && w->nonce && w->payload && (w->account_id || !m->account_id) &&
	       (w->intended || !m->intent) && work_key(&w->task, w->key);
}

struct work *work_new(const struct tunnel_msg_dispatch *m)
{
	struct work *w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	list_init(&w->node);
	w->arena.limit = WORK_MEMORY_MAX;
	w->arena.wipes = m->sealed != NULL;
	w->probe = m->probe;
	w->dry_run = m->dry_run;
	w->intent_ms = m->intent_ms;
	if (copy_texts(w, m))
		return w;
	work_free(w);
	return NULL;
}

struct work *work_from_journal(const char *key)
{
	struct work *w = calloc(1, sizeof(*w));
	const char *space = strrchr(key, ' ');
	char *end = NULL;
	unsigned long attempt = space ? strtoul(space + 1, &end, 10) : 0;

	if (!w || !space || *end || attempt == 0 || attempt > UINT32_MAX) {
		free(w);
		return NULL;
	}
	list_init(&w->node);
	w->state = WORK_ENDED;
	w->task.attempt = (uint32_t)attempt;
	w->task.task_id = arena_strn(&w->arena, key, (size_t)(space - key));
	snprintf(w->key, sizeof(w->key), "%s", key);
	return w;
}

void work_slim(struct work *w)
{
	struct arena keep = { 0 };
	const char *id = arena_str(&keep, w->task.task_id);

	if (!id) { /* no memory: the larger thing stays */
		arena_done(&keep);
		return;
	}
	arena_done(&w->arena);
	buf_done(&w->result);
	buf_done(&w->kept.body);
	w->arena = keep;
	w->task.task_id = id;
	w->nonce = w->account_id = w->payload = w->intended = NULL;
	w->outcome = (struct tunnel_msg_result){ 0 };
}

void work_free(struct work *w)
{
	if (!w)
		return;
	list_remove(&w->node);
	hush_done(&w->sealed);
	buf_done(&w->intent.body);
	arena_done(&w->arena);
	buf_done(&w->result);
	buf_done(&w->kept.body);
	free(w);
}

static enum rc decode(struct work *w, void **ret_in)
{
	auto_json struct json_t *j = NULL, *secret = NULL;
	struct field_reader r = { .arena = &w->arena };
	void *in = arena_take(&w->arena, w->decl->payload_size);

	if (!in)
		return RC_NOMEM;
	enum rc rc = json_read(w->payload, strlen(w->payload), &j, &w->fault);
	if (rc == RC_OK && w->sealed.n > 0)
		rc = json_read((const char *)w->sealed.p, w->sealed.n, &secret,
			NULL); /* the fault could hold some of it */
	if (rc == RC_OK && secret)
		rc = json_merge(j, secret);
	hush_done(&w->sealed);
	if (rc == RC_OK)
		rc = field_json_decode(w->decl->payload, j, &r, in, &w->fault);
	json_wipe(secret);
	if (rc == RC_OK)
		*ret_in = in;
	return rc;
}

/* What an attempt before may have done is asked for first; only what was not done is done. */
static enum rc effect(struct work *w, const void *in, void *out)
{
	bool done = false;

	if (!w->probe || !w->action->probe)
		return w->action->run(&w->run, in, out, &w->fault);
	w->run.after_unknown = true;
	w->run.intent_ms = w->intent_ms;
	w->run.intent = w->intended;
	enum rc rc = w->action->probe(&w->run, in, out, &done, &w->fault);
	if (rc != RC_OK || done)
		return rc;
	memset(out, 0, w->decl->result_size);
	return w->action->run(&w->run, in, out, &w->fault);
}

static enum rc plan(struct work *w, const void *in)
{
	struct action_plan p = { .dry_run = true, .lanes.at = (void *)w->decl->lanes };

	if (!w->action->plan)
		return fault_set(&w->fault, RC_INVALID, "%s has no dry run", w->decl->name);
	while (w->decl->lanes[p.lanes.n])
		p.lanes.n++;
	enum rc rc = w->action->plan(&w->run, in, &p, &w->fault);
	if (rc == RC_OK)
		field_json_encode(action_plan_fields, &p, &w->result);
	return rc;
}

static enum rc refuse_too_large(struct work *w, size_t n)
{
	if (n <= RESULT_MAX)
		return RC_OK;
	w->run.code = "result_too_large";
	return fault_set(&w->fault, RC_TOO_LARGE, "the result has %zu bytes, at most %u are carried: ask for less",
		n, RESULT_MAX);
}

static enum rc end_long(struct work *w, const void *out)
{
	size_t n = 0;
	enum rc rc = work_long_end(w, out, &n);
	enum rc fits = refuse_too_large(w, n);

	return fits == RC_OK ? rc : fits;
}

static enum rc act(struct work *w)
{
	void *in, *out = arena_take(&w->arena, w->decl->result_size);
	enum rc rc = out ? decode(w, &in) : RC_NOMEM;

	if (rc != RC_OK)
		return rc;
	if (w->dry_run && w->decl->mutates)
		return plan(w, in);
	rc = effect(w, in, out);
	FAILPOINT("work.after_effect");
	if (rc == RC_OK && work_long_is(w))
		return end_long(w, out);
	if (rc == RC_OK) {
		field_json_encode(w->decl->result, out, &w->result);
		rc = refuse_too_large(w, w->result.n);
	}
	return rc;
}

static enum rc perform(struct work *w)
{
	enum rc rc = work_long_new(w);

	if (rc == RC_OK)
		rc = act(w);
	http_call_free(w->run.http);
	w->run.http = NULL;
	work_long_free(w);
	if (rc != RC_OK)
		return rc;
	if (w->result.bad)
		return RC_NOMEM;
	work_pack(w);
	return RC_OK;
}

void work_run(struct work *w)
{
	w->rc = perform(w);
	if (w->rc != RC_OK)
		buf_done(&w->result);
	loop_post(w->loop, &w->back);
}

static void judge_failure(struct work *w, struct tunnel_msg_failure *to)
{
	if (w->stopping) {
		*to = (struct tunnel_msg_failure){
			.code = "agent_stopped", .detail = "the agent was stopped", .retryable = true
		};
		return;
	}
	*to = (struct tunnel_msg_failure){ .code = w->run.code ? w->run.code : rc_code(w->rc),
		.detail = *w->fault.text ? w->fault.text : rc_title(w->rc),
		.retryable = rc_retry(w->rc),
		.eresult = w->run.eresult > 0 ? (uint32_t)w->run.eresult : 0,
		.again_ms = w->run.again_ms };
}

void work_judge(struct work *w)
{
	w->outcome = (struct tunnel_msg_result){
		.task_id = w->task.task_id, .nonce = w->nonce, .attempt = w->task.attempt
	};
	if (w->rc == RC_OK) {
		w->outcome.outcome = TUNNEL_MSG_SUCCEEDED;
		w->outcome.result = buf_text(&w->result);
		w->outcome.result_n = w->result.n;
	} else if (w->run.unknown) {
		w->outcome.outcome = TUNNEL_MSG_UNKNOWN;
		judge_failure(w, &w->outcome.error);
	} else if (w->canceled && !w->stopping) {
		w->outcome.outcome = TUNNEL_MSG_CANCELED;
	} else {
		w->outcome.outcome = TUNNEL_MSG_FAILED;
		judge_failure(w, &w->outcome.error);
	}
}
