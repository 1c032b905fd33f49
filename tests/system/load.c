#include "tests/system/load.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define FIRST_APP   100000
#define APPS        2000
#define OVER_MAX_MS 240000

static long long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void load_sim(struct rig *r, const char *const *more)
{
	char world[1000];
	size_t n = (size_t)snprintf(world, sizeof(world),
		"change 5000\ngenerate apps=%d-%d seed=7 min=2000 max=6000\naccounts load %d "
		"password=load-password\n"
		"account judge password=judge-password\nkeys LOADK %d package=100001+\n",
		FIRST_APP, FIRST_APP + APPS, LOAD_ACCOUNTS, LOAD_JOBS_MAX / LOAD_KINDS + 1);

	for (int i = 1; i <= LOAD_ACCOUNTS; i++)
		n += (size_t)snprintf(world + n, sizeof(world) - n, "friends load%03d judge\n", i);
	rig_sim(r, world, more);
}

static void make_account(struct load *l, int i)
{
	char path[128], body[64];

	snprintf(body, sizeof(body), "{\"login\":\"load%03d\"}", i + 1);
	json_t *a = rig_expect(l->rig, 201, "POST", "/v1/accounts", body);
	snprintf(l->accounts[i], sizeof(l->accounts[0]), "%s", json_str(a, "id"));
	json_decref(a);
	snprintf(path, sizeof(path), "/v1/accounts/%s/secrets/password", l->accounts[i]);
	json_decref(rig_expect(l->rig, 204, "PUT", path, "{\"value\":\"load-password\"}"));
	snprintf(path, sizeof(path), "/v1/accounts/%s/desired-state", l->accounts[i]);
	json_decref(rig_expect(l->rig, 200, "PUT", path, "{\"mode\":\"online\"}"));
}

void load_init(struct load *l, struct rig *r)
{
	*l = (struct load){ .rig = r, .pause_ms = 4, .url = PTHREAD_RWLOCK_INITIALIZER };
	l->jobs = calloc(LOAD_JOBS_MAX, sizeof(*l->jobs));
	CHECK(l->jobs != NULL);
	json_t *judge = rig_sim_get(r, "/sim/person/judge");
	snprintf(l->judge, sizeof(l->judge), "%s", json_str(judge, "steamId"));
	json_decref(judge);
	for (int i = 0; i < LOAD_ACCOUNTS; i++)
		make_account(l, i);
}

static enum load_kind kind_of(unsigned i) { return (enum load_kind)(i % LOAD_KINDS); }

static void describe(const struct load *l, unsigned i, char *ret, size_t n)
{
	const char *account = l->accounts[i / LOAD_KINDS % LOAD_ACCOUNTS];

	switch (kind_of(i)) {
	case LOAD_READ:
		snprintf(ret, n,
			"{\"action\":\"pics.product_info\",\"payload\":{\"apps\":[%u]},\"maxAttempts\":20}",
			FIRST_APP + i % APPS);
		return;
	case LOAD_IDEMPOTENT:
		snprintf(ret, n,
			"{\"action\":\"persona.set\",\"targets\":[\"%s\"],\"payload\":{\"state\":\"%s\"},"
			"\"maxAttempts\":20}",
			account, i % 8 < 4 ? "busy" : "away");
		return;
	case LOAD_GUARDED:
		snprintf(ret, n,
			"{\"action\":\"keys.redeem\",\"targets\":[\"%s\"],\"payload\":{\"key\":\"LOADK-%05u\"},"
			"\"maxAttempts\":20}",
			account, i / LOAD_KINDS + 1);
		return;
	case LOAD_ONCE:
	case LOAD_KINDS:
		break;
	}
	snprintf(ret, n,
		"{\"action\":\"friends.message\",\"targets\":[\"%s\"],\"payload\":{\"steamId\":\"%s\",\"text\":\"m-"
		"%u\","
		"\"dedupeKey\":\"m-%u\"},\"maxAttempts\":20}",
		account, l->judge, i, i);
}

/* An answer that was lost, or a "not now": the same is asked again, under the same key. */
static bool submit(struct load *l, unsigned i)
{
	char header[64], body[512];

	snprintf(header, sizeof(header), "Idempotency-Key: load-%u", i);
	describe(l, i, body, sizeof(body));
	pthread_rwlock_rdlock(&l->url);
	struct rig through = *l->rig;
	if (l->through)
		snprintf(through.url, sizeof(through.url), "%s", l->through);
	struct rig_answer a = rig_call(&through, "POST", "/v1/jobs", header, body);
	pthread_rwlock_unlock(&l->url);
	bool kept = a.status == 201;
	if (kept)
		snprintf(l->jobs[i].id, sizeof(l->jobs[i].id), "%s", json_str(a.body, "id"));
	else if (a.status != -1 && a.status != 409 && a.status / 100 != 5 && !l->through) {
		fprintf(stderr, "job %u: %d %s\n", i, a.status, a.text);
		exit(1);
	}
	l->refused += !kept && a.status > 0;
	rig_answer_done(&a);
	return kept;
}

static void *run(void *arg)
{
	struct load *l = arg;

	for (unsigned i = 0; !l->stop && i < LOAD_JOBS_MAX; i++) {
		while (!submit(l, i))
			rig_sleep_ms(10);
		l->acked++;
		rig_sleep_ms(l->pause_ms);
	}
	return NULL;
}

