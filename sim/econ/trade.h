/*
 * trade: items that change hands: at once, after days in escrow, and back again (rollback). Every item that arrives has a new
 * asset id; which gets which is shuffled. One thread.
 */
#pragma once

#include "sim/econ/econ.h"

#define TRADE_ITEMS_MAX 512 /* of one trade, both sides */

enum trade_status {
	TRADE_INIT,
	TRADE_PRE_COMMITTED,
	TRADE_COMMITTED,
	TRADE_COMPLETE,
	TRADE_FAILED,
	TRADE_PARTIAL_SUPPORT_ROLLBACK,
	TRADE_FULL_SUPPORT_ROLLBACK,
	TRADE_SELECTIVE_ROLLBACK,
	TRADE_ROLLBACK_FAILED,
	TRADE_ROLLBACK_ABANDONED,
	TRADE_IN_ESCROW,
	TRADE_ESCROW_ROLLBACK,
};

struct trade_item {
	const struct econ_class *class;
	uint32_t amount, context, new_context;
	uint64_t assetid, new_assetid, rollback_assetid;
	bool by_sender; /* the offer's sender gives it */
};

struct trade {
	struct list node; /* econ.all_trades */
	char key[24];     /* its id as text, in econ.trades */
	uint64_t id, offer, from, to;
	int64_t time, escrow_end, reverse_at; /* 0: not */
	uint32_t protection_days;
	enum trade_status status;
	size_t n;
	struct trade_item items[];
};

/* How a trade goes, beside the ordinary. */
struct trade_way {
	uint32_t escrow_days, protection_days, reversal_s;
	bool rollback;
};

/* Begins and, without escrow, completes the trade of these items, which are there and free. NULL without memory. */
struct trade *trade_begin(struct econ *e, const struct trade *like, const struct trade_way *way);
/* Everything goes back to whom it was from, as far as it is still there. */
void trade_undo(struct econ *e, struct trade *t, int64_t now);
/* What the time brings: reversals, and the end of an escrow, one at a time: that trade, now complete. NULL: nothing more; then
 * *ret_due is when the next such thing is. */
struct trade *trade_tick(struct econ *e, int64_t now, int64_t *ret_due);
struct trade *trade_by_id(const struct econ *e, uint64_t id);
void trade_drop_all(struct econ *e);
