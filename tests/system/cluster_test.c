/*
 * Three control planes on one PostgreSQL and one NATS, behind nginx as we ship it, with agents that come through it: any of them serves
 * any request and any agent. Under load one is killed, NATS is killed, and all are restarted one after the other: no request of a
 * client fails, no job is lost or done twice, and who follows the events at any of them has seen the same ones, in one order.
 * CLUSTER_MS: how long each part of the load lasts.
 */
#include "tests/system/cluster.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define AGENTS     3
#define CLIENTS    3
#define JOBS_MAX   20000
#define EVENTS_MAX 400000
#define FIRST_APP  100000

static struct cluster c;

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- followers of events ---- */

struct follower {
	pthread_t thread;
	unsigned plane;
	atomic_bool stop;
	char last_id[64];
	atomic_int n;
	struct seen {
		int64_t pos;
		uint64_t hash;
	} * seen;
};

static uint64_t hash(const char *s)
{
	uint64_t h = 14695981039346656037u;
	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 1099511628211u;
	return h;
}

/* A whole frame has come: its id and what it says. */
static void note(struct follower *f, const char *id, const char *event, const char *data)
{
	int n = atomic_load(&f->n);

	if (!strcmp(event, "stream.hello"))
		return;
	if (!strncmp(event, "stream.", 7) || n == EVENTS_MAX) {
		fprintf(stderr, "control plane %u: %s %s\n", f->plane, event, data);
		exit(1);
	}
	f->seen[n] = (struct seen){ strtoll(strrchr(id, '-') + 1, NULL, 10), hash(data) };
	snprintf(f->last_id, sizeof(f->last_id), "%s", id);
	atomic_store(&f->n, n + 1);
}

static int open_stream(const struct follower *f)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(c.planes[f->plane].port) };
	const struct timeval patience = { .tv_usec = 100000 };
	char ask[400];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0);
	int n = snprintf(ask, sizeof(ask),
		"GET /v1/events?after=0 HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAuthorization: Bearer "
		"%s\r\n%s%s%s\r\n",
		c.rig.key, *f->last_id ? "Last-Event-ID: " : "", f->last_id, *f->last_id ? "\r\n" : "");
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 && write(fd, ask, (size_t)n) == n)
		return fd;
	close(fd);
	return -1;
}

/* Lines of an event stream; those of the transfer's chunks are none of its fields. */
static void follow(struct follower *f, int fd)
{
	static const size_t line_max = 1 << 20;
	char *line = malloc(line_max), *data = malloc(line_max), buf[16384], id[64] = "", event[64] = "";
	size_t at = 0;

	*data = 0;
	while (!atomic_load(&f->stop)) {
		ssize_t n = read(fd, buf, sizeof(buf));
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			break;
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] != '\n') {
				CHECK(at < line_max - 1);
				line[at++] = buf[i];
				continue;
			}
			line[at] = 0;
			if (!strncmp(line, "id: ", 4))
				snprintf(id, sizeof(id), "%s", line + 4);
			else if (!strncmp(line, "event: ", 7))
				snprintf(event, sizeof(event), "%s", line + 7);
			else if (!strncmp(line, "data: ", 6))
				strcpy(data, line + 6);
			else if (at == 0 && *event) {
				note(f, id, event, data);
				*event = *data = 0;
			}
			at = 0;
		}
	}
	free(line);
	free(data);
}

static void *run_follower(void *arg)
{
	struct follower *f = arg;

	while (!atomic_load(&f->stop)) {
		int fd = open_stream(f);
		if (fd >= 0) {
			follow(f, fd);
			close(fd);
		}
		rig_sleep_ms(20);
	}
	return NULL;
}

/* ---- clients ---- */

struct load {
	pthread_t threads[CLIENTS];
	atomic_bool stop;
	atomic_int acked, asked, failed;
	char (*ids)[40];
};

static struct load load;

static void fail(const char *what, const struct rig_answer *a)
{
	fprintf(stderr, "%s: %d %.300s\n", what, a->status, a->text ? a->text : "");
	atomic_fetch_add(&load.failed, 1);
}

