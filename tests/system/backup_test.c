/*
 * Backups: made under load, checked, put back. After a restore to a time before effects were had, nothing is done twice: what was
 * queued then and has been done since waits for a person; an agent that remembers more than the database is known as such, and what
 * it remembers is kept. On SQLite, and on PostgreSQL (as rows).
 */
#include "tests/system/client.h"
#include "tests/system/pg.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOADERS 3

/* Runs a line of the shell; its exit code. */
static int run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int run(const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	int status = system(line);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int backup(const struct rig *r, const char *words, const char *more)
{
	return run("%s server backup %s %s >>%s/backup.log 2>&1", getenv("FOOTPLATE"), words, more, r->dir);
}

static int backup_of(const struct rig *r, const char *verb, const char *flag, const char *folder, const char *data)
{
	char words[256], more[256];
	snprintf(words, sizeof(words), "%s %s %s/%s", verb, flag, r->dir, folder);
	snprintf(more, sizeof(more), "--data %s/%s", r->dir, data);
	return backup(r, words, more);
}

static json_t *manifest_of(const struct rig *r, const char *folder)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s/manifest.json", r->dir, folder);
	json_t *j = json_load_file(path, 0, NULL);
	CHECK(j != NULL);
	return j;
}

static int64_t rows_of(const json_t *manifest, const char *table)
{
	size_t i;
	const json_t *t;
	json_array_foreach(json_object_get(manifest, "tables"), i,
		t) if (!strcmp(json_str(t, "name"), table)) return json_int(t, "rows");
	return -1;
}

/* ---- load ---- */

static _Atomic bool loading;
static atomic_uint acked;

static void *submit(void *arg)
{
	const struct rig *r = arg;
	char header[64];

	for (int i = 0; atomic_load(&loading); i++) {
		snprintf(header, sizeof(header), "Idempotency-Key: %lx-%d", (unsigned long)pthread_self(), i);
		struct rig_answer a = rig_call(r, "POST", "/v1/jobs", header,
			"{\"action\":\"pics.changes\",\"payload\":{\"since\":24483200}}");
		CHECK(a.status == 201);
		atomic_fetch_add(&acked, 1);
		rig_answer_done(&a);
	}
	return NULL;
}

static void under_load(struct rig *r)
{
	pthread_t threads[LOADERS];

	atomic_store(&loading, true);
	for (int i = 0; i < LOADERS; i++)
		CHECK(pthread_create(&threads[i], NULL, submit, r) == 0);
	while (atomic_load(&acked) < 30)
		rig_sleep_ms(5);
	for (int i = 0; i < 3; i++) {
		char folder[32];
		snprintf(folder, sizeof(folder), "busy-%d", i);
		unsigned before = atomic_load(&acked);
		CHECK(backup_of(r, "create", "--to", folder, "data") == 0);
		CHECK(backup_of(r, "verify", "--from", folder, "data") == 0);
		json_t *m = manifest_of(r, folder);
		CHECK(rows_of(m, "jobs") >= before); /* what was acknowledged before is in it */
		json_decref(m);
		while (atomic_load(&acked) < before + 5) /* and the load goes on */
			rig_sleep_ms(5);
	}
	atomic_store(&loading, false);
	for (int i = 0; i < LOADERS; i++)
		pthread_join(threads[i], NULL);
}

/* ---- what verify sees ---- */

