#include "model/spread.h"

unsigned spread_part(uint64_t us)
{
	if (us < 8)
		return (unsigned)us;
	unsigned top = 63 - (unsigned)__builtin_clzll(us);
	unsigned part = (top - 2) * 8 + (unsigned)(us >> (top - 3) & 7);
	return part < SPREAD_PARTS ? part : SPREAD_PARTS - 1;
}

/* The longest time of a part. */
static uint64_t end_of(unsigned part)
{
	unsigned next = part + 1;
	return next < 8 ? part : ((uint64_t)(8 + next % 8) << (next / 8 - 1)) - 1;
}

uint64_t spread_at(const uint32_t parts[static SPREAD_PARTS], unsigned permille)
{
	uint64_t n = 0, seen = 0;

	for (unsigned i = 0; i < SPREAD_PARTS; i++)
		n += parts[i];
	uint64_t want = (n * permille + 999) / 1000;
	for (unsigned i = 0; n && i < SPREAD_PARTS; i++) {
		seen += parts[i];
		if (seen >= want && seen)
			return end_of(i);
	}
	return 0;
}
