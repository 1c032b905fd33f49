/* Hours in which nothing is begun, on the clocks of places, also when these are set. */
#include "base/when.h"
#include "model/quiet.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

static struct arena arena;

static struct zone zone_of(const char *name)
{
	static uint8_t bytes[ZONE_BYTES_MAX];
	struct zone z = { 0 };
	char path[256];

	snprintf(path, sizeof(path), "tests/corpus/zone/%s", name);
	FILE *file = fopen(path, "rb");
	CHECK(file);
	size_t n = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	CHECK(zone_parse(bytes, n, &arena, &z, NULL) == RC_OK);
	return z;
}

/* What comes at this moment begins then. */
static void begins(const char *zone, const char *from, const char *to, const char *at, const char *then)
{
	struct quiet q = { .zone = zone_of(zone) };
	int64_t at_ms, until;
	char text[WHEN_MAX];

	CHECK(quiet_minutes(from, &q.from, NULL) == RC_OK && quiet_minutes(to, &q.to, NULL) == RC_OK);
	CHECK(when_parse(at, &at_ms));
	until = quiet_until(&q, at_ms);
	when_text(text, until);
	CHECK_STR(text, then);
	CHECK(quiet_until(&q, until) == until); /* the end is not within */
}

static void days(void)
{
	begins("Etc_UTC", "22:00", "07:00", "2026-11-21T21:59:59.999Z", "2026-11-21T21:59:59.999Z");
	begins("Etc_UTC", "22:00", "07:00", "2026-11-21T22:00:00Z", "2026-11-22T07:00:00.000Z");
	begins("Etc_UTC", "22:00", "07:00", "2026-11-22T00:00:00Z", "2026-11-22T07:00:00.000Z");
	begins("Etc_UTC", "22:00", "07:00", "2026-11-22T06:59:59.999Z", "2026-11-22T07:00:00.000Z");
	begins("Etc_UTC", "22:00", "07:00", "2026-11-22T07:00:00Z", "2026-11-22T07:00:00.000Z");
	begins("Etc_UTC", "09:30", "17:15", "2026-11-22T09:29:00Z", "2026-11-22T09:29:00.000Z");
	begins("Etc_UTC", "09:30", "17:15", "2026-11-22T12:00:00Z", "2026-11-22T17:15:00.000Z");
	begins("Etc_UTC", "09:30", "09:30", "2026-11-22T09:30:00Z", "2026-11-22T09:30:00.000Z");
	begins("Etc_UTC", "00:00", "23:59", "2026-11-22T00:00:00Z", "2026-11-22T23:59:00.000Z");
}

static void places(void)
{
	begins("Europe_Berlin", "22:00", "07:00", "2026-11-21T20:59:00Z", "2026-11-21T20:59:00.000Z");
	begins("Europe_Berlin", "22:00", "07:00", "2026-11-21T21:00:00Z", "2026-11-22T06:00:00.000Z");
	begins("Europe_Berlin", "22:00", "07:00", "2026-07-01T20:00:00Z", "2026-07-02T05:00:00.000Z");
	/* The night in which the clock is set forward is an hour shorter, and 02:30 is not in it. */
	begins("Europe_Berlin", "22:00", "07:00", "2026-03-28T21:00:00Z", "2026-03-29T05:00:00.000Z");
	begins("Europe_Berlin", "22:00", "02:30", "2026-03-28T23:00:00Z", "2026-03-29T01:00:00.000Z");
	/* The one in which it is set back has 02:30 twice. */
	begins("Europe_Berlin", "22:00", "07:00", "2026-10-24T20:00:00Z", "2026-10-25T06:00:00.000Z");
}

static void words(void)
{
	static const char *const bad[] = { "", "7:00", "24:00", "12:60", "12:5", "12:500", "ab:cd", "12.30",
		"-1:00", NULL };
	uint32_t m = 77;

	for (size_t i = 0; bad[i]; i++)
		CHECK(quiet_minutes(bad[i], &m, NULL) == RC_INVALID && m == 77);
	CHECK(quiet_minutes("23:59", &m, NULL) == RC_OK && m == 1439);
}

int main(void)
{
	days();
	places();
	words();
	arena_done(&arena);
	return 0;
}
