#include "tests/unit/check.h"
#include "wire/steam/purchase.h"
#include "wire/steam/vdf_binary.h"

/* The map of product.md 5.5. */
static void what_an_answer_means(void)
{
	static const struct {
		int32_t eresult, detail;
		const char *word;
	} cases[] = { { 1, 0, "redeemed" }, { 2, 9, "owned_by_target" }, { 2, 14, "invalid" },
		{ 2, 15, "used_elsewhere" }, { 2, 13, "region_locked" }, { 2, 24, "needs_base_app" },
		{ 2, 53, "rate_limited" }, { 84, 0, "rate_limited" }, { 2, 50, "wallet_code" },
		{ 2, 44, "account_blocked" }, { 2, 48, "account_blocked" }, { 2, 4, "unknown" },
		{ 16, 0, "unknown" }, { 2, 0, "error" }, { 2, 36, "error" }, { 2, 999, "error" },
		{ 2, -1, "error" } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		CHECK_STR(purchase_words[purchase_outcome(cases[i].eresult, cases[i].detail)], cases[i].word);
	CHECK_STR(purchase_name(14), "BadActivationCode");
	CHECK_STR(purchase_name(83), "PaymentMethodNotSupportedForProduct");
	CHECK_STR(purchase_name(84), "unknown");
	for (int o = 0; o < PURCHASE_OUTCOMES; o++)
		CHECK(purchase_after_unknown((enum purchase_outcome)o) ==
			(o == PURCHASE_OWNED || o == PURCHASE_USED ? PURCHASE_REDEEMED : (enum purchase_outcome)o));
}

static void a_receipt_is_read(void)
{
	struct arena a = { 0 };
	struct buf b = { 0 };
	struct purchase_receipt r = { 0 };
	struct vdf *doc = arena_take(&a, sizeof(*doc));
	struct vdf *m = vdf_add(doc, &a, VDF_OBJECT, "MessageObject"), *items, *one;

	vdf_add(m, &a, VDF_U64, "transactionid")->u64 = 77;
	vdf_add(m, &a, VDF_I32, "LineItemCount")->i32 = 2;
	items = vdf_add(m, &a, VDF_OBJECT, "lineitems");
	one = vdf_add(items, &a, VDF_OBJECT, "0");
	vdf_add(one, &a, VDF_I32, "PackageID")->i32 = 61;
	vdf_add_text(one, &a, "ItemDescription", "Half-Life");
	one = vdf_add(items, &a, VDF_OBJECT, "1");
	vdf_add(one, &a, VDF_I32, "PackageID")->i32 = 62;
	vdf_binary_write(&b, doc);
	CHECK(purchase_read(b.p, b.n, &a, &r, NULL) == RC_OK);
	CHECK(r.transaction == 77 && r.items_n == 2 && r.items[0].package == 61 && r.items[1].package == 62);
	CHECK_STR(r.items[0].name, "Half-Life");
	CHECK(!r.items[1].name);
	CHECK(purchase_read(b.p, b.n - 3, &a, &r, NULL) == RC_MALFORMED);
	CHECK(purchase_read(NULL, 0, &a, &r, NULL) == RC_OK && r.items_n == 0);
	buf_done(&b);
	arena_done(&a);
}

int main(void)
{
	char masked[20];

	what_an_answer_means();
	a_receipt_is_read();
	purchase_mask("ABCDE-FGHIJ-KLMNO", masked, sizeof(masked));
	CHECK_STR(masked, "ABCDE-*****-*****");
	purchase_mask("ABCDE-FGHIJ-KLMNO-PQRST", masked, 8);
	CHECK_STR(masked, "ABCDE-*");
	return 0;
}
