/* The rate on a virtual clock: alone, shared by several that take leases, and with a clock that is set. */
#include "../check.h"
#include "model/gcra.h"

#define SECOND 1000000000ll
#define GIVEN  20000
#define SHARES 4

static uint64_t seed = 7;

static uint32_t roll(uint64_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 32) % n);
}

static int64_t given[GIVEN];
static size_t given_n;

/* No span, from any unit to any later one, holds more than the rule says. */
static void check_spans(const struct gcra *g)
{
	for (size_t i = 0; i < given_n; i++)
		for (size_t k = i; k < given_n && k < i + 3 * g->burst; k++) {
			int64_t most = g->burst + (given[k] - given[i]) / g->interval_ns;
			CHECK((int64_t)(k - i + 1) <= most);
		}
}

static void a_burst_and_then_one_each_interval(void)
{
	const struct gcra g = gcra_rule(60, 60);
	struct gcra_lease l;
	int64_t now = 1000 * SECOND, tat = 0;

	CHECK(g.interval_ns == SECOND && g.burst == 60 && gcra_free(&g, tat, now) == 60);
	tat = gcra_take(&g, tat, now, 1000, &l);
	CHECK(l.n == 60 && gcra_free(&g, tat, now) == 0);
	CHECK(gcra_wait_ns(&g, tat, now, 1) == SECOND && gcra_wait_ns(&g, tat, now, 5) == 5 * SECOND);
	CHECK(gcra_free(&g, tat, now + SECOND - 1) == 0 && gcra_free(&g, tat, now + SECOND) == 1);
	CHECK(gcra_wait_ns(&g, tat, now + SECOND, 1) == 0);
	tat = gcra_take(&g, tat, now + SECOND, 1, &l);
	CHECK(l.n == 1 && gcra_free(&g, tat, now + SECOND) == 0);
	CHECK(gcra_free(&g, tat, now + 61 * SECOND) == 60); /* and never more */
	CHECK(gcra_free(&g, tat, now + 9999 * SECOND) == 60);
}

static void odd_rates_are_rounded_against_the_caller(void)
{
	const struct gcra seven = gcra_rule(7, 60), most = gcra_rule(GCRA_UNITS_MAX, 1), one = gcra_rule(1, 86400);

	CHECK(seven.interval_ns * 7 >= 60 * SECOND && seven.interval_ns * 7 < 60 * SECOND + 7);
	CHECK(most.interval_ns == 1 && gcra_free(&most, 0, SECOND) == GCRA_UNITS_MAX);
	CHECK(gcra_free(&one, 0, SECOND) == 1);
}

static void a_clock_that_is_set_back_waits_for_a_window_at_most(void)
{
	const struct gcra g = gcra_rule(10, 60);
	struct gcra_lease l;
	int64_t now = 1000000 * SECOND, tat = gcra_take(&g, 0, now, 3, &l);

	now -= 86400 * SECOND;
	CHECK(gcra_free(&g, tat, now) == 0);
	CHECK(gcra_wait_ns(&g, tat, now, 10) == g.interval_ns * 10);
	tat = gcra_take(&g, tat, now, 1, &l);
	CHECK(l.n == 0 && tat == now + g.interval_ns * 10);
	CHECK(gcra_free(&g, tat, now + g.interval_ns) == 1);
}

static void a_unit_is_lost_when_it_begins_to_drain(void)
{
	const struct gcra g = gcra_rule(10, 10);
	struct gcra_lease l;
	int64_t now = 50 * SECOND, tat = gcra_take(&g, 0, now, 5, &l);

	CHECK(tat == 55 * SECOND && gcra_spend(&g, &l, now)); /* the first, in the moment of the lease */
	CHECK(l.n == 4 && gcra_spend(&g, &l, now + SECOND));  /* the second begins now */
	CHECK(l.n == 3);
	CHECK(gcra_spend(&g, &l, now + 3 * SECOND) && l.n == 1); /* the third is lost */
	CHECK(!gcra_spend(&g, &l, now + 4 * SECOND + 1) && l.n == 0);
	CHECK(!gcra_spend(&g, &l, now + 3 * SECOND));
}

/* Several that lease as they like, spend now and then, and forget: together they keep to the bound. */
static void shares_of_a_rate_keep_to_it(void)
{
	for (int round = 0; round < 40; round++) {
		const struct gcra g = gcra_rule(1 + roll(50), 1 + roll(60));
		struct gcra_lease have[SHARES] = { 0 };
		int64_t now = 1000 * SECOND, tat = 0;

		given_n = 0;
		for (int step = 0; step < 1500; step++) {
			struct gcra_lease *l = &have[roll(SHARES)];
			now += roll(8) ? roll((uint64_t)g.interval_ns / 3 + 1) : roll(4000000000u);
			if (gcra_spend(&g, l, now)) {
				given[given_n++] = now;
				continue;
			}
			tat = gcra_take(&g, tat, now, 1 + roll(g.burst), l);
			if (gcra_spend(&g, l, now)) /* who asked is served in the moment of the lease */
				given[given_n++] = now;
		}
		CHECK(given_n > 20);
		check_spans(&g);
	}
}

int main(void)
{
	a_burst_and_then_one_each_interval();
	odd_rates_are_rounded_against_the_caller();
	a_clock_that_is_set_back_waits_for_a_window_at_most();
	a_unit_is_lost_when_it_begins_to_drain();
	shares_of_a_rate_keep_to_it();
	return 0;
}
