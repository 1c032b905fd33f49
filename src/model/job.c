#include "model/job.h"

#include <stddef.h>

const char *const job_words[] = { "queued", "running", "succeeded", "partially_succeeded", "failed", "canceled",
	NULL };

enum job_status job_status_of(const struct job_summary *s)
{
	if (s->succeeded + s->failed + s->canceled < s->total)
		return s->queued == s->total ? JOB_QUEUED : JOB_RUNNING;
	if (s->succeeded == s->total)
		return JOB_SUCCEEDED;
	if (s->succeeded > 0)
		return JOB_PARTIALLY_SUCCEEDED;
	return s->canceled > 0 && s->failed == 0 ? JOB_CANCELED : JOB_FAILED;
}
