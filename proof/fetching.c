/* Downloads have no part in the simulated histories: what they would share is not made, so none of it is linked. */
#include "agent/fetching.h"
#include "agent/action_run.h"

enum rc fetching_init(const struct fetching_conf *conf, struct fetching *ret, struct fault *f)
{
	(void)conf, (void)f;
	*ret = (struct fetching){ 0 };
	return RC_OK;
}

void fetching_done(struct fetching *x) { (void)x; }

void fetching_lend(const struct fetching *x, struct action_task *t) { (void)x, (void)t; }
