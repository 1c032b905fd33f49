/* friends.accept: who asked to be a friend becomes one. */
#include "agent/actions/friends/relation.h"
#include "model/action_friends.h"

#include <inttypes.h>

extern const struct action_run friends_accept;

static enum rc look(struct action_task *t, const struct action_friend *want, bool *ret_asked, struct fault *f)
{
	uint32_t now;

	enum rc rc = relation_to(t, want->steam_id, &now, f);
	if (rc != RC_OK)
		return rc;
	*ret_asked = now == RELATION_ASKED_US;
	if (*ret_asked || now == RELATION_FRIEND)
		return RC_OK;
	t->code = "not_asked";
	return fault_set(f, RC_CONFLICT, "%" PRIu64 " has not asked to be a friend (%s)", want->steam_id,
		relation_word(now));
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_friend *want = in;
	struct action_friend_result *to = out;
	bool asked;

	enum rc rc = look(t, want, &asked, f);
	to->relationship = relation_word(RELATION_FRIEND);
	return rc == RC_OK && asked ? relation_ask(t, want->steam_id, f) : rc;
}

static enum rc plan(struct action_task *t, const void *in, struct action_plan *plan, struct fault *f)
{
	const struct action_friend *want = in;
	bool asked;

	enum rc rc = look(t, want, &asked, f);
	return rc == RC_OK && asked ? ask_plan(t, plan, "accept %" PRIu64 " as a friend", want->steam_id) : rc;
}

const struct action_run friends_accept = { .name = "friends.accept", .run = run, .plan = plan };
