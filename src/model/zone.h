/*
 * zone: the clocks of a place: which time they show at which moment, from the bytes of a TZif file (RFC 9636). Moments are
 * seconds since 1970 UTC; clock times are the same count as if that place had no offset. Pure.
 *
 * A clock that is set forward leaves times out, one that is set back shows them twice. A clock time stands for the first moment
 * at which the clock shows it, or, when it is left out, for the moment at which the clock was set: the end of the jump.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/own.h"

#include <stdint.h>

#define ZONE_BYTES_MAX  65536 /* of a file */
#define ZONE_JUMPS_MAX  4096
#define ZONE_OFFSET_MAX 93600 /* 26 hours */

/* From this moment on, the clock is so much ahead of UTC. */
struct zone_jump {
	int64_t at;
	int32_t offset;
};

/* A day of every year, and a time on it, by which a clock is set. */
struct zone_day {
	enum { ZONE_MONTH_WEEK, ZONE_YEAR_DAY, ZONE_YEAR_DAY_NO_LEAP } kind;
	int32_t month, week, day; /* week 5 is the last; day of the week, or of the year */
	int32_t time;             /* seconds of that day by the clock, also before and behind it */
};

/* What holds after the last jump. */
struct zone_rule {
	bool summer; /* else `standard` for ever */
	int32_t standard, daylight;
	struct zone_day begin, end; /* of daylight */
};

struct zone {
	int32_t before;          /* offset before the first jump */
	struct zone_jump *jumps; /* in their order; in the arena */
	size_t n;
	bool ruled;
	struct zone_rule rule;
};

/* RC_MALFORMED: not a TZif file, or one that cannot be. Leap seconds are not for us: RC_INVALID. */
must_check enum rc zone_parse(const void *p, size_t n, struct arena *a, struct zone *ret, struct fault *f);

/* The rule in a TZ text as POSIX has it: CET-1CEST,M3.5.0,M10.5.0/3. */
must_check enum rc zone_rule_parse(const char *text, struct zone_rule *ret, struct fault *f);

int32_t zone_offset(const struct zone *z, int64_t at);

/* The moment that a clock time stands for; see above. */
int64_t zone_moment(const struct zone *z, int64_t clock);
