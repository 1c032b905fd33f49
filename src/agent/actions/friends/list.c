/* friends.list: friends, and those who were or are asked; groups are left out. */
#include "agent/actions/friends/relation.h"
#include "model/action_friends.h"
#include "wire/steam/steamid.h"

extern const struct action_run friends_list;

static const char *name_of(const CMsgClientPersonaState *names, uint64_t steamid)
{
	const char *last = NULL;

	for (size_t i = 0; names && i < names->n_friends; i++)
		if (names->friends[i]->friendid == steamid && names->friends[i]->player_name)
			last = names->friends[i]->player_name;
	return last;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	struct action_friends_result *result = out;
	CMsgClientFriendsList *l;
	CMsgClientPersonaState *names;

	(void)in;
	enum rc rc = relation_read(t, &l, &names, f);
	if (rc != RC_OK)
		return rc;
	struct action_friend_row *to = arena_take(t->arena, (l->n_friends + 1) * sizeof(*to));
	if (!to)
		return RC_NOMEM;
	result->friends.at = to;
	result->limit = l->max_friend_count;
	for (size_t i = 0; i < l->n_friends; i++) {
		uint64_t id = l->friends[i]->ulfriendid;
		uint32_t relation = l->friends[i]->efriendrelationship;
		if (steamid_of(id).type == STEAMID_INDIVIDUAL && relation != RELATION_NONE)
			to[result->friends.n++] =
				(struct action_friend_row){ id, relation_word(relation), name_of(names, id) };
	}
	return RC_OK;
}

const struct action_run friends_list = { .name = "friends.list", .run = run };
