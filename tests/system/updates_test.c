/*
 * Thousands of watched titles, read whole and by their numbers alone, through the API and against a simulated Steam that takes its time:
 * how many questions it takes, and what is told. U1 of the acceptance tests: the times are printed, the counts are checked.
 *
 * UPDATES_TITLES (400; 2000 in soak), UPDATES_LATENCY_MS (250): the size; UPDATES_LANES=1: with the lanes as they are on the real Steam.
 */
#include "tests/system/rig.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define FIRST 1000

static struct rig r;
static unsigned titles = 400, latency_ms = 250;

static unsigned from_env(const char *name, unsigned otherwise)
{
	const char *s = getenv(name);
	return s && *s ? (unsigned)strtoul(s, NULL, 10) : otherwise;
}

static int64_t asked(void)
{
	json_t *ledger = rig_sim_get(&r, "/sim/ledger");
	int64_t n = json_int(ledger, "requests.product_info");

	json_decref(ledger);
	return n;
}

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Every title is watched, by one request. */
static void watch_all(void)
{
	size_t room = (size_t)titles * 100 + 100, n;
	auto_free char *body = malloc(room);

	CHECK(body);
	n = (size_t)snprintf(body, room, "{\"rows\":[");
	for (unsigned i = 0; i < titles; i++)
		n += (size_t)snprintf(
			body + n, room - n, "%s{\"titleId\":\"%u\",\"classes\":[\"*\"]}", i ? "," : "", FIRST + i);
	snprintf(body + n, room - n, "]}");
	json_t *made = rig_expect(&r, 200, "POST", "/v1/watches:import", body);
	CHECK(json_int(made, "created") == titles && json_int(made, "existing") == 0);
	json_decref(made);
	made = rig_expect(&r, 200, "POST", "/v1/watches:import", body);
	CHECK(json_int(made, "created") == 0 && json_int(made, "existing") == titles);
	json_decref(made);
}

/* A poll, until its end; the caller's is how it ended. */
static json_t *poll(const char *way, const char *body, const char *what)
{
	double begin = now_s();
	json_t *p = rig_expect(&r, 202, "POST", way, body);
	char path[96];

	snprintf(path, sizeof(path), "/v1/polls/%s", json_str(p, "id"));
	for (int tries = 0; tries < 6000 && strcmp(json_str(p, "status"), "finished") != 0; tries++) {
		rig_sleep_ms(20);
		json_decref(p);
		p = rig_expect(&r, 200, "GET", path, NULL);
	}
	printf("%s: %.2f s: %lld titles, %lld changed, %lld unchanged, %lld unknown\n", what, now_s() - begin,
		(long long)json_int(p, "total"), (long long)json_int(p, "changed"),
		(long long)json_int(p, "unchanged"), (long long)json_int(p, "unknown"));
	CHECK_STR(json_str(p, "status"), "finished");
	CHECK(json_int(p, "answered") == json_int(p, "total"));
	return p;
}

static int64_t rows(const char *sql) { return atoll(rig_sql(&r, sql)); }

static void a_full_pass(void)
{
	int64_t before = asked();

	watch_all();
	json_t *p = poll("/v1/polls", "{\"mode\":\"full\"}", "full");
	/* A store's facts are a baseline the first time: nothing is told of them. */
	CHECK(json_int(p, "total") == titles && json_int(p, "unchanged") == titles);
	json_decref(p);
	int64_t calls = asked() - before;
	printf("full: %lld questions\n", (long long)calls);
	/*
	 * One for 50 titles, in tasks of 500; one for the numbers of all, by the sweep, which may come meanwhile. Those that were due before
	 * the poll came and those that it made due are tasks of their own, whose last question may be of fewer than 50: one each.
	 */
	CHECK(calls >= (titles + 49) / 50 && calls <= (titles + 49) / 50 + 3);
	CHECK(rows("SELECT COUNT(*) FROM titles WHERE state = 'known'") == titles);
	CHECK(rows("SELECT COUNT(*) FROM events WHERE type LIKE 'title.%'") == 0);
	CHECK(rows("SELECT COUNT(*) FROM events WHERE type = 'poll.progress'") >= 3);
}

