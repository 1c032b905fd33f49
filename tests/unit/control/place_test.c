/* Where tasks and accounts go: rules, agents of other control planes, agents without room, cordon and drain. */
#include "control/fleet/bots.h"
#include "control/fleet/drains.h"
#include "control/fleet/states.h"
#include "tests/unit/control/pace_desk.h"

static const char *text_of(const struct store_query *q, const char *id)
{
	static char text[4][512];
	static int at;
	auto_rows struct store_rows *r = NULL;
	CHECK(store_one(d.tx.db, q, STORE_ARGS(store_text(id)), &r, NULL) == RC_OK);
	char *to = text[at++ % 4];
	snprintf(to, sizeof(*text), "%s", store_col_text(r, 0) ? store_col_text(r, 0) : "");
	return to;
}
#define TEXT(text, id) text_of(DESK_QUERY(text), id)

static const char *agent_of(const struct pace_job *j)
{
	return TEXT("SELECT agent_id FROM tasks WHERE job_id = $1 ORDER BY id LIMIT 1", j->id);
}

static void policy(const char *name, int position, const char *rule)
{
	DOES("INSERT INTO routing_policies (id, name, position, rule, version, created_at, updated_at, tenant_id) "
	     "VALUES "
	     "($1, $1, $2, $3, 1, 1, 1, 'ten_a')",
		store_text(name), store_int(position), store_text(rule));
}

/* Both are asked; each gets what is for it, whoever comes first. */
static void hands(size_t *a, size_t *b)
{
	pace_round_of("agt_1", 20, a);
	pace_round_of("agt_2", 20, b);
}

static void rules(void)
{
	size_t n = 0, m = 0;

	policy("eu-only", 1, "{\"when\":{\"labels\":{\"zone\":\"eu\"}},\"require\":{\"labels\":{\"in\":\"eu\"}}}");
	policy("lists-at-2", 2, "{\"when\":{\"action\":\"library.*\",\"country\":\"DE\"},\"pin\":\"agt_2\"}");
	DOES("UPDATE accounts SET labels = $2 WHERE id = $1", store_text("acc_1"), store_text("{\"zone\":\"eu\"}"));
	DOES("UPDATE accounts SET labels = $2 WHERE id = $1", store_text("acc_2"),
		store_text("{\"country\":\"DE\"}"));
	DOES("UPDATE regions SET labels = $2 WHERE id = $1", store_text("r"), store_text("{\"in\":\"eu\"}"));
	struct pace_job one = pace_job("ten_a", 5, 1, "acc_1"), two = pace_job("ten_a", 5, 1, "acc_2");
	hands(&n, &m);
	CHECK(n == 1 && m == 1);
	CHECK_STR(agent_of(&one), "agt_1");
	CHECK_STR(agent_of(&two), "agt_2");
	const char *told = TEXT("SELECT placement FROM tasks WHERE job_id = $1", one.id);
	CHECK(strstr(told, "{\"agentId\":\"agt_1\",\"rule\":\"eu-only\",\"reasons\":[\"the only one that fits\"") ==
		told);
	CHECK(strstr(told, "1 not: its region lacks a label that the rule requires"));
	pace_clear();
	DOES("DELETE FROM routing_policies WHERE id > $1", store_text(""));
	DOES("UPDATE accounts SET labels = $1 WHERE id > ''", store_text("{}"));
}

