#include "tests/system/nats.h"
#include "tests/unit/check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr,
		"FAILED, not skipped: this test needs nats-server (apt-get install nats-server) and could not "
		"start "
		"it: %s\n",
		what);
	exit(1);
}

static const char *program(void)
{
	static const char *const places[] = { "/usr/bin/nats-server", "/usr/sbin/nats-server",
		"/usr/local/bin/nats-server" };
	const char *given = getenv("NATS_SERVER");

	for (size_t i = 0; !given && i < sizeof(places) / sizeof(*places); i++)
		given = access(places[i], X_OK) == 0 ? places[i] : NULL;
	if (!given)
		fail("there is none");
	return given;
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

static void write_conf(const struct nats_server *n, uint64_t max_file)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/conf", n->dir);
	FILE *f = fopen(path, "we");
	CHECK(f &&
		fprintf(f,
			"listen: 127.0.0.1:%u\nserver_name: test\njetstream { store_dir: \"%s/store\", "
			"max_file_store: "
			"%llu, max_memory_store: 67108864 }\nauthorization { user: footplate, password: "
			"\"" NATS_PASSWORD "\" }\n",
			n->port, n->dir, (unsigned long long)max_file) > 0 &&
		fclose(f) == 0);
}

static pid_t spawn(const struct nats_server *n)
{
	char log[96], conf[96];

	snprintf(log, sizeof(log), "%s/log", n->dir);
	snprintf(conf, sizeof(conf), "%s/conf", n->dir);
	const char *argv[] = { program(), "-c", conf, NULL };
	fflush(NULL);
	pid_t parent = getpid(), pid = fork();
	CHECK(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	dup2(fd, STDERR_FILENO);
	dup2(fd, STDOUT_FILENO);
	for (int i = 3; i < 256; i++)
		close(i);
	unsetenv("LD_PRELOAD");
	execv(argv[0], (char **)(uintptr_t)argv);
	_exit(127);
}

static bool log_says(const struct nats_server *n, const char *words)
{
	char path[96], line[1024];
	bool found = false;

	snprintf(path, sizeof(path), "%s/log", n->dir);
	FILE *f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, words) != NULL;
	if (f)
		fclose(f);
	return found;
}

void nats_start(struct nats_server *n, uint64_t max_file)
{
	CHECK(n->pid == 0);
	if (!*n->dir) {
		snprintf(n->dir, sizeof(n->dir), "/tmp/footplate-nats-XXXXXX");
		CHECK(mkdtemp(n->dir) != NULL);
		n->port = free_port();
		snprintf(n->url, sizeof(n->url), "nats://footplate:" NATS_PASSWORD "@127.0.0.1:%u", n->port);
	}
	write_conf(n, max_file ? max_file : 1ull << 30);
	n->pid = spawn(n);
	for (int i = 0; i < 6000; i++) {
		if (log_says(n, "Server is ready"))
			return;
		if (waitpid(n->pid, NULL, WNOHANG) == n->pid)
			fail("it ended");
		nanosleep(&(struct timespec){ 0, 5000000 }, NULL);
	}
	fail("it did not become ready");
}

static void end(struct nats_server *n, int sig)
{
	if (n->pid <= 0)
		return;
	kill(n->pid, sig);
	CHECK(waitpid(n->pid, NULL, 0) == n->pid);
	n->pid = 0;
}

void nats_stop(struct nats_server *n) { end(n, SIGTERM); }
void nats_kill9(struct nats_server *n) { end(n, SIGKILL); }
void nats_pause(struct nats_server *n) { CHECK(kill(n->pid, SIGSTOP) == 0); }
void nats_resume(struct nats_server *n) { CHECK(kill(n->pid, SIGCONT) == 0); }

static void remove_all(const char *dir, const char *name)
{
	char command[160];
	snprintf(command, sizeof(command), "rm -rf %s%s", dir, name);
	CHECK(system(command) == 0);
}

void nats_forget(struct nats_server *n)
{
	CHECK(n->pid == 0);
	remove_all(n->dir, "/store");
}

void nats_done(struct nats_server *n)
{
	end(n, SIGKILL);
	if (*n->dir)
		remove_all(n->dir, "");
	*n = (struct nats_server){ 0 };
}
