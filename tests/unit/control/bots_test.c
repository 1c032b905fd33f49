/* Which agent holds which account, and what agents may say of them. */
#include "control/fleet/account_row.h"
#include "control/fleet/bots.h"
#include "control/fleet/challenges.h"
#include "control/fleet/reports.h"
#include "control/fleet/shop_challenges.h"
#include "control/fleet/states.h"
#include "model/account.h"

#include "tests/unit/control/fleet_desk.h"

#define T0 1000000000000

static void add_agent(struct desk *d, const char *id, const char *region)
{
	DESK_DO(d,
		"INSERT INTO regions (id, name, labels, version, created_at, updated_at) VALUES ($1, $1, '{}', 1, "
		"0, 0) ON "
		"CONFLICT (id) DO NOTHING",
		store_text(region));
	DESK_DO(d,
		"INSERT INTO agents (id, region_id, public_key, state, version, capabilities, boot_id, "
		"last_seen_at, "
		"created_at, updated_at, lease_until) VALUES ($1, $2, $1, 'connected', '', '[]', '', 0, 0, 0, $3)",
		store_text(id), store_text(region), store_int(d->tx.now_ms + 6000));
}

static void add_account(struct desk *d, const char *id)
{
	DESK_DO(d,
		"INSERT INTO accounts (id, login, labels, enabled, version, created_at, updated_at) VALUES ($1, "
		"$1, '{}', 1, "
		"1, 0, 0)",
		store_text(id));
}

static void want(struct desk *d, const char *id, enum account_mode mode)
{
	desk_ok(d, states_want(&d->tx, id, &(struct account_desired){ .mode = (int)mode, .persona = 1 }, NULL));
}

static const char *holder(struct desk *d, const char *id)
{
	return DESK_TEXT(d, "SELECT CASE WHEN held = 1 THEN agent_id ELSE '' END FROM accounts WHERE id = $1", id);
}
static int64_t epoch_of(struct desk *d, const char *id)
{
	return DESK_INT(d, "SELECT epoch FROM accounts WHERE id = $1", id);
}
static const char *state_of(struct desk *d, const char *id)
{
	return DESK_TEXT(d, "SELECT state FROM accounts WHERE id = $1", id);
}
static int64_t steps_of(struct desk *d, const char *id)
{
	return DESK_INT(d, "SELECT COUNT(*) FROM account_history WHERE account_id = $1", id);
}
static int64_t state_events(struct desk *d, const char *id)
{
	return DESK_INT(
		d, "SELECT COUNT(*) FROM events WHERE account_id = $1 AND type = 'account.state_changed'", id);
}

static void hear(struct desk *d, const char *agent, int64_t now_ms)
{
	DESK_DO(d, "UPDATE agents SET lease_until = $2, state = 'connected' WHERE id = $1", store_text(agent),
		store_int(now_ms + 6000));
}

static void say(struct desk *d, const char *agent, const char *account, const char *type, const char *payload)
{
	const struct tunnel_msg_event m = { .type = type, .account_id = account, .payload = payload };
	desk_ok(d, reports_take(&d->tx, agent, &m));
}

static void say_state(struct desk *d, const char *agent, const char *account, const char *state, int64_t epoch)
{
	char payload[128];
	snprintf(payload, sizeof(payload), "{\"state\":\"%s\",\"reason\":\"\",\"epoch\":%lld,\"generation\":2}",
		state, (long long)epoch);
	say(d, agent, account, "account.state_changed", payload);
}

