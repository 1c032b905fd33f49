/*
 * A title that only an owner's account may see, against a simulated Steam, in an installation of several tenants: a watch's own account is
 * asked, and what it sees is its tenant's. Every other way to it is tried by two who watch the same title: another tenant, whose account
 * does not own it, and the installation's own, which has none.
 */
#include "tests/system/rig.h"

#include <stdio.h>
#include <string.h>

#define CLOSED 1039 /* its token is for owners */
#define OPEN   1000

static const char world[] = "generate apps=1000-1039 seed=1 token_every=40\n"
			    "generate package=7 apps=1039-1039\n"
			    "account alice password=correct_horse packages=7\n"
			    "account bob password=correct_horse\n";
static struct rig r;
enum tenant { OWN, RED, BLUE, TENANTS };
static const char *const tenants[TENANTS] = { "ten_default", "ten_red", "ten_blue" };
static struct rig as[TENANTS]; /* the same rig with the tenant's key */
static char watches[TENANTS][64], triggers[TENANTS][64], hooks[TENANTS][64], poll_ids[TENANTS][64],
	account[TENANTS][64];

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
#define AWAIT(least, ...)                                  \
	do {                                               \
		char sql_[600];                            \
		snprintf(sql_, sizeof(sql_), __VA_ARGS__); \
		await(sql_, least);                        \
	} while (0)

static void make(enum tenant t, char ret_id[static 64], const char *path, const char *body)
{
	json_t *j = rig_expect(&as[t], strcmp(path, "/v1/polls") ? 201 : 202, "POST", path, body);
	snprintf(ret_id, 64, "%s", json_str(j, "id"));
	json_decref(j);
}

static void tenant(enum tenant t)
{
	char body[200];

	as[t] = r;
	if (t == OWN)
		return;
	snprintf(body, sizeof(body), "{\"id\":\"%s\",\"name\":\"%s\"}", tenants[t], tenants[t]);
	json_decref(rig_expect(&r, 201, "POST", "/v1/tenants", body));
	snprintf(body, sizeof(body), "{\"name\":\"all\",\"tenantId\":\"%s\",\"scopes\":[\"admin:*\"]}", tenants[t]);
	json_t *key = rig_expect(&r, 201, "POST", "/v1/api-keys", body);
	snprintf(as[t].key, sizeof(as[t].key), "%s", json_str(key, "secret"));
	json_decref(key);
}

static void log_on(enum tenant t, const char *login)
{
	char body[64], path[128];

	snprintf(body, sizeof(body), "{\"login\":\"%s\"}", login);
	make(t, account[t], "/v1/accounts", body);
	snprintf(path, sizeof(path), "/v1/accounts/%s/secrets/password", account[t]);
	json_decref(rig_expect(&as[t], 204, "PUT", path, "{\"value\":\"correct_horse\"}"));
	snprintf(path, sizeof(path), "/v1/accounts/%s/desired-state", account[t]);
	json_decref(rig_expect(&as[t], 200, "PUT", path, "{\"mode\":\"online\"}"));
	AWAIT(1, "SELECT COUNT(*) FROM accounts WHERE state = 'online' AND id = '%s'", account[t]);
}

static void watch(enum tenant t, char ret_id[static 64], unsigned app)
{
	char body[256];

	snprintf(body, sizeof(body),
		"{\"store\":\"steam\",\"titleId\":\"%u\",\"branches\":[\"*\"],\"classes\":[\"*\"]}", app);
	make(t, ret_id, "/v1/watches", body);
}

/* id NULL: none any more. */
static int name_account(enum tenant t, const char *watch_id, const char *id)
{
	char path[128], match[64], body[128];

	snprintf(path, sizeof(path), "/v1/watches/%s", watch_id);
	json_t *w = rig_expect(&as[t], 200, "GET", path, NULL);
	snprintf(match, sizeof(match), "If-Match: \"%lld\"", (long long)json_int(w, "version"));
	json_decref(w);
	snprintf(body, sizeof(body), id ? "{\"accountId\":\"%s\"}" : "{\"accountId\":null}", id ? id : "");
	struct rig_answer a = rig_call(&as[t], "PATCH", path, match, body);
	int status = a.status;
	rig_answer_done(&a);
	return status;
}

