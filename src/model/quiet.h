/*
 * quiet: hours of the day in which nothing is begun, by the clock of a place. They may span midnight; what would begin in them begins
 * at their end, which moves with the clock when that is set. Pure. Moments are milliseconds since 1970 UTC.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "model/zone.h"

struct quiet {
	struct zone zone;
	uint32_t from, to; /* minutes of the day; the same: never */
};

/* "22:30" as minutes of the day. RC_INVALID: it is no time of a day. */
must_check enum rc quiet_minutes(const char *text, uint32_t *ret, struct fault *f);

/* The first moment not before `at_ms` that is not within the hours. */
int64_t quiet_until(const struct quiet *q, int64_t at_ms);
