/* Clocks of the world, from files of tzdata that stand in tests/corpus/zone, and the ticks of schedules on them. */
#include "base/when.h"
#include "model/civil.h"
#include "model/schedule.h"
#include "model/zone.h"

#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

static struct arena arena;

static size_t bytes_of(const char *name, uint8_t ret[static ZONE_BYTES_MAX])
{
	char path[256];
	snprintf(path, sizeof(path), "tests/corpus/zone/%s", name);
	FILE *file = fopen(path, "rb");
	CHECK(file);
	size_t n = fread(ret, 1, ZONE_BYTES_MAX, file);
	fclose(file);
	return n;
}

static uint8_t bytes[ZONE_BYTES_MAX];

static struct zone zone_of(const char *name)
{
	struct zone z = { 0 };
	struct fault f = { 0 };
	size_t n = bytes_of(name, bytes);
	if (zone_parse(bytes, n, &arena, &z, &f) == RC_OK)
		return z;
	fprintf(stderr, "%s: %s\n", name, f.text);
	exit(1);
}

/* "2026-03-29T01:00:00Z" in seconds; without the Z it is a clock time. */
static int64_t at(const char *text)
{
	char z[40];
	int64_t ms = -1;
	snprintf(z, sizeof(z), "%s%s", text, strchr(text, 'Z') ? "" : "Z");
	CHECK(when_parse(z, &ms));
	return civil_floor(ms, 1000);
}

static void offsets(void)
{
	static const struct {
		const char *zone, *at;
		int32_t minutes;
	} all[] = {
		{ "Etc_UTC", "2026-11-21T00:00:00Z", 0 },
		{ "Europe_Berlin", "2026-03-29T00:59:59Z", 60 },
		{ "Europe_Berlin", "2026-03-29T01:00:00Z", 120 },
		{ "Europe_Berlin", "2026-10-25T00:59:59Z", 120 },
		{ "Europe_Berlin", "2026-10-25T01:00:00Z", 60 },
		{ "Europe_Berlin", "1945-06-01T00:00:00Z", 180 }, /* double summer time */
		{ "Europe_Berlin", "2040-07-01T00:00:00Z", 120 }, /* by the rule */
		{ "Europe_Berlin", "2345-01-01T00:00:00Z", 60 },
		{ "America_New_York", "2026-03-08T06:59:59Z", -300 },
		{ "America_New_York", "2026-03-08T07:00:00Z", -240 },
		{ "America_New_York", "2050-11-06T05:59:59Z", -240 },
		{ "America_New_York", "2050-11-06T06:00:00Z", -300 },
		{ "Australia_Lord_Howe", "2026-04-04T14:59:59Z", 660 },
		{ "Australia_Lord_Howe", "2026-04-04T15:00:00Z", 630 }, /* half an hour back */
		{ "Australia_Lord_Howe", "2026-10-03T15:29:59Z", 630 },
		{ "Australia_Lord_Howe", "2026-10-03T15:30:00Z", 660 },
		{ "Australia_Lord_Howe", "2060-01-01T00:00:00Z", 660 },
		{ "Etc_UTC", "1800-01-01T00:00:00Z", 0 },
		{ "no_footer", "1969-12-31T23:59:59Z", 60 }, /* before the first jump */
		{ "Asia_Kathmandu", "1985-12-31T18:29:59Z", 330 },
		{ "Asia_Kathmandu", "1985-12-31T18:30:00Z", 345 },
		{ "Asia_Kathmandu", "2100-06-01T00:00:00Z", 345 },
		{ "Pacific_Apia", "2011-12-30T09:59:59Z", -600 },
		{ "Pacific_Apia", "2011-12-30T10:00:00Z", 840 },
		{ "Europe_Dublin", "2026-07-01T00:00:00Z", 60 },
		{ "Europe_Dublin", "2050-01-01T00:00:00Z", 0 }, /* whose winter is the daylight time of its rule */
		{ "slim", "2026-07-01T00:00:00Z", 120 },
		{ "slim", "2026-12-01T00:00:00Z", 60 },
		{ "julian", "2027-03-01T02:59:59Z", -180 },
		{ "julian", "2027-03-01T03:00:00Z", -120 },
		{ "julian", "2028-03-01T03:00:00Z", -120 }, /* J60 is 1 March, leap year or not */
		{ "julian", "2028-03-01T02:59:59Z", -180 },
		{ "no_footer", "2100-01-01T00:00:00Z", 120 },
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct zone z = zone_of(all[i].zone);
		int32_t got = zone_offset(&z, at(all[i].at));
		if (got != all[i].minutes * 60)
			fprintf(stderr, "%s %s: %d\n", all[i].zone, all[i].at, got);
		CHECK(got == all[i].minutes * 60);
	}
}

