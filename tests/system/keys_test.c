/*
 * A batch of keys of five kinds over many accounts, with `kill -9` of the control plane and of the agent in turn (each tenth time
 * of both) at random points, and answers that Steam's side loses: one row for each key, every good key redeemed once, nothing is sent
 * for a key after its end, no lane is exceeded. What happened is read from the simulator's own record. Time runs KEYS_WARP times
 * faster. KEYS_TOTAL, KEYS_KILLS, KEYS_RATE (keys a true second).
 */
#include "tests/system/rig.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#define BURST        5
#define EGRESS_BURST 20
#define SLACK_MS     2000   /* true: what may lie between a lane's yes and the packet, of one and not of the next */
#define STUCK_MS     120000 /* without any key that ends */
#define LOST         20     /* answers that are lost by the simulator */

enum kind { GOOD, OWNED, USED, REGION, BAD, KINDS };
static const struct {
	const char *prefix, *world, *end;
	unsigned percent;
	bool good;
} kinds[KINDS] = {
	{ "GOODK", "package=100001+", "redeemed", 40, true },
	{ "OWNED", "package=20001+", "redeemed", 20, true }, /* half of the accounts have what it gives */
	{ "USEDK", "package=1 kind=used", "used_elsewhere", 20, false },
	{ "REGIO", "package=200001+ kind=region countries=DE", "redeemed", 10, true },
	{ "BADKY", NULL, "invalid", 10, false },
};

struct row {
	char state[24], login[32];
	int64_t at_ms; /* when its state changed last */
	unsigned tries, packets, redeemed;
};

struct keys {
	struct rig rig;
	unsigned total, accounts, kills, rate, warp;
	unsigned n[KINDS];
	struct row *rows[KINDS];
	char batch[64], (*account)[64];
	unsigned resolved, after_lost;
};

static unsigned env_unsigned(const char *name, unsigned def)
{
	const char *s = getenv(name);
	return s ? (unsigned)strtoul(s, NULL, 10) : def;
}

/* Milliseconds of the fast time. Together the accounts may do half of what the address may: first that binds, then they. */
static unsigned egress_every(const struct keys *t) { return 1000 * t->warp / t->rate; }
static unsigned account_every(const struct keys *t) { return 2 * t->accounts * egress_every(t); }

static char limits[200];
static const char *const serve_args[] = { "--no-agent", "--log-level", "warn", "--set", "engine.lease_ms=30000",
	"--set", "engine.heartbeat_ms=5000", "--set", "lanes.unsafe=true", "--set", limits, NULL };
static const char *const agent_args[] = { "--log-level", "warn", "--set", "agent.tasks=64", "--set",
	"lanes.unsafe=true", "--set", "lanes.limits=cm.job=0", NULL };

/* ---- the world ---- */

static void start_sim(struct keys *t)
{
	char world[1200], faults[300] = "redeem@1";
	size_t n = 0;

	n += (size_t)snprintf(world, sizeof(world),
		"change 5000\naccounts own %u password=key-password packages=20001-%u\n"
		"accounts ger %u password=key-password country=DE\naccounts els %u password=key-password\n",
		t->accounts / 2, 20000 + t->n[OWNED], t->accounts / 5,
		t->accounts - t->accounts / 2 - t->accounts / 5);
	for (int k = 0; k < KINDS; k++)
		if (kinds[k].world)
			n += (size_t)snprintf(world + n, sizeof(world) - n, "keys %s %u %s\n", kinds[k].prefix,
				t->n[k], kinds[k].world);
	for (unsigned i = 1; i < LOST; i++)
		snprintf(faults + strlen(faults), sizeof(faults) - strlen(faults), ",%u", 2 + rig_random(t->total));
	strcat(faults, ":commit_then_reset");
	rig_sim(&t->rig, world, (const char *const[]){ "--redeem-failures", "0", "--fault", faults, NULL });
}