/* Given to the agent with the fewest; kept while it is heard; given on only a lease and 5 s after it was heard last. */
static void leases(struct desk *d)
{
	char first[ID_MAX];

	desk_now(d, T0);
	add_agent(d, "agt_1", "r1");
	add_agent(d, "agt_2", "r1");
	add_account(d, "acc_1");
	add_account(d, "acc_2");
	add_account(d, "acc_3");
	want(d, "acc_1", ACCOUNT_MODE_ONLINE);
	want(d, "acc_2", ACCOUNT_MODE_ONLINE);
	desk_ok(d, bots_scan(&d->tx));
	CHECK(strcmp(holder(d, "acc_1"), holder(d, "acc_2")) != 0 && *holder(d, "acc_1") && *holder(d, "acc_2"));
	CHECK_STR(holder(d, "acc_3"), "");
	CHECK(epoch_of(d, "acc_1") == 1 && d->tx.bots);
	snprintf(first, sizeof(first), "%s", holder(d, "acc_1"));
	const char *other = strcmp(first, "agt_1") ? "agt_1" : "agt_2";

	say_state(d, first, "acc_1", "connecting", 1);
	say_state(d, first, "acc_1", "online", 1); /* passing states may be left out */
	CHECK_STR(state_of(d, "acc_1"), "online");
	CHECK(steps_of(d, "acc_1") == 2 && state_events(d, "acc_1") == 2);

	DESK_DO(d, "UPDATE agents SET state = 'disconnected' WHERE id = $1", store_text(first));
	for (int64_t at = 0; at <= 11000; at += 500) { /* up to lease and grace: nobody else may have it */
		desk_now(d, T0 + at);
		hear(d, other, T0 + at);
		desk_ok(d, bots_scan(&d->tx));
		CHECK_STR(holder(d, "acc_1"), first);
	}
	desk_now(d, T0 + 11001);
	desk_ok(d, bots_scan(&d->tx));
	CHECK_STR(holder(d, "acc_1"), other);
	CHECK(epoch_of(d, "acc_1") == 2 && !strcmp(state_of(d, "acc_1"), "offline"));
	CHECK(DESK_INT(d, "SELECT COUNT(*) FROM bots_gone WHERE agent_id = $1 AND account_id = 'acc_1'", first) ==
		1);

	/* What the old one still says, or says under the old epoch, is nothing. */
	int64_t before = steps_of(d, "acc_1");
	say_state(d, first, "acc_1", "online", 1);
	say_state(d, first, "acc_1", "online", 2);
	say_state(d, other, "acc_1", "online", 1);
	say_state(d, other, "acc_1", "online", 3);
	CHECK(steps_of(d, "acc_1") == before && !strcmp(state_of(d, "acc_1"), "offline"));
	say_state(d, other, "acc_1", "online", 2);
	CHECK_STR(state_of(d, "acc_1"), "online");

	/* It comes back: it is told of what it holds, and keeps off what it does not. */
	hear(d, first, T0 + 11001);
	desk_ok(d, bots_welcome(&d->tx, other));
	CHECK(DESK_INT(d, "SELECT bot_sent < bot_version FROM accounts WHERE id = $1", "acc_1") == 1);
	CHECK_STR(holder(d, "acc_1"), other);
}

/* What is not needed is given up after a while, and only when it is logged off. */
static void idle(struct desk *d)
{
	const char *agent = arena_str(&d->arena, holder(d, "acc_1"));
	char name[ID_MAX];
	snprintf(name, sizeof(name), "%s", agent);

	desk_now(d, T0 + 20000);
	hear(d, "agt_1", T0 + 500000);
	hear(d, "agt_2", T0 + 500000);
	want(d, "acc_1", ACCOUNT_MODE_OFFLINE);
	DESK_DO(d, "UPDATE accounts SET bot_sent = bot_version WHERE 1 = $1", store_int(1));
	desk_now(d, T0 + 20000 + BOTS_IDLE_MS + 1);
	desk_ok(d, bots_scan(&d->tx));
	CHECK_STR(holder(d, "acc_1"), name); /* still online */
	say_state(d, name, "acc_1", "draining", 2);
	say_state(d, name, "acc_1", "offline", 2);
	desk_ok(d, bots_scan(&d->tx));
	CHECK_STR(holder(d, "acc_1"), name); /* just used */
	desk_now(d, T0 + 20000 + 2 * BOTS_IDLE_MS + 10);
	desk_ok(d, bots_scan(&d->tx));
	CHECK_STR(holder(d, "acc_1"), "");
	CHECK(DESK_INT(d, "SELECT COUNT(*) FROM bots_gone WHERE agent_id = $1 AND account_id = 'acc_1'", name) ==
		1);
	/* The same agent takes it again before it heard of it: then there is nothing to hear. */
	desk_ok(d, bots_hold(&d->tx, "acc_1", name));
	CHECK(epoch_of(d, "acc_1") == 3);
	CHECK(DESK_INT(d, "SELECT COUNT(*) FROM bots_gone WHERE agent_id = $1 AND account_id = 'acc_1'", name) ==
		0);
	CHECK(bots_hold(&d->tx, "acc_1", strcmp(name, "agt_1") ? "agt_1" : "agt_2") == RC_CONFLICT);
}

