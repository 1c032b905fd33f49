/* Account lists in all formats: what is read, how it is parted, what is sent, and what is said of the answer. */
#include "cli/import_text.h"
#include "tests/unit/cli/run.h"

#include <fcntl.h>
#include <sys/stat.h>

#define PLANTED "planted-Canary-8123-value"

#define SERVE(f, ...)                                                   \
	static const struct fake_reply f##_replies[] = { __VA_ARGS__ }; \
	struct fake f;                                                  \
	fake_start(&f, f##_replies, sizeof(f##_replies) / sizeof(*f##_replies))

static char dir[] = "/tmp/cli_import.XXXXXX";

static const char *file(const char *name, const char *text, unsigned mode)
{
	static char path[4][128];
	static int next;
	char *to = path[next++ % 4];

	snprintf(to, 128, "%s/%s", dir, name);
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fchmod(fd, mode) == 0);
	close(fd);
	return to;
}

#define NOTHING_WRONG ",\"code\":null,\"detail\":null}"
#define ROW(i, id, outcome) \
	"{\"index\":" #i ",\"login\":\"x\",\"id\":" id ",\"outcome\":\"" outcome "\"" NOTHING_WRONG

static void lists_of_logins(void)
{
	SERVE(f,
		{ 200, "{\"created\":1,\"updated\":0,\"unchanged\":1,\"refused\":0,\"results\":[" ROW(
			       0, "\"a1\"", "created") "," ROW(1, "\"a2\"", "unchanged") "]}" },
		{ 200, "{\"created\":0,\"updated\":0,\"unchanged\":1,\"refused\":1,\"results\":["
		       "{\"index\":0,\"login\":null,\"id\":null,\"outcome\":\"refused\",\"code\":\"malformed\","
		       "\"detail\":\"bad\"}," ROW(1, "\"a2\"", "unchanged") "]}" },
		{ 403, "{\"code\":\"insufficient_scope\",\"detail\":\"no\"}" });
	const char *path = file("logins", "# comment\nalice\r\n\n  bob \n", 0644);

	CHECK(run("account", "import", path, "--label", "k=v", "--anonymous", "-q") == CLI_OK);
	CHECK_STR(said_out, "a1\na2\n");
	CHECK(run("account", "import", path) == CLI_PARTIAL && strstr(said_err, "row 1: bad"));
	CHECK(strstr(said_err, "0 made, 0 got new secrets, 1 were there, 1 refused"));
	CHECK(run("account", "import", path) == CLI_DENIED);
	CHECK(run("account", "import", "/nonexistent") == CLI_USAGE);
	CHECK(fake_stop(&f) == 3);
	CHECK(fake_is(&f, 0, "POST /v1/accounts/import"));
	CHECK_STR(fake_body(&f, 0),
		"{\"format\":\"jsonl\",\"content\":\"{\\\"labels\\\":{\\\"k\\\":\\\"v\\\"},\\\"anonymous\\\":true,"
		"\\\"login\\\":\\\"alice\\\"}\\n{\\\"labels\\\":{\\\"k\\\":\\\"v\\\"},\\\"anonymous\\\":true,"
		"\\\"login\\\":\\\"bob\\\"}\\n\"}");
	CHECK(strcmp(fake_header(&f, 0, "idempotency-key:"), fake_header(&f, 1, "idempotency-key:")));
	fake_done(&f);
}

