/*
 * A reconnect storm: many agents (their tunnel's end, as the agent has it, many times in one process) lose their control plane at
 * once, first because it stops, then because it is killed. All of them are back soon after it is, and not in one moment.
 * STORM_AGENTS: how many. STORM_MS: if given, all must be back so long after it answers again.
 */
#include "agent/identity.h"
#include "agent/uplink_run.h"
#include "base/arena.h"
#include "base/log.h"
#include "io/loop.h"
#include "tests/system/rig.h"
#include "wire/tunnel_msg.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

struct one {
	struct identity who;
	struct uplink_run *run;
};

static struct {
	struct loop *loop;
	struct one *all;
	unsigned n;
	char url[160];
	_Atomic unsigned up, dials;
	_Atomic unsigned told[64]; /* GOAWAY by its retryAfterMs, in steps of 100 ms */
	struct loop_job stop;
} storm;

static unsigned env_n(const char *name, unsigned def)
{
	const char *s = getenv(name);
	return s ? (unsigned)atoi(s) : def;
}

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- the agents: loop thread ---- */

static const char *const actions[] = { "pics.changes" };

static void on_hello(void *ctx, struct tunnel_msg_hello *m, struct arena *a)
{
	const struct one *o = ctx;
	(void)a;
	atomic_fetch_add(&storm.dials, 1);
	m->boot_id = "boot";
	m->version = "storm";
	m->region_id = o->who.region_id;
	m->capabilities = (struct field_list){ (void *)(uintptr_t)actions, 1 };
}

static void on_up(void *ctx, const struct tunnel_msg_welcome *m)
{
	(void)ctx, (void)m;
	atomic_fetch_add(&storm.up, 1);
}

static void on_message(void *ctx, const struct tunnel_msg *m)
{
	(void)ctx;
	if (m->type == TUNNEL_MSG_GOAWAY)
		atomic_fetch_add(&storm.told[m->goaway.retry_after_ms / 100 % 64], 1);
}

static void on_down(void *ctx)
{
	(void)ctx;
	atomic_fetch_sub(&storm.up, 1);
}

static void on_drain(void *ctx) { (void)ctx; }
static void on_silent(void *ctx) { (void)ctx; }

static void on_stop(struct loop_job *job)
{
	(void)job;
	for (unsigned i = 0; i < storm.n; i++)
		uplink_run_free(storm.all[i].run);
	loop_stop(storm.loop);
}

static void *run_agents(void *arg)
{
	static const struct log quiet = { .level = LOG_LEVEL_ERROR };
	struct fault f = { 0 };
	(void)arg;

	CHECK(loop_new(&quiet, &storm.loop, &f) == RC_OK);
	for (unsigned i = 0; i < storm.n; i++) {
		struct one *o = &storm.all[i];
		struct uplink_run_conf conf = { .loop = storm.loop,
			.log = &quiet,
			.url = storm.url,
			.agent_id = o->who.agent_id,
			.on = { o, on_hello, on_up, on_message, on_drain, on_down, on_silent } };
		memcpy(conf.identity, o->who.secret, TUNNEL_AUTH_KEY);
		memcpy(conf.control, o->who.control, TUNNEL_AUTH_KEY);
		CHECK(uplink_run_new(&conf, &o->run, &f) == RC_OK);
	}
	loop_run(storm.loop);
	loop_free(storm.loop);
	return NULL;
}

/* ---- the test's thread ---- */

