/* system: what the installation says of itself: health, metrics, version, OpenAPI. */
#pragma once

#include "control/http/route.h"

extern const struct route system_routes[];
