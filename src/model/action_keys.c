#include "model/action_keys.h"

#include "model/action_rows.h"

#define KEY_CHARS "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-"

/* clang-format off */
static const struct field expect[] = {
	ACTION_ROW(action_redeem, "sub", expect.sub, FIELD_U32, "The package that the key should give."),
	ACTION_ROW(action_redeem, "app", expect.app, FIELD_U32, "The app that the key should give."),
	{ 0 },
};

static const struct field redeem[] = {
	ACTION_ROW(action_redeem, "key", key, FIELD_STR, "The key.", .min = 5, .max = 64, .chars = KEY_CHARS,
		.flags = FIELD_REQUIRED | FIELD_SECRET),
	{ .name = "expect", .type = FIELD_OBJ, .sub = expect, .doc = "What the key should give, when that is known." },
	{ 0 },
};

static const struct field package[] = {
	ACTION_ROW(action_redeemed_package, "sub", sub, FIELD_U32, "The package."),
	ACTION_ROW(action_redeemed_package, "name", name, FIELD_STR, "What it is called.", ACTION_MAYBE),
	{ 0 },
};

static const struct field redeem_result[] = {
	ACTION_ROW(action_redeem_result, "status", status, FIELD_STR, "redeemed, owned_by_target, invalid, used_elsewhere, "
		"region_locked, needs_base_app, wallet_code, account_blocked or error."),
	ACTION_ROW(action_redeem_result, "detail", detail, FIELD_STR, "Steam's own word for it."),
	ACTION_ROWS(action_redeem_result, "packages", packages, package, action_redeemed_package, "What the key gives."),
	ACTION_ROW(action_redeem_result, "maskedKey", masked_key, FIELD_STR, "The key, all but its first five characters hidden."),
	ACTION_ROW(action_redeem_result, "receiptId", receipt_id, FIELD_STR, "Steam's number of the purchase.", ACTION_MAYBE),
	{ 0 },
};

static const struct field wallet[] = {
	ACTION_ROW(action_wallet, "code", code, FIELD_STR, "The code.", .min = 5, .max = 64, .chars = KEY_CHARS,
		.flags = FIELD_REQUIRED | FIELD_SECRET),
	{ 0 },
};

static const struct field wallet_result[] = {
	ACTION_ROW(action_wallet_result, "status", status, FIELD_STR, "redeemed, used_elsewhere, invalid, wrong_currency or error."),
	ACTION_ROW(action_wallet_result, "detail", detail, FIELD_STR, "Steam's own word for it."),
	ACTION_ROW(action_wallet_result, "balance", balance, FIELD_I64, "The wallet's balance after it, in minor units.", .max = INT64_MAX),
	ACTION_ROW(action_wallet_result, "balanceText", balance_text, FIELD_STR, "The balance as the store shows it.", ACTION_MAYBE),
	{ 0 },
};
/* clang-format on */

static const char *const lanes_redeem[] = { "store.redeem", "store.redeem.egress", NULL };

const struct action action_keys_redeem = {
	.name = "keys.redeem",
	.class = TASK_GUARDED,
	.scope = SCOPE_GAME_KEYS_WRITE,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 60,
	ACTION_SHAPES(redeem, action_redeem, redeem_result, action_redeem_result),
	.lanes = lanes_redeem,
	.mutates = true,
	.probe = true,
	.doc = "Redeems a key on the account.",
};

const struct action action_keys_wallet_redeem = {
	.name = "wallet.redeem",
	.class = TASK_ONCE,
	.scope = SCOPE_GAME_KEYS_WRITE,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 60,
	ACTION_SHAPES(wallet, action_wallet, wallet_result, action_wallet_result),
	.lanes = lanes_redeem,
	.mutates = true,
	.doc = "Redeems a wallet code on the account.",
};
