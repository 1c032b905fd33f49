#include "model/zone.h"

#include <string.h>

/* A TZ text of POSIX, with the signed hours of RFC 9636: std offset [dst [offset] , start [/time] , end [/time]]. */

static bool number(const char **p, int32_t max, int32_t *ret)
{
	const char *from = *p;
	int32_t v = 0;

	while (**p >= '0' && **p <= '9' && v < 100000)
		v = v * 10 + (*(*p)++ - '0');
	*ret = v;
	return *p > from && v <= max;
}

/* A name: letters, or anything of letters, digits and signs between < and >. */
static bool name(const char **p)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	size_t n;

	if (**p == '<') {
		n = strspn(*p + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-");
		if (n < 3 || (*p)[n + 1] != '>')
			return false;
		*p += n + 2;
		return true;
	}
	n = strspn(*p, letters);
	*p += n;
	return n >= 3;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool hours(const char **p, int32_t max, int32_t *ret)
{
	bool minus = **p == '-';
	int32_t h, m = 0, s = 0;

	*p += **p == '-' || **p == '+';
	if (!number(p, max, &h))
		return false;
	if (**p == ':' && ((*p)++, !number(p, 59, &m)))
		return false;
	if (**p == ':' && ((*p)++, !number(p, 59, &s)))
		return false;
	*ret = h * 3600 + m * 60 + s;
	if (minus)
		*ret = -*ret;
	return true;
}

static bool month_week(const char **p, struct zone_day *d)
{
	(*p)++;
	d->kind = ZONE_MONTH_WEEK;
	if (!number(p, 12, &d->month) || d->month < 1 || *(*p)++ != '.')
		return false;
	if (!number(p, 5, &d->week) || d->week < 1 || *(*p)++ != '.')
		return false;
	return number(p, 6, &d->day);
}

/* ,Mm.w.d or ,Jn or ,n and /time. */
static bool day(const char **p, struct zone_day *d)
{
	bool ok;

	if (*(*p)++ != ',')
		return false;
	if (**p == 'M') {
		ok = month_week(p, d);
	} else if (**p == 'J') {
		(*p)++;
		d->kind = ZONE_YEAR_DAY_NO_LEAP;
		ok = number(p, 365, &d->day) && d->day >= 1;
	} else {
		d->kind = ZONE_YEAR_DAY;
		ok = number(p, 365, &d->day);
	}
	d->time = 2 * 3600;
	if (!ok || **p != '/')
		return ok;
	(*p)++;
	return hours(p, 167, &d->time);
}

static bool rule(const char *p, struct zone_rule *r)
{
	if (!name(&p) || !hours(&p, 24, &r->standard))
		return false;
	r->standard = -r->standard; /* POSIX counts what is west */
	if (!*p)
		return true;
	r->summer = true;
	if (!name(&p))
		return false;
	r->daylight = r->standard + 3600;
	if (*p != ',') {
		if (!hours(&p, 24, &r->daylight))
			return false;
		r->daylight = -r->daylight;
	}
	return day(&p, &r->begin) && day(&p, &r->end) && !*p;
}

enum rc zone_rule_parse(const char *text, struct zone_rule *ret, struct fault *f)
{
	struct zone_rule r = { 0 };

	if (!rule(text, &r))
		return fault_set(f, RC_MALFORMED, "not a rule of a time zone: %.40s", text);
	*ret = r;
	return RC_OK;
}
