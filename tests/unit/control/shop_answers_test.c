/*
 * The code that logs an agent in: a task of that agent alone, whoever else offers, with the code sealed; and what the task's end makes of the
 * challenge.
 */
#include "control/engine/dispatch.h"
#include "control/engine/moves.h"
#include "control/fleet/agent_logins.h"
#include "control/fleet/challenges_parts.h"
#include "control/fleet/shop_answers.h"
#include "control/fleet/shop_challenges.h"
#include "wire/tunnel_auth.h"

#include "control/owners.h"
#include "model/placement.h"
#include "tests/unit/control/desk.h"

#define CODE "planted-code-7712"

static struct desk d;

static void does(const struct store_query *q, const char *a, const char *b)
{
	struct store_value v[] = { store_text(a), store_text(b) };
	if (store_do(d.tx.db, q, (struct store_args){ v, b ? 2 : a ? 1 : 0 }, &d.fault) == RC_OK)
		return;
	fprintf(stderr, "%s: %s\n", q->sql, d.fault.text);
	exit(1);
}

static void agents(void)
{
	char hex[TUNNEL_AUTH_KEY * 2 + 1];
	uint8_t public[TUNNEL_AUTH_KEY], identity[TUNNEL_AUTH_KEY] = { 7 };

	desk_begin(&d);
	does(DESK_QUERY("INSERT INTO regions (id, name, labels, version, created_at, updated_at) VALUES ('rgn_1', "
			"'r', '{}', 1, 1, 1)"),
		NULL, NULL);
	for (int i = 1; i <= 9; i++) {
		char id[8];
		snprintf(id, sizeof(id), "agt_%d", i);
		identity[1] = (uint8_t)i;
		CHECK(tunnel_auth_identity(identity, public) == RC_OK);
		tunnel_auth_hex(public, sizeof(public), hex);
		does(DESK_QUERY("INSERT INTO agents (id, region_id, public_key, state, version, capabilities, "
				"boot_id, "
				"last_seen_at, created_at, updated_at) VALUES ($1, 'rgn_1', $2, 'connected', '1', "
				"'[]', '', 1, 1, 1)"),
			id, hex);
	}
	desk_commit(&d);
}

static const char *read_text(const struct store_query *q, const char *a)
{
	auto_rows struct store_rows *r = NULL;
	CHECK(store_one(d.tx.db, q, STORE_ARGS(store_text(a)), &r, &d.fault) == RC_OK);
	const char *s = store_col_text(r, 0);
	return arena_str(&d.arena, s ? s : "(null)");
}

/* A text of the newest challenge of the agent. */
static const char *text_of(const char *agent, const struct store_query *q)
{
	static char text[600];

	desk_begin(&d);
	snprintf(text, sizeof(text), "%s", read_text(q, agent));
	desk_commit(&d);
	return text;
}
#define OF_NEWEST(what) \
	"SELECT " what " FROM challenges WHERE agent_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1"
#define STATE_OF(agent) text_of(agent, DESK_QUERY(OF_NEWEST("state")))
#define HINT_OF(agent)  text_of(agent, DESK_QUERY(OF_NEWEST("hint")))

static void says(const char *agent, const char *payload)
{
	d.tx.now_ms++;
	desk_begin(&d);
	CHECK(shop_challenges_take(&d.tx, agent, payload) == RC_OK);
	desk_commit(&d);
}
#define WANTED "{\"store\":\"epic\",\"state\":\"wanted\",\"url\":\"https://x/\",\"hint\":\"why\"}"
#define HELD   "{\"store\":\"epic\",\"state\":\"held\"}"

/* Who gets the task of those that offer, "" when nobody does; the task's id is in task_id. */
static char task_id[64];
static const char *gets(const struct dispatch_offer *offers, size_t n)
{
	struct field_list grants = { 0 };
	bool more;

	CHECK(dispatch_lease(desk_begin(&d), offers, n, &grants, &more) == RC_OK && grants.n <= 1);
	const struct dispatch_grant *g = grants.n ? grants.at : NULL;
	const char *agent = g ? offers[g->offer].agent_id : "";
	if (g) {
		CHECK(g->sealed && !strstr(g->payload, "planted") && !strstr(g->sealed, "planted"));
		snprintf(task_id, sizeof(task_id), "%s", g->task_id);
	}
	desk_commit(&d);
	return agent;
}

static struct moves_task *begin_task(void)
{
	static struct moves_task t;
	desk_begin(&d);
	CHECK(moves_load(&d.tx, task_id, &t) == RC_OK);
	return &t;
}

static enum rc brings(const char *agent, const char *what)
{
	struct challenge v = { 0 };

	d.tx.now_ms++;
	desk_begin(&d);
	const char *id = read_text(
		DESK_QUERY("SELECT id FROM challenges WHERE agent_id = $1 AND state IN ('open', 'answered')"),
		agent);
	CHECK(challenges_load(&d.tx, id, &v) == RC_OK);
	enum rc rc = shop_answers_bring(&d.tx, &v, what);
	CHECK(!strstr(d.fault.text, "planted"));
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM jobs WHERE payload LIKE $1 OR secret LIKE $1"),
		      "%planted%", NULL) == 0);
	desk_commit(&d);
	return rc;
}

#define OFFER(id)                                \
	{                                        \
		id, "rgn_1", ",shops.log_in,", 9 \
	}
