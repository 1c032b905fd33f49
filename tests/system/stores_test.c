/*
 * Epic and GOG against steamsim: what titles.poll says of their titles, and the reason when nothing is known. And watches of a title of each, and
 * of a Workshop item, through the whole system: a new build is told once, over a restart and whichever source is asked, and nothing else is a build.
 */
#include "tests/system/rig.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define EPIC "ns1:item1:SimGame"
#define OLD  "ns1:item2:OldGame"
#define GOG  "1207658924"

static const char world[] = "epic token=epic-secret-token\n"
			    "gog token=gog-secret-token\n"
			    "epic SimGame item=item1 ns=ns1 title=The_Game version=1.0 generate=4,3000000,7\n"
			    "epic OldGame item=item2 ns=ns1 title=Old_Game version=0.9 generate=4,3000000,8 json\n"
			    "epic NotMine item=item3 ns=ns1 title=Not_mine hidden\n"
			    "gog " GOG " title=The_Quest version=1.0 generate=4,3000000,9 installer\n"
			    "gog " GOG " version=1.1b branch=beta generate=4,300000,10\n"
			    "workshop 77 app=1000 title=Seven manifest=111 size=5000 updated=1700000000\n";

static json_t *run_to(const struct rig *r, const char *payload, const char *end)
{
	char path[128], body[1024];
	json_t *task = NULL;

	snprintf(body, sizeof(body), "{\"action\":\"titles.poll\",\"payload\":%s}", payload);
	json_t *job = rig_post_job(r, body);
	snprintf(path, sizeof(path), "/v1/jobs/%s/tasks", json_str(job, "id"));
	for (int tries = 0; tries < 1200; tries++) {
		json_t *list = rig_expect(r, 200, "GET", path, NULL);
		json_decref(task);
		task = json_incref(json_array_get(json_object_get(list, "items"), 0));
		json_decref(list);
		if (!strcmp(json_str(task, "status"), "succeeded") || !strcmp(json_str(task, "status"), "failed"))
			break;
		rig_sleep_ms(25);
	}
	json_decref(job);
	if (strcmp(json_str(task, "status"), end) != 0)
		fprintf(stderr, "%s\n", json_dumps(task, 0));
	CHECK_STR(json_str(task, "status"), end);
	return task;
}

/* What it says of the one title. */
static json_t *poll(const struct rig *r, const char *source, const char *ref)
{
	char payload[256];

	snprintf(payload, sizeof(payload), "{\"source\":\"%s\",\"refs\":[\"%s\"]}", source, ref);
	json_t *task = run_to(r, payload, "succeeded");
	json_t *titles = json_object_get(json_object_get(task, "result"), "titles");
	CHECK(json_array_size(titles) == 1);
	json_t *t = json_incref(json_array_get(titles, 0));
	json_decref(task);
	CHECK_STR(json_str(t, "ref"), ref);
	return t;
}

static void expect_build(
	const struct rig *r, const char *source, const char *ref, const char *os, const char *version)
{
	json_t *t = poll(r, source, ref), *b, *found = NULL;
	size_t i;

	if (strcmp(json_str(t, "status"), "known") != 0)
		fprintf(stderr, "%s\n", json_dumps(t, 0));
	CHECK_STR(json_str(t, "status"), "known");
	json_array_foreach(json_object_get(t, "branches"), i, b) if (!strcmp(json_str(b, "name"), "public")) found =
		b;
	CHECK_STR(json_str(found, "version"), version);
	CHECK_STR(json_str(found, "os"), os);
	CHECK(*json_str(found, "buildId"));
	json_decref(t);
}

static void expect_unknown(const struct rig *r, const char *source, const char *ref, const char *reason)
{
	json_t *t = poll(r, source, ref);

	CHECK_STR(json_str(t, "status"), "unknown");
	CHECK_STR(json_str(t, "reason"), reason);
	json_decref(t);
}

static int64_t asked(const struct rig *r, const char *what)
{
	char path[64];
	json_t *ledger = rig_sim_get(r, "/sim/ledger");

	snprintf(path, sizeof(path), "requests.%s", what);
	int64_t n = json_int(ledger, path);
	json_decref(ledger);
	return n;
}

/* The next request of this kind. */
static void next_fails(const struct rig *r, const char *what, const char *effect)
{
	char line[128];

	snprintf(line, sizeof(line), "%s@%lld:%s", what, (long long)asked(r, what) + 1, effect);
	rig_sim_say(r, "/sim/faults", line);
}

