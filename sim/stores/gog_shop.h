/*
 * gog_shop: GOG as clients see it: the content system, its content servers, and the store's products. docs/protocol/gog.md. Lines of a
 * world file:
 *
 *      gog token=TOKEN                        the bearer token that counts; without such a line any does, and none too
 *      gog PRODUCT [title=A_GAME] [version=1.0] [os=windows] [branch=BRANCH] [generate=FILES,BYTES,SEED] [installer]
 *
 * A second line of a product is its build of another branch. `installer`: it has an offline installer, for Linux. One thread.
 */
#pragma once

#include "sim/stores/shop.h"

struct gog_shop;
must_check enum rc gog_shop_new(struct gog_shop **ret, struct fault *f);
void gog_shop_free(struct gog_shop *s);
OWN_DEFINE(gog_shop)

/* RC_MISSING: not one of these lines. */
must_check enum rc gog_shop_line(struct gog_shop *s, const char *line, struct fault *f);

/* As epic_shop_bump; `branch` NULL or "": the main one. */
must_check enum rc gog_shop_bump(struct gog_shop *s, const char *product, const char *branch, const char *version,
	const char *title, struct fault *f);

enum request gog_shop_request(const char *path);
void gog_shop_answer(struct gog_shop *s, const struct shop_ask *q, struct shop_answer *a);
