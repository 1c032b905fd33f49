/*
 * purchase: what Steam answers when a key is redeemed: its EPurchaseResultDetail (purchase.def), what it means for the key, and
 * how a key is shown. Pure. Its receipt is read by wire/steam/msgs. Source: steam-protocol facts, section 5; product.md 5.5.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum purchase_detail {
#define PURCHASE(id, number, name) PURCHASE_##id = (number),
#include "wire/steam/purchase.def"
#undef PURCHASE
};

enum purchase_outcome {
	PURCHASE_REDEEMED,
	PURCHASE_OWNED,   /* the account had it already: the key is still good */
	PURCHASE_INVALID, /* no such key */
	PURCHASE_USED,    /* somebody used it */
	PURCHASE_REGION,  /* not in the account's country */
	PURCHASE_BASE,    /* only with an app that the account does not have */
	PURCHASE_WALLET,  /* it is a wallet code */
	PURCHASE_BLOCKED, /* the account may not redeem */
	PURCHASE_LIMITED, /* not tried: too many keys lately */
	PURCHASE_UNKNOWN, /* Steam cannot say: it may have been redeemed */
	PURCHASE_ERROR,   /* another refusal, that Steam names */
	PURCHASE_OUTCOMES,
};
extern const char *const purchase_words[]; /* "redeemed", "owned_by_target" …; ends in NULL */

enum purchase_outcome purchase_outcome(int32_t eresult, int32_t detail);
const char *purchase_name(int32_t detail); /* "BadActivationCode"; "unknown" for another number */

/* After an attempt whose answer was lost: what an answer to the second one says of the first. */
enum purchase_outcome purchase_after_unknown(enum purchase_outcome second);

/* "ABCDE-*****-*****": all but the first five characters hidden, dashes kept. `room` of ret. */
void purchase_mask(const char *key, char *ret, size_t room);
