/* action_keys: the declarations of keys.redeem and wallet.redeem, and their shapes. product.md 5.5. */
#pragma once

#include "model/action.h"

extern const struct action action_keys_redeem, action_keys_wallet_redeem;

struct action_redeem {
	const char *key; /* a secret */
	struct {
		uint32_t sub, app; /* 0: not known */
	} expect;
};

struct action_redeemed_package {
	uint32_t sub;
	const char *name; /* NULL: Steam does not say */
};

/* `status`: redeemed, owned_by_target, invalid, used_elsewhere, region_locked, needs_base_app, wallet_code, account_blocked, error */
struct action_redeem_result {
	const char *status, *detail; /* detail: Steam's EPurchaseResultDetail by name */
	struct field_list packages;  /* of struct action_redeemed_package */
	const char *masked_key;
	const char *receipt_id; /* NULL: none */
};

struct action_wallet {
	const char *code; /* a secret */
};

/* `status`: redeemed, used_elsewhere, invalid, wrong_currency, error */
struct action_wallet_result {
	const char *status, *detail;
	int64_t balance;          /* minor units */
	const char *balance_text; /* as the store shows it; NULL: it did not say */
};
