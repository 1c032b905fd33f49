/*
 * Agents are logged in at Epic and GOG by people: a challenge names the page, is answered with the code, and the answer reaches its agent alone.
 * A wrong code says what to do. An agent that is killed between the exchange and its disk wants another code, and does not fall over; a
 * login that the store ends by itself is a new challenge. Codes, tokens and the clients' secrets are on no disk and in no log.
 */
#include "tests/system/rig.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EPIC "ns1:item1:SimGame"
#define GOG  "1207658924"

static const char world[] =
	"epic token=planted-acc refresh=planted-ref client=the-client secret=planted-secret "
	"codes=planted-e1,planted-e2,planted-e3,planted-e4\n"
	"gog token=planted-acg refresh=planted-reg client=gog-client secret=planted-secret codes=planted-g1\n"
	"epic SimGame item=item1 ns=ns1 title=The_Game version=1.0 generate=4,3000000,7\n"
	"gog " GOG " title=The_Quest version=1.0 generate=3,200000,9\n";

static struct rig r;
static char agents[2][64], regions[2][64];

/* The newest challenge of that agent at that store; NULL: there is none. The caller decrefs. */
static json_t *find(unsigned agent, const char *store)
{
	char path[160];
	json_t *found = NULL, *c;
	size_t i;

	snprintf(path, sizeof(path), "/v1/challenges?limit=100&agent=%s", agents[agent]);
	json_t *list = rig_expect(&r, 200, "GET", path, NULL);
	json_array_foreach(json_object_get(list, "items"), i, c) if (!found && !strcmp(json_str(c, "store"), store))
		found = json_incref(c);
	json_decref(list);
	return found;
}

/* Waits until it is in this state, and its hint has these words. Its id goes to ret_id. */
static void await(unsigned agent, const char *store, const char *state, const char *hint, char ret_id[static 64])
{
	json_t *c = NULL;

	for (int tries = 0; tries < 1200; tries++) {
		json_decref(c);
		c = find(agent, store);
		if (c && !strcmp(json_str(c, "state"), state) && strstr(json_str(c, "hint"), hint)) {
			snprintf(ret_id, 64, "%s", json_str(c, "id"));
			CHECK_STR(json_str(c, "kind"), "shop_login");
			CHECK(json_is_null(json_object_get(c, "accountId")) &&
				!strstr(json_str(c, "hint"), "planted"));
			json_decref(c);
			return;
		}
		rig_sleep_ms(25);
	}
	fprintf(stderr, "agent %u at %s: not %s '%s' but %s\n", agent, store, state, hint, json_dumps(c, 0));
	exit(1);
}

static void answer(int status, const char *id, const char *code)
{
	char path[128];
	json_t *body = json_pack("{s:s}", "code", code);
	char *text = json_dumps(body, 0);

	snprintf(path, sizeof(path), "/v1/challenges/%s/answer", id);
	struct rig_answer a = rig_call(&r, "POST", path, NULL, text);
	if (a.status != status || strstr(a.text, "planted"))
		fprintf(stderr, "%s: %d %s\n", code, a.status, a.text);
	CHECK(a.status == status && !strstr(a.text, "planted"));
	rig_answer_done(&a);
	json_decref(body);
	free(text);
}

/* What the agent's region says of Epic's title: its version, or why nothing is known. The caller frees. */
static char *ask(unsigned agent)
{
	char path[128], body[512];
	json_t *task = NULL;

	snprintf(body, sizeof(body),
		"{\"action\":\"titles.poll\",\"regionId\":\"%s\",\"payload\":{\"source\":\"epic.launcher\","
		"\"refs\":["
		"\"" EPIC "\"]}}",
		regions[agent]);
	json_t *job = rig_post_job(&r, body);
	snprintf(path, sizeof(path), "/v1/jobs/%s/tasks", json_str(job, "id"));
	for (int tries = 0; tries < 1200 && strcmp(json_str(task, "status"), "succeeded") != 0; tries++) {
		json_decref(task);
		json_t *list = rig_expect(&r, 200, "GET", path, NULL);
		task = json_incref(json_array_get(json_object_get(list, "items"), 0));
		json_decref(list);
		rig_sleep_ms(25);
	}
	json_t *t = json_array_get(json_object_get(json_object_get(task, "result"), "titles"), 0);
	json_t *b = json_array_get(json_object_get(t, "branches"), 0);
	char *said = strdup(b ? json_str(b, "version") : json_str(t, "reason"));
	json_decref(task);
	json_decref(job);
	return said;
}

