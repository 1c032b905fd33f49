#include "main/doctor_checks.h"
#include "base/when.h"
#include "contract/queue.h"
#include "control/migrate.h"
#include "io/append.h"
#include "io/clock.h"
#include "io/http_call.h"
#include "io/web.h"
#include "main/database.h"
#include "main/open_queue.h"
#include "wire/tunnel_auth.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define SYNCS         16
#define SLOW_SYNC_US  20000
#define DEAD_SYNC_US  250000
#define DISK_FAIL_MIB 256
#define DISK_WARN_MIB 1024
#define SKEW_WARN_MS  1000
#define SKEW_FAIL_MS  30000
#define EXPIRES_MS    (14ll * 86400000)
#define QUEUE_WAIT_MS 3000
#define QUEUE_STEP_MS 20
#define CLOCK_SANE_MS 1700000000000ll /* of late 2023: earlier is a machine that lost its clock */
#define PATH_LEN      4200

static bool path_in(const char *dir, const char *name, char to[static PATH_LEN])
{
	int n = snprintf(to, PATH_LEN, "%s/%s", dir, name);
	return n > 0 && n < PATH_LEN;
}

void doctor_checks_folder(struct doctor *d)
{
	const char *dir = d->conf->data.dir;
	struct stat s;

	if (stat(dir, &s) != 0)
		doctor_say(d, DOCTOR_WARN, "folder", "serve makes it, when it may", "%.300s does not exist", dir);
	else if (access(dir, R_OK | W_OK | X_OK) != 0)
		doctor_say(d, DOCTOR_FAIL, "folder",
			"chown it to the user that runs the control plane, and run this as that user",
			"%.300s is not writable for this user", dir);
	else if (s.st_mode & 077)
		doctor_say(d, DOCTOR_WARN, "folder", "chmod 700", "%.300s has mode %03o: others can look into it",
			dir, s.st_mode & 0777);
	else
		doctor_say(d, DOCTOR_OK, "folder", NULL, "%.300s is writable, and its owner's alone", dir);
}

/* A file with a secret must be its owner's alone; one that is not there is made. */
static void secret(struct doctor *d, const char *path)
{
	struct stat s;

	if (stat(path, &s) != 0)
		return;
	if (s.st_mode & 077)
		doctor_say(d, DOCTOR_FAIL, "secret", "chmod 600", "%.300s has mode %03o", path, s.st_mode & 0777);
	else if (access(path, R_OK) != 0)
		doctor_say(d, DOCTOR_FAIL, "secret", "chown it to the user that runs the control plane",
			"%.300s cannot be read by this user", path);
	else
		doctor_say(d, DOCTOR_OK, "secret", NULL, "%.300s has mode %03o", path, s.st_mode & 0777);
}

void doctor_checks_secrets(struct doctor *d)
{
	static const char *const names[] = { "master.key", "admin.key", "footplate.db", "agent/identity.json" };
	char path[PATH_LEN];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (path_in(d->conf->data.dir, names[i], path))
			secret(d, path);
	if (d->conf->data.master_key)
		secret(d, d->conf->data.master_key);
	if (d->conf->trace.headers_file)
		secret(d, d->conf->trace.headers_file);
}

/* The median of some small durable appends: each commit costs about as much. */
static uint64_t sync_us(const char *path, struct fault *f)
{
	uint64_t took[SYNCS] = { 0 };
	struct append a = { .fd = -1 };
	char block[4096] = { 1 };
	enum rc rc = append_open(path, &a, f);

	for (size_t i = 0; rc == RC_OK && i < SYNCS; i++) {
		uint64_t began = clock_mono_us(), us;
		rc = append_add(&a, block, sizeof(block), f);
		us = clock_mono_us() - began;
		size_t k = i;
		for (; k > 0 && took[k - 1] > us; k--)
			took[k] = took[k - 1];
		took[k] = us;
	}
	append_close(&a);
	unlink(path);
	return rc == RC_OK ? took[SYNCS / 2] + 1 : 0;
}