static void damaged(struct rig *r)
{
	CHECK(backup_of(r, "create", "--to", "busy-0", "data") == 1); /* the folder is not empty */
	CHECK(run("cp -r %s/busy-0 %s/flipped && printf '\\377' | dd of=%s/flipped/footplate.db bs=1 seek=70000 "
		  "conv=notrunc "
		  "2>/dev/null",
		      r->dir, r->dir, r->dir) == 0);
	CHECK(backup_of(r, "verify", "--from", "flipped", "data") == 1);
	/* A database that is in itself wrong, with a manifest that fits its bytes. */
	CHECK(run("cd %s && cp -r busy-0 wrong && cd wrong && sqlite3 footplate.db 'UPDATE jobs SET queued = "
		  "queued + 1 WHERE id = "
		  "(SELECT MIN(id) FROM jobs)' && sed -i "
		  "\"s/\\\"sha256\\\":\\\"[0-9a-f]*\\\"/\\\"sha256\\\":\\\"$(sha256sum "
		  "footplate.db | cut -c1-64)\\\"/; s/\\\"bytes\\\":[0-9]*/\\\"bytes\\\":$(stat -c %%s "
		  "footplate.db)/\" manifest.json",
		      r->dir) == 0);
	CHECK(backup_of(r, "verify", "--from", "wrong", "data") == 1);
	CHECK(run("grep -q 'jobs count other tasks than they have: 1' %s/backup.log", r->dir) == 0);
	CHECK(backup_of(r, "restore", "--from", "busy-0", "data") == 1); /* one is there, and lives */
	CHECK(run("grep -q master %s/busy-0/manifest.json && ! grep -rqF \"$(cat %s/data/admin.key)\" %s/busy-0",
		      r->dir, r->dir, r->dir) == 0);
}

/* ---- a restore ---- */

static size_t messages(const struct client *c)
{
	json_t *p = rig_sim_get(&c->rig, "/sim/person/guarded");
	size_t n = json_array_size(json_object_get(p, "messages"));
	json_decref(p);
	return n;
}

static char *post(struct client *c, const char *body)
{
	json_t *j = rig_post_job(&c->rig, body);
	char *id = strdup(json_str(j, "id"));
	json_decref(j);
	return id;
}

static char *post_message(struct client *c, const char *key)
{
	char body[300];
	snprintf(body, sizeof(body),
		"{\"action\":\"friends.message\",\"targets\":[\"%s\"],\"payload\":{\"steamId\":\"%s\",\"text\":\"%"
		"s\","
		"\"dedupeKey\":\"%s\"}}",
		client_known(c, "plain.id"), client_known(c, "guarded"), key, key);
	return post(c, body);
}

/* Waits until the job's only task is in this state; the task. */
static json_t *await_task(const struct client *c, const char *job_id, const char *status)
{
	char path[160];

	snprintf(path, sizeof(path), "/v1/jobs/%s/tasks", job_id);
	for (int i = 0; i < 1500; i++) {
		json_t *all = rig_expect(&c->rig, 200, "GET", path, NULL);
		json_t *t = json_incref(json_array_get(json_object_get(all, "items"), 0));
		json_decref(all);
		if (!strcmp(json_str(t, "status"), status))
			return t;
		if (i == 1499)
			json_dumpf(t, stderr, JSON_INDENT(1));
		json_decref(t);
		rig_sleep_ms(20);
	}
	fprintf(stderr, "%s did not become %s\n", job_id, status);
	exit(1);
}

static void is_in(const struct client *c, const char *job_id, const char *status)
{
	json_decref(await_task(c, job_id, status));
}

static void await_lost_result(const struct client *c, const char *job_task)
{
	for (int i = 0; i < 1500; i++) {
		json_t *all = rig_expect(&c->rig, 200, "GET", "/v1/lost-results", NULL);
		size_t k;
		const json_t *one;
		bool there = false;
		json_array_foreach(json_object_get(all, "items"), k, one) there |=
			!strcmp(json_str(one, "taskId"), job_task) &&
			!strcmp(json_str(one, "outcome"), "succeeded") && json_int(one, "attempt") == 1;
		json_decref(all);
		if (there)
			return;
		rig_sleep_ms(20);
	}
	CHECK_NEVER("the agent's result of the lost time was not kept");
}