/* A region of its own: it goes nowhere else, and moves by logging off first. */
static void moves(struct desk *d)
{
	desk_now(d, T0 + 200000);
	add_agent(d, "agt_9", "r9");
	hear(d, "agt_9", T0 + 900000);
	hear(d, "agt_1", T0 + 900000);
	hear(d, "agt_2", T0 + 900000);
	add_account(d, "acc_m");
	DESK_DO(d, "UPDATE accounts SET region_hint = 'r8' WHERE id = $1", store_text("acc_m"));
	want(d, "acc_m", ACCOUNT_MODE_ONLINE);
	desk_ok(d, bots_scan(&d->tx));
	CHECK_STR(holder(d, "acc_m"), ""); /* no agent there */
	DESK_DO(d, "UPDATE accounts SET region_hint = 'r9' WHERE id = $1", store_text("acc_m"));
	desk_ok(d, bots_scan(&d->tx));
	CHECK_STR(holder(d, "acc_m"), "agt_9");
	say_state(d, "agt_9", "acc_m", "online", 1);
	DESK_DO(d, "UPDATE accounts SET region_hint = 'r1' WHERE id = $1", store_text("acc_m"));
	desk_ok(d, bots_place(&d->tx, "acc_m"));
	DESK_DO(d, "UPDATE accounts SET bot_sent = bot_version WHERE id = $1", store_text("acc_m"));
	struct states_account a = { 0 };
	desk_ok(d, states_load(&d->tx, "acc_m", &a));
	CHECK(a.mode == ACCOUNT_MODE_ONLINE && bots_mode(&a, d->tx.now_ms) == ACCOUNT_MODE_OFFLINE);
	desk_now(d, T0 + 300000);
	desk_ok(d, bots_scan(&d->tx));
	CHECK_STR(holder(d, "acc_m"), "agt_9"); /* until it is logged off */
	say_state(d, "agt_9", "acc_m", "offline", 1);
	desk_now(d, T0 + 306000);
	desk_ok(d, bots_scan(&d->tx));
	CHECK(!strcmp(holder(d, "acc_m"), "agt_1") || !strcmp(holder(d, "acc_m"), "agt_2"));
	CHECK(epoch_of(d, "acc_m") == 2);
}

