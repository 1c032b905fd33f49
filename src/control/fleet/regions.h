/* regions: places where agents work. */
#pragma once

#include "control/http/route.h"

/* The first region, made when there is none with that name; *ret_id is in the arena. */
must_check enum rc regions_first(struct tx *tx, const char *name, const char **ret_id);

extern const struct route regions_routes[];
