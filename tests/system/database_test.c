/*
 * The control plane on PostgreSQL, and what becomes of it when that dies, takes no writes, or is slow: clients are told to ask again,
 * agents say again what was not kept, and no job is lost or made twice. DATABASE_KILLS for more of it.
 */
#include "tests/system/rig.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOBS_MAX    1000 /* of each client */
#define CLIENTS     4
#define FIRST_APP   100000
#define WRITER_LOCK "7381240860176572788" /* POSTGRES_WRITER_LOCK */

static const char *const serve_args[] = { "--set", "engine.lease_ms=3000", "--set", "engine.heartbeat_ms=500",
	"--set", "agent.tasks=8", NULL };

struct load {
	struct rig *rig;
	_Atomic int clients; /* have begun: each has a number */
	_Atomic int away;    /* answers that said "ask again" */
	_Atomic int made;
	_Atomic bool stop;
};

static int env_int(const char *name, int otherwise)
{
	const char *s = getenv(name);
	return s ? atoi(s) : otherwise;
}

/* The same key until it is answered. What is not 201 must be a 503 that says when to come again, or a twin at work. */
static void *submit(void *arg)
{
	struct load *l = arg;
	int me = atomic_fetch_add(&l->clients, 1);
	char header[64], body[160];

	for (int i = 0; i < JOBS_MAX && !atomic_load(&l->stop); i++) {
		snprintf(header, sizeof(header), "Idempotency-Key: job-%d-%d", me, i);
		snprintf(body, sizeof(body),
			"{\"action\":\"pics.product_info\",\"payload\":{\"apps\":[%d]},\"maxAttempts\":20}",
			FIRST_APP + me * 1000 + i);
		for (int status = 0; status != 201;) {
			struct rig_answer a = rig_call(l->rig, "POST", "/v1/jobs", header, body);
			status = a.status;
			if (status != 201 && (status != 503 || strcmp(rig_header(&a, "retry-after"), "1") != 0) &&
				status != 409) {
				fprintf(stderr, "job %d-%d: %d %s\n", me, i, status, a.text ? a.text : "");
				exit(1);
			}
			rig_answer_done(&a);
			atomic_fetch_add(&l->away, status == 503);
			rig_sleep_ms(20);
		}
		atomic_fetch_add(&l->made, 1);
	}
	return NULL;
}

/* Waits until readyz has this status, "" or `reason` at its database. */
static void await_ready(const struct rig *r, int status, const char *reason)
{
	char was[600] = "";

	for (int i = 0; i < 3000; i++) {
		struct rig_answer a = rig_call(r, "GET", "/readyz", NULL, NULL);
		bool good = a.status == status && !strcmp(json_str(a.body, "checks.database.reason"), reason);
		snprintf(was, sizeof(was), "%d %s", a.status, a.text ? a.text : "");
		rig_answer_done(&a);
		if (good)
			return;
		rig_sleep_ms(10);
	}
	fprintf(stderr, "readyz is not %d %s: %s\n", status, reason, was);
	exit(1);
}

static void all_is_there(const struct rig *r, int jobs)
{
	char want[16];

	snprintf(want, sizeof(want), "%d", jobs);
	for (int i = 0;
		i < 6000 && strcmp(rig_sql(r, "SELECT COUNT(*) FROM jobs WHERE status = 'succeeded'"), want) != 0;
		i++)
		rig_sleep_ms(20);
	CHECK_STR(rig_sql(r, "SELECT COUNT(*) FROM jobs WHERE status = 'succeeded'"), want);
	CHECK_STR(rig_sql(r, "SELECT COUNT(*) FROM jobs"), want);
	CHECK_STR(rig_sql(r, "SELECT COUNT(DISTINCT payload) FROM jobs"), want); /* none was made twice */
	CHECK_STR(rig_sql(r, "SELECT COUNT(*) FROM events WHERE type = 'job.finished'"), want);
	CHECK_STR(rig_sql(r, "SELECT MAX(pos) - COUNT(*) FROM events"), "0"); /* no position is missing */
}

static void killed(struct rig *r)
{
	struct load l = { .rig = r };
	int kills = env_int("DATABASE_KILLS", 5);
	pthread_t threads[CLIENTS];

	for (int i = 0; i < CLIENTS; i++)
		CHECK(pthread_create(&threads[i], NULL, submit, &l) == 0);
	for (int i = 0; i < kills; i++) {
		rig_sleep_ms(rig_random(300));
		pg_kill9(&r->pg);
		await_ready(r, 503, "dependency_unavailable");
		pg_start(&r->pg, NULL);
		await_ready(r, 200, "");
	}
	atomic_store(&l.stop, true);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(threads[i], NULL);
	printf("%d kills, %d jobs: \"ask again\" was answered %d times\n", kills, atomic_load(&l.made),
		atomic_load(&l.away));
	CHECK(atomic_load(&l.away) > 0);
	all_is_there(r, atomic_load(&l.made));
}

