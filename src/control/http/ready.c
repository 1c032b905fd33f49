#include "control/http/ready.h"
#include "contract/queue.h"
#include "control/control.h"
#include "io/clock.h"
#include "io/pool.h"

#include <inttypes.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define DISK_LOW_BYTES   (64ll << 20)
#define DATABASE_SLOW_US 1000000
#define WRITER_BUSY      4096 /* writes that wait: more is not ready for more */
#define SKEW_MAX_MS      1000

/* It can be read, now; and it was written to, at the last commit: the scan alone writes twice a second. */
static struct ready_check database(struct call *c)
{
	static const struct store_query ask = { .sql = "SELECT value FROM meta WHERE name = 'epoch'" };
	auto_rows struct store_rows *r = NULL;
	uint64_t began = clock_mono_us();
	enum rc rc = store_one(c->tx.db, &ask, STORE_NO_ARGS, &r, c->tx.fault);
	int64_t took = (int64_t)(clock_mono_us() - began);

	if (rc == RC_OK)
		rc = (enum rc)atomic_load(&c->tx.control->written);
	bool slow = rc == RC_OVERLOADED || (rc == RC_OK && took > DATABASE_SLOW_US);
	return (struct ready_check){ .name = "database",
		.unit = "latencyMs",
		.ok = rc == RC_OK || slow,
		.value = took,
		.thousandth = true,
		.slow = slow,
		.why = slow          ? "slow"
		       : rc == RC_OK ? NULL
				     : rc_code(rc) };
}

static struct ready_check disk(const struct control *c)
{
	struct statvfs s;
	bool there = statvfs(c->conf->data_dir, &s) == 0;
	int64_t room = there ? (int64_t)(s.f_bavail * s.f_frsize) : 0;
	bool writable = there && access(c->conf->data_dir, W_OK) == 0;

	return (struct ready_check){ .name = "disk",
		.unit = "freeBytes",
		.ok = writable && room > DISK_LOW_BYTES,
		.value = room,
		.why = !writable               ? "not_writable"
		       : room > DISK_LOW_BYTES ? NULL
					       : "full" };
}

/* A question with one number; -1 when there is no answer. */
static int64_t number(struct call *c, const struct store_query *q)
{
	auto_rows struct store_rows *r = NULL;
	struct fault f = { 0 };
	bool row = false;
	enum rc rc = store_run(c->tx.db, q, STORE_ARGS(store_int(c->tx.now_ms)), &r, &f);

	if (rc == RC_OK)
		rc = store_next(r, &row, &f);
	return rc == RC_OK && row ? store_col_int(r, 0) : -1;
}

/* Only a database elsewhere has another clock. */
static struct ready_check clocks(struct call *c)
{
	static const struct store_query now = { .sql = "SELECT $1",
		.sql_pg = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) + 0 * $1" };
	bool far = strcmp(c->tx.db->impl->name, "sqlite") != 0;
	int64_t there = far ? number(c, &now) : -1, skew = there < 0 ? 0 : there - clock_wall_ms();
	bool off = skew > SKEW_MAX_MS || skew < -SKEW_MAX_MS;

	return (struct ready_check){ .name = "clock",
		.unit = "skewMs",
		.ok = true,
		.slow = off,
		.value = skew,
		.why = off ? "skewed" : NULL };
}

static struct ready_check keys(struct call *c)
{
	static const struct store_query count = {
		.sql = "SELECT COUNT(*) FROM api_keys WHERE revoked_at = 0 AND (expires_at = 0 OR expires_at > $1)"
	};
	int64_t n = number(c, &count);
	return (struct ready_check){ .name = "keys",
		.unit = "usable",
		.ok = true,
		.slow = n == 0,
		.value = n < 0 ? 0 : n,
		.why = n == 0 ? "nobody_can_call" : NULL };
}

static struct ready_check agents(struct call *c)
{
	static const struct store_query up = {
		.sql = "SELECT COUNT(*) FROM agents WHERE state = 'connected' AND $1 > 0"
	};
	static const struct store_query all = {
		.sql = "SELECT COUNT(*) FROM agents WHERE state <> 'revoked' AND $1 > 0"
	};
	int64_t n = number(c, &up), of = number(c, &all);
	bool none = n == 0 && of > 0;
	return (struct ready_check){ .name = "agents",
		.unit = "connected",
		.ok = true,
		.slow = none,
		.value = n < 0 ? 0 : n,
		.why = none ? "none_connected" : NULL };
}

void ready_look(struct call *c, struct ready_check ret[static READY_CHECKS])
{
	struct control *control = c->tx.control;
	int64_t waiting = (int64_t)pool_waiting(control->writer);
	bool up = queue_is_up(control->queue), draining = atomic_load(&control->draining);

	ret[READY_DATABASE] = database(c);
	ret[READY_DISK] = disk(control);
	ret[READY_WRITER] = (struct ready_check){
		.name = "writer", .unit = "waiting", .ok = waiting < WRITER_BUSY, .value = waiting
	};
	ret[READY_QUEUE] = (struct ready_check){ .name = "queue",
		.unit = "connected",
		.ok = true,
		.slow = !up,
		.value = up,
		.why = up ? NULL : "away" };
	ret[READY_CLOCK] = clocks(c);
	ret[READY_KEYS] = keys(c);
	ret[READY_AGENTS] = agents(c);
	ret[READY_DRAINING] = (struct ready_check){
		.name = "draining", .unit = "requests", .ok = !draining, .value = atomic_load(&control->inflight)
	};
}

static const char *status_of(bool ok, bool slow) { return !ok ? "down" : slow ? "degraded" : "ok"; }

static bool is_listed(const char *list, const char *name)
{
	for (const char *at = list; at && *at; at += strcspn(at, ",") + (at[strcspn(at, ",")] == ','))
		if (strcspn(at, ",") == strlen(name) && !strncmp(at, name, strlen(name)))
			return true;
	return false;
}

static void put(struct buf *to, const struct ready_check *k)
{
	buf_fmt(to, "\"%s\":{\"status\":\"%s\",\"%s\":", k->name, status_of(k->ok, k->slow), k->unit);
	if (k->thousandth)
		buf_fmt(to, "%" PRId64 ".%03" PRId64, k->value / 1000, k->value % 1000);
	else
		buf_fmt(to, "%" PRId64, k->value);
	if (k->why)
		buf_fmt(to, ",\"reason\":\"%s\"", k->why);
	buf_u8(to, '}');
}

bool ready_write(const struct ready_check all[static READY_CHECKS], const char *exclude, struct buf *to)
{
	bool ok = true, slow = false, first = true;

	for (size_t i = 0; i < READY_CHECKS; i++) {
		bool counts = !is_listed(exclude, all[i].name);
		ok = ok && (all[i].ok || !counts);
		slow = slow || (all[i].slow && counts);
	}
	buf_fmt(to, "{\"status\":\"%s\",\"checks\":{", status_of(ok, slow));
	for (size_t i = 0; i < READY_CHECKS; i++) {
		if (is_listed(exclude, all[i].name))
			continue;
		buf_str(to, first ? "" : ",");
		put(to, &all[i]);
		first = false;
	}
	buf_str(to, "}}");
	return ok;
}
