/* epic_ref: how an app of Epic's store is named: "NAMESPACE:CATALOG_ITEM:APP", and ":PLATFORM" when it is not Windows. */
#pragma once

#include "base/arena.h"
#include "base/own.h"

struct epic_ref {
	const char *space, *item, *app, *platform;
};

/* False: it is none. The texts live in the arena; each holds letters, digits, "-", "_" and "." alone, so that it may stand in an address. */
must_check bool epic_ref_read(const char *ref, struct arena *a, struct epic_ref *ret);
