/* key_routes: the routes of /v1/key-batches. */
#pragma once

#include "control/http/route.h"

extern const struct route key_routes[];
