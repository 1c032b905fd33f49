/* Requests that verbs make, answers they print, connections that fail: against a server that says what the test wrote. */
#include "tests/unit/cli/run.h"

#include <fcntl.h>
#include <sys/stat.h>

#define ACCOUNT "acc_01JD0000000000000000000000"
#define REGION  "rgn_01JD0000000000000000000000"
#define JOB     "job_01JD0000000000000000000000"

#define SERVE(f, ...)                                                   \
	static const struct fake_reply f##_replies[] = { __VA_ARGS__ }; \
	struct fake f;                                                  \
	fake_start(&f, f##_replies, sizeof(f##_replies) / sizeof(*f##_replies))

static const char job_queued[] = "{\"id\":\"" JOB "\",\"status\":\"queued\",\"summary\":{\"total\":1}}";
static const char job_done[] = "{\"id\":\"" JOB "\",\"status\":\"succeeded\",\"summary\":{\"total\":1}}";

static void a_job_is_submitted(void)
{
	SERVE(f, { 200, "{\"items\":[{\"id\":\"" ACCOUNT "\",\"login\":\"alice\"}],\"nextCursor\":null}" },
		{ 200, "{\"items\":[{\"id\":\"rgn_x\",\"name\":\"us\"}],\"nextCursor\":\"c 1\"}" },
		{ 200, "{\"items\":[{\"id\":\"" REGION "\",\"name\":\"eu\"}],\"nextCursor\":null}" },
		{ 201, job_queued });

	CHECK(run("job", "run", "pics.product_info", "-t", "alice," ACCOUNT, "--region", "eu", "-p", "apps=440",
		      "-p", "x=a b", "--priority", "9", "--label", "k=v") == CLI_OK);
	CHECK(fake_stop(&f) == 4);
	CHECK(fake_is(&f, 0, "GET /v1/accounts?login=alice"));
	CHECK(fake_is(&f, 1, "GET /v1/regions?limit=500"));
	CHECK(fake_is(&f, 2, "GET /v1/regions?limit=500&cursor=c%201"));
	CHECK(fake_is(&f, 3, "POST /v1/jobs"));
	CHECK_STR(fake_body(&f, 3),
		"{\"action\":\"pics.product_info\",\"targets\":[\"" ACCOUNT "\",\"" ACCOUNT
		"\"],\"labels\":{\"k\":\"v\"},\"payload\":{\"apps\":[440],\"x\":\"a b\"},\"regionId\":\"" REGION
		"\",\"priority\":9}");
	CHECK_STR(fake_header(&f, 3, "content-type:"), "application/json");
	CHECK(!strncmp(fake_header(&f, 3, "idempotency-key:"), "cli_", 4));
	CHECK_STR(fake_header(&f, 0, "idempotency-key:"), "");
	CHECK_STR(fake_header(&f, 3, "authorization:"), "");
	CHECK_STR(said_out, "id             " JOB "\nstatus         queued\nsummary.total  1\n");
	fake_done(&f);
}

static void a_name_that_is_not_there(void)
{
	SERVE(f, { 200, "{\"items\":[],\"nextCursor\":null}" });
	CHECK(run("account", "get", "nobody") == CLI_MISSING && strstr(said_err, "no account called nobody"));
	CHECK(fake_stop(&f) == 1 && !*said_out);
	fake_done(&f);
	CHECK(run("job", "run", "x", "-p", "a=1", "--payload", "{}") == CLI_USAGE && strstr(said_err, "give one"));
	CHECK(run("account", "edit", ACCOUNT, "--enable", "--disable") == CLI_USAGE);
	CHECK(run("job", "get", "..") == CLI_USAGE && run("job", "get", "") == CLI_USAGE);
}

static void other_requests(void)
{
	SERVE(f, { 200, "{\"id\":\"j\"}" }, { 201, "{\"id\":\"k\",\"secret\":\"fp_live_once\"}" },
		{ 201, "{\"token\":\"t\"}" },
		{ 200, "# HELP x\nx 1\n", "content-type: text/plain\r\ncontent-length: 13\r\n" },
		{ 200, "{\"items\":[{\"name\":\"a\",\"lanes\":[]}],\"nextCursor\":null}" },
		{ 201, "{\"id\":\"a\"}" }, { 200, "{\"items\":[],\"nextCursor\":null}" });

	CHECK(run("job", "cancel", "a/b c", "--idempotency-key", "mine", "-q") == CLI_OK);
	CHECK_STR(said_out, "j\n");
	CHECK(run("key", "create", "ci", "-s", "jobs:read", "-s", "events:*", "-q") == CLI_OK);
	CHECK_STR(said_out, "fp_live_once\n"); /* an id alone would lose it for good */
	CHECK(run("agent", "enroll", REGION, "--quiet") == CLI_OK);
	CHECK_STR(said_out, "t\n");
	CHECK(run("server", "metrics") == CLI_OK);
	CHECK_STR(said_out, "# HELP x\nx 1\n");
	CHECK(run("action", "list", "-q") == CLI_OK);
	CHECK_STR(said_out, "a\n");
	CHECK(run("account", "create", "bob", "--disabled", "--label", "a=b") == CLI_OK);
	CHECK(run("job", "list", "--status", "failed", "--action", "a&b", "-n", "7") == CLI_OK);
	CHECK(fake_stop(&f) == 7);
	CHECK(fake_is(&f, 0, "POST /v1/jobs/a%2Fb%20c/cancel"));
	CHECK_STR(fake_header(&f, 0, "idempotency-key:"), "mine");
	CHECK_STR(fake_body(&f, 0), "");
	CHECK_STR(fake_body(&f, 1), "{\"name\":\"ci\",\"scopes\":[\"jobs:read\",\"events:*\"]}");
	CHECK_STR(fake_header(&f, 1, "idempotency-key:"), "");
	CHECK(fake_is(&f, 2, "POST /v1/agents/enrollments"));
	CHECK_STR(fake_body(&f, 2), "{\"regionId\":\"" REGION "\"}");
	CHECK_STR(fake_body(&f, 5), "{\"login\":\"bob\",\"labels\":{\"a\":\"b\"},\"enabled\":false}");
	CHECK(fake_is(&f, 6, "GET /v1/jobs?status=failed&action=a%26b&limit=7"));
	fake_done(&f);
}

static void lists_go_on(void)
{
	SERVE(f, { 200, "{\"items\":[{\"id\":\"a\"},{\"id\":\"b\"}],\"nextCursor\":\"n1\"}" },
		{ 200, "{\"items\":[{\"id\":\"c\"}],\"nextCursor\":\"n2\"}" },
		{ 200, "{\"items\":[{\"id\":\"d\"}],\"nextCursor\":null}" },
		{ 200, "{\"items\":[{\"id\":\"e\"}],\"nextCursor\":\"n3\"}" },
		{ 200, "{\"items\":[{\"id\":\"1-1\"}],\"nextCursor\":\"1-1\"}" },
		{ 200, "{\"items\":[],\"nextCursor\":\"1-1\"}" });

	CHECK(run("region", "list", "--all", "-o", "jsonl") == CLI_OK);
	CHECK_STR(said_out, "{\"id\":\"a\"}\n{\"id\":\"b\"}\n{\"id\":\"c\"}\n{\"id\":\"d\"}\n");
	CHECK(run("region", "list", "--limit", "1", "--cursor", "n2") == CLI_OK && strstr(said_err, "--cursor n3"));
	CHECK(run("event", "list", "-o", "csv", "--after", "0", "--type", "job.*,task.*") == CLI_OK);
	CHECK(fake_stop(&f) == 6);
	CHECK(fake_is(&f, 0, "GET /v1/regions?limit=500"));
	CHECK(fake_is(&f, 1, "GET /v1/regions?limit=500&cursor=n1"));
	CHECK(fake_is(&f, 2, "GET /v1/regions?limit=500&cursor=n2"));
	CHECK(fake_is(&f, 3, "GET /v1/regions?limit=1&cursor=n2"));
	CHECK(fake_is(&f, 4, "GET /v1/events?type=job.%2A%2Ctask.%2A&limit=100&after=0"));
	CHECK(fake_is(&f, 5, "GET /v1/events?type=job.%2A%2Ctask.%2A&limit=99&after=1-1"));
	CHECK(!strncmp(said_out, "ts,type,jobId,", 14) && strstr(said_out, "\r\n,,,"));
	fake_done(&f);
}

static void changes_carry_what_was_read(void)
{
	SERVE(f, { 200, "{\"id\":\"x\",\"labels\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}}", "etag: \"7\"\r\n" },
		{ 200, "{\"id\":\"x\"}" }, { 200, "{\"id\":\"x\"}", "etag: \"8\"\r\n" }, { 204, NULL },
		{ 204, NULL }, { 200, "{\"id\":\"x\"}", "etag: \"9\"\r\n" },
		{ 412, "{\"code\":\"etag_mismatch\",\"detail\":\"changed\"}" });

	CHECK(run("account", "edit", ACCOUNT, "--label", "b=9", "--label", "d=4", "--unlabel", "a,z",
		      "--any-region") == CLI_OK);
	CHECK(run("region", "delete", REGION) == CLI_OK && !*said_out && !*said_err);
	CHECK(run("region", "delete", REGION, "--if-match", "3") == CLI_OK);
	CHECK(run("account", "edit", ACCOUNT, "--enable") == CLI_CONFLICT);
	CHECK(fake_stop(&f) == 7);
	CHECK(fake_is(&f, 0, "GET /v1/accounts/" ACCOUNT) && fake_is(&f, 1, "PATCH /v1/accounts/" ACCOUNT));
	CHECK_STR(fake_header(&f, 1, "if-match:"), "\"7\"");
	CHECK_STR(fake_header(&f, 1, "content-type:"), "application/merge-patch+json");
	CHECK_STR(fake_body(&f, 1), "{\"regionHint\":null,\"labels\":{\"b\":\"9\",\"c\":\"3\",\"d\":\"4\"}}");
	CHECK(fake_is(&f, 3, "DELETE /v1/regions/" REGION));
	CHECK_STR(fake_header(&f, 3, "if-match:"), "\"8\"");
	CHECK_STR(fake_header(&f, 4, "if-match:"), "\"3\""); /* and it was not read */
	CHECK_STR(fake_body(&f, 6), "{\"enabled\":true}");
	CHECK(run("account", "edit", ACCOUNT) == CLI_USAGE && strstr(said_err, "nothing to change"));
	fake_done(&f);
}

static void problems_are_told(void)
{
	SERVE(f,
		{ 422,
			"{\"code\":\"validation_failed\",\"detail\":\"1 "
			"thing\",\"errors\":[{\"pointer\":\"/action\",\"detail\":\"unknown\"}]}",
			"x-request-id: req_7\r\n" },
		{ 404, "{\"code\":\"not_found\",\"title\":\"None\"}" },
		{ 401, "{\"code\":\"unauthenticated\",\"detail\":\"no\"}" },
		{ 429, "{\"code\":\"rate_limited\",\"detail\":\"slow\"}" },
		{ 503, "<html>", "content-type: text/html\r\ncontent-length: 6\r\n" }, { 200, "{" });

	CHECK(run("job", "run", "nope") == CLI_USAGE && !*said_out);
	CHECK_STR(said_err, "footplate: validation_failed: 1 thing; /action: unknown (request req_7)\n");
	CHECK(run("job", "get", "j") == CLI_MISSING);
	CHECK(run("job", "get", "j") == CLI_DENIED && strstr(said_err, "--key-file"));
	CHECK(run("job", "get", "j") == CLI_LIMITED);
	CHECK(run("job", "get", "j") == CLI_AWAY);
	CHECK(run("job", "get", "j") == CLI_FAILED && strstr(said_err, "cannot be read"));
	CHECK(fake_stop(&f) == 6);
	fake_done(&f);
}

static void a_lost_answer_never_doubles(void)
{
	SERVE(f, { 0 }, { 0 }, { 201, job_queued });
	CHECK(run("job", "run", "session.login", "--all") == CLI_OK);
	CHECK(fake_stop(&f) == 3);
	CHECK(strlen(fake_header(&f, 0, "idempotency-key:")) > 20);
	CHECK_STR(fake_header(&f, 1, "idempotency-key:"), fake_header(&f, 0, "idempotency-key:"));
	CHECK_STR(fake_header(&f, 2, "idempotency-key:"), fake_header(&f, 0, "idempotency-key:"));
	CHECK_STR(fake_body(&f, 2), fake_body(&f, 0));
	fake_done(&f);
}

static void the_first_try_may_still_run(void)
{
	SERVE(f, { 0 }, { 409, "{\"code\":\"idempotency_in_progress\",\"detail\":\"wait\"}" }, { 201, job_queued });
	CHECK(run("job", "run", "session.login", "--all") == CLI_OK);
	CHECK(fake_stop(&f) == 3);
	fake_done(&f);
}

static void another_conflict_is_an_answer(void)
{
	SERVE(f, { 0 }, { 409, "{\"code\":\"conflict\",\"detail\":\"there is one\"}" }, { 201, "{\"id\":\"x\"}" });
	CHECK(run("account", "create", "bob") == CLI_CONFLICT);
	CHECK(fake_stop(&f) == 2);
	fake_done(&f);
}

/* The first try went out, the others found nobody: still nobody knows. */
static void a_server_that_dies_at_work(void)
{
	SERVE(f, { 0 });
	CHECK(run("account", "create", "bob") == CLI_UNKNOWN && strstr(said_err, "--idempotency-key cli_"));
	CHECK(fake_stop(&f) == 1);
	fake_done(&f);
}

static void without_a_key_it_is_not_repeated(void)
{
	SERVE(f, { 0 }, { 201, "{\"id\":\"x\"}" });
	CHECK(run("key", "create", "a", "--scope", "jobs:read") == CLI_UNKNOWN &&
		strstr(said_err, "may have been done"));
	CHECK(fake_stop(&f) == 1);
	fake_done(&f);
}

static void three_losses_are_enough(void)
{
	SERVE(f, { 0 }, { 0 }, { 0 }, { 0 }, { 0 }, { 0 }, { 0 });
	CHECK(run("job", "retry", "j") == CLI_UNKNOWN && strstr(said_err, "--idempotency-key cli_"));
	CHECK(run("job", "get", "j") == CLI_AWAY);
	CHECK(fake_stop(&f) == 6);
	fake_done(&f);
	CHECK(run("key", "create", "a", "-s", "jobs:read") == CLI_AWAY); /* nobody listens: nothing went out */
	CHECK(run("job", "run", "x") == CLI_AWAY);
}

static void keys_come_from_files(void)
{
	char path[] = "/tmp/cli_http.XXXXXX", fd_text[16];
	int fd = mkstemp(path);
	SERVE(f, { 200, "{\"id\":\"x\"}" }, { 200, "{\"id\":\"x\"}" }, { 200, "{\"id\":\"x\"}" });

	CHECK(fd >= 0 && write(fd, "fp_live_sesame\n", 15) == 15);
	CHECK(run("job", "get", "j", "--key-file", path, "--trace-http") == CLI_OK);
	CHECK(strstr(said_err, "> GET /v1/jobs/j\n") && strstr(said_err, "< 200 in ") &&
		strstr(said_err, "(hidden)"));
	CHECK(!strstr(said_err, "sesame") && !strstr(said_out, "sesame"));
	setenv("FOOTPLATE_KEY_FILE", path, 1);
	CHECK(run("job", "get", "j") == CLI_OK);
	unsetenv("FOOTPLATE_KEY_FILE");
	snprintf(fd_text, sizeof(fd_text), "%d", fd);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	CHECK(run("job", "get", "j", "--key-fd", fd_text) == CLI_OK);
	CHECK(fake_stop(&f) == 3);
	for (size_t i = 0; i < 3; i++)
		CHECK_STR(fake_header(&f, i, "authorization:"), "Bearer fp_live_sesame");
	fake_done(&f);

	CHECK(run("job", "get", "j", "--key-file", path, "--key-fd", "0") == CLI_USAGE);
	CHECK(chmod(path, 0644) == 0);
	CHECK(run("job", "get", "j", "--key-file", path) == CLI_DENIED && strstr(said_err, "chmod 600"));
	CHECK(chmod(path, 0600) == 0 && ftruncate(fd, 0) == 0);
	CHECK(run("job", "get", "j", "--key-file", path) == CLI_USAGE && strstr(said_err, "holds no API key"));
	CHECK(pwrite(fd, "a\r\nx: y", 7, 0) == 7);
	CHECK(run("job", "get", "j", "--key-file", path) == CLI_USAGE);
	CHECK(run("job", "get", "j", "--key-file", "/nonexistent") == CLI_USAGE);
	CHECK(run("job", "get", "j", "--key", "fp_live_sesame") == CLI_USAGE && !strstr(said_err, "sesame"));
	close(fd);
	unlink(path);
}

#define TASKS(code)      "{\"items\":[{\"id\":\"t\",\"error\":{\"code\":\"" code "\"}}],\"nextCursor\":null}"
#define JOB_WITH(status) "{\"id\":\"" JOB "\",\"status\":\"" status "\"}"

static void waits_for_the_end(void)
{
	SERVE(f, { 201, job_queued }, { 200, JOB_WITH("running") }, { 200, job_done }, { 201, job_done },
		{ 201, job_queued }, { 200, JOB_WITH("failed") }, { 200, TASKS("account_disabled") },
		{ 201, job_queued }, { 200, JOB_WITH("partially_succeeded") }, { 200, TASKS("timeout") },
		{ 201, job_queued }, { 200, JOB_WITH("failed") }, { 200, TASKS("outcome_unknown") },
		{ 201, job_queued }, { 200, JOB_WITH("canceled") });

	CHECK(run("job", "run", "a", "--wait") == CLI_OK && strstr(said_out, "succeeded") && strstr(said_err, JOB));
	CHECK(run("job", "run", "a", "--wait") == CLI_OK); /* it was over at once */
	CHECK(run("job", "run", "a", "--wait", "-q") == CLI_FAILED);
	CHECK_STR(said_out, JOB "\n");
	CHECK(run("job", "run", "a", "--wait") == CLI_PARTIAL);
	CHECK(run("job", "retry", "j", "-w") == CLI_UNKNOWN);
	CHECK(run("job", "run", "a", "--wait") == CLI_FAILED);
	CHECK(fake_stop(&f) == 15);
	CHECK_STR(fake_header(&f, 0, "prefer:"), "");
	CHECK_STR(fake_header(&f, 1, "prefer:"), "wait=30");
	CHECK(fake_is(&f, 1, "GET /v1/jobs/" JOB) &&
		fake_is(&f, 6, "GET /v1/jobs/" JOB "/tasks?status=failed&limit=500"));
	fake_done(&f);
}

/* The canned server answers at once: it is asked now and then until the time is over, and then once more. */
static void waits_no_longer_than_it_was_told(void)
{
	SERVE(f, { 201, job_queued }, { 200, JOB_WITH("running") }, { 200, JOB_WITH("running") },
		{ 200, JOB_WITH("running") }, { 200, JOB_WITH("running") }, { 200, JOB_WITH("running") });
	CHECK(run("job", "run", "a", "--wait=1") == CLI_WAIT_EXPIRED && strstr(said_out, "running"));
	size_t n = fake_stop(&f);
	CHECK(n >= 3);
	CHECK_STR(fake_header(&f, 1, "prefer:"), "wait=1");
	CHECK_STR(fake_header(&f, n - 1, "prefer:"), "");
	fake_done(&f);
}

static void the_output_must_arrive(void)
{
	SERVE(f, { 200, "{\"id\":\"x\"}" });
	FILE *full = fopen("/dev/full", "w"), *err = fopen("/dev/null", "w");
	char *words[] = { "footplate", "job", "get", "j", NULL };
	CHECK(cli_run(full, err, 4, words, NULL) == CLI_FAILED);
	fclose(full);
	fclose(err);
	CHECK(fake_stop(&f) == 1);
	fake_done(&f);
}

int main(void)
{
	unsetenv("FOOTPLATE_KEY_FILE");
	a_job_is_submitted();
	a_name_that_is_not_there();
	other_requests();
	lists_go_on();
	changes_carry_what_was_read();
	problems_are_told();
	a_lost_answer_never_doubles();
	the_first_try_may_still_run();
	another_conflict_is_an_answer();
	a_server_that_dies_at_work();
	without_a_key_it_is_not_repeated();
	three_losses_are_enough();
	keys_come_from_files();
	waits_for_the_end();
	waits_no_longer_than_it_was_told();
	the_output_must_arrive();
	run_done();
	return 0;
}
