/* policies: the ordered rules of placement: POST, GET, PUT and DELETE of /v1/routing-policies. */
#pragma once

#include "control/http/route.h"

extern const struct route policies_routes[];
