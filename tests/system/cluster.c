#include "tests/system/cluster.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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

static void make_master_key(const struct cluster *c)
{
	char path[96];
	unsigned char key[32];

	snprintf(path, sizeof(path), "%s/master.key", c->rig.dir);
	FILE *random = fopen("/dev/urandom", "re"), *f = fopen(path, "we");
	CHECK(random && f && fread(key, 1, sizeof(key), random) == sizeof(key) &&
		fwrite(key, 1, sizeof(key), f) == sizeof(key));
	fclose(random);
	CHECK(fclose(f) == 0 && chmod(path, 0600) == 0);
}

static void spawn_plane(struct cluster *c, unsigned i)
{
	struct cluster_plane *p = &c->planes[i];
	char data[96], ready[96], port[16], key[128];
	size_t n = 0;

	snprintf(p->name, sizeof(p->name), "serve-%u", i);
	snprintf(data, sizeof(data), "%s/data-%u", c->rig.dir, i);
	snprintf(ready, sizeof(ready), "%s/ready-%u", c->rig.dir, i);
	snprintf(port, sizeof(port), "%u", p->port);
	snprintf(key, sizeof(key), "data.master_key=%s/master.key", c->rig.dir);
	snprintf(p->url, sizeof(p->url), "http://127.0.0.1:%u", p->port);
	unlink(ready);
	const char *argv[RIG_ARGS_MAX] = { getenv("FOOTPLATE"), "serve", "--data", data, "--port", port,
		"--ready-file", ready, "--no-agent", "--set", key };
	CHECK(argv[0] && p->pid == 0);
	while (argv[n])
		n++;
	for (const char *const *more = c->more; more && *more; more++) {
		CHECK(n < RIG_ARGS_MAX - 1);
		argv[n++] = *more;
	}
	p->pid = rig_spawn(&c->rig, p->name, argv);
}

static void await_plane(struct cluster *c, unsigned i)
{
	char file[32];
	snprintf(file, sizeof(file), "ready-%u", i);
	free(rig_await_file(&c->rig, file, c->planes[i].pid));
}

void cluster_plane_start(struct cluster *c, unsigned i)
{
	spawn_plane(c, i);
	await_plane(c, i);
}

/* All start at once on an empty database: one of them makes the first key. */
static void start_planes(struct cluster *c)
{
	unsigned keys = 0;

	for (unsigned i = 0; i < CLUSTER_PLANES; i++) {
		c->planes[i].port = free_port();
		spawn_plane(c, i);
	}
	for (unsigned i = 0; i < CLUSTER_PLANES; i++) {
		char path[96];
		await_plane(c, i);
		snprintf(path, sizeof(path), "%s/data-%u/admin.key", c->rig.dir, i);
		FILE *f = fopen(path, "re");
		if (!f)
			continue;
		CHECK(fgets(c->rig.key, sizeof(c->rig.key), f) != NULL);
		fclose(f);
		keys++;
	}
	CHECK(keys == 1);
}

