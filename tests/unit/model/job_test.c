#include "model/job.h"

#include "tests/unit/check.h"

#define MOST 3

/* What product.md says, in its own words: asked for every summary of up to three tasks in each state. */
static enum job_status want(const struct job_summary *s)
{
	uint32_t open = s->queued + s->running + s->unknown + s->attention,
		 over = s->succeeded + s->failed + s->canceled;

	if (open > 0)
		return open == s->queued && over == 0 ? JOB_QUEUED : JOB_RUNNING;
	if (s->failed == 0 && s->canceled == 0)
		return JOB_SUCCEEDED;
	if (s->succeeded > 0)
		return JOB_PARTIALLY_SUCCEEDED;
	return s->failed > 0 ? JOB_FAILED : JOB_CANCELED;
}

static void every_summary(void)
{
	struct job_summary s = { 0 };
	int seen[JOB_STATUSES] = { 0 };

	for (int code = 0; code < 4 * 4 * 4 * 4 * 4 * 4 * 4; code++) {
		int rest = code;
		uint32_t *const counts[] = { &s.queued, &s.running, &s.succeeded, &s.failed, &s.canceled,
			&s.unknown, &s.attention };
		s.total = 0;
		for (int i = 0; i < 7; i++, rest /= MOST + 1)
			s.total += *counts[i] = (uint32_t)(rest % (MOST + 1));
		s.paused = true;
		enum job_status paused = job_status_of(&s);
		s.paused = false;
		enum job_status status = job_status_of(&s);
		CHECK(paused == (job_is_over(status) ? status : JOB_PAUSED));
		seen[paused]++;
		CHECK(status == want(&s));
		CHECK(job_is_over(status) == (s.queued + s.running + s.unknown + s.attention == 0));
		seen[status]++;
	}
	for (int i = 0; i < JOB_STATUSES; i++)
		CHECK(seen[i] > 0);
}

static void ages(void)
{
	CHECK(job_priority(3, 1000, 1000) == 3 && job_priority(3, 1000, 500) == 3);
	CHECK(job_priority(3, 0, JOB_AGE_MS - 1) == 3 && job_priority(3, 0, JOB_AGE_MS) == 4);
	CHECK(job_priority(0, 0, 8 * JOB_AGE_MS) == 8 && job_priority(0, 0, INT64_MAX) == 9);
	CHECK(job_priority(9, 0, JOB_AGE_MS) == 9);
}

static void stops(void)
{
	const struct job_summary s = { .total = 40, .failed = 10, .queued = 30 };
	const struct job_summary none = { .total = 40, .queued = 40 };
	CHECK(!job_stops(&s, 0, 0) && !job_stops(&s, 11, 0) && job_stops(&s, 10, 0) && job_stops(&s, 1, 0));
	CHECK(!job_stops(&s, 0, 26) && job_stops(&s, 0, 25) && job_stops(&s, 11, 25));
	CHECK(!job_stops(&none, 0, 1));
}

int main(void)
{
	const char *const words[] = { "queued", "running", "paused", "succeeded", "partially_succeeded", "failed",
		"canceled" };

	every_summary();
	ages();
	stops();
	const struct job_summary empty = { 0 };
	CHECK(job_status_of(&empty) == JOB_SUCCEEDED);
	for (int i = 0; i < JOB_STATUSES; i++)
		CHECK_STR(job_words[i], words[i]);
	CHECK(!job_words[JOB_STATUSES]);
	CHECK(!job_is_over(JOB_PAUSED) && !job_is_over(JOB_QUEUED) && !job_is_over(JOB_RUNNING) &&
		job_is_over(JOB_SUCCEEDED));
	CHECK(job_is_over(JOB_PARTIALLY_SUCCEEDED) && job_is_over(JOB_FAILED) && job_is_over(JOB_CANCELED));
	return 0;
}
