/*
 * cron: when something is due, as five fields say it: minute, hour, day of the month, month, day of the week. Times are civil:
 * what a clock on some wall shows, in minutes since 1970-01-01 00:00 of that clock; model/zone knows which moment that is. Pure.
 *
 *	*, a or a-b; with a slash and a step behind it every so many of them (a alone is then a to the end); lists, parted by commas
 *	names: jan … dec, sun … sat, in any case; the days of the week are 0 to 7, 0 and 7 are Sunday; fri-sun is 5-7
 *	@yearly @annually @monthly @weekly @daily @midnight @hourly
 *
 * When both days are said, either is enough; a field that begins with '*' does not say one (as cron always did it).
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

#define CRON_TEXT_MAX 256
#define CRON_YEARS    100 /* nothing within so many: never */

struct cron {
	uint64_t minutes; /* bit n: minute n */
	uint32_t hours;
	uint32_t days;             /* bits 1 to 31 */
	uint16_t months;           /* bits 1 to 12 */
	uint8_t weekdays;          /* bits 0 to 6, 0 is Sunday */
	bool any_day, any_weekday; /* the field begins with '*' */
};

/* RC_INVALID: the fault says which field, and why. What never comes (30 February) is invalid, too. */
must_check enum rc cron_parse(const char *text, struct cron *ret, struct fault *f);

/* Is it due in this minute? */
bool cron_fits(const struct cron *c, int64_t minute);

/* The first minute after this one in which it is due; -1: none within CRON_YEARS, or past the year 9999. */
int64_t cron_next(const struct cron *c, int64_t minute);
