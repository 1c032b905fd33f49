/* The clocks go forward, and randomness is not the same twice. */
#include "io/clock.h"
#include "tests/unit/check.h"

int main(void)
{
	unsigned char a[32] = { 0 }, b[32] = { 0 };
	uint64_t us = clock_mono_us(), ms = clock_mono_ms();

	CHECK(clock_mono_us() >= us);
	CHECK(ms >= us / 1000 && ms - us / 1000 < 10000);
	CHECK(clock_wall_ms() > INT64_C(1700000000000));
	clock_random(a, sizeof(a));
	clock_random(b, sizeof(b));
	CHECK(memcmp(a, b, sizeof(a)) != 0);
	return 0;
}
