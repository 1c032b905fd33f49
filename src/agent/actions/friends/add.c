/* friends.add: someone is asked to be a friend; who had asked first is one at once. */
#include "agent/actions/friends/relation.h"
#include "model/action_friends.h"

#include <inttypes.h>

extern const struct action_run friends_add;

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_friend *want = in;
	struct action_friend_result *to = out;
	uint32_t now;

	enum rc rc = relation_to(t, want->steam_id, &now, f);
	if (rc != RC_OK)
		return rc;
	to->relationship = relation_word(now);
	if (now == RELATION_FRIEND || now == RELATION_ASKED)
		return RC_OK;
	to->relationship = relation_word(now == RELATION_ASKED_US ? RELATION_FRIEND : RELATION_ASKED);
	return relation_ask(t, want->steam_id, f);
}

static enum rc plan(struct action_task *t, const void *in, struct action_plan *plan, struct fault *f)
{
	const struct action_friend *want = in;
	uint32_t now;

	enum rc rc = relation_to(t, want->steam_id, &now, f);
	if (rc != RC_OK || now == RELATION_FRIEND || now == RELATION_ASKED)
		return rc;
	return ask_plan(t, plan, "ask %" PRIu64 " to be a friend", want->steam_id);
}

const struct action_run friends_add = { .name = "friends.add", .run = run, .plan = plan };
