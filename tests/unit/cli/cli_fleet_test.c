/* Requests of the verbs that run a fleet: what is wanted of accounts, secrets, challenges, egresses, budgets, confirmations. */
#include "tests/unit/cli/run.h"

#include <fcntl.h>
#include <sys/stat.h>

#define ACCOUNT "acc_01JD0000000000000000000000"
#define EGRESS  "egr_01JD0000000000000000000000"
#define JOB     "job_01JD0000000000000000000000"
#define PLANTED "planted-Canary-5512-value"

#define SERVE(f, ...)                                                   \
	static const struct fake_reply f##_replies[] = { __VA_ARGS__ }; \
	struct fake f;                                                  \
	fake_start(&f, f##_replies, sizeof(f##_replies) / sizeof(*f##_replies))

static const char session[] = "{\"accountId\":\"" ACCOUNT "\",\"state\":\"offline\"}";

static void what_is_wanted(void)
{
	SERVE(f, { 200, session }, { 200, session }, { 200, session }, { 200, session }, { 200, session },
		{ 200, "{\"items\":[{\"at\":\"t\",\"was\":\"offline\",\"state\":\"online\"}],\"nextCursor\":"
		       "null}" },
		{ 200, "{\"code\":\"ABCDE\",\"expiresAt\":\"t\"}" });

	CHECK(run("account", "up", ACCOUNT, "-q") == CLI_OK);
	CHECK_STR(said_out, "offline\n");
	CHECK(run("account", "play", ACCOUNT, "--apps", "440,570", "--apps", "10", "--persona", "7") == CLI_OK);
	CHECK(run("account", "down", ACCOUNT) == CLI_OK);
	CHECK(run("account", "restart", ACCOUNT) == CLI_OK);
	CHECK(run("account", "quarantine", "clear", ACCOUNT) == CLI_OK);
	CHECK(run("account", "history", ACCOUNT, "-n", "3") == CLI_OK && strstr(said_out, "online"));
	CHECK(run("account", "code", ACCOUNT, "-q") == CLI_OK);
	CHECK_STR(said_out, "ABCDE\n");
	CHECK(fake_stop(&f) == 7);
	CHECK(fake_is(&f, 0, "PUT /v1/accounts/" ACCOUNT "/desired-state"));
	CHECK_STR(fake_body(&f, 0), "{\"mode\":\"online\"}");
	CHECK_STR(fake_body(&f, 1), "{\"mode\":\"playing\",\"apps\":[440,570,10],\"persona\":7}");
	CHECK_STR(fake_body(&f, 2), "{\"mode\":\"offline\"}");
	CHECK(fake_is(&f, 3, "POST /v1/accounts/" ACCOUNT "/session/restart") && !*fake_body(&f, 3));
	CHECK(!strncmp(fake_header(&f, 3, "idempotency-key:"), "cli_", 4));
	CHECK(fake_is(&f, 4, "POST /v1/accounts/" ACCOUNT "/quarantine/clear"));
	CHECK(fake_is(&f, 5, "GET /v1/accounts/" ACCOUNT "/history?limit=3"));
	CHECK(fake_is(&f, 6, "POST /v1/accounts/" ACCOUNT "/authenticator/codes"));
	fake_done(&f);
	CHECK(run("account", "play", ACCOUNT, "--apps", "440,x") == CLI_USAGE && strstr(said_err, "whole number"));
	CHECK(run("account", "quarantine") == CLI_USAGE && run("account", "secret", "sell", "a", "b") == CLI_USAGE);
}

static void make_file(const char *path, const char *text, unsigned mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fchmod(fd, mode) == 0);
	close(fd);
}

#define ASKS(store)                                                            \
	"{\"id\":\"chg_" store "\",\"kind\":\"shop_login\",\"store\":\"" store \
	"\",\"state\":\"open\",\"url\":\"https://" store ".example/id?x=1\"}"
#define IS(state, hint)                                                                                          \
	"{\"id\":\"chg_gog\",\"kind\":\"shop_login\",\"store\":\"gog\",\"state\":\"" state "\",\"hint\":\"" hint \
	"\"}"

