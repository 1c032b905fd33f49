/*
 * An agent is cut off from its control plane in the middle of an effect that cannot be undone, for PARTITION_S seconds, and still has
 * Steam. It takes its accounts off Steam by itself before another agent may have them; the other finds out what became of the effect
 * and goes on; there is one effect. Cut off just after the effect, and just before it. Time runs PARTITION_WARP times faster.
 *
 * Where we may, the agent lives in a network namespace and what is cut is the wire (a veth pair); its way to Steam is another one:
 *
 *      agent ── 127.0.0.1 (its) ── veth ═══ 10.213.x.y ── 127.0.0.1 (ours) ── control plane
 *        └───── 127.0.0.1 (its) ── a thread that stands in both ─────────── steamsim
 *
 * Elsewhere a proxy swallows what either end says.
 */
#include "tests/system/chaos.h"
#include "tests/system/rig.h"

#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEASE_MS 9000
#define GRACE_MS 5000 /* BOTS_GRACE_MS */

static unsigned env_unsigned(const char *name, unsigned def)
{
	const char *s = getenv(name);
	return s ? (unsigned)strtoul(s, NULL, 10) : def;
}

struct partition {
	struct rig rig;
	struct chaos between[2];      /* of each agent and the control plane */
	struct chaos inner, steam[8]; /* in the namespace; else none */
	unsigned steam_n;
	unsigned seconds, warp;
	char region[64], account[64];
};

static const char *const serve_args[] = { "--no-agent", "--log-level", "warn", "--set", "engine.lease_ms=9000",
	"--set", "engine.heartbeat_ms=1500", "--set", "lanes.unsafe=true", "--set",
	"lanes.limits=cm.connect=0,cm.login=0,cm.login.account=0", NULL };
static const char *const agent_args[] = { "--log-level", "info", NULL };

/* ---- the namespace ---- */

static char netns[24]; /* "": none */

static bool run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static bool run(const char *fmt, ...)
{
	char command[600];
	va_list ap;

	va_start(ap, fmt);
	CHECK(vsnprintf(command, sizeof(command), fmt, ap) < (int)sizeof(command));
	va_end(ap);
	return system(command) == 0;
}

static void drop_netns(void)
{
	if (*netns && !run("ip netns del %s", netns))
		fprintf(stderr, "the namespace %s stays\n", netns);
	*netns = 0;
}

static bool make_netns(char ret_host[static 16])
{
	unsigned n = (unsigned)getpid();

	if (geteuid() != 0 || !run("ip netns add fp%u 2>/dev/null", n))
		return false;
	snprintf(netns, sizeof(netns), "fp%u", n);
	snprintf(ret_host, 16, "10.213.%u.%u", n >> 6 & 255, (n & 63) * 4 + 1);
	return run("ip link add fph%u type veth peer name fpg%u netns fp%u && ip addr add %s/30 dev fph%u && ip "
		   "link set fph%u up "
		   "&& ip -n fp%u addr add 10.213.%u.%u/30 dev fpg%u && ip -n fp%u link set fpg%u up && ip -n fp%u "
		   "link set lo up",
		n, n, n, ret_host, n, n, n, n >> 6 & 255, (n & 63) * 4 + 2, n, n, n, n);
}

/* Every port of steamsim is in the namespace, too. */
static void bridge_steam(struct partition *p)
{
	char command[96];
	unsigned port;

	snprintf(command, sizeof(command), "ss -H -ltnp | sed -n 's/.*127.0.0.1:\\([0-9]*\\) .*pid=%d,.*/\\1/p'",
		p->rig.sim);
	FILE *f = popen(command, "re");
	CHECK(f != NULL);
	while (fscanf(f, "%u", &port) == 1 && p->steam_n < 8)
		chaos_start_at(&p->steam[p->steam_n++], (uint16_t)port, 1,
			&(struct chaos_where){ .netns = netns, .dials_outside = true, .port = (uint16_t)port });
	pclose(f);
	CHECK(p->steam_n > 0);
}