/* Clock times, and the moments that they stand for. */
static void moments(void)
{
	static const struct {
		const char *zone, *clock, *at;
	} all[] = {
		{ "Europe_Berlin", "2026-11-21T12:00:00", "2026-11-21T11:00:00Z" },
		{ "Europe_Berlin", "2026-03-29T01:59:00", "2026-03-29T00:59:00Z" },
		{ "Europe_Berlin", "2026-03-29T02:00:00",
			"2026-03-29T01:00:00Z" }, /* left out: the end of the jump */
		{ "Europe_Berlin", "2026-03-29T02:59:00", "2026-03-29T01:00:00Z" },
		{ "Europe_Berlin", "2026-03-29T03:00:00", "2026-03-29T01:00:00Z" },
		{ "Europe_Berlin", "2026-10-25T01:59:00", "2026-10-24T23:59:00Z" },
		{ "Europe_Berlin", "2026-10-25T02:30:00", "2026-10-25T00:30:00Z" }, /* the first of two */
		{ "Europe_Berlin", "2026-10-25T03:00:00", "2026-10-25T02:00:00Z" },
		{ "Europe_Berlin", "2048-03-29T02:30:00", "2048-03-29T01:00:00Z" }, /* by the rule */
		{ "Europe_Berlin", "2048-10-25T02:30:00", "2048-10-25T00:30:00Z" },
		{ "America_New_York", "2026-03-08T02:30:00", "2026-03-08T07:00:00Z" },
		{ "America_New_York", "2026-11-01T01:30:00", "2026-11-01T05:30:00Z" },
		{ "Australia_Lord_Howe", "2026-10-04T02:15:00", "2026-10-03T15:30:00Z" },
		{ "Australia_Lord_Howe", "2026-04-05T01:45:00", "2026-04-04T14:45:00Z" },
		{ "Australia_Lord_Howe", "2026-04-05T02:00:00", "2026-04-04T15:30:00Z" },
		{ "Asia_Kathmandu", "2026-11-21T00:00:00", "2026-11-20T18:15:00Z" },
		{ "Asia_Kathmandu", "1986-01-01T00:10:00", "1985-12-31T18:30:00Z" },
		{ "Pacific_Apia", "2011-12-30T12:00:00", "2011-12-30T10:00:00Z" }, /* a day that never was */
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct zone z = zone_of(all[i].zone);
		int64_t got = zone_moment(&z, at(all[i].clock));
		if (got != at(all[i].at))
			fprintf(stderr, "%s %s: %lld\n", all[i].zone, all[i].clock, (long long)got);
		CHECK(got == at(all[i].at));
	}
}

/* Whatever the clock shows stands for a moment that is not later, and at which the clock shows the same, or has just been set. */
static void there_and_back(void)
{
	static const char *const zones[] = { "Europe_Berlin", "America_New_York", "Australia_Lord_Howe",
		"Asia_Kathmandu", "Pacific_Apia", "Africa_Casablanca", "Europe_Dublin", "julian" };

	for (size_t i = 0; i < sizeof(zones) / sizeof(*zones); i++) {
		struct zone z = zone_of(zones[i]);
		int64_t last = INT64_MIN;
		for (int64_t clock = at("2009-01-01T00:00:00"); clock < at("2061-01-01T00:00:00"); clock += 1733) {
			int64_t moment = zone_moment(&z, clock);
			CHECK(moment >= last && moment + zone_offset(&z, moment) >= clock);
			CHECK(moment - 1 + zone_offset(&z, moment - 1) < clock);
			last = moment;
		}
	}
}

