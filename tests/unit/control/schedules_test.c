/* Schedules on a clock that the test moves: ticks, missed ones, jobs that overlap, crashes. */
#include "base/when.h"
#include "control/engine/moves.h"
#include "control/schedules/schedule_row.h"
#include "control/schedules/schedules.h"

#include "tests/unit/control/engine_desk.h"

static char id[40];

/* The clock stands at "2026-03-29T00:00:00Z". */
static void is_now(const char *text) { CHECK(when_parse(text, &d.tx.now_ms)); }

static void looks(void)
{
	CHECK(schedules_scan(desk_begin(&d)) == RC_OK);
	desk_commit(&d);
}

#define PING "\"job\":{\"action\":\"session.ping\",\"targets\":[\"acc_1\"]}"

/* Makes a schedule: `more` is what its body has beside name, cron and job. */
static void makes(const char *cron, const char *more)
{
	static int n;
	char body[1024];

	snprintf(body, sizeof(body), "{\"name\":\"s-%d\",\"cron\":\"%s\"," PING "%s%s}", ++n, cron,
		*more ? "," : "", more);
	if (writes("createSchedule", NULL, body) != RC_OK) {
		fprintf(stderr, "%s %s\n", d.fault.text, reader.problems_n ? reader.problems[0].detail : "");
		exit(1);
	}
	snprintf(id, sizeof(id), "%s", got("id"));
}

static int64_t jobs(void)
{
	return desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM jobs WHERE schedule_id = $1"), id, NULL);
}

static int64_t ticks(const char *status)
{
	return desk_number(&d,
		DESK_QUERY("SELECT COUNT(*) FROM schedule_ticks WHERE schedule_id = $1 AND status = $2"), id,
		status);
}

static const char *shows(const char *member)
{
	CHECK(calls("getSchedule", id, NULL, NULL) == RC_OK);
	return got(member);
}

/* All jobs of the schedule are over. */
static void done(void)
{
	desk_begin(&d);
	does(DESK_QUERY("UPDATE tasks SET status = 'succeeded' WHERE job_id IN (SELECT id FROM jobs WHERE "
			"schedule_id = $1)"),
		id, NULL, NULL);
	does(DESK_QUERY("UPDATE jobs SET finished_at = 1, status = 'succeeded' WHERE schedule_id = $1"), id, NULL,
		NULL);
	desk_commit(&d);
}

static void rests(void) { CHECK(writes("disableSchedule", id, NULL) == RC_OK); }

static void a_tick(void)
{
	is_now("2026-03-29T00:10:00Z");
	makes("*/30 * * * *", "\"timezone\":\"Europe/Berlin\"");
	CHECK_STR(shows("nextTick"), "2026-03-29T00:30:00.000Z");
	CHECK_STR(got("nextRunAt"), "2026-03-29T00:30:00.000Z");
	looks();
	CHECK(jobs() == 0);
	is_now("2026-03-29T00:29:59Z");
	looks();
	CHECK(jobs() == 0);
	is_now("2026-03-29T00:30:00Z");
	looks();
	looks();
	CHECK(jobs() == 1 && ticks("fired") == 1);
	CHECK_STR(shows("nextTick"), "2026-03-29T01:00:00.000Z"); /* 2:00 and 2:30 are left out: 3:00 */
	CHECK_STR(got("lastTick"), "2026-03-29T00:30:00.000Z");
	CHECK(calls("getJob", got("lastJobId"), NULL, NULL) == RC_OK);
	CHECK_STR(got("scheduleId"), id);
	CHECK(!strncmp(got("createdBy"), "schedule:sch_", 13) && !strcmp(got("summary.total"), "1"));
	done();
	is_now("2026-03-29T01:00:03Z");
	looks();
	CHECK(jobs() == 2);
	CHECK_STR(shows("nextTick"), "2026-03-29T01:30:00.000Z");
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM events WHERE type = 'schedule.fired'"), NULL,
		      NULL) == 2);
	CHECK(calls("listScheduleTicks", id, NULL, NULL) == RC_OK && items() == 2);
	CHECK_STR(got("0.tick"), "2026-03-29T01:00:00.000Z");
	CHECK(calls("listScheduleTicks", id, NULL, "{\"before\":\"2026-03-29T01:00:00Z\"}") == RC_OK &&
		items() == 1);
	rests();
	CHECK(shows("nextTick") == NULL);
	is_now("2026-03-29T03:00:00Z");
	looks();
	CHECK(jobs() == 2);
	CHECK(writes("enableSchedule", id, NULL) == RC_OK); /* what came meanwhile is not missed */
	looks();
	CHECK(jobs() == 2 && ticks("missed") == 0);
	rests();
}

