#include "io/clock.h"
#include "proof/sim.h"

int64_t clock_wall_ms(void)
{
	const struct machine *m = sim_me();
	return (int64_t)(sim.now_us / SIM_MS) + (m ? m->wall_us / (int64_t)SIM_MS : 0);
}

uint64_t clock_mono_us(void)
{
	const struct machine *m = sim_me();
	return m ? machine_mono(m) : sim.now_us;
}

uint64_t clock_mono_ms(void) { return clock_mono_us() / 1000; }

void clock_random(void *p, size_t n)
{
	uint8_t *to = p;
	for (uint64_t r = 0; n > 0; n--, r >>= 8) {
		if ((n & 7) == 0 || r == 0)
			r = sim_rand();
		*to++ = (uint8_t)r;
	}
}

void clock_sleep_ms(uint32_t ms) { fiber_sleep(ms * SIM_MS); }
