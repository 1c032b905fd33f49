#include "model/action_account.h"

#include "model/action_rows.h"

const char *const action_account_privacy_words[] = { "unchanged", "private", "friends", "public", NULL };
const char *const action_account_comment_words[] = { "unchanged", "friends", "public", "private", NULL };

#define SEEN_BY(name, member, doc) \
	ACTION_ROW(action_privacy, name, member, FIELD_ENUM, doc, .words = action_account_privacy_words)

/* clang-format off */
static const struct field standing[] = {
	ACTION_ROW(action_standing_result, "vac", vac, FIELD_BOOL, "Banned by VAC."),
	ACTION_ROW(action_standing_result, "vacBans", vac_bans, FIELD_U32, "How often."),
	ACTION_ROW(action_standing_result, "gameBans", game_bans, FIELD_U32, "Bans by games."),
	ACTION_ROW(action_standing_result, "community", community, FIELD_BOOL, "Banned from the community."),
	ACTION_ROW(action_standing_result, "economy", economy, FIELD_STR, "none, probation or banned."),
	ACTION_ROW(action_standing_result, "limited", limited, FIELD_BOOL, "Nothing was ever bought: no trades, no friends, no Web API."),
	ACTION_ROW(action_standing_result, "level", level, FIELD_U32, "Its Steam level."),
	ACTION_ROW(action_standing_result, "tradeReady", trade_ready, FIELD_BOOL, "Nothing here keeps it from trading."),
	ACTION_LIST(action_standing_result, "reasons", reasons, FIELD_STR, "What keeps it from trading."),
	{ 0 },
};

static const struct field privacy[] = {
	SEEN_BY("profile", profile, "Who sees the profile."),
	SEEN_BY("inventory", inventory, "Who sees the inventory."),
	SEEN_BY("gifts", gifts, "Who sees gifts in it."),
	SEEN_BY("ownedGames", owned_games, "Who sees the games."),
	SEEN_BY("playtime", playtime, "Who sees how long they were played."),
	SEEN_BY("friendsList", friends_list, "Who sees the friends."),
	ACTION_ROW(action_privacy, "comments", comments, FIELD_ENUM, "Who may comment.", .words = action_account_comment_words),
	{ 0 },
};

static const struct field privacy_result[] = {
	ACTION_ROW(action_privacy_result, "before", before, FIELD_OBJ, "As it was.", .sub = privacy),
	ACTION_ROW(action_privacy_result, "after", after, FIELD_OBJ, "As it is.", .sub = privacy),
	{ 0 },
};

static const struct field egress[] = {
	ACTION_LIST(action_egress, "targets", targets, FIELD_STR, "What to reach: cm, community, store, api; none: all.", .max = 4),
	{ 0 },
};

static const struct field reach[] = {
	ACTION_ROW(action_reach, "target", target, FIELD_STR, "cm, community, store or api."),
	ACTION_ROW(action_reach, "reached", reached, FIELD_BOOL, "It answered."),
	ACTION_ROW(action_reach, "latencyMs", latency_ms, FIELD_U32, "From the first byte sent to its answer, connecting included."),
	ACTION_ROW(action_reach, "detail", detail, FIELD_STR, "Why it was not reached.", ACTION_MAYBE),
	{ 0 },
};

static const struct field egress_result[] = {
	ACTION_ROW(action_egress_result, "egressId", egress_id, FIELD_STR, "The egress."),
	ACTION_ROWS(action_egress_result, "targets", targets, reach, action_reach, "What was tried."),
	{ 0 },
};
/* clang-format on */

static const char *const lanes_standing[] = { "econ.api", "cm.job", NULL };
static const char *const lanes_web[] = { "community.web", NULL };
static const char *const lanes_connect[] = { "cm.connect", "community.web", "store.web", NULL };

const struct action action_account_standing = {
	.name = "account.standing",
	.class = TASK_READ,
	.scope = SCOPE_ACCOUNTS_READ,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 30,
	ACTION_SHAPES(action_empty_fields, action_empty, standing, action_standing_result),
	.lanes = lanes_standing,
	.doc = "Reads how the account stands with Steam: bans, limits, level, whether it can trade.",
};

const struct action action_account_egress_probe = {
	.name = "egress.probe",
	.class = TASK_READ,
	.scope = SCOPE_TOPOLOGY_READ,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 30,
	ACTION_SHAPES(egress, action_egress, egress_result, action_egress_result),
	.lanes = lanes_connect,
	.retry = &(const struct task_policy){ .max_attempts = 2, .never = 1u << TASK_AWAY },
	.doc = "Tries whether Steam can be reached by the account's egress, and how fast.",
};

const struct action action_account_set_privacy = {
	.name = "profile.set_privacy",
	.class = TASK_IDEMPOTENT,
	.scope = SCOPE_ACCOUNTS_WRITE,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 30,
	ACTION_SHAPES(privacy, action_privacy, privacy_result, action_privacy_result),
	.lanes = lanes_web,
	.mutates = true,
	.doc = "Sets who sees the account's profile, inventory, games and friends.",
};
