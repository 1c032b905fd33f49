#include "model/cron.h"
#include "model/civil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DAY_MIN 1440

static const char *const month_names[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct",
	"nov", "dec", NULL };
static const char *const day_names[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL };

/* A field of the five. */
static const struct place {
	const char *name;
	unsigned min, max;
	const char *const *names; /* of min and on; NULL: none */
} places[] = {
	{ "minute", 0, 59, NULL },
	{ "hour", 0, 23, NULL },
	{ "day of the month", 1, 31, NULL },
	{ "month", 1, 12, month_names },
	{ "day of the week", 0, 7, day_names },
};
#define PLACES 5

static enum rc bad(const struct place *at, const char *why, const char *text, struct fault *f)
{
	return fault_set(f, RC_INVALID, "%s: %s, at \"%.20s\"", at->name, why, text);
}

static enum rc read_number(const struct place *at, const char **p, unsigned *ret, struct fault *f)
{
	const char *from = *p;
	unsigned v = 0;

	while (**p >= '0' && **p <= '9' && v < 1000)
		v = v * 10 + (unsigned)(*(*p)++ - '0');
	if (*p == from)
		return bad(at, "a number is missing", from, f);
	*ret = v;
	return RC_OK;
}

static enum rc read_value(const struct place *at, const char **p, unsigned *ret, struct fault *f)
{
	const char *from = *p;

	for (unsigned i = 0; at->names && at->names[i]; i++)
		if (!strncasecmp(*p, at->names[i], 3)) {
			*p += 3;
			*ret = at->min + i;
			return RC_OK;
		}
	enum rc rc = read_number(at, p, ret, f);
	if (rc == RC_OK && (*ret < at->min || *ret > at->max))
		return bad(at, "out of range", from, f);
	return rc;
}

/* *, a or a-b. *ret_single: a alone. */
static enum rc read_range(
	const struct place *at, const char **p, unsigned ends[2], bool *ret_single, struct fault *f)
{
	ends[0] = at->min;
	ends[1] = at->max;
	if (**p == '*') {
		(*p)++;
		return RC_OK;
	}
	enum rc rc = read_value(at, p, &ends[0], f);
	*ret_single = rc == RC_OK && **p != '-';
	ends[1] = ends[0];
	if (rc == RC_OK && !*ret_single) {
		(*p)++;
		rc = read_value(at, p, &ends[1], f);
	}
	if (at->names == day_names && ends[1] == 0 && ends[0] > 0) /* fri-sun */
		ends[1] = 7;
	return rc;
}

/* One part of a list: a range, with or without a step. */
static enum rc read_part(const struct place *at, const char **p, uint64_t *bits, struct fault *f)
{
	const char *start = *p;
	unsigned ends[2], step = 1;
	bool single = false;
	enum rc rc = read_range(at, p, ends, &single, f);

	if (rc == RC_OK && **p == '/') {
		(*p)++;
		rc = read_number(at, p, &step, f);
		if (rc == RC_OK && (step == 0 || step > at->max))
			return bad(at, "no such step", start, f);
		ends[1] = single ? at->max : ends[1];
	}
	if (rc != RC_OK)
		return rc;
	if (ends[1] < ends[0])
		return bad(at, "the range ends before it begins", start, f);
	for (unsigned v = ends[0]; v <= ends[1]; v += step)
		*bits |= (uint64_t)1 << v;
	return RC_OK;
}

static enum rc read_field(const struct place *at, const char **p, uint64_t *ret, struct fault *f)
{
	uint64_t bits = 0;
	enum rc rc = read_part(at, p, &bits, f);

	while (rc == RC_OK && **p == ',') {
		(*p)++;
		rc = read_part(at, p, &bits, f);
	}
	if (rc == RC_OK && **p && **p != ' ' && **p != '\t')
		return bad(at, "cannot be read", *p, f);
	*ret = bits;
	return rc;
}

