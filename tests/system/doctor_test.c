/* The doctor: everything is well beside a control plane that runs; and each thing that is broken is named, with what mends it. */
#include "tests/system/rig.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

static int doctor(const struct rig *r, const char *more)
{
	const char *port = strrchr(r->url, ':');
	return run("%s server doctor --json --data %s/data --port %s %s >%s/said 2>&1", getenv("FOOTPLATE"), r->dir,
		port ? port + 1 : "0", more, r->dir);
}

/* What it said of a check: the first that has this verdict, else the first; NULL: nothing. The caller decrefs *ret_all. */
static const json_t *said(const struct rig *r, const char *check, const char *verdict, json_t **ret_all)
{
	char path[96];
	size_t i;
	const json_t *c, *found = NULL;

	snprintf(path, sizeof(path), "%s/said", r->dir);
	*ret_all = json_load_file(path, 0, NULL);
	CHECK(*ret_all != NULL);
	json_array_foreach(json_object_get(*ret_all, "checks"), i,
		c) if (!strcmp(json_str(c, "check"), check) && (!found || !strcmp(json_str(c, "verdict"), verdict)))
		found = c;
	return found;
}

static void expect(
	const struct rig *r, const char *more, const char *check, const char *verdict, const char *detail)
{
	bool fails = !strcmp(verdict, "fail");
	json_t *all;
	int code = doctor(r, more);
	const json_t *c = said(r, check, verdict, &all);

	if (!c || strcmp(json_str(c, "verdict"), verdict) != 0 || !strstr(json_str(c, "detail"), detail)) {
		json_dumpf(all, stderr, JSON_INDENT(1));
		fprintf(stderr, "\n%s is not %s with \"%s\"\n", check, verdict, detail);
		exit(1);
	}
	CHECK(!fails || *json_str(c, "mend"));
	CHECK(code == (json_int(all, "failed") > 0) && (!fails || code == 1));
	json_decref(all);
}

static void well(struct rig *r)
{
	static const char *const checks[] = { "config", "folder", "secret", "disk", "sync", "database", "writes",
		"schema", "clock", "master key", "agents", "queue", "tls", "port", "files", "journal" };
	json_t *all;

	CHECK(doctor(r, "") == 0);
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		bool there = said(r, checks[i], "ok", &all) != NULL;
		if (!there)
			fprintf(stderr, "%s was not looked at\n", checks[i]);
		CHECK(there);
		json_decref(all);
	}
	expect(r, "", "port", "ok", "a control plane answers 200");
	expect(r, "", "agents", "ok", "1 enrolled, 1 connected");
	CHECK(run("%s server doctor --data %s/data --port %s | grep -q '^ok   *database '", getenv("FOOTPLATE"),
		      r->dir, strrchr(r->url, ':') + 1) == 0);
}

static void make_cert(const struct rig *r, const char *name, int days)
{
	CHECK(run("cd %s && openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=%s "
		  "-keyout %s.key -out "
		  "%s.csr 2>/dev/null && openssl x509 -req -in %s.csr -signkey %s.key -days %d -out %s.pem "
		  "2>/dev/null && chmod 600 "
		  "%s.key",
		      r->dir, name, name, name, name, name, days, name, name) == 0);
}

static void tls(struct rig *r)
{
	char more[400];

	make_cert(r, "new", 90);
	make_cert(r, "soon", 3);
	make_cert(r, "late", -1);
	snprintf(more, sizeof(more), "--set server.tls_cert=%s/new.pem --set server.tls_key=%s/new.key", r->dir,
		r->dir);
	expect(r, more, "tls", "ok", "is good until");
	snprintf(more, sizeof(more), "--set server.tls_cert=%s/soon.pem --set server.tls_key=%s/soon.key", r->dir,
		r->dir);
	expect(r, more, "tls", "warn", "is good until");
	snprintf(more, sizeof(more), "--set server.tls_cert=%s/late.pem --set server.tls_key=%s/late.key", r->dir,
		r->dir);
	expect(r, more, "tls", "fail", "is good until");
	snprintf(more, sizeof(more), "--set server.tls_cert=%s/new.pem --set server.tls_key=%s/soon.key", r->dir,
		r->dir);
	expect(r, more, "tls", "fail", "cannot be used");
}

static void broken(struct rig *r)
{
	char dir[80];

	snprintf(dir, sizeof(dir), "%s/data", r->dir);
	expect(r, "", "port", "ok", "is free");
	expect(r, "", "agents", "warn", "1 enrolled, 0 connected");
	CHECK(run("chmod 644 %s/master.key", dir) == 0);
	expect(r, "", "secret", "fail", "mode 644");
	CHECK(run("chmod 600 %s/master.key && mv %s/master.key %s/kept && (umask 077; head -c 32 /dev/urandom "
		  ">%s/master.key)",
		      dir, dir, dir, dir) == 0);
	expect(r, "", "master key", "fail", "another master key");
	CHECK(run("rm %s/master.key", dir) == 0);
	expect(r, "", "master key", "fail", "is not there");
	CHECK(run("test ! -e %s/master.key && mv %s/kept %s/master.key && chmod 755 %s", dir, dir, dir, dir) ==
		0); /* it made none */
	expect(r, "", "folder", "warn", "mode 755");
	CHECK(run("chmod 700 %s", dir) == 0);
	CHECK(run("ulimit -n 100; %s server doctor --data %s/data | grep -q '^FAIL *files'", getenv("FOOTPLATE"),
		      r->dir) == 0);
	expect(r, "--set queue.url=nats://127.0.0.1:1", "queue", "warn", "does not answer");
	CHECK(run("sqlite3 %s/footplate.db \"INSERT INTO migrations VALUES (999, 'x', 'x', 1)\"", dir) == 0);
	expect(r, "", "schema", "fail", "999");
	CHECK(run("sqlite3 %s/footplate.db 'DELETE FROM migrations WHERE number >= (SELECT MAX(number) FROM "
		  "migrations WHERE number < 999)'",
		      dir) == 0);
	expect(r, "", "schema", "warn", "this program");
	CHECK(run("sqlite3 %s/footplate.db 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null && head -c 5000 "
		  "%s/footplate.db >%s/cut && rm -f "
		  "%s/footplate.db* && mv %s/cut %s/footplate.db && chmod 600 %s/footplate.db",
		      dir, dir, dir, dir, dir, dir, dir) == 0);
	expect(r, "", "database", "fail", "");
	CHECK(doctor(r, "--set engine.lease=1") == 2);
}

/* Someone else has the port. */
static void taken(struct rig *r)
{
	char real[128];
	snprintf(real, sizeof(real), "%s", r->url);
	snprintf(r->url, sizeof(r->url), "%s", r->sim_url);
	expect(r, "", "port", "fail", "something else answers");
	snprintf(r->url, sizeof(r->url), "%s", real);
}

int main(void)
{
	struct rig r;

	rig_init(&r);
	rig_sim(&r, "change 1\n", NULL);
	rig_serve(&r, NULL);
	rig_await_agents(&r, 1);
	well(&r);
	taken(&r);
	rig_stop(&r.server, SIGTERM);
	tls(&r);
	broken(&r);
	rig_done(&r);
	return 0;
}
