/*
 * web_inventory: a page of an inventory, as /inventory/<id64>/<app>/<context> answers it. Pure; all of it lives in the arena.
 * Source: steam-protocol facts 6.2.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

#define WEB_INVENTORY_PAGE 2000 /* items of a page: more is punished */

struct web_item {
	uint32_t app, amount;
	const char *context, *asset, *class, *instance;
	const char *name, *market_name; /* NULL: no description came with it */
	bool tradable, marketable;
	int64_t tradable_after_ms, protected_until_ms; /* 0: not said */
	const char *properties;                        /* JSON; NULL: none */
};

struct web_inventory {
	uint32_t total;
	struct web_item *items;
	size_t items_n;
	const char *more; /* the next page begins after this asset; NULL: this was the last */
};

/* RC_MALFORMED: no such page. RC_REFUSED: Steam says that it failed, and its words in f. */
must_check enum rc web_inventory_read(
	const char *p, size_t n, struct arena *a, struct web_inventory *ret, struct fault *f);
