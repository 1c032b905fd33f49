/* Any bytes as the answer to a login, as what was kept of one, and as the code that a person brings: what is read can stand in a header, and is kept as it is. */
#include "wire/shop_code.h"
#include "wire/shop_token.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static void is_clean(const struct hush *h)
{
	expect(h->n <= SHOP_TOKEN_MAX);
	for (size_t i = 0; i < h->n; i++)
		expect(h->p[i] > ' ' && h->p[i] <= '~');
}

static void keeps(const struct shop_token *t)
{
	static const uint8_t secret[SHOP_TOKEN_KEY] = { 5 }, nonce[SHOP_TOKEN_NONCE] = { 6 };
	const struct shop_token_seal seal = { secret, "epic" };
	struct shop_token_kept k = { .token = *t, .until_ms = 77 }, again = { 0 };
	struct buf b = { 0 };

	shop_token_seed(&t->access, k.seed);
	expect(shop_token_keep(&k, &seal, nonce, &b) == RC_OK);
	if (t->refresh.n) {
		expect(shop_token_kept_read(b.p, b.n, &seal, &again, NULL) == RC_OK);
		expect(again.token.access.n == t->access.n &&
			hush_same(&again.token.access, t->access.p, t->access.n));
		expect(again.token.refresh.n == t->refresh.n &&
			hush_same(&again.token.refresh, t->refresh.p, t->refresh.n));
		expect(again.until_ms == 77 && again.token.lasts_s == t->lasts_s && !strcmp(again.seed, k.seed));
		shop_token_done(&again.token);
	}
	buf_done(&b);
}

/* What is taken for a code is taken for the same once more, and can stand in a form. */
static void brings(const char *p, size_t n)
{
	struct hush code = { 0 }, again = { 0 };

	if (shop_code_read(p, n, &code, NULL) != RC_OK)
		return;
	expect(code.n > 0 && code.n <= SHOP_CODE_MAX && !memchr(code.p, 0, code.n));
	expect(shop_code_read((const char *)code.p, code.n, &again, NULL) == RC_OK);
	expect(hush_same(&again, code.p, code.n));
	hush_done(&code);
	hush_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t secret[SHOP_TOKEN_KEY] = { 5 };
	const struct shop_token_seal seal = { secret, "epic" };
	struct shop_token_kept kept = { 0 };
	struct shop_token t = { 0 };

	brings((const char *)p, n);
	expect(shop_code_why(p, n) <= SHOP_CODE_UNKNOWN);
	if (shop_token_read(p, n, &t, NULL) == RC_OK) {
		is_clean(&t.access);
		is_clean(&t.refresh);
		expect(t.access.n > 0 && t.lasts_s > 0 && t.lasts_s <= SHOP_TOKEN_LASTS_MAX);
		keeps(&t);
		shop_token_done(&t);
	}
	if (shop_token_kept_read(p, n, &seal, &kept, NULL) == RC_OK)
		shop_token_done(&kept.token);
	return 0;
}
