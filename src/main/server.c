#include "main/server.h"
#include "base/metric.h"
#include "control/events/event_types.h"
#include "control/fleet/actions.h"
#include "control/http/openapi.h"
#include "control/http/problem.h"
#include "control/http/routes.h"
#include "io/http_call.h"
#include "main/conf.h"
#include "main/database.h"
#include "wire/field_conf.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static void put_openapi(struct buf *to)
{
	openapi_write(routes, to);
	buf_u8(to, '\n');
}

static void put_config(struct buf *to) { field_conf_document(conf_fields, to); }

static const struct {
	const char *name;
	void (*write)(struct buf *to);
} dumps[] = {
	{ "actions", actions_document },
	{ "config", put_config },
	{ "errors", problem_document },
	{ "events", event_types_document },
	{ "metrics", metric_document },
	{ "openapi", put_openapi },
};

int server_dump(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(dumps) / sizeof(*dumps); i++) {
		if (strcmp(argv[1], dumps[i].name) != 0)
			continue;
		struct buf b = { 0 };
		dumps[i].write(&b);
		size_t n = b.bad ? 0 : fwrite(b.p, 1, b.n, stdout);
		bool ok = !b.bad && n == b.n && fflush(stdout) == 0;
		buf_done(&b);
		return ok ? 0 : 1;
	}
	fputs("usage: footplate server dump actions|cli|config|errors|events|metrics|openapi\n", stderr);
	return 2;
}

/* Reads the configuration as `serve` would; 0, or 2 after saying what is wrong. */
static int load(int argc, char **argv, struct arena *a, struct conf *ret)
{
	struct fault f = { 0 };
	int left = 0;

	enum rc rc = conf_load(argc - 1, argv + 1, a, ret, &left, &f);
	if (rc == RC_OK && left < argc - 1)
		rc = fault_set(&f, RC_INVALID, "unknown word \"%.60s\"", argv[left + 1]);
	if (rc == RC_OK)
		return 0;
	fprintf(stderr, "footplate: %s\n", f.text);
	return 2;
}

int server_check_config(int argc, char **argv)
{
	struct arena arena = { 0 };
	struct conf conf;
	struct buf b = { 0 };

	int status = load(argc, argv, &arena, &conf);
	if (status == 0) {
		field_conf_print(conf_fields, &conf, &b);
		fputs(buf_text(&b), stdout);
	}
	buf_done(&b);
	arena_done(&arena);
	return status;
}

static int failures(bool ok, const char *what, const char *detail)
{
	printf("%s  %-10s %s\n", ok ? "ok  " : "FAIL", what, detail);
	return !ok;
}

static int check_folder(const struct conf *c)
{
	struct stat s;
	char text[512];

	if (stat(c->data.dir, &s) != 0) {
		snprintf(text, sizeof(text), "%.300s does not exist yet; serve makes it", c->data.dir);
		return failures(true, "folder", text);
	}
	bool ok = access(c->data.dir, R_OK | W_OK | X_OK) == 0;
	snprintf(text, sizeof(text), "%.300s is %s", c->data.dir, ok ? "writable" : "not writable for this user");
	return failures(ok, "folder", text);
}

/* A file with a secret must be its owner's alone. */
static int check_secret(const struct conf *c, const char *name)
{
	struct stat s;
	char path[4200], text[512];

	snprintf(path, sizeof(path), "%s/%s", c->data.dir, name);
	if (stat(path, &s) != 0)
		return 0;
	bool ok = (s.st_mode & 077) == 0;
	snprintf(text, sizeof(text), "%.300s has mode %03o%s", path, s.st_mode & 0777,
		ok ? "" : "; run chmod 600 on it");
	return failures(ok, "secret", text);
}

static int check_database(const struct conf *c)
{
	static const struct store_query check = { .sql = "PRAGMA quick_check",
		.sql_pg = "SELECT CASE WHEN current_setting('fsync') = 'off' THEN 'fsync is off: what was "
			  "acknowledged is lost with the power' WHEN pg_is_in_recovery() OR "
			  "current_setting('default_transaction_read_only') = 'on' THEN 'it takes no writes' ELSE "
			  "'ok' END" };
	char place[DATABASE_PLACE_MAX], path[4200], text[512];
	struct fault f = { 0 };
	auto_of(store) struct store *store = NULL;
	__attribute__((cleanup(own_store_conn_p))) struct store_conn *db = NULL;
	auto_rows struct store_rows *r = NULL;

	snprintf(path, sizeof(path), "%s/footplate.db", c->data.dir);
	if (!database_named(c) && access(path, F_OK) != 0)
		return failures(true, "database", "there is none yet; serve makes it");
	enum rc rc = database_open(c, &store, place, &f);
	if (rc != RC_OK)
		return failures(false, "database", f.text);
	rc = store_connect(store, STORE_WRITE, &db, &f);
	if (rc == RC_OK)
		rc = store_one(db, &check, STORE_NO_ARGS, &r, &f);
	const char *says = rc == RC_OK ? store_col_text(r, 0) : f.text;
	bool ok = rc == RC_OK && !strcmp(says, "ok");
	snprintf(text, sizeof(text), "%.200s: %s", place, ok ? "whole" : says);
	return failures(ok, "database", text);
}

static int check_disk(const struct conf *c)
{
	struct statvfs s;
	char text[128];

	if (statvfs(c->data.dir, &s) != 0)
		return 0;
	unsigned long long mib = (unsigned long long)s.f_bavail * s.f_frsize >> 20;
	snprintf(text, sizeof(text), "%llu MiB free", mib);
	return failures(mib > 256, "disk", text);
}

static int check_descriptors(const struct conf *c)
{
	struct rlimit l;
	char text[160];

	getrlimit(RLIMIT_NOFILE, &l);
	bool ok = l.rlim_cur > c->server.connections + 64;
	snprintf(text, sizeof(text), "%llu allowed, server.connections is %u%s", (unsigned long long)l.rlim_cur,
		c->server.connections, ok ? "" : "; raise LimitNOFILE or lower the setting");
	return failures(ok, "files", text);
}

/* Is a control plane running there, and ready? */
static int check_running(const struct conf *c)
{
	char url[300], text[400];
	struct http_answer answer = { 0 };
	struct fault f = { 0 };

	snprintf(url, sizeof(url), "%s://%s:%u/readyz", c->server.tls_cert ? "https" : "http", c->server.host,
		c->server.port);
	const struct http_ask ask = { .method = "GET", .url = url, .deadline_ms = 3000, .body_max = 65536 };
	enum rc rc = http_call(&ask, &answer, &f);
	if (rc != RC_OK)
		snprintf(text, sizeof(text), "nobody answers at %s", url);
	else
		snprintf(text, sizeof(text), "%s answers %d", url, answer.status);
	bool ok = rc != RC_OK || answer.status == 200;
	http_answer_done(&answer);
	return failures(ok, "running", text);
}

int server_doctor(int argc, char **argv)
{
	struct arena arena = { 0 };
	struct conf conf;
	int status = load(argc, argv, &arena, &conf), bad = 0;

	if (status == 0) {
		bad += failures(true, "config", "is read and understood");
		bad += check_folder(&conf);
		bad += check_secret(&conf, "master.key");
		bad += check_secret(&conf, "admin.key");
		bad += check_secret(&conf, "footplate.db");
		bad += check_database(&conf);
		bad += check_disk(&conf);
		bad += check_descriptors(&conf);
		bad += check_running(&conf);
	}
	arena_done(&arena);
	return status ? status : bad > 0;
}
