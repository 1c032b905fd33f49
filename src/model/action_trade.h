/*
 * action_trade: the declarations of confirmations.*, trade_url.read, inventory.read, offers.* and escrow.check, and their
 * shapes. None moves an item. product.md 5.5.
 */
#pragma once

#include "model/action.h"

extern const struct action action_trade_confirmations_list, action_trade_confirmations_respond,
	action_trade_escrow_check, action_trade_inventory_read, action_trade_offers_get, action_trade_offers_list,
	action_trade_url_read;

extern const char *const action_trade_confirmation_words[]; /* all, trade, market */

struct action_confirmations {
	int type; /* of action_trade_confirmation_words */
};

struct action_confirmation {
	const char *id, *creator_id, *headline;
	const char
		*type; /* trade, market, generic, feature_opt_out, phone_change, recovery, api_key, family, other */
	int64_t created_ms;
};

struct action_confirmations_result {
	struct field_list confirmations; /* of struct action_confirmation */
};

extern const char *const action_trade_respond_words[]; /* accept, cancel */
enum { ACTION_RESPOND_ACCEPT, ACTION_RESPOND_CANCEL };
#define ACTION_RESPOND_MAX 10

struct action_respond {
	struct field_list creator_ids, ids; /* of const char *; exactly one of them is not empty */
	int operation;                      /* of action_trade_respond_words */
};

struct action_responded {
	const char *id, *creator_id; /* NULL: not known */
	const char *status;          /* done, already_done, not_found, failed */
};

struct action_respond_result {
	struct field_list results; /* of struct action_responded */
};

struct action_trade_url_result {
	const char *trade_url;
};

struct action_inventory {
	uint32_t app_id, fresh_within_s;
	const char *context_id;
	uint64_t steam_id; /* 0: its own */
	bool tradable_only, include_protected;
};

struct action_asset {
	uint32_t app_id;
	const char *context_id, *asset_id;
	uint32_t amount;
};

struct action_item {
	struct action_asset asset;
	const char *class_id, *instance_id, *name, *market_hash_name;
	bool tradable, marketable;
	int64_t tradable_after_ms, protected_until_ms; /* 0: not said */
	const char *attributes;                        /* JSON; NULL: none */
};

struct action_inventory_result {
	uint32_t total;
	const char *revision;    /* the same text for the same items */
	struct field_list items; /* of struct action_item */
};

extern const char *const action_trade_direction_words[]; /* both, sent, received */

struct action_offers {
	int direction;
	bool active_only;
	int64_t since_ms;
};

struct action_offer {
	const char *offer_id, *message, *state;
	uint64_t partner;
	bool ours;                       /* we sent it */
	struct field_list give, receive; /* of struct action_asset */
	int64_t created_ms, updated_ms, expires_ms, escrow_end_ms;
	const char *confirmation; /* none, email, mobile */
	const char *trade_id;     /* NULL: none */
	bool glitched;            /* Steam left out items: not to be believed yet */
};

struct action_offers_result {
	struct field_list offers; /* of struct action_offer */
};

struct action_offer_get {
	const char *offer_id;
};

struct action_exchanged {
	const char *asset_id, *new_asset_id, *new_context_id, *rollback_new_asset_id;
	uint32_t app_id;
	const char *context_id;
};

struct action_exchange {
	const char *trade_id, *status;
	struct field_list given, received; /* of struct action_exchanged */
};

struct action_offer_result {
	struct action_offer offer;
	struct action_exchange exchange; /* trade_id NULL: no trade came of it */
};

struct action_escrow {
	uint64_t steam_id;
	const char *token, *trade_url; /* steam_id, or trade_url */
};

struct action_escrow_result {
	uint32_t my_hold_days, their_hold_days;
	bool probation;
	struct field_list reasons; /* of const char * */
};
