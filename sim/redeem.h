/*
 * redeem: what becomes of a product key, whichever way it comes in: by a connection manager, a service method or the store.
 */
#pragma once

#include "sim/sim.h"

/* EPurchaseResultDetail */
enum redeem_detail {
	REDEEM_OK = 0,
	REDEEM_ALREADY_PURCHASED = 9,
	REDEEM_RESTRICTED_COUNTRY = 13,
	REDEEM_BAD_CODE = 14,
	REDEEM_DUPLICATE_CODE = 15,
	REDEEM_NEEDS_APP = 24,
	REDEEM_NOT_FROM_CLIENT = 50,
	REDEEM_RATE_LIMITED = 53,
};

struct redeemed {
	int32_t eresult;
	enum redeem_detail detail;
	uint32_t package; /* 0: none is told */
	char item[48];
	const struct game_key *key; /* NULL: no such key */
};

/* Changes the account and the key when it is good. */
struct redeemed redeem(struct sim *s, struct person *p, const char *key);
/* Gives a package that is free. False: it is not, or too many were given. */
bool redeem_free(struct sim *s, struct person *p, uint32_t app, uint32_t *ret_package);
