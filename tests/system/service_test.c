/*
 * The control plane as a service: what the manager is told, a socket that outlives a crash, and reloads under load over TLS, of
 * which no request sees anything: certificates, the log's level, limits; a wrong file changes nothing.
 */
#include "tests/system/rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALLERS  4
#define SWAPS    6
#define WATCH_US "900000"

static int manager = -1; /* the manager's end of NOTIFY_SOCKET */
static char heard[65536];

static void listen_as_manager(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char name[sizeof(a.sun_path) + 1];
	int n = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "footplate-test-%d", getpid());

	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	manager = fcntl(fd, F_DUPFD_CLOEXEC, 10); /* 3 is for the socket that is handed over */
	close(fd);
	CHECK(manager >= 0 && bind(manager, (struct sockaddr *)&a,
				      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) == 0);
	snprintf(name, sizeof(name), "@%s", a.sun_path + 1);
	setenv("NOTIFY_SOCKET", name, 1);
}

/* Takes what has come within; 0: what is there now. */
static void hear(int within_ms)
{
	char one[600];
	struct pollfd p = { .fd = manager, .events = POLLIN };

	while (poll(&p, 1, within_ms) == 1) {
		ssize_t n = recv(manager, one, sizeof(one) - 2, 0);
		CHECK(n > 0);
		one[n] = '\n';
		one[n + 1] = 0;
		CHECK(strlen(heard) + (size_t)n + 2 < sizeof(heard));
		strcat(heard, one);
		within_ms = 0;
	}
}

/* Waits until the manager has heard this, and forgets all up to it. */
static void await_word(const char *word)
{
	for (int i = 0; i < 600; i++) {
		char *at = strstr(heard, word);
		if (at) {
			memmove(heard, at + strlen(word), strlen(at + strlen(word)) + 1);
			return;
		}
		hear(100);
	}
	fprintf(stderr, "%s was not said, but: %s\n", word, heard);
	exit(1);
}

static size_t count_of(const char *text, const char *word)
{
	size_t n = 0;
	for (const char *at = text; (at = strstr(at, word)); at += strlen(word))
		n++;
	return n;
}

static char *read_log(const struct rig *r)
{
	char path[128];
	char *text = calloc(1, 4 << 20);

	snprintf(path, sizeof(path), "%s/serve.log", r->dir);
	FILE *f = fopen(path, "r");
	CHECK(f && text);
	text[fread(text, 1, (4 << 20) - 1, f)] = 0;
	fclose(f);
	return text;
}

static void await_log(const struct rig *r, const char *line, size_t times)
{
	for (int i = 0; i < 1000; i++) {
		char *text = read_log(r);
		bool there = count_of(text, line) >= times;
		free(text);
		if (there)
			return;
		rig_sleep_ms(20);
	}
	fprintf(stderr, "not logged %zu times: %s\n", times, line);
	exit(1);
}

static void run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	CHECK(system(line) == 0);
}

/* ---- the socket, and what the manager hears ---- */

/* Starts the server through a shell that does what the manager does: it names the process that the socket is for. */
static void hand_over(struct rig *r)
{
	static char script[128];
	struct sockaddr_in a = { .sin_family = AF_INET };
	char real[512];

	inet_pton(AF_INET, "127.0.0.1", &a.sin_addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, 64) == 0);
	if (fd != 3) {
		CHECK(dup2(fd, 3) == 3);
		close(fd);
	}
	snprintf(real, sizeof(real), "%s", getenv("FOOTPLATE"));
	snprintf(script, sizeof(script), "%s/activate", r->dir);
	FILE *f = fopen(script, "w");
	CHECK(f && fprintf(f,
			   "#!/bin/sh\nLISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=footplate WATCHDOG_PID=$$ "
			   "WATCHDOG_USEC=" WATCH_US " exec %s \"$@\"\n",
			   real) > 0);
	CHECK(fclose(f) == 0 && chmod(script, 0755) == 0);
	setenv("FOOTPLATE", script, 1);
}

static void watched(struct rig *r)
{
	for (int i = 0; i < 3; i++)
		await_word("WATCHDOG=1");
	/* While someone else holds the database, the writer does not answer: then nothing may be said. */
	run("printf 'BEGIN IMMEDIATE;\\n.shell touch %s/held; sleep 1.5; rm %s/held\\nROLLBACK;\\n' | sqlite3 "
	    "%s/data/footplate.db "
	    "&",
		r->dir, r->dir, r->dir);
	char held[96];
	snprintf(held, sizeof(held), "%s/held", r->dir);
	while (access(held, F_OK) != 0)
		rig_sleep_ms(5);
	rig_sleep_ms(20); /* one that was on its way */
	hear(0);
	*heard = 0;
	while (access(held, F_OK) == 0) {
		char before[sizeof(heard)];
		hear(20);
		snprintf(before, sizeof(before), "%s", heard);
		if (access(held, F_OK) == 0)
			CHECK(!strstr(before, "WATCHDOG=1"));
	}
	await_word("WATCHDOG=1");
}

