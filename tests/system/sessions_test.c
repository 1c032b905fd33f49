/* Sessions of accounts on a simulated Steam that is reached over plain TCP, with encryption of its own: from password to online, reads
 * over them, its standing, a quarantine, and the PIN of a family view. Time runs WARP times faster. */
#include "tests/system/rig.h"

#include <stdio.h>
#include <string.h>

#define WARP 20

static const char world[] = "generate apps=440-440 seed=1\n"
			    "generate package=7 apps=440-440\n"
			    "account alice password=correct_horse packages=7\n"
			    "account asked password=correct_horse parental=1234\n"
			    "account stored password=correct_horse parental=5678\n"
			    "account locked password=correct_horse packages=7 locked\n"
			    "items Crate generate owner=asked count=3 seed=1\n"
			    "items Crate generate owner=stored count=4 seed=1\n";

/* Waits until the account's session holds this. */
static json_t *await(const struct rig *r, const char *id, const char *member, const char *value)
{
	char path[128];
	json_t *s = NULL;

	snprintf(path, sizeof(path), "/v1/accounts/%s/session", id);
	for (int tries = 0; tries < 1200; tries++) {
		json_decref(s);
		s = rig_expect(r, 200, "GET", path, NULL);
		if (!strcmp(json_str(s, member), value))
			return s;
		rig_sleep_ms(50);
	}
	char *text = json_dumps(s, 0);
	fprintf(stderr, "%s is not %s: %s\n", member, value, text);
	exit(1);
}

static void make_account(const struct rig *r, const char *login, char ret_id[static 64])
{
	char path[128], body[64];

	snprintf(body, sizeof(body), "{\"login\":\"%s\"}", login);
	json_t *a = rig_expect(r, 201, "POST", "/v1/accounts", body);
	snprintf(ret_id, 64, "%s", json_str(a, "id"));
	json_decref(a);
	snprintf(path, sizeof(path), "/v1/accounts/%s/secrets/password", ret_id);
	json_decref(rig_expect(r, 204, "PUT", path, "{\"value\":\"correct_horse\"}"));
}

static void want(const struct rig *r, const char *id, const char *mode)
{
	char path[128], body[64];

	snprintf(path, sizeof(path), "/v1/accounts/%s/desired-state", id);
	snprintf(body, sizeof(body), "{\"mode\":\"%s\"}", mode);
	json_decref(rig_expect(r, 200, "PUT", path, body));
}

/* The task of a job of one, when it is over. */
static json_t *run_task(const struct rig *r, const char *id, const char *action, const char *payload)
{
	char path[128], body[256];
	json_t *task = NULL;

	snprintf(body, sizeof(body), "{\"action\":\"%s\",\"payload\":%s%s%s%s}", action, payload,
		id ? ",\"targets\":[\"" : "", id ? id : "", id ? "\"]" : "");
	json_t *job = rig_post_job(r, body);
	snprintf(path, sizeof(path), "/v1/jobs/%s/tasks", json_str(job, "id"));
	for (int tries = 0; tries < 1200; tries++) {
		json_t *list = rig_expect(r, 200, "GET", path, NULL);
		json_decref(task);
		task = json_incref(json_array_get(json_object_get(list, "items"), 0));
		json_decref(list);
		if (!strcmp(json_str(task, "status"), "succeeded") || !strcmp(json_str(task, "status"), "failed"))
			break;
		rig_sleep_ms(50);
	}
	json_decref(job);
	return task;
}

/* Its result; it must succeed. */
static json_t *run(const struct rig *r, const char *id, const char *action, const char *payload)
{
	json_t *task = run_task(r, id, action, payload);

	if (strcmp(json_str(task, "status"), "succeeded") != 0) {
		fprintf(stderr, "%s: %s\n", action, json_dumps(task, 0));
		exit(1);
	}
	json_t *result = json_incref(json_object_get(task, "result"));
	json_decref(task);
	return result;
}

/* Whether it is a server that the directory names for this transport. */
static bool is_listed(const struct rig *r, const char *transport, const char *endpoint)
{
	char path[128];
	bool found = false;
	size_t i;
	json_t *one;

	snprintf(path, sizeof(path), "/ISteamDirectory/GetCMListForConnect/v1/?cellid=0&format=json&cmtype=%s",
		transport);
	json_t *list = rig_sim_get(r, path);
	json_t *servers = json_object_get(json_object_get(list, "response"), "serverlist");
	CHECK(json_array_size(servers) > 0);
	json_array_foreach(servers, i, one) found = found || !strcmp(json_str(one, "endpoint"), endpoint);
	json_decref(list);
	return found;
}

