#include "tests/system/pg.h"
#include "tests/unit/check.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGS_MAX 40

static void fail(const char *what)
{
	fprintf(stderr,
		"FAILED, not skipped: this test needs a PostgreSQL server (apt-get install postgresql) and could "
		"not start "
		"one: %s\n",
		what);
	exit(1);
}

static void nap(void)
{
	struct timespec t = { 0, 10000000 };
	nanosleep(&t, NULL);
}

static const char *program(const char *name)
{
	static char path[256];
	const char *given = getenv("PG_BIN");
	glob_t found;
	char pattern[64];

	snprintf(path, sizeof(path), "%s/%s", given ? given : "", name);
	if (given)
		return path;
	snprintf(pattern, sizeof(pattern), "/usr/lib/postgresql/*/bin/%s", name);
	if (glob(pattern, 0, NULL, &found) != 0 || found.gl_pathc == 0)
		fail("there is no /usr/lib/postgresql/*/bin, and PG_BIN is not set");
	snprintf(path, sizeof(path), "%s", found.gl_pathv[found.gl_pathc - 1]);
	globfree(&found);
	return path;
}

/* The server refuses to run as root: then it runs as its own user. */
static void step_down(void)
{
	const struct passwd *who = geteuid() == 0 ? getpwnam("postgres") : NULL;

	if (geteuid() != 0)
		return;
	if (!who || setgroups(0, NULL) != 0 || setgid(who->pw_gid) != 0 || setuid(who->pw_uid) != 0)
		_exit(126);
}

static pid_t spawn(const struct pg *p, const char *const *argv)
{
	char log[96];
	snprintf(log, sizeof(log), "%s/log", p->dir);
	fflush(NULL);
	pid_t parent = getpid(), pid = fork();

	CHECK(pid >= 0);
	if (pid > 0)
		return pid;
	step_down();
	prctl(PR_SET_PDEATHSIG,
		SIGQUIT); /* after the change of user, which forgets it: a server then ends at once, and tidily */
	if (getppid() != parent)
		_exit(127);
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	dup2(fd, STDERR_FILENO);
	dup2(fd, STDOUT_FILENO);
	for (int i = 3; i < 256; i++) /* a connection of ours would stay open in it */
		close(i);
	unsetenv("LD_PRELOAD");
	if (chdir("/") == 0)
		execv(argv[0], (char **)(uintptr_t)argv);
	_exit(127);
}

static void show_log(const struct pg *p)
{
	char path[96], line[1024];
	snprintf(path, sizeof(path), "%s/log", p->dir);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		fputs(line, stderr);
	if (f)
		fclose(f);
}

static uint16_t free_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&at, n) == 0 &&
		getsockname(fd, (struct sockaddr *)&at, &n) == 0);
	close(fd);
	return ntohs(at.sin_port);
}

static void make_cluster(struct pg *p)
{
	char data[96], password[96], argument[110];
	int status = 0;

	snprintf(p->dir, sizeof(p->dir), "/tmp/footplate-pg-XXXXXX");
	CHECK(mkdtemp(p->dir) && chmod(p->dir, 0755) == 0);
	snprintf(data, sizeof(data), "%s/data", p->dir);
	snprintf(password, sizeof(password), "%s/password", p->dir);
	snprintf(argument, sizeof(argument), "--pwfile=%s", password);
	FILE *f = fopen(password, "we");
	CHECK(f && fputs(PG_PASSWORD "\n", f) >= 0 && fclose(f) == 0);
	const struct passwd *who = getpwnam("postgres");
	if (geteuid() == 0 && (!who || chown(p->dir, who->pw_uid, who->pw_gid) != 0 ||
				      chown(password, who->pw_uid, who->pw_gid) != 0))
		fail("there is no user postgres");
	const char *argv[] = { program("initdb"), "-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C",
		"--auth-local=trust", "--auth-host=scram-sha-256", argument, "--no-instructions", "--no-sync",
		NULL };
	pid_t pid = spawn(p, argv);
	CHECK(waitpid(pid, &status, 0) == pid);
	if (status) {
		show_log(p);
		fail("initdb failed");
	}
}