static void make_accounts(struct keys *t, const char *prefix, unsigned from, unsigned n)
{
	char path[128], body[100];
	for (unsigned i = 0; i < n; i++) {
		snprintf(body, sizeof(body), "{\"login\":\"%s%03u\"}", prefix, i + 1);
		json_t *a = rig_expect(&t->rig, 201, "POST", "/v1/accounts", body);
		snprintf(t->account[from + i], sizeof(t->account[0]), "%s", json_str(a, "id"));
		json_decref(a);
		snprintf(path, sizeof(path), "/v1/accounts/%s/secrets/password", t->account[from + i]);
		json_decref(rig_expect(&t->rig, 204, "PUT", path, "{\"value\":\"key-password\"}"));
		snprintf(path, sizeof(path), "/v1/accounts/%s/desired-state", t->account[from + i]);
		json_decref(rig_expect(&t->rig, 200, "PUT", path, "{\"mode\":\"online\"}"));
	}
}

static void make_fleet(struct keys *t)
{
	unsigned half = t->accounts / 2, fifth = t->accounts / 5;

	json_t *region = rig_expect(&t->rig, 201, "POST", "/v1/regions", "{\"name\":\"here\"}");
	rig_agent(&t->rig, 0, json_str(region, "id"), agent_args);
	json_decref(region);
	rig_await_agents(&t->rig, 1);
	t->account = calloc(t->accounts, sizeof(*t->account));
	make_accounts(t, "own", 0, half);
	make_accounts(t, "ger", half, fifth);
	make_accounts(t, "els", half + fifth, t->accounts - half - fifth);
}

static void key_text(int kind, unsigned i, char ret[static 32])
{
	snprintf(ret, 32, "%s-%05u", kinds[kind].prefix, i + 1);
}

/* ---- the batch ---- */

static json_t *make_batch(struct keys *t, json_t *keys, const char *account)
{
	json_t *candidates =
		account ? json_pack("{s:[s]}", "accounts", account) : json_pack("{s:b}", "allAccounts", 1);
	json_t *body = json_pack("{s:o,s:o,s:i,s:b,s:s}", "keys", keys, "candidates", candidates, "maxTriesPerKey",
		100, "start", 1, "distribution", account ? "first_missing" : "round_robin");
	char *text = json_dumps(body, 0), header[64];

	snprintf(header, sizeof(header), "Idempotency-Key: keys-%u", rig_random(UINT32_MAX));
	struct rig_answer a = rig_call(&t->rig, "POST", "/v1/key-batches", header, text);
	if (a.status != 201) {
		fprintf(stderr, "the batch: %d %s\n", a.status, a.text ? a.text : "");
		exit(1);
	}
	json_t *made = json_incref(a.body);
	rig_answer_done(&a);
	free(text);
	json_decref(body);
	snprintf(t->batch, sizeof(t->batch), "%s", json_str(made, "id"));
	return made;
}

/* All kinds in a random order: the row's name is the key, so that the report can be told apart. */
static void make_big_batch(struct keys *t)
{
	unsigned left[KINDS], all = t->total;
	json_t *keys = json_array();
	char key[32];

	memcpy(left, t->n, sizeof(left));
	left[GOOD]--; /* the first is another batch's */
	for (all--; all > 0; all--) {
		unsigned k = 0;
		for (unsigned r = rig_random(all); r >= left[k]; k++)
			r -= left[k];
		key_text((int)k, --left[k] + (k == GOOD), key);
		json_array_append_new(keys, json_pack("{s:s,s:s}", "key", key, "name", key));
	}
	json_t *b = make_batch(t, keys, NULL);
	CHECK(json_int(b, "keys") == t->total - 1 && json_int(b, "candidates") == t->accounts);
	json_decref(b);
}

static json_t *look(const struct keys *t)
{
	char path[96];
	snprintf(path, sizeof(path), "/v1/key-batches/%s", t->batch);
	return rig_expect(&t->rig, 200, "GET", path, NULL);
}

static int64_t over_in(const json_t *b)
{
	static const char *const over[] = { "counts.redeemed", "counts.invalid", "counts.usedElsewhere",
		"counts.walletCode", "counts.exhausted", "counts.canceled" };
	int64_t n = 0;
	for (size_t i = 0; i < sizeof(over) / sizeof(*over); i++)
		n += json_int(b, over[i]);
	return n;
}

