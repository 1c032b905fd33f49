/* regions: places where agents work; and the rules of what is placed where (policies, placements). */
#pragma once

#include "control/http/route.h"

/* The first region, made when there is none with that name; *ret_id is in the arena. */
must_check enum rc regions_first(struct tx *tx, const char *name, const char **ret_id);

extern const struct route regions_routes[], policies_routes[], placements_routes[];
