/*
 * Following what changes, against a simulated Steam. U2: rounds of changes in faster time while changes are coalesced, Steam says that it
 * does not know, connections are lost and the control plane is killed: each build that could be seen is announced, once, and no other.
 * U3: Steam hangs: the other source answers, the breaker opens, one probe when its time has come. UPDATES_ROUNDS, UPDATES_APPS: how much.
 * UPDATES_HOURS: the rounds are spread over so many hours of the programs' time, which runs UPDATES_IDLE_WARP times faster between them; 0
 * (the default): one after the other.
 */
#include "tests/system/rig.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define FIRST    1000
#define MADE_MAX 8192

static unsigned env_unsigned(const char *name, unsigned def)
{
	const char *s = getenv(name);
	return s ? (unsigned)strtoul(s, NULL, 10) : def;
}

static char sweep[] = "updates.sweep_s=3600", tick[] = "updates.tick_ms=1000", lease[] = "engine.lease_ms=60000\0";
static const char *const serve_args[] = { "--log-level", "warn", "--set", tick, "--set", sweep, "--set",
	"lanes.unsafe=true", "--set",
	"lanes.limits=cm.connect=0,cm.login=0,cm.login.account=0,cm.job=0,pics.changes=0,pics.info=0,store.web=0",
	"--set", "steam.pics_interval_ms=0", "--set", lease, "--set", "engine.heartbeat_ms=2000", NULL };

static long long number(const struct rig *r, const char *sql) { return strtoll(rig_sql(r, sql), NULL, 10); }

static void await(const struct rig *r, const char *sql, long long least, const char *what)
{
	for (int i = 0; i < 500; i++) {
		if (number(r, sql) >= least)
			return;
		rig_sleep_ms(25);
	}
	fprintf(stderr, "%s: %lld, not %lld; sources: %s\n", what, number(r, sql), least,
		rig_sql(r,
			"SELECT breaker || ' ' || cursor || ' ' || newest || ' gap ' || gap_from || ' sweep ' || "
			"sweep_open || ' ' || COALESCE(last_error, '') FROM sources WHERE name = 'steam.pics'"));
	fprintf(stderr, "asked: %s\n",
		rig_sql(r, "SELECT GROUP_CONCAT(a.kind || ' ' || a.source || ' ' || a.asked_at || ' ' || "
			   "a.heard_at || ' ' || "
			   "COALESCE(t.status, 'none') || ' ' || COALESCE(t.waits, '') || COALESCE(t.error, '')) "
			   "FROM source_asks a LEFT JOIN tasks t "
			   "ON t.id = a.task_id"));
	fprintf(stderr, "failed: %s\n",
		rig_sql(r, "SELECT GROUP_CONCAT(action || ' ' || COALESCE(error, '')) FROM tasks WHERE status <> "
			   "'succeeded'"));
	CHECK_NEVER("it did not come");
}

static void watch(const struct rig *r, unsigned n, const char *class)
{
	for (unsigned i = 0; i < n; i++) {
		char body[128];
		snprintf(body, sizeof(body), "{\"store\":\"steam\",\"titleId\":\"%u\",\"classes\":[\"%s\"]}",
			FIRST + i, class);
		json_decref(rig_expect(r, 201, "POST", "/v1/watches", body));
	}
}

struct run {
	struct rig r;
	unsigned apps, rounds;
	const char *class;
	long long builds;    /* that could be seen */
	long long numbers;   /* of all titles together, when all is followed */
	long long current;   /* the newest change */
	long long last[512]; /* of each app */
	unsigned hours;      /* that the rounds are spread over; 0: they are not */
	double passed_s;     /* of the programs' time, in follow */
	size_t made_n;
	long long made[MADE_MAX]; /* change numbers of the builds */
};

static const char all_numbers[] = "SELECT SUM(change_number) FROM titles";

static void bump(struct run *t, unsigned app, bool build)
{
	char path[96];

	snprintf(path, sizeof(path), "/sim/changes?apps=%u&what=%s", FIRST + app, build ? "build" : "metadata");
	rig_sim_post(&t->r, path);
	t->current++;
	t->numbers += t->current - t->last[app];
	t->last[app] = t->current;
	t->builds += build;
	if (build) {
		CHECK(t->made_n < MADE_MAX);
		t->made[t->made_n++] = t->current;
	}
}

