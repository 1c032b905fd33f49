/*
 * shop_code: a person logs on at Epic or GOG, in a browser, on the store's own page, and brings the code that they end up with: which page that
 * is, what the code is in what they bring, and what the store says of a code that it does not take. Pure. Sources: docs/protocol/epic.md,
 * docs/protocol/gog.md.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/hush.h"
#include "wire/shop_token.h"

#define SHOP_CODE_MAX   1024 /* bytes of a code */
#define SHOP_CODE_BRING 4096 /* bytes of what a person brings */

struct shop_code_page {
	const char *url;       /* Epic: https://www.epicgames.com/id, GOG: https://auth.gog.com/auth */
	const char *client_id; /* of the client that the code is for */
	const char *redirect;  /* GOG: where the page leads to */
};
/* Appends the address that a person opens. It holds no secret. */
void shop_code_page(enum shop_token_form form, const struct shop_code_page *page, struct buf *to);

/*
 * The code in what a person brings: it alone, the address that the page led to (…?code=CODE), or Epic's answer in JSON
 * (authorizationCode). RC_INVALID: there is none, and the fault says what to bring; what was brought stands nowhere in it.
 */
must_check enum rc shop_code_read(const char *p, size_t n, struct hush *ret, struct fault *f);

/* Why a store's answer of status 400 to 499 says no. */
enum shop_code_no {
	SHOP_CODE_GRANT,  /* the code, or the refresh token: unknown, used or over */
	SHOP_CODE_CLIENT, /* the client's id or secret, or the code is another client's */
	SHOP_CODE_PERSON, /* the person has to do something on the store's page first, such as agree to new terms */
	SHOP_CODE_UNKNOWN, /* it does not say */
};
enum shop_code_no shop_code_why(const void *p, size_t n);
