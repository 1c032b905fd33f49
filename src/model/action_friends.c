#include "model/action_friends.h"

#include "model/action_rows.h"

#define KEY_CHARS "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.:"

const char *const action_friends_words[] = { "none", "blocked", "request_recipient", "friend", "request_initiator",
	"ignored", "ignored_friend", NULL };

/* clang-format off */
static const struct field friend[] = {
	ACTION_ROW(action_friend, "steamId", steam_id, FIELD_ID64, "Whom.", ACTION_NEEDED),
	{ 0 },
};

static const struct field friend_result[] = {
	ACTION_ROW(action_friend_result, "relationship", relationship, FIELD_STR,
		"none, blocked, request_recipient, friend, request_initiator, ignored or ignored_friend."),
	{ 0 },
};

static const struct field friend_row[] = {
	ACTION_ROW(action_friend_row, "steamId", steam_id, FIELD_ID64, "Who it is."),
	ACTION_ROW(action_friend_row, "relationship", relationship, FIELD_STR, "How the account stands to them."),
	ACTION_ROW(action_friend_row, "name", name, FIELD_STR, "What they are called, when Steam has told.", ACTION_MAYBE),
	{ 0 },
};

static const struct field friends_result[] = {
	ACTION_ROWS(action_friends_result, "friends", friends, friend_row, action_friend_row, "Friends, and those who were or are asked."),
	ACTION_ROW(action_friends_result, "limit", limit, FIELD_U32, "How many friends the account may have.", ACTION_MAYBE),
	{ 0 },
};

static const struct field message[] = {
	ACTION_ROW(action_message, "steamId", steam_id, FIELD_ID64, "To whom.", ACTION_NEEDED),
	ACTION_ROW(action_message, "text", text, FIELD_STR, "What to say.", .min = 1, .max = 2000, ACTION_NEEDED),
	ACTION_ROW(action_message, "dedupeKey", dedupe_key, FIELD_STR, "Names the message: it is said once.", .min = 1, .max = 64,
		.chars = KEY_CHARS, ACTION_NEEDED),
	{ 0 },
};

static const struct field message_result[] = {
	ACTION_ROW(action_message_result, "sentAt", sent_ms, FIELD_TIME, "When Steam took it."),
	{ 0 },
};
/* clang-format on */

static const char *const lanes_job[] = { "cm.job", NULL };
static const char *const lanes_friends[] = { "friends", NULL };

const struct action action_friends_accept = {
	.name = "friends.accept",
	.class = TASK_IDEMPOTENT,
	.scope = SCOPE_FRIENDS_WRITE,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 30,
	ACTION_SHAPES(friend, action_friend, friend_result, action_friend_result),
	.lanes = lanes_friends,
	.mutates = true,
	.doc = "Accepts someone who asked to be the account's friend.",
};

const struct action action_friends_add = {
	.name = "friends.add",
	.class = TASK_IDEMPOTENT,
	.scope = SCOPE_FRIENDS_WRITE,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 30,
	ACTION_SHAPES(friend, action_friend, friend_result, action_friend_result),
	.lanes = lanes_friends,
	.mutates = true,
	.doc = "Asks someone to be the account's friend.",
};

const struct action action_friends_list = {
	.name = "friends.list",
	.class = TASK_READ,
	.scope = SCOPE_FRIENDS_WRITE,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 30,
	ACTION_SHAPES(action_empty_fields, action_empty, friends_result, action_friends_result),
	.lanes = lanes_job,
	.doc = "Lists the account's friends, as Steam told its session.",
};

const struct action action_friends_message = {
	.name = "friends.message",
	.class = TASK_ONCE,
	.scope = SCOPE_FRIENDS_WRITE,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 15,
	ACTION_SHAPES(message, action_message, message_result, action_message_result),
	.lanes = lanes_job,
	.mutates = true,
	.doc = "Sends someone a message. One whose outcome is not known is never sent again.",
};

const struct action action_friends_remove = {
	.name = "friends.remove",
	.class = TASK_IDEMPOTENT,
	.scope = SCOPE_FRIENDS_WRITE,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 30,
	ACTION_SHAPES(friend, action_friend, friend_result, action_friend_result),
	.lanes = lanes_friends,
	.mutates = true,
	.doc = "Ends a friendship, or declines who asked for one.",
};
