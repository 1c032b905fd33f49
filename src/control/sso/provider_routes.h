/* provider_routes: /v1/identity-providers. */
#pragma once

#include "control/http/route.h"

extern const struct route provider_routes[];
