/* jobs: the routes of /v1/jobs, /v1/tasks and /v1/dead-letters. */
#pragma once

#include "control/http/route.h"

extern const struct route jobs_routes[];
extern const struct route tasks_routes[];   /* list, show, resolve */
extern const struct route attempt_routes[]; /* a task's attempts and its past */
extern const struct route lost_routes[];    /* see engine/lost */
extern const struct route dead_letter_routes[];
