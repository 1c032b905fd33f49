#include "model/action_trade.h"

#include "model/action_rows.h"

#define TOKEN_CHARS "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"

const char *const action_trade_confirmation_words[] = { "all", "trade", "market", NULL };
const char *const action_trade_respond_words[] = { "accept", "cancel", NULL };
const char *const action_trade_direction_words[] = { "both", "sent", "received", NULL };

/* clang-format off */
static const struct field confirmations[] = {
	ACTION_ROW(action_confirmations, "type", type, FIELD_ENUM, "Which ones.", .words = action_trade_confirmation_words),
	{ 0 },
};

static const struct field confirmation[] = {
	ACTION_ROW(action_confirmation, "id", id, FIELD_STR, "Its id."),
	ACTION_ROW(action_confirmation, "type", type, FIELD_STR,
		"trade, market, generic, feature_opt_out, phone_change, recovery, api_key, family or other."),
	ACTION_ROW(action_confirmation, "creatorId", creator_id, FIELD_STR, "What it confirms: the id of the offer or listing."),
	ACTION_ROW(action_confirmation, "headline", headline, FIELD_STR, "What Steam writes above it."),
	ACTION_ROW(action_confirmation, "createdAt", created_ms, FIELD_TIME, "Since when it waits."),
	{ 0 },
};

static const struct field confirmations_result[] = {
	ACTION_ROWS(action_confirmations_result, "confirmations", confirmations, confirmation, action_confirmation, "What waits."),
	{ 0 },
};

static const struct field respond[] = {
	ACTION_LIST(action_respond, "creatorIds", creator_ids, FIELD_STR, "By offers or listings.", .max = ACTION_RESPOND_MAX,
		.chars = "0123456789"),
	ACTION_LIST(action_respond, "ids", ids, FIELD_STR, "Or by their own ids.", .max = ACTION_RESPOND_MAX, .chars = "0123456789"),
	ACTION_ROW(action_respond, "operation", operation, FIELD_ENUM, "accept or cancel.", .words = action_trade_respond_words, ACTION_NEEDED),
	{ 0 },
};

static const struct field responded[] = {
	ACTION_ROW(action_responded, "id", id, FIELD_STR, "Its id.", ACTION_MAYBE),
	ACTION_ROW(action_responded, "creatorId", creator_id, FIELD_STR, "What it confirms.", ACTION_MAYBE),
	ACTION_ROW(action_responded, "status", status, FIELD_STR, "done, already_done, not_found or failed."),
	{ 0 },
};

static const struct field respond_result[] = {
	ACTION_ROWS(action_respond_result, "results", results, responded, action_responded, "One for each that was asked for."),
	{ 0 },
};

static const struct field trade_url_result[] = {
	ACTION_ROW(action_trade_url_result, "tradeUrl", trade_url, FIELD_STR, "Where others make the account an offer."),
	{ 0 },
};

static const struct field inventory[] = {
	ACTION_ROW(action_inventory, "appId", app_id, FIELD_U32, "Of which app.", .min = 1, ACTION_NEEDED),
	ACTION_ROW(action_inventory, "contextId", context_id, FIELD_STR, "Which inventory of it.", .max = 20, ACTION_DIGITS, ACTION_NEEDED),
	ACTION_ROW(action_inventory, "steamId", steam_id, FIELD_ID64, "Whose; absent: its own."),
	ACTION_ROW(action_inventory, "tradableOnly", tradable_only, FIELD_BOOL, "Leave out what cannot be traded."),
	ACTION_ROW(action_inventory, "freshWithinSeconds", fresh_within_s, FIELD_U32, "No older than this; each is read anew.", .def = 60,
		.max = 86400),
	ACTION_ROW(action_inventory, "includeProtected", include_protected, FIELD_BOOL,
		"With items that their sender can still take back.", .def = true),
	{ 0 },
};

static const struct field asset[] = {
	ACTION_ROW(action_asset, "appId", app_id, FIELD_U32, "Of which app."),
	ACTION_ROW(action_asset, "contextId", context_id, FIELD_STR, "In which inventory of it."),
	ACTION_ROW(action_asset, "assetId", asset_id, FIELD_STR, "Its id there; changes with every trade."),
	ACTION_ROW(action_asset, "amount", amount, FIELD_U32, "How many."),
	{ 0 },
};

static const struct field item[] = {
	ACTION_ROW(action_item, "asset", asset, FIELD_OBJ, "Where it is.", .sub = asset),
	ACTION_ROW(action_item, "classId", class_id, FIELD_STR, "What kind of thing it is."),
	ACTION_ROW(action_item, "instanceId", instance_id, FIELD_STR, "Which variety of it."),
	ACTION_ROW(action_item, "name", name, FIELD_STR, "What it is called.", ACTION_MAYBE),
	ACTION_ROW(action_item, "marketHashName", market_hash_name, FIELD_STR, "What the market calls it.", ACTION_MAYBE),
	ACTION_ROW(action_item, "tradable", tradable, FIELD_BOOL, "It can be traded now."),
	ACTION_ROW(action_item, "marketable", marketable, FIELD_BOOL, "It can be sold on the market."),
	ACTION_ROW(action_item, "tradableAfter", tradable_after_ms, FIELD_TIME, "When it can be traded.", ACTION_MAYBE),
	ACTION_ROW(action_item, "protectedUntil", protected_until_ms, FIELD_TIME, "Until when its sender can take it back.", ACTION_MAYBE),
	ACTION_ROW(action_item, "attributes", attributes, FIELD_JSON, "Its own properties, as Steam gives them.", ACTION_MAYBE),
	{ 0 },
};