/* What people do: disable, enable, retry; and what an agent may not say. */
static void people(struct desk *d)
{
	struct states_account a = { 0 };

	desk_now(d, T0 + 400000);
	add_account(d, "acc_p");
	want(d, "acc_p", ACCOUNT_MODE_ONLINE);
	desk_ok(d, bots_hold(&d->tx, "acc_p", "agt_1"));
	say_state(d, "agt_1", "acc_p", "online", 1);
	say_state(d, "agt_1", "acc_p", "disabled", 1); /* not lawful */
	CHECK_STR(state_of(d, "acc_p"), "online");
	DESK_DO(d, "UPDATE accounts SET enabled = 0 WHERE id = $1", store_text("acc_p"));
	desk_ok(d, states_enabled(&d->tx, "acc_p"));
	CHECK_STR(state_of(d, "acc_p"), "draining");
	say_state(d, "agt_1", "acc_p", "offline", 1);
	CHECK_STR(state_of(d, "acc_p"), "disabled");
	DESK_DO(d, "UPDATE accounts SET enabled = 1 WHERE id = $1", store_text("acc_p"));
	desk_ok(d, states_enabled(&d->tx, "acc_p"));
	CHECK_STR(state_of(d, "acc_p"), "offline");

	say(d, "agt_1", "acc_p", "account.state_changed",
		"{\"state\":\"failed\",\"reason\":\"invalid_credentials\",\"eresult\":5,\"epoch\":1,\"generation\":"
		"3,"
		"\"steamId\":\"76561197960265729\"}");
	desk_ok(d, states_load(&d->tx, "acc_p", &a));
	CHECK(a.state == ACCOUNT_FAILED && bots_mode(&a, d->tx.now_ms) == ACCOUNT_MODE_OFFLINE); /* A4 */
	CHECK_STR(DESK_TEXT(d, "SELECT steam_id FROM accounts WHERE id = $1", "acc_p"), "76561197960265729");
	CHECK(DESK_INT(d, "SELECT eresult FROM account_history WHERE account_id = $1 ORDER BY seq DESC LIMIT 1",
		      "acc_p") == 5);
	CHECK(states_do(&d->tx, &a, ACCOUNT_CLEARED, "be cleared") == RC_CONFLICT);
	desk_ok(d, states_do(&d->tx, &a, ACCOUNT_RETRIED, "be retried"));
	CHECK_STR(state_of(d, "acc_p"), "offline");

	say(d, "agt_1", "acc_p", "account.condition_changed",
		"{\"type\":\"PlayingBlocked\",\"status\":true,\"reason\":\"elsewhere\",\"epoch\":1}");
	say(d, "agt_1", "acc_p", "account.condition_changed",
		"{\"type\":\"PlayingBlocked\",\"status\":false,\"epoch\":1}");
	const char *conditions = DESK_TEXT(d, "SELECT conditions FROM accounts WHERE id = $1", "acc_p");
	CHECK(strstr(conditions, "\"status\":false") && !strstr(conditions, "elsewhere"));
	say(d, "agt_1", "acc_p", "account.state_changed", "no JSON");
	say(d, "agt_1", "acc_none", "account.state_changed", "{}");
	say(d, "agt_1", "acc_p", "account.unheard_of", "{}");
}

static struct states_account load(struct desk *d, const char *id)
{
	struct states_account a = { 0 };
	desk_ok(d, states_load(&d->tx, id, &a));
	return a;
}

static bool is_wanted_on(struct desk *d, const char *id)
{
	struct states_account a = load(d, id);
	return bots_mode(&a, d->tx.now_ms) != ACCOUNT_MODE_OFFLINE;
}

