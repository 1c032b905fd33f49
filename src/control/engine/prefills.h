/* prefills: filling a cache beside an agent. */
#pragma once

#include "control/http/route.h"

extern const struct route prefills_routes[];
