/*
 * desk: where a login at a simulated store is made of a code, and renewed. A line of the world file says with what it begins:
 *
 *      epic token=ACCESS [refresh=REFRESH client=ID secret=SECRET [lasts=SECONDS] [codes=CODE,CODE…]]
 *
 * The n-th answer gives ACCESS-n and REFRESH-n; what was given before is worth nothing from then on. Without a refresh token the desk is
 * closed. Each code counts once; one that begins with `other.` is another client's, with `terms.` one of a person who has to agree to something
 * first (Epic). All else is unknown, or over: both stores say the same of these. One thread.
 */
#pragma once

#include "sim/stores/goods.h"
#include "sim/stores/shop.h"

struct desk {
	char token[GOODS_WORD], refresh[GOODS_WORD]; /* that hold now; token "": any does */
	char first[GOODS_WORD], first_refresh[GOODS_WORD], client[GOODS_WORD], secret[GOODS_WORD];
	char codes[GOODS_WORD]; /* that were not used yet, each between two commas */
	unsigned given, lasts_s;
};

/* RC_INVALID: it names no token. */
must_check enum rc desk_line(struct desk *d, const struct goods_line *l, struct fault *f);

/* Is the request for the desk? Then *a is what it answers. */
bool desk_epic(struct desk *d, const struct shop_ask *q, struct shop_answer *a);
bool desk_gog(struct desk *d, const struct shop_ask *q, struct shop_answer *a);
