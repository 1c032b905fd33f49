#include "model/guess.h"

#include "tests/unit/check.h"

static const struct guess_rules rules = { .burst = 5, .refill_ms = 60000, .lock_ms = 30000, .lock_max_ms = 240000 };

static int tries(struct guess *g, int n, int64_t now)
{
	int got = 0;
	while (n--)
		got += guess_take(g, &rules, now);
	return got;
}

int main(void)
{
	int64_t now = 1700000000000;
	struct guess g = guess_new(&rules, now);

	/* A burst, then a lock, each twice as long as the one before, up to the longest; one try when it ends. */
	CHECK(tries(&g, 32, now) == 5 && guess_is_locked(&g, now) && g.locked_until_ms == now + 30000);
	for (int64_t lock = 30000, i = 0; i < 6; i++, lock = lock < 240000 ? lock * 2 : lock) {
		CHECK(g.locked_until_ms == now + lock);
		CHECK(tries(&g, 9, now + lock - 1) == 0 && g.locked_until_ms == now + lock); /* not longer */
		now += lock;
		CHECK(tries(&g, 2, now) == 1);
	}
	/* Long after the last strike nothing of it is left. */
	now = guess_forgotten_ms(&g, &rules);
	CHECK(tries(&g, 32, now - 1) < 6 && g.strikes == 8);
	now = guess_forgotten_ms(&g, &rules);
	CHECK(tries(&g, 32, now) == 5 && g.strikes == 1);

	/* Slow guessing gets one a minute and no more. */
	g = guess_new(&rules, now);
	CHECK(tries(&g, 5, now) == 5);
	int got = 0;
	for (int i = 1; i <= 3600; i++) /* one a second, for an hour */
		got += guess_take(&g, &rules, now + i * 1000);
	CHECK(got <= 60);

	/* What was right costs nothing, and fills nothing over its edge. */
	g = guess_new(&rules, now);
	for (int i = 0; i < 100; i++) {
		CHECK(guess_take(&g, &rules, now));
		guess_back(&g, &rules);
	}
	guess_back(&g, &rules);
	CHECK(tries(&g, 32, now) == 5);

	/* A clock that is set back gives no tries. */
	g = guess_new(&rules, now);
	CHECK(tries(&g, 5, now) == 5 && tries(&g, 5, now - 3600000) == 0);
	return 0;
}
