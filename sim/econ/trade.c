#include "sim/econ/trade.h"

#include "sim/people.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400

struct trade *trade_by_id(const struct econ *e, uint64_t id)
{
	char key[24];
	snprintf(key, sizeof(key), "%" PRIu64, id);
	return map_get(&e->trades, key);
}

void trade_drop_all(struct econ *e)
{
	list_each (at, after, &e->all_trades) {
		struct trade *t = list_of(at, struct trade, node);
		list_remove(&t->node);
		map_take(&e->trades, t->key);
		free(t);
	}
}

/* Moves one item to somebody else, under this id. False when it is not there any more. */
static bool move(struct econ *e, uint64_t assetid, uint64_t to, uint64_t new_id, int64_t now)
{
	struct econ_item *i = econ_item(e, assetid);
	struct person *p = people_by_id(e->people, to);

	if (!i || !p || !econ_bag(e, p))
		return false;
	const struct econ_class *c = i->class;
	uint32_t amount = i->amount;
	econ_remove(e, i, now);
	return econ_give(e, p, c, amount, now, new_id) != NULL;
}

/* New ids in a row, dealt in no order. */
static void deal_ids(struct econ *e, struct trade *t)
{
	for (size_t i = 0; i < t->n; i++)
		t->items[i].new_assetid = ++e->last_asset;
	for (size_t i = t->n; i > 1; i--) {
		size_t j = (size_t)(dice_roll(&e->dice) >> 16) % i;
		uint64_t id = t->items[j].new_assetid;
		t->items[j].new_assetid = t->items[i - 1].new_assetid;
		t->items[i - 1].new_assetid = id;
	}
}

static void complete(struct econ *e, struct trade *t, int64_t now)
{
	deal_ids(e, t);
	t->status = TRADE_COMPLETE;
	for (size_t k = 0; k < t->n; k++) {
		struct trade_item *ti = &t->items[k];
		ti->new_context = ti->class->context;
		if (!move(e, ti->assetid, ti->by_sender ? t->to : t->from, ti->new_assetid, now)) {
			t->status = TRADE_FAILED;
			ti->new_assetid = 0;
			continue;
		}
		if (!t->protection_days)
			continue;
		ti->new_context = ECON_PROTECTED_CONTEXT;
		econ_item(e, ti->new_assetid)->protected_until = now + (int64_t)t->protection_days * DAY_S;
	}
	e->counts.trades++;
}

static void hold(struct econ *e, struct trade *t, uint64_t by)
{
	for (size_t k = 0; k < t->n; k++) {
		struct econ_item *i = econ_item(e, t->items[k].assetid);
		if (i)
			i->held_by = by;
	}
}

void trade_undo(struct econ *e, struct trade *t, int64_t now)
{
	bool escrow = t->status == TRADE_IN_ESCROW;
	if (!escrow && t->status != TRADE_COMPLETE)
		return;
	hold(e, t, 0);
	for (size_t k = t->n; k > 0; k--) {
		struct trade_item *ti = &t->items[k - 1];
		uint64_t id = escrow ? ti->assetid : ti->new_assetid;
		ti->rollback_assetid = ++e->last_asset;
		if (!move(e, id, ti->by_sender ? t->from : t->to, ti->rollback_assetid, now))
			ti->rollback_assetid = 0;
	}
	t->status = escrow ? TRADE_ESCROW_ROLLBACK : TRADE_FULL_SUPPORT_ROLLBACK;
	t->reverse_at = 0;
	e->counts.rolled_back++;
}

struct trade *trade_begin(struct econ *e, const struct trade *like, const struct trade_way *way)
{
	size_t size = sizeof(*like) + like->n * sizeof(like->items[0]);
	struct trade *t = malloc(size);
	if (!t)
		return NULL;
	memcpy(t, like, size);
	t->id = e->last_trade += 1 + dice_roll(&e->dice) % 7;
	snprintf(t->key, sizeof(t->key), "%" PRIu64, t->id);
	if (map_put(&e->trades, t->key, t) != RC_OK) {
		free(t);
		return NULL;
	}
	list_append(&e->all_trades, &t->node);
	t->protection_days = way->protection_days;
	t->reverse_at = way->reversal_s ? t->time + way->reversal_s : 0;
	if (way->escrow_days) {
		t->status = TRADE_IN_ESCROW;
		t->escrow_end = t->time + (int64_t)way->escrow_days * DAY_S;
		hold(e, t, t->id);
	} else {
		complete(e, t, t->time);
	}
	if (way->rollback)
		trade_undo(e, t, t->time);
	e->due = t->time; /* the next tick finds out what is due when */
	return t;
}

static int64_t sooner(int64_t a, int64_t b) { return a < b ? a : b; }

struct trade *trade_tick(struct econ *e, int64_t now, int64_t *ret_due)
{
	*ret_due = INT64_MAX;
	list_each (at, after, &e->all_trades) {
		struct trade *t = list_of(at, struct trade, node);
		if (t->reverse_at && t->reverse_at <= now)
			trade_undo(e, t, now);
		if (t->status == TRADE_IN_ESCROW && t->escrow_end <= now) {
			hold(e, t, 0);
			complete(e, t, t->escrow_end);
			return t;
		}
		if (t->status == TRADE_IN_ESCROW)
			*ret_due = sooner(*ret_due, t->escrow_end);
		if (t->reverse_at)
			*ret_due = sooner(*ret_due, t->reverse_at);
	}
	return NULL;
}
