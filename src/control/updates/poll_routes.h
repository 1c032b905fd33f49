/* poll_routes: /v1/polls, and /api/sync/updates. */
#pragma once

#include "control/http/route.h"

extern const struct route poll_routes[];