/* The n-th next question of the kind meets this; those after it, too: after is "+". */
static void fault(const struct run *t, const char *kind, unsigned n, const char *after, const char *effect)
{
	json_t *ledger = rig_sim_get(&t->r, "/sim/ledger");
	char rule[96], asked[64];

	snprintf(asked, sizeof(asked), "requests.%s", kind);
	snprintf(rule, sizeof(rule), "%s@%lld%s:%s\n", kind, (long long)json_int(ledger, asked) + n, after, effect);
	json_decref(ledger);
	rig_sim_say(&t->r, "/sim/faults", rule);
}

static void settle(const struct run *t) { await(&t->r, all_numbers, t->numbers, "numbers of all titles"); }

static void start(struct run *t, const char *more)
{
	char world[256];

	rig_init(&t->r);
	rig_warp(&t->r, env_unsigned("UPDATES_WARP", 4));
	snprintf(world, sizeof(world), "change 1000000\nhistory 3000\ngenerate apps=%u-%u seed=1\n%s", FIRST,
		FIRST + t->apps - 1, more);
	rig_sim(&t->r, world, (const char *const[]){ "--cms", "2", NULL });
	rig_serve(&t->r, serve_args);
	watch(&t->r, t->apps, t->class);
	json_t *ledger = rig_sim_get(&t->r, "/sim/ledger");
	t->current = json_int(ledger, "change_number");
	json_decref(ledger);
	await(&t->r, "SELECT COUNT(*) FROM titles WHERE change_number > 0 AND change_number >= wanted_number",
		t->apps, "titles that were read");
	await(&t->r, "SELECT COUNT(*) FROM sources WHERE name = 'steam.pics' AND cursor > 0", 1, "a cursor");
	t->numbers = number(&t->r, all_numbers);
	for (unsigned i = 0; i < t->apps; i++) {
		char sql[96];
		snprintf(sql, sizeof(sql), "SELECT change_number FROM titles WHERE ref = '%u'", FIRST + i);
		t->last[i] = number(&t->r, sql);
	}
}

/* ---- U2 ---- */

static void disturb(struct run *t, unsigned round)
{
	if (round % (t->rounds / 2) == t->rounds / 4) {
		fault(t, "changes", 1, "", "pics_gap");
		fault(t, "changes", 2, "", "pics_gap");
	}
	if (round % (t->hours ? 33 : 7) == 3)
		fault(t, "changes", 1, "", "pics_coalesce");
	if (round == t->rounds / 2)
		rig_sim_post(&t->r, "/sim/sessions?do=cut");
}

/* Waits for `ms` of the machine's while time runs so fast. */
static void pass(struct run *t, unsigned warp, unsigned ms)
{
	rig_warp(&t->r, warp);
	rig_sleep_ms(ms);
	t->passed_s += warp * ms / 1000.0;
}

/* All that changed is known, and the time of the next round has come. What changes did not tell, a sweep finds. */
static void rest(struct run *t, unsigned round)
{
	unsigned fast = env_unsigned("UPDATES_IDLE_WARP", 100);
	double until_s = (double)t->hours * 3600 / t->rounds * (round + 1);

	for (int i = 0; i < 20 && number(&t->r, all_numbers) < t->numbers; i++)
		pass(t, 30, 50);
	for (int i = 0; i < 1200 && (t->passed_s < until_s || number(&t->r, all_numbers) < t->numbers); i++)
		pass(t, fast, 50);
	rig_warp(&t->r, 30);
	settle(t);
}

static void take_round(struct run *t, unsigned round)
{
	disturb(t, round);
	for (unsigned i = 0; i < 5; i++)
		bump(t, (round * 5 + i) % t->apps, (round + i) % 3 != 0);
	if (round % (t->rounds / 5) == 2) {
		rig_stop(&t->r.server, SIGKILL);
		rig_serve(&t->r, serve_args);
	}
	if (t->hours)
		rest(t, round);
	else
		settle(t);
}

