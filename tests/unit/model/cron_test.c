#include "model/civil.h"
#include "model/cron.h"

#include "tests/unit/check.h"

#include <string.h>

#define MINUTES(y, mo, d, h, mi) (civil_day((y), (mo), (d)) * 1440 + (h)*60 + (mi))

static struct cron parsed(const char *text)
{
	struct cron c;
	struct fault f = { 0 };
	if (cron_parse(text, &c, &f) == RC_OK)
		return c;
	fprintf(stderr, "%s: %s\n", text, f.text);
	exit(1);
}

static bool refuses(const char *text, const char *words)
{
	struct cron c = { .minutes = 77 };
	struct fault f = { 0 };
	if (cron_parse(text, &c, &f) == RC_INVALID && strstr(f.text, words) && c.minutes == 77)
		return true;
	fprintf(stderr, "%s: %s\n", text, f.text);
	return false;
}

/* Every day of 2000 years, there and back, and the days of the week go round. */
static void calendar(void)
{
	int64_t day = civil_day(1200, 1, 1);
	int32_t month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }, weekday = civil_weekday(day);

	for (int32_t year = 1200; year < 3200; year++) {
		bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
		for (int32_t month = 1; month <= 12; month++) {
			int32_t days = month_days[month - 1] + (month == 2 && leap);
			CHECK(civil_days_in(year, month) == days);
			for (int32_t d = 1; d <= days; d++, day++) {
				struct civil c = civil_of_day(day);
				CHECK(c.year == year && c.month == month && c.day == d);
				CHECK(civil_day(year, month, d) == day && civil_weekday(day) == weekday);
				weekday = (weekday + 1) % 7;
			}
		}
	}
	CHECK(civil_day(1970, 1, 1) == 0 && civil_weekday(0) == 4 && civil_day(2000, 3, 1) == 11017);
	CHECK(civil_floor(-1, 60) == -1 && civil_floor(-60, 60) == -1 && civil_floor(59, 60) == 0);
}

static void fields(void)
{
	struct cron c = parsed("* * * * *");
	CHECK(c.minutes == 0xFFFFFFFFFFFFFFF && c.hours == 0xFFFFFF && c.days == 0xFFFFFFFE);
	CHECK(c.months == 0x1FFE && c.weekdays == 0x7F && c.any_day && c.any_weekday);
	c = parsed("  */20\t0-6/3 1,15,31  jan-MAR/2 Fri-sun ");
	CHECK(c.minutes == (1ull | 1ull << 20 | 1ull << 40) && c.hours == (1u | 1u << 3 | 1u << 6));
	CHECK(c.days == (1u << 1 | 1u << 15 | 1u << 31) && c.months == (1u << 1 | 1u << 3));
	CHECK(c.weekdays == (1u << 5 | 1u << 6 | 1u) && !c.any_day && !c.any_weekday);
	c = parsed("50/4 * * * 7");
	CHECK(c.minutes == (1ull << 50 | 1ull << 54 | 1ull << 58) && c.weekdays == 1);
	CHECK(parsed("0 0 * * 5-7").weekdays == (1u << 5 | 1u << 6 | 1u));
	CHECK(parsed("@Weekly").weekdays == 1 && parsed("@hourly").minutes == 1 && parsed("@yearly").days == 2);
	CHECK(refuses("", "five fields") && refuses("* * * *", "4 are there") &&
		refuses("* * * * * *", "there is more"));
	CHECK(refuses("60 * * * *", "minute") && refuses("* 24 * * *", "hour") &&
		refuses("* * 0 * *", "day of the month"));
	CHECK(refuses("* * 32 * *", "out of range") && refuses("* * * 13 *", "month") &&
		refuses("* * * * 8", "week"));
	CHECK(refuses("5-1 * * * *", "before it begins") && refuses("* * * * fri-mon", "before it begins"));
	CHECK(refuses("*/0 * * * *", "step") && refuses("*/61 * * * *", "step") &&
		refuses("1,,2 * * * *", "missing"));
	CHECK(refuses("1, * * * *", "missing") && refuses("*5 * * * *", "cannot be read") &&
		refuses("-5 * * * *", "missing"));
	CHECK(refuses("* * * monday *", "missing") && refuses("* * * * monday", "cannot be read"));
	CHECK(refuses("@often", "no word") && refuses("0 0 30 2 *", "never comes") &&
		refuses("0 0 31 2,4,6 *", "never"));
	CHECK(refuses("99999999999999999999 * * * *", "out of range"));
	char text[CRON_TEXT_MAX + 2];
	memset(text, ' ', sizeof(text));
	memcpy(text, "* * * * *", 9);
	text[CRON_TEXT_MAX] = 0;
	parsed(text);
	text[CRON_TEXT_MAX] = ' ';
	text[CRON_TEXT_MAX + 1] = 0;
	CHECK(refuses(text, "256"));
}