/* The page is shown, the code goes into the body alone, and what becomes of it is waited for. */
static void agents_are_logged_in(void)
{
	char dir[] = "/tmp/cli_login.XXXXXX", path[64];
	SERVE(f, { 200, "{\"items\":[" ASKS("epic") "," ASKS("gog") "],\"nextCursor\":null}" },
		{ 200, "{\"items\":[" ASKS("epic") "," ASKS("gog") "],\"nextCursor\":null}" },
		{ 200, IS("answered", "") }, { 200, IS("answered", "") }, { 200, IS("accepted", "") },
		{ 200, "{\"items\":[" ASKS("gog") "],\"nextCursor\":null}" }, { 200, IS("answered", "") },
		{ 200, IS("open", "bring the new one") }, { 200, "{\"items\":[],\"nextCursor\":null}" });

	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/code", dir);
	make_file(path, PLANTED "\n", 0600);
	CHECK(run("agent", "login", "agt_1", "--secret-file", path) == CLI_USAGE && strstr(said_err, "--store"));
	CHECK(run("agent", "login", "agt_1", "--store", "gog", "--secret-file", path, "-q") == CLI_OK);
	CHECK(strstr(said_err, "https://gog.example/id?x=1") && !strstr(said_err, PLANTED));
	CHECK_STR(said_out, "chg_gog\n");
	CHECK(run("agent", "login", "agt_1", "--secret-file", path) == CLI_FAILED &&
		strstr(said_err, "bring the new one"));
	CHECK(run("agent", "login", "agt_1", "--secret-file", path) == CLI_MISSING &&
		strstr(said_err, "agent.epic_client_id"));
	CHECK(fake_stop(&f) == 9);
	CHECK(fake_is(&f, 0, "GET /v1/challenges?state=open&limit=100&agent=agt_1"));
	CHECK(fake_is(&f, 2, "POST /v1/challenges/chg_gog/answer"));
	CHECK_STR(fake_body(&f, 2), "{\"code\":\"" PLANTED "\"}");
	CHECK(fake_is(&f, 3, "GET /v1/challenges/chg_gog") && fake_is(&f, 4, "GET /v1/challenges/chg_gog"));
	fake_done(&f);
	CHECK(unlink(path) == 0 && rmdir(dir) == 0);
}

static void secrets_come_from_files(void)
{
	char dir[] = "/tmp/cli_secret.XXXXXX", path[64], fd_word[16];
	SERVE(f, { 204 }, { 204 }, { 200, "{\"id\":\"chg_1\",\"state\":\"answered\"}" },
		{ 200, "{\"id\":\"chg_1\",\"state\":\"answered\"}" }, { 204 }, { 204 },
		{ 422, "{\"code\":\"validation_failed\",\"detail\":\"no\"}" });

	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/secret", dir);
	make_file(path, PLANTED "\r\n", 0600);
	int fd = open(path, O_RDONLY);
	snprintf(fd_word, sizeof(fd_word), "%d", fd);
	CHECK(run("account", "secret", "set", ACCOUNT, "password", "--secret-file", path, "--trace-http") ==
		CLI_OK);
	CHECK(!strstr(said_err, PLANTED) && !*said_out);
	CHECK(run("account", "secret-set", ACCOUNT, "password", "--secret-fd", fd_word) == CLI_OK);
	CHECK(run("challenge", "answer", "chg_1", "--secret-file", path) == CLI_OK && !strstr(said_out, PLANTED));
	CHECK(run("challenge", "answer", "chg_1", "--approve") == CLI_OK);
	CHECK(run("egress", "secret", "set", EGRESS, "--secret-file", path) == CLI_OK);
	CHECK(run("account", "secret", "delete", ACCOUNT, "password") == CLI_OK);
	CHECK(run("account", "secret-set", ACCOUNT, "password", "--secret-file", path) == CLI_USAGE);
	CHECK(!strstr(said_err, PLANTED));
	/* None of these sends anything. */
	CHECK(run("account", "secret-set", ACCOUNT, "guard_data", "--secret-file", path) == CLI_USAGE);
	CHECK(run("account", "secret-set", ACCOUNT, "password", PLANTED) == CLI_USAGE);
	CHECK(run("challenge", "answer", "chg_1", "--secret-file", path, "--secret-fd", "0") == CLI_USAGE);
	make_file(path, "\n", 0600);
	CHECK(run("challenge", "answer", "chg_1", "--secret-file", path) == CLI_USAGE && strstr(said_err, "empty"));
	make_file(path, PLANTED, 0640);
	CHECK(run("challenge", "answer", "chg_1", "--secret-file", path) == CLI_DENIED &&
		strstr(said_err, "chmod"));
	CHECK(fake_stop(&f) == 7);
	CHECK(fake_is(&f, 0, "PUT /v1/accounts/" ACCOUNT "/secrets/password"));
	CHECK_STR(fake_body(&f, 0), "{\"value\":\"" PLANTED "\"}");
	CHECK_STR(fake_body(&f, 1), "{\"value\":\"" PLANTED "\"}");
	CHECK(fake_is(&f, 2, "POST /v1/challenges/chg_1/answer"));
	CHECK_STR(fake_body(&f, 2), "{\"code\":\"" PLANTED "\"}");
	CHECK_STR(fake_body(&f, 3), "{\"approve\":true}");
	CHECK(fake_is(&f, 4, "PUT /v1/egresses/" EGRESS "/secret"));
	CHECK(fake_is(&f, 5, "DELETE /v1/accounts/" ACCOUNT "/secrets/password"));
	fake_done(&f);
	close(fd);
	unlink(path);
	rmdir(dir);
}