/* What is for another agent is left for it, though this one has room; when it has none for long, this one gets it. */
static void elsewhere(void)
{
	size_t n = 0, m = 0;

	policy("rather-2", 1, "{\"prefer\":[{\"agentId\":\"agt_2\"}]}");
	struct pace_job j = pace_job("ten_a", 5, 3, NULL);
	pace_round_of("agt_1", 20, &n);
	CHECK(n == 0 && pace_rang);
	pace_round_of("agt_2", 1, &m);
	CHECK(m == 1);
	pace_round_of("agt_1", 20, &n);
	CHECK(n == 0);
	DOES("UPDATE agents SET capacity = 1 WHERE id = $1", store_text("agt_2"));
	d.tx.now_ms += PARK_AGAIN_MS - 1;
	pace_scan();
	pace_round_of("agt_1", 20, &n);
	CHECK(n == 0);
	d.tx.now_ms++;
	pace_scan();
	pace_round_of("agt_1", 20, &n);
	CHECK(n == 2 && pace_count(j.id, "leased") == 3);
	DOES("UPDATE agents SET capacity = 1000 WHERE id = $1", store_text("agt_2"));
	DOES("DELETE FROM routing_policies WHERE id > $1", store_text(""));
	pace_clear();
}

/* Many tasks without accounts: the two get about the same, and nothing stays behind. */
static void shares(void)
{
	size_t n = 0, m = 0, a = 0, b = 0;
	struct pace_job j = pace_job("ten_a", 5, 400, NULL);

	for (int i = 0; a + b < 400 && i < 100; i++) {
		hands(&n, &m);
		a += n;
		b += m;
	}
	CHECK(a + b == 400 && a > 150 && b > 150 && pace_count(j.id, "leased") == 400);
	pace_clear();
}

static void forbidden(void)
{
	size_t n = 0, m = 0;

	policy("nowhere", 1, "{\"forbid\":[{\"regionId\":\"r\"},{\"regionId\":\"s\"}]}");
	struct pace_job j = pace_job("ten_a", 5, 1, NULL);
	hands(&n, &m);
	CHECK(n + m == 0);
	CHECK_STR(TEXT("SELECT waits FROM tasks WHERE job_id = $1", j.id), "place");
	DOES("DELETE FROM routing_policies WHERE id > $1", store_text(""));
	desk_begin(&d);
	CHECK(park_places(&d.tx) == RC_OK);
	desk_commit(&d);
	hands(&n, &m);
	CHECK(n + m == 1);
	pace_clear();
}

static int64_t events(const char *type, const char *agent)
{
	return desk_number(&d,
		DESK_QUERY("SELECT COUNT(*) FROM events WHERE type = $1 AND data LIKE '%' || $2 || '%'"), type,
		agent);
}

static void scan(void)
{
	desk_begin(&d);
	CHECK(park_scan(&d.tx) == RC_OK && drains_scan(&d.tx) == RC_OK && bots_scan(&d.tx) == RC_OK);
	desk_commit(&d);
}

static void cordons(void)
{
	size_t n = 0, m = 0;

	desk_begin(&d);
	CHECK(drains_cordon(&d.tx, "agt_1", true) == RC_OK && drains_cordon(&d.tx, "agt_1", true) == RC_OK);
	CHECK(drains_cordon(&d.tx, "agt_no", true) == RC_MISSING);
	desk_commit(&d);
	CHECK(events("agent.cordoned", "agt_1") == 1);
	struct pace_job j = pace_job("ten_a", 5, 10, NULL);
	hands(&n, &m);
	CHECK(n == 0 && m == 10);
	pace_end(j.id, 0, PACE_OK);
	desk_begin(&d);
	CHECK(drains_cordon_region(&d.tx, "s", true) == RC_OK);
	desk_commit(&d);
	struct pace_job k = pace_job("ten_a", 5, 1, NULL);
	hands(&n, &m);
	CHECK(n + m == 0);
	desk_begin(&d);
	CHECK(drains_cordon(&d.tx, "agt_1", false) == RC_OK);
	desk_commit(&d);
	hands(&n, &m);
	CHECK(n == 1 && m == 0);
	pace_end(k.id, 0, PACE_OK);
	desk_begin(&d);
	CHECK(drains_cordon_region(&d.tx, "s", false) == RC_OK);
	desk_commit(&d);
	pace_clear();
}

/* The session is logged off: as the agent says it. */
static void logged_off(const char *id)
{
	DOES("UPDATE accounts SET state = 'offline', bot_sent = bot_version WHERE id = $1", store_text(id));
}

