/* action_account: the declarations of account.standing, egress.probe and profile.set_privacy, and their shapes. product.md 5.5. */
#pragma once

#include "model/action.h"

extern const struct action action_account_standing, action_account_egress_probe, action_account_set_privacy;

struct action_standing_result {
	bool vac, community, limited, trade_ready;
	uint32_t vac_bans, game_bans, level;
	const char *economy;       /* "none", "probation", "banned" */
	struct field_list reasons; /* of const char *: why not trade_ready */
};

/* "unchanged", then what Steam counts from 1: private, friends, public. */
extern const char *const action_account_privacy_words[];
/* "unchanged", then: friends, public, private; Steam counts them from 0. */
extern const char *const action_account_comment_words[];

struct action_privacy {
	int profile, inventory, gifts, owned_games, playtime, friends_list; /* of action_account_privacy_words */
	int comments;                                                       /* of action_account_comment_words */
};

struct action_privacy_result {
	struct action_privacy before, after;
};

struct action_egress {
	struct field_list targets; /* of const char *: cm, community, store, api; none: all */
};

struct action_reach {
	const char *target;
	bool reached;
	uint32_t latency_ms;
	const char *detail; /* why not; NULL */
};

struct action_egress_result {
	const char *egress_id;
	struct field_list targets; /* of struct action_reach */
};
