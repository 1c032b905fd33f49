#include "model/placement.h"

#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#define N 4

static struct field_pair eu[] = { { "zone", "eu" }, { "tier", "gold" } }, us[] = { { "zone", "us" } };
static const char *gdpr[] = { "gdpr", "iso27001" };
static struct placement_agent agents[N];
static struct placement_verdict v[N];
static struct placement p;
static struct placement_task t;

static struct placement_agent agent(const char *id, const char *region)
{
	bool is_eu = !strcmp(region, "rgn_eu");
	return (struct placement_agent){ .id = id,
		.region_id = region,
		.country = is_eu ? "DE" : "US",
		.labels = is_eu ? (struct field_list){ eu, 2 } : (struct field_list){ us, 1 },
		.compliance = is_eu ? (struct field_list){ gdpr, 2 } : (struct field_list){ 0 },
		.capabilities = "[\"library.list\",\"offers.send\"]",
		.mark = '"',
		.egress_kinds = is_eu ? ",direct,socks5," : ",direct,",
		.tasks_most = 10,
		.sessions_most = 100 };
}

static void anew(void)
{
	agents[0] = agent("agt_1", "rgn_eu");
	agents[1] = agent("agt_2", "rgn_eu");
	agents[2] = agent("agt_3", "rgn_us");
	agents[3] = agent("agt_4", "rgn_us");
	t = (struct placement_task){ .key = "acc_1", .action = "library.list", .account = true };
}

static const char *choose(const struct placement_rule *rule)
{
	placement_choose(&t, agents, N, (struct placement_rules){ rule, rule ? 1 : 0 }, v, &p);
	return p.chosen < N ? agents[p.chosen].id : "";
}

static const char *why(size_t i) { return placement_code_words[v[i].code]; }

/* Each reason, one at a time: agt_1 is out for it, and would have been chosen without. */
static void out(enum placement_code code, const struct placement_rule *rule)
{
	for (size_t i = 1; i < N; i++)
		agents[i].tasks = 5;
	choose(rule);
	CHECK_STR(why(0), placement_code_words[code]);
	CHECK(p.chosen != 0 && v[0].code == code);
	anew();
}

static void reasons(void)
{
	static const struct placement_rule none = { .name = "none" };

	anew();
	agents[0].state = PLACEMENT_AWAY;
	out(PLACEMENT_NOT_CONNECTED, &none);
	agents[0].state = PLACEMENT_CORDONED;
	out(PLACEMENT_IS_CORDONED, &none);
	agents[0].state = PLACEMENT_DRAINING;
	out(PLACEMENT_IS_DRAINING, &none);
	t.agent_id = "agt_2";
	t.bound = true;
	out(PLACEMENT_HELD_BY_ANOTHER, &none);
	t.region_id = "rgn_us";
	out(PLACEMENT_REGION, &none);
	t.egress_region = "rgn_us";
	out(PLACEMENT_EGRESS_REGION, &none);
	agents[0].capabilities = "[\"library.list2\",\"x.library.list\"]";
	out(PLACEMENT_CAPABILITY, &none);
	t.download = true;
	agents[0].downloads = agents[0].downloads_most = 2;
	out(PLACEMENT_DOWNLOADS_FULL, &none);
	agents[0].downloads = agents[0].downloads_most = 2; /* tasks of another kind are none of these */
	CHECK(choose(&none) && p.fit == N);
	anew();
	agents[0].sessions = 100;
	out(PLACEMENT_SESSIONS_FULL, &none);
	out(PLACEMENT_RULE_PIN, &(struct placement_rule){ .name = "r", .pin = "agt_2" });
	struct placement_need no[] = { { 0 }, { .region_id = "rgn_eu" } };
	out(PLACEMENT_RULE_FORBID, &(struct placement_rule){ .name = "r", .forbid = { no, 2 } });
	out(PLACEMENT_RULE_REGION, &(struct placement_rule){ .name = "r", .require.region_id = "rgn_us" });
	out(PLACEMENT_RULE_EGRESS_KIND, &(struct placement_rule){ .name = "r", .require.egress_kind = "socks5" });
	CHECK(choose(&(struct placement_rule){ .name = "r", .require.egress_kind = "direct" }) && p.fit == N);
	agents[1].capabilities = "[\"library.list\",\"gpu\"]";
	out(PLACEMENT_RULE_CAPABILITY, &(struct placement_rule){ .name = "r", .require.capability = "gpu" });
	out(PLACEMENT_RULE_COUNTRY, &(struct placement_rule){ .name = "r", .require.country = "US" });
	agents[0].compliance = (struct field_list){ gdpr + 1, 1 };
	out(PLACEMENT_RULE_COMPLIANCE, &(struct placement_rule){ .name = "r", .require.compliance = { gdpr, 1 } });
	out(PLACEMENT_RULE_LABELS, &(struct placement_rule){ .name = "r", .require.labels = { us, 1 } });
	out(PLACEMENT_RULE_AGENT, &(struct placement_rule){ .name = "r", .require.agent_id = "agt_4" });
	struct placement_need us_first[] = { { .country = "US" }, { .country = "DE" } };
	out(PLACEMENT_LESS_PREFERRED, &(struct placement_rule){ .name = "r", .prefer = { us_first, 2 } });
	agents[0].tasks = 6;
	out(PLACEMENT_MORE_LOADED, &none);
	agents[0].tasks = 10;
	t.waited = true;
	out(PLACEMENT_NO_ROOM, &none);
	choose(&(struct placement_rule){ .name = "r", .forbid = { no, 2 } });
	CHECK(p.fit == 2 && v[1].code == PLACEMENT_RULE_FORBID && v[2].code != PLACEMENT_RULE_FORBID);
	const struct placement_rule one_first = { .name = "r",
		.prefer = { &(struct placement_need){ .agent_id = "agt_1" }, 1 } };
	agents[0].tasks = 10; /* full, but wanted: until it has been waited for long enough */
	CHECK_STR(choose(&one_first), "agt_1");
	t.waited = true;
	CHECK(strcmp(choose(&one_first), "agt_1") != 0 && v[0].code == PLACEMENT_NO_ROOM);
	agents[0].tasks = 9;
	CHECK_STR(choose(&one_first), "agt_1");
	anew();
	CHECK(!placement_code_words[PLACEMENT_CODES] && !placement_code_doc[PLACEMENT_CODES]);
}