static void over_tcp(const struct rig *r, char id[static 64])
{
	make_account(r, "alice", id);
	want(r, id, "online");
	json_t *s = await(r, id, "state", "online");
	json_t *alice = rig_sim_get(r, "/sim/person/alice");
	CHECK_STR(json_str(s, "steamId"), json_str(alice, "steamId"));
	CHECK(json_int(alice, "sessions") == 1);
	json_decref(alice);
	json_decref(s);

	json_t *ping = run(r, id, "session.ping", "{}");
	CHECK(is_listed(r, "netfilter", json_str(ping, "endpoint")));
	CHECK(!is_listed(r, "websockets", json_str(ping, "endpoint")));
	json_decref(ping);
	json_t *owned = run(r, id, "licenses.list", "{}");
	CHECK(json_int(json_array_get(json_object_get(owned, "packages"), 0), "sub") == 7);
	json_decref(owned);
	/* The agent's own session, which is nobody's, takes the same way; 52 kB come in one answer. */
	json_t *apps = run(r, NULL, "pics.product_info", "{\"apps\":[440]}");
	json_t *app = json_array_get(json_object_get(apps, "apps"), 0);
	CHECK(json_int(app, "size") > 20000);
	CHECK_STR(json_str(app, "data.appid"), "440");
	json_decref(apps);
}

static const char inventory[] = "{\"appId\":440,\"contextId\":\"2\"}";

static void expect_items(const struct rig *r, const char *id, int64_t n)
{
	json_t *items = run(r, id, "inventory.read", inventory);
	CHECK(json_int(items, "total") == n);
	json_decref(items);
}

static json_t *condition(const struct rig *r, const char *id, const char *type)
{
	char path[128];
	json_t *one, *found = NULL;
	size_t i;

	snprintf(path, sizeof(path), "/v1/accounts/%s/session", id);
	json_t *s = rig_expect(r, 200, "GET", path, NULL);
	json_array_foreach(json_object_get(s, "conditions"), i, one) if (!strcmp(json_str(one, "type"), type))
		found = json_incref(one);
	json_decref(s);
	return found;
}

/* Waits until the challenge is in this state, with this hint (NULL: whichever), and answers it with the code, if any. */
static void challenge(const struct rig *r, const char *id, const char *state, const char *hint, const char *code)
{
	char path[128], body[64];
	json_t *c = NULL;

	snprintf(path, sizeof(path), "/v1/challenges/%s", id);
	for (int tries = 0; tries < 1200; tries++) {
		json_decref(c);
		c = rig_expect(r, 200, "GET", path, NULL);
		if (!strcmp(json_str(c, "state"), state) && (!hint || !strcmp(json_str(c, "hint"), hint)))
			break;
		rig_sleep_ms(50);
	}
	CHECK_STR(json_str(c, "state"), state);
	CHECK_STR(json_str(c, "kind"), "parental_pin");
	json_decref(c);
	snprintf(path, sizeof(path), "/v1/challenges/%s/answer", id);
	snprintf(body, sizeof(body), "{\"code\":\"%s\"}", code ? code : "");
	if (code)
		json_decref(rig_expect(r, 200, "POST", path, body));
}

static void expect_condition(const struct rig *r, const char *id, const char *type, bool status, const char *reason)
{
	json_t *c = condition(r, id, type);
	CHECK(json_is_boolean(json_object_get(c, "status")) &&
		json_is_true(json_object_get(c, "status")) == status);
	CHECK_STR(json_str(c, "reason"), reason);
	json_decref(c);
}

/* What Steam holds against the account, by account.standing: in its result, and in the conditions from then on. */
static void standing(const struct rig *r, const char *id)
{
	static const struct {
		const char *words, *trade, *clean; /* of the simulator's account; "" is ready, is clean */
	} cases[] = { { "level%3D7", "no_authenticator", "" }, { "shared", "", "" },
		{ "authenticator%3D3", "authenticator_young", "" }, { "trade_ban", "trade_ban", "trade_ban" },
		{ "vac", "trade_ban", "vac_ban" }, { "trade_ban%3D0", "authenticator_young", "vac_ban" },
		{ "authenticator%3D8", "", "vac_ban" } }; /* VAC keeps nobody from trading */

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char path[96];
		snprintf(path, sizeof(path), "/sim/set?name=alice&word=%s", cases[i].words);
		rig_sim_post(r, path);
		json_t *s = run(r, id, "account.standing", "{}");
		CHECK(json_is_true(json_object_get(s, "tradeReady")) == !*cases[i].trade);
		CHECK(json_int(s, "level") == 7);
		json_t *reason = json_array_get(json_object_get(s, "reasons"), 0);
		CHECK_STR(reason ? json_string_value(reason) : "", cases[i].trade);
		json_decref(s);
		expect_condition(r, id, "TradeReady", !*cases[i].trade, cases[i].trade);
		expect_condition(r, id, "StandingClean", !*cases[i].clean, cases[i].clean);
	}
}