static void expect_said(unsigned agent, const char *want)
{
	char *said = ask(agent);
	CHECK_STR(said, want);
	free(said);
}

static int64_t exchanges(void)
{
	json_t *ledger = rig_sim_get(&r, "/sim/ledger");
	int64_t n = json_int(ledger, "requests.epic_token");
	json_decref(ledger);
	return n;
}

/* ---- the agents ---- */

static void start(unsigned i, bool first)
{
	char launcher[224], tokens[224], gog_tokens[224], content[224], api[224];

	snprintf(launcher, sizeof(launcher), "agent.epic_launcher_url=%s/epic", r.sim_url);
	snprintf(tokens, sizeof(tokens), "agent.epic_token_url=%s/epic/account/api/oauth/token", r.sim_url);
	snprintf(gog_tokens, sizeof(gog_tokens), "agent.gog_token_url=%s/gog/token", r.sim_url);
	snprintf(content, sizeof(content), "agent.gog_content_url=%s/gog", r.sim_url);
	snprintf(api, sizeof(api), "agent.gog_api_url=%s/gog", r.sim_url);
	const char *const args[] = { "--set", launcher, "--set", tokens, "--set", gog_tokens, "--set", content,
		"--set", api, "--set", "agent.epic_client_id=the-client", i ? NULL : "--set",
		"agent.gog_client_id=gog-client", NULL };
	rig_agent(&r, i, first ? regions[i] : NULL, args);
}

static void start_all(void)
{
	for (unsigned i = 0; i < 2; i++) {
		char body[64];
		snprintf(body, sizeof(body), "{\"name\":\"region-%u\"}", i);
		json_t *region = rig_expect(&r, 201, "POST", "/v1/regions", body);
		snprintf(regions[i], sizeof(regions[i]), "%s", json_str(region, "id"));
		json_decref(region);
		start(i, true);
	}
	rig_await_agents(&r, 2);
	json_t *list = rig_expect(&r, 200, "GET", "/v1/agents", NULL), *a;
	size_t n;
	json_array_foreach(json_object_get(list, "items"), n,
		a) for (unsigned i = 0; i < 2; i++) if (!strcmp(json_str(a, "regionId"), regions[i]))
		snprintf(agents[i], sizeof(agents[i]), "%s", json_str(a, "id"));
	json_decref(list);
	CHECK(*agents[0] && *agents[1]);
}

static bool keeps(unsigned agent, const char *store)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/agent-%u/agent/%s.login", r.dir, agent, store);
	return access(path, F_OK) == 0;
}

/* ---- the cases ---- */

static void wanted(void)
{
	char id[64];

	await(0, "epic", "open", "nobody has logged", id);
	await(0, "gog", "open", "nobody has logged", id);
	await(1, "epic", "open", "nobody has logged", id);
	json_t *none = find(1, "gog"), *gog = find(0, "gog"), *epic = find(0, "epic");
	CHECK(!none);
	CHECK(strstr(json_str(gog, "url"),
		"https://auth.gog.com/auth?client_id=gog-client&redirect_uri=https%3A%2F%2F"));
	CHECK(strstr(json_str(epic, "url"), "https://www.epicgames.com/id/login?redirectUrl="));
	json_decref(gog);
	json_decref(epic);
	expect_said(0, "login_required");
}

/* What holds no code is refused at once; a code that the store does not take opens the challenge again, and says what to do. */
static void wrong(void)
{
	char id[64], same[64];

	await(1, "epic", "open", "", id);
	answer(422, id, "planted not a code");
	answer(422, id, "{\"authorizationCode\":null}");
	answer(200, id, "planted-x");
	await(1, "epic", "open", "bring the new one", same);
	CHECK_STR(id, same);
	CHECK(!keeps(1, "epic"));
}