/* What was not committed has not happened; what was, happens once, whoever looks again. */
static void crashes(void)
{
	is_now("2026-06-01T10:00:30Z");
	makes("0 * * * *", "");
	is_now("2026-06-01T11:00:01Z");
	CHECK(schedules_scan(desk_begin(&d)) == RC_OK);
	CHECK(jobs() == 1);
	desk_again(&d); /* killed before the commit */
	CHECK(jobs() == 0 && ticks("fired") == 0);
	looks();
	CHECK(jobs() == 1);
	desk_again(&d);
	looks();
	CHECK(jobs() == 1);
	/* Another one whose row is older, as a restored one would be, finds the tick's own row. */
	does(DESK_QUERY("UPDATE schedules SET next_tick = next_tick - 3600000, next_run = next_run - 3600000 WHERE "
			"id = $1"),
		id, NULL, NULL);
	looks();
	CHECK(jobs() == 1);
	CHECK_STR(shows("nextTick"), "2026-06-01T12:00:00.000Z");
	rests();
}

static void missed(void)
{
	is_now("2026-06-01T10:30:00Z");
	makes("0 * * * *", "");
	is_now("2026-06-01T15:20:00Z"); /* 11 to 15 were missed */
	looks();
	CHECK(jobs() == 0 && ticks("missed") == 1);
	CHECK(desk_number(&d,
		      DESK_QUERY("SELECT COUNT(*) FROM events WHERE type = 'schedule.missed' AND data LIKE "
				 "'%\"ticks\":5%'"),
		      NULL, NULL) == 1);
	CHECK_STR(shows("nextTick"), "2026-06-01T16:00:00.000Z");
	is_now("2026-06-01T16:00:59Z"); /* a little late is not missed */
	looks();
	CHECK(jobs() == 1);
	rests();

	is_now("2026-06-01T10:30:00Z");
	makes("0 * * * *", "\"missedPolicy\":\"run_once\"");
	is_now("2026-06-01T15:20:00Z");
	looks();
	looks();
	CHECK(jobs() == 1 && ticks("missed") == 1 && ticks("fired") == 1);
	CHECK_STR(shows("lastTick"), "2026-06-01T15:00:00.000Z");
	rests();

	is_now("2026-06-01T10:30:00Z");
	makes("0 * * * *", "\"missedPolicy\":\"run_all\",\"missedMax\":3");
	is_now("2026-06-01T15:20:00Z");
	looks(); /* one for each look */
	CHECK(jobs() == 1);
	CHECK_STR(shows("waiting"), "2");
	looks();
	looks();
	looks();
	CHECK(jobs() == 3 && ticks("waiting") == 0 && ticks("missed") == 1);
	CHECK_STR(shows("lastTick"), "2026-06-01T15:00:00.000Z");
	CHECK_STR(got("nextTick"), "2026-06-01T16:00:00.000Z");
	rests();

	is_now("2026-06-01T10:30:00Z");
	makes("* * * * *", "\"missedPolicy\":\"run_once\"");
	is_now("2026-12-01T15:20:30Z"); /* half a year of minutes */
	looks();
	looks();
	CHECK(jobs() == 2); /* the last that was missed, and this minute's */
	rests();
}