static void is_next(const char *text, int64_t from, int64_t want)
{
	struct cron c = parsed(text);
	int64_t at = cron_next(&c, from);
	if (at != want)
		fprintf(stderr, "%s: %lld, not %lld\n", text, (long long)at, (long long)want);
	CHECK(at == want && cron_fits(&c, at));
}

static void nexts(void)
{
	is_next("* * * * *", 0, 1);
	is_next("* * * * *", -10, -9);
	is_next("0 0 1 1 *", MINUTES(2026, 11, 21, 12, 0), MINUTES(2027, 1, 1, 0, 0));
	is_next("59 23 31 12 *", MINUTES(2026, 12, 31, 23, 58), MINUTES(2026, 12, 31, 23, 59));
	is_next("59 23 31 12 *", MINUTES(2026, 12, 31, 23, 59), MINUTES(2027, 12, 31, 23, 59));
	is_next("0 0 29 2 *", MINUTES(2096, 3, 1, 0, 0), MINUTES(2104, 2, 29, 0, 0));      /* 2100 has none */
	is_next("0 0 29 2 */7", MINUTES(2026, 1, 1, 0, 0), MINUTES(2032, 2, 29, 0, 0));    /* a Sunday */
	is_next("0 12 13 * 5", MINUTES(2026, 11, 21, 0, 0), MINUTES(2026, 11, 27, 12, 0)); /* Friday or the 13th */
	is_next("0 12 13 * 5", MINUTES(2026, 12, 11, 12, 0), MINUTES(2026, 12, 13, 12, 0));
	is_next("0 12 */2 * 5", MINUTES(2026, 11, 21, 0, 0), MINUTES(2026, 11, 27, 12, 0)); /* an odd Friday */
	is_next("30 4 31 * *", MINUTES(2026, 4, 1, 0, 0), MINUTES(2026, 5, 31, 4, 30));
	is_next("15,45 9-17 * * mon-fri", MINUTES(2026, 11, 20, 17, 45), MINUTES(2026, 11, 23, 9, 15));
	struct cron c = parsed("* * * * *");
	CHECK(cron_next(&c, MINUTES(9999, 12, 31, 23, 58)) == MINUTES(9999, 12, 31, 23, 59));
	CHECK(cron_next(&c, MINUTES(9999, 12, 31, 23, 59)) == -1);
}

/* The next is what looking at every minute finds, too. */
static void looks_at_all(void)
{
	static const char *const texts[] = { "*/7 */5 * * *", "3 3 */10 * 2", "0 0 1,15 * 3", "59 23 28-31 2,11 *",
		"13-17/2 1 * */3 sat,sun", "0 6 31 */2 */3" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct cron c = parsed(texts[i]);
		int64_t from = MINUTES(2027, 11, 1, 0, 0), to = from + 1440 * 150, next = cron_next(&c, from - 1);
		for (int64_t m = from; m < to; m++) {
			CHECK(cron_fits(&c, m) == (m == next));
			if (m == next)
				next = cron_next(&c, m);
		}
	}
}

int main(void)
{
	calendar();
	fields();
	nexts();
	looks_at_all();
	return 0;
}
