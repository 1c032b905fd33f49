#include "base/when.h"

#include "tests/unit/check.h"

static void text_is(int64_t ms, const char *want)
{
	char text[WHEN_MAX];
	int64_t back = -1;

	when_text(text, ms);
	CHECK_STR(text, want);
	CHECK(when_parse(text, &back) && back == ms);
}

static void parses(const char *s, int64_t want)
{
	int64_t ms = -1;
	if (!when_parse(s, &ms) || ms != want) {
		fprintf(stderr, "%s: %lld, not %lld\n", s, (long long)ms, (long long)want);
		exit(1);
	}
}

static void refuses(const char *s)
{
	int64_t ms = 12345;
	if (when_parse(s, &ms) || ms != 12345) {
		fprintf(stderr, "'%s' was read\n", s);
		exit(1);
	}
}

/* Checked against another program (date -u). */
static void known(void)
{
	text_is(0, "1970-01-01T00:00:00.000Z");
	text_is(1, "1970-01-01T00:00:00.001Z");
	text_is(-1, "1969-12-31T23:59:59.999Z");
	text_is(1795251117123, "2026-11-21T08:51:57.123Z");
	text_is(951782400000, "2000-02-29T00:00:00.000Z");
	text_is(4107542399999, "2100-02-28T23:59:59.999Z");
	text_is(4107542400000, "2100-03-01T00:00:00.000Z"); /* 2100 is no leap year */
	text_is(-2203891200000, "1900-03-01T00:00:00.000Z");
	text_is(-62167219200000, "0000-01-01T00:00:00.000Z");
	text_is(253402300799999, "9999-12-31T23:59:59.999Z");
}

static bool is_leap(int y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0; }

/* Every day of a thousand years, told by counting, and a moment that moves through the day. */
static void every_day(void)
{
	const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int64_t days = -135140; /* 1600-01-01 */

	for (int y = 1600; y < 2600; y++)
		for (int m = 1; m <= 12; m++)
			for (int d = 1; d <= lengths[m - 1] + (m == 2 && is_leap(y)); d++, days++) {
				int64_t in_day = days * 7919 % 86400000;
				in_day += in_day < 0 ? 86400000 : 0;
				char want[64];
				snprintf(want, sizeof(want), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", y, m, d,
					(int)(in_day / 3600000), (int)(in_day / 60000 % 60),
					(int)(in_day / 1000 % 60), (int)(in_day % 1000));
				text_is(days * 86400000 + in_day, want);
			}
}

static void offsets_and_fractions(void)
{
	parses("2026-11-21T08:51:57Z", 1795251117000);
	parses("2026-11-21t08:51:57z", 1795251117000);
	parses("2026-11-21T08:51:57.1Z", 1795251117100);
	parses("2026-11-21T08:51:57.12Z", 1795251117120);
	parses("2026-11-21T08:51:57.123999999999999999999Z", 1795251117123); /* cut, not rounded */
	parses("2026-11-21T10:51:57+02:00", 1795251117000);
	parses("2026-11-21T03:21:57-05:30", 1795251117000);
	parses("2026-11-22T07:50:57.5+22:59", 1795251117500);
	parses("2026-11-20T09:52:57-22:59", 1795251117000);
	parses("2026-11-21T08:51:57-00:00", 1795251117000);
	parses("1970-01-01T00:00:00+00:01", -60000);
	parses("1970-01-01T00:00:00-23:59", 86340000);
	parses("2000-02-29T12:00:00Z", 951825600000);
	parses("2016-12-31T23:59:60Z", 1483228800000); /* a leap second is the first of the next day */
	parses("2026-12-31T23:59:59.999Z", 1798761599999);
}

static void refused(void)
{
	const char *const good = "2026-11-21T08:51:57.123+02:00";
	char s[64];
	int64_t ms;

	CHECK(when_parse(good, &ms));
	for (size_t n = 0; n < strlen(good); n++) { /* every cut, and every place with a letter in it */
		snprintf(s, sizeof(s), "%.*s", (int)n, good);
		refuses(s);
		snprintf(s, sizeof(s), "%s", good);
		s[n] = 'x';
		refuses(s);
	}
	const char *const bad[] = { "2026-00-10T00:00:00Z", "2026-13-10T00:00:00Z", "2026-01-00T00:00:00Z",
		"2026-01-32T00:00:00Z", "2026-04-31T00:00:00Z", "2026-12-32T00:00:00Z", "2025-02-29T00:00:00Z",
		"2100-02-29T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
		"2026-01-01T00:00:00", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+00:60",
		"2026-01-01T00:00:00+0000", "2026-01-01T00:00:00+00", "2026-01-01T00:00:00ZZ",
		"2026-01-01T00:00:00Z ", " 2026-01-01T00:00:00Z", "2026-01-01", "20260101T000000Z",
		"2026-1-1T00:00:00Z", "+2026-01-01T00:00:00Z", "2026-01-01T00:00:00.Z",
		"2026-01-01T00:00:00.+01:00", "2026-01-01T00:00:00,5Z", "2026-01-01T00:00:00.5", "1795251117",
		"now" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		refuses(bad[i]);

	/* What could not be written again: UTC is in another year than four digits can say. */
	refuses("9999-12-31T23:59:59-00:01");
	refuses("9999-12-31T23:59:60Z");
	refuses("0000-01-01T00:00:00+00:01");
	parses("9999-12-31T23:59:59.999+00:01", 253402300739999);
	parses("0000-01-01T00:00:00-00:01", -62167219140000);
}

/* Whatever number comes, there is a text that fits. */
static void any_number(void)
{
	const int64_t all[] = { INT64_MIN, INT64_MIN + 1, -62167219200001, 253402300800000, INT64_MAX };
	const char *const want[] = { "-292275055-05-16T16:47:04.192Z", "-292275055-05-16T16:47:04.193Z",
		"-001-12-31T23:59:59.999Z", "10000-01-01T00:00:00.000Z", "292278994-08-17T07:12:55.807Z" };
	char text[WHEN_MAX];

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		when_text(text, all[i]);
		CHECK_STR(text, want[i]);
	}
}

int main(void)
{
	known();
	every_day();
	offsets_and_fractions();
	refused();
	any_number();
	return 0;
}
