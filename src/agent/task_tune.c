#include "agent/content/pace.h"
#include "agent/task.h"
#include "agent/work.h"

#include <stdatomic.h>

/* First where the action looks when it has joined, then where it is if it has. */
void task_tune(struct work *w, int64_t bps)
{
	if (!w || bps == INT64_MAX)
		return;
	atomic_store(&w->tuned, bps + 1);
	if (w->run.pace)
		pace_tune(w->run.pace, w, (uint64_t)bps);
}

bool task_tune_bps(const struct action_task *t, uint64_t *ret_bps)
{
	int64_t tuned = t->work ? atomic_load(&t->work->tuned) : 0;

	*ret_bps = tuned ? (uint64_t)(tuned - 1) : 0;
	return tuned != 0;
}
