/* session.ping: how long Steam takes to answer the account's session. */
#include "agent/action_run.h"
#include "agent/sessions_call.h"
#include "model/action_session.h"

extern const struct action_run session_ping;

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	struct action_ping_result *to = out;
	struct sessions_call c = { .want = SESSIONS_ASK,
		.account_id = t->account_id,
		.ask = { .kind = STEAM_CALL_PING },
		.deadline_ms = t->deadline_ms,
		.scope = t->scope,
		.reads = t->reads };

	(void)in;
	enum rc rc = sessions_do(t->sessions, &c, f);
	auto_of(steam_call) struct steam_call *answer = c.answer;
	if (rc != RC_OK) {
		t->code = c.offline ? "session_offline" : NULL;
		return rc;
	}
	to->rtt_ms = (uint32_t)(answer->ended_ms - answer->asked_ms);
	to->endpoint = arena_str(t->arena, c.endpoint);
	return to->endpoint ? RC_OK : RC_NOMEM;
}

const struct action_run session_ping = { .name = "session.ping", .run = run };