static void disk_speed(struct doctor *d)
{
	char path[PATH_LEN], name[64];
	struct fault f = { 0 };

	snprintf(name, sizeof(name), ".doctor-%d", (int)getpid());
	if (access(d->conf->data.dir, W_OK) != 0 || !path_in(d->conf->data.dir, name, path))
		return;
	uint64_t us = sync_us(path, &f);
	enum doctor_verdict v = us == 0 || us > DEAD_SYNC_US ? DOCTOR_FAIL
				: us > SLOW_SYNC_US          ? DOCTOR_WARN
							     : DOCTOR_OK;
	const char *mend =
		v == DOCTOR_OK ? NULL
			       : "put the data folder on a local disk with a write cache that survives a power cut";
	if (us == 0)
		doctor_say(d, v, "sync", mend, "%.300s", f.text);
	else
		doctor_say(d, v, "sync", mend, "4 KiB are durable after %.2f ms (median of %d)", (double)us / 1000,
			SYNCS);
}

void doctor_checks_disk(struct doctor *d)
{
	struct statvfs s;

	if (statvfs(d->conf->data.dir, &s) != 0)
		return;
	unsigned long long mib = (unsigned long long)s.f_bavail * s.f_frsize >> 20;
	enum doctor_verdict v = mib < DISK_FAIL_MIB ? DOCTOR_FAIL : mib < DISK_WARN_MIB ? DOCTOR_WARN : DOCTOR_OK;
	doctor_say(d, v, "disk", v ? "free some, or lower engine.events_keep" : NULL, "%llu MiB free", mib);
	if (s.f_favail < 1000 && s.f_files > 0)
		doctor_say(d, DOCTOR_WARN, "inodes", "remove files", "%llu inodes free",
			(unsigned long long)s.f_favail);
	disk_speed(d);
}

/* ---- the database ---- */

static bool ask(struct store_conn *db, const struct store_query *q, struct store_rows **r, struct fault *f)
{
	return store_one(db, q, STORE_NO_ARGS, r, f) == RC_OK;
}

static void database_state(struct doctor *d, struct store_conn *db, const char *place, uint64_t took_us)
{
	static const struct store_query version = { .sql = "SELECT sqlite_version()",
		.sql_pg = "SELECT current_setting('server_version')" };
	static const struct store_query check = { .sql = "PRAGMA quick_check(1)",
		.sql_pg = "SELECT CASE WHEN current_setting('fsync') = 'off' THEN 'fsync is off: what was "
			  "acknowledged is "
			  "lost with the power' ELSE 'ok' END" };
	auto_rows struct store_rows *r = NULL, *state = NULL;
	struct fault f = { 0 };

	bool known = ask(db, &version, &r, &f), whole = ask(db, &check, &state, &f);
	const char *says = whole ? store_col_text(state, 0) : f.text;
	if (whole && !strcmp(says, "ok"))
		doctor_say(d, DOCTOR_OK, "database", NULL, "%.200s: %s %.60s, whole, opened in %.1f ms", place,
			db->impl->name, known ? store_col_text(r, 0) : "?", (double)took_us / 1000);
	else
		doctor_say(d, DOCTOR_FAIL, "database", "restore a backup, or mend what it says", "%.200s: %.300s",
			place, says);
}

static void database_writes(struct doctor *d, struct store_conn *db)
{
	struct fault f = { 0 };
	enum rc rc = store_begin(db, &f);

	if (rc == RC_OK)
		store_rollback(db);
	if (rc == RC_OK || rc == RC_OVERLOADED)
		doctor_say(d, DOCTOR_OK, "writes", NULL, "it takes writes%s",
			rc == RC_OK ? "" : "; another process holds the lock for long");
	else
		doctor_say(d, DOCTOR_FAIL, "writes", "make it writable: the disk, or the server's recovery mode",
			"%.300s", f.text);
}

static void database_schema(struct doctor *d, struct store_conn *db)
{
	static const struct store_query find = { .sql = "SELECT MAX(number) FROM migrations" };
	auto_rows struct store_rows *r = NULL;
	long long known = (long long)migrate_known();
	struct fault f = { 0 };

	if (!ask(db, &find, &r, &f)) {
		doctor_say(d, DOCTOR_OK, "schema", NULL, "the database is empty; serve makes the tables");
		return;
	}
	long long there = (long long)store_col_int(r, 0);
	if (there > known)
		doctor_say(d, DOCTOR_FAIL, "schema",
			"use the program that migrated it, or a newer one, or a backup of before",
			"the database has schema %lld, this program knows %lld", there, known);
	else if (there < known)
		doctor_say(d, DOCTOR_WARN, "schema", "serve migrates it: make a backup before",
			"the database has schema %lld, this program %lld", there, known);
	else
		doctor_say(d, DOCTOR_OK, "schema", NULL, "%lld, as this program has it", there);
}

