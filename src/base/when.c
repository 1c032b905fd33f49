#include "base/when.h"

#include <stdio.h>
#include <string.h>

#define YEAR_0     (-62167219200000)
#define YEAR_10000 253402300800000

/* Days since 1970-01-01 of a civil date, and back: the calendar repeats every 400 years of 146097 days, counted from March. */
static int64_t days_of(int64_t y, unsigned m, unsigned d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	unsigned yoe = (unsigned)(y - era * 400);
	unsigned doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	return era * 146097 + (int64_t)(yoe * 365 + yoe / 4 - yoe / 100 + doy) - 719468;
}

static void civil_of(int64_t days, int *y, unsigned *m, unsigned *d)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	unsigned doe = (unsigned)(days - era * 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;
	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = (int)((int64_t)yoe + era * 400 + (*m <= 2));
}

void when_text(char ret[static WHEN_MAX], int64_t ms)
{
	int64_t days = ms / 86400000, rest = ms % 86400000;
	int y;
	unsigned m, d;

	if (rest < 0) {
		days--;
		rest += 86400000;
	}
	civil_of(days, &y, &m, &d);
	char text[96]; /* room for a year no one will see, which the compiler thinks of */
	snprintf(text, sizeof(text), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", y, m, d, (int)(rest / 3600000),
		(int)(rest / 60000 % 60), (int)(rest / 1000 % 60), (int)(rest % 1000));
	snprintf(ret, WHEN_MAX, "%.*s", WHEN_MAX - 1, text);
}

static bool digits(const char **s, int n, int *ret)
{
	*ret = 0;
	for (; n > 0; n--, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		*ret = *ret * 10 + (**s - '0');
	}
	return true;
}

static bool sign(const char **s, const char *any)
{
	if (!**s || !strchr(any, **s))
		return false;
	(*s)++;
	return true;
}

/* What is finer than a millisecond is cut off. */
static bool fraction_ms(const char **s, int *ret)
{
	*ret = 0;
	if (!sign(s, "."))
		return true;
	const char *first = *s;
	for (int weight = 100; **s >= '0' && **s <= '9'; (*s)++, weight /= 10)
		*ret += (**s - '0') * weight;
	return *s > first;
}

static bool offset_min(const char **s, int *ret)
{
	int h, m, plus = **s == '-' ? -1 : 1;
	*ret = 0;
	if (**s == 'Z' || **s == 'z')
		return sign(s, "Zz");
	if (!sign(s, "+-") || !digits(s, 2, &h) || !sign(s, ":") || !digits(s, 2, &m) || h > 23 || m > 59)
		return false;
	*ret = plus * (h * 60 + m);
	return true;
}

bool when_parse(const char *s, int64_t *ret_ms)
{
	int y, mo, d, h, mi, sec, ms, off;

	if (!digits(&s, 4, &y) || !sign(&s, "-") || !digits(&s, 2, &mo) || !sign(&s, "-") || !digits(&s, 2, &d) ||
		!sign(&s, "Tt") || !digits(&s, 2, &h) || !sign(&s, ":") || !digits(&s, 2, &mi) || !sign(&s, ":") ||
		!digits(&s, 2, &sec) || !fraction_ms(&s, &ms))
		return false;
	if (!offset_min(&s, &off) || *s || mo < 1 || mo > 12 || d < 1 || h > 23 || mi > 59 || sec > 60)
		return false;
	int64_t first = days_of(y, (unsigned)mo, 1);
	int64_t next = mo == 12 ? days_of(y + 1, 1, 1) : days_of(y, (unsigned)mo + 1, 1);
	if (d > next - first)
		return false;
	int64_t moment = (((first + d - 1) * 24 + h) * 60 + mi - off) * 60000 + sec * 1000ll + ms;
	if (moment < YEAR_0 || moment >= YEAR_10000) /* an offset or leap second can lead out of the four digits */
		return false;
	*ret_ms = moment;
	return true;
}
