/* persona.set: how the account shows itself to friends, and what it is called. The last one said counts. */
#include "agent/actions/ask.h"
#include "model/action_session.h"
#include "proto/steam/friends.pb-c.h"

extern const struct action_run persona_set;

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_persona *want = in;
	struct action_persona_result *to = out;
	CMsgClientChangeStatus m = CMSG_CLIENT_CHANGE_STATUS__INIT;

	if (want->state == 0 && !want->name)
		return fault_set(f, RC_INVALID, "give a state, a name or both");
	if (want->state > 0) {
		m.has_persona_state = m.has_persona_set_by_user = m.persona_set_by_user = true;
		m.persona_state = (uint32_t)want->state - 1;
	}
	m.player_name = (char *)want->name;
	to->persona = *want;
	struct ask q = { .emsg = EMSG_CLIENT_CHANGE_STATUS, .in = &m.base };
	return ask_steam(t, &q, f);
}

static enum rc plan(struct action_task *t, const void *in, struct action_plan *plan, struct fault *f)
{
	const struct action_persona *want = in;
	enum rc rc = RC_OK;

	(void)f;
	if (want->state > 0)
		rc = ask_plan(t, plan, "show the account as %s", action_session_persona_words[want->state]);
	if (rc == RC_OK && want->name)
		rc = ask_plan(t, plan, "call the account %s", want->name);
	return rc;
}

const struct action_run persona_set = { .name = "persona.set", .run = run, .plan = plan };
