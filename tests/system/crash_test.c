/*
 * kill -9 of the control plane and of the agent at 200 random points while 1,000 jobs are submitted and run: no acknowledged job is
 * lost, no finished task runs again, none is stuck, and Steam (the simulator's ledger) is asked no more often than attempts were
 * made. All are real processes.
 */
#include "tests/system/rig.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_APP 100000

static int env_int(const char *name, int def)
{
	const char *s = getenv(name);
	return s ? atoi(s) : def;
}

struct work {
	struct rig *rig;
	int jobs;
	char (*ids)[64]; /* of the acknowledged jobs */
	_Atomic int acked;
	_Atomic bool done;
	pthread_rwlock_t url; /* the server's address is written by a restart */
};

static void *submit(void *arg)
{
	struct work *w = arg;
	char header[64], body[160];

	for (int i = 0; i < w->jobs; i++) {
		snprintf(header, sizeof(header), "Idempotency-Key: crash-%d", i);
		snprintf(body, sizeof(body),
			"{\"action\":\"pics.product_info\",\"payload\":{\"apps\":[%d]},\"maxAttempts\":20}",
			FIRST_APP + i);
		for (int status = 0; status != 201;) {
			pthread_rwlock_rdlock(&w->url);
			struct rig_answer a = rig_call(w->rig, "POST", "/v1/jobs", header, body);
			pthread_rwlock_unlock(&w->url);
			status = a.status;
			if (status == 201)
				snprintf(w->ids[i], sizeof(w->ids[i]), "%s", json_str(a.body, "id"));
			else if (status != -1 && status != 409 && status != 503) {
				fprintf(stderr, "job %d: %d %s\n", i, status, a.text);
				exit(1);
			}
			rig_answer_done(&a);
			if (status != 201)
				rig_sleep_ms(5);
		}
		atomic_fetch_add(&w->acked, 1);
	}
	atomic_store(&w->done, true);
	return NULL;
}

static void start_sim(struct rig *r)
{
	char world[96], ready[96], tls[96];

	snprintf(world, sizeof(world), "%s/world", r->dir);
	snprintf(ready, sizeof(ready), "%s/sim.ready", r->dir);
	snprintf(tls, sizeof(tls), "%s/tls", r->dir);
	FILE *f = fopen(world, "w");
	CHECK(f &&
		fprintf(f, "change 5000\ngenerate apps=%d-%d seed=7 min=2000 max=6000\n", FIRST_APP,
			FIRST_APP + 2000) > 0 &&
		fclose(f) == 0);
	const char *argv[] = { getenv("STEAMSIM"), "--port", "0", "--plain-port", "0", "--tls-dir", tls, "--world",
		world, "--ready-file", ready, "--fault", "product_info@*:latency=15", "--log-level", "warn", NULL };
	CHECK(argv[0] != NULL);
	r->sim = rig_spawn(r, "sim", argv);
	char *text = rig_await_file(r, "sim.ready", r->sim);
	char tls_url[100];
	CHECK(sscanf(text, "ready %99s ca=%127s plain=%127s", tls_url, r->sim_ca, r->sim_url) == 3);
	free(text);
	char set[300];
	snprintf(set, sizeof(set), "%s/ISteamDirectory/GetCMListForConnect/v1/", tls_url);
	setenv("FOOTPLATE_STEAM__DIRECTORY_URL", set, 1);
	setenv("FOOTPLATE_STEAM__CA_FILE", r->sim_ca, 1);
	setenv("FOOTPLATE_LANES__UNSAFE", "true", 1);
	setenv("FOOTPLATE_LANES__LIMITS", "cm.connect=0,cm.login=0", 1);
}

static const char *const serve_args[] = { "--no-agent", "--log-level", "warn", "--set", "engine.lease_ms=3000",
	"--set", "engine.heartbeat_ms=500", NULL };

static void start_agent(struct rig *r)
{
	char data[96], token[96];
	snprintf(data, sizeof(data), "%s/agentdata", r->dir);
	snprintf(token, sizeof(token), "%s/token", r->dir);
	const char *argv[] = { getenv("FOOTPLATE"), "agent", "run", "--server", r->url, "--data", data,
		"--token-file", token, "--log-level", "warn", NULL };
	r->agent = rig_spawn(r, "agent", argv);
}

static void enrol(struct rig *r)
{
	char path[96], body[96];
	json_t *region = rig_expect(r, 201, "POST", "/v1/regions", "{\"name\":\"here\"}");
	snprintf(body, sizeof(body), "{\"regionId\":\"%s\"}", json_str(region, "id"));
	json_t *token = rig_expect(r, 201, "POST", "/v1/agents/enrollments", body);
	snprintf(path, sizeof(path), "%s/token", r->dir);
	FILE *f = fopen(path, "w");
	CHECK(f && fchmod(fileno(f), 0600) == 0 && fputs(json_str(token, "token"), f) >= 0 && fclose(f) == 0);
	json_decref(token);
	json_decref(region);
	start_agent(r);
	for (int i = 0; i < 500; i++) {
		json_t *agents = rig_expect(r, 200, "GET", "/v1/agents", NULL);
		bool up = json_is_true(
			json_object_get(json_array_get(json_object_get(agents, "items"), 0), "connected"));
		json_decref(agents);
		if (up)
			return;
		rig_sleep_ms(20);
	}
	fprintf(stderr, "the agent did not connect\n");
	exit(1);
}

