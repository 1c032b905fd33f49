/*
 * Two agents by two addresses, each with a simulated Steam of its own, which are the same store: one of them cannot be reached. Its breaker
 * opens, and it is left alone; the other answers everything, and the source that stands in is not asked. Its probe is its own. When it is
 * mended it is asked again, also alone and with a Steam that lags behind: what was missed is looked for, and no build is told of twice.
 */
#include "tests/system/rig.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FIRST 1000
#define APPS  12

static struct rig r, other; /* other: the second agent's Steam alone */
static char near[64], far[64];

static const char world[] = "change 1000000\nhistory 3000\ngenerate apps=1000-1011 seed=1\n";

static long long number(const char *sql) { return strtoll(rig_sql(&r, sql), NULL, 10); }

static void await(const char *sql, long long least, const char *what)
{
	for (int i = 0; i < 600; i++) {
		if (number(sql) >= least)
			return;
		rig_sleep_ms(25);
	}
	fprintf(stderr, "%s: %lld, not %lld; breakers: %s\n", what, number(sql), least,
		rig_sql(&r,
			"SELECT GROUP_CONCAT(source || ' ' || egress_id || ' ' || state || ' ' || failures || ' ' "
			"|| COALESCE(last_error, '')) FROM source_breakers"));
	fprintf(stderr, "asked: %s\n",
		rig_sql(&r,
			"SELECT GROUP_CONCAT(a.kind || ' ' || COALESCE(a.egress_id, '') || ' ' || "
			"COALESCE(t.status, "
			"'none') || ' ' || COALESCE(t.waits, '')) FROM source_asks a LEFT JOIN tasks t ON t.id = "
			"a.task_id"));
	CHECK_NEVER("it did not come");
}

/* Of the far agent's breaker. */
static void await_state(const char *state)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
		"SELECT COUNT(*) FROM source_breakers WHERE source = 'steam.pics' AND egress_id = '%s' AND state = "
		"'%s'",
		far, state);
	await(sql, 1, state);
}

static long long of_far(const char *column)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
		"SELECT %s FROM source_breakers WHERE source = 'steam.pics' AND egress_id = '%s'", column, far);
	return number(sql);
}

static long long asked(const struct rig *sim, const char *what)
{
	json_t *ledger = rig_sim_get(sim, "/sim/ledger");
	long long n = json_int(ledger, what);
	json_decref(ledger);
	return n;
}

/* Of whom: an egress, or null. */
static long long told(const char *egress, const char *state)
{
	char sql[256];

	snprintf(sql, sizeof(sql),
		"SELECT COUNT(*) FROM events WHERE type = 'source.state_changed' AND data LIKE "
		"'%%egressId__%%%s%%was%%' "
		"AND data LIKE '%%state___%s_,%%'",
		egress, state);
	return number(sql);
}

static void begin(void)
{
	rig_init(&r);
	rig_warp(&r, 4);
	rig_sim(&r, world, NULL);
	rig_serve(&r,
		(const char *const[]){ "--no-agent", "--log-level", "warn", "--set", "updates.tick_ms=1000",
			"--set", "updates.sweep_s=3600", "--set", "lanes.unsafe=true", "--set",
			"lanes.limits=cm.connect=0,cm.login=0,cm.login.account=0,cm.job=0,pics.changes=0,pics.info="
			"0,store.web=0",
			"--set", "steam.pics_interval_ms=0", "--set", "engine.lease_ms=20000", NULL });
	json_t *region = rig_expect(&r, 201, "POST", "/v1/regions", "{\"name\":\"here\"}");
	static const char *const quiet[] = { "--log-level", "error", "--set", "steam.pics_interval_ms=0", NULL };
	rig_agent(&r, 0, json_str(region, "id"), quiet);
	rig_await_agents(&r, 1);
	snprintf(near, sizeof(near), "%s", rig_sql(&r, "SELECT id FROM agents"));
	other = r;
	other.sim = 0;
	snprintf(other.dir, sizeof(other.dir), "%.50s/other", r.dir);
	CHECK(mkdir(other.dir, 0700) == 0);
	rig_sim(&other, world, NULL);
	rig_sim_say(&other, "/sim/faults", "connect@*:http=503\n");
	for (unsigned i = 0; i < APPS; i++) {
		char body[128];
		snprintf(body, sizeof(body), "{\"store\":\"steam\",\"titleId\":\"%u\",\"classes\":[\"build\"]}",
			FIRST + i);
		json_decref(rig_expect(&r, 201, "POST", "/v1/watches", body));
	}
	await("SELECT COUNT(*) FROM titles WHERE change_number > 0 AND change_number >= wanted_number", APPS,
		"titles that were read");
	rig_agent(&r, 1, json_str(region, "id"), quiet);
	json_decref(region);
	rig_await_agents(&r, 2);
	char sql[100];
	snprintf(sql, sizeof(sql), "SELECT id FROM agents WHERE id <> '%s'", near);
	snprintf(far, sizeof(far), "%s", rig_sql(&r, sql));
	CHECK(*far);
}

