/* schedule_tick: one row of schedule_ticks, as it is shown. */
#pragma once

#include "base/field.h"

struct schedule_tick {
	int64_t tick;
	const char *status, *job_id, *reason;
	int64_t at;
};
/* In the order of the columns tick, status, job_id, reason, at. */
extern const struct field schedule_tick_fields[];
