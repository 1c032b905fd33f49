#include "control/budgets/budgets.h"

#include "tests/unit/control/desk.h"

#include <pthread.h>

static struct desk d;

static struct budgets_answer asks(const struct budgets_want *wants, size_t n)
{
	struct budgets_answer a = { 0 };
	enum rc rc = budgets_take(desk_begin(&d), wants, n, &a);
	if (rc != RC_OK) {
		fprintf(stderr, "%s\n", d.fault.text);
		exit(1);
	}
	desk_commit(&d);
	return a;
}

static struct budget shows(enum lane lane, const char *key)
{
	struct budget b = { 0 };
	CHECK(budgets_load(&d.tx, lane, key, &b) == RC_OK);
	return b;
}

static int64_t events(const char *type)
{
	return desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM events WHERE type = $1"), type, NULL);
}

/* R1: of a call's lanes all or none is taken. */
static void all_or_none(void)
{
	const struct budgets_want both[] = { { LANE_CM_LOGIN, "egr_1", 1 }, { LANE_CM_LOGIN_ACCOUNT, "acc_1", 1 } };
	const struct budgets_want other[] = { { LANE_CM_LOGIN, "egr_1", 1 },
		{ LANE_CM_LOGIN_ACCOUNT, "acc_2", 1 } };

	CHECK(asks(both, 2).granted);
	struct budgets_answer a = asks(other, 2);
	CHECK(!a.granted && a.busy == 0 && a.free_ms == d.tx.now_ms + 10000);
	const struct budget untouched = shows(LANE_CM_LOGIN_ACCOUNT, "acc_2");
	CHECK(lane_tokens(&untouched.is, d.tx.now_ms) == 1);
	d.tx.now_ms += 10000;
	a = asks(both, 2); /* the address is free, the account is not */
	CHECK(!a.granted && a.busy == 1 && a.free_ms == d.tx.now_ms + 50000);
	desk_again(&d); /* a restart changes nothing */
	CHECK(!asks(both, 2).granted);
	CHECK(asks(other, 2).granted);
	d.tx.now_ms += 50000;
	CHECK(asks(both, 2).granted);
}

/* What is rolled back was not taken; what was committed is. */
static void undone(void)
{
	const struct budgets_want w = { LANE_FRIENDS, "acc_u", 1 };
	struct budgets_answer a = { 0 };

	CHECK(budgets_take(desk_begin(&d), &w, 1, &a) == RC_OK && a.granted);
	desk_again(&d);
	CHECK(asks(&w, 1).granted && !asks(&w, 1).granted);
}

/* The bucket's promise, over hours of random questions and restarts at random moments. */
static void never_more(void)
{
	const struct budgets_want w[] = { { LANE_STORE_REDEEM, "acc_p", 1 },
		{ LANE_STORE_REDEEM_EGRESS, "egr_p", 1 } };
	static int64_t at[300];
	uint32_t seed = 12345;
	size_t n = 0;

	for (int i = 0; i < 300; i++) {
		seed = seed * 1664525 + 1013904223;
		d.tx.now_ms += (seed >> 8) % 150000;
		if (asks(w, 2).granted)
			at[n++] = d.tx.now_ms;
		if ((seed >> 28) == 0)
			desk_again(&d);
	}
	CHECK(n > 40);
	for (size_t i = 0; i < n; i++)
		for (size_t k = i; k < n; k++)
			CHECK((int64_t)(k - i + 1) <= 5 + (at[k] - at[i]) / 390000);
}

/* R2, R4: a pause outlives a restart, and its end is told once. */
static void pauses(void)
{
	const struct budgets_want w = { LANE_CM_LOGIN, "egr_c", 1 };
	int64_t start = d.tx.now_ms;

	CHECK(budgets_cool(desk_begin(&d), LANE_CM_LOGIN, "egr_c", 0, "RateLimitExceeded") == RC_OK);
	desk_commit(&d);
	CHECK(events("budget.cooldown_started") == 1);
	CHECK(budgets_cool(desk_begin(&d), LANE_CM_LOGIN, "egr_c", 0, "RateLimitExceeded") == RC_OK);
	desk_commit(&d); /* the second of the same throttling */
	CHECK(events("budget.cooldown_started") == 1);
	desk_again(&d);
	struct budgets_answer a = asks(&w, 1);
	CHECK(!a.granted && a.free_ms == start + 1500000);
	const struct budgets_want others = { LANE_CM_LOGIN, "egr_d", 1 };
	CHECK(asks(&others, 1).granted); /* one address pauses alone */
	struct budget b = shows(LANE_CM_LOGIN, "egr_c");
	CHECK(b.cooling && b.is.every_us == 20000000);
	CHECK_STR(b.reason, "RateLimitExceeded");
	CHECK(budgets_scan(desk_begin(&d)) == RC_OK);
	desk_commit(&d);
	CHECK(events("budget.cooldown_ended") == 0);
	d.tx.now_ms = start + 1500000;
	for (int i = 0; i < 2; i++) {
		CHECK(budgets_scan(desk_begin(&d)) == RC_OK);
		desk_commit(&d);
	}
	CHECK(events("budget.cooldown_ended") == 1);
	CHECK(asks(&w, 1).granted);
	int64_t used, throttled;
	CHECK(budgets_used(&d.tx, b.id, &used, &throttled) == RC_OK && used == 1 && throttled == 1);
	CHECK(budgets_cool(desk_begin(&d), LANE_CM_LOGIN, "egr_c", 0, "again") == RC_OK);
	b = shows(LANE_CM_LOGIN, "egr_c");
	CHECK(budgets_clear(&d.tx, &b) == RC_OK);
	desk_commit(&d);
	CHECK(events("budget.cooldown_ended") == 2 &&
		shows(LANE_CM_LOGIN, "egr_c").is.cool_until_ms == d.tx.now_ms);
}

