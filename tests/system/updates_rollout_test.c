/*
 * What an operator says of a source, against a simulated Steam: which titles are asked of it and which of the one that stands in, shadow
 * mode, breakers that are forced; and builds that are announced before they can be fetched.
 */
#include "tests/system/rig.h"

#include <stdio.h>
#include <string.h>

#define FIRST 1000
#define APPS  8
#define BUILT 1030 /* watched for builds */

static const char world[] = "generate apps=1000-1030 seed=1\n";
static struct rig r;

static long long number(const char *sql) { return strtoll(rig_sql(&r, sql), NULL, 10); }

static void await(const char *sql, long long least)
{
	for (int i = 0; i < 800; i++) {
		if (number(sql) >= least)
			return;
		rig_sleep_ms(25);
	}
	fprintf(stderr, "%s: %lld, not %lld\n", sql, number(sql), least);
	CHECK_NEVER("it did not come");
}

static void watch(unsigned app, const char *more)
{
	char body[256];

	snprintf(body, sizeof(body), "{\"store\":\"steam\",\"titleId\":\"%u\"%s}", app, more);
	json_decref(rig_expect(&r, 201, "POST", "/v1/watches", body));
}

/* A poll of the titles, whole, to its end. */
static void poll(void)
{
	char body[512] = "{\"mode\":\"full\",\"selector\":{\"titles\":[";

	for (unsigned i = 0; i < APPS; i++)
		sprintf(body + strlen(body), "%s\"%u\"", i ? "," : "", FIRST + i);
	strcat(body, "]}}");
	long long ended = number("SELECT COUNT(*) FROM polls WHERE status = 'finished'");
	json_decref(rig_expect(&r, 202, "POST", "/v1/polls", body));
	await("SELECT COUNT(*) FROM polls WHERE status = 'finished'", ended + 1);
	CHECK(number("SELECT SUM(unknown) FROM polls") == 0);
}

static void rollout(const char *patch)
{
	char match[64];
	json_t *s = rig_expect(&r, 200, "GET", "/v1/sources/steam.pics", NULL);

	snprintf(match, sizeof(match), "If-Match: \"%lld\"", (long long)json_int(s, "version"));
	json_decref(s);
	struct rig_answer a = rig_call(&r, "PATCH", "/v1/sources/steam.pics", match, patch);
	if (a.status != 200)
		fprintf(stderr, "%d %s\n", a.status, a.text);
	CHECK(a.status == 200);
	rig_answer_done(&a);
}

static long long product_infos(void)
{
	json_t *ledger = rig_sim_get(&r, "/sim/ledger");
	long long n = json_int(ledger, "requests.product_info");
	json_decref(ledger);
	return n;
}

#define OF(method) \
	"SELECT COUNT(*) FROM titles WHERE CAST(ref AS BIGINT) BETWEEN 1000 AND 1023 AND method = '" method "'"

static bool is_of(unsigned app, const char *method)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT method FROM titles WHERE ref = '%u'", app);
	return !strcmp(rig_sql(&r, sql), method);
}

/* A title's side is its own for ever: more of a hundred only ever adds titles. */
static void parts(void)
{
	bool before[APPS], some = false, all = true;

	rollout("{\"percent\":40}");
	poll();
	for (unsigned i = 0; i < APPS; i++) {
		before[i] = is_of(FIRST + i, "steam.pics");
		some |= before[i];
		all &= before[i];
		CHECK(before[i] || is_of(FIRST + i, "steam.store_http"));
	}
	CHECK(some && !all);
	rollout("{\"percent\":70}");
	poll();
	for (unsigned i = 0; i < APPS; i++)
		CHECK(!before[i] || is_of(FIRST + i, "steam.pics"));
	CHECK(number(OF("steam.store_http")) > 0);
	rollout("{\"percent\":100,\"maxTitles\":5}");
	poll();
	CHECK(number(OF("steam.pics")) == 5 && number(OF("steam.store_http")) == APPS - 5);
	rollout("{\"maxTitles\":0,\"labels\":{\"tier\":\"gold\"}}");
	poll();
	CHECK(number(OF("steam.pics")) == 3);
	CHECK(is_of(FIRST, "steam.pics") && is_of(FIRST + 1, "steam.pics") && is_of(FIRST + 2, "steam.pics"));
	rollout("{\"labels\":{}}");
	poll();
	CHECK(number(OF("steam.pics")) == APPS);
}

/* Both are asked; what the source says is held against what the other says, and counts for nothing else. */
static void shadow(void)
{
	long long asked = product_infos();

	rollout("{\"shadow\":true}");
	poll();
	CHECK(number(OF("steam.store_http")) == APPS);
	await("SELECT COALESCE(SUM(compared), 0) FROM source_marks WHERE source = 'steam.pics'", APPS);
	CHECK(product_infos() > asked);
	json_t *s = rig_expect(&r, 200, "GET", "/v1/sources/steam.pics", NULL);
	CHECK(json_int(s, "agreementPermille1h") == 1000);
	json_decref(s);
	/* One of which the source says nothing any more, and the other does: the other is believed. */
	rig_sim_post(&r, "/sim/title?app=1000&do=deny");
	poll();
	await("SELECT SUM(compared) FROM source_marks WHERE source = 'steam.pics'", 2 * APPS);
	CHECK(number("SELECT SUM(compared) - SUM(agreed) FROM source_marks WHERE source = 'steam.pics'") == 1);
	CHECK(number(OF("steam.store_http")) == APPS);
	s = rig_expect(&r, 200, "GET", "/v1/sources/steam.pics", NULL);
	CHECK(json_int(s, "agreementPermille1h") == 1000 * (2 * APPS - 1) / (2 * APPS));
	json_decref(s);
	struct rig_answer m = rig_call(&r, "GET", "/metrics", NULL, NULL);
	CHECK(m.status == 200 && m.text &&
		strstr(m.text, "footplate_source_agreement_permille{source=\"steam.pics\"} 937"));
	rig_answer_done(&m);
	rig_sim_post(&r, "/sim/title?app=1000&do=public");
	rollout("{\"shadow\":false}");
}

