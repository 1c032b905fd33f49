/* What titles.poll says of titles, against a simulated Steam: facts of records, tokens that are asked for once, and three values: what
 * Steam does not say is unknown, for its reason, and never unchanged; what was said before the connection was lost counts. */
#include "tests/system/rig.h"

#include <stdio.h>
#include <string.h>

static const char world[] = "generate apps=1000-1119 seed=1 token_every=40\n"
			    "workshop 77 app=1000 title=Seven manifest=123456789 size=5000 updated=1700000000\n"
			    "workshop 78 app=1000 title=Both children=77,79\n"
			    "workshop 79 app=1000 private\n";

/* The task of a job of one, when it is over. */
static json_t *run_action(const struct rig *r, const char *action, const char *payload)
{
	char path[128];
	json_t *task = NULL, *result;
	auto_free char *body = malloc(strlen(payload) + 100);

	sprintf(body, "{\"action\":\"%s\",\"payload\":%s}", action, payload);
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
	if (strcmp(json_str(task, "status"), "succeeded") != 0)
		fprintf(stderr, "%s\n", json_dumps(task, 0));
	CHECK_STR(json_str(task, "status"), "succeeded");
	result = json_incref(json_object_get(task, "result"));
	json_decref(task);
	return result;
}

static json_t *run(const struct rig *r, const char *payload) { return run_action(r, "titles.poll", payload); }

/* refs FIRST … LAST. */
static json_t *poll_range(const struct rig *r, unsigned first, unsigned last, const char *more)
{
	size_t room = (size_t)(last - first + 1) * 12 + 200, n;
	auto_free char *payload = malloc(room);

	n = (size_t)snprintf(payload, room, "{\"source\":\"steam.pics\"%s,\"refs\":[", more);
	for (unsigned i = first; i <= last; i++)
		n += (size_t)snprintf(payload + n, room - n, "%s\"%u\"", i > first ? "," : "", i);
	snprintf(payload + n, room - n, "]}");
	return run(r, payload);
}

static json_t *title(const json_t *result, const char *ref)
{
	size_t i;
	json_t *t;

	json_array_foreach(json_object_get(result, "titles"), i, t) if (!strcmp(json_str(t, "ref"), ref)) return t;
	fprintf(stderr, "no title %s in %s\n", ref, json_dumps(result, 0));
	exit(1);
}

/* How many are unknown for this reason; "": are known. */
static size_t count(const json_t *result, const char *reason)
{
	size_t i, n = 0;
	json_t *t;

	json_array_foreach(json_object_get(result, "titles"), i, t) n += !strcmp(json_str(t, "reason"), reason);
	return n;
}

static const json_t *named(const json_t *list, const char *name)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one) if (!strcmp(json_str(one, "name"), name)) return one;
	return NULL;
}

static const char *build_of(const json_t *t, const char *branch)
{
	return json_str(named(json_object_get(t, "branches"), branch), "buildId");
}