/* 17, 22: an operator sets it aside. Its session ends first; nobody begins another, whatever is desired, until that is cleared. */
static void quarantine(struct desk *d)
{
	desk_now(d, T0 + 430000);
	add_account(d, "acc_q");
	want(d, "acc_q", ACCOUNT_MODE_ONLINE);
	desk_ok(d, bots_hold(&d->tx, "acc_q", "agt_1"));
	say_state(d, "agt_1", "acc_q", "online", 1);
	CHECK(states_clear(&d->tx, "acc_q") == RC_CONFLICT);
	int64_t generation = load(d, "acc_q").generation;
	desk_ok(d, states_quarantine(&d->tx, "acc_q"));
	CHECK(states_quarantine(&d->tx, "acc_q") == RC_CONFLICT && bots_restart(&d->tx, "acc_q") == RC_CONFLICT);
	CHECK_STR(state_of(d, "acc_q"), "draining");
	CHECK(load(d, "acc_q").generation == generation + 1 && !is_wanted_on(d, "acc_q"));
	say_state(d, "agt_1", "acc_q", "draining", 1);
	say_state(d, "agt_1", "acc_q", "offline", 1);
	CHECK_STR(state_of(d, "acc_q"), "quarantined");
	CHECK_STR(load(d, "acc_q").reason, "operator");
	want(d, "acc_q", ACCOUNT_MODE_PLAYING); /* it is noted, and waits */
	CHECK(load(d, "acc_q").mode == ACCOUNT_MODE_PLAYING && !is_wanted_on(d, "acc_q"));
	CHECK_STR(state_of(d, "acc_q"), "quarantined");

	/* Its agent gives it up; no other gets it; being disabled and enabled does not let it out. */
	DESK_DO(d, "UPDATE accounts SET bot_sent = bot_version WHERE id = $1", store_text("acc_q"));
	desk_now(d, T0 + 430000 + 2 * BOTS_IDLE_MS);
	desk_ok(d, bots_scan(&d->tx));
	desk_ok(d, bots_scan(&d->tx));
	CHECK_STR(holder(d, "acc_q"), "");
	DESK_DO(d, "UPDATE accounts SET enabled = 0 WHERE id = $1", store_text("acc_q"));
	desk_ok(d, states_enabled(&d->tx, "acc_q"));
	CHECK_STR(state_of(d, "acc_q"), "disabled");
	DESK_DO(d, "UPDATE accounts SET enabled = 1 WHERE id = $1", store_text("acc_q"));
	desk_ok(d, states_enabled(&d->tx, "acc_q"));
	CHECK_STR(state_of(d, "acc_q"), "quarantined");
	desk_ok(d, states_clear(&d->tx, "acc_q"));
	CHECK(!strcmp(state_of(d, "acc_q"), "offline") && is_wanted_on(d, "acc_q"));
	desk_ok(d, bots_scan(&d->tx));
	CHECK(*holder(d, "acc_q"));

	/* Its agent dies before it says that it has logged it off. */
	char agent[ID_MAX];
	snprintf(agent, sizeof(agent), "%s", holder(d, "acc_q"));
	say_state(d, agent, "acc_q", "online", 2);
	desk_ok(d, states_quarantine(&d->tx, "acc_q"));
	CHECK_STR(state_of(d, "acc_q"), "draining");
	DESK_DO(d, "UPDATE agents SET lease_until = $2 WHERE id = $1", store_text(agent),
		store_int(d->tx.now_ms - BOTS_GRACE_MS - 1));
	desk_ok(d, bots_scan(&d->tx));
	CHECK(!strcmp(state_of(d, "acc_q"), "quarantined") && !*holder(d, "acc_q"));
	desk_ok(d, states_clear(&d->tx, "acc_q"));
	want(d, "acc_q", ACCOUNT_MODE_OFFLINE);
	hear(d, agent, T0 + 900000);

	/* 17: Steam restricts it; its agent says so, and is let go on reading. */
	add_account(d, "acc_s");
	want(d, "acc_s", ACCOUNT_MODE_ONLINE);
	desk_ok(d, bots_hold(&d->tx, "acc_s", "agt_1"));
	say_state(d, "agt_1", "acc_s", "quarantined", 1); /* it was not online yet */
	CHECK_STR(state_of(d, "acc_s"), "offline");
	say_state(d, "agt_1", "acc_s", "online", 1);
	say_state(d, "agt_1", "acc_s", "quarantined", 1);
	CHECK(!strcmp(state_of(d, "acc_s"), "quarantined") && is_wanted_on(d, "acc_s"));
	desk_ok(d, states_quarantine(&d->tx, "acc_s")); /* more than that */
	CHECK(!is_wanted_on(d, "acc_s"));
	desk_ok(d, states_clear(&d->tx, "acc_s"));
	CHECK(!strcmp(state_of(d, "acc_s"), "offline") && is_wanted_on(d, "acc_s"));
}

