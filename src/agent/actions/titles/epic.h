/* epic: what both sources of Epic's store share. For agent/actions/titles/epic_*.c. */
#pragma once

#include "agent/actions/titles/titles.h"

/* The parts of a ref: "NAMESPACE:CATALOG_ITEM:APP", and ":PLATFORM" when it is not Windows. */
struct epic_ref {
	const char *space, *item, *app, *platform;
};

/* False: it is none. The texts live in the arena. */
must_check bool epic_ref_read(const char *ref, struct arena *a, struct epic_ref *ret);
