/* Requests of the verbs for what is tried again, resolved, and made by the clock. */
#include "tests/unit/cli/run.h"

#define ACCOUNT "acc_01JD0000000000000000000000"
#define JOB     "job_01JD0000000000000000000000"
#define TASK    "tsk_01JD0000000000000000000000"
#define PLAN    "sch_01JD0000000000000000000000"

#define SERVE(f, ...)                                                   \
	static const struct fake_reply f##_replies[] = { __VA_ARGS__ }; \
	struct fake f;                                                  \
	fake_start(&f, f##_replies, sizeof(f##_replies) / sizeof(*f##_replies))

#define LIST "{\"items\":[],\"nextCursor\":null}"

static void again(void)
{
	SERVE(f, { 201, "{\"id\":\"" JOB "\"}" }, { 201, "{\"id\":\"" JOB "\"}" }, { 200, LIST },
		{ 200, "{\"tasks\":1,\"jobIds\":[\"" JOB "\"]}" },
		{ 200, "{\"id\":\"" TASK "\",\"status\":\"failed\"}" }, { 200, LIST }, { 200, LIST });

	CHECK(run("job", "run", "pics.changes", "-p", "since=1", "--delay", "60", "--max-attempts", "7",
		      "--backoff-ms", "500", "--backoff-max-ms", "9000") == CLI_OK);
	CHECK(run("job", "retry", JOB, "--only", "unknown_resolved_not_done", "--task", TASK) == CLI_OK);
	CHECK(run("dead-letter", "list", "-t", ACCOUNT, "--code", "timeout") == CLI_OK);
	CHECK(run("dead-letter", "redrive", "--action", "inventory.read", "--code", "timeout", "--max", "5") ==
		CLI_OK);
	CHECK(run("task", "resolve", TASK, "--outcome", "not_done", "--evidence", "not there") == CLI_OK);
	CHECK(run("task", "attempts", TASK) == CLI_OK);
	CHECK(run("task", "history", TASK, "--at", "2026-11-21T08:00:00Z") == CLI_OK);
	CHECK(fake_stop(&f) == 7);
	CHECK_STR(fake_body(&f, 0), "{\"action\":\"pics.changes\",\"payload\":{\"since\":1},\"maxAttempts\":7,"
				    "\"retry\":{\"backoffMs\":500,"
				    "\"backoffMaxMs\":9000},\"delaySeconds\":60}");
	CHECK_STR(fake_body(&f, 1), "{\"only\":\"unknown_resolved_not_done\",\"taskIds\":[\"" TASK "\"]}");
	CHECK(fake_is(&f, 2, "GET /v1/dead-letters?account=" ACCOUNT "&code=timeout&limit=100"));
	CHECK(fake_is(&f, 3, "POST /v1/dead-letters/redrive"));
	CHECK_STR(fake_body(&f, 3), "{\"filter\":{\"action\":\"inventory.read\",\"code\":\"timeout\"},\"max\":5}");
	CHECK(!strncmp(fake_header(&f, 3, "idempotency-key:"), "cli_", 4));
	CHECK(fake_is(&f, 4, "POST /v1/tasks/" TASK "/resolve"));
	CHECK_STR(fake_body(&f, 4), "{\"outcome\":\"not_done\",\"evidence\":\"not there\"}");
	CHECK(fake_is(&f, 5, "GET /v1/tasks/" TASK "/attempts"));
	CHECK(fake_is(&f, 6, "GET /v1/tasks/" TASK "/history?at=2026-11-21T08%3A00%3A00Z"));
	fake_done(&f);
	CHECK(run("task", "resolve", TASK, "--outcome", "perhaps", "--evidence", "x") == CLI_USAGE);
	CHECK(run("task", "resolve", TASK, "--outcome", "done") == CLI_USAGE);
}

static void by_the_clock(void)
{
	SERVE(f, { 201, "{\"id\":\"" PLAN "\"}" }, { 200, "{\"id\":\"" PLAN "\"}" },
		{ 201, "{\"jobId\":\"" JOB "\"}" },
		{ 200, "{\"items\":[{\"at\":\"t\",\"clock\":\"c\"}],\"nextCursor\":null}" }, { 200, LIST },
		{ 200, LIST }, { 200, "{\"id\":\"" PLAN "\"}" }, { 204 });

	CHECK(run("schedule", "create", "nightly", "inventory.read", "--cron", "30 2 * * *", "-z", "Europe/Berlin",
		      "-l", "team=a", "-p", "appId=730", "--missed", "run_once", "--overlap", "skip", "--jitter",
		      "60", "--disabled") == CLI_OK);
	CHECK(run("schedule", "disable", PLAN) == CLI_OK);
	CHECK(run("schedule", "run", PLAN, "-q") == CLI_OK);
	CHECK_STR(said_out, JOB "\n");
	CHECK(run("schedule", "next", PLAN, "-n", "3") == CLI_OK);
	CHECK(run("schedule", "preview", "@daily", "-n", "2") == CLI_OK);
	CHECK(run("schedule", "ticks", PLAN, "-n", "9") == CLI_OK);
	CHECK(run("schedule", "edit", PLAN, "--cron", "@hourly", "--if-match", "\"4\"") == CLI_OK);
	CHECK(run("schedule", "delete", PLAN, "--if-match", "\"5\"") == CLI_OK);
	CHECK(fake_stop(&f) == 8);
	CHECK_STR(fake_body(&f, 0),
		"{\"name\":\"nightly\",\"job\":{\"action\":\"inventory.read\",\"labels\":{\"team\":\"a\"},"
		"\"payload\":{\"appId\":730}},"
		"\"cron\":\"30 2 * * "
		"*\",\"timezone\":\"Europe/Berlin\",\"jitterSeconds\":60,\"missedPolicy\":\"run_once\","
		"\"overlapPolicy\":\"skip\",\"enabled\":false}");
	CHECK(fake_is(&f, 1, "POST /v1/schedules/" PLAN "/disable") &&
		fake_is(&f, 2, "POST /v1/schedules/" PLAN "/run-now"));
	CHECK(fake_is(&f, 3, "GET /v1/schedules/" PLAN "/next?n=3") &&
		fake_is(&f, 4, "POST /v1/schedules/preview"));
	CHECK_STR(fake_body(&f, 4), "{\"cron\":\"@daily\",\"n\":2}");
	CHECK(fake_is(&f, 5, "GET /v1/schedules/" PLAN "/ticks?limit=9"));
	CHECK(fake_is(&f, 6, "PATCH /v1/schedules/" PLAN) && !strcmp(fake_header(&f, 6, "if-match:"), "\"4\""));
	CHECK_STR(fake_body(&f, 6), "{\"cron\":\"@hourly\"}");
	CHECK(fake_is(&f, 7, "DELETE /v1/schedules/" PLAN));
	fake_done(&f);
	CHECK(run("schedule", "create", "nightly", "inventory.read") == CLI_USAGE);
}

int main(void)
{
	unsetenv("FOOTPLATE_KEY_FILE");
	again();
	by_the_clock();
	run_done();
	return 0;
}