static void poll(enum tenant t)
{
	make(t, poll_ids[t], "/v1/polls", "{\"mode\":\"full\",\"selector\":{\"titles\":[\"1039\"]}}");
}

static void polled(enum tenant t, const char *answer)
{
	AWAIT(1, "SELECT COUNT(*) FROM polls WHERE id = '%s' AND status = 'finished' AND %s = 1", poll_ids[t],
		answer);
}

#define BUILDS_OF "SELECT COUNT(*) FROM builds b JOIN watches w ON w.title_id = b.title_id WHERE w.id = '%s'"
static long long builds_of(enum tenant t)
{
	char sql[200];
	snprintf(sql, sizeof(sql), BUILDS_OF, watches[t]);
	return number(sql);
}

static const char *state_of(enum tenant t)
{
	char sql[100];
	snprintf(sql, sizeof(sql), "SELECT state FROM watches WHERE id = '%s'", watches[t]);
	return rig_sql(&r, sql);
}

static long long told(enum tenant t, const char *type)
{
	char sql[300];

	snprintf(sql, sizeof(sql),
		"SELECT COUNT(*) FROM events WHERE type = '%s' AND tenant_id = '%s' AND data LIKE "
		"'%%titleId_:_1039_,%%'",
		type, tenants[t]);
	return number(sql);
}

/* ---- what nobody but its tenant may meet ---- */

static char secrets[200][64];
static size_t secrets_n;

static void keep(const char *text)
{
	for (size_t i = 0; i < secrets_n; i++)
		if (!strcmp(secrets[i], text))
			return;
	CHECK(secrets_n < sizeof(secrets) / sizeof(*secrets));
	if (strlen(text) > 3)
		snprintf(secrets[secrets_n++], sizeof(*secrets), "%s", text);
}

/* The ids of its newest builds and of their manifests, ours and Steam's, the account. */
static void learn(void)
{
	json_t *page = rig_expect(&as[RED], 200, "GET", "/v1/titles/steam/1039/builds", NULL), *b, *d;
	size_t i, k;

	CHECK(json_array_size(json_object_get(page, "items")) > 0);
	json_array_foreach(json_object_get(page, "items"), i, b)
	{
		keep(json_str(b, "id"));
		keep(json_str(b, "buildId"));
		if (i == 4)
			break;
		json_array_foreach(json_object_get(b, "depots"), k, d) if (k < 3) keep(json_str(d, "manifest"));
	}
	json_decref(page);
	json_t *t = rig_expect(&as[RED], 200, "GET", "/v1/titles/steam/1039", NULL);
	CHECK_STR(json_str(t, "state"), "known");
	CHECK(json_object_get(json_object_get(t, "facts"), "steam.pics"));
	keep(json_str(t, "id"));
	json_decref(t);
	keep(account[RED]);
	keep(poll_ids[RED]);
	CHECK(secrets_n > 6);
}

static void look(enum tenant t, const char *method, const char *path, const char *body)
{
	struct rig_answer a = rig_call(&as[t], method, path, NULL, body);

	for (size_t i = 0; a.text && i < secrets_n; i++)
		if (strstr(a.text, secrets[i]) && !strstr(path, secrets[i]) &&
			!(body && strstr(body, secrets[i]))) {
			fprintf(stderr, "%s: %s %s shows %s: %.400s\n", tenants[t], method, path, secrets[i],
				a.text);
			CHECK_NEVER("it is another tenant's");
		}
	rig_answer_done(&a);
}
#define LOOK(t, ...)                                         \
	do {                                                 \
		char path_[400];                             \
		snprintf(path_, sizeof(path_), __VA_ARGS__); \
		look(t, "GET", path_, NULL);                 \
	} while (0)