static void kill_around(struct work *w, int kills)
{
	struct rig *r = w->rig;
	for (int i = 0; i < kills; i++) {
		rig_sleep_ms(rig_random(120));
		if (rig_random(2)) {
			pthread_rwlock_wrlock(&w->url);
			rig_stop(&r->server, SIGKILL);
			rig_serve(r, serve_args);
			pthread_rwlock_unlock(&w->url);
		} else {
			rig_stop(&r->agent, SIGKILL);
			start_agent(r);
		}
	}
}

/* Every acknowledged job is there, and over, within a minute of the last kill. */
static void all_over(const struct rig *r, const struct work *w)
{
	char path[96];
	for (int i = 0, waited = 0; i < w->jobs; i++) {
		snprintf(path, sizeof(path), "/v1/jobs/%s", w->ids[i]);
		for (;;) {
			json_t *job = rig_expect(r, 200, "GET", path, NULL);
			bool ok = !strcmp(json_str(job, "status"), "succeeded");
			bool over = *json_str(job, "finishedAt");
			if (over && !ok) {
				char *text = json_dumps(job, 0);
				fprintf(stderr, "a job did not succeed: %s\n", text);
				exit(1);
			}
			json_decref(job);
			if (ok)
				break;
			CHECK(waited++ < 3000); /* a minute: stuck */
			rig_sleep_ms(20);
		}
	}
	json_t *list = rig_expect(r, 200, "GET", "/v1/jobs?status=queued", NULL);
	CHECK(json_array_size(json_object_get(list, "items")) == 0);
	json_decref(list);
}

/* From the event log: nothing is leased or started after it has ended, each job is made once. */
static void nothing_again(const struct rig *r, int jobs)
{
	char path[160] = "/v1/events?limit=500&type=task.*,job.created";
	json_t *ended = json_object();
	int created = 0, succeeded = 0;

	for (;;) {
		json_t *page = rig_expect(r, 200, "GET", path, NULL), *e;
		size_t i, n = json_array_size(json_object_get(page, "items"));
		json_array_foreach(json_object_get(page, "items"), i, e)
		{
			const char *type = json_str(e, "type"), *task = json_str(e, "taskId");
			created += !strcmp(type, "job.created");
			if (*task && json_object_get(ended, task)) {
				fprintf(stderr, "%s of %s after its end\n", type, task);
				exit(1);
			}
			if (!strcmp(type, "task.succeeded")) {
				succeeded++;
				json_object_set_new(ended, task, json_true());
			}
		}
		snprintf(path, sizeof(path), "/v1/events?limit=500&type=task.*,job.created&after=%s",
			json_str(page, "nextCursor"));
		json_decref(page);
		if (n == 0)
			break;
	}
	CHECK(created == jobs && succeeded == jobs);
	json_decref(ended);
}

/* What Steam saw: an app was asked for at least once, and not more often than its task was given out. */
static void ledger_agrees(const struct rig *r, const struct work *w)
{
	struct http_answer a = { 0 };
	struct fault f = { 0 };
	char url[200], path[96], app[16];
	int repeats = 0;

	snprintf(url, sizeof(url), "%s/sim/ledger", r->sim_url);
	CHECK(http_call(&(struct http_ask){ .url = url, .deadline_ms = 30000 }, &a, &f) == RC_OK &&
		a.status == 200);
	json_t *ledger = json_loadb((char *)a.body.p, a.body.n, 0, NULL);
	CHECK(ledger != NULL);
	for (int i = 0; i < w->jobs; i++) {
		snprintf(app, sizeof(app), "%d", FIRST_APP + i);
		int64_t asked = json_int(json_object_get(json_object_get(ledger, "apps"), app), "full");
		snprintf(path, sizeof(path), "/v1/jobs/%s/tasks", w->ids[i]);
		json_t *tasks = rig_expect(r, 200, "GET", path, NULL);
		int64_t attempts = json_int(json_array_get(json_object_get(tasks, "items"), 0), "attempt");
		CHECK(json_array_size(json_object_get(tasks, "items")) == 1);
		if (asked < 1 || asked > attempts) {
			fprintf(stderr, "app %s was asked for %lld times in %lld attempts\n", app, (long long)asked,
				(long long)attempts);
			exit(1);
		}
		repeats += attempts > 1;
		json_decref(tasks);
	}
	printf("%d jobs, %d of them with more than one attempt\n", w->jobs, repeats);
	json_decref(ledger);
	http_answer_done(&a);
}

int main(void)
{
	struct rig r;
	struct work w = { .rig = &r, .jobs = env_int("CRASH_JOBS", 1000), .url = PTHREAD_RWLOCK_INITIALIZER };
	pthread_t thread;

	rig_init(&r);
	w.ids = calloc((size_t)w.jobs, sizeof(*w.ids));
	start_sim(&r);
	rig_serve(&r, serve_args);
	enrol(&r);
	CHECK(pthread_create(&thread, NULL, submit, &w) == 0);
	kill_around(&w, env_int("CRASH_KILLS", 200));
	pthread_join(thread, NULL);
	all_over(&r, &w);
	nothing_again(&r, w.jobs);
	ledger_agrees(&r, &w);
	free(w.ids);
	rig_check_events(&r);
	rig_done(&r);
	return 0;
}
