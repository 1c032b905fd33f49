#include "agent/actions/ask.h"

#include "agent/action_run.h"
#include "agent/sessions_call.h"
#include "base/fault.h"
#include "base/hush.h"
#include "flow/steam_call.h"
#include "model/action.h"
#include "wire/steam/eresult.h"

#include <assert.h>
#include <stdio.h>

#define LINE_BYTES 256

static enum rc read_answer(struct action_task *t, const struct steam_call *answer, struct ask *q, struct fault *f)
{
	if (!q->out)
		return RC_OK;
	assert(answer); /* what went well was answered */
	return pb_unpack(q->out, answer->body, answer->body_n, t->arena, &q->got, f);
}

enum rc ask_steam(struct action_task *t, struct ask *q, struct fault *f)
{
	struct buf body = { 0 };

	enum rc rc = task_lanes(t, (enum lane[]){ LANE_CM_JOB }, 1, f);
	if (rc != RC_OK)
		return rc;
	pb_pack(&body, q->in);
	if (body.bad)
		return RC_NOMEM;
	struct sessions_call c = { .want = SESSIONS_ASK,
		.account_id = t->account_id,
		.ask = { .kind = q->method ? STEAM_CALL_SERVICE
				 : q->out  ? STEAM_CALL_JOB
					   : STEAM_CALL_SEND,
			.method = q->method,
			.emsg = q->emsg,
			.body = body.p,
			.body_n = body.n },
		.deadline_ms = t->deadline_ms,
		.scope = t->scope,
		.reads = t->reads };
	rc = sessions_do(t->sessions, &c, f);
	hush_wipe(body.p, body.n);
	buf_done(&body);
	auto_of(steam_call) struct steam_call *answer = c.answer;
	q->sent = answer && answer->sent;
	t->eresult = c.eresult ? c.eresult : answer && answer->eresult != ERESULT_OK ? answer->eresult : 0;
	if (c.offline)
		t->code = "session_offline";
	return rc == RC_OK ? read_answer(t, answer, q, f) : rc;
}

bool ask_is_lost(const struct action_task *t, const struct ask *q, enum rc rc)
{
	bool refused = rc == RC_REFUSED && t->eresult != 0 && t->eresult != ERESULT_TIMEOUT;
	return rc != RC_OK && q->sent && !refused;
}

static enum rc self_of(struct action_task *t, bool licenses, struct sessions_self *ret, struct fault *f)
{
	struct sessions_call c = { .want = SESSIONS_SELF,
		.licenses = licenses,
		.account_id = t->account_id,
		.self = ret,
		.arena = t->arena,
		.deadline_ms = t->deadline_ms,
		.scope = t->scope,
		.reads = t->reads };

	enum rc rc = sessions_do(t->sessions, &c, f);
	if (c.offline)
		t->code = "session_offline";
	return rc;
}

enum rc ask_self(struct action_task *t, struct sessions_self *ret, struct fault *f)
{
	return self_of(t, false, ret, f);
}

enum rc ask_self_licensed(struct action_task *t, struct sessions_self *ret, struct fault *f)
{
	return self_of(t, true, ret, f);
}

enum rc ask_plan(struct action_task *t, struct action_plan *plan, const char *fmt, ...)
{
	const char **lines = arena_take(t->arena, (plan->would.n + 1) * sizeof(*lines));
	char line[LINE_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	const char *kept = arena_str(t->arena, line);
	if (!lines || !kept)
		return RC_NOMEM;
	for (size_t i = 0; i < plan->would.n; i++)
		lines[i] = ((const char **)plan->would.at)[i];
	lines[plan->would.n] = kept;
	plan->would = (struct field_list){ lines, plan->would.n + 1 };
	return RC_OK;
}
