/* Key batches on the command line: a file becomes a batch, a batch is followed to its end, rows and reports are read. */
#include "tests/unit/cli/run.h"

#define ACCOUNT "acc_01JD0000000000000000000000"
#define BATCH   "kbt_01JD0000000000000000000000"

#define SERVE(f, ...)                                                   \
	static const struct fake_reply f##_replies[] = { __VA_ARGS__ }; \
	struct fake f;                                                  \
	fake_start(&f, f##_replies, sizeof(f##_replies) / sizeof(*f##_replies))

#define STATE(status, counts) "{\"id\":\"" BATCH "\",\"status\":\"" status "\",\"keys\":2,\"counts\":{" counts "}}"

static char path[] = "/tmp/footplate-keys-XXXXXX";

static void file_of(const char *text)
{
	FILE *f = fopen(path, "w");
	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void a_file_becomes_a_batch(void)
{
	SERVE(f, { 200, "{\"items\":[{\"id\":\"" ACCOUNT "\",\"login\":\"alice\"}],\"nextCursor\":null}" },
		{ 201, STATE("draft", "\"queued\":2") });

	file_of("# of May\nAAAAA-BBBBB-CCCCC\r\n\n  \nA game\tDDDDD-EEEEE-FFFFF\n");
	CHECK(run("key-batch", "import", path, "-t", "alice", "--max-tries", "2", "--distribution", "one_each",
		      "--per-account", "1", "-q") == CLI_OK);
	CHECK(fake_stop(&f) == 2 && fake_is(&f, 1, "POST /v1/key-batches"));
	CHECK_STR(fake_body(&f, 1),
		"{\"distribution\":\"one_each\",\"maxTriesPerKey\":2,\"perAccountLimit\":1,\"candidates\":{"
		"\"accounts\":["
		"\"" ACCOUNT
		"\"]},\"keys\":[{\"key\":\"AAAAA-BBBBB-CCCCC\"},{\"key\":\"DDDDD-EEEEE-FFFFF\",\"name\":\"A "
		"game\"}]}");
	CHECK(!strncmp(fake_header(&f, 1, "idempotency-key:"), "cli_", 4));
	CHECK_STR(said_out, BATCH "\n");
	fake_done(&f);
}

static void what_is_wrong(void)
{
	file_of("AAAAA-BBBBB-CCCCC\nSECRE TKEY\n");
	CHECK(run("key-batch", "import", path, "--all") == CLI_USAGE && strstr(said_err, "line 2 "));
	CHECK(!strstr(said_err, "SECRE") && !strstr(said_err, "AAAAA"));
	file_of("# nothing\n");
	CHECK(run("key-batch", "import", path, "--all") == CLI_USAGE && strstr(said_err, "no key"));
	CHECK(run("key-batch", "import", "/nowhere", "--all") == CLI_USAGE);
	CHECK(run("key-batch", "import", path) == CLI_USAGE && strstr(said_err, "--account"));
	CHECK(run("key-batch", "import", path, "--all", "-l", "a=b") == CLI_USAGE);
	CHECK(run("key-batch", "import", path, "--all", "--wait") == CLI_USAGE && strstr(said_err, "--start"));
}

static void a_batch_is_followed(void)
{
	SERVE(f, { 201, STATE("running", "\"queued\":2") },
		{ 200, STATE("running", "\"queued\":1,\"redeemed\":1") }, { 200, STATE("done", "\"redeemed\":2") });

	file_of("AAAAA-BBBBB-CCCCC\nAAAAA-BBBBB-DDDDD\n");
	CHECK(run("key-batch", "import", path, "--all", "--start", "--wait") == CLI_OK);
	CHECK(fake_stop(&f) == 3 && fake_is(&f, 2, "GET /v1/key-batches/" BATCH));
	CHECK(strstr(fake_body(&f, 0), "\"candidates\":{\"allAccounts\":true}"));
	CHECK(strstr(said_err, "1 of 2 keys are over, 1 redeemed") && strstr(said_out, "done"));
	fake_done(&f);
}

static int ends(const char *state)
{
	const struct fake_reply reply = { 200, state };
	struct fake f;

	fake_start(&f, &reply, 1);
	int code = run("key-batch", "watch", BATCH, "-q");
	CHECK(fake_stop(&f) == 1);
	fake_done(&f);
	return code;
}

static void what_its_end_means(void)
{
	CHECK(ends(STATE("done", "\"redeemed\":2")) == CLI_OK);
	CHECK(ends(STATE("done", "\"redeemed\":1,\"invalid\":1")) == CLI_PARTIAL);
	CHECK(ends(STATE("done", "\"invalid\":2")) == CLI_FAILED);
	CHECK(ends(STATE("paused", "\"redeemed\":1,\"queued\":1")) == CLI_PARTIAL);
	CHECK(ends(STATE("running", "\"redeemed\":1,\"unknown\":1")) == CLI_UNKNOWN);
}

static void the_other_verbs(void)
{
	SERVE(f, { 200, STATE("paused", "\"queued\":2") }, { 200, "{\"items\":[],\"nextCursor\":null}" },
		{ 200, "name,key\r\n", "content-type: text/csv\r\ncontent-length: 10\r\n" }, { 204, "" });

	CHECK(run("key-batch", "pause", BATCH) == CLI_OK);
	CHECK(run("key-batch", "rows", BATCH, "--state", "invalid") == CLI_OK);
	CHECK(run("key-batch", "report", BATCH) == CLI_OK);
	CHECK_STR(said_out, "name,key\r\n");
	CHECK(run("key-batch", "drop", BATCH, "key_1") == CLI_OK);
	CHECK(fake_stop(&f) == 4 && fake_is(&f, 0, "POST /v1/key-batches/" BATCH "/pause"));
	CHECK(fake_is(&f, 1, "GET /v1/key-batches/" BATCH "/keys?state=invalid&limit=100"));
	CHECK(fake_is(&f, 2, "GET /v1/key-batches/" BATCH "/report"));
	CHECK(fake_is(&f, 3, "DELETE /v1/key-batches/" BATCH "/keys/key_1"));
	fake_done(&f);
}

int main(void)
{
	CHECK(close(mkstemp(path)) == 0);
	a_file_becomes_a_batch();
	what_is_wrong();
	a_batch_is_followed();
	what_its_end_means();
	the_other_verbs();
	unlink(path);
	run_done();
	return 0;
}
