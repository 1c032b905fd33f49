/*
 * budgets: the rate lanes' buckets (model/lane), durable: one row each, changed on the writer only, in the transaction of
 * what is decided. A bucket that has no row is a full one of its lane. product.md 5.4.4.
 */
#pragma once

#include "control/tx.h"
#include "model/lane.h"

#define BUDGETS_KEY_MAX   97  /* bytes of a key, with its NUL */
#define BUDGETS_ID_MAX    129 /* LANE:KEY */
#define BUDGETS_WANTS_MAX 8   /* lanes of one call */

struct budget {
	struct lane_bucket is;
	const struct lane_kind *kind; /* as configured */
	enum lane lane;
	const char *id, *key, *reason; /* in the arena; reason NULL: it does not pause */
	bool tuned, cooling;
	uint32_t waiters;
};

/* The lane as configured. */
const struct lane_kind *budgets_kind(const struct control *c, enum lane lane);
/* Is it 1 to BUDGETS_KEY_MAX - 1 visible ASCII characters without a slash? */
bool budgets_is_key(const char *key);
/* LANE:KEY, in the arena; NULL without memory. */
const char *budgets_id(struct tx *tx, enum lane lane, const char *key);

/* RC_MISSING: the id names no lane of the control plane's. */
must_check enum rc budgets_find(struct tx *tx, const char *id, struct budget *ret);
must_check enum rc budgets_load(struct tx *tx, enum lane lane, const char *key, struct budget *ret);
must_check enum rc budgets_save(struct tx *tx, const struct budget *b);

struct budgets_want {
	enum lane lane;
	const char *key;
	uint32_t n;
};
struct budgets_answer {
	bool granted;
	int64_t free_ms; /* not granted: when at the earliest; INT64_MAX: never */
	size_t busy;     /* and which of the wants comes last */
};
/* Takes all of them, or none (R1). A lane of the agents' own is RC_INVALID. */
must_check enum rc budgets_take(
	struct tx *tx, const struct budgets_want *wants, size_t n, struct budgets_answer *ret);

/* Steam throttled (R2, R4): event budget.cooldown_started. for_ms 0: by the lane's rule. */
must_check enum rc budgets_cool(
	struct tx *tx, enum lane lane, const char *key, uint32_t for_ms, const char *reason);

/* Ends a pause before its time. The refill stays slow. */
must_check enum rc budgets_clear(struct tx *tx, struct budget *b);

/* Pauses that are over: event budget.cooldown_ended for each. */
must_check enum rc budgets_scan(struct tx *tx);

/* How many questions wait for the bucket. It has a row: who waits found it short. */
must_check enum rc budgets_waiting(struct tx *tx, const char *id, uint32_t n);

/* Of the last 24 hours. */
must_check enum rc budgets_used(struct tx *tx, const char *id, int64_t *ret_used, int64_t *ret_throttled);

/* Forgets buckets that have been full and in peace for a day, and the counts of older days. */
must_check enum rc budgets_sweep(struct tx *tx);
/* After a start: nobody waits. */
must_check enum rc budgets_revive(struct tx *tx);
