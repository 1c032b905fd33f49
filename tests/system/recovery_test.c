/*
 * How soon it goes on. A control plane that is killed with RECOVERY_OPEN tasks waiting is ready again; the tasks of an agent that is
 * killed run elsewhere, RECOVERY_KILLS times. What was measured is printed; that it happens at all is what is checked here.
 */
#include "tests/system/load.h"

#include <signal.h>
#include <string.h>
#include <time.h>

static unsigned env_unsigned(const char *name, unsigned def)
{
	const char *s = getenv(name);
	return s ? (unsigned)strtoul(s, NULL, 10) : def;
}

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The defaults of lease and heartbeat. */
static const char *const serve_args[] = { "--no-agent", "--log-level", "warn", "--set", "lanes.unsafe=true",
	"--set", LOAD_LANES, NULL };
static const char *const agent_args[] = { "--log-level", "warn", "--set", "agent.tasks=250", "--set",
	"lanes.unsafe=true", "--set", LOAD_LANES, NULL };

/* Many tasks of one job go in faster by SQL, as copies of the one that the API made. */
static void multiply(const struct rig *r, unsigned open)
{
	json_t *job = rig_post_job(r, "{\"action\":\"pics.product_info\",\"payload\":{\"apps\":[100000]}}");
	const char *id = json_str(job, "id");
	char sql[1200];

	snprintf(sql, sizeof(sql),
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %u) INSERT INTO tasks "
		"(id, job_id, "
		"action, status, attempt, max_attempts, not_before, region_id, tenant_id, priority, created_at, "
		"lease_until, "
		"cancel_asked, started_at, finished_at) SELECT 'tsk_' || (100000000 + i), job_id, action, status, "
		"attempt, "
		"max_attempts, not_before, region_id, tenant_id, priority, created_at, 0, 0, 0, 0 FROM tasks, n "
		"WHERE job_id = "
		"'%s'",
		open - 1, id);
	rig_sql(r, sql);
	snprintf(sql, sizeof(sql), "UPDATE jobs SET total = %u, queued = %u WHERE id = '%s'", open, open, id);
	rig_sql(r, sql);
	snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM tasks WHERE status = 'queued' AND job_id = '%s'", id);
	CHECK(atoi(rig_sql(r, sql)) == (int)open);
	json_decref(job);
}

static void ready_again(struct rig *r, unsigned open)
{
	double worst = 0;

	multiply(r, open);
	for (int i = 0; i < 3; i++) {
		rig_stop(&r->server, SIGKILL);
		double began = now_s();
		rig_serve(r, serve_args);
		struct rig_answer a = { 0 };
		while (a.status != 200) {
			rig_answer_done(&a);
			a = rig_call(r, "GET", "/readyz", NULL, NULL);
		}
		rig_answer_done(&a);
		double took = now_s() - began;
		worst = took > worst ? took : worst;
	}
	printf("ready again with %u open tasks: %.2f s at the longest of 3\n", open, worst);
	fflush(stdout);
}

/* ---- a killed agent ---- */

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

/* Which agent has the job's one task; "" none. */
static void holder(const struct rig *r, const char *job, char ret[static 64])
{
	char path[128];

	snprintf(path, sizeof(path), "/v1/jobs/%s/tasks", job);
	json_t *tasks = rig_expect(r, 200, "GET", path, NULL),
	       *t = json_array_get(json_object_get(tasks, "items"), 0);
	bool held = !strcmp(json_str(t, "status"), "leased") || !strcmp(json_str(t, "status"), "running");
	snprintf(ret, 64, "%s", held ? json_str(t, "agentId") : "");
	json_decref(tasks);
}

/* The number of the agent with this id: the names are in their folders. */
static unsigned number_of(const struct rig *r, const char *id)
{
	char path[128], text[2048];

	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/agent-%u/agent/identity.json", r->dir, i);
		FILE *f = fopen(path, "r");
		CHECK(f != NULL);
		text[fread(text, 1, sizeof(text) - 1, f)] = 0;
		fclose(f);
		if (strstr(text, id))
			return i;
	}
	CHECK_NEVER("an agent of the test");
	return 0;
}

/*
 * Seconds from the kill to the moment when another agent has the task. `silent`: nobody sees its connection end, as when a machine
 * loses its network.
 */
static double elsewhere(struct rig *r, bool silent)
{
	char was[64] = "", is[64] = "";
	json_t *job = rig_post_job(r, "{\"action\":\"pics.product_info\",\"payload\":{\"apps\":[100000]}}");
	const char *id = json_str(job, "id");

	while (!*was)
		holder(r, id, was);
	unsigned victim = number_of(r, was);
	if (silent)
		CHECK(kill(r->agents[victim], SIGSTOP) == 0);
	else
		rig_stop(&r->agents[victim], SIGKILL);
	double began = now_s();
	while (!*is || !strcmp(is, was)) {
		rig_sleep_ms(10);
		holder(r, id, is);
		CHECK(now_s() - began < 60);
	}
	double took = now_s() - began;
	json_decref(job);
	rig_stop(&r->agents[victim], SIGKILL);
	rig_agent(r, victim, NULL, agent_args);
	rig_await_agents(r, 2);
	return took;
}

static void agent_dies(struct rig *r, unsigned kills)
{
	double *took = calloc(kills + 1, sizeof(*took));

	json_t *region = rig_expect(r, 201, "POST", "/v1/regions", "{\"name\":\"here\"}");
	for (unsigned i = 0; i < 2; i++)
		rig_agent(r, i, json_str(region, "id"), agent_args);
	json_decref(region);
	rig_await_agents(r, 2);
	for (unsigned silent = 0; silent < 2; silent++) {
		for (unsigned i = 0; i < kills; i++)
			took[i] = elsewhere(r, silent);
		qsort(took, kills, sizeof(*took), by_size);
		printf("the task of an agent that %s is with another, %u times: median %.2f s, p99 %.2f s, at the "
		       "longest %.2f "
		       "s\n",
			silent ? "falls silent" : "is killed", kills, took[kills / 2],
			took[(kills * 99 + 99) / 100 - 1], took[kills - 1]);
		fflush(stdout);
	}
	free(took);
}

int main(void)
{
	struct rig r;

	rig_init(&r);
	load_sim(&r, (const char *const[]){ "--fault", "product_info@*:latency=20000", NULL });
	rig_serve(&r, serve_args);
	agent_dies(&r, env_unsigned("RECOVERY_KILLS", 1));
	for (unsigned i = 0; i < 2; i++)
		rig_stop(&r.agents[i], SIGKILL);
	ready_again(&r, env_unsigned("RECOVERY_OPEN", 20000));
	rig_done(&r);
	return 0;
}