static const struct dispatch_offer all[] = { OFFER("agt_1"), OFFER("agt_2"), OFFER("agt_3"), OFFER("agt_4"),
	OFFER("agt_5"), OFFER("agt_6"), OFFER("agt_7"), OFFER("agt_8"), OFFER("agt_9") };

/* Whichever agent it is: the others may offer as they like. */
static void its_own(void)
{
	for (size_t i = 0; i < 8; i++) {
		const char *agent = all[i].agent_id;
		says(agent, WANTED);
		CHECK(brings(agent, "no code here, planted") == RC_INVALID);
		CHECK(brings(agent, "{\"authorizationCode\":\"" CODE "\"}") == RC_OK);
		CHECK_STR(STATE_OF(agent), "answered");
		CHECK_STR(gets(all, 9), agent);
		CHECK(moves_succeed(&d.tx, begin_task(), "{}") == RC_OK);
		desk_commit(&d);
		CHECK_STR(STATE_OF(agent), "accepted");
	}
	says("agt_9", WANTED);
	CHECK(brings("agt_9", CODE) == RC_OK);
	CHECK_STR(gets(all, 8), ""); /* its agent does not offer */
}

/* It failed, or nobody knows: the same challenge stands open and says so. What was over already stays as it is. */
static void ends(void)
{
	says("agt_1", WANTED);
	CHECK(brings("agt_1", CODE) == RC_OK);
	CHECK_STR(gets(all, 8), "agt_1");
	CHECK(moves_give_up(&d.tx, begin_task(),
		      "{\"code\":\"login_refused\",\"detail\":\"bring the new one\",\"retryable\":false}") ==
		RC_OK);
	desk_commit(&d);
	CHECK_STR(STATE_OF("agt_1"), "open");
	CHECK_STR(HINT_OF("agt_1"), "bring the new one");
	says("agt_1", WANTED); /* it says again that it is wanted: what was wrong stays said */
	CHECK_STR(HINT_OF("agt_1"), "bring the new one");

	CHECK(brings("agt_1", CODE) == RC_OK);
	CHECK_STR(gets(all, 8), "agt_1");
	struct moves_task *t = begin_task();
	CHECK(moves_start(&d.tx, t) == RC_OK && moves_intend(&d.tx, t, "log in at epic") == RC_OK);
	CHECK(moves_fail(&d.tx, t, "{\"code\":\"agent_lost\",\"detail\":\"x\",\"retryable\":true}",
		      (struct task_failure){ .retryable = true, .effect = true }) == RC_OK);
	desk_commit(&d);
	CHECK_STR(STATE_OF("agt_1"), "open");
	CHECK(strstr(HINT_OF("agt_1"), "nobody knows"));

	CHECK(brings("agt_1", CODE) == RC_OK);
	CHECK_STR(gets(all, 8), "agt_1");
	says("agt_1", HELD);
	CHECK(moves_give_up(&d.tx, begin_task(), "{\"code\":\"x\",\"detail\":\"y\",\"retryable\":false}") == RC_OK);
	desk_commit(&d);
	CHECK_STR(STATE_OF("agt_1"), "accepted");
}

/* An agent that was revoked takes no code. */
static void revoked(void)
{
	says("agt_2", WANTED);
	desk_begin(&d);
	does(DESK_QUERY("UPDATE agents SET state = 'revoked' WHERE id = $1"), "agt_2", NULL);
	desk_commit(&d);
	CHECK(brings("agt_2", CODE) == RC_CONFLICT);
}

static void avoids(const char *region, const struct field_list *before, const char *want)
{
	struct placement_task t = { .region_id = region, .avoid = before ? *before : (struct field_list){ 0 } };
	char got[100] = "";

	desk_begin(&d);
	CHECK(agent_logins_place(&d.tx, "epic", &t) == RC_OK);
	const char *const *at = t.avoid.at;
	for (size_t i = 0; i < t.avoid.n; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s ", at[i]);
	desk_commit(&d);
	CHECK_STR(got, want);
}

/* What wants a login goes where one is, while one is there; else anywhere, so that it is answered. */
static void placed(void)
{
	static const char *const three[] = { "agt_3" }, *const both[] = { "agt_3", "agt_4" };
	const struct field_list not_three = { (void *)(uintptr_t)three, 1 },
				neither = { (void *)(uintptr_t)both, 2 };

	desk_begin(&d);
	does(DESK_QUERY("UPDATE agents SET state = 'disconnected' WHERE id > 'agt_5'"), NULL, NULL);
	does(DESK_QUERY("DELETE FROM agent_logins"), NULL, NULL);
	desk_commit(&d);
	avoids(NULL, NULL, "");
	says("agt_3", HELD);
	says("agt_4", HELD);
	says("agt_9", HELD); /* is away */
	avoids(NULL, NULL, "agt_1 agt_5 ");
	avoids("rgn_1", NULL, "agt_1 agt_5 ");
	avoids("rgn_2", NULL, "");
	avoids(NULL, &not_three, "agt_3 agt_1 agt_5 ");
	avoids(NULL, &neither, "agt_3 agt_4 ");
	desk_begin(&d);
	does(DESK_QUERY("UPDATE agents SET cordoned = 1 WHERE id = 'agt_3'"), NULL, NULL);
	desk_commit(&d);
	avoids(NULL, NULL, "agt_1 agt_5 ");
	says("agt_4", WANTED);
	avoids(NULL, NULL, "");
}

int main(void)
{
	desk_open(&d);
	d.control.owned = owners_fold;
	agents();
	its_own();
	ends();
	revoked();
	placed();
	desk_close(&d);
	return 0;
}