/* All answers are of Steam's own connection, by the agent that reaches it. */
static void poll_by_near(void)
{
	long long pages = asked(&r, "requests.app_details") + asked(&other, "requests.app_details");
	long long calls = asked(&r, "requests.product_info");

	for (int i = 1; i <= 3; i++) {
		json_decref(rig_expect(&r, 202, "POST", "/v1/polls", "{\"mode\":\"full\"}"));
		for (int k = 0; k < 400 && number("SELECT COUNT(*) FROM polls WHERE status = 'running'") > 0; k++)
			rig_sleep_ms(25);
		CHECK(number("SELECT COUNT(*) FROM polls WHERE status = 'running'") == 0);
	}
	CHECK(number("SELECT SUM(unknown) FROM polls") == 0);
	CHECK(number("SELECT COUNT(*) FROM titles WHERE method = 'steam.pics'") == APPS);
	CHECK(asked(&r, "requests.app_details") + asked(&other, "requests.app_details") == pages);
	CHECK(asked(&r, "requests.product_info") > calls);
}

static void one_opens(void)
{
	rig_warp(&r, 32);
	await_state("open");
	rig_warp(&r, 4);
	CHECK(of_far("probe_at - since") == 900000 && of_far("failures") >= 3);
	CHECK(number("SELECT COUNT(*) FROM sources WHERE name = 'steam.pics' AND breaker = 'closed'") == 1);
	CHECK(told(far, "open") == 1 && told("null", "open") == 0);
	long long failures = number("SELECT SUM(failures) FROM source_sessions WHERE source = 'steam.pics'");
	poll_by_near();
	CHECK(number("SELECT SUM(failures) FROM source_sessions WHERE source = 'steam.pics'") == failures);
	json_t *s = rig_expect(&r, 200, "GET", "/v1/sources/steam.pics", NULL);
	CHECK_STR(json_str(s, "breaker.state"), "closed");
	CHECK(json_int(s, "openEgresses") == 1);
	json_t *first = json_array_get(json_object_get(s, "breakers"), 0);
	CHECK_STR(json_str(first, "egressId"), far);
	CHECK_STR(json_str(first, "state"), "open");
	CHECK(json_int(first, "failures") >= 3 && json_int(first, "trips") == 1 && *json_str(first, "nextProbeAt"));
	json_decref(s);
	char line[200];
	snprintf(line, sizeof(line),
		"footplate_source_egress_breaker{source=\"steam.pics\",egress=\"%s\",state=\"open\"} 1", far);
	struct rig_answer m = rig_call(&r, "GET", "/metrics", NULL, NULL);
	CHECK(m.text && strstr(m.text, line));
	CHECK(strstr(m.text, "footplate_source_egresses{source=\"steam.pics\",state=\"open\"} 1"));
	CHECK(strstr(m.text, "footplate_source_egresses{source=\"steam.pics\",state=\"closed\"} 1"));
	rig_answer_done(&m);
}

