#include "model/action_shops.h"

#include "model/action_rows.h"

/* clang-format off */
static const struct field log_in[] = {
	ACTION_ROW(action_shop_log_in, "store", store, FIELD_STR, "epic or gog.", ACTION_NEEDED, .min = 1, .max = 8),
	ACTION_ROW(action_shop_log_in, "code", code, FIELD_STR, "What the store's log-on page gave.", .min = 1, .max = ACTION_SHOP_CODE_MAX,
		.flags = FIELD_REQUIRED | FIELD_SECRET),
	{ 0 },
};

static const struct field result[] = {
	ACTION_ROW(action_shop_log_in_result, "store", store, FIELD_STR, "Where the agent is logged in now."),
	ACTION_ROW(action_shop_log_in_result, "renews", renews, FIELD_BOOL, "The agent can renew the login by itself."),
	{ 0 },
};
/* clang-format on */

static const char *const lanes[] = { "epic", "gog", NULL };

const struct action action_shops_log_in = {
	.name = "shops.log_in",
	.class = TASK_ONCE,
	.scope = SCOPE_CHALLENGES_ANSWER,
	.target = ACTION_TARGET_NONE,
	.own = true,
	.mutates = true,
	.timeout_s = 60,
	ACTION_SHAPES(log_in, action_shop_log_in, result, action_shop_log_in_result),
	.lanes = lanes,
	.doc = "Logs the agent in at Epic or GOG by the code that a person brings. The control plane makes these "
	       "of "
	       "answered challenges.",
};
