/* accounts: the Steam accounts that are worked with. Their secrets are not here. */
#pragma once

#include "control/http/route.h"

extern const struct route accounts_routes[];
