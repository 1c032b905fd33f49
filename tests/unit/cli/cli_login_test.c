/* footplate login, logout, whoami: what is kept and how, who gets it, and when it is renewed: against a server that says what the test wrote. */
#include "tests/unit/cli/run.h"

#include <fcntl.h>
#include <sys/stat.h>

#define SERVE(f, ...)                                                   \
	static const struct fake_reply f##_replies[] = { __VA_ARGS__ }; \
	struct fake f;                                                  \
	fake_start(&f, f##_replies, sizeof(f##_replies) / sizeof(*f##_replies))

#define TOKENS(n, until)                                                                                      \
	"{\"status\":\"done\",\"sessionId\":\"aus_1\",\"userId\":\"usr_1\",\"expiresAt\":\"2999-01-01T00:00:" \
	"00Z\",\"accessToken\":\"a." n "\",\"accessExpiresAt\":\"" until "\",\"refreshToken\":\"fp_rt_" n "\"}"
#define LATER "2999-01-01T00:00:00Z"
#define PAST  "2001-01-01T00:00:00Z"

static char dir[64], path[160];

static const char *fd_of(const char *text)
{
	static char n[4][16];
	static int next;
	int fds[2];
	char *to = n[next++ % 4];

	CHECK(pipe(fds) == 0 && write(fds[1], text, strlen(text)) == (ssize_t)strlen(text) && close(fds[1]) == 0);
	snprintf(to, 16, "%d", fds[0]);
	return to;
}

static const char *kept(void)
{
	static char text[4096];
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	text[n] = 0;
	if (f)
		fclose(f);
	return text;
}

static void log_on(const char *answer)
{
	const struct fake_reply replies[] = { { 200, answer } };
	struct fake f;
	fake_start(&f, replies, 1);
	CHECK(run("login", "ann", "--secret-fd", fd_of("pass word\n")) == CLI_OK);
	CHECK(fake_stop(&f) == 1);
	fake_done(&f);
}

static void a_log_on(void)
{
	struct stat st;
	SERVE(f, { 200, "{\"status\":\"second_factor_required\",\"challenge\":\"fp_lc_1\"}" },
		{ 200, TOKENS("1", LATER) }, { 200, "{\"kind\":\"user\",\"id\":\"usr_1\"}" }, { 204, "" },
		{ 401, "{\"detail\":\"no\"}" });

	CHECK(run("login", "ann", "--secret-fd", fd_of("pass word\n"), "--code-fd", fd_of("123456\n")) == CLI_OK);
	CHECK(strstr(said_out, "logged in as ann") && !strstr(said_out, "a.1") && !strstr(said_out, "fp_rt_"));
	CHECK(fake_is(&f, 0, "POST /v1/auth/login") && fake_is(&f, 1, "POST /v1/auth/login/second-factor"));
	CHECK_STR(fake_body(&f, 0), "{\"kind\":\"token\",\"login\":\"ann\",\"password\":\"pass word\"}");
	CHECK_STR(fake_body(&f, 1), "{\"challenge\":\"fp_lc_1\",\"code\":\"123456\"}");
	CHECK_STR(fake_header(&f, 0, "authorization:"), "");
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600 && strstr(kept(), "fp_rt_1") &&
		!strstr(kept(), "pass word"));
	CHECK(run("whoami") == CLI_OK && strstr(said_out, "usr_1"));
	CHECK(fake_is(&f, 2, "GET /v1/auth/me"));
	CHECK_STR(fake_header(&f, 2, "authorization:"), "Bearer a.1");
	/* What others could read is not used. */
	CHECK(chmod(path, 0644) == 0 && run("whoami") == CLI_DENIED && chmod(path, 0600) == 0);
	CHECK(run("logout") == CLI_OK && fake_is(&f, 3, "POST /v1/auth/logout") && access(path, F_OK) != 0);
	CHECK(run("whoami") == CLI_DENIED && strstr(said_err, "footplate login"));
	CHECK_STR(fake_header(&f, 4, "authorization:"), "");
	CHECK(run("logout") == CLI_USAGE);
	CHECK(fake_stop(&f) == 5);
	fake_done(&f);
}