static void other_formats(void)
{
	static const char all[] = "{\"created\":1,\"updated\":0,\"unchanged\":0,\"refused\":0,\"results\":[" ROW(
		0, "\"a1\"", "created") "]}";
	SERVE(f, { 200, all }, { 200, all }, { 200, all },
		{ 200, "{\"created\":1,\"updated\":0,\"unchanged\":0,\"refused\":1,\"results\":[" ROW(
			       0, "\"a1\"", "created") ",{\"index\":1,\"login\":null,\"id\":null,\"outcome\":"
						       "\"refused\",\"code\":"
						       "\"malformed\",\"detail\":\"encrypted\"}]}" });

	CHECK(run("account", "import", file("a.csv", "login,password\nx," PLANTED "\n", 0600), "--trace-http") ==
		CLI_OK);
	CHECK(!strstr(said_err, PLANTED) && !strstr(said_out, PLANTED));
	CHECK(run("account", "import",
		      file("b.maFile",
			      "\xef\xbb\xbf{\n \"account_name\": \"x\",\n \"Session\": {\"SteamID\": "
			      "76561197960265729}\n}\n",
			      0600)) == CLI_OK);
	CHECK(run("account", "import", file("c", "{\"login\":\"x\"}\n", 0600), "--format", "jsonl") == CLI_OK);
	/* Secrets that others may read, options that the format has no place for: nothing is sent. */
	CHECK(run("account", "import", file("d.csv", "login\nx\n", 0644)) == CLI_DENIED &&
		strstr(said_err, "chmod"));
	CHECK(run("account", "import", file("e.csv", "login\nx\n", 0600), "--disabled") == CLI_USAGE);

	char folder[64];
	snprintf(folder, sizeof(folder), "%s/asf", dir);
	CHECK(mkdir(folder, 0700) == 0);
	file("asf/ASF.json", "{\"IPC\":true}", 0600);
	file("asf/bot2.json", "{\"SteamLogin\":\"y\",\"PasswordFormat\":1}", 0600);
	file("asf/bot1.json", "{\n\"SteamLogin\":\"x\",\n\"Enabled\":true}", 0600);
	file("asf/bot1.db", "?", 0600);
	CHECK(run("account", "import", folder) == CLI_PARTIAL && strstr(said_err, "bot2.json, row 2: encrypted"));
	CHECK(run("account", "import", folder, "--format", "csv") == CLI_USAGE);
	CHECK(run("account", "import", folder, "--format", "maFile") == CLI_USAGE && strstr(said_err, "no file"));
	file("asf/bot3.json", "{\"SteamPassword\":\"" PLANTED "\",}", 0600);
	CHECK(run("account", "import", folder) == CLI_USAGE && strstr(said_err, "bot3.json") &&
		!strstr(said_err, PLANTED));
	CHECK(fake_stop(&f) == 4);
	CHECK_STR(fake_body(&f, 0), "{\"format\":\"csv\",\"content\":\"login,password\\nx," PLANTED "\\n\"}");
	CHECK_STR(fake_body(&f, 1), "{\"format\":\"maFile\",\"content\":\"{\\\"account_name\\\":\\\"x\\\","
				    "\\\"Session\\\":{\\\"SteamID\\\":"
				    "76561197960265729}}\\n\"}");
	CHECK_STR(fake_body(&f, 2), "{\"format\":\"jsonl\",\"content\":\"{\\\"login\\\":\\\"x\\\"}\\n\"}");
	CHECK_STR(fake_body(&f, 3),
		"{\"format\":\"asf\",\"content\":\"{\\\"SteamLogin\\\":\\\"x\\\",\\\"Enabled\\\":true}\\n"
		"{\\\"SteamLogin\\\":\\\"y\\\",\\\"PasswordFormat\\\":1}\\n\"}");
	fake_done(&f);
}

/* A CSV is parted between records, not lines, and each piece has the heading. */
static void pieces(void)
{
	struct import_text t;
	struct buf text = { 0 }, piece = { 0 };
	struct fault fault = { 0 };
	size_t rows, all = 0, pieces = 0;

	buf_str(&text, "\nlogin,password\r\n");
	for (int i = 0; i < 1203; i++)
		buf_fmt(&text, "u%d,\"two\nlines, \"\"%d\"\"\"\n%s", i, i, i % 3 ? "" : "\r\n");
	CHECK(import_text_read(file("f.csv", buf_text(&text), 0600), IMPORT_TEXT_CSV, NULL, &t, &fault) == RC_OK);
	while (import_text_next(&t, &piece, &rows)) {
		CHECK(strstr(buf_text(&piece), "login,password\r\nu") != NULL);
		CHECK(rows == (pieces < 2 ? 500 : 203));
		all += rows;
		pieces++;
	}
	CHECK(all == 1203 && pieces == 3);
	import_text_done(&t);

	/* A long row stands alone. */
	text.n = 0;
	for (int i = 0; i < 3; i++) {
		for (int k = 0; k < 200000; k++)
			buf_u8(&text, 'x');
		buf_u8(&text, '\n');
	}
	CHECK(import_text_read(file("g.jsonl", buf_text(&text), 0600), IMPORT_TEXT_JSONL, NULL, &t, &fault) ==
		RC_OK);
	for (pieces = 0; import_text_next(&t, &piece, &rows); pieces++)
		CHECK(rows == 1);
	CHECK(pieces == 3);
	import_text_done(&t);
	buf_done(&piece);
	buf_done(&text);
}

int main(void)
{
	char command[64];

	unsetenv("FOOTPLATE_KEY_FILE");
	CHECK(mkdtemp(dir) != NULL);
	lists_of_logins();
	other_formats();
	pieces();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	CHECK(system(command) == 0);
	run_done();
	return 0;
}