/* Log off, and on again: what the agent said before it knew does not count as logged off. */
static void restarts(struct desk *d)
{
	struct states_account a = { 0 };

	desk_now(d, T0 + 450000);
	add_account(d, "acc_r");
	CHECK(bots_restart(&d->tx, "acc_r") == RC_CONFLICT); /* nothing is wanted of it */
	want(d, "acc_r", ACCOUNT_MODE_ONLINE);
	desk_ok(d, bots_hold(&d->tx, "acc_r", "agt_1"));
	desk_ok(d, bots_restart(&d->tx, "acc_r")); /* it has no session yet */
	desk_ok(d, states_load(&d->tx, "acc_r", &a));
	CHECK(bots_mode(&a, d->tx.now_ms) == ACCOUNT_MODE_ONLINE);
	say_state(d, "agt_1", "acc_r", "online", 1);
	desk_ok(d, bots_restart(&d->tx, "acc_r"));
	desk_ok(d, states_load(&d->tx, "acc_r", &a));
	CHECK(a.generation == 3 && a.mode == ACCOUNT_MODE_ONLINE && a.epoch == 1);
	CHECK(bots_mode(&a, d->tx.now_ms) == ACCOUNT_MODE_OFFLINE);
	say_state(d, "agt_1", "acc_r", "offline", 1); /* of generation 2: said before it knew */
	say_state(d, "agt_1", "acc_r", "online", 1);
	desk_ok(d, states_load(&d->tx, "acc_r", &a));
	CHECK(bots_mode(&a, d->tx.now_ms) == ACCOUNT_MODE_OFFLINE);
	say(d, "agt_1", "acc_r", "account.state_changed", "{\"state\":\"draining\",\"epoch\":1,\"generation\":3}");
	desk_ok(d, states_load(&d->tx, "acc_r", &a));
	CHECK(bots_mode(&a, d->tx.now_ms) == ACCOUNT_MODE_OFFLINE);
	say(d, "agt_1", "acc_r", "account.state_changed", "{\"state\":\"offline\",\"epoch\":1,\"generation\":3}");
	desk_ok(d, states_load(&d->tx, "acc_r", &a));
	CHECK(bots_mode(&a, d->tx.now_ms) == ACCOUNT_MODE_ONLINE);
	CHECK_STR(holder(d, "acc_r"), "agt_1");
}

/* A time that comes: what is wanted stays as it was said (A6), and the agent is told once. */
static void until(struct desk *d)
{
	struct states_account a = { 0 };

	desk_now(d, T0 + 500000);
	add_account(d, "acc_u");
	desk_ok(d, states_want(&d->tx, "acc_u",
			   &(struct account_desired){ .mode = ACCOUNT_MODE_ONLINE, .until = T0 + 510000 }, NULL));
	desk_ok(d, bots_scan(&d->tx));
	CHECK(*holder(d, "acc_u"));
	int64_t version = DESK_INT(d, "SELECT bot_version FROM accounts WHERE id = $1", "acc_u");
	for (int i = 0; i < 3; i++) {
		desk_now(d, T0 + 510000 + i * 500);
		desk_ok(d, bots_scan(&d->tx));
	}
	CHECK(DESK_INT(d, "SELECT bot_version FROM accounts WHERE id = $1", "acc_u") == version + 1);
	desk_ok(d, states_load(&d->tx, "acc_u", &a));
	CHECK(a.mode == ACCOUNT_MODE_ONLINE && bots_mode(&a, d->tx.now_ms) == ACCOUNT_MODE_OFFLINE);
}

static const char *challenge_state(struct desk *d, const char *id)
{
	return DESK_TEXT(d, "SELECT state FROM challenges WHERE id = $1", id);
}

#define WANTED(url) "{\"store\":\"epic\",\"state\":\"wanted\",\"url\":\"" url "\",\"hint\":\"why\"}"
#define HELD        "{\"store\":\"epic\",\"state\":\"held\"}"

static int64_t alive(struct desk *d, const char *agent)
{
	return DESK_INT(
		d, "SELECT COUNT(*) FROM challenges WHERE agent_id = $1 AND state IN ('open', 'answered')", agent);
}

static int64_t told_of(struct desk *d, const char *type)
{
	return DESK_INT(d, "SELECT COUNT(*) FROM events WHERE account_id IS NULL AND type = $1", type);
}