static void facts(const struct rig *r)
{
	rig_sim_post(r,
		"/sim/build?app=1000&branch=public&build=777&manifests=100001:4242&size=1000&updated=1700000000");
	json_t *got = poll_range(r, 1000, 1119, ""), *t = title(got, "1000");

	CHECK(json_array_size(json_object_get(got, "titles")) == 120 && json_int(got, "calls") == 3);
	CHECK(json_is_true(json_object_get(got, "alive")));
	CHECK(count(got, "") == 120);
	CHECK_STR(build_of(t, "public"), "777");
	CHECK_STR(
		json_str(named(json_object_get(t, "branches"), "public"), "updatedAt"), "2023-11-14T22:13:20.000Z");
	CHECK_STR(json_str(t, "access"), "public");
	CHECK(json_int(t, "changeNumber") == 1000001 && strlen(json_str(t, "sha1")) == 40);
	CHECK(named(json_object_get(t, "sections"), "common") && named(json_object_get(t, "sections"), "depots"));
	size_t i, found = 0;
	json_t *d;
	json_array_foreach(json_object_get(t, "depots"), i, d) found +=
		!strcmp(json_str(d, "depot"), "100001") && !strcmp(json_str(d, "branch"), "public") &&
		!strcmp(json_str(d, "manifest"), "4242") && !strcmp(json_str(d, "downloadSize"), "500");
	CHECK(found == 1);
	CHECK_STR(json_str(title(got, "1039"), "access"), "token");
	CHECK_STR(json_str(title(got, "1039"), "status"), "known");
	json_decref(got);
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

/* A token is asked for once, and again when it serves no more. */
static void tokens(const struct rig *r)
{
	int64_t before = asked(r, "tokens");
	json_t *got = poll_range(r, 1000, 1049, "");

	CHECK(count(got, "") == 50 && asked(r, "tokens") == before);
	json_decref(got);
	rig_sim_post(r, "/sim/title?app=1039&do=deny");
	got = poll_range(r, 1039, 1040, "");
	CHECK_STR(json_str(title(got, "1039"), "reason"), "missing_token");
	CHECK(!json_object_get(title(got, "1039"), "branches"));
	json_decref(got);
	got = poll_range(r, 1039, 1040, "");
	CHECK_STR(json_str(title(got, "1039"), "reason"), "missing_token");
	CHECK_STR(json_str(title(got, "1039"), "access"), "denied");
	CHECK_STR(json_str(title(got, "1040"), "status"), "known");
	CHECK(asked(r, "tokens") == before + 1);
	json_decref(got);
	rig_sim_post(r, "/sim/title?app=1039&do=public");
}

static void metadata(const struct rig *r)
{
	int64_t before = asked(r, "product_info");
	json_t *got = poll_range(r, 900, 1119, ",\"metadataOnly\":true"), *t = title(got, "1001");

	CHECK(asked(r, "product_info") == before + 1 && json_int(got, "calls") == 1);
	CHECK(count(got, "missing") == 100 && count(got, "") == 120);
	CHECK(json_int(t, "changeNumber") == 1000000 && !json_object_get(t, "branches"));
	json_decref(got);
}

/* Fault of the next request for product info but `skip`. */
static void next_fails(const struct rig *r, unsigned skip, const char *effect)
{
	char line[128];

	snprintf(
		line, sizeof(line), "product_info@%lld:%s", (long long)asked(r, "product_info") + skip + 1, effect);
	rig_sim_say(r, "/sim/faults", line);
}

static void unknown(const struct rig *r)
{
	rig_sim_post(r, "/sim/title?app=1002&do=remove");
	next_fails(r, 1, "pics_empty");
	json_t *got = poll_range(r, 1000, 1119, "");
	CHECK(count(got, "missing") == 1 && count(got, "empty") == 50 && count(got, "") == 69);
	CHECK_STR(json_str(title(got, "1002"), "reason"), "missing");
	CHECK_STR(json_str(title(got, "1050"), "reason"), "empty");
	json_decref(got);
	rig_sim_post(r, "/sim/title?app=1002&do=restore");

	/* What was answered before a request that fails counts; what was not asked is unknown. */
	next_fails(r, 1, "commit_then_5xx");
	got = poll_range(r, 1000, 1119, "");
	CHECK(count(got, "") == 50 && count(got, "timeout") == 70 && json_int(got, "calls") == 2);
	json_decref(got);
}

/* The store says nothing rather than no. */
static void store(const struct rig *r)
{
	json_t *got = run(r, "{\"source\":\"steam.store_http\",\"refs\":[\"1000\",\"1001\",\"5\"]}"),
	       *t = title(got, "1000");
	char price[41], page[41], line[80];

	CHECK(count(got, "") == 2 && json_int(got, "calls") == 3);
	CHECK_STR(json_str(title(got, "5"), "reason"), "empty");
	CHECK_STR(json_str(t, "visibility"), "released");
	CHECK(*json_str(t, "name") && !json_object_get(t, "branches") && !json_object_get(t, "changeNumber"));
	snprintf(price, sizeof(price), "%s", json_str(named(json_object_get(t, "sections"), "price"), "sha1"));
	snprintf(page, sizeof(page), "%s", json_str(named(json_object_get(t, "sections"), "store_page"), "sha1"));
	CHECK(strlen(price) == 40 && strlen(page) == 40);
	json_decref(got);

	rig_sim_post(r, "/sim/changes?apps=1000&what=metadata");
	got = run(r, "{\"source\":\"steam.store_http\",\"refs\":[\"1000\"]}");
	t = json_object_get(title(got, "1000"), "sections");
	CHECK_STR(json_str(named(t, "price"), "sha1"), price);
	CHECK(strcmp(json_str(named(t, "store_page"), "sha1"), page) != 0);
	json_decref(got);

	int64_t n = asked(r, "app_details");
	snprintf(line, sizeof(line), "app_details@%lld:pics_empty", (long long)n + 1);
	rig_sim_say(r, "/sim/faults", line);
	snprintf(line, sizeof(line), "app_details@%lld:http=500", (long long)n + 2);
	rig_sim_say(r, "/sim/faults", line);
	snprintf(line, sizeof(line), "app_details@%lld:retry_after=1", (long long)n + 4);
	rig_sim_say(r, "/sim/faults", line);
	got = run(r, "{\"source\":\"steam.store_http\",\"refs\":[\"1000\",\"1001\",\"1002\",\"1003\",\"1004\"]}");
	CHECK(count(got, "empty") == 2 && count(got, "rate_limited") == 2 && count(got, "") == 1);
	CHECK_STR(json_str(title(got, "1002"), "status"), "known");
	json_decref(got);
}

static void workshop(const struct rig *r)
{
	json_t *got = run(r, "{\"source\":\"steam.workshop\",\"refs\":[\"77\",\"78\",\"79\",\"80\"]}"),
	       *t = title(got, "77");

	CHECK_STR(json_str(t, "manifest"), "123456789");
	CHECK_STR(json_str(t, "size"), "5000");
	CHECK_STR(json_str(t, "updatedAt"), "2023-11-14T22:13:20.000Z");
	CHECK_STR(json_str(title(got, "78"), "kind"), "collection");
	CHECK(json_array_size(json_object_get(title(got, "78"), "children")) == 2);
	CHECK_STR(json_str(title(got, "79"), "reason"), "denied");
	CHECK_STR(json_str(title(got, "80"), "reason"), "missing");
	CHECK(json_int(got, "calls") == 1);
	json_decref(got);
	rig_sim_say(r, "/sim/lines", "workshop 77 manifest=5 updated=1700000001\nworkshop 80 app=1000 title=New");
	got = run(r, "{\"source\":\"steam.workshop\",\"refs\":[\"77\",\"80\"]}");
	CHECK_STR(json_str(title(got, "77"), "manifest"), "5");
	CHECK_STR(json_str(title(got, "80"), "name"), "New");
	json_decref(got);
}

/* A build is announced before it can be fetched; then its files can be compared with those of the build before. */
static void manifests(const struct rig *r)
{
	rig_sim_say(r, "/sim/lines", "depot 100090 app=1000 manifest=11 key=auto generate=20,200000,1");
	rig_sim_post(r, "/sim/build?app=1000&manifests=100090:11");
	json_t *got = run_action(r, "manifests.list", "{\"app\":1000,\"depot\":100090}");
	CHECK_STR(json_str(json_array_get(json_object_get(got, "manifests"), 0), "manifest"), "11");
	json_decref(got);
	got = run_action(r, "manifests.list", "{\"app\":1000,\"depot\":100090,\"branch\":\"nobodys\"}");
	CHECK(json_array_size(json_object_get(got, "manifests")) == 0);
	json_decref(got);

	static const char way[] = "/v1/manifests/1000/100090?branch=public";
	int64_t jobs = atoll(rig_sql(r, "SELECT COUNT(*) FROM jobs"));
	json_decref(rig_expect(r, 404, "GET", way, NULL)); /* to look asks nobody */
	CHECK(atoll(rig_sql(r, "SELECT COUNT(*) FROM jobs")) == jobs);
	json_t *job = rig_expect(r, 202, "POST", way, NULL), *again = rig_expect(r, 202, "POST", way, NULL);
	CHECK_STR(json_str(job, "action"), "manifests.list");
	CHECK_STR(json_str(again, "id"), json_str(job, "id"));
	json_decref(again);
	again = rig_expect(r, 200, "GET", way, NULL);
	CHECK_STR(json_str(again, "id"), json_str(job, "id"));
	CHECK(atoll(rig_sql(r, "SELECT COUNT(*) FROM jobs")) == jobs + 1);
	json_decref(again);
	json_decref(job);
	struct rig_answer a = rig_call(r, "POST", "/v1/workshop/collections/78", "Prefer: wait=20", NULL);
	CHECK_STR(json_str(a.body, "status"), "succeeded");
	rig_answer_done(&a);
	a = rig_call(r, "POST", "/v1/manifests/1000/x", NULL, NULL);
	CHECK(a.status == 422);
	rig_answer_done(&a);
	a = rig_call(r, "POST", "/v1/manifests/1000/1/diff?from=1", NULL, NULL);
	CHECK(a.status == 422 || a.status == 400);
	rig_answer_done(&a);
	/* So many of a tenant's are on their way, and no more. */
	(void)rig_sql(r,
		"INSERT INTO content_asks (asker, question, tenant_id, job_id, asked_at) SELECT 'key:other', "
		"a.id || b.id, 'ten_default', f.id, f.created_at FROM jobs a, jobs b, (SELECT id, created_at "
		"FROM jobs ORDER BY id LIMIT 1) f LIMIT 50");
	CHECK(atoll(rig_sql(r, "SELECT COUNT(*) FROM content_asks WHERE asker = 'key:other'")) == 50);
	static const char ours[] = "UPDATE jobs SET finished_at = %s WHERE id = (SELECT MIN(id) FROM jobs)";
	char set[200];
	snprintf(set, sizeof(set), ours, "0");
	(void)rig_sql(r, set);
	a = rig_call(r, "POST", "/v1/workshop/items/77", NULL, NULL);
	CHECK(a.status == 429);
	rig_answer_done(&a);
	snprintf(set, sizeof(set), ours, "updated_at");
	(void)rig_sql(r, set);

	static const char probe[] = "{\"app\":1000,\"depots\":[{\"id\":100090,\"manifest\":\"11\"},"
				    "{\"id\":100090,\"manifest\":\"12\"}]}";
	got = run_action(r, "manifests.probe", probe);
	CHECK(json_is_false(json_object_get(got, "available")));
	CHECK(json_array_size(json_object_get(got, "missing")) == 1);
	json_decref(got);
	rig_sim_say(r, "/sim/lines", "depot 100090 app=1000 manifest=12 key=auto generate=22,200000,1");
	got = run_action(r, "manifests.probe", probe);
	CHECK(json_is_true(json_object_get(got, "available")));
	json_decref(got);

	got = run_action(r, "manifests.diff", "{\"app\":1000,\"depot\":100090,\"from\":\"11\",\"to\":\"12\"}");
	CHECK_STR(json_str(got, "added"), "2");
	CHECK(strtoull(json_str(got, "downloadSize"), NULL, 10) > 0 && json_is_false(json_object_get(got, "cut")));
	json_decref(got);
	/* All of it is fetched and thrown away; and once more only when it must be. */
	got = run_action(r, "prefill.run", "{\"apps\":[1000]}");
	CHECK(strtoull(json_str(got, "bytes"), NULL, 10) > 0);
	json_decref(got);
	got = run_action(r, "prefill.run", "{\"apps\":[1000]}");
	CHECK_STR(json_str(got, "bytes"), "0");
	json_decref(got);
	got = run_action(r, "manifests.diff", "{\"app\":1000,\"depot\":100090,\"from\":\"12\",\"to\":\"12\"}");
	CHECK(json_array_size(json_object_get(got, "files")) == 0);
	json_decref(got);
}

int main(void)
{
	struct rig r;

	rig_init(&r);
	rig_sim(&r, world, (const char *const[]){ "--part", "4000", NULL });
	rig_serve(&r, (const char *const[]){ "--set", "lanes.unsafe=true", "--set", "steam.pics_interval_ms=0",
			      "--set", "lanes.limits=pics.info=0,store.web=0,cm.job=0", NULL });
	facts(&r);
	tokens(&r);
	metadata(&r);
	unknown(&r);
	workshop(&r);
	manifests(&r);
	store(&r);
	rig_done(&r);
	return 0;
}