static void make_wire(struct partition *p)
{
	uint16_t port = (uint16_t)atoi(strrchr(p->rig.url, ':') + 1);
	char host[16];

	chaos_start(&p->between[1], port, rig_random(UINT32_MAX));
	if (!make_netns(host)) {
		drop_netns();
		printf("no network namespace here: a proxy makes the hole\n");
		chaos_start(&p->between[0], port, rig_random(UINT32_MAX));
		return;
	}
	chaos_start_at(&p->between[0], port, rig_random(UINT32_MAX), &(struct chaos_where){ .listen = host });
	chaos_start_at(&p->inner, p->between[0].port, 1, &(struct chaos_where){ .netns = netns, .to = host });
	bridge_steam(p);
}

static void cut(struct partition *p, bool whole)
{
	if (*netns)
		CHECK(run("ip link set fph%u %s", (unsigned)getpid(), whole ? "up" : "down"));
	else
		chaos_set(&p->between[0], &(struct chaos_knobs){ .hole = !whole });
}

static void drop_wire(struct partition *p)
{
	for (int i = 0; i < 2; i++)
		chaos_stop(&p->between[i]);
	if (*netns)
		chaos_stop(&p->inner);
	for (unsigned i = 0; i < p->steam_n; i++)
		chaos_stop(&p->steam[i]);
	drop_netns();
}

/* ---- the programs ---- */

/* A program that runs another in the namespace. */
static void use_netns(struct partition *p, char *ret_real, size_t n)
{
	char path[96];

	snprintf(ret_real, n, "%s", getenv("FOOTPLATE"));
	snprintf(path, sizeof(path), "%s/in-netns", p->rig.dir);
	FILE *f = fopen(path, "we");
	CHECK(f && fprintf(f, "#!/bin/sh\nexec nsenter --net=/run/netns/%s %s \"$@\"\n", netns, ret_real) > 0 &&
		fchmod(fileno(f), 0700) == 0 && fclose(f) == 0);
	setenv("FOOTPLATE", path, 1);
}

static void start_agent(struct partition *p, unsigned i, const char *failpoint)
{
	bool inside = i == 0 && *netns;
	char real[256];

	snprintf(p->rig.agent_url, sizeof(p->rig.agent_url), "http://127.0.0.1:%u",
		inside ? p->inner.port : p->between[i].port);
	if (failpoint)
		setenv("FOOTPLATE_FAILPOINT", failpoint, 1);
	if (inside)
		use_netns(p, real, sizeof(real));
	rig_agent(&p->rig, i, p->region, agent_args);
	if (inside)
		setenv("FOOTPLATE", real, 1);
	unsetenv("FOOTPLATE_FAILPOINT");
	rig_await_agents(&p->rig, i + 1);
}

static void begin(struct partition *p, const char *failpoint)
{
	char path[128];

	rig_init(&p->rig);
	rig_warp(&p->rig, p->warp);
	rig_sim(&p->rig, "account alice password=correct_horse\nkeys PARTK 3 package=100001+\n", NULL);
	rig_serve(&p->rig, serve_args);
	make_wire(p);
	json_t *region = rig_expect(&p->rig, 201, "POST", "/v1/regions", "{\"name\":\"here\"}");
	snprintf(p->region, sizeof(p->region), "%s", json_str(region, "id"));
	json_decref(region);
	start_agent(p, 0, failpoint);
	json_t *a = rig_expect(&p->rig, 201, "POST", "/v1/accounts", "{\"login\":\"alice\"}");
	snprintf(p->account, sizeof(p->account), "%s", json_str(a, "id"));
	json_decref(a);
	snprintf(path, sizeof(path), "/v1/accounts/%s/secrets/password", p->account);
	json_decref(rig_expect(&p->rig, 204, "PUT", path, "{\"value\":\"correct_horse\"}"));
	snprintf(path, sizeof(path), "/v1/accounts/%s/desired-state", p->account);
	json_decref(rig_expect(&p->rig, 200, "PUT", path, "{\"mode\":\"online\"}"));
}

static int64_t sessions(const struct partition *p)
{
	json_t *who = rig_sim_get(&p->rig, "/sim/person/alice");
	int64_t n = json_int(who, "sessions");
	json_decref(who);
	return n;
}

