/* trigger_routes: the routes of /v1/triggers. */
#pragma once

#include "control/http/route.h"

extern const struct route trigger_routes[];