static void egresses_and_budgets(void)
{
	SERVE(f, { 201, "{\"id\":\"" EGRESS "\"}" },
		{ 200, "{\"items\":[{\"id\":\"" EGRESS "\",\"name\":\"p\"}],\"nextCursor\":null}" },
		{ 200, "{\"id\":\"" EGRESS "\"}", "etag: \"2\"\r\n" }, { 204 },
		{ 200, "{\"items\":[{\"id\":\"cm.login:x\",\"tokens\":1}],\"nextCursor\":null}" },
		{ 200, "{\"id\":\"cm.login:x\"}" }, { 200, "{\"id\":\"cm.login:x\"}" });

	CHECK(run("egress", "create", "p", "--kind", "socks5", "--address", "127.0.0.1:1080", "--hard-cap", "5") ==
		CLI_OK);
	CHECK(run("egress", "delete", "p") == CLI_OK);
	CHECK(run("budget", "list", "--lane", "cm.login", "--of", "x") == CLI_OK && strstr(said_out, "cm.login:x"));
	CHECK(run("budget", "set", "cm.login:x", "--every-ms", "20000", "--burst", "1") == CLI_OK);
	CHECK(run("budget", "clear", "cm.login:x") == CLI_OK);
	CHECK(fake_stop(&f) == 7);
	CHECK_STR(fake_body(&f, 0),
		"{\"name\":\"p\",\"kind\":\"socks5\",\"address\":\"127.0.0.1:1080\",\"hardCap\":5}");
	CHECK(fake_is(&f, 1, "GET /v1/egresses?limit=500"));
	CHECK(fake_is(&f, 3, "DELETE /v1/egresses/" EGRESS));
	CHECK_STR(fake_header(&f, 3, "if-match:"), "\"2\"");
	CHECK(fake_is(&f, 4, "GET /v1/rate-budgets?lane=cm.login&key=x&limit=100"));
	CHECK(fake_is(&f, 5, "PATCH /v1/rate-budgets/cm.login%3Ax"));
	CHECK_STR(fake_body(&f, 5), "{\"everyMs\":20000,\"burst\":1}");
	CHECK(fake_is(&f, 6, "POST /v1/rate-budgets/cm.login%3Ax/clear-cooldown"));
	fake_done(&f);
}

#define TASK(...) "{\"items\":[{\"id\":\"t\"," __VA_ARGS__ "}],\"nextCursor\":null}"

