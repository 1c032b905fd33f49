/* dice: repeatable randomness from a seed, so that a world is the same every time. (xorshift64*) */
#pragma once

#include <stdint.h>

struct dice {
	uint64_t state;
};

static inline struct dice dice_of(uint64_t seed) { return (struct dice){ seed * 0x9e3779b97f4a7c15u | 1 }; }

static inline uint64_t dice_roll(struct dice *d)
{
	d->state ^= d->state >> 12;
	d->state ^= d->state << 25;
	d->state ^= d->state >> 27;
	return d->state * 0x2545f4914f6cdd1du;
}

/* lo … hi, both included */
static inline uint32_t dice_range(struct dice *d, uint32_t lo, uint32_t hi)
{
	return lo + (uint32_t)(dice_roll(d) >> 16) % (hi - lo + 1);
}
