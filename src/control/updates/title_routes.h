/* title_routes: /v1/titles, /v1/changes. */
#pragma once

#include "control/http/route.h"
#include "control/updates/depot_diff.h"

extern const struct route title_routes[], change_routes[];

/* The title as the caller's watch has it: with an account its tenant's own, else everybody's. */
struct title_mine {
	const char *id;
	const char *base_id; /* everybody's */
	int64_t before_pos;  /* up to here everybody's changes are its own, too */
};
/* Who has a watch of the title (arg[0]: store, arg[1]: its ref) may read it. RC_MISSING. */
must_check enum rc title_routes_find(struct call *c, struct title_mine *ret);