/* An account is placed without an action; a task without an account needs no session. */
static void accounts(void)
{
	anew();
	t.action = NULL;
	for (int i = 0; i < N; i++) {
		agents[i].capabilities = "[]";
		agents[i].tasks = 10;
		agents[i].sessions = i == 2 ? 99 : 100;
	}
	CHECK_STR(choose(NULL), "agt_3");
	anew();
	t.account = false;
	t.key = "tsk_1";
	for (int i = 0; i < N; i++)
		agents[i].sessions = 100;
	choose(NULL);
	CHECK(p.fit == N);
	const struct placement_rule socks = { .name = "r", .require.egress_kind = "socks5" };
	choose(&socks);
	CHECK(p.fit == 2 && p.chosen < 2);
}

/* The first that fits holds, and no other. */
/* A tenant's rule holds for what is that tenant's. */
static void rules_of_tenants(void)
{
	const struct placement_rule two[] = { { .name = "theirs", .tenant_id = "ten_b" },
		{ .name = "ours", .tenant_id = "ten_a" } };
	const struct placement_rules all = { two, 2 };

	t = (struct placement_task){ .key = "acc_1", .tenant_id = "ten_a" };
	CHECK_STR(placement_rule_of(&t, all)->name, "ours");
	t.tenant_id = "ten_c";
	CHECK(!placement_rule_of(&t, all));
	t.tenant_id = NULL;
	CHECK(!placement_rule_of(&t, all));
}

static void rules(void)
{
	struct field_pair labels[] = { { "country", "DE" }, { "compliance", "pci, gdpr" }, { "team", "a" } };
	struct field_pair a[] = { { "team", "a" } }, b[] = { { "team", "b" } };
	const struct placement_rule all[] = {
		{ .name = "other team", .when.labels = { b, 1 }, .pin = "agt_1" },
		{ .name = "other action", .when.action = "offers.*", .pin = "agt_1" },
		{ .name = "other country", .when.country = "US", .pin = "agt_1" },
		{ .name = "other compliance", .when.compliance = "dpr", .pin = "agt_1" },
		{ .name = "ours",
			.when = { .labels = { a, 1 }, .action = "*.list", .country = "DE", .compliance = "gdpr" },
			.pin = "agt_4" },
		{ .name = "rest", .pin = "agt_2" },
	};

	anew();
	t.labels = (struct field_list){ labels, 3 };
	placement_choose(&t, agents, N, (struct placement_rules){ all, 6 }, v, &p);
	CHECK(p.rule == &all[4] && p.chosen == 3 && p.fit == 1);
	t.labels.n = 2;
	placement_choose(&t, agents, N, (struct placement_rules){ all, 6 }, v, &p);
	CHECK(p.rule == &all[5] && p.chosen == 1);
	t.agent_id = "agt_3"; /* a session that is there is not moved */
	t.bound = true;
	placement_choose(&t, agents, N, (struct placement_rules){ all, 6 }, v, &p);
	CHECK(!p.rule && p.chosen == 2);
	t.bound = false;
	agents[1].state = PLACEMENT_AWAY;
	placement_choose(&t, agents, N, (struct placement_rules){ all, 6 }, v, &p);
	CHECK(p.rule == &all[5] && p.chosen == N && p.fit == 0 && v[2].code == PLACEMENT_RULE_PIN);
}