static void by_numbers(void)
{
	int64_t before = asked();
	json_t *p = poll("/v1/polls", "{}", "metadata");

	CHECK(json_int(p, "total") == titles && json_int(p, "unchanged") == titles);
	json_decref(p);
	printf("metadata: %lld questions\n", (long long)(asked() - before));
	CHECK(asked() - before >= 1 &&
		asked() - before <= 2); /* a second one when the first was too slow; never one for each */
}

static void fifty(void)
{
	char body[1024] = "{\"mode\":\"full\",\"selector\":{\"titles\":[";
	int64_t before = asked();

	for (unsigned i = 0; i < 50; i++)
		sprintf(body + strlen(body), "%s\"%u\"", i ? "," : "", FIRST + i);
	strcat(body, "]}}");
	json_t *p = poll("/v1/polls", body, "50 titles");
	CHECK(json_int(p, "total") == 50 && json_int(p, "unchanged") == 50);
	json_decref(p);
	CHECK(asked() - before >= 1 && asked() - before <= 2);
}

/* What is no older than a minute is not asked again. */
static void fresh(void)
{
	int64_t before = asked();
	json_t *p = poll("/v1/polls", "{\"maxAgeSeconds\":600}", "nothing to ask");

	CHECK(json_int(p, "total") == titles && json_int(p, "unchanged") == titles);
	json_decref(p);
	CHECK(asked() == before);
}

static json_t *watch_of(unsigned app)
{
	char path[96];

	snprintf(path, sizeof(path), "/v1/watches?titleId=%u", app);
	json_t *list = rig_expect(&r, 200, "GET", path, NULL),
	       *w = json_incref(json_array_get(json_object_get(list, "items"), 0));
	json_decref(list);
	return w;
}

/* A new build is found by the numbers, read whole, and told once; the poll under its other name. */
static void a_build(void)
{
	json_t *w = watch_of(FIRST);
	CHECK(!strcmp(json_str(w, "state"), "active") || !strcmp(json_str(w, "state"), "degraded"));
	CHECK(*json_str(w, "builds.public"));
	json_decref(w);
	rig_sim_post(&r, "/sim/build?app=1000&branch=public&build=99999777&manifests=100001:4242&size=1000&updated="
			 "1700000000");
	json_t *p = poll("/api/sync/updates", NULL, "one build");
	CHECK(json_int(p, "changed") <= 1 &&
		json_int(p, "unknown") == 0); /* the feed of changes may have been faster */
	json_decref(p);
	for (int tries = 0; tries < 3000; tries++) {
		w = watch_of(FIRST);
		bool there = !strcmp(json_str(w, "builds.public"), "99999777");
		json_decref(w);
		if (there)
			break;
		rig_sleep_ms(20);
	}
	json_decref(poll("/v1/polls", "{\"mode\":\"full\",\"selector\":{\"titles\":[\"1000\"]}}", "again"));
	CHECK(rows("SELECT COUNT(*) FROM events WHERE type = 'title.build_announced'") == 1);
	CHECK(rows("SELECT COUNT(*) FROM builds WHERE build_id = '99999777' AND direction = 'forward'") == 1);
	json_t *list = rig_expect(&r, 200, "GET", "/v1/changes?class=build", NULL);
	CHECK(json_array_size(json_object_get(list, "items")) == 1);
	CHECK_STR(json_str(json_array_get(json_object_get(list, "items"), 0), "buildId"), "99999777");
	json_decref(list);
}

int main(void)
{
	char world[96], fault[64];
	bool real = from_env("UPDATES_LANES", 0);
	const char *lanes = real ? "lanes.limits=" : "lanes.limits=pics.info=0,store.web=0,cm.job=0";

	titles = from_env("UPDATES_TITLES", titles);
	latency_ms = from_env("UPDATES_LATENCY_MS", latency_ms);
	rig_init(&r);
	snprintf(world, sizeof(world), "generate apps=%u-%u seed=1\n", FIRST, FIRST + titles - 1);
	rig_sim(&r, world, NULL);
	rig_serve(&r, (const char *const[]){ "--set", "lanes.unsafe=true", "--set", lanes, "--set",
			      real ? "steam.pics_interval_ms=500" : "steam.pics_interval_ms=0", NULL });
	snprintf(fault, sizeof(fault), "product_info@*:latency=%u", latency_ms);
	rig_sim_say(&r, "/sim/faults", fault);
	a_full_pass();
	by_numbers();
	fifty();
	fresh();
	a_build();
	rig_check_events(&r);
	rig_done(&r);
	return 0;
}