static void database_clock(struct doctor *d, struct store_conn *db)
{
	static const struct store_query now = { .sql = "SELECT CAST(strftime('%s', 'now') AS INTEGER) * 1000",
		.sql_pg = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)" };
	auto_rows struct store_rows *r = NULL;
	struct fault f = { 0 };

	if (!ask(db, &now, &r, &f))
		return;
	bool far = strcmp(db->impl->name, "sqlite") != 0;
	int64_t here = clock_wall_ms(), skew = far ? store_col_int(r, 0) - here : 0, off = skew < 0 ? -skew : skew;
	char text[WHEN_MAX];
	when_text(text, here);
	if (here < CLOCK_SANE_MS)
		doctor_say(d, DOCTOR_FAIL, "clock", "set the clock (chrony)", "it is said to be %s", text);
	else
		doctor_say(d,
			off > SKEW_FAIL_MS   ? DOCTOR_FAIL
			: off > SKEW_WARN_MS ? DOCTOR_WARN
					     : DOCTOR_OK,
			"clock", off > SKEW_WARN_MS ? "run chrony on both machines" : NULL,
			"%s; the database's differs by %lld ms", text, (long long)skew);
}

static void agents_seen(struct doctor *d, struct store_conn *db)
{
	static const struct store_query count = {
		.sql = "SELECT COUNT(*), COALESCE(SUM(CASE state WHEN 'connected' THEN 1 ELSE 0 END), 0), "
		       "COALESCE(MAX(last_seen_at), 0) FROM agents WHERE state <> 'revoked'"
	};
	auto_rows struct store_rows *r = NULL;
	struct fault f = { 0 };

	if (!ask(db, &count, &r, &f))
		return;
	long long all = (long long)store_col_int(r, 0), up = (long long)store_col_int(r, 1);
	int64_t seen = store_col_int(r, 2);
	long long ago = seen ? (long long)((clock_wall_ms() - seen) / 1000) : -1;
	doctor_say(d, all && !up ? DOCTOR_WARN : DOCTOR_OK, "agents",
		all && !up ? "start one, or look why it does not reach the control plane" : NULL,
		"%lld enrolled, %lld connected, the last was heard %lld s ago", all, up, ago);
}

void doctor_checks_database(struct doctor *d)
{
	__attribute__((cleanup(own_store_conn_p))) struct store_conn *db = NULL;
	auto_of(store) struct store *store = NULL;
	char place[DATABASE_PLACE_MAX], path[PATH_LEN];
	struct fault f = { 0 };

	if (!database_named(d->conf) &&
		(!path_in(d->conf->data.dir, "footplate.db", path) || access(path, F_OK) != 0)) {
		doctor_say(d, DOCTOR_OK, "database", NULL, "there is none yet; serve makes it");
		return;
	}
	uint64_t began = clock_mono_us();
	enum rc rc = database_open(d->conf, &store, place, &f);
	if (rc == RC_OK)
		rc = store_connect(store, STORE_WRITE, &db, &f);
	if (rc != RC_OK) {
		doctor_say(d, DOCTOR_FAIL, "database", "start it, or mend database.url", "%.400s", f.text);
		return;
	}
	database_state(d, db, place, clock_mono_us() - began);
	database_writes(d, db);
	database_schema(d, db);
	database_clock(d, db);
	doctor_keys(d, db);
	agents_seen(d, db);
}

/* ---- the rest ---- */

void doctor_checks_queue(struct doctor *d)
{
	auto_of(queue) struct queue *q = NULL;
	struct fault f = { 0 };
	enum rc rc = open_queue(d->conf, &q, &f);

	if (rc != RC_OK) {
		doctor_say(d, DOCTOR_FAIL, "queue", "mend queue.url and its files", "%.400s", f.text);
		return;
	}
	for (int i = 0; i < QUEUE_WAIT_MS / QUEUE_STEP_MS && !queue_is_up(q); i++)
		clock_sleep_ms(QUEUE_STEP_MS);
	if (queue_is_up(q))
		doctor_say(d, DOCTOR_OK, "queue", NULL, "%s", q->impl->name);
	else
		doctor_say(d, DOCTOR_WARN, "queue",
			"start it; until then the scan finds work, up to half a second later", "%s does not answer",
			q->impl->name);
}

