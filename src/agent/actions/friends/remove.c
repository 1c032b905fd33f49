/* friends.remove: ends a friendship, declines who asked, takes back what was asked. Steam does not answer it. */
#include "agent/actions/friends/relation.h"
#include "model/action_friends.h"

#include <inttypes.h>

extern const struct action_run friends_remove;

static bool is_linked(uint32_t relation)
{
	return relation == RELATION_FRIEND || relation == RELATION_ASKED || relation == RELATION_ASKED_US;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_friend *want = in;
	struct action_friend_result *to = out;
	CMsgClientRemoveFriend m = CMSG_CLIENT_REMOVE_FRIEND__INIT;
	struct ask q = { .emsg = EMSG_CLIENT_REMOVE_FRIEND, .in = &m.base };
	uint32_t now;

	enum rc rc = relation_to(t, want->steam_id, &now, f);
	if (rc != RC_OK)
		return rc;
	to->relationship = relation_word(is_linked(now) ? RELATION_NONE : now);
	if (!is_linked(now))
		return RC_OK;
	m.has_friendid = true;
	m.friendid = want->steam_id;
	rc = task_lanes(t, (enum lane[]){ LANE_FRIENDS }, 1, f);
	return rc == RC_OK ? ask_steam(t, &q, f) : rc;
}

static enum rc plan(struct action_task *t, const void *in, struct action_plan *plan, struct fault *f)
{
	const struct action_friend *want = in;
	uint32_t now;

	enum rc rc = relation_to(t, want->steam_id, &now, f);
	if (rc != RC_OK || !is_linked(now))
		return rc;
	return ask_plan(t, plan, "end the friendship with %" PRIu64 " (%s)", want->steam_id, relation_word(now));
}

const struct action_run friends_remove = { .name = "friends.remove", .run = run, .plan = plan };