static void overlap(void)
{
	char first[40];

	is_now("2026-06-01T10:30:00Z");
	makes("0 * * * *", "\"overlapPolicy\":\"skip\"");
	is_now("2026-06-01T11:00:00Z");
	looks();
	is_now("2026-06-01T12:00:00Z");
	looks();
	CHECK(jobs() == 1 && ticks("missed") == 1);
	done();
	is_now("2026-06-01T13:00:00Z");
	looks();
	CHECK(jobs() == 2);
	rests();

	is_now("2026-06-01T10:30:00Z");
	makes("0 * * * *", "");
	for (int h = 11; h < 14; h++) {
		d.tx.now_ms = 1780311600000 + (h - 11) * 3600000LL;
		looks();
	}
	CHECK(jobs() == 3); /* allow */
	rests();

	is_now("2026-06-01T10:30:00Z");
	makes("0 * * * *", "\"overlapPolicy\":\"queue\"");
	for (int h = 11; h < 14; h++) {
		d.tx.now_ms = 1780311600000 + (h - 11) * 3600000LL;
		looks();
		looks();
	}
	CHECK(jobs() == 1 && ticks("waiting") == 2);
	desk_again(&d);
	done();
	looks();
	looks();
	CHECK(jobs() == 2 && ticks("waiting") == 1);
	CHECK_STR(shows("lastTick"), "2026-06-01T12:00:00.000Z"); /* in their order */
	done();
	looks();
	CHECK(jobs() == 3 && ticks("waiting") == 0);
	d.tx.now_ms += 3600000;
	looks();
	CHECK(ticks("waiting") == 1);
	rests();
	CHECK(ticks("waiting") == 0 && ticks("missed") == 1);
	done();
	looks();
	CHECK(jobs() == 3);

	is_now("2026-06-01T10:30:00Z");
	makes("0 * * * *", "\"overlapPolicy\":\"cancel_previous\"");
	is_now("2026-06-01T11:00:00Z");
	looks();
	snprintf(first, sizeof(first), "%s", shows("lastJobId"));
	is_now("2026-06-01T12:00:00Z");
	looks();
	CHECK(jobs() == 2);
	CHECK(calls("getJob", first, NULL, NULL) == RC_OK && !strcmp(got("status"), "canceled"));
	rests();
}