static void submit(unsigned who, unsigned i)
{
	char header[64], body[160], path[80];

	snprintf(header, sizeof(header), "Idempotency-Key: load-%u-%u", who, i);
	snprintf(body, sizeof(body),
		"{\"action\":\"pics.product_info\",\"payload\":{\"apps\":[%u]},\"maxAttempts\":20}",
		FIRST_APP + i % 1000);
	struct rig_answer a = rig_call(&c.rig, "POST", "/v1/jobs", header, body);
	atomic_fetch_add(&load.asked, 2);
	if (a.status != 201) {
		fail("POST /v1/jobs", &a);
		rig_answer_done(&a);
		return;
	}
	int at = atomic_fetch_add(&load.acked, 1);
	CHECK(at < JOBS_MAX);
	snprintf(load.ids[at], sizeof(load.ids[at]), "%s", json_str(a.body, "id"));
	snprintf(path, sizeof(path), "/v1/jobs/%s", load.ids[at]);
	rig_answer_done(&a);
	a = rig_call(&c.rig, "GET", path, NULL, NULL);
	if (a.status != 200)
		fail(path, &a);
	rig_answer_done(&a);
}

static void *run_client(void *arg)
{
	for (unsigned i = 0; !atomic_load(&load.stop); i++) {
		submit((unsigned)(uintptr_t)arg, i);
		rig_sleep_ms(5);
	}
	return NULL;
}

/* ---- the parts ---- */

static unsigned part_ms(void)
{
	const char *s = getenv("CLUSTER_MS");
	return s ? (unsigned)atoi(s) : 1000;
}

/* A control plane that does not have the agent waits for the job's end all the same. */
static void a_wait_ends_anywhere(void)
{
	for (unsigned i = 0; i < CLUSTER_PLANES; i++) {
		struct rig r = cluster_at(&c, i);
		char header[96];
		snprintf(header, sizeof(header), "Idempotency-Key: wait-%u\nPrefer: wait=50", i);
		struct rig_answer a = rig_call(&r, "POST", "/v1/jobs", header,
			"{\"action\":\"pics.product_info\",\"payload\":{\"apps\":[100001]}}");
		if (strcmp(json_str(a.body, "status"), "succeeded") != 0) {
			fprintf(stderr, "waited at %u: %d %s\n", i, a.status, a.text);
			exit(1);
		}
		rig_answer_done(&a);
	}
}

struct twin {
	pthread_t thread;
	unsigned plane;
	int round;
	char id[64];
};

static void *run_twin(void *arg)
{
	struct twin *t = arg;
	struct rig r = cluster_at(&c, t->plane);
	char header[64];

	snprintf(header, sizeof(header), "Idempotency-Key: twin-%d", t->round);
	struct rig_answer a =
		rig_call(&r, "POST", "/v1/jobs", header, "{\"action\":\"pics.changes\",\"payload\":{\"since\":1}}");
	CHECK(a.status == 201);
	snprintf(t->id, sizeof(t->id), "%s", json_str(a.body, "id"));
	rig_answer_done(&a);
	return NULL;
}

/* The same key at all of them at once: one job. */
static void twins_are_one(void)
{
	struct twin twins[CLUSTER_PLANES];

	for (int round = 0; round < 5; round++) {
		for (unsigned i = 0; i < CLUSTER_PLANES; i++) {
			twins[i] = (struct twin){ .plane = i, .round = round };
			CHECK(pthread_create(&twins[i].thread, NULL, run_twin, &twins[i]) == 0);
		}
		for (unsigned i = 0; i < CLUSTER_PLANES; i++)
			pthread_join(twins[i].thread, NULL);
		CHECK_STR(twins[1].id, twins[0].id);
		CHECK_STR(twins[2].id, twins[0].id);
	}
}

