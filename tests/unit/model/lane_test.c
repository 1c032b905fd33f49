#include "model/lane.h"

#include "tests/unit/check.h"

#define STEPS 20000
#define NOW   1700000000000

static uint64_t seed = 88172645463325252u;

static uint32_t roll(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % n;
}

static void the_table(void)
{
	for (int i = 0; i < LANE_COUNT; i++) {
		const struct lane_kind *k = &lane_kinds[i];
		CHECK(k->every_ms > 0 && k->burst > 0 && k->cool_ms <= k->cool_max_ms && *k->doc);
		CHECK(i == 0 || strcmp(lane_kinds[i - 1].name, k->name) < 0);
		CHECK(lane_find(k->name) == (enum lane)i);
		/* What one session has is kept by its agent, all else by the control plane. */
		CHECK((k->key == LANE_SESSION) == (k->where == LANE_AGENT));
	}
	CHECK(lane_find("cm.logi") == LANE_COUNT && lane_find("") == LANE_COUNT);
	const struct lane_kind *login = &lane_kinds[LANE_CM_LOGIN];
	CHECK(login->every_ms == 10000 && login->burst == 1 && login->cool_ms == 1500000);
	CHECK(lane_kinds[LANE_STORE_REDEEM].every_ms == 390000 && lane_kinds[LANE_STORE_REDEEM].burst == 5);
	CHECK_STR(lane_key_words[lane_kinds[LANE_ECON_API].key], "api_key");
	CHECK(!lane_key_words[LANE_API_KEY + 1]);
}

static void a_bucket(void)
{
	struct lane_bucket b = lane_full(&lane_kinds[LANE_STORE_REDEEM]);

	CHECK(lane_tokens(&b, NOW) == 5 && lane_free_at(&b, 5, NOW) == NOW);
	CHECK(lane_free_at(&b, 6, NOW) == INT64_MAX);
	for (uint32_t i = 0; i < 5; i++) {
		CHECK(lane_free_at(&b, 1, NOW) == NOW);
		lane_take(&b, 1, NOW);
		CHECK(lane_tokens(&b, NOW) == 4 - i);
	}
	CHECK(lane_free_at(&b, 1, NOW) == NOW + 390000 && lane_free_at(&b, 3, NOW) == NOW + 3 * 390000);
	CHECK(lane_tokens(&b, NOW + 389999) == 0 && lane_tokens(&b, NOW + 390000) == 1);
	CHECK(lane_free_at(&b, 1, NOW + 390000) == NOW + 390000);
	CHECK(lane_tokens(&b, NOW + 5 * 390000) == 5 && lane_tokens(&b, NOW + 500 * 390000ll) == 5);
}

/* A script of asks at random moments, with the bucket saved and loaded in between: in no window more than it may. */
static void never_more(uint64_t every_us, uint32_t burst)
{
	static int64_t at[STEPS];
	static uint32_t got[STEPS];
	struct lane_bucket b = { .every_us = every_us, .base_us = every_us, .burst = burst };
	int64_t now = NOW;
	size_t n = 0;

	for (int i = 0; i < STEPS; i++) {
		uint32_t want = 1 + roll(burst);
		now += roll(4) ? roll(3) : roll((uint32_t)(every_us / 1000) * burst * 2 + 2);
		if (roll(8) == 0)
			now = lane_free_at(&b, want, now); /* who comes at the very moment gets it */
		bool free = lane_free_at(&b, want, now) <= now;
		CHECK(free == (lane_tokens(&b, now) >= want) || every_us % 1000 != 0);
		if (!free)
			continue;
		lane_take(&b, want, now);
		at[n] = now;
		got[n++] = want;
		char saved[sizeof(b)];
		memcpy(saved, &b, sizeof(b));
		memset(&b, 0xff, sizeof(b));
		memcpy(&b, saved, sizeof(b));
	}
	CHECK(n > 100);
	for (size_t from = 0; from < n; from++) {
		uint64_t sum = 0;
		for (size_t to = from; to < n && to < from + 60; to++) {
			sum += got[to];
			uint64_t span_us = (uint64_t)(at[to] - at[from]) * 1000;
			CHECK(sum <= burst + span_us / every_us);
		}
	}
}