static void one_action_on_one_account(void)
{
	SERVE(f, { 201, "{\"id\":\"" JOB "\",\"status\":\"queued\"}" },
		{ 200, "{\"id\":\"" JOB "\",\"status\":\"succeeded\"}" },
		{ 200, TASK("\"result\":{\"confirmations\":[{\"id\":\"9\",\"type\":\"trade\",\"creatorId\":\"61\"}]"
			    "}") },
		{ 201, "{\"id\":\"" JOB "\",\"status\":\"succeeded\"}" },
		{ 200, TASK("\"result\":{\"dryRun\":true,\"would\":\"accept\"}") },
		{ 201, "{\"id\":\"" JOB "\",\"status\":\"queued\"}" },
		{ 200, "{\"id\":\"" JOB "\",\"status\":\"failed\"}" },
		{ 200, TASK("\"error\":{\"code\":\"needs_web\",\"detail\":\"no session\"}") },
		{ 200, TASK("\"error\":{}") });

	CHECK(run("confirm", "list", ACCOUNT, "--type", "trade", "-q") == CLI_OK);
	CHECK_STR(said_out, "9\n");
	CHECK(run("confirm", "accept", ACCOUNT, "--creator", "61,62", "--dry-run", "--request-id", "my.id-1") ==
		CLI_OK);
	CHECK(strstr(said_out, "would"));
	CHECK(run("account", "standing", ACCOUNT) == CLI_FAILED && strstr(said_err, "needs_web: no session"));
	CHECK(fake_stop(&f) == 9);
	CHECK_STR(fake_body(&f, 0), "{\"action\":\"confirmations.list\",\"targets\":[\"" ACCOUNT
				    "\"],\"payload\":{\"type\":\"trade\"}}");
	CHECK(fake_is(&f, 2, "GET /v1/jobs/" JOB "/tasks?limit=1"));
	CHECK_STR(fake_body(&f, 3),
		"{\"action\":\"confirmations.respond\",\"targets\":[\"" ACCOUNT
		"\"],\"payload\":{\"operation\":\"accept\",\"creatorIds\":[\"61\",\"62\"]},\"dryRun\":true}");
	CHECK_STR(fake_header(&f, 3, "x-request-id:"), "my.id-1");
	CHECK_STR(fake_body(&f, 5), "{\"action\":\"account.standing\",\"targets\":[\"" ACCOUNT "\"]}");
	fake_done(&f);
	CHECK(run("confirm", "accept", ACCOUNT) == CLI_USAGE);
	CHECK(run("job", "run", "keys.redeem", "-t", ACCOUNT, "-p", "key=" PLANTED) == CLI_USAGE);
	CHECK(strstr(said_err, "key is a secret") && !strstr(said_err, PLANTED));
}

#define ID(i) "{\"id\":\"" #i "\"}"

/* All that wait: they are listed first, and answered ten at a time. */
static void all_confirmations(void)
{
	SERVE(f, { 201, "{\"id\":\"" JOB "\",\"status\":\"succeeded\"}" },
		{ 200, TASK("\"result\":{\"confirmations\":[" ID(1) "," ID(2) "," ID(3) "," ID(4) "," ID(5) "," ID(
			       6) "," ID(7) "," ID(8) "," ID(9) "," ID(10) "," ID(11) "]}") },
		{ 201, "{\"id\":\"" JOB "\",\"status\":\"succeeded\"}" },
		{ 200, TASK("\"result\":{\"results\":[{\"id\":\"1\",\"status\":\"done\"}]}") },
		{ 201, "{\"id\":\"" JOB "\",\"status\":\"succeeded\"}" },
		{ 200, TASK("\"result\":{\"results\":[{\"id\":\"11\",\"status\":\"done\"}]}") });

	CHECK(run("confirm", "cancel", ACCOUNT, "--type", "trade", "-q") == CLI_OK);
	CHECK_STR(said_out, "1\n11\n");
	CHECK(fake_stop(&f) == 6);
	CHECK_STR(fake_body(&f, 0), "{\"action\":\"confirmations.list\",\"targets\":[\"" ACCOUNT
				    "\"],\"payload\":{\"type\":\"trade\"}}");
	CHECK(strstr(fake_body(&f, 2), "{\"operation\":\"cancel\",\"ids\":[\"1\",\"2\",\"3\""));
	CHECK(strstr(fake_body(&f, 4), "{\"operation\":\"cancel\",\"ids\":[\"11\"]}"));
	CHECK(strcmp(fake_header(&f, 2, "idempotency-key:"), fake_header(&f, 4, "idempotency-key:")));
	fake_done(&f);
	CHECK(run("confirm", "cancel", ACCOUNT, "--all", "--id", "3") == CLI_USAGE);
}