static void sim_fault(const char *rule)
{
	struct http_answer a = { 0 };
	struct fault f = { 0 };
	char url[200];

	snprintf(url, sizeof(url), "%s/sim/faults", c.rig.sim_url);
	const struct http_ask ask = { .method = *rule ? "POST" : "DELETE",
		.url = url,
		.body = *rule ? rule : NULL,
		.body_n = strlen(rule),
		.deadline_ms = 10000,
		.body_max = 4096 };
	CHECK(http_call(&ask, &a, &f) == RC_OK && a.status / 100 == 2);
	http_answer_done(&a);
}

static void await_status(const char *id, const char *status)
{
	char path[80];

	snprintf(path, sizeof(path), "/v1/jobs/%s", id);
	for (int i = 0; i < 3000; i++) {
		json_t *j = rig_expect(&c.rig, 200, "GET", path, NULL);
		bool is = !strcmp(json_str(j, "status"), status);
		json_decref(j);
		if (is)
			return;
		rig_sleep_ms(10);
	}
	fprintf(stderr, "%s did not become %s\n", id, status);
	exit(1);
}

/* Whoever is asked to cancel, the agent is told by the control plane that has its tunnel. Steam would answer in an hour. */
static void a_cancel_reaches_the_agent(void)
{
	sim_fault("product_info@*:latency=3600000");
	for (unsigned i = 0; i < CLUSTER_PLANES; i++) {
		struct rig r = cluster_at(&c, i);
		char path[96];
		json_t *job = rig_post_job(
			&r, "{\"action\":\"pics.product_info\",\"payload\":{\"apps\":[100002]},\"maxAttempts\":1}");
		await_status(json_str(job, "id"), "running");
		snprintf(path, sizeof(path), "/v1/jobs/%s/cancel", json_str(job, "id"));
		json_decref(rig_expect(&r, 200, "POST", path, NULL));
		await_status(json_str(job, "id"), "canceled");
		json_decref(job);
	}
	sim_fault("");
}

/* Another master key is refused, with words that say so. */
static void another_key_is_refused(void)
{
	char data[96];

	snprintf(data, sizeof(data), "%s/data-x", c.rig.dir);
	const char *argv[] = { getenv("FOOTPLATE"), "serve", "--data", data, "--port", "0", "--no-agent", NULL };
	pid_t pid = rig_spawn(&c.rig, "stranger", argv);
	int status = 0;
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) != 0);
	char command[160];
	snprintf(command, sizeof(command), "grep -q 'another master key' %s/stranger.log", c.rig.dir);
	CHECK(system(command) == 0);
}

/* How many roles somebody holds: a role is taken when its work is first looked at. */
static size_t roles_held(void)
{
	struct rig r = cluster_at(&c, 0);
	json_t *all = rig_expect(&r, 200, "GET", "/v1/instances", NULL), *one;
	size_t k, roles = 0;

	json_array_foreach(json_object_get(all, "items"), k, one) roles +=
		json_array_size(json_object_get(one, "roles"));
	json_decref(all);
	return roles;
}

/* Each lists all three, knows itself, and every role has one holder. */
static void each_knows_the_others(void)
{
	for (int tries = 0; tries < 500 && roles_held() < 3; tries++)
		rig_sleep_ms(20);
	for (unsigned i = 0; i < CLUSTER_PLANES; i++) {
		struct rig r = cluster_at(&c, i);
		json_t *all = rig_expect(&r, 200, "GET", "/v1/instances", NULL), *one;
		size_t k, roles = 0, selves = 0, agents = 0;
		json_array_foreach(json_object_get(all, "items"), k, one)
		{
			CHECK(json_is_true(json_object_get(one, "alive")));
			selves += json_is_true(json_object_get(one, "self"));
			roles += json_array_size(json_object_get(one, "roles"));
			agents += (size_t)json_int(one, "agents");
		}
		CHECK(k == CLUSTER_PLANES && selves == 1 && agents == AGENTS);
		CHECK(roles >= 3);
		json_decref(all);
	}
}

