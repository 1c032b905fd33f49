/*
 * civil: the Gregorian calendar by numbers: days since 1970-01-01, before and after. Pure.
 */
#pragma once

#include <stdint.h>

#define CIVIL_YEAR_MAX 9999

struct civil {
	int32_t year;
	int32_t month, day; /* 1 to 12, 1 to 31 */
};

struct civil civil_of_day(int64_t day);
int64_t civil_day(int32_t year, int32_t month, int32_t day);
int32_t civil_weekday(int64_t day); /* 0 is Sunday */
int32_t civil_days_in(int32_t year, int32_t month);

/* a / b, rounded down. */
static inline int64_t civil_floor(int64_t a, int64_t b) { return a / b - (a % b < 0); }