static const struct field inventory_result[] = {
	ACTION_ROW(action_inventory_result, "total", total, FIELD_U32, "How many Steam says there are."),
	ACTION_ROW(action_inventory_result, "revision", revision, FIELD_STR, "The same for the same items."),
	ACTION_ROWS(action_inventory_result, "items", items, item, action_item, "The items."),
	{ 0 },
};

static const struct field offers[] = {
	ACTION_ROW(action_offers, "direction", direction, FIELD_ENUM, "Which ones.", .words = action_trade_direction_words),
	ACTION_ROW(action_offers, "activeOnly", active_only, FIELD_BOOL, "Only those that are open, or changed since.", .def = true),
	ACTION_ROW(action_offers, "since", since_ms, FIELD_TIME, "With activeOnly: and those that changed since then."),
	{ 0 },
};

static const struct field offer[] = {
	ACTION_ROW(action_offer, "offerId", offer_id, FIELD_STR, "Its id."),
	ACTION_ROW(action_offer, "partner", partner, FIELD_ID64, "Who the other is."),
	ACTION_ROW(action_offer, "ours", ours, FIELD_BOOL, "The account made it."),
	ACTION_ROW(action_offer, "state", state, FIELD_STR, "invalid, active, accepted, countered, expired, canceled, declined, "
		"invalid_items, needs_confirmation, canceled_by_second_factor, in_escrow or a number."),
	ACTION_ROW(action_offer, "message", message, FIELD_STR, "What was written with it.", ACTION_MAYBE),
	ACTION_ROWS(action_offer, "give", give, asset, action_asset, "What the account gives."),
	ACTION_ROWS(action_offer, "receive", receive, asset, action_asset, "What it gets."),
	ACTION_ROW(action_offer, "createdAt", created_ms, FIELD_TIME, "When it was made."),
	ACTION_ROW(action_offer, "updatedAt", updated_ms, FIELD_TIME, "When it changed last."),
	ACTION_ROW(action_offer, "expiresAt", expires_ms, FIELD_TIME, "When it ends by itself."),
	ACTION_ROW(action_offer, "escrowEndsAt", escrow_end_ms, FIELD_TIME, "Until when the items are held.", ACTION_MAYBE),
	ACTION_ROW(action_offer, "confirmation", confirmation, FIELD_STR, "none, email or mobile."),
	ACTION_ROW(action_offer, "tradeId", trade_id, FIELD_STR, "The trade that came of it.", ACTION_MAYBE),
	ACTION_ROW(action_offer, "glitched", glitched, FIELD_BOOL, "Steam left out items: read it again later."),
	{ 0 },
};

static const struct field offers_result[] = {
	ACTION_ROWS(action_offers_result, "offers", offers, offer, action_offer, "The offers, the newest first."),
	{ 0 },
};

static const struct field offer_get[] = {
	ACTION_ROW(action_offer_get, "offerId", offer_id, FIELD_STR, "Its id.", .max = 20, ACTION_DIGITS, ACTION_NEEDED),
	{ 0 },
};

static const struct field exchanged[] = {
	ACTION_ROW(action_exchanged, "appId", app_id, FIELD_U32, "Of which app."),
	ACTION_ROW(action_exchanged, "contextId", context_id, FIELD_STR, "In which inventory it was."),
	ACTION_ROW(action_exchanged, "assetId", asset_id, FIELD_STR, "Its id before."),
	ACTION_ROW(action_exchanged, "newAssetId", new_asset_id, FIELD_STR, "Its id now.", ACTION_MAYBE),
	ACTION_ROW(action_exchanged, "newContextId", new_context_id, FIELD_STR, "In which inventory it is now.", ACTION_MAYBE),
	ACTION_ROW(action_exchanged, "rollbackNewAssetId", rollback_new_asset_id, FIELD_STR, "Its id after the trade was taken back.",
		ACTION_MAYBE),
	{ 0 },
};

static const struct field exchange[] = {
	ACTION_ROW(action_exchange, "tradeId", trade_id, FIELD_STR, "The trade."),
	ACTION_ROW(action_exchange, "status", status, FIELD_STR, "init, pre_committed, committed, complete, failed, "
		"partial_rollback, full_rollback, selective_rollback, rollback_failed, rollback_abandoned, in_escrow, escrow_rollback or a number."),
	ACTION_ROWS(action_exchange, "given", given, exchanged, action_exchanged, "What the account gave."),
	ACTION_ROWS(action_exchange, "received", received, exchanged, action_exchanged, "What it got."),
	{ 0 },
};

