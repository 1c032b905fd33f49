/* placements: tells where a task would run, and why nowhere else: POST /v1/placements/explain. */
#pragma once

#include "control/http/route.h"

extern const struct route placements_routes[];