static void refused(enum tenant t, const char *path) { json_decref(rig_expect(&as[t], 404, "GET", path, NULL)); }

/* The builds and titles of another, by their names. */
static void attack_by_name(enum tenant t)
{
	char path[300], body[200];

	for (size_t i = 0; i < secrets_n; i++) {
		snprintf(path, sizeof(path), "/v1/titles/steam/%s", secrets[i]);
		refused(t, path);
		snprintf(path, sizeof(path), "/v1/titles/steam/1039/builds/%s..%s", secrets[i], secrets[i]);
		refused(t, path);
	}
	snprintf(path, sizeof(path), "/v1/polls/%s", poll_ids[RED]);
	refused(t, path);
	snprintf(path, sizeof(path), "/v1/polls/%s/answers", poll_ids[RED]);
	refused(t, path);
	snprintf(path, sizeof(path), "/v1/watches/%s", watches[RED]);
	refused(t, path);
	CHECK(name_account(t, watches[t], account[RED]) == 422);
	snprintf(body, sizeof(body), "{\"selector\":{\"watches\":[\"%s\"]}}", watches[RED]);
	json_t *p = rig_expect(&as[t], 202, "POST", "/v1/polls", body);
	CHECK(json_int(p, "total") == 0);
	json_decref(p);
}

static void attack(enum tenant t)
{
	static const char *const lists[] = { "/v1/titles/steam/1039", "/v1/titles/steam/1039/builds",
		"/v1/titles/steam/1039/changes", "/v1/changes", "/v1/changes?class=build", "/v1/watches",
		"/v1/watches?titleId=1039", "/v1/polls", "/v1/triggers", "/v1/webhooks",
		"/v1/jobs?quiet=true&limit=200", "/v1/jobs", "/v1/downloads", "/v1/sources",
		"/v1/sources/steam.pics", "/v1/accounts", "/v1/dead-letters", "/v1/event-types", NULL };

	for (size_t i = 0; lists[i]; i++)
		look(t, "GET", lists[i], NULL);
	LOOK(t, "/v1/watches/%s", watches[t]);
	LOOK(t, "/v1/polls/%s", poll_ids[t]);
	LOOK(t, "/v1/polls/%s/answers", poll_ids[t]);
	LOOK(t, "/v1/polls/%s/events", poll_ids[t]);
	LOOK(t, "/v1/triggers/%s/fires", triggers[t]);
	LOOK(t, "/v1/webhooks/%s/deliveries", hooks[t]);
	look(t, "POST", "/v1/manifests/1039/1040", "{}");
	look(t, "POST", "/v1/downloads", "{\"source\":{\"kind\":\"app\",\"appId\":1039}}");
	attack_by_name(t);
	CHECK(builds_of(t) == 0 && told(t, "title.build_announced") == 0 && told(t, "title.build_available") == 0 &&
		told(t, "title.changed") == 0);
	json_t *title = rig_expect(&as[t], 200, "GET", "/v1/titles/steam/1039", NULL);
	CHECK(!json_object_get(json_object_get(title, "facts"), "steam.pics"));
	json_decref(title);
	CHECK_STR(state_of(t), "denied");
}

/* The log itself, whoever reads it: of a scope's title only its tenant is told, and only in its name is it worked. */
static void look_at_rows(void)
{
	CHECK(number("SELECT COUNT(*) FROM events e JOIN titles t ON e.data LIKE '%' || t.id || '%' WHERE t.scope "
		     "<> '' AND "
		     "e.tenant_id <> t.scope") == 0);
	CHECK(number("SELECT COUNT(*) FROM watches w JOIN titles t ON t.id = w.title_id WHERE t.scope NOT IN ('', "
		     "w.tenant_id)") == 0);
	CHECK(number("SELECT COUNT(*) FROM titles WHERE ref = '1039' AND scope <> 'ten_red' AND facts LIKE "
		     "'%steam.pics%'") == 0);
	for (size_t i = 0; i < secrets_n; i++) {
		char sql[300];
		snprintf(sql, sizeof(sql),
			"SELECT COUNT(*) FROM jobs WHERE tenant_id <> 'ten_red' AND created_by = 'system' AND "
			"payload LIKE "
			"'%%%.63s%%'",
			secrets[i]);
		CHECK(number(sql) == 0);
		snprintf(sql, sizeof(sql),
			"SELECT COUNT(*) FROM trigger_fires f JOIN triggers t ON t.id = f.trigger_id WHERE "
			"t.tenant_id <> 'ten_red' AND f.event LIKE '%%%.63s%%'",
			secrets[i]);
		CHECK(number(sql) == 0);
	}
}

