/*
 * meter: how much somebody has used of what they may. The shared truth is a row (meter_row) that one writer at a time changes; each
 * control plane holds a share of it (meter_share): units that are charged in the row already, and that it spends without asking.
 * Shares are a sixteenth of what is left, and shrink to the unit that is asked for near the limit. So the limit is never exceeded,
 * however many ask at once, and what a control plane that died had in hand counts as used. Pure.
 *
 *	rate        model/gcra: units of a share that is not spent drain away
 *	day, month  of UTC; a share that is not spent is given back (meter_return)
 *	concurrent  slots; given back when they are idle
 *
 * A clock that is set back makes no day begin again: a row and a share know the latest period they have seen.
 */
#pragma once

#include "model/gcra.h"

#include <stddef.h>

enum meter_policy { METER_RATE, METER_DAILY, METER_MONTHLY, METER_CONCURRENT, METER_POLICIES };

#define METER_SHARE_MAX 1024 /* units that a share takes at most at once */

/* 0: no such limit. */
struct meter_limits {
	uint32_t rate; /* a minute */
	int64_t daily, monthly;
	uint32_t concurrent;
};

/* Of a day or a month. */
struct meter_window {
	int64_t period, used;
};

struct meter_row {
	int64_t tat_ns;
	struct meter_window day, month;
	int64_t slots; /* of all shares together */
};

struct meter_share {
	struct gcra_lease rate;
	int64_t tat_ns; /* of the row, when it was seen last */
	struct meter_window day, month;
	int64_t day_left, month_left;
	uint32_t slots, busy;
	uint32_t peak; /* of busy, and was anything spent: since meter_take_rest */
	bool spent;
	int64_t out_until_ns[METER_POLICIES]; /* the row had no more: it is not asked again before */
};

/* What a row gave to a share. */
struct meter_grant {
	int64_t at_ns;
	struct gcra_lease rate;
	int64_t tat_ns;
	struct meter_window day, month;
	int64_t day_n, month_n;
	uint32_t slots_n;
	int64_t out_until_ns[METER_POLICIES];
};

enum meter_answer {
	METER_IN,  /* spent: a unit of each, and a slot that meter_leave gives back */
	METER_ASK, /* the row must be asked */
	METER_OUT, /* over the limit of *ret_policy */
};
enum meter_answer meter_try(
	struct meter_share *s, const struct meter_limits *l, int64_t now_ns, enum meter_policy *ret_policy);
void meter_undo(struct meter_share *s, const struct meter_limits *l); /* what the last meter_try spent */
void meter_leave(struct meter_share *s);

bool meter_is_same(const struct meter_limits *a, const struct meter_limits *b);
bool meter_is_idle(const struct meter_share *s); /* has nothing that could be given back */

/* Is there so little left that it is wise to ask before it is gone? */
bool meter_is_low(const struct meter_share *s, const struct meter_limits *l, int64_t now_ns);

/* The row gives what `waiting` need now, and some more. The share is as it was when it was looked at. */
void meter_lease(struct meter_row *row, const struct meter_limits *l, const struct meter_share *s, uint32_t waiting,
	int64_t now_ns, struct meter_grant *ret);
/* Those who wait are served by meter_try with grant.at_ns for the time, at once. */
void meter_refill(struct meter_share *s, const struct meter_limits *l, const struct meter_grant *g);

/* What a share did not need since the last time (all: has left at all): taken out of it, to be put back into the row. */
struct meter_rest {
	struct meter_window day, month; /* used: units to give back, of that period */
	uint32_t slots;
};
bool meter_take_rest(struct meter_share *s, bool all, struct meter_rest *ret); /* false: nothing */
void meter_return(struct meter_row *row, const struct meter_rest *rest);

/* For those who are told: how much is left as far as the share knows, when that changes, and the length of the window. */
struct meter_view {
	int64_t limit, left, reset_s, window_s;
};
void meter_look(const struct meter_share *s, const struct meter_limits *l, enum meter_policy p, int64_t now_ns,
	struct meter_view *ret);

/* How long to wait until it may be worth trying again, in seconds; at least 1. */
int64_t meter_retry_s(
	const struct meter_share *s, const struct meter_limits *l, enum meter_policy p, int64_t now_ns);

const char *meter_policy_name(enum meter_policy p); /* "perkey", "daily", "monthly", "concurrency" */
int64_t meter_limit(const struct meter_limits *l, enum meter_policy p);