static void force(const char *state, const char *way)
{
	char path[64], body[64], sql[128];

	snprintf(path, sizeof(path), "/v1/sources/steam.pics/%s", way);
	snprintf(body, sizeof(body), "{\"state\":\"%s\"}", state);
	json_decref(rig_expect(&r, 200, "POST", path, !strcmp(way, "trip") ? body : NULL));
	snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM sources WHERE name = 'steam.pics' AND breaker = '%s'",
		state);
	CHECK(number(sql) == 1);
}

static void forced(void)
{
	force("forced_open", "trip");
	await("SELECT 1 - COUNT(*) FROM source_asks WHERE source = 'steam.pics'", 1);
	long long asked = product_infos();
	poll();
	CHECK(product_infos() == asked && number(OF("steam.store_http")) == APPS);
	/* Nor for comparison. */
	rollout("{\"shadow\":true}");
	poll();
	CHECK(product_infos() == asked);
	rollout("{\"shadow\":false}");
	/* It is asked whatever happens: answers that say nothing open no breaker. */
	force("forced_closed", "trip");
	rig_sim_say(&r, "/sim/faults", "product_info@*:pics_empty\n");
	for (int i = 0; i < 3; i++)
		json_decref(rig_expect(&r, 202, "POST", "/v1/polls", "{\"mode\":\"full\"}"));
	await("SELECT COUNT(*) FROM polls WHERE status = 'finished' AND unknown > 0", 1);
	CHECK(number("SELECT COUNT(*) FROM sources WHERE name = 'steam.pics' AND breaker = 'forced_closed'") == 1);
	rig_sim_clear(&r);
	force("closed", "reset");
	CHECK(number("SELECT COUNT(*) FROM audit WHERE action IN ('source.trip', 'source.reset')") >= 3);
}

static json_t *depots_of_build(void)
{
	static char text[65536];
	json_error_t e;
	char sql[120];

	*text = 0;
	for (size_t n = 1, more = 1; more > 0 && n + 900 < sizeof(text); n += more) {
		snprintf(sql, sizeof(sql), "SELECT SUBSTR(depots, %zu, 900) FROM builds WHERE build_id = '777'", n);
		const char *part = rig_sql(&r, sql);
		more = strlen(part);
		strcat(text, part);
	}
	return json_loads(text, 0, &e);
}

/* Steam tells of a build before its content servers have it. */
static void announced_before_available(void)
{
	static const char build[] =
		"SELECT COUNT(*) FROM builds b JOIN titles t ON t.id = b.title_id WHERE t.ref = '1030' AND "
		"b.build_id = '777'";
	static const char available[] = "SELECT COUNT(*) FROM events WHERE type = 'title.build_available'";
	rig_sim_say(&r, "/sim/faults", "manifest_code@*:eresult=15\n");
	rig_sim_post(&r,
		"/sim/build?app=1030&branch=public&build=777&manifests=103001:4242&size=1000&updated=1700000000");
	await("SELECT COUNT(*) FROM events WHERE type = 'title.build_announced'", 1);
	CHECK(number(build) == 1);
	json_t *depots = depots_of_build(), *d;
	size_t i;
	CHECK(json_array_size(depots) > 0);
	json_array_foreach(depots, i, d)
	{
		char line[160];
		snprintf(line, sizeof(line), "depot %s app=1030 manifest=%s key=auto generate=2,1000,%zu",
			json_str(d, "depot"), json_str(d, "manifest"), i);
		rig_sim_say(&r, "/sim/lines", line);
	}
	json_decref(depots);
	await("SELECT probe_tries FROM builds WHERE build_id = '777'", 2);
	CHECK(number(available) == 0 && number("SELECT available_at FROM builds WHERE build_id = '777'") == 0);
	rig_sim_clear(&r);
	await(available, 1);
	CHECK(number("SELECT available_at - announced_at FROM builds WHERE build_id = '777'") >= 5000);
	CHECK(number("SELECT COUNT(*) FROM events WHERE type = 'title.build_announced'") == 1);
}

int main(void)
{
	rig_init(&r);
	rig_warp(&r, 4);
	rig_sim(&r, world, NULL);
	rig_serve(&r, (const char *const[]){ "--set", "updates.tick_ms=1000", "--set", "lanes.unsafe=true", "--set",
			      "lanes.limits=cm.connect=0,cm.login=0,cm.login.account=0,cm.job=0,pics.changes=0,"
			      "pics.info=0,"
			      "store.web=0",
			      "--set", "steam.pics_interval_ms=0", "--set", "engine.lease_ms=20000", NULL });
	for (unsigned i = 0; i < APPS; i++)
		watch(FIRST + i, i < 3 ? ",\"classes\":[\"store_page\"],\"labels\":{\"tier\":\"gold\"}"
				       : ",\"classes\":[\"store_page\"]");
	watch(BUILT, "");
	await("SELECT COUNT(*) FROM titles WHERE change_number > 0", APPS + 1);
	await("SELECT COUNT(*) FROM sources WHERE name = 'steam.pics' AND cursor > 0", 1);
	rig_warp(&r, 12);
	announced_before_available();
	rig_warp(&r, 4);
	parts();
	shadow();
	forced();
	rig_check_events(&r);
	rig_done(&r);
	return 0;
}
