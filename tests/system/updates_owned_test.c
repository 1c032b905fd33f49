/*
 * A title that only an owner's account may see, against a simulated Steam: a watch's own account is asked, and what it sees is its tenant's.
 */
#include "tests/system/rig.h"

#include <stdio.h>
#include <string.h>

#define CLOSED 1039 /* its token is for owners */

static const char world[] = "generate apps=1000-1039 seed=1 token_every=40\n"
			    "generate package=7 apps=1039-1039\n"
			    "account alice password=correct_horse packages=7\n";
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

/* What the anonymous session may not see is asked of the watch's account; without one the title is denied. */
static void owned(void)
{
	static const char is_denied[] =
		"SELECT COUNT(*) FROM watches w JOIN titles t ON t.id = w.title_id WHERE t.ref = '1039' "
		"AND w.state = 'denied'";
	char id[64], path[128], more[160];
	json_t *a = rig_expect(&r, 201, "POST", "/v1/accounts", "{\"login\":\"alice\"}");

	snprintf(id, sizeof(id), "%s", json_str(a, "id"));
	json_decref(a);
	snprintf(path, sizeof(path), "/v1/accounts/%s/secrets/password", id);
	json_decref(rig_expect(&r, 204, "PUT", path, "{\"value\":\"correct_horse\"}"));
	snprintf(path, sizeof(path), "/v1/accounts/%s/desired-state", id);
	json_decref(rig_expect(&r, 200, "PUT", path, "{\"mode\":\"online\"}"));
	rig_sim_post(&r, "/sim/title?app=1039&do=deny");
	watch(CLOSED, "");
	await(is_denied, 1);
	CHECK(number("SELECT COUNT(*) FROM builds b JOIN titles t ON t.id = b.title_id WHERE t.ref = '1039'") == 0);
	await("SELECT COUNT(*) FROM accounts WHERE state = 'online'", 1);
	snprintf(path, sizeof(path), "/v1/watches/%s",
		rig_sql(&r, "SELECT w.id FROM watches w JOIN titles t ON t.id = w.title_id WHERE t.ref = '1039'"));
	json_t *w = rig_expect(&r, 200, "GET", path, NULL);
	snprintf(more, sizeof(more), "If-Match: \"%lld\"", (long long)json_int(w, "version"));
	json_decref(w);
	char body[96];
	snprintf(body, sizeof(body), "{\"accountId\":\"%s\"}", id);
	struct rig_answer patched = rig_call(&r, "PATCH", path, more, body);
	CHECK(patched.status == 200);
	rig_answer_done(&patched);
	json_decref(rig_expect(
		&r, 202, "POST", "/v1/polls", "{\"mode\":\"full\",\"selector\":{\"titles\":[\"1039\"]}}"));
	await("SELECT COUNT(*) FROM builds b JOIN titles t ON t.id = b.title_id WHERE t.ref = '1039'", 1);
	CHECK(number(is_denied) == 0);
	CHECK(number("SELECT COUNT(*) FROM titles WHERE ref = '1039' AND state = 'known' AND access = 'token'") ==
		1);
	/* The next build is found in the same way, and the watch is never denied meanwhile. */
	long long told = number("SELECT COUNT(*) FROM events WHERE type = 'title.build_announced'");
	rig_sim_post(&r, "/sim/changes?apps=1039&what=build");
	await("SELECT COUNT(*) FROM events WHERE type = 'title.build_announced'", told + 1);
	CHECK(number(is_denied) == 0);
	CHECK(number("SELECT COUNT(*) FROM tasks WHERE action = 'titles.poll' AND account_id IS NOT NULL") >= 2);
}

/* With a second tenant no account is asked any more: what it may see would be shown to others. */
static void shared(void)
{
	static const char asked[] =
		"SELECT COUNT(*) FROM tasks WHERE action = 'titles.poll' AND account_id IS NOT NULL";
	long long before = number(asked), builds = number("SELECT COUNT(*) FROM builds");

	json_decref(rig_expect(&r, 201, "POST", "/v1/tenants", "{\"id\":\"ten_blue\",\"name\":\"Blue\"}"));
	rig_sim_post(&r, "/sim/changes?apps=1039&what=build");
	json_decref(rig_expect(
		&r, 202, "POST", "/v1/polls", "{\"mode\":\"full\",\"selector\":{\"titles\":[\"1039\"]}}"));
	await("SELECT COUNT(*) FROM polls WHERE status = 'finished' AND unknown = 1", 1);
	CHECK(number("SELECT COUNT(*) FROM watches WHERE state = 'denied'") == 1);
	CHECK(number(asked) == before && number("SELECT COUNT(*) FROM builds") == builds);
}

int main(void)
{
	rig_init(&r);
	rig_warp(&r, 4);
	rig_sim(&r, world, NULL);
	rig_serve(&r, (const char *const[]){ "--set", "updates.tick_ms=1000", "--set", "lanes.unsafe=true", "--set",
			      "lanes.limits=cm.connect=0,cm.login=0,cm.login.account=0,cm.job=0,pics.changes=0,"
			      "pics.info=0,store.web=0",
			      "--set", "steam.pics_interval_ms=0", "--set", "engine.lease_ms=20000", NULL });
	watch(1000, "");
	await("SELECT COUNT(*) FROM titles WHERE change_number > 0", 1);
	await("SELECT COUNT(*) FROM sources WHERE name = 'steam.pics' AND cursor > 0", 1);
	owned();
	shared();
	rig_check_events(&r);
	rig_done(&r);
	return 0;
}