/* Who waits for what it was told gets it then, and not a moment earlier. */
static void told_the_truth(void)
{
	for (int i = 0; i < 2000; i++) {
		struct lane_bucket b = { .every_us = 1000 + roll(9000000), .burst = 1 + roll(9) };
		int64_t now = NOW;
		b.base_us = b.every_us;
		for (int k = 0; k < 20; k++, now += roll(3000))
			if (lane_free_at(&b, 1, now) <= now)
				lane_take(&b, 1, now);
		int64_t at = lane_free_at(&b, 1, now);
		CHECK(lane_free_at(&b, 1, at) == at);
		CHECK(at == now || lane_free_at(&b, 1, at - 1) == at);
	}
}

static void pauses(void)
{
	const struct lane_kind *web = &lane_kinds[LANE_COMMUNITY_WEB]; /* 60 s doubling to 1800 s */
	struct lane_bucket b = lane_full(web);
	int64_t now = NOW, want[] = { 60000, 120000, 240000, 480000, 960000, 1800000, 1800000 };

	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		lane_cool(&b, web, 0, now);
		CHECK(b.cool_until_ms == now + want[i] && b.cools == i + 1);
		CHECK(lane_free_at(&b, 1, now) == b.cool_until_ms);
		now = b.cool_until_ms;
		CHECK(lane_free_at(&b, 1, now) == now);
	}
	lane_ease(&b, now);
	CHECK(b.cools == 0);
	lane_cool(&b, web, 0, now);
	CHECK(b.cool_until_ms == now + 60000);
	struct lane_bucket before = b;
	lane_ease(&b, now + 1); /* not while it pauses */
	lane_cool(&b, web, 0, now + 2);
	lane_cool(&b, web, 50000, now + 3);
	CHECK(!memcmp(&b, &before, sizeof(b)));
	lane_cool(&b, web, 90000, now + 10); /* longer, but the same throttling */
	CHECK(b.cool_until_ms == now + 90010 && b.cools == 1 && b.every_us == before.every_us);
	struct lane_bucket fixed = lane_full(&lane_kinds[LANE_CM_LOGIN]);
	for (now = NOW; now < NOW + 3; now++, fixed.cool_until_ms = 0) {
		lane_cool(&fixed, &lane_kinds[LANE_CM_LOGIN], 0, now);
		CHECK(fixed.cool_until_ms == now + 1500000);
	}
	lane_cool(&fixed, &lane_kinds[LANE_CM_LOGIN], UINT32_MAX, now);
	CHECK(fixed.cool_until_ms == now + LANE_COOL_MAX_MS);
}

/* R4: half the refill for a day, then a tenth of the base an hour. */
static void slower_and_back(void)
{
	const struct lane_kind *k = &lane_kinds[LANE_STORE_WEB]; /* 1.5 s */
	struct lane_bucket b = lane_full(k);
	const int64_t day = 86400000, hour = 3600000;

	lane_take(&b, 1, NOW);
	lane_cool(&b, k, 0, NOW);
	CHECK(b.every_us == 3000000 && b.slowed_ms == NOW);
	CHECK(lane_tokens(&b, NOW) == 0 && lane_tokens(&b, NOW + 2999) == 0 && lane_tokens(&b, NOW + 3000) == 1);
	lane_ease(&b, NOW + day);
	CHECK(b.every_us == 3000000);
	lane_ease(&b, NOW + day + hour - 1);
	CHECK(b.every_us == 3000000);
	lane_ease(&b, NOW + day + hour); /* 5/10 and 1/10 of the rate */
	CHECK(b.every_us == 2500000);
	lane_ease(&b, NOW + day + hour + 1);
	CHECK(b.every_us == 2500000);
	struct lane_bucket at_once = b;
	for (int h = 2; h <= 4; h++)
		lane_ease(&b, NOW + day + h * hour);
	lane_ease(&at_once, NOW + day + 4 * hour);
	CHECK(at_once.every_us == 1666667 && b.every_us - 1666667 <= 3); /* rounded up each time */
	lane_ease(&b, NOW + day + 6 * hour);
	CHECK(b.every_us == b.base_us && b.slowed_ms == 0);
	for (int i = 0; i < 10; i++) {
		lane_cool(&b, k, 1, NOW + 3 * day + i);
		CHECK(b.every_us <= b.base_us * LANE_SLOW_MAX);
	}
	CHECK(b.every_us == b.base_us * LANE_SLOW_MAX);
	lane_ease(&b, INT64_MAX / 2);
	CHECK(b.every_us == b.base_us);
}

