#include "control/http/system.h"
#include "base/metric.h"
#include "contract/queue.h"
#include "control/control.h"
#include "control/http/openapi.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/pool.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define DISK_LOW_BYTES   (64ll << 20)
#define DATABASE_SLOW_US 1000000
#define WRITER_BUSY      4096 /* writes that wait: more is not ready for more */

static enum rc livez(struct call *c, void *ret_out)
{
	(void)ret_out;
	/* This was asked on the loop and is answered there: that it is answered is the proof. */
	buf_str(c->body, "{\"status\":\"ok\"}");
	return RC_OK;
}

/* One row of readyz: a name, whether it is well, and a number that says how well. */
struct check {
	const char *name, *unit;
	bool ok, slow; /* slow: it is well, but not as it should be */
	int64_t value;
	const char *why; /* it is not well; NULL: nothing to add */
};

/* It can be read, now; and it was written to, at the last commit: the scan alone writes twice a second. */
static struct check check_database(struct call *c)
{
	static const struct store_query ask = { .sql = "SELECT value FROM meta WHERE name = 'epoch'" };
	auto_rows struct store_rows *r = NULL;
	uint64_t began = clock_mono_us();
	enum rc rc = store_one(c->tx.db, &ask, STORE_NO_ARGS, &r, c->tx.fault);
	int64_t took = (int64_t)(clock_mono_us() - began);

	if (rc == RC_OK)
		rc = (enum rc)atomic_load(&c->tx.control->written);
	bool slow = rc == RC_OVERLOADED || (rc == RC_OK && took > DATABASE_SLOW_US);
	return (struct check){ .name = "database",
		.unit = "latencyUs",
		.ok = rc == RC_OK || slow,
		.value = took,
		.slow = slow,
		.why = slow          ? "slow"
		       : rc == RC_OK ? NULL
				     : rc_code(rc) };
}

static struct check check_disk(const struct control *c)
{
	struct statvfs s;
	bool ok = statvfs(c->conf->data_dir, &s) == 0;
	int64_t room = ok ? (int64_t)(s.f_bavail * s.f_frsize) : 0;
	return (struct check){ .name = "disk",
		.unit = "freeBytes",
		.ok = ok && room > DISK_LOW_BYTES && access(c->conf->data_dir, W_OK) == 0,
		.value = room };
}

static size_t gather(struct call *c, struct check ret[static 4])
{
	struct control *control = c->tx.control;
	size_t waiting = pool_waiting(control->writer);

	ret[0] = check_database(c);
	ret[1] = check_disk(control);
	ret[2] = (struct check){
		.name = "writer", .unit = "waiting", .ok = waiting < WRITER_BUSY, .value = (int64_t)waiting
	};
	ret[3] = (struct check){ .name = "draining",
		.unit = "requests",
		.ok = !atomic_load(&control->draining),
		.value = atomic_load(&control->inflight) };
	return 4;
}

static const char *status_of(bool ok, bool slow) { return !ok ? "down" : slow ? "degraded" : "ok"; }

static enum rc readyz(struct call *c, void *ret_out)
{
	struct check all[4];
	size_t n = gather(c, all);
	bool ok = true, slow = false;
	(void)ret_out;

	for (size_t i = 0; i < n; i++) {
		ok = ok && all[i].ok;
		slow = slow || all[i].slow;
	}
	buf_fmt(c->body, "{\"status\":\"%s\",\"checks\":{", status_of(ok, slow));
	for (size_t i = 0; i < n; i++) {
		const struct check *k = &all[i];
		buf_fmt(c->body, "%s\"%s\":{\"status\":\"%s\",\"%s\":%" PRId64, i ? "," : "", k->name,
			status_of(k->ok, k->slow), k->unit, k->value);
		if (k->why)
			buf_fmt(c->body, ",\"reason\":\"%s\"", k->why);
		buf_u8(c->body, '}');
	}
	buf_str(c->body, "}}");
	c->status = ok ? 200 : 503;
	return RC_OK;
}