static void known(const struct rig *r)
{
	expect_build(r, "epic.launcher", EPIC, "Windows", "1.0");
	expect_build(r, "gog.content_system", GOG, "windows", "1.0");

	/* One list answers for all of a platform. */
	int64_t before = asked(r, "epic_assets");
	json_t *task = run_to(r,
		"{\"source\":\"epic.launcher\",\"refs\":[\"" EPIC "\",\"" OLD "\",\"ns1:item3:NotMine\"]}",
		"succeeded");
	json_t *titles = json_object_get(json_object_get(task, "result"), "titles");
	CHECK(asked(r, "epic_assets") == before + 1 && json_array_size(titles) == 3);
	CHECK_STR(json_str(json_array_get(titles, 1), "status"), "known");
	CHECK_STR(json_str(json_array_get(titles, 2), "reason"), "license");
	json_decref(task);

	json_t *t = poll(r, "gog.content_system", GOG);
	CHECK(json_array_size(json_object_get(t, "branches")) == 2);
	json_decref(t);

	t = poll(r, "epic.catalog_http", EPIC);
	CHECK_STR(json_str(t, "name"), "The Game");
	CHECK(!json_object_get(t, "branches") || json_array_size(json_object_get(t, "branches")) == 0);
	json_decref(t);
	t = poll(r, "gog.product_http", GOG);
	CHECK_STR(json_str(t, "name"), "The Quest");
	CHECK(json_array_size(json_object_get(t, "sections")) >= 2);
	json_decref(t);
}

static void bumped(const struct rig *r)
{
	rig_sim_post(r, "/sim/epic?app=SimGame&version=1.1");
	rig_sim_post(r, "/sim/gog?product=" GOG "&version=1.1");
	expect_build(r, "epic.launcher", EPIC, "Windows", "1.1");
	expect_build(r, "gog.content_system", GOG, "windows", "1.1");
}

static void unknown(const struct rig *r)
{
	expect_unknown(r, "gog.content_system", "999", "missing");
	expect_unknown(r, "gog.product_http", "999", "missing");
	expect_unknown(r, "epic.catalog_http", "ns1:item9:No", "missing");
	next_fails(r, "epic_assets", "http=401");
	expect_unknown(r, "epic.launcher", EPIC, "denied");
	json_decref(run_to(r, "{\"source\":\"gog.product_http\",\"refs\":[\"../secret\"]}", "failed"));
	json_decref(run_to(r, "{\"source\":\"epic.launcher\",\"refs\":[\"ns1:..:SimGame\"]}", "failed"));
	CHECK(asked(r, "gog_product") > 0);
}

/* 429: the lane pauses for as long as it says, and nobody asks meanwhile. */
static void limited(const struct rig *r)
{
	next_fails(r, "gog_product", "retry_after=3600");
	expect_unknown(r, "gog.product_http", GOG, "rate_limited");
	int64_t before = asked(r, "gog_product");
	json_t *budgets = rig_expect(r, 200, "GET", "/v1/rate-budgets?limit=200", NULL), *b;
	size_t i, found = 0;
	json_array_foreach(json_object_get(budgets, "items"), i, b) found +=
		!strcmp(json_str(b, "lane"), "gog") && *json_str(b, "coolDownUntil");
	if (!found)
		fprintf(stderr, "%s\n", json_dumps(budgets, 0));
	CHECK(found == 1);
	CHECK(asked(r, "gog_product") == before);
	json_decref(budgets);
}

static int64_t rows(const struct rig *r, const char *sql) { return atoll(rig_sql(r, sql)); }

#define ANNOUNCED      "SELECT COUNT(*) FROM events WHERE type = 'title.build_announced'"
#define CHANGED(class) "SELECT COUNT(*) FROM changes WHERE class = '" class "'"
#define BY(method)                                                                                           \
	"SELECT COUNT(DISTINCT t.store) FROM titles t JOIN watches w ON w.title_id = t.id WHERE t.store <> " \
	"'workshop' "                                                                                        \
	"AND w.state = '" method "'"

static void await_rows(const struct rig *r, const char *sql, int64_t n)
{
	for (int tries = 0; tries < 1200; tries++) {
		if (rows(r, sql) >= n)
			return;
		rig_sleep_ms(25);
	}
	fprintf(stderr, "%s: %lld, not %lld\n%s\n", sql, (long long)rows(r, sql), (long long)n,
		rig_sql(r, "SELECT GROUP_CONCAT(name || ' ' || breaker || ' ' || COALESCE(last_error, '')) FROM "
			   "sources"));
	exit(1);
}

/* All titles were asked once more: what was to be seen, was seen. */
static void a_round(const struct rig *r)
{
	struct timespec now;
	char sql[120];

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM titles WHERE success_at > %lld",
		(long long)now.tv_sec * 1000 + now.tv_nsec / 1000000 + 1000);
	await_rows(r, sql, 3);
}

static void bump_shops(const struct rig *r, const char *version)
{
	char path[96];

	snprintf(path, sizeof(path), "/sim/epic?app=SimGame&version=%s", version);
	rig_sim_post(r, path);
	snprintf(path, sizeof(path), "/sim/gog?product=" GOG "&version=%s", version);
	rig_sim_post(r, path);
}

static void rename_shops(const struct rig *r, const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), "/sim/epic?app=SimGame&title=%s", name);
	rig_sim_post(r, path);
	snprintf(path, sizeof(path), "/sim/gog?product=" GOG "&title=%s", name);
	rig_sim_post(r, path);
}