/* Nobody but it is asked for its sake, and it for nothing else. */
static void probed(void)
{
	static const char stray[] =
		"SELECT COUNT(*) FROM source_asks WHERE source = 'steam.pics' AND kind <> 'probe' AND egress_id = ";
	char sql[256];
	long long before = of_far("since");

	rig_set_clock(&r, 901);
	for (int i = 0; i < 600 && of_far("since") == before; i++)
		rig_sleep_ms(10);
	snprintf(sql, sizeof(sql), "%s'%s'", stray, far);
	for (int i = 0; i < 600 && of_far("wait") != 1800000; i++) {
		CHECK(number(sql) == 0);
		CHECK(number("SELECT COUNT(*) FROM source_asks WHERE kind = 'probe'") <= 1);
		snprintf(sql, sizeof(sql),
			"SELECT COUNT(*) FROM source_asks a JOIN tasks t ON t.id = a.task_id WHERE a.kind = "
			"'probe' AND "
			"t.agent_id = '%s'",
			near);
		CHECK(number(sql) == 0);
		snprintf(sql, sizeof(sql), "%s'%s'", stray, far);
		if (i == 100)
			rig_warp(&r, 16);
	}
	rig_warp(&r, 4);
	await_state("open");
	CHECK(of_far("wait") == 1800000 && of_far("trips") == 2);
}

static void mended(void)
{
	rig_sim_clear(&other);
	/* Probes may come while the agent rests from its last tries to connect, for 300 s of the time that is not set. */
	rig_warp(&r, 64);
	for (int i = 0; i < 25 && of_far("CASE state WHEN 'closed' THEN 1 ELSE 0 END") == 0; i++) {
		rig_set_clock(&r, 3601);
		rig_sleep_ms(800);
	}
	await_state("closed");
	rig_warp(&r, 8);
	CHECK(asked(&other, "logons.ok") == 1);
	char sql[200];
	snprintf(sql, sizeof(sql),
		"SELECT answers FROM source_sessions WHERE source = 'steam.pics' AND agent_id = '%s'", far);
	await(sql, 2, "answers of the other");
	CHECK(told(far, "open") >= 2 && told(far, "half_open") >= 2 && told(far, "closed") == 1);
	CHECK(told(near, "open") == 0);
}

static void change(const struct rig *sim, unsigned app, const char *what)
{
	char path[96];

	snprintf(path, sizeof(path), "/sim/changes?apps=%u&what=%s", FIRST + app, what);
	rig_sim_post(sim, path);
}

/* Who followed goes away; the one that is left sees a Steam that is three changes behind, and catches up. */
static void followed_by_the_other(void)
{
	static const char builds[] = "SELECT COUNT(*) FROM events WHERE type = 'title.build_announced'";
	static const char gaps[] = "SELECT COUNT(*) FROM events WHERE type = 'source.gap_detected' AND data LIKE "
				   "'%current_went_back%'";
	long long before = number(builds), cursor;
	char behind[160];

	for (unsigned i = 0; i < 3; i++)
		change(&r, i, "build");
	await(builds, before + 3, "builds by the first");
	cursor = asked(&r, "change_number");
	rig_stop(&r.agents[0], SIGKILL);
	await(gaps, 1, "a step back");
	snprintf(behind, sizeof(behind),
		"SELECT COUNT(*) FROM sources WHERE name = 'steam.pics' AND gap_from = 0 AND cursor = %lld",
		asked(&other, "change_number"));
	await(behind, 1, "a closed gap");
	for (unsigned i = 0; i < 3; i++)
		change(&other, i, "build");
	change(&other, 7, "build");
	await(builds, before + 4, "the build of later");
	await("SELECT cursor FROM sources WHERE name = 'steam.pics'", cursor + 1, "a cursor that goes on");
	CHECK(number(builds) == before + 4);
	CHECK(number("SELECT COUNT(*) FROM events WHERE type = 'source.gap_closed'") ==
		number("SELECT COUNT(*) FROM events WHERE type = 'source.gap_detected'"));
}

int main(void)
{
	begin();
	one_opens();
	probed();
	mended();
	followed_by_the_other();
	rig_check_events(&r);
	rig_stop(&other.sim, SIGTERM);
	rig_done(&r);
	return 0;
}