static void await_held(const struct client *c)
{
	char path[128];

	snprintf(path, sizeof(path), "/v1/accounts/%s/session", client_known(c, "plain.id"));
	for (int i = 0; i < 1500; i++) {
		json_t *s = rig_expect(&c->rig, 200, "GET", path, NULL);
		bool held = json_is_true(json_object_get(json_object_get(s, "lease"), "held")) &&
			    json_int(s, "lease.epoch") > 1000000 && json_int(s, "observedGeneration") > 0;
		json_decref(s);
		if (held)
			return;
		rig_sleep_ms(20);
	}
	CHECK_NEVER("the account is nobody's");
}

static void serve(struct client *c, const char *data)
{
	char dir[96];
	snprintf(dir, sizeof(dir), "%s/%s", c->rig.dir, data);
	rig_serve(&c->rig, (const char *const[]){ "--no-agent", "--log-level", "warn", "--data", dir, NULL });
}

/* Steam answers late from now on. */
static void slow_down(const struct rig *r)
{
	struct http_answer a = { 0 };
	struct fault f = { 0 };
	char url[200];

	snprintf(url, sizeof(url), "%s/sim/faults", r->sim_url);
	CHECK(http_call(&(struct http_ask){ .method = "POST",
				.url = url,
				.body = "product_info@*:latency=1500",
				.body_n = 27,
				.deadline_ms = 10000 },
		      &a, &f) == RC_OK &&
		a.status / 100 == 2);
	http_answer_done(&a);
}

static void time_is_lost(struct client *c)
{
	static const struct step up[] = { ACCOUNT("plain", NULL), SECRET("plain", "password", "plain-pass"),
		WANT("plain", "online"), STATE("plain", "online", NULL) };
	struct rig *r = &c->rig;

	client_play(c, up, sizeof(up) / sizeof(*up));
	char *said = post_message(c, "before");
	is_in(c, said, "succeeded");
	rig_stop(&r->agents[0], SIGTERM);
	/* With no agent all of these wait. */
	char *once = post_message(c, "queued"),
	     *read = post(c, "{\"action\":\"pics.changes\",\"payload\":{\"since\":24483200}}");
	CHECK(backup_of(r, "create", "--to", "then", "data") == 0);
	/* The time that will be lost: the message is sent, another is made and sent, a task is under way at the end. */
	rig_agent(r, 0, NULL, (const char *const[]){ "--log-level", "warn", NULL });
	is_in(c, once, "succeeded");
	is_in(c, read, "succeeded");
	char *later = post_message(c, "later");
	is_in(c, later, "succeeded");
	CHECK(messages(c) == 3);
	slow_down(r);
	char *under_way = post(c, "{\"action\":\"pics.product_info\",\"payload\":{\"apps\":[440]}}");
	json_t *t = await_task(c, under_way, "running");
	char *lost_task = strdup(json_str(t, "id"));
	json_decref(t);
	rig_stop(&r->server, SIGKILL);

	CHECK(backup_of(r, "restore", "--from", "then", "data2") == 0);
	CHECK(backup_of(r, "restore", "--from", "then", "data2") == 1);
	CHECK(run("cp -p %s/data/master.key %s/data2/", r->dir, r->dir) == 0);
	CHECK(backup_of(r, "create", "--to", "again", "data2") == 0);
	json_t *was = manifest_of(r, "then"), *is = manifest_of(r, "again");
	CHECK(rows_of(is, "meta") == rows_of(was, "meta") + 1); /* the mark */
	static const char *const tables[] = { "jobs", "tasks", "events", "audit", "accounts", "agents", "attempts",
		"api_keys" };
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		CHECK(rows_of(was, tables[i]) > 0 && rows_of(is, tables[i]) == rows_of(was, tables[i]));

	serve(c, "data2");
	char cursor[64];
	snprintf(cursor, sizeof(cursor), "/v1/jobs/%s", later);
	json_decref(rig_expect(r, 404, "GET", cursor, NULL));
	is_in(c, read, "succeeded"); /* it may be done again, and is: the agent has come back */
	t = await_task(c, once, "needs_attention");
	CHECK_STR(json_str(t, "error.code"), "restored");
	CHECK(json_int(t, "attempt") >= 1000);
	json_decref(t);
	await_lost_result(c, lost_task);
	await_held(c);           /* under an epoch that nobody has from the lost time */
	CHECK(messages(c) == 3); /* and not four */
	/* A person looks, and says so. */
	json_t *now = await_task(c, once, "needs_attention");
	char path[160];
	snprintf(path, sizeof(path), "/v1/tasks/%s/resolve", json_str(now, "id"));
	json_decref(
		rig_expect(r, 200, "POST", path, "{\"outcome\":\"done\",\"evidence\":\"it stands in the chat\"}"));
	is_in(c, once, "succeeded");
	CHECK(messages(c) == 3);
	json_decref(now);
	CHECK(backup_of(r, "create", "--to", "healed", "data2") == 0 &&
		backup_of(r, "verify", "--from", "healed", "data2") == 0);
	json_t *healed = manifest_of(r, "healed");
	CHECK(strcmp(json_str(healed, "eventEpoch"), json_str(was, "eventEpoch")) != 0);
	json_decref(healed);
	json_decref(was);
	json_decref(is);
	free(said), free(once), free(read), free(later), free(under_way), free(lost_task);
}

