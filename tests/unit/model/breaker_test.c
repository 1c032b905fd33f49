#include "model/breaker.h"
#include "tests/unit/check.h"

#define S 1000

static const int64_t t0 = 1000000000;

/* A call that fails opens it; a probe at 300 s, one alone; then twice as long, an hour at most. */
static void test_call(void)
{
	struct breaker b = { 0 };
	int64_t now = t0, wait = 300 * S;

	CHECK(breaker_ask(&b, now) == BREAKER_GO);
	CHECK(breaker_fail(&b, BREAKER_SLOW, now));
	for (int i = 0; i < 6; i++) {
		CHECK(b.state == BREAKER_OPEN);
		CHECK(b.trips == i + 1);
		CHECK(breaker_ask(&b, now + wait - 1) == BREAKER_NO);
		now += wait;
		CHECK(breaker_would(&b, now) == BREAKER_PROBE);
		CHECK(b.state == BREAKER_OPEN);
		CHECK(breaker_ask(&b, now) == BREAKER_PROBE);
		CHECK(b.state == BREAKER_HALF_OPEN);
		CHECK(breaker_ask(&b, now + 1) == BREAKER_NO);
		CHECK(breaker_ask(&b, now + 10000 * S) == BREAKER_NO);
		CHECK(b.probe_ms == now + BREAKER_PROBE_MS);
		CHECK(breaker_fail(&b, i % 2 ? BREAKER_CONNECT : BREAKER_BROKEN, now));
		wait = wait * 2 > 3600 * S ? 3600 * S : wait * 2;
	}
	now += wait;
	CHECK(breaker_ask(&b, now) == BREAKER_PROBE);
	CHECK(breaker_succeed(&b, now));
	CHECK(b.state == BREAKER_CLOSED);
	CHECK(!breaker_succeed(&b, now));
	/* Soon again: it goes on where it was. */
	CHECK(breaker_fail(&b, BREAKER_BROKEN, now + 10 * S));
	CHECK(b.probe_ms == now + 3610 * S);
	CHECK(breaker_ask(&b, b.probe_ms) == BREAKER_PROBE);
	CHECK(breaker_succeed(&b, now + 3610 * S));
	/* It was well for longer than it had been ill: it begins anew. */
	now += 2 * 3610 * S;
	CHECK(breaker_fail(&b, BREAKER_BROKEN, now));
	CHECK(b.trips == 1);
	CHECK(b.probe_ms == now + 300 * S);
}

/* Three failures to connect, in a row: 900 s. */
static void test_connect(void)
{
	struct breaker b = { 0 };

	CHECK(!breaker_fail(&b, BREAKER_CONNECT, t0));
	CHECK(!breaker_fail(&b, BREAKER_CONNECT, t0));
	CHECK(!breaker_succeed(&b, t0));
	CHECK(!breaker_fail(&b, BREAKER_CONNECT, t0));
	CHECK(!breaker_fail(&b, BREAKER_CONNECT, t0));
	CHECK(b.state == BREAKER_CLOSED);
	CHECK(breaker_fail(&b, BREAKER_CONNECT, t0));
	CHECK(breaker_ask(&b, t0 + 899 * S) == BREAKER_NO);
	CHECK(breaker_ask(&b, t0 + 900 * S) == BREAKER_PROBE);
	CHECK(breaker_fail(&b, BREAKER_CONNECT, t0 + 910 * S));
	CHECK(b.probe_ms == t0 + (910 + 1800) * S);
	/* What is heard late of a call from before moves nothing. */
	CHECK(!breaker_fail(&b, BREAKER_CONNECT, t0 + 911 * S));
	CHECK(!breaker_fail(&b, BREAKER_SLOW, t0 + 911 * S));
	CHECK(!breaker_succeed(&b, t0 + 911 * S));
	CHECK(b.state == BREAKER_OPEN);
}

/* Under 80 of 100, of 50 at least. */
static void test_ratio(void)
{
	struct breaker b = { 0 };

	CHECK(!breaker_count(&b, 49, 0, t0));
	CHECK(breaker_count(&b, 1, 0, t0));
	breaker_reset(&b, t0);
	CHECK(!breaker_count(&b, 100, 80, t0));
	CHECK(breaker_count(&b, 100, 79, t0));
	CHECK(b.probe_ms == t0 + 300 * S);
	breaker_reset(&b, t0);
	/* A great good past does not hide a bad present. */
	CHECK(!breaker_count(&b, 100000, 100000, t0));
	CHECK(breaker_count(&b, 60, 40, t0 + 1));
	breaker_reset(&b, t0);
	/* What was an hour ago is not counted with it. */
	CHECK(!breaker_count(&b, 49, 0, t0));
	CHECK(!breaker_count(&b, 10, 10, t0 + 3601 * S));
	CHECK(b.asked == 10);
}