/* A job that cannot be made is told, and the schedule goes on. */
static void refusals(void)
{
	is_now("2026-06-01T10:30:00Z");
	CHECK(writes("createSchedule", NULL,
		      "{\"name\":\"labels\",\"cron\":\"@hourly\",\"job\":{\"action\":\"session.ping\",\"labels\":{"
		      "\"a\":\"b\"}}}") == RC_OK);
	snprintf(id, sizeof(id), "%s", got("id"));
	is_now("2026-06-01T11:00:00Z");
	looks();
	CHECK(jobs() == 0 && ticks("failed") == 1);
	CHECK(strstr(shows("problem"), "no account is selected"));
	does(DESK_QUERY("UPDATE accounts SET labels = '{\"a\":\"b\"}' WHERE id = 'acc_1'"), NULL, NULL, NULL);
	is_now("2026-06-01T12:00:00Z");
	looks();
	CHECK(jobs() == 1 && shows("problem") == NULL);
	rests();
	CHECK(writes("runSchedule", id, NULL) == RC_OK);
	CHECK(jobs() == 2 && !strcmp(got("status"), "fired"));
	CHECK(writes("runSchedule", id, NULL) == RC_OK && jobs() == 3); /* in the same millisecond */
	does(DESK_QUERY("UPDATE accounts SET labels = '{}'"), NULL, NULL, NULL);
	CHECK(writes("runSchedule", id, NULL) == RC_INVALID && strstr(d.fault.text, "no account is selected") &&
		jobs() == 3);
	CHECK(writes("deleteSchedule", id, NULL) == RC_OK && calls("getSchedule", id, NULL, NULL) == RC_MISSING);

#define REFUSED(body, pointer) CHECK(writes("createSchedule", NULL, body) == RC_INVALID && refused(pointer))
	REFUSED("{\"name\":\"x\",\"cron\":\"61 * * * *\"," PING "}", "/cron");
	REFUSED("{\"name\":\"x\",\"cron\":\"0 0 31 2 *\"," PING "}", "/cron");
	REFUSED("{\"name\":\"x\",\"cron\":\"@daily\",\"timezone\":\"Europe/Atlantis\"," PING "}", "/timezone");
	REFUSED("{\"name\":\"x\",\"cron\":\"@daily\",\"timezone\":\"../../../etc/passwd\"," PING "}", "/timezone");
	REFUSED("{\"name\":\"x\",\"cron\":\"@daily\",\"timezone\":\"Europe\"," PING "}", "/timezone");
	REFUSED("{\"name\":\"x\",\"cron\":\"@daily\",\"job\":{\"action\":\"no.such\"}}", "/job/action");
	REFUSED("{\"name\":\"x\",\"cron\":\"@daily\",\"job\":{\"action\":\"session.ping\"}}", "/job/targets");
	REFUSED("{\"name\":\"x\",\"cron\":\"@daily\",\"job\":{\"action\":\"session.ping\",\"nonsense\":1}}",
		"/job/nonsense");
	REFUSED("{\"name\":\"x\",\"cron\":\"@daily\",\"job\":{\"action\":\"session.ping\",\"allAccounts\":true,"
		"\"notBefore\":"
		"\"2027-01-01T00:00:00Z\"}}",
		"/job/notBefore");
	REFUSED("{\"name\":\"x\",\"cron\":\"@daily\",\"job\":{\"action\":\"keys.redeem\",\"allAccounts\":true,"
		"\"payload\":"
		"{\"key\":\"AAAAA-BBBBB-CCCCC\"}}}",
		"/job/action");
	REFUSED("{\"name\":\"x\",\"cron\":\"@daily\"}", "/job");
	makes("@daily", "\"timezone\":\"America/New_York\"");
	CHECK(writes("updateSchedule", id, "{\"cron\":\"nonsense\"}") == RC_INVALID && refused("/cron"));
	CHECK(writes("updateSchedule", id, "{\"cron\":\"0 12 * * *\",\"jitterSeconds\":600}") == RC_OK);
	CHECK_STR(got("version"), "2");
	CHECK_STR(got("nextTick"), "2026-06-01T16:00:00.000Z");
	int64_t run = 0, tick = 0;
	CHECK(when_parse(got("nextRunAt"), &run) && when_parse(got("nextTick"), &tick) && run >= tick &&
		run <= tick + 600000);
	d.tx.now_ms = run - 1;
	looks();
	CHECK(jobs() == 0);
	d.tx.now_ms = run;
	looks();
	CHECK(jobs() == 1);
	CHECK(calls("getScheduleNext", id, NULL, "{\"n\":2,\"after\":\"2026-10-31T20:00:00Z\"}") == RC_OK &&
		items() == 2);
	CHECK_STR(got("0.clock"), "2026-11-01T12:00:00-05:00");
	rests();
	CHECK(calls("previewSchedule", NULL,
		      "{\"cron\":\"30 2 * * *\",\"timezone\":\"Europe/Berlin\",\"n\":2,\"after\":"
		      "\"2026-10-24T12:00:00Z\"}",
		      NULL) == RC_OK);
	CHECK_STR(got("0.at"), "2026-10-25T00:30:00.000Z");
	CHECK_STR(got("0.clock"), "2026-10-25T02:30:00+02:00");
	CHECK_STR(got("1.clock"), "2026-10-26T02:30:00+01:00");
}

/* Old ticks are forgotten, those that wait are not. */
static void forgets(void)
{
	is_now("2026-06-01T10:30:00Z");
	makes("0 * * * *", "\"overlapPolicy\":\"queue\"");
	for (int h = 11; h < 14; h++) {
		d.tx.now_ms = 1780311600000 + (h - 11) * 3600000LL;
		looks();
	}
	does(DESK_QUERY("UPDATE schedules SET enabled = 0 WHERE id = $1"), id, NULL, NULL);
	d.tx.now_ms += SCHEDULES_KEEP_MS + 1;
	looks();
	CHECK(ticks("fired") == 0 && ticks("waiting") == 2);
}

int main(void)
{
	desk_open(&d);
	people();
	a_tick();
	crashes();
	missed();
	overlap();
	refusals();
	forgets();
	desk_close(&d);
	return 0;
}
