/* session.login: the account's session is online when it comes back, and stays so until session.logout. */
#include "agent/actions/ask.h"
#include "agent/sessions_call.h"
#include "model/action_session.h"

extern const struct action_run session_login;

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_login *want = in;
	struct action_session_result *to = out;
	struct sessions_call c = { .want = SESSIONS_LOGIN,
		.account_id = t->account_id,
		.deadline_ms = t->deadline_ms,
		.scope = t->scope,
		.challenge_ms = want->wait_challenge_s * 1000 };

	enum rc rc = sessions_do(t->sessions, &c, f);
	t->eresult = c.eresult;
	if (rc != RC_OK && *c.reason)
		t->code = arena_str(t->arena, c.reason);
	if (rc != RC_OK)
		return rc;
	to->state = "online";
	to->steam_id = c.steamid;
	return RC_OK;
}

static enum rc plan(struct action_task *t, const void *in, struct action_plan *plan, struct fault *f)
{
	(void)in;
	(void)f;
	return ask_plan(t, plan, "log the account on, and keep it on");
}

const struct action_run session_login = { .name = "session.login", .run = run, .plan = plan };