/* Those of agents themselves: one for each store, however often it is said; over when the login holds. */
static void shop_challenges(struct desk *d)
{
	say(d, "agt_1", NULL, "shop.login", "{}");
	say(d, "agt_1", NULL, "shop.login", "{\"store\":\"epic\",\"state\":\"wanted\"}");
	say(d, "agt_1", NULL, "shop.login", "{\"store\":\"steam\",\"state\":\"wanted\",\"url\":\"u\"}");
	say(d, "agt_1", NULL, "shop.login", WANTED("javascript:alert(1)"));
	say(d, "agt_1", NULL, "shop.login", HELD);
	CHECK(alive(d, "agt_1") == 0);
	for (int i = 0; i < 3; i++)
		say(d, "agt_1", NULL, "shop.login", WANTED("https://one"));
	say(d, "agt_2", NULL, "shop.login", WANTED("https://two"));
	CHECK(alive(d, "agt_1") == 1 && alive(d, "agt_2") == 1 && told_of(d, "challenge.opened") == 2);
	say(d, "agt_1", NULL, "shop.login", WANTED("https://other"));
	CHECK_STR(DESK_TEXT(d, "SELECT url FROM challenges WHERE agent_id = $1", "agt_1"), "https://other");
	say(d, "agt_1", NULL, "shop.login", HELD);
	CHECK_STR(DESK_TEXT(d, "SELECT state FROM challenges WHERE agent_id = $1", "agt_1"), "moot");
	CHECK(told_of(d, "challenge.closed") == 1);
	say(d, "agt_1", NULL, "shop.login", WANTED("http://again"));
	CHECK(alive(d, "agt_1") == 1 && alive(d, "agt_2") == 1);
	/* Answered: whether its task succeeded is not known yet, and the agent does not ask over it; that it holds, ends it. */
	DESK_DO(d, "UPDATE challenges SET state = 'answered', hint = 'x' WHERE agent_id = $1 AND state = 'open'",
		store_text("agt_1"));
	say(d, "agt_1", NULL, "shop.login", WANTED("https://third"));
	CHECK(DESK_INT(d, "SELECT COUNT(*) FROM challenges WHERE agent_id = $1 AND url = 'https://third'",
		      "agt_1") == 0);
	say(d, "agt_1", NULL, "shop.login", HELD);
	CHECK(alive(d, "agt_1") == 0);
	CHECK(DESK_INT(d, "SELECT COUNT(*) FROM challenges WHERE agent_id = $1 AND state = 'accepted'", "agt_1") ==
		1);
	desk_ok(d, shop_challenges_moot(&d->tx, "agt_2"));
	CHECK(alive(d, "agt_2") == 0);
}