static int64_t resident_bytes(void)
{
	char text[128] = "", *at = text;
	FILE *f = fopen("/proc/self/statm", "re");
	bool ok = f && fgets(text, sizeof(text), f);

	if (f)
		fclose(f);
	strtol(at, &at, 10); /* the first number is the whole address space */
	return ok ? strtol(at, NULL, 10) * sysconf(_SC_PAGESIZE) : 0;
}

static enum rc active_jobs(struct call *c, int64_t *ret)
{
	static const struct store_query count = {
		.sql = "SELECT COUNT(*) FROM jobs WHERE status IN ('queued', 'running')"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(c->tx.db, &count, STORE_NO_ARGS, &r, c->tx.fault);
	if (rc == RC_OK)
		*ret = store_col_int(r, 0);
	return rc;
}

static enum rc health(struct call *c, void *ret_out)
{
	struct check all[4];
	int64_t active = 0;
	(void)ret_out;

	gather(c, all);
	enum rc rc = active_jobs(c, &active);
	bool ok = rc == RC_OK && all[0].ok && all[1].ok;
	buf_fmt(c->body,
		"{\"status\":\"%s\",\"services\":{\"database\":\"%s\",\"filesystem\":\"%s\"},\"metrics\":{"
		"\"uptime\":%" PRId64 ",\"memory\":{\"used\":%" PRId64 "},\"activeJobs\":%" PRId64 "}}",
		ok ? "ok" : "degraded", all[0].ok && rc == RC_OK ? "connected" : "disconnected",
		all[1].ok ? "writable" : "readonly", (c->tx.now_ms - c->tx.control->started_ms) / 1000,
		resident_bytes(), active);
	return RC_OK;
}

static enum rc metrics(struct call *c, void *ret_out)
{
	struct control *control = c->tx.control;
	(void)ret_out;

	metric_set(control->metrics, METRIC_BUILD_INFO, FOOTPLATE_VERSION, 1);
	metric_set(control->metrics, METRIC_LOOP_STALL, NULL, (int64_t)loop_stall_us(control->loop));
	metric_write(control->metrics, c->body);
	return RC_OK;
}

static enum rc version(struct call *c, void *ret_out)
{
	(void)ret_out;
	buf_fmt(c->body,
		"{\"name\":\"footplate\",\"version\":\"%s\",\"api\":\"v1\",\"store\":\"%s\",\"queue\":\"%s\"}",
		FOOTPLATE_VERSION, c->tx.control->store->impl->name, c->tx.control->queue->impl->name);
	return RC_OK;
}

static enum rc openapi(struct call *c, void *ret_out)
{
	(void)ret_out;
	openapi_write(c->tx.control->routes, c->body);
	return RC_OK;
}

#define JSON .flags = ROUTE_RAW, .out_type = "application/json"

const struct route system_routes[] = {
	{ .name = "livez",
		.method = "GET",
		.path = "/livez",
		JSON,
		.run = livez,
		.doc = "200 while the process answers." },
	{ .name = "readyz",
		.method = "GET",
		.path = "/readyz",
		JSON,
		.run = readyz,
		.doc = "200 when work can be taken (status ok, or degraded when it is slow), else 503, with each "
		       "check." },
	{ .name = "health",
		.method = "GET",
		.path = "/v1/health",
		JSON,
		.run = health,
		.doc = "A summary for people and dashboards." },
	{ .name = "metrics",
		.method = "GET",
		.path = "/metrics",
		.scope = SCOPE_METRICS_READ,
		.flags = ROUTE_RAW,
		.out_type = "text/plain; version=0.0.4; charset=utf-8",
		.run = metrics,
		.doc = "Metrics for Prometheus." },
	{ .name = "version",
		.method = "GET",
		.path = "/v1/version",
		JSON,
		.run = version,
		.doc = "What runs here." },
	{ .name = "openapi",
		.method = "GET",
		.path = "/v1/openapi.json",
		JSON,
		.run = openapi,
		.doc = "This API as OpenAPI 3.1." },
	{ 0 },
};
