/* budget_routes: the routes of /v1/rate-budgets. */
#pragma once

#include "control/http/route.h"

extern const struct route budget_routes[];