static void rules(void)
{
	struct zone_rule r;
	CHECK(zone_rule_parse("UTC0", &r, NULL) == RC_OK && !r.summer && r.standard == 0);
	CHECK(zone_rule_parse("<+0545>-5:45", &r, NULL) == RC_OK && r.standard == 20700);
	CHECK(zone_rule_parse("EST5EDT4:30,M3.2.0/-1:15:30,J365/167", &r, NULL) == RC_OK);
	CHECK(r.daylight == -16200 && r.begin.time == -4530 && r.end.time == 167 * 3600 && r.end.day == 365);
	static const char *const bad[] = { "", "A5", "EST", "EST5EDT", "EST5EDT,M3.2.0", "EST5EDT,M13.2.0,M1.1.1",
		"EST5EDT,M3.6.0,M1.1.1", "EST5EDT,M3.2.7,M1.1.1", "EST5EDT,J0,J1", "EST5EDT,366,1", "EST25",
		"EST5EDT,M3.2.0,M11.1.0x", "EST5EDT,M3.2.0/168,M11.1.0", "<+>5", "<+01-1" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(zone_rule_parse(bad[i], &r, NULL) == RC_MALFORMED);
}

/* A file that is cut anywhere, or has a byte wrong, is refused or read, and nothing else happens. */
static void broken_files(void)
{
	static uint8_t copy[ZONE_BYTES_MAX];
	size_t n = bytes_of("Asia_Kathmandu", bytes);
	struct zone z;
	struct fault f;

	for (size_t cut = 0; cut < n; cut++)
		CHECK(zone_parse(bytes, cut, &arena, &z, &f) != RC_OK);
	for (size_t i = 0; i < n; i++) {
		memcpy(copy, bytes, n);
		copy[i] ^= 0xFF;
		enum rc rc = zone_parse(copy, n, &arena, &z, &f);
		CHECK(rc == RC_OK || rc == RC_MALFORMED || rc == RC_INVALID);
	}
	n = bytes_of("bad_order", bytes);
	CHECK(zone_parse(bytes, n, &arena, &z, &f) == RC_MALFORMED);
	arena_reset(&arena);
}

static void be(uint8_t *to, size_t n, int64_t v)
{
	while (n-- > 0) {
		to[n] = (uint8_t)v;
		v >>= 8;
	}
}

/* A small file: two types, two jumps. The test changes one thing. */
struct small {
	uint8_t version;
	int64_t counts[6]; /* utc, std, leap, times, types, chars */
	int64_t at[2], offset[2];
	uint8_t which[2];
};

static enum rc reads(const struct small *s)
{
	uint8_t file[512] = "TZif";
	struct zone z;
	struct fault f;
	size_t n = 44;

	file[4] = s->version;
	for (size_t i = 0; i < 6; i++)
		be(file + 20 + i * 4, 4, s->counts[i]);
	for (size_t i = 0; i < 2; i++, n += 4)
		be(file + n, 4, s->at[i]);
	file[n++] = s->which[0];
	file[n++] = s->which[1];
	for (size_t i = 0; i < 2; i++, n += 6)
		be(file + n, 4, s->offset[i]);
	n += (size_t)(s->counts[5] < 100 ? s->counts[5] : 0) + (size_t)s->counts[2] * 8;
	return zone_parse(file, n, &arena, &z, &f);
}

static void limits(void)
{
	const struct small good = {
		.counts = { 0, 0, 0, 2, 2, 4 }, .at = { 0, 100 }, .offset = { 3600, 7200 }, .which = { 0, 1 }
	};
	struct small s = good;

	CHECK(reads(&s) == RC_OK);
	s.counts[2] = 1;
	CHECK(reads(&s) == RC_INVALID); /* leap seconds */
	static const struct {
		size_t count;
		int64_t n;
	} wrong[] = { { 4, 0 }, { 4, 257 }, { 3, 4097 }, { 5, 4097 }, { 2, 1001 }, { 0, 257 }, { 1, 257 }, { 0, 1 },
		{ 1, 1 }, { 5, 50000 }, { 3, 0xFFFFFFFF } };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		s = good;
		s.counts[wrong[i].count] = wrong[i].n;
		CHECK(reads(&s) == RC_MALFORMED);
	}
	s = good;
	s.offset[1] = ZONE_OFFSET_MAX;
	CHECK(reads(&s) == RC_OK);
	s.offset[1] = ZONE_OFFSET_MAX + 1;
	CHECK(reads(&s) == RC_MALFORMED);
	s.offset[1] = -ZONE_OFFSET_MAX - 1;
	CHECK(reads(&s) == RC_MALFORMED);
	s = good;
	s.which[1] = 2;
	CHECK(reads(&s) == RC_MALFORMED);
	s = good;
	s.at[1] = 0; /* two at once */
	CHECK(reads(&s) == RC_MALFORMED);
	s = good;
	s.version = '2'; /* and nothing behind it */
	CHECK(reads(&s) == RC_MALFORMED);
}

static struct schedule_clock clock_of(const char *cron, const char *zone)
{
	struct schedule_clock c = { .zone = zone_of(zone) };
	CHECK(cron_parse(cron, &c.cron, NULL) == RC_OK);
	return c;
}