/* A watch of a title of each: nobody asks for a poll, they are read when nothing was heard for their interval. */
static void watched(const struct rig *r)
{
	json_decref(rig_expect(r, 201, "POST", "/v1/watches",
		"{\"store\":\"epic\",\"titleId\":\"" EPIC "\",\"classes\":[\"*\"]}"));
	json_decref(rig_expect(
		r, 201, "POST", "/v1/watches", "{\"store\":\"gog\",\"titleId\":\"" GOG "\",\"classes\":[\"*\"]}"));
	json_decref(rig_expect(
		r, 201, "POST", "/v1/watches", "{\"store\":\"workshop\",\"titleId\":\"77\",\"classes\":[\"*\"]}"));
	(void)rig_sql(r, "UPDATE titles SET interval_s = 1");
	await_rows(r, "SELECT COUNT(*) FROM titles WHERE success_at > 0", 3);
	CHECK(rows(r, ANNOUNCED) == 0); /* what there is, is no news */
	bump_shops(r, "2.0");
	rig_sim_say(r, "/sim/lines", "workshop 77 manifest=222 size=6000 updated=1700000100");
	await_rows(r, ANNOUNCED, 3);
	CHECK(rows(r, "SELECT COUNT(*) FROM builds WHERE build_id = '2.0' AND os = 'Windows'") == 1);
	CHECK(rows(r, "SELECT COUNT(*) FROM builds WHERE version = '2.0' AND os = 'windows'") == 1);
	CHECK(rows(r, "SELECT COUNT(*) FROM builds WHERE build_id = '222' AND direction = 'forward'") == 1);
	/* Another title, another time: no build. */
	rename_shops(r, "Renamed");
	rig_sim_say(r, "/sim/lines", "workshop 77 title=Renamed updated=1700000200");
	await_rows(r, CHANGED("workshop_item"), 1);
	a_round(r);
	CHECK(rows(r, ANNOUNCED) == 3 && rows(r, CHANGED("build")) == 3);
}

/* The builds were told, and are not told again. */
static void restarted(struct rig *r, const char *const *args)
{
	rig_stop(&r->server, SIGKILL);
	rig_serve(r, args);
	a_round(r);
	CHECK(rows(r, ANNOUNCED) == 3);
}

/* The stores' first sources fail: the others stand in, and tell of metadata alone; then the first are asked again. */
static void stood_in_for(const struct rig *r)
{
	rig_sim_say(r, "/sim/faults", "epic_assets@*:http=500\ngog_builds@*:http=500");
	await_rows(r,
		"SELECT COUNT(*) FROM sources WHERE breaker = 'open' AND name IN ('epic.launcher', "
		"'gog.content_system')",
		2);
	await_rows(r, BY("degraded"), 2);
	int64_t changes = rows(r, "SELECT COUNT(*) FROM changes");
	bump_shops(r, "3.0");
	rename_shops(r, "Once_more");
	await_rows(r,
		"SELECT COUNT(DISTINCT source) FROM changes WHERE class IN ('metadata', 'store_page') AND source "
		"IN "
		"('epic.catalog_http', 'gog.product_http')",
		2);
	CHECK(rows(r, ANNOUNCED) == 3 && rows(r, CHANGED("build")) == 3);
	CHECK(rows(r, "SELECT COUNT(*) FROM changes") > changes);
	rig_sim_clear(r);
	json_decref(rig_expect(r, 200, "POST", "/v1/sources/epic.launcher/reset", NULL));
	json_decref(rig_expect(r, 200, "POST", "/v1/sources/gog.content_system/reset", NULL));
	await_rows(r, ANNOUNCED, 5);
	await_rows(r, BY("active"), 2);
	a_round(r);
	CHECK(rows(r, ANNOUNCED) == 5);
}

int main(void)
{
	char epic[160], catalog[160], gog[160], api[160];
	struct rig r;

	rig_init(&r);
	rig_sim(&r, world, (const char *const[]){ NULL });
	snprintf(epic, sizeof(epic), "agent.epic_launcher_url=%s/epic", r.sim_url);
	snprintf(catalog, sizeof(catalog), "agent.epic_catalog_url=%s/epic", r.sim_url);
	snprintf(gog, sizeof(gog), "agent.gog_content_url=%s/gog", r.sim_url);
	snprintf(api, sizeof(api), "agent.gog_api_url=%s/gog", r.sim_url);
	const char *const args[] = { "--set", epic, "--set", catalog, "--set", gog, "--set", api, "--set",
		"agent.epic_token=epic-secret-token", "--set", "agent.gog_token=gog-secret-token", "--set",
		"lanes.unsafe=true", "--set",
		"lanes.limits=epic=0,gog=0,cm.connect=0,cm.login=0,cm.login.account=0", "--set",
		"engine.lease_ms=5000", "--set", "engine.heartbeat_ms=1000", NULL };
	rig_serve(&r, args);
	known(&r);
	bumped(&r);
	unknown(&r);
	watched(&r);
	restarted(&r, args);
	stood_in_for(&r);
	limited(&r);
	rig_done(&r);
	return 0;
}
