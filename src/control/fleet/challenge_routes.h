/* challenge_routes: /v1/challenges: people see what is wanted of them, and answer. */
#pragma once

#include "control/http/route.h"

extern const struct route challenge_routes[];