static void it_is_renewed(void)
{
	log_on(TOKENS("1", PAST));
	char *was = strdup(getenv("FOOTPLATE_SERVER"));
	/* Another server does not see the tokens. */
	SERVE(other, { 401, "{}" });
	CHECK(run("whoami") == CLI_DENIED && fake_stop(&other) == 1);
	CHECK_STR(fake_header(&other, 0, "authorization:"), "");
	fake_done(&other);
	free(was);
	log_on(TOKENS("1", PAST));
	unsigned port = 0;
	CHECK(sscanf(strstr(kept(), "127.0.0.1:"), "127.0.0.1:%u", &port) == 1);
	SERVE(f, { 200, TOKENS("2", LATER) }, { 200, "{}" }, { 200, "{}" });
	/* The kept log-on is for the last server: let this one be it. */
	char text[4096], to[4200];
	snprintf(text, sizeof(text), "%s", kept());
	char from[32], with[32];
	snprintf(from, sizeof(from), ":%u", port);
	snprintf(with, sizeof(with), ":%u", f.port);
	char *at = strstr(text, from);
	snprintf(to, sizeof(to), "%.*s%s%s", (int)(at - text), text, with, at + strlen(from));
	FILE *file = fopen(path, "we");
	CHECK(file && fputs(to, file) >= 0 && fclose(file) == 0);
	unsetenv("FOOTPLATE_SERVER"); /* nobody names one: the one that the log-on is for */
	CHECK(run("whoami") == CLI_OK);
	CHECK(fake_is(&f, 0, "POST /v1/auth/refresh") && fake_is(&f, 1, "GET /v1/auth/me"));
	CHECK_STR(fake_body(&f, 0), "{\"refreshToken\":\"fp_rt_1\"}");
	CHECK_STR(fake_header(&f, 0, "authorization:"), "");
	CHECK_STR(fake_header(&f, 1, "authorization:"), "Bearer a.2");
	CHECK(strstr(kept(), "fp_rt_2") && !strstr(kept(), "fp_rt_1"));
	CHECK(run("whoami") == CLI_OK && fake_stop(&f) == 3);
	CHECK_STR(fake_header(&f, 2, "authorization:"), "Bearer a.2");
	fake_done(&f);
}

/* A key goes first; a password is never an argument. */
static void others(void)
{
	log_on(TOKENS("3", LATER));
	SERVE(f, { 200, "{}" },
		{ 401, "{\"code\":\"unauthenticated\",\"title\":\"No\",\"detail\":\"the login or the password is "
		       "wrong\"}" });
	CHECK(run("whoami", "--key-fd", fd_of("fp_live_x")) == CLI_OK);
	CHECK_STR(fake_header(&f, 0, "authorization:"), "Bearer fp_live_x");
	CHECK(run("login", "ann", "--password", "x") == CLI_USAGE && strstr(said_err, "never an argument"));
	CHECK(run("login") == CLI_USAGE);
	CHECK(run("login", "ann", "--secret-fd", fd_of("wrong")) == CLI_DENIED && strstr(said_err, "wrong"));
	CHECK(strstr(kept(), "fp_rt_3")); /* the log-on from before stays */
	CHECK(fake_stop(&f) == 2);
	fake_done(&f);
}

int main(void)
{
	snprintf(dir, sizeof(dir), "/tmp/footplate-login-XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
	setenv("XDG_CONFIG_HOME", dir, 1);
	snprintf(path, sizeof(path), "%s/footplate/profiles/default.session", dir);
	a_log_on();
	it_is_renewed();
	others();
	run_done();
	char command[200];
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	CHECK(system(command) == 0);
	return 0;
}