void doctor_checks_tls(struct doctor *d)
{
	const char *cert = d->conf->server.tls_cert, *key = d->conf->server.tls_key;
	struct web_tls *t = NULL;
	struct fault f = { 0 };
	char when[WHEN_MAX];

	if (!cert) {
		bool local = !strncmp(d->conf->server.host, "127.", 4) || !strcmp(d->conf->server.host, "::1");
		doctor_say(d, local ? DOCTOR_OK : DOCTOR_WARN, "tls",
			local ? NULL : "set server.tls_cert, or put nginx in front", "none on %s",
			d->conf->server.host);
		return;
	}
	if (web_tls_new(cert, key, &t, &f) != RC_OK) {
		doctor_say(d, DOCTOR_FAIL, "tls", "give the certificate's own key, as PEM", "%.400s", f.text);
		return;
	}
	int64_t end = web_tls_expires_ms(t), left = end - clock_wall_ms();
	web_tls_free(t);
	when_text(when, end);
	doctor_say(d,
		left < 0            ? DOCTOR_FAIL
		: left < EXPIRES_MS ? DOCTOR_WARN
				    : DOCTOR_OK,
		"tls", left < EXPIRES_MS ? "renew it, and send SIGHUP" : NULL, "%.200s is good until %s", cert,
		when);
	struct stat s;
	if (stat(key, &s) == 0 && (s.st_mode & 027))
		doctor_say(
			d, DOCTOR_FAIL, "tls", "chmod 640, or 600", "%.200s has mode %03o", key, s.st_mode & 0777);
}

/* Is it us who answers there, or someone else, or nobody? */
void doctor_checks_port(struct doctor *d)
{
	const struct conf *c = d->conf;
	struct http_answer a = { 0 };
	struct fault f = { 0 };
	char url[300];

	if (!c->server.port)
		return;
	bool wide = strchr(c->server.host, ':') != NULL, any = !strcmp(c->server.host, "0.0.0.0");
	snprintf(url, sizeof(url), "%s://%s%s%s:%u/readyz", c->server.tls_cert ? "https" : "http", wide ? "[" : "",
		any ? "127.0.0.1" : c->server.host, wide ? "]" : "", c->server.port);
	const struct http_ask how = {
		.url = url, .deadline_ms = 3000, .connect_ms = 2000, .body_max = 65536, .tls_ca = c->server.tls_cert
	};
	enum rc rc = http_call(&how, &a, &f);
	bool ours = rc == RC_OK && strstr(buf_text(&a.body), "\"checks\"");
	if (rc == RC_AWAY)
		doctor_say(d, DOCTOR_OK, "port", NULL, "%u is free", c->server.port);
	else if (ours)
		doctor_say(d, a.status == 200 ? DOCTOR_OK : DOCTOR_FAIL, "port",
			a.status == 200 ? NULL : "see what /readyz says", "a control plane answers %d at %s",
			a.status, url);
	else if (rc == RC_REFUSED)
		doctor_say(d, DOCTOR_WARN, "port", "look whether it is ours",
			"%s has a certificate that is not for that name", url);
	else
		doctor_say(d, DOCTOR_FAIL, "port", "stop it, or set server.port",
			"something else answers at %s%s%.200s", url, *f.text ? ": " : "", f.text);
	http_answer_done(&a);
}

void doctor_checks_descriptors(struct doctor *d)
{
	uint32_t connections = d->conf->server.connections;
	struct rlimit l;

	getrlimit(RLIMIT_NOFILE, &l);
	bool ok = l.rlim_cur > connections + 64;
	doctor_say(d, ok ? DOCTOR_OK : DOCTOR_FAIL, "files", ok ? NULL : "raise LimitNOFILE, or lower the setting",
		"%llu open files allowed, server.connections is %u", (unsigned long long)l.rlim_cur, connections);
}

void doctor_checks_journal(struct doctor *d)
{
	char dir[PATH_LEN], path[PATH_LEN];

	if (!d->conf->agent.embedded)
		return;
	if (d->conf->agent.dir)
		snprintf(dir, sizeof(dir), "%s", d->conf->agent.dir);
	else if (!path_in(d->conf->data.dir, "agent", dir))
		return;
	if (access(dir, F_OK) != 0 || !path_in(dir, "journal", path))
		return; /* serve makes it */
	bool ok = access(dir, W_OK | X_OK) == 0 && (access(path, F_OK) != 0 || access(path, R_OK | W_OK) == 0);
	doctor_say(d, ok ? DOCTOR_OK : DOCTOR_FAIL, "journal",
		ok ? NULL : "chown the folder to the user that runs the agent", "%.300s is %swritable", path,
		ok ? "" : "not ");
}