static void limits_of_tomorrow(void)
{
	struct lane_kind kinds[LANE_COUNT];
	const struct budgets_want w = { LANE_FRIENDS, "acc_t", 1 };

	CHECK(asks(&w, 1).granted && !asks(&w, 1).granted);
	memcpy(kinds, lane_kinds, sizeof(kinds));
	CHECK(lane_override(kinds, "friends=0", true, NULL) == RC_OK);
	d.conf.lanes = kinds;
	CHECK(asks(&w, 1).granted && asks(&w, 1).granted); /* the configuration holds for rows of before, too */
	struct budget b = shows(LANE_FRIENDS, "acc_t");
	lane_tune(&b.is, 60000000, 1, d.tx.now_ms);
	b.tuned = true;
	CHECK(budgets_save(desk_begin(&d), &b) == RC_OK);
	desk_commit(&d);
	CHECK(asks(&w, 1).granted); /* but not for what an operator has set */
	CHECK(asks(&w, 1).free_ms == d.tx.now_ms + 60000);
	d.conf.lanes = NULL;
	CHECK(asks(&w, 1).free_ms == d.tx.now_ms + 60000);
}

static void swept(void)
{
	CHECK(budgets_waiting(desk_begin(&d), "friends:acc_u", 3) == RC_OK);
	CHECK(shows(LANE_FRIENDS, "acc_u").waiters == 3);
	CHECK(budgets_revive(&d.tx) == RC_OK && shows(LANE_FRIENDS, "acc_u").waiters == 0);
	d.tx.now_ms += 40ll * 86400000;
	CHECK(budgets_sweep(&d.tx) == RC_OK);
	desk_commit(&d);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM lane_use"), NULL, NULL) == 0);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM lane_buckets WHERE tuned = 1"), NULL, NULL) == 1);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM lane_buckets WHERE slowed_at = 0 AND tuned = 0"),
		      NULL, NULL) == 0);
}

static void what_is_none(void)
{
	const char *const keys[] = { "", "a b", "a/b", "\xc3\xa4", NULL };
	const struct budgets_want own = { LANE_CM_JOB, "s", 1 };
	const struct budgets_want twice[] = { { LANE_FRIENDS, "x", 1 }, { LANE_FRIENDS, "x", 1 } };
	struct budgets_answer a;
	struct budget b;
	char longest[BUDGETS_KEY_MAX + 1];

	for (size_t i = 0; i < 5; i++)
		CHECK(!budgets_is_key(keys[i]));
	memset(longest, 'k', sizeof(longest));
	longest[BUDGETS_KEY_MAX] = 0;
	CHECK(!budgets_is_key(longest));
	longest[BUDGETS_KEY_MAX - 1] = 0;
	CHECK(budgets_is_key(longest));
	CHECK(budgets_take(&d.tx, &own, 1, &a) == RC_INVALID && budgets_take(&d.tx, twice, 2, &a) == RC_INVALID);
	CHECK(budgets_find(&d.tx, "friends", &b) == RC_MISSING &&
		budgets_find(&d.tx, "cm.job:s", &b) == RC_MISSING);
	CHECK(budgets_find(&d.tx, "friends:", &b) == RC_MISSING && budgets_find(&d.tx, "friends:q", &b) == RC_OK);
	CHECK(b.is.burst == 1 && b.lane == LANE_FRIENDS);
}

/* A control plane of its own, over the same database. */
struct other {
	pthread_t thread;
	int granted;
};

static void *grant(void *arg)
{
	const struct budgets_want w = { LANE_STORE_FREE, "acc_shared", 1 };
	struct other *o = arg;
	struct fault f = { 0 };
	struct arena arena = { 0 };
	struct store *store = NULL;
	struct tx tx = d.tx;

	tx.arena = &arena;
	tx.fault = &f;
	CHECK(sqlite_open(d.path, &store, &f) == RC_OK && store_connect(store, STORE_WRITE, &tx.db, &f) == RC_OK);
	for (uint32_t i = 0; i < lane_kinds[LANE_STORE_FREE].burst; i++) {
		struct budgets_answer a = { 0 };
		CHECK(store_begin(tx.db, &f) == RC_OK && budgets_take(&tx, &w, 1, &a) == RC_OK);
		CHECK(store_commit(tx.db, &f) == RC_OK);
		o->granted += a.granted;
	}
	store_disconnect(tx.db);
	store_free(store);
	arena_done(&arena);
	return NULL;
}

/* Several control planes grant from one bucket at the same time: no more than it holds. */
static void several_spend_no_more(void)
{
	struct other all[3] = { 0 };
	int granted = 0;

	for (size_t i = 0; i < 3; i++)
		CHECK(pthread_create(&all[i].thread, NULL, grant, &all[i]) == 0);
	for (size_t i = 0; i < 3; i++) {
		pthread_join(all[i].thread, NULL);
		granted += all[i].granted;
	}
	CHECK(granted == (int)lane_kinds[LANE_STORE_FREE].burst);
}

int main(void)
{
	desk_open(&d);
	all_or_none();
	undone();
	never_more();
	pauses();
	limits_of_tomorrow();
	swept();
	what_is_none();
	several_spend_no_more();
	desk_close(&d);
	return 0;
}