static void as_a_service(void)
{
	struct rig r;

	rig_init(&r);
	char *real = strdup(getenv("FOOTPLATE"));
	hand_over(&r);
	rig_serve(&r,
		(const char *const[]){ "--no-agent", "--host", "192.0.2.1", NULL }); /* that address is not bound */
	const char *port = strrchr(r.url, ':');
	struct sockaddr_in a;
	socklen_t n = sizeof(a);
	CHECK(port && getsockname(3, (struct sockaddr *)&a, &n) == 0 && ntohs(a.sin_port) == atoi(port + 1));
	snprintf(r.url, sizeof(r.url), "http://127.0.0.1:%u", ntohs(a.sin_port));
	await_word("READY=1\nSTATUS=serves ");
	watched(&r);
	rig_stop(&r.server, SIGKILL);
	int fd = rig_connect(&r); /* nobody is there, and yet it is not refused */
	static const char ask[] = "GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
	CHECK(write(fd, ask, sizeof(ask) - 1) == sizeof(ask) - 1);
	rig_serve(&r, (const char *const[]){ "--no-agent", "--host", "192.0.2.1", NULL });
	char answer[4096];
	ssize_t k = read(fd, answer, sizeof(answer) - 1);
	CHECK(k > 0 && !strncmp(answer, "HTTP/1.1 200", 12));
	close(fd);
	await_word("READY=1\nSTATUS=serves ");
	kill(r.server, SIGHUP);
	await_word("RELOADING=1\nMONOTONIC_USEC=");
	await_word("READY=1\n");
	rig_stop(&r.server, SIGTERM);
	await_word("STOPPING=1");
	close(3);
	setenv("FOOTPLATE", real, 1);
	free(real);
	rig_done(&r);
}

/* ---- reloads ---- */

struct caller {
	pthread_t thread;
	const char *url, *ca;
	bool keeps; /* its connection */
	_Atomic bool *stop;
	unsigned long calls;
};

static void *call_on(void *arg)
{
	struct caller *c = arg;
	struct http_caller *keep = c->keeps ? http_call_new() : NULL;

	while (!atomic_load(c->stop)) {
		struct http_answer a = { 0 };
		struct fault f = { 0 };
		enum rc rc = http_call(
			&(struct http_ask){ .caller = keep, .url = c->url, .tls_ca = c->ca, .deadline_ms = 20000 },
			&a, &f);
		if (rc != RC_OK || a.status != 200)
			fprintf(stderr, "after %lu calls: %d %s\n", c->calls, a.status, f.text);
		CHECK(rc == RC_OK && a.status == 200);
		http_answer_done(&a);
		c->calls++;
	}
	http_call_free(keep);
	return NULL;
}

static void make_cert(const struct rig *r, const char *name, const char *key)
{
	run("openssl req -x509 -newkey %s -nodes -days 2 -subj /CN=%s -addext subjectAltName=IP:127.0.0.1 -keyout "
	    "%s/%s.key -out "
	    "%s/%s.pem 2>/dev/null",
		key, name, r->dir, name, r->dir, name);
}

static bool is_served_with(const struct rig *r, const char *name)
{
	char ca[96], url[160];
	struct http_answer a = { 0 };
	struct fault f = { 0 };

	snprintf(ca, sizeof(ca), "%s/%s.pem", r->dir, name);
	snprintf(url, sizeof(url), "%s/livez", r->url);
	enum rc rc = http_call(&(struct http_ask){ .url = url, .tls_ca = ca, .deadline_ms = 20000 }, &a, &f);
	bool served = rc == RC_OK && a.status == 200;
	http_answer_done(&a);
	return served;
}

static void write_conf(const struct rig *r, const char *rest)
{
	char path[96];
	snprintf(path, sizeof(path), "%s/conf.toml", r->dir);
	FILE *f = fopen(path, "w");
	CHECK(f && fprintf(f, "[server]\ntls_cert = \"%s/now.pem\"\ntls_key = \"%s/now.key\"\n%s", r->dir, r->dir,
			   rest) > 0);
	CHECK(fclose(f) == 0);
}

static void put_cert(const struct rig *r, const char *name)
{
	run("cd %s && cp %s.pem now.pem && cp %s.key now.key", r->dir, name, name);
}

static void wrong_files(struct rig *r)
{
	put_cert(r, "a");
	run("cp %s/b.key %s/now.key", r->dir, r->dir); /* another's key */
	kill(r->server, SIGHUP);
	await_log(r, "not reloaded, what was set before stays: server.tls_cert, server.tls_key", 1);
	CHECK(is_served_with(r, "a"));
	put_cert(r, "b");
	write_conf(r, "head_mss = 1\n"); /* so nothing of it is taken, not even the certificate */
	kill(r->server, SIGHUP);
	await_log(r, "head_mss", 1);
	CHECK(is_served_with(r, "a") && !is_served_with(r, "b"));
	put_cert(r, "a");
}

