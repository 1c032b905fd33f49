/* schedule_routes: the routes of /v1/schedules. */
#pragma once

#include "control/http/route.h"

extern const struct route schedule_routes[];
extern const struct route schedule_times_routes[]; /* when it ticks, and what became of its ticks */