/* K6, at every look. */
static bool is_done(const struct keys *t, int64_t *ret_over)
{
	json_t *b = look(t), *count;
	const char *state;
	int64_t sum = 0;

	json_object_foreach(json_object_get(b, "counts"), state, count) sum += json_integer_value(count);
	CHECK(sum == json_int(b, "keys"));
	bool done = !strcmp(json_str(b, "status"), "done");
	*ret_over = over_in(b);
	json_decref(b);
	return done;
}

/* ---- what no attempt could find out, a person says: by what Steam has ---- */

static bool steam_gave(const struct keys *t, const char *key)
{
	json_t *all = rig_sim_get(&t->rig, "/sim/keys");
	bool used = *json_str(json_object_get(all, key), "usedBy");
	json_decref(all);
	return used;
}

static void resolve(struct keys *t)
{
	char path[200];
	size_t i;
	json_t *k;

	snprintf(path, sizeof(path), "/v1/key-batches/%s/keys?state=unknown", t->batch);
	json_t *keys = rig_expect(&t->rig, 200, "GET", path, NULL);
	json_array_foreach(json_object_get(keys, "items"), i, k)
	{
		const char *task_id = json_str(k, "taskId");
		snprintf(path, sizeof(path), "/v1/tasks/%s", task_id);
		json_t *task = rig_expect(&t->rig, 200, "GET", path, NULL);
		snprintf(path, sizeof(path), "/v1/jobs/%s/tasks/%s/resolve", json_str(task, "jobId"), task_id);
		json_decref(task);
		const char *body = steam_gave(t, json_str(k, "name"))
					   ? "{\"outcome\":\"done\",\"evidence\":\"looked\"}"
					   : "{\"outcome\":\"not_done\",\"evidence\":\"looked\"}";
		json_decref(rig_expect(&t->rig, 200, "POST", path, body));
		t->resolved++;
	}
	json_decref(keys);
}

static int64_t now_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Until `over` keys are over; INT64_MAX: until the batch is done. */
static void await_over(struct keys *t, int64_t over)
{
	int64_t now = 0, before = -1, since = now_ms();

	while (!is_done(t, &now) && now < over) {
		if (now != before)
			since = now_ms();
		before = now;
		if (now_ms() - since > STUCK_MS) {
			json_t *b = look(t);
			char *text = json_dumps(b, JSON_COMPACT);
			fprintf(stderr, "the batch is stuck: %s\n", text);
			exit(1);
		}
		resolve(t);
		rig_sleep_ms(over == INT64_MAX ? 200 : 20);
	}
}

/* Kills are placed by how far the batch is, one at a random point of each of `kills + 3` parts but the last three: a
 * machine of any speed sees them all. */
static void kill_around(struct keys *t)
{
	struct rig *r = &t->rig;
	int64_t over;

	for (unsigned i = 0; i < t->kills; i++) {
		await_over(t, (int64_t)t->total * i / (t->kills + 3) + rig_random(t->total / (t->kills + 3)));
		CHECK(!is_done(t, &over));
		bool both = i % 10 == 9, server = both || i % 2, agent = both || !server;
		if (agent)
			rig_stop(&r->agents[0], SIGKILL);
		if (server)
			rig_stop(&r->server, SIGKILL);
		if (server)
			rig_serve(r, serve_args);
		if (agent)
			rig_agent(r, 0, NULL, agent_args);
		if (i % 20 == 19) {
			printf("%u kills, %lld keys are over\n", i + 1, (long long)over);
			fflush(stdout);
		}
	}
}

/* ---- what became of them ---- */

static struct row *row_of(const struct keys *t, const char *key, int *ret_kind)
{
	unsigned i;
	for (int k = 0; k < KINDS; k++)
		if (!strncmp(key, kinds[k].prefix, 5) && sscanf(key + 5, "-%u", &i) == 1 && i >= 1 &&
			i <= t->n[k]) {
			*ret_kind = k;
			return &t->rows[k][i - 1];
		}
	fprintf(stderr, "%s is no key of this test\n", key);
	exit(1);
}

