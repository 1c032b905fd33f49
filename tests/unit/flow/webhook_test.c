/* webhook: the plan, Retry-After, and when an endpoint is given up, on a clock of the test's own. */
#include "flow/webhook.h"
#include "tests/unit/check.h"

#define S   1000ll
#define DAY (86400 * S)

static struct webhook_plan plan;

static enum webhook_verdict end(struct webhook *w, int status, const char *after, uint32_t dice, int64_t now_ms)
{
	const struct webhook_end e = { .status = status, .retry_after = after, .dice = dice, .now_ms = now_ms };
	return webhook_ended(&plan, w, &e);
}

static void whole_plan(void)
{
	static const int64_t waits[] = { 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400 };
	struct webhook w = { 0 };
	int64_t now = 1700000000000;

	for (size_t i = 0; i < 9; i++) {
		CHECK(end(&w, 500, NULL, 0, now) == WEBHOOK_AGAIN);
		CHECK(w.next_ms == now + waits[i] * S && w.tries == i + 1);
		struct webhook late = { .tries = (uint32_t)i };
		CHECK(end(&late, 0, NULL, 999, now) == WEBHOOK_AGAIN);
		CHECK(late.next_ms > w.next_ms &&
			late.next_ms <= now + waits[i] * S * 6 / 5); /* up to a fifth later */
		now = w.next_ms;
	}
	CHECK(end(&w, 503, NULL, 0, now) == WEBHOOK_DEAD && w.tries == 10);
	CHECK(w.failing_since_ms == 1700000000000 && !webhook_is_tired(&w, now));
	CHECK(webhook_is_tired(&w, w.failing_since_ms + 5 * DAY) &&
		!webhook_is_tired(&w, w.failing_since_ms + 5 * DAY - 1));
}

static void verdicts(void)
{
	static const int failures[] = { 0, 100, 199, 300, 301, 302, 307, 400, 404, 429, 500 };
	struct webhook w = { .failing_since_ms = 7 };

	CHECK(end(&w, 200, NULL, 0, 100) == WEBHOOK_DELIVERED && w.failing_since_ms == 0 &&
		!webhook_is_tired(&w, INT64_MAX));
	CHECK(end(&w, 299, NULL, 0, 100) == WEBHOOK_DELIVERED);
	for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
		w = (struct webhook){ 0 };
		CHECK(end(&w, failures[i], NULL, 0, 100) == WEBHOOK_AGAIN && w.failing_since_ms == 100);
	}
	w = (struct webhook){ .failing_since_ms = 50 };
	CHECK(end(&w, 410, NULL, 0, 100) == WEBHOOK_GONE && w.failing_since_ms == 50);
}

static void retry_after(void)
{
	const int64_t now = 784111777000; /* Sun, 06 Nov 1994 08:49:37 GMT */
	struct webhook w = { 0 };

	CHECK(webhook_retry_after("120", now) == 120 && webhook_retry_after("0", now) == 0);
	CHECK(webhook_retry_after("999999999999", now) == WEBHOOK_RETRY_AFTER_MAX);
	CHECK(webhook_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", now) == 60);
	CHECK(webhook_retry_after("Sun, 06 Nov 1994 08:49:36 GMT", now) == 0); /* it is over */
	CHECK(webhook_retry_after("Sun, 06 Nov 2094 08:49:37 GMT", now) == WEBHOOK_RETRY_AFTER_MAX);
	static const char *const bad[] = { "", "-1", "soon", "1.5", "Sun, 06 Foo 1994 08:50:37 GMT", "12 seconds" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(webhook_retry_after(bad[i], now) == 0);
	CHECK(webhook_retry_after(NULL, now) == 0);
	/* Later than the plan, never earlier. */
	CHECK(end(&w, 429, "60", 0, now) == WEBHOOK_AGAIN && w.next_ms == now + 60 * S);
	CHECK(end(&w, 503, "1", 0, now) == WEBHOOK_AGAIN && w.next_ms == now + 300 * S);
}

static void plans(void)
{
	struct webhook_plan p;
	struct fault f = { 0 };

	CHECK(webhook_plan_read("0,1,2", &p, &f) == RC_OK && p.n == 3 && p.wait_s[2] == 2);
	static const char *const bad[] = { "", "x", "1,,2", "-1", "86401", "1;2", ",1" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(webhook_plan_read(bad[i], &p, &f) == RC_INVALID);
}

int main(void)
{
	CHECK(webhook_plan_read(WEBHOOK_PLAN, &plan, NULL) == RC_OK && plan.n == 10);
	whole_plan();
	verdicts();
	retry_after();
	plans();
	return 0;
}
