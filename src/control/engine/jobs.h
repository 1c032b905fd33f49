/* jobs: the routes of /v1/jobs and /v1/tasks. */
#pragma once

#include "control/http/route.h"

extern const struct route jobs_routes[];
