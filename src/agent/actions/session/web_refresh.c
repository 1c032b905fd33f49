/* session.web_refresh: the account has a web session when it comes back, a new one when that is asked for. */
#include "agent/actions/ask.h"
#include "agent/sessions_call.h"
#include "model/action_session.h"

extern const struct action_run session_web_refresh;

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_web_refresh *want = in;
	struct action_web_refresh_result *to = out;
	struct sessions_web web = { 0 };
	struct sessions_call c = { .want = SESSIONS_WEB,
		.account_id = t->account_id,
		.web = &web,
		.fresh = want->force,
		.deadline_ms = t->deadline_ms,
		.scope = t->scope,
		.reads = t->reads };

	enum rc rc = sessions_do(t->sessions, &c, f);
	t->eresult = c.eresult;
	if (c.offline)
		t->code = "session_offline";
	to->expires_ms = web.expires_ms;
	sessions_web_done(&web);
	return rc;
}

static enum rc plan(struct action_task *t, const void *in, struct action_plan *plan, struct fault *f)
{
	const struct action_web_refresh *want = in;
	(void)f;
	return ask_plan(
		t, plan, want->force ? "make a new web session" : "make a web session, unless there is one");
}

const struct action_run session_web_refresh = { .name = "session.web_refresh", .run = run, .plan = plan };