static int64_t moment(const char *text)
{
	struct tm tm = { 0 };
	int ms;
	CHECK(sscanf(text, "%d-%d-%dT%d:%d:%d.%dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
		      &tm.tm_sec, &ms) == 7);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return (int64_t)timegm(&tm) * 1000 + ms;
}

static void read_report(struct keys *t, size_t rows)
{
	char path[128];
	json_t *one;
	size_t i;
	int kind;

	snprintf(path, sizeof(path), "/v1/key-batches/%s/report?format=json", t->batch);
	json_t *report = rig_expect(&t->rig, 200, "GET", path, NULL), *items = json_object_get(report, "items");
	CHECK(json_array_size(items) == rows);
	json_array_foreach(items, i, one)
	{
		struct row *row = row_of(t, json_str(one, "name"), &kind);
		CHECK(!*row->state); /* one row each */
		CHECK(strstr(json_str(one, "key"), "-*****") && !strstr(json_str(one, "key"), "-0"));
		snprintf(row->state, sizeof(row->state), "%s", json_str(one, "state"));
		snprintf(row->login, sizeof(row->login), "%s", json_str(one, "login"));
		row->tries = (unsigned)json_int(one, "tries");
		row->at_ms = moment(json_str(one, "updatedAt"));
		if (strcmp(row->state, kinds[kind].end) != 0) {
			char *text = json_dumps(one, 0);
			fprintf(stderr, "%s is not %s\n", text, kinds[kind].end);
			exit(1);
		}
	}
	json_decref(report);
	snprintf(path, sizeof(path), "/v1/key-batches/%s/report?format=csv", t->batch);
	struct rig_answer csv = rig_call(&t->rig, "GET", path, NULL, NULL);
	CHECK(csv.status == 200 && !strncmp(rig_header(&csv, "content-type"), "text/csv", 8));
	for (const char *p = csv.text; (p = strstr(p, "\r\n")); p += 2)
		i--;
	CHECK(i == (size_t)-1); /* as many lines, and the head */
	rig_answer_done(&csv);
}

/* Who tried a key a second time without need, or after its end. */
static void check_packets(struct keys *t, const json_t *redeems)
{
	const json_t *p;
	size_t i;
	int kind;

	json_array_foreach((json_t *)(uintptr_t)redeems, i, p)
	{
		const char *key = json_str(p, "key");
		struct row *row = row_of(t, key, &kind);
		row->packets++;
		if (row->redeemed || json_int(p, "timeMs") > row->at_ms) {
			fprintf(stderr, "%s was sent after its end\n", key);
			exit(1);
		}
		row->redeemed += json_int(p, "eresult") == 1;
		if (json_int(p, "eresult") == 1 && strcmp(row->login, json_str(p, "name")) != 0) {
			fprintf(stderr, "%s: %s has it, not %s\n", key, json_str(p, "name"), row->login);
			exit(1);
		}
	}
	for (kind = 0; kind < KINDS; kind++)
		for (unsigned n = 0; n < t->n[kind]; n++) {
			const struct row *row = &t->rows[kind][n];
			if (row->redeemed != kinds[kind].good) {
				fprintf(stderr, "%s %u was redeemed %u times in %u packets: %s by %s\n",
					kinds[kind].prefix, n + 1, row->redeemed, row->packets, row->state,
					row->login);
				exit(1);
			}
			t->after_lost += row->packets > row->tries ? row->packets - row->tries : 0;
		}
}

/* A bucket of `burst` that gains one each `every` ms never gives more between any two packets. What is the most by which one was early? */
static int64_t earliest(const int64_t *at, size_t n, unsigned every, unsigned burst)
{
	int64_t full = 0, most = 0;
	for (size_t j = 0; j < n; j++) {
		/* Packets i..j: (j - i + 1 - burst) * every <= at[j] - at[i]; `full` is the largest at[i] - i * every. */
		int64_t mine = at[j] - (int64_t)j * every;
		full = j == 0 || mine > full ? mine : full;
		int64_t early = full - mine + (1 - (int64_t)burst) * every;
		most = early > most ? early : most;
	}
	return most;
}

