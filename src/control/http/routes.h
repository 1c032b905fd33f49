/* routes: every table of the API, in one list. It stands above the files it names; they know only route.h. */
#pragma once

#include "control/http/route.h"

extern const struct route *const routes[]; /* ends in NULL; each table ends in { 0 } */