static void tuned(void)
{
	struct lane_bucket b = lane_full(&lane_kinds[LANE_STORE_REDEEM]);

	lane_take(&b, 3, NOW);
	lane_tune(&b, 1000000, 10, NOW); /* two are there: more room gives none away */
	CHECK(lane_tokens(&b, NOW) == 2 && lane_free_at(&b, 3, NOW) == NOW + 1000);
	lane_tune(&b, 780000000, 1, NOW);
	CHECK(lane_tokens(&b, NOW) == 1 && b.base_us == 780000000);
	lane_cool(&b, &lane_kinds[LANE_STORE_REDEEM], 1, NOW);
	lane_tune(&b, 390000000, 1, NOW); /* it stays slowed */
	CHECK(b.every_us == 780000000 && b.base_us == 390000000);
	lane_tune(&b, 0, 1, NOW);
	CHECK(lane_free_at(&b, 1, NOW + 1) == NOW + 1);
	lane_take(&b, 1, NOW + 1);
	CHECK(lane_free_at(&b, 1, NOW + 1) == NOW + 1);
	lane_cool(&b, &lane_kinds[LANE_STORE_REDEEM], 0, NOW + 1); /* no limit, but a pause is a pause */
	CHECK(lane_free_at(&b, 1, NOW + 2) == NOW + 1 + 3600000 && b.every_us == 0);
}

static void ranks(void)
{
	CHECK(lane_rank(LANE_INTERACTIVE, 0) == 0 && lane_rank(LANE_PREFETCH, 0) == 4);
	CHECK(lane_rank(LANE_PREFETCH, LANE_AGE_MS - 1) == 4 && lane_rank(LANE_PREFETCH, LANE_AGE_MS) == 3);
	CHECK(lane_rank(LANE_PREFETCH, 100 * LANE_AGE_MS) == 0 && lane_rank(LANE_JOB, -5) == 2);
}

static bool overrides(struct lane_kind *kinds, const char *text, bool unsafe)
{
	struct fault f = { 0 };
	memcpy(kinds, lane_kinds, sizeof(lane_kinds));
	enum rc rc = lane_override(kinds, text, unsafe, &f);
	CHECK((rc == RC_OK) == (*f.text == 0));
	return rc == RC_OK;
}

static void configured(void)
{
	struct lane_kind kinds[LANE_COUNT];

	CHECK(overrides(kinds, "", false) && !memcmp(kinds, lane_kinds, sizeof(kinds)));
	CHECK(overrides(kinds, "cm.login=20000,store.redeem=400000/4", false));
	CHECK(kinds[LANE_CM_LOGIN].every_ms == 20000 && kinds[LANE_CM_LOGIN].burst == 1);
	CHECK(kinds[LANE_STORE_REDEEM].every_ms == 400000 && kinds[LANE_STORE_REDEEM].burst == 4);
	CHECK(overrides(kinds, "cm.login=0,cm.connect=10/50/100", true));
	CHECK(kinds[LANE_CM_LOGIN].every_ms == 0 && kinds[LANE_CM_LOGIN].cool_ms == 1500000);
	CHECK(kinds[LANE_CM_CONNECT].cool_ms == 100 && kinds[LANE_CM_CONNECT].cool_max_ms == 60000);
	CHECK(overrides(kinds, "cm.login=5/1/700", true) && kinds[LANE_CM_LOGIN].cool_max_ms == 700);
	const char *const fast[] = { "cm.login=0", "cm.login=9999", "cm.login=10000/2", "cm.login=10000/1/0" };
	for (size_t i = 0; i < sizeof(fast) / sizeof(*fast); i++)
		CHECK(!overrides(kinds, fast[i], false) && overrides(kinds, fast[i], true));
	const char *const bad[] = { "cm.login", "cm.login=", "=5", "nope=5", "cm.login=-1", "cm.login=5/0",
		"cm.login=5/1/1/1", "cm.login=5x", "cm.login=5/", "cm.login=99999999999", ",", "cm.login=5,,x" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!overrides(kinds, bad[i], true));
}

int main(void)
{
	the_table();
	a_bucket();
	never_more(50000, 40);
	never_more(390000000, 5);
	never_more(1500000, 1);
	never_more(3333, 7); /* does not divide */
	told_the_truth();
	pauses();
	slower_and_back();
	tuned();
	ranks();
	configured();
	return 0;
}