/* ---- PostgreSQL ---- */

static void on_postgresql(void)
{
	struct pg pg = { 0 };
	struct rig r;
	char other[200];

	pg_start(&pg, NULL);
	rig_init(&r);
	setenv("DATABASE_URL", pg.url, 1);
	rig_serve(&r, (const char *const[]){ "--no-agent", "--log-level", "warn", NULL });
	for (int i = 0; i < 20; i++)
		json_decref(rig_post_job(&r, "{\"action\":\"pics.changes\",\"payload\":{\"since\":1}}"));
	CHECK(backup_of(&r, "create", "--to", "one", "data") == 0);
	CHECK(backup_of(&r, "verify", "--from", "one", "data") == 0);
	json_t *m = manifest_of(&r, "one");
	CHECK_STR(json_str(m, "engine"), "postgresql");
	CHECK(rows_of(m, "jobs") == 20 && rows_of(m, "tasks") == 20);
	json_decref(m);
	CHECK(backup_of(&r, "restore", "--from", "one", "data") == 1); /* it has tables */
	rig_stop(&r.server, SIGTERM);
	CHECK(run("sed -i '0,/\"queued\"/s//\"running\"/' %s/one/rows.jsonl", r.dir) == 0);
	CHECK(backup_of(&r, "verify", "--from", "one", "data") == 1);
	CHECK(run("sed -i '0,/\"running\"/s//\"queued\"/' %s/one/rows.jsonl", r.dir) == 0);
	/* Into another schema of the same server: for the program it is another database. */
	CHECK(run("psql -q '%s' -c 'CREATE DATABASE other'", pg.url) == 0);
	const char *name = strstr(pg.url, "/postgres?");
	CHECK(name != NULL);
	snprintf(other, sizeof(other), "%.*s/other?%s", (int)(name - pg.url), pg.url, name + strlen("/postgres?"));
	setenv("DATABASE_URL", other, 1);
	CHECK(backup_of(&r, "restore", "--from", "one", "data") == 0);
	rig_serve(&r, (const char *const[]){ "--no-agent", "--log-level", "warn", NULL });
	json_t *jobs = rig_expect(&r, 200, "GET", "/v1/jobs?limit=100", NULL);
	CHECK(json_array_size(json_object_get(jobs, "items")) == 20);
	json_decref(jobs);
	json_decref(
		rig_post_job(&r, "{\"action\":\"pics.changes\",\"payload\":{\"since\":1}}")); /* positions go on */
	rig_done(&r);
	unsetenv("DATABASE_URL");
	pg_done(&pg);
}

int main(void)
{
	struct client c;
	json_t *actions = json_object();

	client_start(&c, "tests/conformance/people.world", "websocket", 1);
	under_load(&c.rig);
	damaged(&c.rig);
	time_is_lost(&c);
	client_stop(&c, actions);
	json_decref(actions);
	on_postgresql();
	return 0;
}
