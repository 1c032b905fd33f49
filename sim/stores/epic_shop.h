/*
 * epic_shop: Epic's store as clients see it: the launcher's assets, the catalog, and the content servers. docs/protocol/epic.md. Lines of a
 * world file:
 *
 *      epic token=TOKEN                       the bearer token that counts; without such a line any does, and none too
 *      epic APP item=ITEM ns=NAMESPACE [title=A_GAME] [version=1.0] [os=Windows] [generate=FILES,BYTES,SEED] [json] [hidden]
 *
 * `json`: its manifest has the older form. `hidden`: whoever has the token does not own it: it is no asset. One thread.
 */
#pragma once

#include "sim/stores/shop.h"

struct epic_shop;
must_check enum rc epic_shop_new(struct epic_shop **ret, struct fault *f);
void epic_shop_free(struct epic_shop *s);
OWN_DEFINE(epic_shop)

/* RC_MISSING: not one of these lines. */
must_check enum rc epic_shop_line(struct epic_shop *s, const char *line, struct fault *f);

/* A new build of an app, or, with a title, another title and nothing else. RC_MISSING: there is no such app. */
must_check enum rc epic_shop_bump(
	struct epic_shop *s, const char *app, const char *version, const char *title, struct fault *f);

enum request epic_shop_request(const char *path);
void epic_shop_answer(struct epic_shop *s, const struct shop_ask *q, struct shop_answer *a);
