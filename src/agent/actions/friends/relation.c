#include "agent/actions/friends/relation.h"

#include "agent/sessions_self.h"
#include "model/action_friends.h"
#include "wire/steam/eresult.h"
#include "wire/steam/steamid.h"

enum rc relation_read(
	struct action_task *t, CMsgClientFriendsList **ret, CMsgClientPersonaState **ret_names, struct fault *f)
{
	struct sessions_self self = { 0 };
	ProtobufCMessage *list, *names = NULL;

	enum rc rc = ask_self(t, &self, f);
	if (rc != RC_OK)
		return rc;
	if (!self.friends.p)
		return fault_set(f, RC_AWAY, "Steam has not told the account's friends yet");
	rc = pb_unpack(&cmsg_client_friends_list__descriptor, self.friends.p, self.friends.n, t->arena, &list, f);
	if (rc == RC_OK && ret_names && self.personas.p)
		rc = pb_unpack(&cmsg_client_persona_state__descriptor, self.personas.p, self.personas.n, t->arena,
			&names, f);
	if (rc != RC_OK)
		return rc;
	*ret = (CMsgClientFriendsList *)list;
	if (ret_names)
		*ret_names = (CMsgClientPersonaState *)names;
	return RC_OK;
}

uint32_t relation_of(const CMsgClientFriendsList *l, uint64_t steamid)
{
	for (size_t i = 0; i < l->n_friends; i++)
		if (l->friends[i]->ulfriendid == steamid)
			return l->friends[i]->efriendrelationship;
	return RELATION_NONE;
}

const char *relation_word(uint32_t relation)
{
	return relation < ACTION_FRIEND_WORDS ? action_friends_words[relation] : "none";
}

enum rc relation_to(struct action_task *t, uint64_t steamid, uint32_t *ret, struct fault *f)
{
	CMsgClientFriendsList *l;
	struct steamid who = steamid_of(steamid);

	if (who.type != STEAMID_INDIVIDUAL || who.account == 0)
		return fault_set(f, RC_INVALID, "steamId is not that of a person");
	enum rc rc = relation_read(t, &l, NULL, f);
	if (rc == RC_OK)
		*ret = relation_of(l, steamid);
	return rc;
}

static enum rc refusal(struct action_task *t, int32_t eresult, struct fault *f)
{
	t->eresult = eresult;
	switch (eresult) {
	case ERESULT_RATE_LIMIT_EXCEEDED:
		task_pause(t, LANE_FRIENDS, "friends_rate_limited");
		t->code = "rate_limited";
		return fault_set(f, RC_LIMIT, "Steam takes no more of this for a while");
	case ERESULT_LIMIT_EXCEEDED:
		t->code = "friends_full";
		return fault_set(f, RC_REFUSED, "one of the two has as many friends as it may have");
	case ERESULT_BLOCKED:
	case ERESULT_IGNORED:
		t->code = "blocked";
		return fault_set(f, RC_REFUSED, "one of the two blocks the other");
	case ERESULT_LIMITED_USER_ACCOUNT:
		t->code = "limited_account";
		return fault_set(f, RC_REFUSED, "the account is limited: it cannot have friends");
	default:
		return fault_set(f, RC_REFUSED, "Steam refused: %s", eresult_name(eresult));
	}
}

enum rc relation_ask(struct action_task *t, uint64_t steamid, struct fault *f)
{
	CMsgClientAddFriend m = CMSG_CLIENT_ADD_FRIEND__INIT;
	struct ask q = {
		.emsg = EMSG_CLIENT_ADD_FRIEND, .in = &m.base, .out = &cmsg_client_add_friend_response__descriptor
	};

	m.has_steamid_to_add = true;
	m.steamid_to_add = steamid;
	enum rc rc = task_lanes(t, (enum lane[]){ LANE_FRIENDS }, 1, f);
	if (rc == RC_OK)
		rc = ask_steam(t, &q, f);
	if (rc != RC_OK)
		return rc;
	int32_t eresult = ((const CMsgClientAddFriendResponse *)q.got)->eresult;
	return eresult == ERESULT_OK || eresult == ERESULT_DUPLICATE_NAME ? RC_OK : refusal(t, eresult, f);
}
