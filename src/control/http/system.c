#include "control/http/system.h"
#include "base/metric.h"
#include "contract/queue.h"
#include "control/control.h"
#include "control/http/openapi.h"
#include "control/http/ready.h"
#include "control/http/scrape.h"
#include "io/loop.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/sysinfo.h>
#include <unistd.h>

static enum rc livez(struct call *c, void *ret_out)
{
	(void)ret_out;
	/* This was asked on the loop and is answered there: that it is answered is the proof. */
	buf_str(c->body, "{\"status\":\"ok\"}");
	return RC_OK;
}

struct ready_query {
	const char *exclude;
};
static const struct field ready_query_fields[] = {
	{ .name = "exclude",
		.type = FIELD_STR,
		FIELD_AT(struct ready_query, exclude),
		.max = 200,
		.doc = "Names of checks that do not count, parted by commas: agents, clock, database, disk, "
		       "draining, keys, "
		       "queue, writer." },
	{ 0 },
};

static enum rc readyz(struct call *c, void *ret_out)
{
	const struct ready_query *q = c->query;
	struct ready_check all[READY_CHECKS];
	(void)ret_out;

	ready_look(c, all);
	c->status = ready_write(all, q->exclude, c->body) ? 200 : 503;
	return RC_OK;
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
	struct ready_check all[READY_CHECKS];
	struct sysinfo machine = { 0 };
	int64_t active = 0;
	(void)ret_out;

	ready_look(c, all);
	sysinfo(&machine);
	enum rc rc = active_jobs(c, &active);
	bool database = rc == RC_OK && all[READY_DATABASE].ok, disk = all[READY_DISK].ok;
	buf_fmt(c->body,
		"{\"status\":\"%s\",\"services\":{\"database\":\"%s\",\"steam\":\"%s\",\"filesystem\":\"%s\"},"
		"\"metrics\":{"
		"\"uptime\":%" PRId64 ",\"memory\":{\"used\":%" PRId64 ",\"total\":%" PRIu64
		"},\"activeJobs\":%" PRId64 "}}",
		database && disk ? "ok" : "degraded", database ? "connected" : "disconnected",
		all[READY_AGENTS].value > 0 ? "ready" : "unavailable", disk ? "writable" : "readonly",
		(c->tx.now_ms - c->tx.control->started_ms) / 1000, scrape_memory(),
		(uint64_t)machine.totalram * machine.mem_unit, active);
	return RC_OK;
}

static enum rc metrics(struct call *c, void *ret_out)
{
	struct control *control = c->tx.control;
	(void)ret_out;

	metric_set(control->metrics, METRIC_BUILD_INFO, FOOTPLATE_VERSION, 1);
	metric_set(control->metrics, METRIC_LOOP_STALL, NULL, (int64_t)loop_stall_us(control->loop));
	scrape_process(control);
	if (scrape_rows(&c->tx) != RC_OK) /* what was counted before is still told */
		*c->tx.fault = (struct fault){ 0 };
	if (c->accept && strstr(c->accept, "application/openmetrics-text")) {
		c->out_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
		metric_write_open(control->metrics, c->body);
	} else {
		metric_write(control->metrics, c->body);
	}
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
		.reach = REACH_OPEN,
		.flags = ROUTE_RAW | ROUTE_LOOP,
		.out_type = "application/json",
		.run = livez,
		.doc = "200 while the process answers." },
	{ .name = "readyz",
		.method = "GET",
		.path = "/readyz",
		.reach = REACH_OPEN,
		JSON,
		.query = ready_query_fields,
		.query_size = sizeof(struct ready_query),
		.run = readyz,
		.doc = "200 when work can be taken (status ok, or degraded when it is slow), else 503, with each "
		       "check." },
	{ .name = "health",
		.method = "GET",
		.path = "/v1/health",
		.reach = REACH_OPEN,
		JSON,
		.run = health,
		.doc = "A summary for people and dashboards." },
	{ .name = "metrics",
		.method = "GET",
		.path = "/metrics",
		.reach = REACH_PLATFORM,
		.scope = SCOPE_METRICS_READ,
		.flags = ROUTE_RAW,
		.out_type = "text/plain; version=0.0.4; charset=utf-8",
		.run = metrics,
		.doc = "Metrics for Prometheus; as OpenMetrics when Accept asks for it." },
	{ .name = "version",
		.method = "GET",
		.path = "/v1/version",
		.reach = REACH_OPEN,
		JSON,
		.run = version,
		.doc = "What runs here." },
	{ .name = "openapi",
		.method = "GET",
		.path = "/v1/openapi.json",
		.reach = REACH_OPEN,
		JSON,
		.run = openapi,
		.doc = "This API as OpenAPI 3.1." },
	{ 0 },
};