/* ---- the tests ---- */

static void begin(enum tenant t)
{
	tenant(t);
	watch(t, watches[t], CLOSED);
	make(t, hooks[t], "/v1/webhooks",
		"{\"url\":\"https://nobody.invalid/\",\"enabled\":false,\"types\":[\"title.*\"]}");
	char body[256];
	snprintf(body, sizeof(body),
		"{\"name\":\"all\",\"on\":{\"type\":\"title.build_announced\"},\"action\":{\"webhookId\":\"%s\"}}",
		hooks[t]);
	make(t, triggers[t], "/v1/triggers", body);
}

/* What the anonymous session may not see is asked of the watch's account; without one that owns it the title is denied. */
static void owned(void)
{
	log_on(RED, "alice");
	log_on(BLUE, "bob");
	for (enum tenant t = OWN; t < TENANTS; t++)
		AWAIT(1, "SELECT COUNT(*) FROM watches WHERE state = 'denied' AND id = '%s'", watches[t]);
	CHECK(name_account(RED, watches[RED], account[RED]) == 200);
	AWAIT(1, BUILDS_OF, watches[RED]);
	CHECK_STR(state_of(RED), "active");
	CHECK(name_account(BLUE, watches[BLUE], account[BLUE]) == 200);
	for (enum tenant t = OWN; t < TENANTS; t++)
		poll(t);
	polled(RED, "unchanged");
	polled(BLUE, "unknown");
	polled(OWN, "unknown");
	CHECK_STR(rig_sql(&r, "SELECT access FROM titles WHERE ref = '1039' AND scope = 'ten_red'"), "token");
	learn();
	for (enum tenant t = OWN; t < TENANTS; t += BLUE)
		attack(t);
	look_at_rows();
}

/* The content servers get what the new build is made of. */
static void put_online(void)
{
	json_t *page = rig_expect(&as[RED], 200, "GET", "/v1/titles/steam/1039/builds?branch=public&limit=1", NULL),
	       *d;
	json_t *b = json_array_get(json_object_get(page, "items"), 0);
	size_t i;

	CHECK_STR(json_str(b, "buildId"), "98765");
	json_array_foreach(json_object_get(b, "depots"), i, d)
	{
		char line[160];
		snprintf(line, sizeof(line), "depot %s app=1039 manifest=%s key=auto generate=2,1000,%zu",
			json_str(d, "depot"), json_str(d, "manifest"), i);
		rig_sim_say(&r, "/sim/lines", line);
	}
	json_decref(page);
}

/* The next build is found in the same way, told to its tenant alone, and the watch is never denied meanwhile. */
static void next_build(void)
{
	rig_sim_post(&r,
		"/sim/build?app=1039&branch=public&build=98765&manifests=103901:4242&size=1000&updated=1700000000");
	await("SELECT COUNT(*) FROM events WHERE type = 'title.build_announced' AND tenant_id = 'ten_red'", 1);
	put_online();
	await("SELECT COUNT(*) FROM events WHERE type = 'title.build_available' AND tenant_id = 'ten_red'", 1);
	CHECK(told(RED, "title.build_announced") == 1);
	CHECK_STR(state_of(RED), "active");
	AWAIT(1, "SELECT COUNT(*) FROM trigger_fires WHERE trigger_id = '%s'", triggers[RED]);
	for (enum tenant t = OWN; t < TENANTS; t++)
		poll(t);
	polled(BLUE, "unknown");
	polled(OWN, "unknown");
	learn();
	for (enum tenant t = OWN; t < TENANTS; t += BLUE)
		attack(t);
	look_at_rows();
}