/* As a person brings it: the page's JSON, the address. It is this agent's alone. */
static void right(void)
{
	char id[64], same[64];

	await(0, "epic", "open", "", id);
	answer(200, id, "{\"warning\":\"x\",\"authorizationCode\":\"planted-e1\"}");
	await(0, "epic", "accepted", "", same);
	CHECK_STR(id, same);
	answer(409, id, "planted-e2"); /* it is over */
	await(0, "gog", "open", "", id);
	answer(200, id, "https://embed.gog.com/on_login_success?origin=client&code=planted-g1");
	await(0, "gog", "accepted", "", id);
	CHECK(keeps(0, "epic") && keeps(0, "gog") && !keeps(1, "epic"));
	expect_said(0, "1.0");
	expect_said(1, "login_required");
}

/* A watch of any region is asked for where somebody is logged in, and there alone. */
static void watched(void)
{
	char path[160];
	json_t *w = rig_expect(&r, 201, "POST", "/v1/watches", "{\"store\":\"epic\",\"titleId\":\"" EPIC "\"}");
	int64_t was = 0;

	snprintf(path, sizeof(path), "/v1/watches/%s", json_str(w, "id"));
	json_decref(w);
	(void)rig_sql(&r, "UPDATE titles SET interval_s = 1");
	for (int round = 0; round < 3; round++) {
		int64_t now = was;
		for (int tries = 0; tries < 400 && now <= was; tries++) {
			rig_sleep_ms(25);
			now = atoll(rig_sql(&r, "SELECT MAX(success_at) FROM titles"));
		}
		CHECK(now > was);
		was = now;
		CHECK_STR(rig_sql(&r, "SELECT state FROM watches"), "active");
	}
	struct rig_answer gone = rig_call(&r, "DELETE", path, "If-Match: *", NULL);
	CHECK(gone.status == 204);
	rig_answer_done(&gone);
}

/* GOG's content wants a login: now it comes, from the agent that has one. */
static void fetched(void)
{
	char path[160];
	json_t *d = NULL;

	struct rig_answer a = rig_call(&r, "POST", "/v1/downloads", "Idempotency-Key: one",
		"{\"source\":{\"kind\":\"gog\",\"productId\":\"" GOG
		"\",\"os\":\"windows\",\"kindOf\":\"content\"}}");
	if (a.status != 201 && a.status != 202)
		fprintf(stderr, "%d %s\n", a.status, a.text);
	snprintf(path, sizeof(path), "/v1/downloads/%s", json_str(a.body, "id"));
	rig_answer_done(&a);
	for (int tries = 0; tries < 1200; tries++) {
		json_decref(d);
		d = rig_expect(&r, 200, "GET", path, NULL);
		if (!strcmp(json_str(d, "state"), "ready") || !strcmp(json_str(d, "state"), "failed"))
			break;
		rig_sleep_ms(25);
	}
	if (strcmp(json_str(d, "state"), "ready") != 0)
		fprintf(stderr, "%s\n", json_dumps(d, 0));
	CHECK_STR(json_str(d, "state"), "ready");
	json_decref(d);
}

/* It outlives the agent, and asks nobody again. */
static void restarted(void)
{
	int64_t before = exchanges();
	char id[64];

	rig_stop(&r.agents[0], SIGTERM);
	start(0, false);
	rig_await_agents(&r, 2);
	expect_said(0, "1.0");
	CHECK(exchanges() == before);
	await(0, "epic", "accepted", "", id);
}