static void await_sessions(const struct partition *p, int64_t n, const char *what)
{
	for (int i = 0; i < 3000; i++, rig_sleep_ms(10))
		if (sessions(p) == n)
			return;
	fprintf(stderr, "%s: there are %lld sessions, not %lld\n", what, (long long)sessions(p), (long long)n);
	exit(1);
}

/* Waits for the status, and sees all the while that no two agents have the account. */
static void await_task(const struct partition *p, const char *job, const char *status)
{
	char path[128];

	snprintf(path, sizeof(path), "/v1/jobs/%s", job);
	for (int i = 0; i < 3000; i++, rig_sleep_ms(10)) {
		CHECK(sessions(p) <= 1);
		json_t *j = rig_expect(&p->rig, 200, "GET", path, NULL);
		bool there = !strcmp(json_str(j, "status"), status);
		json_decref(j);
		if (there)
			return;
	}
	fprintf(stderr, "the job is not %s\n", status);
	exit(1);
}

static size_t redeemed(const struct partition *p, unsigned *ret_packets)
{
	json_t *all = rig_sim_get(&p->rig, "/sim/redeems"), *one;
	size_t i, n = 0;

	json_array_foreach(all, i, one) n += json_int(one, "eresult") == 1;
	*ret_packets = (unsigned)json_array_size(all);
	json_decref(all);
	return n;
}

/* The agent stands still inside the task when it has come there; then nothing comes through any more. */
static char *cut_in_the_middle(struct partition *p, bool done_already)
{
	char body[256];
	unsigned packets;

	snprintf(body, sizeof(body),
		"{\"action\":\"keys.redeem\",\"targets\":[\"%s\"],\"payload\":{\"key\":\"PARTK-00001\"}}",
		p->account);
	json_t *job = rig_post_job(&p->rig, body);
	char *id = strdup(json_str(job, "id")), sql[200];
	json_decref(job);
	snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM tasks WHERE job_id = '%s' AND intent_attempt = 1", id);
	for (int i = 0; i < 3000 && atoi(rig_sql(&p->rig, sql)) == 0; i++)
		rig_sleep_ms(10);
	for (int i = 0; done_already && i < 3000 && redeemed(p, &packets) == 0; i++)
		rig_sleep_ms(10);
	rig_sleep_ms(100); /* EFFECT_OK is there, and the agent stands at its failpoint */
	CHECK(redeemed(p, &packets) == done_already);
	cut(p, false);
	return id;
}

static void one_effect(struct partition *p, const char *failpoint, bool done_already)
{
	char armed[96];
	unsigned packets;

	/* It wakes when the cut is nearly over, and long after another has gone on. */
	snprintf(armed, sizeof(armed), "%s:pause:%u", failpoint, p->seconds * 900);
	begin(p, armed);
	await_sessions(p, 1, "before the cut");
	start_agent(p, 1, NULL);
	char *job = cut_in_the_middle(p, done_already);
	await_sessions(p, 0, "the agent that is cut off takes its account off");
	await_task(p, job, "succeeded");
	CHECK(redeemed(p, &packets) == 1);
	rig_sleep_ms(p->seconds * 1000 / p->warp);
	cut(p, true);
	rig_await_agents(&p->rig, 2);
	rig_sleep_ms(1000);
	CHECK(sessions(p) == 1 && redeemed(p, &packets) == 1);
	printf("cut off at %s for %u s, %s: one effect, %u packets\n", failpoint, p->seconds,
		*netns ? "the wire is down" : "a proxy swallows all", packets);
	await_task(p, job, "succeeded");
	free(job);
	for (int i = 0; i < 2; i++)
		rig_stop(&p->rig.agents[i], SIGTERM);
	drop_wire(p);
	rig_check_events(&p->rig);
	rig_done(&p->rig);
}

int main(void)
{
	struct partition p = { .seconds = env_unsigned("PARTITION_S", 30),
		.warp = env_unsigned("PARTITION_WARP", 8) };

	atexit(drop_netns);
	one_effect(&p, "work.after_effect", true);
	p = (struct partition){ .seconds = p.seconds, .warp = p.warp };
	one_effect(&p, "work.before_effect", false);
	return 0;
}
