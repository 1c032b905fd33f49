/* title_routes: /v1/titles, /v1/changes. */
#pragma once

#include "control/http/route.h"
#include "control/updates/depot_diff.h"

extern const struct route title_routes[], change_routes[];

/* Who has a watch of the title (arg[0]: store, arg[1]: its ref) may read it. *ret_id: the title's. RC_MISSING. */
must_check enum rc title_routes_find(struct call *c, const char **ret_id);