static void refused(const struct rig *r, const char *key, const char *code)
{
	char header[64];

	snprintf(header, sizeof(header), "Idempotency-Key: %s", key);
	struct rig_answer a =
		rig_call(r, "POST", "/v1/jobs", header, "{\"action\":\"pics.changes\",\"payload\":{\"since\":1}}");
	CHECK(a.status == 503);
	CHECK_STR(json_str(a.body, "code"), code);
	CHECK_STR(rig_header(&a, "retry-after"), "1");
	rig_answer_done(&a);
}

static void read_only(struct rig *r)
{
	static const char *const standing[] = { "-c", "default_transaction_read_only=on", NULL };

	pg_stop(&r->pg);
	pg_start(&r->pg, standing);
	await_ready(r, 503, "read_only");
	refused(r, "read-only", "read_only");
	json_decref(rig_expect(r, 200, "GET", "/v1/jobs", NULL)); /* what is there can be read */
	pg_stop(&r->pg);
	pg_start(&r->pg, NULL);
	await_ready(r, 200, "");
	json_decref(rig_post_job(r, "{\"action\":\"pics.changes\",\"payload\":{\"since\":1}}"));
}

/* Another writer holds the lock for longer than anybody waits for it. */
static void slow(struct rig *r)
{
	char command[400];

	snprintf(command, sizeof(command),
		"psql -qAt '%s' -c 'SELECT pg_advisory_lock(" WRITER_LOCK "), pg_sleep(30)' >%s/holder 2>&1 &",
		r->pg.url, r->dir);
	CHECK(system(command) == 0);
	for (int i = 0; i < 500; i++) { /* it has the lock, and sleeps over it */
		if (!strcmp(rig_sql(r, "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"), "1"))
			break;
		rig_sleep_ms(10);
	}
	refused(r, "slow", "overloaded");
	await_ready(r, 200, "slow");
	rig_sql(r, "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND granted");
	await_ready(r, 200, "");
	json_decref(rig_post_job(r, "{\"action\":\"pics.changes\",\"payload\":{\"since\":1}}"));
}

/* The password is nowhere but where it was given. */
static void no_password(const struct rig *r)
{
	char command[300];

	snprintf(command, sizeof(command), "! grep -raqF -e '" PG_PASSWORD "' -e 'p%%40ss' %s /proc/%d/cmdline",
		r->dir, (int)r->server);
	CHECK(system(command) == 0);
	snprintf(command, sizeof(command), "grep -raqF 127.0.0.1:%u/postgres %s/serve.log", r->pg.port, r->dir);
	CHECK(system(command) == 0); /* where it is, is said */
}

/* Where the URL may stand: not on the command line with a password; in a file that nobody else can read. */
static void named(const struct rig *r)
{
	char path[96], command[500];

	snprintf(path, sizeof(path), "%s/url", r->dir);
	FILE *f = fopen(path, "we");
	CHECK(f && fprintf(f, "%s\n", r->pg.url) > 0 && fclose(f) == 0);
	snprintf(command, sizeof(command),
		"! DATABASE_URL= %s server check-config --set database.url=postgresql://u:s3cret@h/d >%s/said 2>&1 "
		"&& grep -q "
		"'command line' %s/said && ! grep -q s3cret %s/said",
		getenv("FOOTPLATE"), r->dir, r->dir, r->dir);
	CHECK(system(command) == 0);
	for (int i = 0; i < 2; i++) {
		CHECK(chmod(path, i ? 0600 : 0644) == 0);
		snprintf(command, sizeof(command),
			"DATABASE_URL= DATABASE_URL_FILE=%s %s server doctor --data %s/data >%s/said; grep -q '%s' "
			"%s/said",
			path, getenv("FOOTPLATE"), r->dir, r->dir,
			i ? "^ok    database   postgresql://127.0.0.1:.*whole" : "^FAIL  database", r->dir);
		CHECK(system(command) == 0);
	}
	CHECK(remove(path) == 0);
}

int main(void)
{
	struct rig r;

	setenv("FOOTPLATE_STORE", "postgres", 1);
	rig_init(&r);
	snprintf(r.pg.url, sizeof(r.pg.url), "%s", r.pg.tcp_url); /* over TCP, with a password */
	setenv("FOOTPLATE_LANES__UNSAFE", "true", 1);
	setenv("FOOTPLATE_LANES__LIMITS", "cm.connect=0,cm.login=0", 1);
	rig_sim(&r, "change 5000\ngenerate apps=100000-104000 seed=7 min=2000 max=6000\n", NULL);
	rig_serve(&r, serve_args);
	rig_await_agents(&r, 1);
	named(&r);
	killed(&r);
	read_only(&r);
	slow(&r);
	no_password(&r);
	rig_done(&r);
	return 0;
}