/* What there is to read of the open title, by its kinds and builds. */
static json_t *changes_of(enum tenant t, const char *path)
{
	json_t *page = rig_expect(&as[t], 200, "GET", path, NULL), *to = json_array(), *c;
	size_t i;

	json_array_foreach(json_object_get(page, "items"), i, c) if (!strcmp(json_str(c, "titleId"), "1000"))
		json_array_append_new(to, json_sprintf("%s %s", json_str(c, "class"), json_str(c, "buildId")));
	json_decref(page);
	return to;
}

static void same_changes(const char *path)
{
	json_t *mine = changes_of(RED, path), *theirs = changes_of(BLUE, path);

	if (!json_equal(mine, theirs))
		fprintf(stderr, "%s\n%s\n", json_dumps(mine, 0), json_dumps(theirs, 0));
	CHECK(json_array_size(mine) > 1 && json_equal(mine, theirs));
	json_decref(mine);
	json_decref(theirs);
}

static void build_for_all(const char *build, long long in_all)
{
	char path[160];

	snprintf(path, sizeof(path),
		"/sim/build?app=1000&branch=public&build=%s&manifests=100001:%s&size=1000&updated=17%s", build,
		build, build);
	rig_sim_post(&r, path);
	for (enum tenant t = RED; t < TENANTS; t++)
		AWAIT(in_all,
			"SELECT COUNT(*) FROM events WHERE type = 'title.build_announced' AND data LIKE "
			"'%%titleId_:_1000_,%%' AND tenant_id = '%s'",
			tenants[t]);
}

static void same_builds(void)
{
	char list[TENANTS][4096] = { 0 };

	for (enum tenant t = RED; t < TENANTS; t++) {
		json_t *page = rig_expect(&as[t], 200, "GET", "/v1/titles/steam/1000/builds?limit=100", NULL), *b;
		size_t i;
		json_array_foreach(json_object_get(page, "items"), i, b)
		{
			strncat(list[t], json_str(b, "branch"), 100);
			strncat(list[t], json_str(b, "buildId"), 100);
			CHECK(strlen(list[t]) < sizeof(list[t]) - 300);
		}
		json_decref(page);
	}
	CHECK(*list[RED]);
	CHECK_STR(list[RED], list[BLUE]);
}

/* What everybody may see stays everybody's, with an account or without: the same builds and changes, each told once to each. */
static void open_to_all(void)
{
	char id[TENANTS][64];

	for (enum tenant t = RED; t < TENANTS; t++) {
		watch(t, id[t], OPEN);
		AWAIT(1, BUILDS_OF, id[t]);
	}
	build_for_all("90000001", 1);
	CHECK(name_account(RED, id[RED], account[RED]) == 200);
	same_changes("/v1/titles/steam/1000/changes");
	same_builds();
	build_for_all("90000002", 2);
	build_for_all("90000001", 2); /* again: it was told */
	await("SELECT COUNT(*) FROM changes WHERE direction = 'rollback' AND build_id = '90000001'", 2);
	same_builds();
	CHECK(number("SELECT COUNT(*) FROM titles WHERE ref = '1000' AND access = 'public' AND scope IN ('', "
		     "'ten_red')") == 2);
	same_changes("/v1/titles/steam/1000/changes");
	same_changes("/v1/changes?limit=200");
	json_t *mine = rig_expect(&as[RED], 200, "GET", "/v1/titles/steam/1000", NULL);
	json_t *theirs = rig_expect(&as[BLUE], 200, "GET", "/v1/titles/steam/1000", NULL);
	CHECK(json_equal(json_object_get(mine, "facts"), json_object_get(theirs, "facts")));
	json_decref(mine);
	json_decref(theirs);
	CHECK(name_account(RED, id[RED], NULL) == 200);
	same_changes("/v1/changes?limit=200");
	build_for_all("90000003", 3);
	CHECK(number("SELECT COUNT(*) FROM events WHERE type = 'title.build_announced' AND data LIKE "
		     "'%titleId_:_1000_,%'") == 6);
}

