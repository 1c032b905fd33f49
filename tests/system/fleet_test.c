/*
 * Accounts on three agents and five egresses (addresses of 127.0.0.0/8, so that the simulator can tell them apart), all wanted online:
 * the logons of an egress keep ten seconds over all agents, also when the control plane and an agent are killed half way; then one
 * egress is throttled by Steam (84): it alone pauses for 1,500 s, through kills of both, while the others go on. Time runs FLEET_WARP times
 * faster, and PAUSE_WARP times while nothing but the pause is waited for; FLEET_ACCOUNTS is the size.
 */
#include "tests/system/rig.h"

#include <inttypes.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define AGENTS   3
#define EGRESSES 5
#define GAP_MS   10000
#define SLACK_MS \
	9000 /* virtual: what a busy machine may delay one logon and not the next; a logon too many is more */
#define PAUSE_MS 1500000
#define AUTH_MS \
	60000 /* a logon by password is two entries of the record: one with the password, one with the token */
#define TRIES 4096

#define PAUSE_WARP 80
#define PATIENCE   3000 /* looks, 20 ms after each other */

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

/* When an address tried to log on, in order. */
struct tries {
	size_t n;
	int64_t at[TRIES];
};

static const char *const serve_args[] = { "--no-agent", "--log-level", "warn", "--set", "engine.lease_ms=600000",
	"--set", "engine.heartbeat_ms=20000", NULL };
static const char *const sim_args[] = { "--heartbeat", "120", NULL };
static const char *const agent_args[] = { "--log-level", "warn", NULL };

static void speed(struct fleet *t, unsigned warp)
{
	t->warp = warp;
	rig_warp(&t->rig, warp);
}

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

/* Accounts in this state: of one egress, or of all (EGRESSES). */
static unsigned count(const struct fleet *t, const char *state, unsigned egress)
{
	char path[400], cursor[256] = "";
	unsigned n = 0;

	do {
		snprintf(path, sizeof(path), "/v1/accounts?state=%s&limit=100%s%s", state,
			*cursor ? "&cursor=" : "", cursor);
		json_t *page = rig_expect(&t->rig, 200, "GET", path, NULL), *a;
		size_t i;
		json_array_foreach(json_object_get(page, "items"), i, a) n +=
			egress == EGRESSES || !strcmp(json_str(a, "egressId"), t->egress[egress]);
		snprintf(cursor, sizeof(cursor), "%s", json_str(page, "nextCursor"));
		json_decref(page);
	} while (*cursor);
	return n;
}

static unsigned members(const struct fleet *t, unsigned egress)
{
	return t->accounts / EGRESSES + (egress < t->accounts % EGRESSES);
}