static void check_lane(const struct keys *t, const char *who, int64_t early)
{
	if (early <= SLACK_MS * (int64_t)t->warp)
		return;
	fprintf(stderr, "%s: a packet came %lld true ms too early for its lane\n", who, (long long)early / t->warp);
	exit(1);
}

static void check_lanes(const struct keys *t, const json_t *redeems)
{
	size_t i, k, n = json_array_size(redeems);
	int64_t *at = calloc(n + 1, sizeof(*at)), egress, most = 0;
	json_t *people = rig_sim_get(&t->rig, "/sim/people"), *who;
	const json_t *p;

	json_array_foreach((json_t *)(uintptr_t)redeems, i, p) at[i] = json_int(p, "timeMs");
	egress = earliest(at, n, egress_every(t), EGRESS_BURST);
	check_lane(t, "the egress", egress);
	json_array_foreach(people, k, who)
	{
		size_t of = 0;
		json_array_foreach((json_t *)(uintptr_t)redeems, i, p)
		{
			if (!strcmp(json_str(p, "name"), json_str(who, "name")))
				at[of++] = json_int(p, "timeMs");
		}
		int64_t early = earliest(at, of, account_every(t), BURST);
		check_lane(t, json_str(who, "name"), early);
		most = early > most ? early : most;
	}
	printf("at most %lld true ms early for the address, %lld for an account\n", (long long)egress / t->warp,
		(long long)most / t->warp);
	json_decref(people);
	free(at);
}

/* T24: Steam has done it and the answer is lost; the licence tells, and nothing is sent again. */
static void answer_lost(struct keys *t)
{
	char key[32];
	int64_t over;
	int kind;

	key_text(GOOD, 0, key);
	json_decref(make_batch(t, json_pack("[{s:s,s:s}]", "key", key, "name", key), t->account[0]));
	for (int i = 0; i < 1500 && !is_done(t, &over); i++)
		rig_sleep_ms(20);
	read_report(t, 1);
	json_t *redeems = rig_sim_get(&t->rig, "/sim/redeems");
	CHECK(json_array_size(redeems) == 1);
	CHECK_STR(row_of(t, key, &kind)->state, "redeemed");
	CHECK(row_of(t, key, &kind)->tries == 1);
	json_decref(redeems);
}

int main(void)
{
	struct keys t = { .total = env_unsigned("KEYS_TOTAL", 600),
		.accounts = env_unsigned("KEYS_ACCOUNTS", 50),
		.kills = env_unsigned("KEYS_KILLS", 10),
		.rate = env_unsigned("KEYS_RATE", 60),
		.warp = env_unsigned("KEYS_WARP", 6) };

	rig_init(&t.rig);
	rig_warp(&t.rig, t.warp);
	for (int k = 0; k < KINDS; k++) {
		t.n[k] = t.total * kinds[k].percent / 100;
		t.rows[k] = calloc(t.n[k], sizeof(*t.rows[k]));
	}
	snprintf(limits, sizeof(limits),
		"lanes.limits=cm.connect=0,cm.login=0,cm.login.account=0,store.redeem=%u/%d,store.redeem.egress=%u/"
		"%d",
		account_every(&t), BURST, egress_every(&t), EGRESS_BURST);
	start_sim(&t);
	rig_serve(&t.rig, serve_args);
	make_fleet(&t);
	answer_lost(&t);
	int64_t began = now_ms();
	make_big_batch(&t);
	kill_around(&t);
	await_over(&t, INT64_MAX);
	printf("done in %lld s with %u kills\n", (long long)(now_ms() - began) / 1000, t.kills);
	read_report(&t, t.total - 1);
	json_t *redeems = rig_sim_get(&t.rig, "/sim/redeems");
	check_packets(&t, redeems);
	check_lanes(&t, redeems);
	printf("%u keys, %zu packets, %u of them after a lost answer; %u times nobody could tell\n", t.total,
		json_array_size(redeems), t.after_lost, t.resolved);
	json_decref(redeems);
	for (int k = 0; k < KINDS; k++)
		free(t.rows[k]);
	free(t.account);
	rig_check_events(&t.rig);
	rig_done(&t.rig);
	return 0;
}