/* Nobody stored the PIN: the page is not read, a person is asked; the wrong PIN is asked for anew. The session stays. */
static void family_asked(const struct rig *r)
{
	char id[64], chg[64];

	make_account(r, "asked", id);
	want(r, id, "online");
	json_decref(await(r, id, "state", "online"));
	json_t *task = run_task(r, id, "inventory.read", inventory);
	CHECK_STR(json_str(task, "error.code"), "family_view");
	json_decref(task);
	json_t *s = await(r, id, "state", "online");
	snprintf(chg, sizeof(chg), "%s", json_str(s, "challengeId"));
	json_decref(s);
	expect_condition(r, id, "FamilyView", true, "no_pin");
	challenge(r, chg, "open", NULL, "4321");
	challenge(r, chg, "open", "wrong_pin", "1234");
	challenge(r, chg, "accepted", NULL, NULL);
	expect_items(r, id, 3);
	expect_condition(r, id, "FamilyView", false, "");
	want(r, id, "offline");
}

/* It is stored: the page is opened by itself. */
static void family_stored(const struct rig *r)
{
	char id[64], path[128];

	make_account(r, "stored", id);
	snprintf(path, sizeof(path), "/v1/accounts/%s/secrets/parental_pin", id);
	json_decref(rig_expect(r, 204, "PUT", path, "{\"value\":\"5678\"}"));
	want(r, id, "online");
	json_decref(await(r, id, "state", "online"));
	expect_items(r, id, 4);
	json_t *s = await(r, id, "state", "online");
	CHECK_STR(json_str(s, "challengeId"), "");
	json_decref(s);
	want(r, id, "offline");
}

static int64_t logons(const struct rig *r, const char *name)
{
	char path[64];
	snprintf(path, sizeof(path), "/sim/person/%s", name);
	json_t *p = rig_sim_get(r, path);
	int64_t n = json_int(p, "logons");
	CHECK(json_int(p, "sessions") <= 1);
	json_decref(p);
	return n;
}

/* Steam has locked it: its session stays, and may read; nothing is done with it. */
static void restricted(const struct rig *r)
{
	char id[64];

	make_account(r, "locked", id);
	want(r, id, "online");
	json_t *s = await(r, id, "state", "quarantined");
	CHECK_STR(json_str(s, "reason"), "restricted");
	json_decref(s);
	json_t *owned = run(r, id, "licenses.list", "{}");
	CHECK(json_int(json_array_get(json_object_get(owned, "packages"), 0), "sub") == 7);
	json_decref(owned);
	json_t *task = run_task(r, id, "persona.set", "{\"name\":\"other\"}");
	CHECK_STR(json_str(task, "error.code"), "session_offline");
	json_decref(task);
	task = run_task(r, id, "session.login", "{}");
	CHECK_STR(json_str(task, "error.code"), "account_quarantined");
	json_decref(task);
	want(r, id, "offline");
}

/* An operator sets it aside: Steam sees it go, and not come back, also when it is wanted anew. */
static void quarantined(const struct rig *r, const char *id)
{
	char path[128];

	snprintf(path, sizeof(path), "/v1/accounts/%s/quarantine", id);
	json_decref(rig_expect(r, 200, "POST", path, NULL));
	json_decref(rig_expect(r, 409, "POST", path, NULL));
	json_t *s = await(r, id, "state", "quarantined");
	CHECK_STR(json_str(s, "reason"), "operator");
	CHECK_STR(json_str(s, "desired.mode"), "online"); /* that is not ours to change */
	json_decref(s);
	json_t *alice = rig_sim_get(r, "/sim/person/alice");
	CHECK(json_int(alice, "sessions") == 0);
	json_decref(alice);
	int64_t before = logons(r, "alice");
	want(r, id, "online");
	json_t *task = run_task(r, id, "session.ping", "{}"); /* its agent knows by now what is wanted */
	CHECK_STR(json_str(task, "error.code"), "session_offline");
	json_decref(task);
	rig_sleep_ms(2 * 60000 / WARP); /* two of the gaps that are kept between logons */
	CHECK(logons(r, "alice") == before);

	snprintf(path, sizeof(path), "/v1/accounts/%s/quarantine/clear", id);
	json_decref(rig_expect(r, 200, "POST", path, NULL));
	json_decref(await(r, id, "state", "online"));
	CHECK(logons(r, "alice") == before + 1);
}

int main(void)
{
	char key[160], alice[64];
	struct rig r;

	rig_init(&r);
	rig_warp(&r, WARP);
	rig_sim(&r, world, (const char *const[]){ "--tcp", "2", NULL });
	snprintf(key, sizeof(key), "%s/tls/tcp.pem", r.dir);
	setenv("FOOTPLATE_STEAM__TRANSPORT", "tcp", 1);
	setenv("FOOTPLATE_STEAM__PUBLIC_KEY_FILE", key, 1);
	rig_serve(&r, NULL);
	over_tcp(&r, alice);
	standing(&r, alice);
	quarantined(&r, alice);
	restricted(&r);
	family_asked(&r);
	family_stored(&r);
	rig_done(&r);
	return 0;
}
