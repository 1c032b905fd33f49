/*
 * Limits that several control planes share, on a virtual clock: they lease, spend, give back, stop and die as they like, and no
 * limit is exceeded by one; and what nobody lost is there to the last unit.
 */
#include "../check.h"
#include "model/meter.h"

#define SECOND 1000000000ll
#define DAY    86400ll
#define SHARES 3
#define FIRST  (20000 * DAY * SECOND) /* a day's first moment; 2024-10-04 */

static uint64_t seed = 3;

static uint32_t roll(uint64_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 32) % n);
}

static struct meter_row row;
static struct meter_share share[SHARES];
static uint32_t taken[SHARES]; /* slots, as the row has them for each */
static int64_t now;
static enum meter_policy why;

static void begin(void)
{
	row = (struct meter_row){ 0 };
	memset(share, 0, sizeof(share));
	memset(taken, 0, sizeof(taken));
	now = FIRST;
}

/* One request at one control plane. */
static bool request(int i, const struct meter_limits *l)
{
	struct meter_grant g;
	int64_t at = now;

	enum meter_answer a = meter_try(&share[i], l, at, &why);
	if (a == METER_ASK) {
		meter_lease(&row, l, &share[i], 1, at, &g);
		meter_refill(&share[i], l, &g);
		taken[i] += g.slots_n;
		a = meter_try(&share[i], l, g.at_ns, &why);
		CHECK(a != METER_ASK);
	} else if (a == METER_IN && meter_is_low(&share[i], l, at)) {
		meter_lease(&row, l, &share[i], 0, at, &g);
		meter_refill(&share[i], l, &g);
		taken[i] += g.slots_n;
	}
	return a == METER_IN;
}

static void give_back(int i, bool all)
{
	struct meter_rest rest;

	if (!meter_take_rest(&share[i], all, &rest))
		return;
	meter_return(&row, &rest);
	taken[i] -= rest.slots;
}

static void dies(int i)
{
	row.slots -= taken[i]; /* of a control plane that is gone */
	taken[i] = 0;
	share[i] = (struct meter_share){ 0 };
}

static void a_day_has_its_quota_to_the_last_one(void)
{
	for (int64_t limit = 1; limit < 3000; limit = limit * 3 + 1) {
		const struct meter_limits l = { .daily = limit };
		int64_t in = 0;

		begin();
		for (int64_t i = 0; i < limit * 2 + 50; i++) {
			now += roll(100) * 1000;
			in += request((int)roll(SHARES), &l);
			if (!roll(20))
				give_back((int)roll(SHARES), roll(2));
		}
		for (int i = 0; i < SHARES; i++)
			give_back(i, true);
		now += SECOND;
		while (request(0, &l))
			in++;
		CHECK(in == limit && why == METER_DAILY && row.day.used == limit);
		CHECK(!request(1, &l) && !request(2, &l));
		now = FIRST + DAY * SECOND; /* another day */
		CHECK(request(0, &l));
		now = FIRST + 5; /* and the clock is set back: it does not begin again */
		in = 1;
		for (int64_t i = 0; i < limit * 2; i++)
			in += request((int)roll(SHARES), &l);
		CHECK(in <= limit);
	}
}

static void who_dies_takes_no_more_along_than_it_had(void)
{
	const struct meter_limits l = { .daily = 20000, .monthly = 30000 };
	int64_t in = 0, lost = 0, lost_month = 0;

	begin();
	for (int i = 0; i < 60000; i++) {
		int who = (int)roll(SHARES);
		in += request(who, &l);
		if (!roll(3000)) {
			lost += share[who].day_left;
			lost_month += share[who].month_left;
			dies(who);
		}
	}
	CHECK(in <= 20000 && in + lost >= 20000 && lost > 0);
	now += DAY * SECOND;
	for (int i = 0; i < 60000; i++)
		in += request((int)roll(SHARES), &l);
	CHECK(in <= 30000 && why == METER_MONTHLY && in + lost_month == 30000);
}