/* Of the builds that were made, how many are known. */
static long long found_of(const struct run *t)
{
	long long found = 0;

	for (size_t at = 0; at < t->made_n;) {
		char sql[400] = "SELECT COUNT(*) FROM builds WHERE direction <> 'first' AND change_number IN (0";
		for (size_t end = at + 20; at < end && at < t->made_n; at++)
			snprintf(sql + strlen(sql), sizeof(sql) - strlen(sql), ",%lld", t->made[at]);
		strcat(sql, ")");
		found += number(&t->r, sql);
	}
	return found;
}

/* Each build that could be seen was announced, once, and no other. */
static void check_builds(const struct run *t, long long events)
{
	long long told = number(&t->r, "SELECT COUNT(*) FROM builds WHERE direction <> 'first'"),
		  found = found_of(t);

	fprintf(stderr,
		"U2: %.1f h, %u rounds, %lld builds could be seen, %lld found, %lld repeated, %lld false, %s "
		"gaps\n",
		t->passed_s / 3600, t->rounds, t->builds, found, events - told, told - found,
		rig_sql(&t->r, "SELECT COUNT(*) FROM events WHERE type = 'source.gap_detected'"));
	CHECK(found == t->builds && events == told && told == found);
}

/* Not one of the questions stands in the list of jobs, or made events of a job. */
static void check_quiet(const struct run *t)
{
	json_t *jobs = rig_expect(&t->r, 200, "GET", "/v1/jobs", NULL);

	CHECK(json_array_size(json_object_get(jobs, "items")) == 0);
	json_decref(jobs);
	jobs = rig_expect(&t->r, 200, "GET", "/v1/jobs?quiet=true", NULL);
	CHECK(json_array_size(json_object_get(jobs, "items")) > 10);
	json_decref(jobs);
	CHECK(number(&t->r, "SELECT COUNT(*) FROM events WHERE type LIKE 'job.%' OR type LIKE 'task.%'") == 0);
}

static void follow(void)
{
	static struct run t;
	static const char announced[] = "SELECT COUNT(*) FROM events WHERE type = 'title.build_announced'";

	t = (struct run){ .apps = env_unsigned("UPDATES_APPS", 60),
		.rounds = env_unsigned("UPDATES_ROUNDS", 24),
		.hours = env_unsigned("UPDATES_HOURS", 0),
		.class = "build" };
	strcpy(sweep, t.hours ? "updates.sweep_s=900" : "updates.sweep_s=8");
	if (t.hours) { /* at this speed a minute is a moment in which the machine may be busy */
		strcpy(tick, "updates.tick_ms=5000");
		strcpy(lease, "engine.lease_ms=600000");
	}
	start(&t, "");
	long long before = number(&t.r, announced);
	for (unsigned round = 0; round < t.rounds; round++)
		take_round(&t, round);
	CHECK(number(&t.r, "SELECT COUNT(*) FROM events WHERE type = 'source.gap_detected'") >= 2);
	await(&t.r, "SELECT COUNT(*) FROM sources WHERE name = 'steam.pics' AND gap_from = 0", 1, "closed gaps");
	long long gaps = number(&t.r, "SELECT COUNT(*) FROM events WHERE type = 'source.gap_detected'");
	CHECK(number(&t.r, "SELECT COUNT(*) FROM events WHERE type = 'source.gap_closed'") == gaps);
	check_builds(&t, number(&t.r, announced) - before);
	await(&t.r, "SELECT COUNT(*) FROM sources WHERE name = 'steam.pics' AND breaker = 'closed'", 1,
		"a closed breaker");
	check_quiet(&t);
	rig_check_events(&t.r);
	rig_done(&t.r);
}

/* ---- U3, U4 ---- */

#define PICS  " FROM sources WHERE name = 'steam.pics'"
#define WAY   " FROM source_breakers WHERE source = 'steam.pics'" /* of the one agent that there is */
#define STORE " FROM sources WHERE name = 'steam.store_http'"

static json_t *poll(const struct run *t)
{
	return rig_expect(&t->r, 202, "POST", "/v1/polls", "{\"mode\":\"full\"}");
}

static void check_is(const struct run *t, const char *sql, long long what)
{
	long long is = number(&t->r, sql);

	if (is != what)
		fprintf(stderr, "%s: %lld, not %lld\n", sql, is, what);
	CHECK(is == what);
}