/* What a short word stands for; NULL: it is none. */
static const char *long_form(const char *text)
{
	static const char *const words[][2] = { { "@yearly", "0 0 1 1 *" }, { "@annually", "0 0 1 1 *" },
		{ "@monthly", "0 0 1 * *" }, { "@weekly", "0 0 * * 0" }, { "@daily", "0 0 * * *" },
		{ "@midnight", "0 0 * * *" }, { "@hourly", "0 * * * *" } };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcasecmp(text, words[i][0]))
			return words[i][1];
	return NULL;
}

enum rc cron_parse(const char *text, struct cron *ret, struct fault *f)
{
	uint64_t bits[PLACES] = { 0 };
	bool star[PLACES] = { 0 };

	if (strnlen(text, CRON_TEXT_MAX + 1) > CRON_TEXT_MAX)
		return fault_set(f, RC_INVALID, "a schedule has at most %d characters", CRON_TEXT_MAX);
	const char *p = *text == '@' ? long_form(text) : text;
	if (!p)
		return fault_set(f, RC_INVALID,
			"%.20s is no word for a schedule; there are @yearly, @monthly, @weekly, @daily, @hourly",
			text);
	for (size_t i = 0; i < PLACES; i++) {
		p += strspn(p, " \t");
		if (!*p)
			return fault_set(f, RC_INVALID,
				"five fields are needed (minute, hour, day of the month, month, day of the week), "
				"%zu are there",
				i);
		star[i] = *p == '*';
		enum rc rc = read_field(&places[i], &p, &bits[i], f);
		if (rc != RC_OK)
			return rc;
	}
	p += strspn(p, " \t");
	if (*p)
		return fault_set(f, RC_INVALID, "five fields are enough, and there is more: \"%.20s\"", p);
	bits[4] |= bits[4] >> 7 & 1;
	const struct cron c = { .minutes = bits[0],
		.hours = (uint32_t)bits[1],
		.days = (uint32_t)bits[2],
		.months = (uint16_t)bits[3],
		.weekdays = bits[4] & 0x7F,
		.any_day = star[2],
		.any_weekday = star[4] };
	if (cron_next(&c, 0) < 0)
		return fault_set(f, RC_INVALID, "this day never comes");
	*ret = c;
	return RC_OK;
}

static bool fits_day(const struct cron *c, int64_t day, const struct civil *d)
{
	bool in_month = c->days >> d->day & 1, in_week = c->weekdays >> civil_weekday(day) & 1;

	if (!(c->months >> d->month & 1))
		return false;
	return c->any_day || c->any_weekday ? in_month && in_week : in_month || in_week;
}

bool cron_fits(const struct cron *c, int64_t minute)
{
	int64_t day = civil_floor(minute, DAY_MIN), rest = minute - day * DAY_MIN;
	struct civil d = civil_of_day(day);

	return fits_day(c, day, &d) && c->hours >> (rest / 60) & 1 && c->minutes >> (rest % 60) & 1;
}

/* The first minute of a day from `rest` on; -1: none. */
static int64_t in_day(const struct cron *c, int64_t rest)
{
	for (int64_t hour = rest / 60, minute = rest % 60; hour < 24; hour++, minute = 0) {
		uint64_t left = c->hours >> hour & 1 ? c->minutes >> minute : 0;
		if (left)
			return hour * 60 + minute + __builtin_ctzll(left);
	}
	return -1;
}

int64_t cron_next(const struct cron *c, int64_t minute)
{
	int64_t day = civil_floor(++minute, DAY_MIN), rest = minute - day * DAY_MIN;
	int32_t last = civil_of_day(day).year + CRON_YEARS;

	for (;; rest = 0) {
		struct civil d = civil_of_day(day);
		if (d.year > last || d.year > CIVIL_YEAR_MAX)
			return -1;
		if (!(c->months >> d.month & 1)) {
			day += civil_days_in(d.year, d.month) - d.day + 1;
			continue;
		}
		int64_t at = fits_day(c, day, &d) ? in_day(c, rest) : -1;
		if (at >= 0)
			return day * DAY_MIN + at;
		day++;
	}
}