/* The store has given the login, and the agent dies before it has it. */
static void killed(void)
{
	int64_t before = exchanges();
	char id[64], same[64];

	await(1, "epic", "open", "", id);
	rig_sim_say(&r, "/sim/faults", "epic_token@*:latency=20000");
	answer(200, id, "planted-e2");
	for (int tries = 0; tries < 1200 && exchanges() == before; tries++)
		rig_sleep_ms(25);
	CHECK(exchanges() == before + 1);
	rig_stop(&r.agents[1], SIGKILL);
	rig_sim_clear(&r);
	start(1, false);
	await(1, "epic", "open", "nobody knows", same);
	CHECK_STR(id, same);
	CHECK(!keeps(1, "epic"));
	answer(200, id, "planted-e2"); /* it was taken */
	await(1, "epic", "open", "bring the new one", same);
	answer(200, id, "planted-e3");
	await(1, "epic", "accepted", "", same);
	expect_said(1, "1.0");
	CHECK(keeps(1, "epic"));
}

/* Another has taken the login over by now: what agent 0 has is refused, and that is a new challenge. */
static void ended(void)
{
	char was[64], id[64];

	await(0, "epic", "accepted", "", was);
	expect_said(0, "login_required");
	await(0, "epic", "open", "does not accept the agent's refresh token", id);
	CHECK(strcmp(was, id) != 0);
	answer(200, id, "planted-e4");
	await(0, "epic", "accepted", "", id);
	expect_said(0, "1.0");
}

/* Another tenant's key may do all with challenges; these are not its own. */
static void strangers(void)
{
	char body[160], path[128], was[sizeof(r.key)], id[64];

	await(0, "epic", "open", "", id);
	json_t *tenant = rig_expect(&r, 201, "POST", "/v1/tenants", "{\"id\":\"ten_red\",\"name\":\"red\"}");
	snprintf(body, sizeof(body),
		"{\"name\":\"k\",\"scopes\":[\"challenges:read\",\"challenges:answer\"],\"tenantId\":\"%s\"}",
		json_str(tenant, "id"));
	json_t *key = rig_expect(&r, 201, "POST", "/v1/api-keys", body);
	memcpy(was, r.key, sizeof(was));
	snprintf(r.key, sizeof(r.key), "%s", json_str(key, "secret"));
	json_t *list = rig_expect(&r, 200, "GET", "/v1/challenges", NULL);
	CHECK(json_array_size(json_object_get(list, "items")) == 0);
	json_decref(list);
	snprintf(path, sizeof(path), "/v1/challenges/%s", id);
	json_decref(rig_expect(&r, 404, "GET", path, NULL));
	answer(404, id, "planted-e1");
	memcpy(r.key, was, sizeof(was));
	json_decref(tenant);
	json_decref(key);
}

static void secrets(void)
{
	char line[256];

	rig_check_events(&r);
	rig_stop(&r.agents[0], SIGTERM);
	rig_stop(&r.agents[1], SIGTERM);
	snprintf(line, sizeof(line), "grep -rl --exclude=world* --exclude=sim* planted %s", r.dir);
	CHECK(system(line) != 0);
	CHECK(atoi(rig_sql(&r, "SELECT COUNT(*) FROM jobs WHERE action = 'shops.log_in' AND secret IS NOT NULL AND "
			       "finished_at > 0")) == 0);
	CHECK(atoi(rig_sql(&r, "SELECT COUNT(*) FROM jobs WHERE action = 'shops.log_in'")) >= 6);
}

int main(void)
{
	setenv("FOOTPLATE_AGENT__EPIC_CLIENT_SECRET", "planted-secret", 1);
	setenv("FOOTPLATE_AGENT__GOG_CLIENT_SECRET", "planted-secret", 1);
	rig_init(&r);
	rig_sim(&r, world, (const char *const[]){ NULL });
	rig_serve(&r, (const char *const[]){ "--no-agent", "--set", "lanes.unsafe=true", "--set",
			      "lanes.limits=epic=0,gog=0,cm.connect=0,cm.login=0,cm.login.account=0", "--set",
			      "engine.lease_ms=3000", "--set", "engine.heartbeat_ms=500", NULL });
	start_all();
	wanted();
	strangers();
	wrong();
	right();
	watched();
	fetched();
	restarted();
	killed();
	ended();
	secrets();
	rig_done(&r);
	return 0;
}
