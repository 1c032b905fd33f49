/*
 * gcra: a rate, kept as one number: the moment at which all that was given will have drained away ("theoretical arrival time",
 * the generic cell rate algorithm of ITU-T I.371). A rule gives `burst` units at once and one more every interval. Over any
 * span of t it gives at most burst + t / interval units; no window that begins anew gives twice as much at its edge.
 *
 * Several can share a rate: each takes a lease of units that are charged at once, and spends them without asking. A unit of a
 * lease is lost when the time comes at which it begins to drain. So all that is given, by whomever, still keeps to the bound:
 * what is unspent anywhere is never more than what has not drained yet.
 *
 * Times are nanoseconds since 1970 by a clock that may be set. Set back, it makes a rate wait for a window at most. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define GCRA_UNITS_MAX 1000000000u /* of a rule */

struct gcra {
	int64_t interval_ns; /* one unit drains in this time; at least 1 */
	uint32_t burst;
};

/* Consecutive units: the first begins to drain at from_ns. */
struct gcra_lease {
	int64_t from_ns;
	uint32_t n;
};

/* `units` (1 to GCRA_UNITS_MAX) each `seconds` (at most a day). Rounded so that it never gives more. */
struct gcra gcra_rule(uint32_t units, uint32_t seconds);

/* Units that could be had now. */
uint32_t gcra_free(const struct gcra *g, int64_t tat_ns, int64_t now_ns);

/* Charges up to `want` units; *ret_lease are those it gave, maybe none. Returns the new time. */
int64_t gcra_take(
	const struct gcra *g, int64_t tat_ns, int64_t now_ns, uint32_t want, struct gcra_lease *ret_lease);

/* How long until `units` (at most burst) could be had; 0: now. */
int64_t gcra_wait_ns(const struct gcra *g, int64_t tat_ns, int64_t now_ns, uint32_t units);

/* Spends one unit of a lease, after forgetting those that began to drain. False: there is none left. */
bool gcra_spend(const struct gcra *g, struct gcra_lease *l, int64_t now_ns);
