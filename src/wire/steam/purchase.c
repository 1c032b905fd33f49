#include "wire/steam/purchase.h"

#include "wire/steam/eresult.h"
#include "wire/steam/vdf_binary.h"

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

/* The document's one child is the message object; its line items are numbered. */
static enum rc read_items(const struct vdf *object, struct arena *a, struct purchase_receipt *ret)
{
	const struct vdf *items = vdf_get(object, "lineitems");
	uint64_t number;

	ret->items = arena_take(a, (PURCHASE_ITEMS_MAX + 1) * sizeof(*ret->items));
	if (!ret->items)
		return RC_NOMEM;
	for (const struct vdf *v = items ? items->first : NULL; v && ret->items_n < PURCHASE_ITEMS_MAX;
		v = v->next) {
		if (v->kind != VDF_OBJECT || !vdf_number_at(v, "PackageID", &number) || number > UINT32_MAX)
			continue;
		ret->items[ret->items_n++] = (struct purchase_item){ .package = (uint32_t)number,
			.name = vdf_text_at(v, "ItemDescription") };
	}
	return RC_OK;
}

enum rc purchase_read(const void *p, size_t n, struct arena *a, struct purchase_receipt *ret, struct fault *f)
{
	struct purchase_receipt got = { 0 };
	struct vdf *doc;

	if (n == 0) {
		*ret = got;
		return RC_OK;
	}
	enum rc rc = vdf_binary_parse(p, n, a, &doc, f);
	if (rc != RC_OK)
		return rc;
	const struct vdf *object = doc->first && doc->first->kind == VDF_OBJECT ? doc->first : doc;
	if (!vdf_number_at(object, "TransactionID", &got.transaction))
		got.transaction = 0;
	rc = read_items(object, a, &got);
	if (rc == RC_OK)
		*ret = got;
	return rc;
}

void purchase_mask(const char *key, char *ret, size_t room)
{
	size_t n = 0;

	for (; key[n] && n + 1 < room; n++)
		ret[n] = n < SHOWN || key[n] == '-' ? key[n] : '*';
	if (room)
		ret[n] = 0;
}