/* Challenges come from agents, expire by themselves, and end once. */
static void challenges(struct desk *d)
{
	static const char opened[] =
		"{\"id\":\"chg_01JD0000000000000000000001\",\"kind\":\"guard_email\",\"hint\":\"x@y\","
		"\"expiresAt\":\"2001-09-09T02:00:00.000Z\",\"epoch\":1}";
	const char *id = "chg_01JD0000000000000000000001";

	desk_now(d, T0 + 600000);
	add_account(d, "acc_c");
	desk_ok(d, bots_hold(&d->tx, "acc_c", "agt_2"));
	say(d, "agt_1", "acc_c", "challenge.opened", opened); /* not its account */
	CHECK(DESK_INT(d, "SELECT COUNT(*) FROM challenges WHERE account_id = $1", "acc_c") == 0);
	say(d, "agt_2", "acc_c", "challenge.opened", opened);
	say(d, "agt_2", "acc_c", "challenge.opened", opened);
	CHECK_STR(challenge_state(d, id), "open");
	CHECK(DESK_INT(d, "SELECT COUNT(*) FROM events WHERE type = 'challenge.opened' AND account_id = $1",
		      "acc_c") == 1);
	/* Answered and delivered, but the code was wrong: the agent asks again. */
	DESK_DO(d, "UPDATE challenges SET state = 'answered', delivered = 0 WHERE id = $1", store_text(id));
	say(d, "agt_2", "acc_c", "challenge.opened", opened);
	CHECK_STR(challenge_state(d, id), "answered");
	desk_ok(d, challenges_delivered(&d->tx, id));
	say(d, "agt_2", "acc_c", "challenge.opened", opened);
	CHECK_STR(challenge_state(d, id), "open");
	say(d, "agt_2", "acc_c", "challenge.closed",
		"{\"id\":\"chg_01JD0000000000000000000001\",\"outcome\":\"answered\",\"epoch\":1}");
	CHECK_STR(challenge_state(d, id), "accepted");
	say(d, "agt_2", "acc_c", "challenge.closed",
		"{\"id\":\"chg_01JD0000000000000000000001\",\"outcome\":\"refused\",\"epoch\":1}");
	say(d, "agt_2", "acc_c", "challenge.opened", opened);
	CHECK_STR(challenge_state(d, id), "accepted"); /* over is over */

	DESK_DO(d, "UPDATE challenges SET state = 'open', expires_at = $2 WHERE id = $1", store_text(id),
		store_int(T0 + 600001));
	desk_ok(d, challenges_expire(&d->tx));
	CHECK_STR(challenge_state(d, id), "open");
	desk_now(d, T0 + 600001);
	desk_ok(d, challenges_expire(&d->tx));
	CHECK_STR(challenge_state(d, id), "expired");
	CHECK(DESK_INT(d, "SELECT COUNT(*) FROM events WHERE type = 'challenge.expired' AND account_id = $1",
		      "acc_c") == 1);
}

/* An agent that was killed and started again has no sessions; what the database remembers of them is over. */
static void agent_restarts(struct desk *d)
{
	static const char begun[] = "{\"epoch\":1,\"generation\":3}";

	desk_now(d, d->tx.now_ms + 1000);
	add_account(d, "acc_k");
	want(d, "acc_k", ACCOUNT_MODE_ONLINE);
	desk_ok(d, bots_hold(&d->tx, "acc_k", "agt_1"));
	say_state(d, "agt_1", "acc_k", "online", 1);
	say(d, "agt_2", "acc_k", "account.begun", begun); /* not its account */
	CHECK_STR(state_of(d, "acc_k"), "online");
	want(d, "acc_k", ACCOUNT_MODE_OFFLINE); /* nothing else will be said of it */
	say(d, "agt_1", "acc_k", "account.begun", begun);
	CHECK_STR(state_of(d, "acc_k"), "offline");
	CHECK_STR(DESK_TEXT(d, "SELECT state_reason FROM accounts WHERE id = $1", "acc_k"), "agent_restarted");

	/* What outlives a session stays. */
	say(d, "agt_1", "acc_k", "account.state_changed",
		"{\"state\":\"cooling_down\",\"epoch\":1,\"generation\":3,\"until\":\"2099-01-01T00:00:00.000Z\"}");
	say(d, "agt_1", "acc_k", "account.begun", begun);
	CHECK_STR(state_of(d, "acc_k"), "cooling_down");
	say_state(d, "agt_1", "acc_k", "failed", 1);
	say(d, "agt_1", "acc_k", "account.begun", begun);
	CHECK_STR(state_of(d, "acc_k"), "failed");

	/* A restart of the session that the kill came across has ended, too. */
	DESK_DO(d, "UPDATE accounts SET state = 'online', moving = 2, generation = 3 WHERE id = $1",
		store_text("acc_k"));
	say(d, "agt_1", "acc_k", "account.begun", begun);
	CHECK(DESK_INT(d, "SELECT moving FROM accounts WHERE id = $1", "acc_k") == 0);
}

int main(void)
{
	struct desk d;

	desk_open(&d, T0);
	leases(&d);
	idle(&d);
	moves(&d);
	people(&d);
	quarantine(&d);
	restarts(&d);
	until(&d);
	challenges(&d);
	shop_challenges(&d);
	agent_restarts(&d);
	desk_close(&d);
	return 0;
}
