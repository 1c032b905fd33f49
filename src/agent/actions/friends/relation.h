/* relation: how the account stands to others, as Steam told its session. */
#pragma once

#include "agent/actions/ask.h"
#include "proto/steam/friends.pb-c.h"

enum relation {
	RELATION_NONE,
	RELATION_BLOCKED,
	RELATION_ASKED_US,
	RELATION_FRIEND,
	RELATION_ASKED,
	RELATION_IGNORED
};

/* RC_AWAY when Steam has not told them yet. *ret_names is NULL when it has told no names. */
must_check enum rc relation_read(
	struct action_task *t, CMsgClientFriendsList **ret, CMsgClientPersonaState **ret_names, struct fault *f);
uint32_t relation_of(const CMsgClientFriendsList *l, uint64_t steamid);
const char *relation_word(uint32_t relation);
/* relation_read and relation_of. */
must_check enum rc relation_to(struct action_task *t, uint64_t steamid, uint32_t *ret, struct fault *f);
/* ClientAddFriend, which also says yes to who asked. */
must_check enum rc relation_ask(struct action_task *t, uint64_t steamid, struct fault *f);