static void so_many_at_once_and_no_more(void)
{
	for (uint32_t limit = 1; limit < 70; limit += 9) {
		const struct meter_limits l = { .concurrent = limit };
		uint32_t busy[SHARES] = { 0 }, all = 0, most = 0;

		begin();
		for (int step = 0; step < 20000; step++) {
			int i = (int)roll(SHARES);
			now += roll(20000000);
			if (roll(5) < 3 && request(i, &l)) {
				busy[i]++;
				all++;
			} else if (busy[i] && roll(2)) {
				meter_leave(&share[i]);
				busy[i]--;
				all--;
			}
			if (!roll(30))
				give_back(i, false);
			if (!roll(2000)) {
				dies(i);
				all -= busy[i];
				busy[i] = 0;
			}
			CHECK(all <= limit && row.slots <= limit && row.slots >= all);
			most = all > most ? all : most;
		}
		CHECK(most == limit);
		for (int i = 0; i < SHARES; i++) {
			while (busy[i]--)
				meter_leave(&share[i]);
			give_back(i, true);
		}
		CHECK(row.slots == 0);
	}
}

static void the_rate_holds_for_all_together(void)
{
	static int64_t given[40000];

	for (int round = 0; round < 6; round++) {
		const struct meter_limits l = { .rate = 1 + roll(round < 3 ? 40 : 3000), .daily = 100000000 };
		const struct gcra rule = gcra_rule(l.rate, 60);
		size_t n = 0;

		begin();
		for (int step = 0; step < 20000; step++) {
			now += roll((uint64_t)rule.interval_ns / 2 + 1);
			if (request((int)roll(SHARES), &l))
				given[n++] = now;
			if (!roll(900))
				dies((int)roll(SHARES));
		}
		CHECK(n > 1000);
		for (size_t i = 0; i < n; i++)
			for (size_t k = i; k < n && k < i + 2 * l.rate + 10; k++)
				CHECK((int64_t)(k - i + 1) <= l.rate + (given[k] - given[i]) / rule.interval_ns);
	}
}

/* One that spends all of its rate at once gets all of it. */
static void a_burst_is_there_to_the_last_one(void)
{
	for (uint32_t rate = 1; rate < 40000; rate = rate * 2 + 1) {
		const struct meter_limits l = { .rate = rate };
		uint32_t in = 0;

		begin();
		while (in < rate && request(0, &l))
			in++;
		CHECK(in == rate && !request(0, &l) && why == METER_RATE);
		now += gcra_rule(rate, 60).interval_ns;
		CHECK(request(0, &l) && !request(0, &l));
	}
}

static void a_limit_that_is_out_takes_nothing_of_the_others(void)
{
	const struct meter_limits l = { .rate = 1000, .daily = 10, .concurrent = 4 };
	struct meter_view v;

	begin();
	for (int i = 0; i < 10; i++) {
		CHECK(request(0, &l));
		meter_leave(&share[0]);
	}
	CHECK(!request(0, &l) && why == METER_DAILY && share[0].busy == 0);
	for (int i = 0; i < 500; i++)
		CHECK(!request(0, &l));
	meter_look(&share[0], &l, METER_RATE, now, &v);
	CHECK(v.limit == 1000 && v.left == 990 && v.window_s == 60 && v.reset_s >= 4 && v.reset_s <= 6);
	meter_look(&share[0], &l, METER_DAILY, now, &v);
	CHECK(v.limit == 10 && v.left == 0 && v.window_s == DAY && v.reset_s == DAY);
	CHECK(meter_retry_s(&share[0], &l, METER_DAILY, now) == DAY);
}

int main(void)
{
	a_day_has_its_quota_to_the_last_one();
	who_dies_takes_no_more_along_than_it_had();
	so_many_at_once_and_no_more();
	the_rate_holds_for_all_together();
	a_burst_is_there_to_the_last_one();
	a_limit_that_is_out_takes_nothing_of_the_others();
	return 0;
}