static long long logons(const struct run *t)
{
	json_t *ledger = rig_sim_get(&t->r, "/sim/ledger");
	long long n = json_int(ledger, "logons.ok");
	json_decref(ledger);
	return n;
}

#define NEWEST " FROM polls p WHERE p.id = (SELECT MAX(id) FROM polls)"

/*
 * Steam hangs: how long the poll had been there when the store's first answer was. Both moments are the control plane's own; its time runs
 * as fast as the machine's, so that a slow machine adds no more than what it takes itself.
 */
static long long first_answer(struct run *t)
{
	rig_warp(&t->r, 1);
	json_decref(poll(t));
	await(&t->r, "SELECT p.changed + p.unchanged" NEWEST, 1, "answers of the store");
	long long ms =
		number(&t->r, "SELECT (SELECT MIN(success_at) FROM titles t WHERE t.method = 'steam.store_http' "
			      "AND t.success_at >= p.created_at) - p.created_at" NEWEST);
	fprintf(stderr, "U3: the store's first answer after %lld ms\n", ms);
	check_is(t, "SELECT COUNT(*)" PICS " AND breaker = 'closed'", 1);
	rig_warp(&t->r, 4);
	await(&t->r, "SELECT p.changed + p.unchanged" NEWEST, t->apps, "all answers");
	return ms;
}

/* The question that hangs goes away, and with it what is known of the hanging. */
static void give_up(const struct run *t)
{
	static const char out[] = "SELECT COUNT(*) FROM source_asks WHERE source = 'steam.pics' AND kind = 'full'";
	char path[96];

	snprintf(path, sizeof(path), "/v1/jobs/%s/cancel",
		rig_sql(&t->r,
			"SELECT t.job_id FROM tasks t JOIN source_asks a ON a.task_id = t.id WHERE a.source = "
			"'steam.pics' AND a.kind = 'full'"));
	struct rig_answer a = rig_call(&t->r, "POST", path, NULL, NULL);
	CHECK(a.status < 300);
	rig_answer_done(&a);
	for (int i = 0; i < 500 && number(&t->r, out) > 0; i++)
		rig_sleep_ms(20);
	check_is(t, out, 0);
}

/*
 * Of three times the second: 1,250 ms of silence, and what the programs need. A look that only comes now and then would add up to half a
 * second; a machine that stands still once does not fail the test.
 */
static void answers_begin_soon(struct run *t)
{
	long long ms[3];

	for (unsigned i = 0; i < 3; i++) {
		if (i > 0)
			give_up(t);
		ms[i] = first_answer(t);
		CHECK(ms[i] >= 1250);
	}
	long long least = ms[0] < ms[1] ? ms[0] : ms[1], most = ms[0] < ms[1] ? ms[1] : ms[0];
	CHECK((ms[2] < least ? least : ms[2] > most ? most : ms[2]) <= 2000);
}

/* A call that Steam does not answer: the store answers, the breaker opens for 300 s, then for twice as long. */
static void hang(struct run *t)
{
	long long before = logons(t);

	rig_sim_say(&t->r, "/sim/faults", "product_info@*:drop\n");
	answers_begin_soon(t);
	rig_warp(&t->r, 12);
	await(&t->r, "SELECT COUNT(*)" PICS " AND breaker = 'open'", 1, "an open breaker");
	check_is(t, "SELECT probe_at - breaker_since" PICS, 300000);
	rig_warp(&t->r, 4);
	await(&t->r, "SELECT COUNT(*) FROM polls WHERE status = 'finished'", 3, "all answers");
	check_is(t, "SELECT SUM(unknown) FROM polls", 0);
	CHECK(number(&t->r, "SELECT COUNT(*) FROM watches WHERE state = 'degraded'") == t->apps);
	rig_set_clock(&t->r, 280);
	rig_sleep_ms(400);
	check_is(t, "SELECT COUNT(*)" PICS " AND breaker = 'open'", 1);
	rig_set_clock(&t->r, 21);
	await(&t->r, "SELECT COUNT(*)" PICS " AND breaker = 'half_open'", 1, "a probe");
	check_is(t, "SELECT COUNT(*) FROM source_asks WHERE source = 'steam.pics' AND kind = 'probe'", 1);
	rig_set_clock(&t->r, 16);
	await(&t->r, "SELECT COUNT(*)" WAY " AND state = 'open' AND wait = 600000", 1, "a longer wait");
	rig_sim_clear(&t->r);
	rig_set_clock(&t->r, 601);
	await(&t->r, "SELECT COUNT(*)" WAY " AND state = 'closed' AND failures = 0", 1, "a closed breaker");
	CHECK(logons(t) - before <= 1);
}