void load_start(struct load *l) { CHECK(pthread_create(&l->thread, NULL, run, l) == 0); }

void load_stop(struct load *l)
{
	l->stop = true;
	pthread_join(l->thread, NULL);
}

/* ---- the judge ---- */

struct ledger {
	unsigned *messages, *packets, *redeemed; /* by the job's number */
	unsigned after;                          /* packets for a key that had been redeemed */
};

static unsigned number(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);
	return strncmp(text, prefix, n) ? UINT32_MAX : (unsigned)strtoul(text + n, NULL, 10);
}

static struct ledger read_ledger(const struct load *l)
{
	struct ledger g = { calloc(l->acked + 1, sizeof(unsigned)), calloc(l->acked + 1, sizeof(unsigned)),
		calloc(l->acked + 1, sizeof(unsigned)), 0 };
	json_t *judge = rig_sim_get(l->rig, "/sim/person/judge"), *one;
	json_t *redeems = rig_sim_get(l->rig, "/sim/redeems");
	size_t k;

	json_array_foreach(json_object_get(judge, "messages"), k, one)
	{
		unsigned i = number(json_str(one, "text"), "m-");
		if (i < l->acked)
			g.messages[i]++;
	}
	json_array_foreach(redeems, k, one)
	{
		unsigned i = (number(json_str(one, "key"), "LOADK-") - 1) * LOAD_KINDS + LOAD_GUARDED;
		if (i >= l->acked)
			continue;
		g.after += g.redeemed[i];
		g.packets[i]++;
		g.redeemed[i] += json_int(one, "eresult") == 1;
	}
	json_decref(judge);
	json_decref(redeems);
	return g;
}

static void free_ledger(struct ledger *g)
{
	free(g->messages);
	free(g->packets);
	free(g->redeemed);
}

static bool is_done(const struct load *l, unsigned i)
{
	struct ledger g = read_ledger(l);
	bool done = kind_of(i) == LOAD_ONCE ? g.messages[i] > 0 : g.redeemed[i] > 0;
	free_ledger(&g);
	return done;
}

static void resolve(const struct load *l, unsigned i)
{
	char path[128];

	snprintf(path, sizeof(path), "/v1/jobs/%s/tasks", l->jobs[i].id);
	json_t *tasks = rig_expect(l->rig, 200, "GET", path, NULL);
	snprintf(path, sizeof(path), "/v1/tasks/%s/resolve",
		json_str(json_array_get(json_object_get(tasks, "items"), 0), "id"));
	json_decref(tasks);
	json_decref(rig_expect(l->rig, 200, "POST", path,
		is_done(l, i) ? "{\"outcome\":\"done\",\"evidence\":\"the ledger\"}"
			      : "{\"outcome\":\"not_done\",\"evidence\":\"the ledger\"}"));
}

/* How the job ended; "" when it is not there. Waits for the end. */
static void await_end(struct load *l, unsigned i, long long began, struct load_verdict *v, char ret[static 32])
{
	char path[96];

	snprintf(path, sizeof(path), "/v1/jobs/%s", l->jobs[i].id);
	for (;;) {
		struct rig_answer a = rig_call(l->rig, "GET", path, NULL, NULL);
		bool over = *json_str(a.body, "finishedAt") || a.status == 404;
		bool asks = json_int(a.body, "summary.needsAttention") > 0;
		snprintf(ret, 32, "%s", json_str(a.body, "status"));
		if (!over && now_ms() - began > OVER_MAX_MS) {
			fprintf(stderr, "job %u is stuck: %s\n", i, a.text ? a.text : "");
			exit(1);
		}
		rig_answer_done(&a);
		if (over)
			return;
		if (asks) {
			v->attention++;
			resolve(l, i);
		} else {
			rig_sleep_ms(20);
		}
	}
}

static void judge_one(const struct ledger *g, unsigned i, const char *status, struct load_verdict *v)
{
	unsigned seen = kind_of(i) == LOAD_ONCE ? g->messages[i] : g->redeemed[i];
	bool done = !strcmp(status, "succeeded");

	v->lost += !*status;
	v->failed += *status && !done;
	if (kind_of(i) != LOAD_ONCE && kind_of(i) != LOAD_GUARDED)
		return;
	v->doubled += seen > 1;
	if (*status && done != (seen > 0)) {
		fprintf(stderr, "job %u is %s and Steam saw it %u times (%u packets)\n", i, status, seen,
			g->packets[i]);
		exit(1);
	}
}

struct load_verdict load_judge(struct load *l)
{
	struct load_verdict v = { 0 };
	long long began = now_ms();
	char(*status)[32] = calloc(l->acked + 1, sizeof(*status));

	for (unsigned i = 0; i < l->acked; i++)
		await_end(l, i, began, &v, status[i]);
	v.wait_ms = now_ms() - began;
	struct ledger g = read_ledger(l);
	for (unsigned i = 0; i < l->acked; i++)
		judge_one(&g, i, status[i], &v);
	v.doubled += g.after;
	free_ledger(&g);
	free(status);
	printf("%u jobs: %u lost, %u doubled, %u failed, %u were asked of a person; over %lld ms after the last "
	       "fault\n",
		l->acked, v.lost, v.doubled, v.failed, v.attention, v.wait_ms);
	fflush(stdout);
	return v;
}

void load_done(struct load *l)
{
	free(l->jobs);
	l->jobs = NULL;
}
