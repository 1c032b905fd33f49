/* action_shops: the declaration of shops.log_in, and its shapes. */
#pragma once

#include "model/action.h"

extern const struct action action_shops_log_in;

#define ACTION_SHOP_CODE_MAX 1024 /* as SHOP_CODE_MAX of wire/shop_code.h */

struct action_shop_log_in {
	const char *store; /* epic, gog */
	const char *code;  /* what the store's log-on page gave; a secret, good for once */
};

struct action_shop_log_in_result {
	const char *store;
	bool renews; /* the store gave a refresh token */
};