/* The free account goes at once, the busy one when its task is over; then the agent is empty. */
static void drains(void)
{
	size_t n = 0;
	struct pace_job j;

	DOES("UPDATE accounts SET want_mode = 'online', state = 'online', agent_id = 'agt_1', held = 1, epoch = 1 "
	     "WHERE id > "
	     "$1",
		store_text(""));
	j = pace_job("ten_a", 5, 1, "acc_1");
	pace_round_of("agt_1", 5, &n);
	CHECK(n == 1);
	CHECK_STR(TEXT("SELECT placement FROM tasks WHERE job_id = $1", j.id),
		"{\"agentId\":\"agt_1\",\"rule\":null,\"reasons\":[\"it has the account's session\",\"1 not: "
		"another agent "
		"has the account's session\"]}");
	desk_begin(&d);
	CHECK(drains_begin(&d.tx, "agt_1", 30000) == RC_OK);
	desk_commit(&d);
	scan();
	CHECK(desk_number(&d, DESK_QUERY("SELECT moving FROM accounts WHERE id = 'acc_2'"), NULL, NULL) == 1);
	CHECK(desk_number(&d, DESK_QUERY("SELECT moving FROM accounts WHERE id = 'acc_1'"), NULL, NULL) == 0);
	logged_off("acc_2");
	d.tx.now_ms += BOTS_GRACE_MS + 1;
	scan();
	CHECK_STR(TEXT("SELECT agent_id FROM accounts WHERE id = $1 AND held = 1", "acc_2"), "agt_2");
	CHECK(events("agent.draining", "agt_1") == 1 && events("agent.drained", "agt_1") == 0);
	pace_end(j.id, 0, PACE_OK);
	scan();
	logged_off("acc_1");
	d.tx.now_ms += BOTS_GRACE_MS + 1;
	scan();
	scan();
	CHECK_STR(TEXT("SELECT agent_id FROM accounts WHERE id = $1 AND held = 1", "acc_1"), "agt_2");
	CHECK(events("agent.drained", "agt_1") == 1);
	desk_begin(&d);
	CHECK(drains_end(&d.tx, "agt_1") == RC_OK);
	desk_commit(&d);
	pace_clear();
}

/* At the deadline a busy account is logged off, too. */
static void late(void)
{
	size_t n = 0;

	DOES("UPDATE accounts SET want_mode = 'online', state = 'online', agent_id = 'agt_1', held = 1 WHERE id = "
	     "$1",
		store_text("acc_1"));
	struct pace_job j = pace_job("ten_a", 5, 1, "acc_1");
	pace_round_of("agt_1", 5, &n);
	desk_begin(&d);
	CHECK(n == 1 && drains_begin_region(&d.tx, "r", 2000) == RC_OK);
	desk_commit(&d);
	d.tx.now_ms += 1999;
	scan();
	CHECK(desk_number(&d, DESK_QUERY("SELECT moving FROM accounts WHERE id = 'acc_1'"), NULL, NULL) == 0);
	d.tx.now_ms++;
	scan();
	CHECK(desk_number(&d, DESK_QUERY("SELECT moving FROM accounts WHERE id = 'acc_1'"), NULL, NULL) == 1);
	desk_begin(&d);
	CHECK(drains_end_region(&d.tx, "r") == RC_OK);
	desk_commit(&d);
	CHECK(desk_number(&d, DESK_QUERY("SELECT cordoned FROM regions WHERE id = 'r'"), NULL, NULL) == 0);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM agents WHERE drain_until > 0"), NULL, NULL) == 0);
	CHECK(pace_count(j.id, "leased") == 1);
	pace_clear();
}

int main(void)
{
	desk_open(&d);
	pace_agent("agt_1", "r");
	pace_agent("agt_2", "s");
	pace_account("acc_1");
	pace_account("acc_2");
	rules();
	elsewhere();
	shares();
	forbidden();
	cordons();
	drains();
	late();
	desk_close(&d);
	return 0;
}