#define SCOPED "SELECT COUNT(*) FROM titles WHERE scope = 'ten_red'"
#define HANGING                                                                                                  \
	"SELECT (SELECT COUNT(*) FROM builds WHERE title_id NOT IN (SELECT id FROM titles)) + (SELECT COUNT(*) " \
	"FROM changes "                                                                                          \
	"WHERE title_id NOT IN (SELECT id FROM titles)) + (SELECT COUNT(*) FROM poll_titles WHERE title_id NOT " \
	"IN (SELECT "                                                                                            \
	"id FROM titles))"

/* Without the account nothing of it is left: not when the watch names it no more, nor when the watch or the account goes. */
static void forgotten(void)
{
	struct rig_answer a;
	char path[128];

	CHECK(number(SCOPED) == 1);
	CHECK(name_account(RED, watches[RED], NULL) == 200);
	CHECK_STR(state_of(RED), "denied");
	CHECK(number(SCOPED) == 0 && number(HANGING) == 0 && builds_of(RED) == 0);
	json_t *t = rig_expect(&as[RED], 200, "GET", "/v1/titles/steam/1039", NULL);
	CHECK(!json_object_get(json_object_get(t, "facts"), "steam.pics"));
	json_decref(t);
	CHECK(name_account(RED, watches[RED], account[RED]) == 200);
	AWAIT(1, BUILDS_OF, watches[RED]);
	snprintf(path, sizeof(path), "/v1/watches/%s", watches[RED]);
	a = rig_call(&as[RED], "DELETE", path, "If-Match: *", NULL);
	CHECK(a.status == 204 && number(SCOPED) == 0 && number(HANGING) == 0);
	rig_answer_done(&a);
	snprintf(path, sizeof(path), "{\"titleId\":\"1039\",\"accountId\":\"%s\"}", account[RED]);
	make(RED, watches[RED], "/v1/watches", path);
	CHECK(number(SCOPED) == 1);
	json_decref(rig_expect(&as[RED], 409, "POST", "/v1/watches", path));
	json_decref(rig_expect(&as[RED], 409, "POST", "/v1/watches", "{\"titleId\":\"1039\"}"));
	AWAIT(1, BUILDS_OF, watches[RED]);
	snprintf(path, sizeof(path), "/v1/accounts/%s", account[RED]);
	int status;
	do { /* a task may work on it */
		a = rig_call(&as[RED], "DELETE", path, "If-Match: *", NULL);
		status = a.status;
		rig_answer_done(&a);
	} while (status == 409);
	CHECK(status == 204);
	await("SELECT COUNT(*) FROM watches WHERE tenant_id = 'ten_red' AND account_id IS NULL AND state = "
	      "'denied'",
		1);
	CHECK(number(SCOPED) == 0 && number(HANGING) == 0);
}

int main(void)
{
	rig_init(&r);
	rig_warp(&r, 4);
	rig_sim(&r, world, NULL);
	rig_sim_post(&r, "/sim/title?app=1039&do=deny");
	rig_serve(&r, (const char *const[]){ "--set", "updates.tick_ms=1000", "--set", "lanes.unsafe=true", "--set",
			      "lanes.limits=cm.connect=0,cm.login=0,cm.login.account=0,cm.job=0,pics.changes=0,"
			      "pics.info=0,store.web=0",
			      "--set", "steam.pics_interval_ms=0", "--set", "engine.lease_ms=20000", NULL });
	for (enum tenant t = OWN; t < TENANTS; t++)
		begin(t);
	await("SELECT COUNT(*) FROM sources WHERE name = 'steam.pics' AND cursor > 0", 1);
	owned();
	next_build();
	open_to_all();
	forgotten();
	rig_check_events(&r);
	rig_done(&r);
	return 0;
}