/* Three failures to connect: 900 s. */
static void refuse(struct run *t)
{
	rig_sim_say(&t->r, "/sim/faults", "connect@*:http=503\n");
	rig_warp(&t->r, 16);
	rig_sim_post(&t->r, "/sim/sessions?do=cut");
	long long before = logons(t);
	await(&t->r, "SELECT COUNT(*)" WAY " AND state = 'open' AND failures >= 3", 1, "three failures");
	check_is(t, "SELECT probe_at - breaker_since" PICS, 900000);
	CHECK(logons(t) == before);
	rig_set_clock(&t->r, 700);
	rig_sleep_ms(200);
	check_is(t, "SELECT COUNT(*)" PICS " AND breaker = 'open'", 1);
	rig_sim_clear(&t->r);
	rig_set_clock(&t->r, 201);
	/* The first probes may come while the agent rests from its last tries to connect, for 300 s of the time that is not set. */
	rig_warp(&t->r, 24);
	for (int i = 0; i < 25 && number(&t->r, "SELECT COUNT(*)" PICS " AND breaker = 'closed'") == 0; i++) {
		rig_sleep_ms(800);
		rig_set_clock(&t->r, 3601);
	}
	await(&t->r, "SELECT COUNT(*)" PICS " AND breaker = 'closed'", 1, "a closed breaker");
	CHECK(logons(t) == before + 1);
}

static void break_down(void)
{
	struct run t = { .apps = 20, .class = "store_page" };

	start(&t, "");
	hang(&t);
	rig_set_clock(&t.r, 4000); /* what was is long ago */
	await(&t.r, "SELECT COUNT(*) FROM events WHERE type = 'source.gap_closed'", 1, "a tick that was lost");
	refuse(&t);
	rig_check_events(&t.r);
	rig_done(&t.r);
}

/* U4: the store's answers are empty from the 40th on: unknown, and the store is left alone; never unchanged. */
static void empty(void)
{
	struct run t = { .apps = 95, .class = "store_page" };

	start(&t, "");
	json_decref(rig_expect(&t.r, 200, "POST", "/v1/sources/steam.pics/trip", NULL));
	await(&t.r, "SELECT 1 - COUNT(*) FROM source_asks WHERE source = 'steam.store_http'", 1,
		"nothing asked of the store");
	json_decref(rig_expect(
		&t.r, 200, "POST", "/v1/sources/steam.store_http/reset", NULL)); /* it is judged by these answers */
	fault(&t, "app_details", 40, "+", "pics_empty");
	json_decref(poll(&t));
	await(&t.r, "SELECT COUNT(*) FROM polls WHERE status = 'finished'", 1, "all answers");
	check_is(&t, "SELECT changed + unchanged FROM polls", 39);
	check_is(&t, "SELECT unknown FROM polls", t.apps - 39);
	check_is(&t, "SELECT COUNT(*)" STORE " AND breaker = 'open'", 1);
	json_t *s = rig_expect(&t.r, 200, "GET", "/v1/sources/steam.store_http", NULL);
	CHECK(json_int(s, "successPermille1h") < 800);
	json_decref(s);
	json_decref(rig_expect(&t.r, 200, "POST", "/v1/sources/steam.pics/reset", NULL));
	check_is(&t, "SELECT COUNT(*)" PICS " AND breaker = 'closed'", 1);
	rig_check_events(&t.r);
	rig_done(&t.r);
}

int main(void)
{
	const char *only = getenv("UPDATES_ONLY"); /* U2, U3 or U4; else U2 */

	if (!only || !strcmp(only, "U2"))
		follow();
	if (only && !strcmp(only, "U3"))
		break_down();
	if (only && !strcmp(only, "U4"))
		empty();
	return 0;
}
