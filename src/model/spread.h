/*
 * spread: how long things took, counted in parts that grow with the time, eight to each doubling: so a quantile is known within an eighth, of any
 * number of them, in one small table. Pure.
 */
#pragma once

#include <stdint.h>

#define SPREAD_PARTS 240 /* the last has all of an hour and more */

/* The part that a time is counted in. Microseconds, or whatever is counted. */
unsigned spread_part(uint64_t us);

/* So many thousandths of them took at most this; 0: there are none. */
uint64_t spread_at(const uint32_t parts[static SPREAD_PARTS], unsigned permille);