static const struct field offer_result[] = {
	ACTION_ROW(action_offer_result, "offer", offer, FIELD_OBJ, "The offer.", .sub = offer),
	ACTION_ROW(action_offer_result, "exchange", exchange, FIELD_OBJ, "The trade that came of it; tradeId null: none.", .sub = exchange),
	{ 0 },
};

static const struct field escrow[] = {
	ACTION_ROW(action_escrow, "steamId", steam_id, FIELD_ID64, "Who the other is."),
	ACTION_ROW(action_escrow, "token", token, FIELD_STR, "Of their trade URL, when they are no friend.", .min = 6, .max = 16,
		.chars = TOKEN_CHARS),
	ACTION_ROW(action_escrow, "tradeUrl", trade_url, FIELD_STR, "Or their trade URL.", .min = 20, .max = 256),
	{ 0 },
};

static const struct field partner[] = {
	{ .name = "partner", .type = FIELD_OBJ, .sub = escrow, .flags = FIELD_REQUIRED, .doc = "Who the other is: steamId or tradeUrl." },
	{ 0 },
};

static const struct field escrow_result[] = {
	ACTION_ROW(action_escrow_result, "myHoldDays", my_hold_days, FIELD_U32, "How long what the account gives would be held."),
	ACTION_ROW(action_escrow_result, "theirHoldDays", their_hold_days, FIELD_U32, "How long what they give would be held."),
	ACTION_ROW(action_escrow_result, "probation", probation, FIELD_BOOL, "One of the two is on trade probation."),
	ACTION_LIST(action_escrow_result, "reasons", reasons, FIELD_STR, "Why no trade is possible, as Steam says."),
	{ 0 },
};
/* clang-format on */

static const char *const lanes_confirm[] = { "community.confirm", "community.confirm.egress", NULL };
static const char *const lanes_job[] = { "cm.job", NULL };
static const char *const lanes_inventory[] = { "community.inventory", NULL };
static const char *const lanes_econ[] = { "econ.api", NULL };
static const char *const lanes_escrow[] = { "econ.api", "community.web", NULL };

const struct action action_trade_confirmations_list = {
	.name = "confirmations.list",
	.class = TASK_READ,
	.scope = SCOPE_TRADES_READ,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 30,
	ACTION_SHAPES(confirmations, action_confirmations, confirmations_result, action_confirmations_result),
	.lanes = lanes_confirm,
	.doc = "Lists what waits for the account's mobile confirmation.",
};

const struct action action_trade_confirmations_respond = {
	.name = "confirmations.respond",
	.class = TASK_GUARDED,
	.scope = SCOPE_CONFIRMATIONS_WRITE,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 120,
	ACTION_SHAPES(respond, action_respond, respond_result, action_respond_result),
	.lanes = lanes_confirm,
	.mutates = true,
	.probe = true,
	.doc = "Accepts or cancels what waits for the account's mobile confirmation.",
};

const struct action action_trade_escrow_check = {
	.name = "escrow.check",
	.class = TASK_READ,
	.scope = SCOPE_TRADES_READ,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 30,
	ACTION_SHAPES(partner, action_escrow, escrow_result, action_escrow_result),
	.lanes = lanes_escrow,
	.doc = "Reads how long Steam would hold the items of a trade with someone.",
};

const struct action action_trade_inventory_read = {
	.name = "inventory.read",
	.class = TASK_READ,
	.scope = SCOPE_INVENTORY_READ,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 120,
	ACTION_SHAPES(inventory, action_inventory, inventory_result, action_inventory_result),
	.lanes = lanes_inventory,
	.retry = &(const struct task_policy){ .backoff_ms = 5000,
		.backoff_max_ms = 300000 }, /* Steam is slow to forgive */
	.doc = "Reads an inventory, its own or another's.",
};

const struct action action_trade_offers_get = {
	.name = "offers.get",
	.class = TASK_READ,
	.scope = SCOPE_TRADES_READ,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 30,
	ACTION_SHAPES(offer_get, action_offer_get, offer_result, action_offer_result),
	.lanes = lanes_econ,
	.doc = "Reads a trade offer, and where its items went.",
};

const struct action action_trade_offers_list = {
	.name = "offers.list",
	.class = TASK_READ,
	.scope = SCOPE_TRADES_READ,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 30,
	ACTION_SHAPES(offers, action_offers, offers_result, action_offers_result),
	.lanes = lanes_econ,
	.doc = "Lists the account's trade offers.",
};

const struct action action_trade_url_read = {
	.name = "trade_url.read",
	.class = TASK_READ,
	.scope = SCOPE_TRADES_READ,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 30,
	ACTION_SHAPES(action_empty_fields, action_empty, trade_url_result, action_trade_url_result),
	.lanes = lanes_job,
	.doc = "Reads the account's trade URL.",
};
