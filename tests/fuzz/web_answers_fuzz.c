/* Any bytes as an answer of Steam's sites, read by all that read such answers: no crash, nothing read outside. */
#include "wire/steam/web_account.h"
#include "wire/steam/web_confirm.h"
#include "wire/steam/web_inventory.h"
#include "wire/steam/web_offers.h"
#include "wire/steam/web_page.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void lists(const char *s, size_t n, struct arena *a)
{
	struct web_confirmations c;
	struct web_inventory i;
	struct web_offers o;
	struct web_offer one;
	struct web_trade t;
	bool done;

	if (web_confirm_list(s, n, a, &c, NULL) == RC_OK)
		for (size_t k = 0; k < c.n; k++)
			if (!c.at[k].id || !c.at[k].nonce || !web_confirm_type(c.at[k].type))
				abort();
	(void)!web_confirm_answer(s, n, &done, NULL);
	if (web_inventory_read(s, n, a, &i, NULL) == RC_OK)
		for (size_t k = 0; k < i.items_n; k++)
			if (!i.items[k].asset || !i.items[k].class || !i.items[k].app)
				abort();
	if (web_offers_read(s, n, a, &o, NULL) == RC_OK)
		for (size_t k = 0; k < o.n; k++)
			if (!o.at[k].id || !o.at[k].partner)
				abort();
	(void)!web_offers_one(s, n, a, &one, NULL);
	(void)!web_offers_trade(s, n, a, &t, NULL);
}

static void pages(const char *s, size_t n, struct arena *a)
{
	struct web_hold h;
	struct web_bans b;
	struct web_privacy v;
	struct web_wallet w;
	struct buf b2 = { 0 };
	uint32_t number;
	char token[17];

	(void)!web_offers_hold(s, n, &h, NULL);
	(void)!web_account_bans(s, n, 1, &b, NULL);
	(void)!web_account_level(s, n, &number, NULL);
	(void)!web_account_privacy_page(s, a, &v, NULL);
	(void)!web_account_privacy_answer(s, n, &v, NULL);
	(void)!web_account_wallet(s, n, a, &w, NULL);
	(void)web_account_free_answer(200, s, n);
	(void)web_page_is_lost(200, NULL, s);
	(void)web_page_code(s);
	(void)web_page_error(s, n, a);
	(void)web_page_message(s, a);
	(void)web_page_number(s, "g_daysMyEscrow", &number);
	(void)web_page_trade_url(s, &number, token);
	web_page_encode(&b2, s);
	buf_done(&b2);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = { .limit = 16u << 20 };
	char *s = malloc(n + 1);

	if (!s)
		return 0;
	memcpy(s, p, n);
	s[n] = 0;
	lists(s, n, &a);
	pages(s, n, &a);
	free(s);
	arena_done(&a);
	return 0;
}
