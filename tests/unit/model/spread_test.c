/* Times in parts: each in the one that holds it, and quantiles that are never less than the truth, nor more than an eighth above it. */
#include "model/spread.h"

#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

static void parts(void)
{
	unsigned last = 0;

	for (uint64_t us = 0; us < 100000; us++) {
		unsigned part = spread_part(us);
		CHECK(part == last || part == last + 1);
		last = part;
	}
	CHECK(spread_part(UINT64_MAX) == SPREAD_PARTS - 1 && spread_part(3600000000) <= SPREAD_PARTS - 1);
}

static void quantiles(void)
{
	static uint64_t all[5000];
	uint32_t n[SPREAD_PARTS] = { 0 };

	CHECK(spread_at(n, 500) == 0);
	srand(3);
	for (size_t i = 0; i < 5000; i++) {
		all[i] = (uint64_t)rand() % (1u << (1 + rand() % 24));
		n[spread_part(all[i])]++;
	}
	qsort(all, 5000, sizeof(*all), by_size);
	for (unsigned permille = 1; permille <= 1000; permille++) {
		uint64_t is = all[(5000 * permille + 999) / 1000 - 1], told = spread_at(n, permille);
		CHECK(told >= is && told <= is + is / 8);
	}
	memset(n, 0, sizeof(n));
	n[spread_part(1000)] = 1;
	CHECK(spread_at(n, 1) == spread_at(n, 1000) && spread_at(n, 0) >= 1000);
}

int main(void)
{
	parts();
	quantiles();
	return 0;
}
