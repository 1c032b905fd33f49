/*
 * A schedule that ticks every minute, on a clock that runs fast, while the control plane is killed again and again: every tick of
 * that time makes one job, none is lost and none comes twice. And what of retries only a real request shows. SCHEDULE_KILLS: how often (default 4).
 */
#include "tests/system/rig.h"

#include <signal.h>
#include <stdlib.h>

#define SCALE 120 /* a minute in half a second */

static struct rig r;

static int64_t number(const char *sql) { return strtoll(rig_sql(&r, sql), NULL, 10); }

static void serve(void) { rig_serve(&r, (const char *const[]){ "--no-agent", NULL }); }

/* Until so many ticks have made their job. */
static void await(int64_t n)
{
	while (number("SELECT COUNT(*) FROM schedule_ticks WHERE status = 'fired'") < n)
		rig_sleep_ms(50);
}

/* A retry may have a body, and may have none. */
static void retries(void)
{
	static const char path[] = "/v1/jobs/job_01JD0000000000000000000000/retry";
	struct rig_answer a = rig_call(&r, "POST", path, "Idempotency-Key: one", NULL);

	CHECK(a.status == 404);
	rig_answer_done(&a);
	a = rig_call(&r, "POST", path, "Idempotency-Key: two", "{\"only\":\"failed\"}");
	CHECK(a.status == 404);
	rig_answer_done(&a);
	a = rig_call(&r, "POST", path, "Idempotency-Key: three", "{\"only\":\"all\"}");
	CHECK(a.status == 404); /* whose it is comes before what is asked */
	rig_answer_done(&a);
	json_decref(rig_expect(&r, 200, "GET", "/v1/dead-letters?code=timeout", NULL));
}

int main(void)
{
	const char *kills_text = getenv("SCHEDULE_KILLS");
	int kills = kills_text ? atoi(kills_text) : 4;

	rig_init(&r);
	rig_warp(&r, SCALE);
	serve();
	retries();
	json_decref(rig_expect(&r, 422, "POST", "/v1/schedules",
		"{\"name\":\"x\",\"cron\":\"* * * * "
		"*\",\"timezone\":\"Mars/Olympus\",\"job\":{\"action\":\"pics.changes\","
		"\"payload\":{\"since\":1}}}"));
	json_t *s = rig_expect(&r, 201, "POST", "/v1/schedules",
		"{\"name\":\"every-minute\",\"cron\":\"* * * * "
		"*\",\"timezone\":\"Australia/Lord_Howe\",\"jitterSeconds\":20,"
		"\"missedPolicy\":\"run_all\",\"missedMax\":100,\"job\":{\"action\":\"pics.changes\",\"payload\":{"
		"\"since\":1}}}");
	char path[96];
	snprintf(path, sizeof(path), "/v1/schedules/%s", json_str(s, "id"));
	json_decref(s);
	await(2);
	for (int i = 0; i < kills; i++) {
		rig_sleep_ms(100 + rig_random(1500));
		rig_stop(&r.server, SIGKILL);
		serve();
	}
	int64_t until = number("SELECT MAX(tick) FROM schedule_ticks");
	await(number("SELECT COUNT(*) FROM schedule_ticks") + 2);
	rig_warp(&r, 1);
	char text[128];
	snprintf(text, sizeof(text), "SELECT COUNT(*) FROM schedule_ticks WHERE tick <= %lld", (long long)until);
	int64_t ticks = number(text), from = number("SELECT MIN(tick) FROM schedule_ticks");
	printf("kills=%d ticks=%lld\n", kills, (long long)ticks);
	CHECK(ticks == (until - from) / 60000 + 1); /* every minute, once */
	snprintf(text, sizeof(text), "SELECT COUNT(*) FROM schedule_ticks WHERE tick <= %lld AND status <> 'fired'",
		(long long)until);
	CHECK(number(text) == 0);
	CHECK(number("SELECT COUNT(*) FROM jobs") == number("SELECT COUNT(DISTINCT job_id) FROM schedule_ticks"));
	CHECK(number("SELECT COUNT(*) FROM jobs") ==
		number("SELECT COUNT(*) FROM schedule_ticks WHERE status = 'fired'"));
	CHECK(number("SELECT COUNT(*) FROM events WHERE type = 'schedule.fired'") ==
		number("SELECT COUNT(*) FROM jobs"));
	s = rig_expect(&r, 200, "GET", path, NULL);
	CHECK(json_str(s, "lastJobId")[0] && !json_str(s, "problem")[0]);
	json_decref(s);
	rig_check_events(&r);
	rig_done(&r);
	return 0;
}
