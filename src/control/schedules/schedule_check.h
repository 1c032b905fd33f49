/* schedule_check: is what somebody says of a schedule right? Problems go to the call's reader. */
#pragma once

#include "control/http/route.h"

struct schedule_clock;

/* The job may be submitted by who is asking; what is wrong with it stands under /job. */
must_check enum rc schedule_check_job(struct call *c, const char *job);

/* The clock of these words, in the arena; what is wrong stands under the member that it is. */
must_check enum rc schedule_check_clock(
	struct call *c, const char *cron, const char *timezone, struct schedule_clock *ret);
