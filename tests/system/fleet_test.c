/*
 * Accounts on three agents and five egresses (addresses of 127.0.0.0/8, so that the simulator can tell them apart), all wanted online:
 * the logons of an egress keep ten seconds over all agents, also when the control plane and an agent are killed half way; then one
 * egress is throttled by Steam (84): it alone pauses for 1,500 s, through a restart, while the others go on. Time runs WARP times faster.
 */
#include "tests/system/rig.h"

#include <signal.h>
#include <unistd.h>

#define AGENTS   3
#define EGRESSES 5
#define GAP_MS   10000
#define SLACK_MS 2500 /* virtual: what the machine may delay one message and not the next */
#define PAUSE_MS 1500000

static unsigned env_unsigned(const char *name, unsigned def)
{
	const char *s = getenv(name);
	return s ? (unsigned)strtoul(s, NULL, 10) : def;
}

struct fleet {
	struct rig rig;
	unsigned accounts, warp;
	char region[64], egress[EGRESSES][64];
	char (*account)[64];
};

static const char *const serve_args[] = { "--no-agent", "--log-level", "warn", "--set", "engine.lease_ms=60000",
	"--set", "engine.heartbeat_ms=10000", NULL };
static const char *const agent_args[] = { "--log-level", "warn", NULL };

static void make_egresses(struct fleet *t)
{
	char body[160];
	for (unsigned i = 0; i < EGRESSES; i++) {
		snprintf(body, sizeof(body),
			"{\"name\":\"out-%u\",\"kind\":\"bind_address\",\"address\":\"127.0.0.%u\",\"regionId\":\"%"
			"s\"}",
			i, 11 + i, t->region);
		json_t *e = rig_expect(&t->rig, 201, "POST", "/v1/egresses", body);
		snprintf(t->egress[i], sizeof(t->egress[i]), "%s", json_str(e, "id"));
		json_decref(e);
	}
}

static void make_accounts(struct fleet *t)
{
	char path[128], body[200];
	t->account = calloc(t->accounts, sizeof(*t->account));
	for (unsigned i = 0; i < t->accounts; i++) {
		snprintf(body, sizeof(body), "{\"login\":\"bot%03u\",\"egressId\":\"%s\"}", i + 1,
			t->egress[i % EGRESSES]);
		json_t *a = rig_expect(&t->rig, 201, "POST", "/v1/accounts", body);
		snprintf(t->account[i], sizeof(t->account[i]), "%s", json_str(a, "id"));
		json_decref(a);
		snprintf(path, sizeof(path), "/v1/accounts/%s/secrets/password", t->account[i]);
		json_decref(rig_expect(&t->rig, 204, "PUT", path, "{\"value\":\"fleet-password\"}"));
	}
}

static void want(struct fleet *t, unsigned from, unsigned step, const char *mode)
{
	char path[128], body[64];
	snprintf(body, sizeof(body), "{\"mode\":\"%s\"}", mode);
	for (unsigned i = from; i < t->accounts; i += step) {
		snprintf(path, sizeof(path), "/v1/accounts/%s/desired-state", t->account[i]);
		json_decref(rig_expect(&t->rig, 200, "PUT", path, body));
	}
}

/* Accounts in this state whose number is `from` + n * `step`. */
static unsigned count(const struct fleet *t, const char *state, unsigned from, unsigned step)
{
	char path[160];
	unsigned n = 0;
	for (unsigned i = from; i < t->accounts; i += step) {
		snprintf(path, sizeof(path), "/v1/accounts/%s/session", t->account[i]);
		json_t *s = rig_expect(&t->rig, 200, "GET", path, NULL);
		n += !strcmp(json_str(s, "state"), state);
		json_decref(s);
	}
	return n;
}