static void the_holder_is_killed(void)
{
	int was = cluster_holder(&c, "scan"), is = -1;
	CHECK(was >= 0);
	uint64_t began = now_ms();
	cluster_plane_stop(&c, (unsigned)was, SIGKILL);
	for (int i = 0; i < 3000 && (is < 0 || is == was); i++) {
		is = cluster_holder(&c, "scan");
		rig_sleep_ms(10);
	}
	CHECK(is >= 0 && is != was);
	printf("roles moved %.1f s after kill -9\n", (double)(now_ms() - began) / 1000);
	rig_sleep_ms(part_ms());
	cluster_plane_start(&c, (unsigned)was);
}

/*
 * One stands still for so long that it is taken for dead, in the middle of what it does, and goes on: what it says late does not
 * count, and its agents come anew. Requests that it has wait for it. Only in the long run.
 */
static void one_stands_still(void)
{
	int which = cluster_holder(&c, "scan");

	CHECK(which >= 0);
	kill(c.planes[which].pid, SIGSTOP);
	rig_sleep_ms(14000);
	CHECK(cluster_holder(&c, "scan") != which);
	CHECK_STR(rig_sql(&c.rig, "SELECT COUNT(*) FROM instances"), "2");
	kill(c.planes[which].pid, SIGCONT);
	for (int i = 0; i < 3000 && atoi(rig_sql(&c.rig, "SELECT COUNT(*) FROM instances")) < CLUSTER_PLANES; i++)
		rig_sleep_ms(10);
	rig_await_agents(&c.rig, AGENTS);
	each_knows_the_others();
}

/* nginx leaves one alone for a second after it could not be reached: so long, and a little more, until the next goes. */
#define REST_MS 1500

static void each_is_restarted(void)
{
	for (unsigned i = 0; i < CLUSTER_PLANES; i++) {
		cluster_plane_stop(&c, i, SIGTERM);
		cluster_plane_start(&c, i);
		rig_sleep_ms(part_ms() > REST_MS ? part_ms() : REST_MS);
	}
}

static void every_job_is_done(void)
{
	char sql[256];

	for (int i = 0; i < 6000; i++) {
		if (!strcmp(rig_sql(&c.rig, "SELECT COUNT(*) FROM jobs WHERE finished_at = 0"), "0"))
			break;
		rig_sleep_ms(10);
	}
	CHECK_STR(rig_sql(&c.rig, "SELECT COUNT(*) FROM jobs WHERE status NOT IN ('succeeded', 'canceled')"), "0");
	for (int i = 0; i < atomic_load(&load.acked); i++) {
		snprintf(sql, sizeof(sql), "/v1/jobs/%s", load.ids[i]);
		if (i % 20 == 0) {
			json_t *j = rig_expect(&c.rig, 200, "GET", sql, NULL);
			CHECK_STR(json_str(j, "status"), "succeeded");
			json_decref(j);
		}
	}
	int jobs = atoi(rig_sql(&c.rig, "SELECT COUNT(*) FROM jobs WHERE action = 'pics.product_info'"));
	CHECK(jobs == atomic_load(&load.acked) + 2 * CLUSTER_PLANES); /* none was made twice */
	int ends = atoi(rig_sql(&c.rig, "SELECT COUNT(*) FROM events WHERE type = 'job.finished'"));
	CHECK(ends == atoi(rig_sql(&c.rig, "SELECT COUNT(*) FROM jobs")));
}

/* All have all that is in the log, in its order, word for word. */
static void all_saw_the_same(struct follower *f)
{
	int64_t newest = atoll(rig_sql(&c.rig, "SELECT MAX(pos) FROM events"));
	int total = atoi(rig_sql(&c.rig, "SELECT COUNT(*) FROM events"));

	for (unsigned i = 0; i < CLUSTER_PLANES; i++) {
		for (int k = 0; k < 3000 && (!f[i].n || f[i].seen[f[i].n - 1].pos < newest); k++)
			rig_sleep_ms(10);
		if (f[i].n < total) {
			fprintf(stderr, "control plane %u told %d of %d events\n", i, f[i].n, total);
			exit(1);
		}
		for (int k = 0; k < total; k++) {
			CHECK(k == 0 || f[i].seen[k].pos > f[i].seen[k - 1].pos);
			CHECK(f[i].seen[k].pos == f[0].seen[k].pos && f[i].seen[k].hash == f[0].seen[k].hash);
		}
	}
	CHECK(newest == total); /* no position is missing */
	printf("%d events, the same at each\n", total);
}