static void settings(struct rig *r, size_t reloads)
{
	char url[160], ca[96];
	struct http_answer a = { 0 };
	struct fault f = { 0 };

	write_conf(r, "body_bytes = 1024\nport = 1\n[log]\nlevel = \"debug\"\n");
	kill(r->server, SIGHUP);
	await_log(r, "reloaded changed=", reloads + 1);
	await_log(r, "setting reloaded key=log.level", 1);
	await_log(r, "setting reloaded key=server.body_bytes", 1);
	snprintf(url, sizeof(url), "%s/v1/jobs", r->url);
	snprintf(ca, sizeof(ca), "%s/a.pem", r->dir);
	char *big = calloc(1, 2001);
	memset(big, ' ', 2000);
	CHECK(http_call(&(struct http_ask){ .method = "POST",
				.url = url,
				.tls_ca = ca,
				.body = big,
				.body_n = 2000,
				.deadline_ms = 20000 },
		      &a, &f) == RC_OK &&
		a.status == 413);
	http_answer_done(&a);
	free(big);
	await_log(r, "refused a request", 1); /* of level debug */
}

static void reloaded_under_load(void)
{
	static _Atomic bool stop;
	struct caller callers[CALLERS];
	char url[160], both[96], conf[96];
	unsigned long calls = 0;
	struct rig r;

	rig_init(&r);
	make_cert(&r, "a", "ec -pkeyopt ec_paramgen_curve:P-256");
	make_cert(&r, "b", "rsa:2048"); /* another kind of key: nothing of the old may be left */
	run("cd %s && cat a.pem b.pem >both.pem", r.dir);
	put_cert(&r, "a");
	write_conf(&r, "");
	snprintf(conf, sizeof(conf), "%s/conf.toml", r.dir);
	rig_serve(&r, (const char *const[]){ "--no-agent", "--config", conf, NULL });
	snprintf(url, sizeof(url), "%s/livez", r.url);
	snprintf(both, sizeof(both), "%s/both.pem", r.dir);
	for (int i = 0; i < CALLERS; i++) {
		callers[i] = (struct caller){ .url = url, .ca = both, .keeps = i % 2, .stop = &stop };
		CHECK(pthread_create(&callers[i].thread, NULL, call_on, &callers[i]) == 0);
	}
	for (int i = 0; i < SWAPS; i++) {
		const char *now = i % 2 ? "a" : "b", *before = i % 2 ? "b" : "a";
		put_cert(&r, now);
		kill(r.server, SIGHUP);
		await_log(&r, "reloaded changed=", (size_t)i + 1);
		CHECK(is_served_with(&r, now) && !is_served_with(&r, before));
	}
	wrong_files(&r);
	settings(&r, SWAPS);
	atomic_store(&stop, true);
	for (int i = 0; i < CALLERS; i++) {
		pthread_join(callers[i].thread, NULL);
		CHECK(callers[i].calls > 0);
		calls += callers[i].calls;
	}
	await_log(&r, "setting not reloaded, it needs a restart key=server.port",
		0); /* a flag goes before the file */
	printf("calls=%lu failed=0 reloads=%d\n", calls, SWAPS + 1);
	rig_done(&r);
}

/* As the shipped unit runs it: a user without a name, no capability, none to be had, a mask of 077. It makes its folder, serves,
 * has its agent connect, and leaves nothing that others may read. */
static void as_a_normal_user(void)
{
	char path[96], *real = strdup(getenv("FOOTPLATE"));
	struct rig r;

	rig_init(&r);
	snprintf(path, sizeof(path), "%s/plain", r.dir);
	FILE *f = fopen(path, "w");
	CHECK(f &&
		fprintf(f, "#!/bin/sh\numask 077\nexec %s %s \"$@\"\n",
			geteuid() == 0 ? "setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "
					 "--bounding-set=-all "
					 "--no-new-privs"
				       : "setpriv --no-new-privs",
			real) > 0 &&
		fclose(f) == 0);
	run("chmod 755 %s && if [ $(id -u) = 0 ]; then chown -R 65534:65534 %s; fi", path, r.dir);
	setenv("FOOTPLATE", path, 1);
	rig_serve(&r, NULL);
	rig_await_agents(&r, 1);
	run("grep -q '^CapEff:\\s*0000000000000000$' /proc/%d/status && grep -q '^NoNewPrivs:\\s*1$' "
	    "/proc/%d/status",
		(int)r.server, (int)r.server);
	run("! grep -q '^Uid:\\s*0' /proc/%d/status || [ $(id -u) != 0 ]", (int)r.server);
	run("! find %s/data -perm /077 | grep .", r.dir);
	setenv("FOOTPLATE", real, 1);
	rig_done(&r);
	free(real);
}

int main(void)
{
	listen_as_manager();
	unsetenv("FOOTPLATE_STORE"); /* how the database is held up here is SQLite's way */
	as_a_service();
	unsetenv("NOTIFY_SOCKET");
	reloaded_under_load();
	as_a_normal_user();
	return 0;
}