static void enrol(const struct rig *r)
{
	json_t *region = rig_expect(r, 201, "POST", "/v1/regions", "{\"name\":\"here\"}");
	static const char *const capabilities[] = { "pics.changes", NULL };
	char body[96];

	snprintf(body, sizeof(body), "{\"regionId\":\"%s\"}", json_str(region, "id"));
	for (unsigned i = 0; i < storm.n; i++) {
		json_t *token = rig_expect(r, 201, "POST", "/v1/agents/enrollments", body);
		struct hush secret = { 0 };
		struct fault f = { 0 };
		const char *text = json_str(token, "token");
		CHECK(hush_set(&secret, text, strlen(text)) == RC_OK);
		const struct identity_enroll how = {
			.server_url = r->url, .token = &secret, .version = "storm", .capabilities = capabilities
		};
		if (identity_enroll(&how, &storm.all[i].who, &f) != RC_OK) {
			fprintf(stderr, "agent %u not enrolled: %s\n", i, f.text);
			exit(1);
		}
		hush_done(&secret);
		json_decref(token);
	}
	json_decref(region);
}

/* Until all are up. Returns after how long, and the most that came within 100 ms. */
static uint64_t await_all(unsigned *ret_most)
{
	uint64_t began = now_ms(), step = began;
	unsigned last = atomic_load(&storm.up), most = 0;

	while (atomic_load(&storm.up) < storm.n) {
		rig_sleep_ms(5);
		uint64_t now = now_ms();
		if (now - step >= 100) {
			unsigned up = atomic_load(&storm.up);
			most = up > last && up - last > most ? up - last : most;
			last = up;
			step = now;
		}
		if (now - began > 120000) {
			fprintf(stderr, "%u of %u agents came back\n", atomic_load(&storm.up), storm.n);
			exit(1);
		}
	}
	*ret_most = most;
	return now_ms() - began;
}

static const char *const serve_args[] = { "--no-agent", "--log-level", "error", NULL };

static void round_of(struct rig *r, int sig)
{
	unsigned most = 0, limit = env_n("STORM_MS", 0), dials = atomic_load(&storm.dials);

	rig_stop(&r->server, sig);
	while (atomic_load(&storm.up) > 0)
		rig_sleep_ms(1);
	rig_serve(r, serve_args);
	uint64_t took = await_all(&most);
	printf("%u agents, %s: all back after %.2f s, at most %u in 100 ms, %u HELLO\n", storm.n,
		sig == SIGKILL ? "killed" : "stopped", (double)took / 1000, most,
		atomic_load(&storm.dials) - dials);
	fflush(stdout);
	CHECK(!limit || took <= limit);
	CHECK(atoi(rig_sql(r, "SELECT COUNT(*) FROM agents WHERE state = 'connected'")) == (int)storm.n);
}

/* Each is told another moment: of more than fifty, no tenth of a second gets a half. */
static void check_spread(void)
{
	unsigned total = 0;

	for (size_t i = 0; i < sizeof(storm.told) / sizeof(*storm.told); i++)
		total += storm.told[i];
	printf("%u were told when to come back\n", total);
	CHECK(total == storm.n);
	for (size_t i = 0; storm.n >= 100 && i < sizeof(storm.told) / sizeof(*storm.told); i++)
		CHECK(storm.told[i] < storm.n - storm.n / 4);
}

int main(void)
{
	struct rlimit files;
	struct rig r;
	pthread_t thread;
	unsigned most;

	CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0);
	files.rlim_cur = files.rlim_max;
	CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
	storm.n = env_n("STORM_AGENTS", 100);
	storm.all = calloc(storm.n, sizeof(*storm.all));
	CHECK(storm.all != NULL);
	rig_init(&r);
	rig_serve(&r, serve_args);
	enrol(&r);
	snprintf(storm.url, sizeof(storm.url), "ws%.100s/v1/agents/tunnel", r.url + 4);
	CHECK(pthread_create(&thread, NULL, run_agents, NULL) == 0);
	printf("%u agents attached after %.2f s\n", storm.n, (double)await_all(&most) / 1000);
	round_of(&r, SIGTERM);
	check_spread();
	round_of(&r, SIGKILL);
	storm.stop.run = on_stop;
	loop_post(storm.loop, &storm.stop);
	pthread_join(thread, NULL);
	for (unsigned i = 0; i < storm.n; i++)
		identity_wipe(&storm.all[i].who);
	free(storm.all);
	rig_done(&r);
	return 0;
}
