/*
 * econ_json: items, offers and trades as Steam's pages write them, in JSON. One thread.
 */
#pragma once

#include "sim/econ/offer.h"
#include "sim/web/ask.h"

#define ECON_JSON_CLASSES_MAX 5000 /* descriptions of one answer */

/* The classes that an answer has to describe, each once. In an arena. */
struct econ_json_classes {
	struct arena *arena;
	const struct econ_class **at;
	size_t n, room;
	struct map seen;
};

void econ_json_describe(struct econ_json_classes *s, const struct econ_class *c);
/* What stands for a class in "descriptions". `owner_sees`: as long as it is protected it cannot be traded. */
void econ_json_class(struct buf *to, const struct econ_class *c);
void econ_json_classes(struct buf *to, struct econ_json_classes *s); /* [...] and forgets them */

/* As one of its two sees it. `glitched`: without its items. */
void econ_json_offer(struct buf *to, const struct econ *e, const struct offer *o, uint64_t viewer, bool glitched,
	struct econ_json_classes *s);
void econ_json_trade(struct buf *to, const struct trade *t, uint64_t viewer, struct econ_json_classes *s);
