#include "model/job.h"

#include <stddef.h>

const char *const job_words[] = { "queued", "running", "paused", "succeeded", "partially_succeeded", "failed",
	"canceled", NULL };

enum job_status job_status_of(const struct job_summary *s)
{
	if (s->succeeded + s->failed + s->canceled < s->total) {
		enum job_status open = s->queued == s->total ? JOB_QUEUED : JOB_RUNNING;
		return s->paused ? JOB_PAUSED : open;
	}
	if (s->succeeded == s->total)
		return JOB_SUCCEEDED;
	if (s->succeeded > 0)
		return JOB_PARTIALLY_SUCCEEDED;
	return s->canceled > 0 && s->failed == 0 ? JOB_CANCELED : JOB_FAILED;
}

uint32_t job_priority(uint32_t priority, int64_t created_ms, int64_t now_ms)
{
	int64_t aged = now_ms > created_ms ? (now_ms - created_ms) / JOB_AGE_MS : 0;
	return aged < JOB_PRIORITY_MAX - (int64_t)priority ? priority + (uint32_t)aged : JOB_PRIORITY_MAX;
}

bool job_stops(const struct job_summary *s, uint32_t stop_count, uint32_t stop_percent)
{
	return (stop_count && s->failed >= stop_count) ||
	       (stop_percent && s->failed && (uint64_t)s->failed * 100 >= (uint64_t)stop_percent * s->total);
}
