#include "tests/unit/check.h"
#include "wire/steam/purchase.h"

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

int main(void)
{
	char masked[20];

	what_an_answer_means();
	purchase_mask("ABCDE-FGHIJ-KLMNO", masked, sizeof(masked));
	CHECK_STR(masked, "ABCDE-*****-*****");
	purchase_mask("ABCDE-FGHIJ-KLMNO-PQRST", masked, 8);
	CHECK_STR(masked, "ABCDE-*");
	return 0;
}
