#include "wire/steam/purchase.h"

#include "wire/steam/eresult.h"

#define SHOWN 5 /* of a key */

const char *const purchase_words[] = {
	[PURCHASE_REDEEMED] = "redeemed",
	[PURCHASE_OWNED] = "owned_by_target",
	[PURCHASE_INVALID] = "invalid",
	[PURCHASE_USED] = "used_elsewhere",
	[PURCHASE_REGION] = "region_locked",
	[PURCHASE_BASE] = "needs_base_app",
	[PURCHASE_WALLET] = "wallet_code",
	[PURCHASE_BLOCKED] = "account_blocked",
	[PURCHASE_LIMITED] = "rate_limited",
	[PURCHASE_UNKNOWN] = "unknown",
	[PURCHASE_ERROR] = "error",
	NULL,
};

static enum purchase_outcome of_eresult(int32_t eresult)
{
	switch (eresult) {
	case ERESULT_OK:
		return PURCHASE_REDEEMED;
	case ERESULT_RATE_LIMIT_EXCEEDED:
		return PURCHASE_LIMITED;
	case ERESULT_TIMEOUT:
		return PURCHASE_UNKNOWN;
	default:
		return PURCHASE_ERROR;
	}
}

enum purchase_outcome purchase_outcome(int32_t eresult, int32_t detail)
{
	switch (detail) {
	case PURCHASE_NO_DETAIL:
		return of_eresult(eresult);
	case PURCHASE_ALREADY_PURCHASED:
		return PURCHASE_OWNED;
	case PURCHASE_BAD_ACTIVATION_CODE:
		return PURCHASE_INVALID;
	case PURCHASE_DUPLICATE_ACTIVATION_CODE:
		return PURCHASE_USED;
	case PURCHASE_RESTRICTED_COUNTRY:
	case PURCHASE_REGION_NOT_SUPPORTED:
		return PURCHASE_REGION;
	case PURCHASE_DOES_NOT_OWN_REQUIRED_APP:
		return PURCHASE_BASE;
	case PURCHASE_CANNOT_REDEEM_CODE_FROM_CLIENT:
		return PURCHASE_WALLET;
	case PURCHASE_ACCOUNT_LOCKED:
	case PURCHASE_ACCT_IS_BLOCKED:
	case PURCHASE_NO_WALLET:
		return PURCHASE_BLOCKED;
	case PURCHASE_RATE_LIMITED:
		return PURCHASE_LIMITED;
	case PURCHASE_TIMEOUT:
		return PURCHASE_UNKNOWN;
	default:
		return PURCHASE_ERROR;
	}
}

/* Between the two nobody else had the key: who has it now is the account itself. */
enum purchase_outcome purchase_after_unknown(enum purchase_outcome second)
{
	return second == PURCHASE_OWNED || second == PURCHASE_USED ? PURCHASE_REDEEMED : second;
}

const char *purchase_name(int32_t detail)
{
	switch (detail) {
#define PURCHASE(id, number, name) \
	case number:               \
		return name;
#include "wire/steam/purchase.def"
#undef PURCHASE
	default:
		return "unknown";
	}
}

void purchase_mask(const char *key, char *ret, size_t room)
{
	size_t n = 0;

	for (; key[n] && n + 1 < room; n++)
		ret[n] = (char)(n < SHOWN || key[n] == '-' ? key[n] : '*');
	if (room)
		ret[n] = 0;
}