static void ticks(void)
{
	static const struct {
		const char *cron, *zone, *after, *ticks[5];
	} all[] = {
		{ "30 2 * * *", "Europe_Berlin", "2026-03-27T12:00:00Z",
			{ "2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z" } },
		{ "30 2 * * *", "Europe_Berlin", "2026-10-24T12:00:00Z",
			{ "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z" } },
		{ "*/30 * * * *", "Europe_Berlin", "2026-10-25T00:00:00Z", /* the hour that comes again is silent */
			{ "2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z", "2026-10-25T02:30:00Z" } },
		{ "*/20 * * * *", "Europe_Berlin", "2026-03-29T00:40:00Z",
			{ "2026-03-29T01:00:00Z", "2026-03-29T01:20:00Z" } },
		{ "*/30 * * * *", "Europe_Berlin", "2026-10-25T01:10:00Z", /* asked in the second of two hours */
			{ "2026-10-25T02:00:00Z" } },
		{ "0 2 * * *", "America_New_York", "2026-03-07T12:00:00Z",
			{ "2026-03-08T07:00:00Z", "2026-03-09T06:00:00Z" } },
		{ "15 2 4,5 * *", "Australia_Lord_Howe", "2026-10-01T00:00:00Z",
			{ "2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z" } },
		{ "0 12 * * *", "Pacific_Apia", "2011-12-28T23:00:00Z", /* 29th, the 30th that was none, 31st */
			{ "2011-12-29T22:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T22:00:00Z" } },
		{ "0 0 * * mon", "Asia_Kathmandu", "2026-11-21T00:00:00Z",
			{ "2026-11-22T18:15:00Z", "2026-11-29T18:15:00Z" } },
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct schedule_clock c = clock_of(all[i].cron, all[i].zone);
		int64_t tick = at(all[i].after) * 1000;
		for (size_t k = 0; k < 5 && all[i].ticks[k]; k++) {
			char text[WHEN_MAX];
			tick = schedule_next(&c, tick);
			when_text(text, tick);
			if (tick != at(all[i].ticks[k]) * 1000)
				fprintf(stderr, "%s %s: %s\n", all[i].cron, all[i].zone, text);
			CHECK(tick == at(all[i].ticks[k]) * 1000);
		}
	}
	struct schedule_clock last = clock_of("* * * * *", "Etc_UTC");
	CHECK(schedule_next(&last, at("9999-12-31T23:59:00Z") * 1000) == 0);
}

static void missed(void)
{
	struct schedule_clock c = clock_of("0 * * * *", "Europe_Berlin");
	int64_t first = at("2026-11-01T00:00:00Z") * 1000, got[SCHEDULE_CATCH_MAX];
	uint32_t n = 0;

	CHECK(schedule_missed(&c, first, first, 5, got, &n) == 1 && n == 1 && got[0] == first);
	CHECK(schedule_missed(&c, first, first + 10 * 3600000, 3, got, &n) == 3 && n == 11);
	CHECK(got[0] == first + 8 * 3600000 && got[2] == first + 10 * 3600000);
	CHECK(schedule_missed(&c, first, first + 500 * 3600000LL, 1000, got, &n) == SCHEDULE_CATCH_MAX && n == 501);
	struct schedule_clock often = clock_of("* * * * *", "Etc_UTC");
	CHECK(schedule_missed(&often, first, first + 400 * 86400000LL, 2, got, &n) == 2 && n == SCHEDULE_COUNT_MAX);
	CHECK(got[1] == first + 400 * 86400000LL && got[0] == got[1] - 60000);
}

static void jitter(void)
{
	int64_t sum = 0;

	CHECK(schedule_jitter_ms("sch_1", 60000, 0) == 0);
	for (int i = 0; i < 1000; i++) {
		int64_t by = schedule_jitter_ms("sch_1", i * 60000LL, 10);
		CHECK(by >= 0 && by <= 10000 && by == schedule_jitter_ms("sch_1", i * 60000LL, 10));
		sum += by;
	}
	CHECK(sum > 4500000 && sum < 5500000); /* of 5000 on average */
	CHECK(schedule_jitter_ms("sch_1", 60000, 3600) != schedule_jitter_ms("sch_2", 60000, 3600));
}

int main(void)
{
	offsets();
	moments();
	there_and_back();
	rules();
	broken_files();
	limits();
	ticks();
	missed();
	jitter();
	arena_done(&arena);
	return 0;
}