static void begin_load(void)
{
	load.ids = calloc(JOBS_MAX, sizeof(*load.ids));
	CHECK(load.ids != NULL);
	for (uintptr_t i = 0; i < CLIENTS; i++)
		CHECK(pthread_create(&load.threads[i], NULL, run_client, (void *)i) == 0);
}

static void end_load(void)
{
	atomic_store(&load.stop, true);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(load.threads[i], NULL);
	printf("%d requests, %d jobs, %d failed\n", load.asked, load.acked, load.failed);
	CHECK(load.failed == 0 && load.acked > 0);
}

static void start_agents(unsigned from, unsigned to, const char *region)
{
	for (unsigned i = from; i < to; i++)
		rig_agent(&c.rig, i, region, (const char *const[]){ "--log-level", "warn", NULL });
	rig_await_agents(&c.rig, to);
}

/* How long each part took, for whoever finds this test slow. */
static void part(const char *name)
{
	static uint64_t last;
	uint64_t now = now_ms();
	if (last)
		printf("%-20s %5.1f s\n", name, (double)(now - last) / 1000);
	fflush(stdout);
	last = now;
}

int main(void)
{
	static const char *const more[] = { "--log-level", "warn", "--set", "engine.lease_ms=6000", "--set",
		"engine.heartbeat_ms=1000", NULL };
	struct follower followers[CLUSTER_PLANES] = { 0 };

	setenv("FOOTPLATE_LANES__UNSAFE", "true", 1);
	setenv("FOOTPLATE_LANES__LIMITS", "cm.connect=0,cm.login=0", 1);
	part("");
	cluster_start(&c, more);
	part("start");
	rig_sim(&c.rig, "change 5000\ngenerate apps=100000-101000 seed=7 min=2000 max=6000\n", NULL);
	json_t *region = rig_expect(&c.rig, 201, "POST", "/v1/regions", "{\"name\":\"here\"}");
	for (unsigned i = 0; i < CLUSTER_PLANES; i++) {
		followers[i].plane = i;
		followers[i].seen = calloc(EVENTS_MAX, sizeof(*followers[i].seen));
		CHECK(followers[i].seen &&
			pthread_create(&followers[i].thread, NULL, run_follower, &followers[i]) == 0);
	}
	start_agents(0, 1, json_str(region, "id"));
	a_wait_ends_anywhere();
	part("waits");
	twins_are_one();
	part("twins");
	a_cancel_reaches_the_agent();
	part("cancels");
	another_key_is_refused();
	part("another key");
	start_agents(1, AGENTS, json_str(region, "id"));
	json_decref(region);

	each_knows_the_others();
	begin_load();
	rig_sleep_ms(part_ms());
	the_holder_is_killed();
	part("kill -9");
	if (part_ms() >= 10000) {
		one_stands_still();
		part("stands still");
	}
	nats_kill9(&c.nats);
	rig_sleep_ms(part_ms() / 2);
	nats_start(&c.nats, 0);
	part("without NATS");
	each_is_restarted();
	part("rolling restart");
	end_load();
	every_job_is_done();
	part("all done");
	all_saw_the_same(followers);
	part("events");
	for (unsigned i = 0; i < CLUSTER_PLANES; i++) {
		atomic_store(&followers[i].stop, true);
		pthread_join(followers[i].thread, NULL);
		free(followers[i].seen);
	}
	free(load.ids);
	rig_check_audit(&c.rig);
	cluster_done(&c);
	part("stop");
	return 0;
}
