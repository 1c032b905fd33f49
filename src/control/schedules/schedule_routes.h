/* schedule_routes: the routes of /v1/schedules. */
#pragma once

#include "control/http/route.h"

extern const struct route schedule_routes[];
