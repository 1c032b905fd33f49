/* session.logout: the account has no session when it comes back. */
#include "agent/actions/ask.h"
#include "agent/sessions_call.h"
#include "model/action_session.h"

extern const struct action_run session_logout;

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	struct action_session_result *to = out;
	struct sessions_call c = { .want = SESSIONS_LOGOUT,
		.account_id = t->account_id,
		.deadline_ms = t->deadline_ms,
		.scope = t->scope };

	(void)in;
	enum rc rc = sessions_do(t->sessions, &c, f);
	if (rc == RC_OK)
		to->state = "offline";
	return rc;
}

static enum rc plan(struct action_task *t, const void *in, struct action_plan *plan, struct fault *f)
{
	(void)in;
	(void)f;
	return ask_plan(t, plan, "log the account off");
}

const struct action_run session_logout = { .name = "session.logout", .run = run, .plan = plan };