/* Line 1 of its pid file is who wrote it, the last one how far it is. */
static bool is_ready(const struct pg *p)
{
	char path[96], text[512] = "";

	snprintf(path, sizeof(path), "%s/data/postmaster.pid", p->dir);
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	if (f)
		fclose(f);
	text[n] = 0;
	return strtol(text, NULL, 10) == p->pid && strstr(text, "\nready");
}

/* False: it ended before it was ready. */
static bool start_once(struct pg *p, const char *const *more)
{
	char data[96], port[16];
	size_t n = 0;

	snprintf(data, sizeof(data), "%s/data", p->dir);
	snprintf(port, sizeof(port), "%u", p->port);
	const char *argv[ARGS_MAX] = { program("postgres"), "-D", data, "-k", p->dir, "-p", port, "-c",
		"listen_addresses=127.0.0.1", "-c", "shared_buffers=32MB", "-c", "max_connections=64", "-c",
		"log_min_messages=warning" };
	while (argv[n])
		n++;
	for (; more && *more; more++) {
		CHECK(n < ARGS_MAX - 1);
		argv[n++] = *more;
	}
	p->pid = spawn(p, argv);
	for (int i = 0; i < 6000; i++) {
		if (is_ready(p))
			return true;
		if (waitpid(p->pid, NULL, WNOHANG) == p->pid)
			return false;
		nap();
	}
	fail("it did not become ready");
	return false;
}

void pg_start(struct pg *p, const char *const *more)
{
	CHECK(p->pid == 0);
	if (!*p->dir) {
		make_cluster(p);
		p->port = free_port();
		snprintf(
			p->url, sizeof(p->url), "postgresql://postgres@/postgres?host=%s&port=%u", p->dir, p->port);
		snprintf(p->tcp_url, sizeof(p->tcp_url),
			"postgresql://postgres:p%%40ss%%2Fword@127.0.0.1:%u/postgres", p->port);
	}
	/* After a kill, processes of the one before may still hold its shared memory for a moment. */
	for (int i = 0; i < 20; i++) {
		if (start_once(p, more))
			return;
		nap();
	}
	show_log(p);
	fail("it ended at once");
}

/* The server's processes are in sessions of their own: found by their parent. */
static size_t children(const struct pg *p, pid_t *ret, size_t max)
{
	DIR *all = opendir("/proc");
	size_t n = 0;

	CHECK(all != NULL);
	for (const struct dirent *e; n < max && (e = readdir(all));) {
		char path[300], text[512] = "";
		int parent = 0;
		snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
		FILE *f = *e->d_name >= '0' && *e->d_name <= '9' ? fopen(path, "re") : NULL;
		if (!f)
			continue;
		const char *end = fgets(text, sizeof(text), f) ? strrchr(text, ')') : NULL;
		if (end && sscanf(end, ") %*c %d", &parent) == 1 && parent == p->pid)
			ret[n++] = (pid_t)atoi(e->d_name);
		fclose(f);
	}
	closedir(all);
	return n;
}

static void signal_all(const struct pg *p, int sig)
{
	pid_t all[256];

	if (sig == SIGSTOP) /* so that it starts no more of them meanwhile */
		CHECK(kill(p->pid, sig) == 0);
	size_t n = children(p, all, 256);
	if (sig != SIGSTOP)
		CHECK(kill(p->pid, sig) == 0);
	for (size_t i = 0; i < n; i++)
		kill(all[i], sig); /* one may be gone by now */
}

static void await_end(struct pg *p)
{
	CHECK(waitpid(p->pid, NULL, 0) == p->pid);
	p->pid = 0;
}

void pg_stop(struct pg *p)
{
	if (!p->pid)
		return;
	CHECK(kill(p->pid, SIGINT) == 0);
	await_end(p);
}

void pg_kill9(struct pg *p)
{
	signal_all(p, SIGKILL);
	await_end(p);
}

void pg_pause(struct pg *p) { signal_all(p, SIGSTOP); }
void pg_resume(struct pg *p) { signal_all(p, SIGCONT); }

void pg_done(struct pg *p)
{
	char command[96];

	pg_stop(p);
	if (!*p->dir)
		return;
	snprintf(command, sizeof(command), "rm -rf %s", p->dir);
	CHECK(system(command) == 0);
	*p = (struct pg){ 0 };
}