static void await(const struct fleet *t, const char *state, unsigned egress, unsigned n)
{
	unsigned got = 0, virtual_s = 4000 + 30 * t->accounts;
	for (unsigned waited = 0; waited < virtual_s * 1000 / t->warp; waited += 200) {
		got = count(t, state, egress);
		if (got >= n)
			return;
		rig_sleep_ms(200);
	}
	fprintf(stderr, "only %u of %u accounts are %s\n", got, n, state);
	exit(1);
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* By the simulator's own record. What follows a password within AUTH_MS belongs to the same try. */
static void tries_of(const struct fleet *t, unsigned egress, struct tries *ret)
{
	int64_t *begun = calloc(t->accounts + 1, sizeof(*begun));
	json_t *all = rig_sim_get(&t->rig, "/sim/logons"), *one;
	char ip[32];
	size_t i;

	ret->n = 0;
	snprintf(ip, sizeof(ip), "127.0.0.%u", 11 + egress);
	json_array_foreach(all, i, one)
	{
		unsigned who = 0;
		int64_t at = json_int(one, "timeMs");
		if (strcmp(json_str(one, "ip"), ip) != 0 || sscanf(json_str(one, "name"), "bot%u", &who) != 1)
			continue;
		CHECK(who > 0 && who <= t->accounts && ret->n < TRIES);
		bool by_password = !strcmp(json_str(one, "kind"), "auth");
		bool goes_on = !by_password && begun[who] && at - begun[who] < AUTH_MS;
		begun[who] = by_password ? at : 0;
		if (!goes_on)
			ret->at[ret->n++] = at;
	}
	json_decref(all);
	free(begun);
	qsort(ret->at, ret->n, sizeof(*ret->at), by_time);
}

/* No stretch of time, long or short, holds more logons than one in ten seconds. */
static void spaced(const struct fleet *t)
{
	static struct tries tries;

	for (unsigned e = 0; e < EGRESSES; e++) {
		int64_t least = INT64_MAX;
		size_t late = 0; /* whose spacing is a tenth short: a delay */
		tries_of(t, e, &tries);
		CHECK(tries.n >= members(t, e) && tries.n > 1);
		for (size_t i = 0; i < tries.n; i++)
			for (size_t k = i + 1; k < tries.n; k++) {
				int64_t took = tries.at[k] - tries.at[i];
				least = k == i + 1 && took < least ? took : least;
				late += k == i + 1 && took < GAP_MS * 9 / 10;
				if (took >= (int64_t)(k - i) * GAP_MS - SLACK_MS)
					continue;
				fprintf(stderr, "egress %u: %zu logons in %" PRId64 " ms\n", e, k - i + 1, took);
				exit(1);
			}
		printf("egress %u: %zu logons in %" PRId64 " virtual s, at least %" PRId64
		       " ms apart, %zu under 9 s\n",
			e, tries.n, (tries.at[tries.n - 1] - tries.at[0]) / 1000, least, late);
	}
	fflush(stdout);
}

static bool pauses(const struct fleet *t, unsigned egress)
{
	char path[128];
	snprintf(path, sizeof(path), "/v1/rate-budgets/cm.login:%s", t->egress[egress]);
	json_t *b = rig_expect(&t->rig, 200, "GET", path, NULL);
	bool is = *json_str(b, "coolDownUntil") && !strcmp(json_str(b, "coolDownReason"), "eresult_84");
	json_decref(b);
	return is;
}

/* Those that have to wait for their turn are seen to wait. */
static void await_waiters(const struct fleet *t)
{
	char path[128];
	int64_t waiters = 0;

	snprintf(path, sizeof(path), "/v1/rate-budgets/cm.login:%s", t->egress[0]);
	for (int tries = 0; waiters == 0; tries++) {
		CHECK(tries < PATIENCE);
		json_t *b = rig_expect(&t->rig, 200, "GET", path, NULL);
		waiters = json_int(b, "waiters");
		CHECK(json_int(b, "capacity") == 1 && json_int(b, "baseEveryMicros") == GAP_MS * 1000);
		json_decref(b);
		rig_sleep_ms(20);
	}
}

static void kill_agent(struct fleet *t, unsigned i)
{
	rig_stop(&t->rig.agents[i], SIGKILL);
	rig_agent(&t->rig, i, NULL, agent_args);
}

struct moment {
	char text[40]; /* as the API writes it: the later is the greater */
};

static struct moment next_free(const struct fleet *t, unsigned egress)
{
	struct moment m;
	char path[128];

	snprintf(path, sizeof(path), "/v1/rate-budgets/cm.login:%s", t->egress[egress]);
	json_t *b = rig_expect(&t->rig, 200, "GET", path, NULL);
	snprintf(m.text, sizeof(m.text), "%s", json_str(b, "nextFreeAt"));
	json_decref(b);
	return m;
}

/* No lane comes back fuller than it went. */
static void kill_server(struct fleet *t)
{
	struct moment before[EGRESSES];

	for (unsigned e = 0; e < EGRESSES; e++)
		before[e] = next_free(t, e);
	rig_stop(&t->rig.server, SIGKILL);
	rig_serve(&t->rig, serve_args);
	for (unsigned e = 0; e < EGRESSES; e++) {
		struct moment after = next_free(t, e);
		CHECK(*before[e].text && strcmp(after.text, before[e].text) >= 0);
	}
}

/* All of two egresses anew; one of them is told 84 at its first logon. */
static void begin_again(struct fleet *t, struct tries had[2])
{
	for (unsigned e = 0; e < 2; e++)
		want(t, e, EGRESSES, "offline");
	for (unsigned e = 0; e < 2; e++)
		await(t, "offline", e, members(t, e));
	for (unsigned e = 0; e < 2; e++)
		tries_of(t, e, &had[e]);
	rig_sim_post(&t->rig, "/sim/throttle?ip=127.0.0.11&calls=1");
	for (unsigned e = 0; e < 2; e++)
		want(t, e, EGRESSES, "online");
	for (int tries = 0; !pauses(t, 0); tries++) {
		CHECK(tries < PATIENCE);
		rig_sleep_ms(20);
	}
}

static int64_t sim_ms(const struct fleet *t)
{
	json_t *j = rig_sim_get(&t->rig, "/sim/clock");
	int64_t now = json_int(j, "timeMs");
	json_decref(j);
	return now;
}

static void skip_to(struct fleet *t, int64_t at_ms)
{
	unsigned usual = t->warp;

	speed(t, PAUSE_WARP);
	while (sim_ms(t) < at_ms)
		rig_sleep_ms(50);
	speed(t, usual);
}

static void throttled(struct fleet *t)
{
	static struct tries had[2], slow, other;

	begin_again(t, had);
	kill_server(t); /* the pause outlives it, */
	CHECK(pauses(t, 0) && !pauses(t, 1));
	await(t, "online", 1, members(t, 1) / 2);
	for (unsigned i = 0; i < AGENTS; i++)
		kill_agent(t, i); /* and them */
	for (unsigned e = 1; e < EGRESSES; e++)
		await(t, "online", e, members(t, e));
	tries_of(t, 0, &slow);
	CHECK(slow.n > had[0].n);
	int64_t begun = slow.at[had[0].n];
	skip_to(t, begun + PAUSE_MS - 60000);
	await(t, "online", EGRESSES, t->accounts);
	tries_of(t, 0, &slow);
	tries_of(t, 1, &other);
	CHECK(slow.n > had[0].n + members(t, 0) && other.n >= had[1].n + members(t, 1));
	int64_t ended = slow.at[had[0].n + 1];
	printf("the throttled egress paused %" PRId64 " virtual s\n", (ended - begun) / 1000);
	CHECK(ended - begun >= PAUSE_MS - SLACK_MS);
	/* The other one did not wait for it. */
	int64_t first = other.at[had[1].n], nth = other.at[had[1].n + members(t, 1) - 1];
	printf("the other one began %" PRId64 " virtual s after that and took %" PRId64 "\n",
		(first - begun) / 1000, (nth - first) / 1000);
	CHECK(first < begun + PAUSE_MS / 4 && (nth - first) / members(t, 1) < 4 * GAP_MS);
	spaced(t);
}

static void set_up(struct fleet *t)
{
	char world[200];

	rig_init(&t->rig);
	speed(t, t->warp);
	snprintf(world, sizeof(world), "change 5000\naccounts bot %u password=fleet-password\n", t->accounts);
	rig_sim(&t->rig, world, sim_args);
	rig_serve(&t->rig, serve_args);
	json_t *region = rig_expect(&t->rig, 201, "POST", "/v1/regions", "{\"name\":\"here\"}");
	snprintf(t->region, sizeof(t->region), "%s", json_str(region, "id"));
	json_decref(region);
	for (unsigned i = 0; i < AGENTS; i++)
		rig_agent(&t->rig, i, t->region, agent_args);
	rig_await_agents(&t->rig, AGENTS);
	make_egresses(t);
	make_accounts(t);
}

int main(void)
{
	struct fleet t = { .accounts = env_unsigned("FLEET_ACCOUNTS", 30), .warp = env_unsigned("FLEET_WARP", 8) };
	time_t began = time(NULL);

	set_up(&t);
	want(&t, 0, 1, "online");
	await_waiters(&t);
	await(&t, "online", EGRESSES, t.accounts / 3);
	kill_server(&t);
	await(&t, "online", EGRESSES, t.accounts / 2);
	for (unsigned i = 0; i < AGENTS; i++)
		kill_agent(&t, i);
	await(&t, "online", EGRESSES, t.accounts * 2 / 3);
	kill_server(&t);
	kill_agent(&t, 0);
	await(&t, "online", EGRESSES, t.accounts);
	spaced(&t);
	printf("all online after %ld s\n", (long)(time(NULL) - began));
	throttled(&t);
	printf("%u accounts: %ld s\n", t.accounts, (long)(time(NULL) - began));
	free(t.account);
	rig_done(&t.rig);
	return 0;
}