static void await(const struct fleet *t, const char *state, unsigned from, unsigned step, unsigned n)
{
	unsigned got = 0;
	for (unsigned waited = 0; waited < 240; waited++) {
		got = count(t, state, from, step);
		if (got >= n)
			return;
		rig_sleep_ms(500);
	}
	fprintf(stderr, "only %u of %u accounts are %s\n", got, n, state);
	exit(1);
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* The moments (ms) at which this address asked for a logon, by the simulator's own record. */
static size_t logons_of(const struct fleet *t, unsigned egress, int64_t *ret, size_t max)
{
	char ip[32];
	size_t n = 0, i;
	json_t *all = rig_sim_get(&t->rig, "/sim/logons"), *one;

	snprintf(ip, sizeof(ip), "127.0.0.%u", 11 + egress);
	json_array_foreach(json_object_get(all, "logons"), i, one) if (!strcmp(json_str(one, "ip"), ip))
	{
		CHECK(n < max);
		ret[n++] = json_int(one, "time");
	}
	json_decref(all);
	qsort(ret, n, sizeof(*ret), by_time);
	return n;
}

static void spaced(const struct fleet *t)
{
	int64_t at[4096];
	for (unsigned e = 0; e < EGRESSES; e++) {
		size_t n = logons_of(t, e, at, 4096);
		CHECK(n >= t->accounts / EGRESSES);
		for (size_t i = 1; i < n; i++) {
			if (at[i] - at[i - 1] >= GAP_MS - SLACK_MS)
				continue;
			fprintf(stderr, "egress %u: logons %zu and %zu are %lld ms apart\n", e, i - 1, i,
				(long long)(at[i] - at[i - 1]));
			exit(1);
		}
		CHECK(at[n - 1] - at[0] >= (int64_t)(n - 1) * GAP_MS - SLACK_MS);
		printf("egress %u: %zu logons in %lld virtual s\n", e, n, (long long)(at[n - 1] - at[0]) / 1000);
	}
}

static void throttled(struct fleet *t)
{
	int64_t before[4096], after[4096];
	const struct rig *r = &t->rig;

	/* All of two egresses anew; one of them is told 84 at its first logon. */
	want(t, 0, EGRESSES, "offline");
	want(t, 1, EGRESSES, "offline");
	await(t, "offline", 0, EGRESSES, t->accounts / EGRESSES);
	await(t, "offline", 1, EGRESSES, t->accounts / EGRESSES);
	rig_sim_post(r, "/sim/throttle?ip=127.0.0.11&calls=1");
	size_t had = logons_of(t, 0, before, 4096), had_other = logons_of(t, 1, before, 4096);
	want(t, 0, EGRESSES, "online");
	want(t, 1, EGRESSES, "online");
	await(t, "cooling_down", 0, EGRESSES, 1);
	rig_stop(&t->rig.server, SIGKILL); /* the pause outlives it */
	rig_serve(&t->rig, serve_args);
	await(t, "online", 1, EGRESSES, t->accounts / EGRESSES);
	await(t, "online", 0, EGRESSES, t->accounts / EGRESSES);
	size_t n = logons_of(t, 0, after, 4096);
	CHECK(n >= had + 2 && logons_of(t, 1, before, 4096) >= had_other + t->accounts / EGRESSES);
	printf("the throttled egress paused %lld virtual s\n", (long long)(after[had + 1] - after[had]) / 1000);
	CHECK(after[had + 1] - after[had] >= PAUSE_MS - SLACK_MS);
	/* The other one did not wait for it: it was done while the first one paused. */
	size_t m = logons_of(t, 1, before, 4096);
	CHECK(before[m - 1] < after[had + 1] || t->accounts / EGRESSES * GAP_MS > PAUSE_MS);
}

int main(void)
{
	struct fleet t = { .accounts = env_unsigned("FLEET_ACCOUNTS", 500),
		.warp = env_unsigned("FLEET_WARP", 25) };
	char world[200];

	rig_init(&t.rig);
	rig_warp(&t.rig, t.warp);
	snprintf(world, sizeof(world), "change 5000\naccounts bot %u password=fleet-password\n", t.accounts);
	rig_sim(&t.rig, world, NULL);
	rig_serve(&t.rig, serve_args);
	json_t *region = rig_expect(&t.rig, 201, "POST", "/v1/regions", "{\"name\":\"here\"}");
	snprintf(t.region, sizeof(t.region), "%s", json_str(region, "id"));
	json_decref(region);
	for (unsigned i = 0; i < AGENTS; i++)
		rig_agent(&t.rig, i, t.region, agent_args);
	rig_await_agents(&t.rig, AGENTS);
	make_egresses(&t);
	make_accounts(&t);
	want(&t, 0, 1, "online");
	await(&t, "online", 0, 1, t.accounts / 3);
	rig_stop(&t.rig.server, SIGKILL);
	rig_serve(&t.rig, serve_args);
	await(&t, "online", 0, 1, t.accounts * 2 / 3);
	rig_stop(&t.rig.agents[0], SIGKILL);
	rig_agent(&t.rig, 0, NULL, agent_args);
	await(&t, "online", 0, 1, t.accounts);
	spaced(&t);
	throttled(&t);
	free(t.account);
	rig_done(&t.rig);
	return 0;
}