/* What has no dry run is not done for one. */
static void dry_runs(void)
{
	SERVE(f, { 201, "{\"id\":\"" JOB "\",\"status\":\"queued\"}" },
		{ 200, "{\"items\":[],\"nextCursor\":null}" });

	CHECK(run("--dry-run", "job", "run", "licenses.add_free", "-t", ACCOUNT, "-p", "apps=440") == CLI_OK);
	CHECK(run("--dry-run", "account", "list") == CLI_OK);
	CHECK(run("--dry-run", "account", "down", ACCOUNT) == CLI_USAGE && strstr(said_err, "dry-run"));
	CHECK(run("--dry-run", "account", "create", "x") == CLI_USAGE);
	CHECK(run("--dry-run", "account", "standing", ACCOUNT) == CLI_USAGE);
	CHECK(run("--dry-run", "account", "edit", ACCOUNT, "--disable") == CLI_USAGE);
	CHECK(run("--dry-run", "account", "import", "/dev/null") == CLI_USAGE);
	CHECK(fake_stop(&f) == 2);
	CHECK(strstr(fake_body(&f, 0), "\"dryRun\":true"));
	fake_done(&f);
}

/* A job of which the rest waits for a person ends the waiting. */
static void a_job_that_needs_attention(void)
{
	SERVE(f, { 201, "{\"id\":\"" JOB "\",\"status\":\"queued\"}" },
		{ 200, "{\"id\":\"" JOB "\",\"status\":\"running\",\"summary\":{\"total\":2,\"succeeded\":1,"
		       "\"needsAttention\":1}}" },
		{ 200, "{\"id\":\"tsk_1\",\"status\":\"succeeded\"}" });

	CHECK(run("job", "run", "wallet.redeem", "-t", ACCOUNT, "--wait") == CLI_UNKNOWN &&
		strstr(said_err, "job resolve"));
	CHECK(run("job", "resolve", JOB, "tsk_1", "--outcome", "not_done", "--evidence", "looked") == CLI_OK);
	CHECK(fake_stop(&f) == 3);
	CHECK(fake_is(&f, 2, "POST /v1/jobs/" JOB "/tasks/tsk_1/resolve"));
	CHECK_STR(fake_body(&f, 2), "{\"outcome\":\"not_done\",\"evidence\":\"looked\"}");
	fake_done(&f);
}

static void profiles(void)
{
	char dir[] = "/tmp/cli_profile.XXXXXX", sub[64], path[96], key[96], text[256];
	SERVE(f, { 200, "{\"items\":[],\"nextCursor\":null}" }, { 200, "{\"items\":[],\"nextCursor\":null}" });

	CHECK(mkdtemp(dir) != NULL && setenv("XDG_CONFIG_HOME", dir, 1) == 0);
	snprintf(sub, sizeof(sub), "%s/footplate", dir);
	CHECK(mkdir(sub, 0700) == 0);
	snprintf(sub, sizeof(sub), "%s/footplate/profiles", dir);
	CHECK(mkdir(sub, 0700) == 0);
	snprintf(path, sizeof(path), "%s/home.toml", sub);
	snprintf(key, sizeof(key), "%s/home.key", sub);
	snprintf(text, sizeof(text), "[client]\nserver = \"%s\"\nkey_file = \"home.key\"\n",
		getenv("FOOTPLATE_SERVER"));
	make_file(path, text, 0644);
	make_file(key, "fp_live_home\n", 0600);
	setenv("FOOTPLATE_SERVER", "http://127.0.0.1:1", 1); /* the profile goes before it */
	CHECK(run("--profile", "home", "region", "list") == CLI_OK);
	CHECK(run("--profile", "home", "--server", "http://127.0.0.1:1", "region", "list") == CLI_AWAY);
	CHECK(run("--profile", "away", "region", "list") == CLI_USAGE && strstr(said_err, "no profile"));
	CHECK(run("--profile", "../home", "region", "list") == CLI_USAGE);
	make_file(path, "[client]\nserver = \"x\"\ncolour = \"red\"\n", 0644);
	CHECK(run("--profile", "home", "region", "list") == CLI_USAGE && strstr(said_err, "colour"));
	CHECK(fake_stop(&f) == 1);
	CHECK_STR(fake_header(&f, 0, "authorization:"), "Bearer fp_live_home");
	fake_done(&f);
	unsetenv("XDG_CONFIG_HOME");
	snprintf(text, sizeof(text), "rm -rf %s", dir);
	CHECK(system(text) == 0);
}

int main(void)
{
	unsetenv("FOOTPLATE_KEY_FILE");
	what_is_wanted();
	secrets_come_from_files();
	agents_are_logged_in();
	egresses_and_budgets();
	one_action_on_one_account();
	all_confirmations();
	dry_runs();
	a_job_that_needs_attention();
	profiles();
	run_done();
	return 0;
}