static void test_forced(void)
{
	struct breaker b = { 0 };

	breaker_force(&b, true, t0);
	CHECK(breaker_ask(&b, t0 + 1000000 * S) == BREAKER_NO);
	CHECK(!breaker_fail(&b, BREAKER_SLOW, t0));
	CHECK(!breaker_succeed(&b, t0));
	CHECK(b.state == BREAKER_FORCED_OPEN);
	breaker_force(&b, false, t0);
	for (int i = 0; i < 5; i++)
		CHECK(!breaker_fail(&b, BREAKER_CONNECT, t0));
	CHECK(!breaker_count(&b, 100, 0, t0));
	CHECK(!breaker_fail(&b, BREAKER_BROKEN, t0));
	CHECK(breaker_ask(&b, t0) == BREAKER_GO);
	breaker_reset(&b, t0);
	CHECK(b.state == BREAKER_CLOSED && b.failures == 0 && b.since_ms == t0);
	CHECK_STR(breaker_words[BREAKER_FORCED_CLOSED], "forced_closed");
	CHECK(breaker_words[BREAKER_STATES] == NULL);
}

/* The source as a whole: by the best of those that are up. */
static void test_sum(void)
{
	struct breaker_way w[3] = { { .up = true }, { .up = true }, { .up = false } };
	struct breaker whole = { 0 };

	CHECK(breaker_fail(&w[0].breaker, BREAKER_SLOW, t0));
	CHECK(!breaker_sum(&whole, w, 3, t0) && whole.state == BREAKER_CLOSED && whole.trips == 0);
	CHECK(breaker_fail(&w[1].breaker, BREAKER_SLOW, t0 + S));
	/* The third is closed, but nobody can ask by it. */
	CHECK(breaker_sum(&whole, w, 3, t0 + S) && whole.state == BREAKER_OPEN);
	CHECK(whole.since_ms == t0 + S && whole.trips == 1 && whole.probe_ms == t0 + 300 * S);
	CHECK(breaker_would(&whole, t0 + S) == BREAKER_NO);
	w[2].up = true;
	CHECK(breaker_sum(&whole, w, 3, t0 + 2 * S) && whole.state == BREAKER_CLOSED && whole.probe_ms == 0);
	w[2].up = false;
	CHECK(breaker_sum(&whole, w, 3, t0 + 3 * S) && whole.state == BREAKER_OPEN);
	CHECK(breaker_ask(&w[0].breaker, t0 + 300 * S) == BREAKER_PROBE);
	CHECK(breaker_sum(&whole, w, 3, t0 + 300 * S) && whole.state == BREAKER_HALF_OPEN);
	CHECK(!breaker_sum(&whole, w, 3, t0 + 301 * S) && whole.since_ms == t0 + 300 * S);
	/* Nobody is up: it stays as it was, also with those that were closed. */
	w[0].up = w[1].up = false;
	CHECK(!breaker_sum(&whole, w, 3, t0 + 302 * S) && whole.state == BREAKER_HALF_OPEN);
	CHECK(!breaker_sum(&whole, w, 0, t0 + 302 * S) && whole.state == BREAKER_HALF_OPEN);
	w[0].up = true;
	CHECK(breaker_succeed(&w[0].breaker, t0 + 303 * S));
	CHECK(breaker_sum(&whole, w, 3, t0 + 303 * S) && whole.state == BREAKER_CLOSED && whole.trips == 1);
	/* An operator's word stands. */
	breaker_force(&whole, true, t0);
	CHECK(!breaker_sum(&whole, w, 3, t0 + 304 * S) && whole.state == BREAKER_FORCED_OPEN);
	breaker_force(&whole, false, t0);
	w[0].up = false;
	w[1].up = true;
	CHECK(!breaker_sum(&whole, w, 3, t0 + 304 * S) && whole.state == BREAKER_FORCED_CLOSED);
}

/* Three that failed, and nobody was answered since: the rest need not find out. */
static void test_away(void)
{
	struct breaker_way w[4] = { 0 };

	CHECK(!breaker_is_away(w, 0));
	CHECK(!breaker_fail(&w[0].breaker, BREAKER_CONNECT, t0));
	CHECK(!breaker_fail(&w[0].breaker, BREAKER_CONNECT, t0 + 1));
	CHECK(!breaker_fail(&w[1].breaker, BREAKER_CONNECT, t0 + 2));
	CHECK(!breaker_is_away(w, 4));
	CHECK(!breaker_succeed(&w[3].breaker, t0 + 3));
	CHECK(!breaker_fail(&w[2].breaker, BREAKER_CONNECT, t0 + 4));
	CHECK(!breaker_is_away(w, 4)); /* two of the failures are older than the answer */
	CHECK(!breaker_fail(&w[1].breaker, BREAKER_CONNECT, t0 + 5));
	CHECK(!breaker_is_away(w, 4));
	CHECK(breaker_fail(&w[0].breaker, BREAKER_CONNECT, t0 + 6));
	CHECK(breaker_is_away(w, 4));
	CHECK(breaker_follow(&w[3].breaker, t0 + 6) && w[3].breaker.state == BREAKER_OPEN);
	CHECK(w[3].breaker.probe_ms == t0 + 6 + 900 * S && w[3].breaker.trips == 1);
	CHECK(!breaker_follow(&w[3].breaker, t0 + 7));
	/* What failed otherwise than to connect says nothing of the others. */
	struct breaker_way slow[3] = { 0 };
	for (int i = 0; i < 3; i++)
		CHECK(breaker_fail(&slow[i].breaker, BREAKER_SLOW, t0));
	CHECK(!breaker_is_away(slow, 3));
}

int main(void)
{
	test_sum();
	test_away();
	test_call();
	test_connect();
	test_ratio();
	test_forced();
	return 0;
}
