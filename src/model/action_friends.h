/* action_friends: the declarations of friends.*, and their shapes. product.md 5.5. */
#pragma once

#include "model/action.h"

extern const struct action action_friends_accept, action_friends_add, action_friends_list, action_friends_message,
	action_friends_remove;

struct action_friend {
	uint64_t steam_id;
};

/* Steam's EFriendRelationship: none, blocked, request_recipient (they asked us), friend, request_initiator (we asked), ignored,
 * ignored_friend. */
extern const char *const action_friends_words[];
#define ACTION_FRIEND_WORDS 7

struct action_friend_result {
	const char *relationship;
};

struct action_friend_row {
	uint64_t steam_id;
	const char *relationship;
	const char *name; /* NULL: Steam has not told it */
};

struct action_friends_result {
	struct field_list friends; /* of struct action_friend_row */
	uint32_t limit;            /* 0: Steam has not told it */
};

struct action_message {
	uint64_t steam_id;
	const char *text, *dedupe_key;
};

struct action_message_result {
	int64_t sent_ms;
};