void cluster_plane_stop(struct cluster *c, unsigned i, int sig)
{
	char command[160];
	pid_t pid = c->planes[i].pid;
	int status = 0;

	if (!pid)
		return;
	kill(pid, sig);
	CHECK(waitpid(pid, &status, 0) == pid);
	c->planes[i].pid = 0;
	if (sig == SIGKILL || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return;
	snprintf(command, sizeof(command), "tail -50 %s/%s.log >&2", c->rig.dir, c->planes[i].name);
	CHECK(system(command) == 0);
	fprintf(stderr, "control plane %u did not end well: status %x\n", i, status);
	exit(1);
}

/* The shipped file, with our ports: everything else is tested as it is. */
static void write_site(const struct cluster *c, uint16_t port)
{
	char path[96], line[512];
	unsigned servers = 0, listens = 0;

	snprintf(path, sizeof(path), "%s/footplate.conf", c->rig.dir);
	FILE *from = fopen("deploy/nginx/footplate.conf", "re"), *to = fopen(path, "we");
	CHECK(from && to);
	while (fgets(line, sizeof(line), from)) {
		if (!strncmp(line, "\tserver 127.0.0.1:", 18)) {
			CHECK(servers < CLUSTER_PLANES);
			fprintf(to, "\tserver 127.0.0.1:%u%s", c->planes[servers++].port, strchr(line + 18, ' '));
		} else if (!strcmp(line, "\tlisten 8080;\n")) {
			fprintf(to, "\tlisten 127.0.0.1:%u;\n", port);
			listens++;
		} else {
			fputs(line, to);
		}
	}
	CHECK(servers == CLUSTER_PLANES && listens == 1);
	fclose(from);
	CHECK(fclose(to) == 0);
}

static bool answers(uint16_t port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;
	close(fd);
	return ok;
}

static void start_nginx(struct cluster *c)
{
	char conf[96], prefix[96], error[128];
	uint16_t port = free_port();

	write_site(c, port);
	snprintf(conf, sizeof(conf), "%s/nginx.conf", c->rig.dir);
	snprintf(prefix, sizeof(prefix), "%s/", c->rig.dir);
	snprintf(error, sizeof(error), "%s/nginx.error", c->rig.dir);
	FILE *f = fopen(conf, "we");
	CHECK(f &&
		fprintf(f,
			"daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log nginx.error warn;\nevents { "
			"worker_connections 4096; }\nhttp {\n\taccess_log off;\n\tclient_body_temp_path tmp-b;\n\t"
			"proxy_temp_path tmp-p;\n\tfastcgi_temp_path tmp-f;\n\tuwsgi_temp_path tmp-u;\n\t"
			"scgi_temp_path tmp-s;\n\tinclude footplate.conf;\n}\n") > 0 &&
		fclose(f) == 0);
	const char *program = getenv("NGINX") ? getenv("NGINX") : "/usr/sbin/nginx";
	const char *argv[] = { program, "-p", prefix, "-c", conf, "-e", error, NULL };
	if (access(program, X_OK) != 0) {
		fprintf(stderr, "FAILED, not skipped: this test needs nginx (apt-get install nginx-light)\n");
		exit(1);
	}
	c->nginx = rig_spawn(&c->rig, "nginx", argv);
	for (int i = 0; i < 3000 && !answers(port); i++)
		rig_sleep_ms(10);
	CHECK(answers(port));
	snprintf(c->rig.url, sizeof(c->rig.url), "http://127.0.0.1:%u", port);
}

void cluster_start(struct cluster *c, const char *const *more)
{
	*c = (struct cluster){ .more = more };
	rig_init(&c->rig);
	if (!c->rig.pg.pid)
		pg_start(&c->rig.pg, NULL);
	nats_start(&c->nats, 0);
	setenv("DATABASE_URL", c->rig.pg.url, 1);
	setenv("NATS_URL", c->nats.url, 1);
	make_master_key(c);
	start_planes(c);
	start_nginx(c);
}

void cluster_done(struct cluster *c)
{
	for (unsigned i = 0; i < RIG_AGENTS_MAX; i++)
		rig_stop(&c->rig.agents[i], SIGTERM);
	for (unsigned i = 0; i < CLUSTER_PLANES; i++)
		cluster_plane_stop(c, i, SIGTERM);
	rig_stop(&c->nginx, SIGTERM);
	nats_done(&c->nats);
	rig_done(&c->rig);
}

struct rig cluster_at(const struct cluster *c, unsigned i)
{
	struct rig r = c->rig;
	snprintf(r.url, sizeof(r.url), "%s", c->planes[i].url);
	return r;
}

int cluster_holder(const struct cluster *c, const char *role)
{
	char sql[256], data[16];

	snprintf(sql, sizeof(sql),
		"SELECT i.node FROM singletons s JOIN instances i ON i.id = s.holder WHERE s.name = '%s'", role);
	const char *node = rig_sql(&c->rig, sql);
	for (int i = 0; i < CLUSTER_PLANES; i++) {
		snprintf(data, sizeof(data), "/data-%d", i);
		if (strlen(node) > strlen(data) && !strcmp(node + strlen(node) - strlen(data), data))
			return c->planes[i].pid ? i : -1;
	}
	return -1;
}
