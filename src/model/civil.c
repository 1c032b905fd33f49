#include "model/civil.h"

#include <assert.h>

/* A year is counted from March on: then the day that comes and goes is its last. 400 years have 146097 days. */

static const int32_t before[] = { 306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275 }; /* of March's year */

int64_t civil_day(int32_t year, int32_t month, int32_t day)
{
	assert(month >= 1 && month <= 12);
	int64_t y = month > 2 ? year : (int64_t)year - 1, era = civil_floor(y, 400), of = y - era * 400;
	return era * 146097 + of * 365 + of / 4 - of / 100 + before[((uint32_t)month + 11) % 12] + day - 1 - 719468;
}

int32_t civil_days_in(int32_t year, int32_t month)
{
	return (int32_t)(civil_day(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1) -
			 civil_day(year, month, 1));
}

struct civil civil_of_day(int64_t day)
{
	int64_t days = day + 719468, era = civil_floor(days, 146097), of = days - era * 146097;
	/* The year's number: never too small by more than the leap days before it make, so one look back is enough. */
	int64_t y = of / 365;
	while (y > 0 && (y == 400 || y * 365 + y / 4 - y / 100 > of))
		y--;
	int64_t rest = of - (y * 365 + y / 4 - y / 100);
	int32_t month = 2;
	for (int32_t i = 0; i < 12; i++) { /* from March on */
		int32_t m = (i + 2) % 12;
		if (before[m] <= rest)
			month = m;
	}
	return (struct civil){ .year = (int32_t)(era * 400 + y + (month < 2)),
		.month = month + 1,
		.day = (int32_t)(rest - before[month]) + 1 };
}

int32_t civil_weekday(int64_t day)
{
	int64_t d = day + 4; /* 1970-01-01 was a Thursday */
	return (int32_t)(d - civil_floor(d, 7) * 7);
}