static void words(void)
{
	static const struct {
		const char *list;
		bool has;
	} all[] = { { "gdpr", true }, { "gdpr,pci", true }, { "pci,gdpr", true }, { "pci, gdpr ,x", true },
		{ "gdprx", false }, { "xgdpr", false }, { "pci,gdprx", false }, { "", false }, { "gdp", false } };
	const struct placement_rule r = { .name = "r", .when.compliance = "gdpr" };

	anew();
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct field_pair label = { "compliance", all[i].list };
		t.labels = (struct field_list){ &label, 1 };
		CHECK((placement_rule_of(&t, (struct placement_rules){ &r, 1 }) != NULL) == all[i].has);
	}
}

static void globs(void)
{
	static const struct {
		const char *pattern, *action;
		bool fits;
	} all[] = { { "*", "a.b", true }, { "a.b", "a.b", true }, { "a.*", "a.b", true }, { "a.*", "b.a.b", false },
		{ "*.b", "a.b.b", true }, { "a*c*e", "abcde", true }, { "a*c*e", "abcd", false },
		{ "", "a", false }, { "**", "x", true }, { "a", "ab", false } };

	anew();
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		const struct placement_rule r = { .name = "r", .when.action = all[i].pattern };
		t.action = all[i].action;
		CHECK((placement_rule_of(&t, (struct placement_rules){ &r, 1 }) != NULL) == all[i].fits);
	}
	t.action = NULL; /* an account alone: a rule for an action is not for it */
	const struct placement_rule r = { .name = "r", .when.action = "*" };
	CHECK(!placement_rule_of(&t, (struct placement_rules){ &r, 1 }));
}

/* Who had the account keeps it until another is so much less loaded. */
static void affinity(void)
{
	anew();
	t.agent_id = "agt_2";
	agents[1].sessions = 29;
	CHECK_STR(choose(NULL), "agt_2");
	CHECK(v[1].load == 145 - PLACEMENT_AFFINITY && v[0].code == PLACEMENT_MORE_LOADED);
	agents[1].sessions = 31;
	CHECK(strcmp(choose(NULL), "agt_2") != 0);
}

/* Ties: the same for the same key in any order of the agents; spread over them; and only a leaver's keys go elsewhere. */
static void ties(void)
{
	char key[16], was[1000][8];
	int got[N] = { 0 };

	for (int i = 0; i < 1000; i++) {
		anew();
		snprintf(key, sizeof(key), "acc_%d", i);
		t.key = key;
		snprintf(was[i], sizeof(was[i]), "%s", choose(NULL));
		got[p.chosen]++;
		for (int k = 0; k < N; k++)
			CHECK(k == (int)p.chosen || v[k].code == PLACEMENT_LOST_TIE);
		struct placement_agent first = agents[0];
		agents[0] = agents[3];
		agents[3] = agents[1];
		agents[1] = first;
		CHECK_STR(choose(NULL), was[i]);
	}
	for (int k = 0; k < N; k++)
		CHECK(got[k] > 180 && got[k] < 320);
	for (int i = 0; i < 1000; i++) {
		anew();
		snprintf(key, sizeof(key), "acc_%d", i);
		t.key = key;
		agents[2].state = PLACEMENT_AWAY;
		const char *now = choose(NULL);
		CHECK(!strcmp(was[i], "agt_3") ? strcmp(now, "agt_3") != 0 : !strcmp(now, was[i]));
	}
}

/* Agents that a task may not go to, or the only one that it may, whatever a rule says and however good they are. */
static void avoided(void)
{
	static const char *not_these[] = { "agt_1", "agt_2", "agt_4" };
	const struct placement_rule rather = { .prefer = { &(struct placement_need){ .agent_id = "agt_1" }, 1 } };

	anew();
	t.account = false;
	t.avoid = (struct field_list){ not_these, 1 };
	out(PLACEMENT_AVOIDED, NULL);
	t.account = false;
	t.avoid = (struct field_list){ not_these, 1 };
	out(PLACEMENT_AVOIDED, &rather);
	t.avoid = (struct field_list){ not_these, 3 };
	CHECK_STR(choose(&rather), "agt_3");
	CHECK(p.fit == 1);
	agents[2].state = PLACEMENT_AWAY;
	CHECK_STR(choose(NULL), "");
	anew();
	t.only = "agt_4";
	agents[3].tasks = 10;
	CHECK_STR(choose(&rather), "agt_4");
	CHECK(p.fit == 1 && v[0].code == PLACEMENT_AVOIDED);
	agents[3].state = PLACEMENT_DRAINING;
	CHECK_STR(choose(NULL), "");
	anew();
	t.only = "agt_9";
	CHECK_STR(choose(NULL), "");
}

int main(void)
{
	avoided();
	reasons();
	accounts();
	rules();
	rules_of_tenants();
	words();
	globs();
	affinity();
	ties();
	return 0;
}
