#include "main/serve.h"
#include "base/metric.h"
#include "control/life.h"
#include "io/file.h"
#include "io/locked.h"
#include "io/logger.h"
#include "io/loop.h"
#include "io/web.h"
#include "main/conf_people.h"
#include "main/drivers.h"
#include "main/inner_agent.h"
#include "main/service.h"
#include "main/traces.h"
#include "wire/json.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define DRAIN_MS 10000 /* what is in flight at a stop gets this long */

/* Everything of one run. */
struct serve {
	struct conf conf;
	struct control_conf control_conf;
	struct web_limits limits;
	struct webhooks_conf webhooks;
	struct audit_conf audit;
	struct artifacts_conf artifacts;
	char artifacts_dir[4300];
	struct log log;
	struct control control;
	struct agent *agent;
	struct service *service;
	int argc;
	char **argv;
	struct tracing *tracing;
	struct loop_job drain;
	struct loop_timer *wait;
	uint64_t stop_by_ms;
	char node[4400]; /* control_conf.node */
};

/* After the data folder was made. */
static void name_node(struct serve *s)
{
	char machine[256] = "", path[4096];

	gethostname(machine, sizeof(machine) - 1);
	snprintf(s->node, sizeof(s->node), "%s:%s", machine,
		realpath(s->conf.data.dir, path) ? path : s->conf.data.dir);
}

static void fill_control_conf(struct serve *s)
{
	const struct conf *c = &s->conf;
	s->control_conf = (struct control_conf){
		.node = s->node,
		.data_dir = c->data.dir,
		.host = c->server.host,
		.port = (uint16_t)c->server.port,
		.tls_cert = c->server.tls_cert,
		.tls_key = c->server.tls_key,
		.trusted_proxies = c->server.trusted_proxies,
		.proxies_standard = c->server.proxy_header == 1,
		.auth_failures = c->server.auth_failures,
		.cors_origins = c->server.cors_origins,
		.agent_certs = (enum control_certs)c->server.agent_certs,
		.agent_cert_hours = c->server.agent_cert_hours,
		.listener = service_listener(),
		.lease_ms = c->engine.lease_ms,
		.updates_tick_ms = c->updates.tick_ms,
		.download_slots = c->downloads.slots,
		.updates_sweep_ms = c->updates.sweep_s * 1000,
		.heartbeat_ms = c->engine.heartbeat_ms,
		.idempotency_ms = c->engine.idempotency_hours * 3600000,
		.event_keep = c->engine.events_keep,
		.event_keep_ms = (int64_t)c->engine.events_keep_hours * 3600000,
		.jobs_keep_ms = (int64_t)c->engine.jobs_keep_days * 86400000,
		.limits = &s->limits,
		.webhooks = &s->webhooks,
		.audit = &s->audit,
		.artifacts = &s->artifacts,
		.lanes = c->kinds,
	};
	snprintf(s->artifacts_dir, sizeof(s->artifacts_dir), "%s%s",
		c->downloads.dir ? c->downloads.dir : c->data.dir, c->downloads.dir ? "" : "/artifacts");
	s->artifacts = (struct artifacts_conf){ s->artifacts_dir, c->downloads.high_percent,
		c->downloads.low_percent, c->downloads.grace_s, (uint64_t)c->downloads.max_mib << 20 };
	service_webhooks(c, &s->webhooks);
	service_audit(c, &s->audit);
	service_limits(c, &s->limits);
}

static void url_of(const struct serve *s, char *to, size_t n)
{
	bool wide = strchr(s->conf.server.host, ':') != NULL;
	const char *host = !strcmp(s->conf.server.host, "0.0.0.0") ? "127.0.0.1" : s->conf.server.host;
	snprintf(to, n, "%s://%s%s%s:%u", s->conf.server.tls_cert ? "https" : "http", wide ? "[" : "", host,
		wide ? "]" : "", web_server_port(s->control.server));
}

static enum rc write_ready(const struct serve *s, const char *path, struct fault *f)
{
	struct buf b = { 0 };
	char url[300], key[4200];

	url_of(s, url, sizeof(url));
	snprintf(key, sizeof(key), "%s/admin.key", s->conf.data.dir);
	buf_str(&b, "{\"url\":");
	json_put_str(&b, url);
	buf_str(&b, ",\"keyFile\":");
	json_put_str(&b, key);
	buf_str(&b, "}\n");
	enum rc rc = file_write(path, b.p, b.n, 0644, f);
	buf_done(&b);
	return rc;
}

/* Waits until what is in flight has its answer and connections are closed, but not for ever. */
static void on_wait(void *ctx)
{
	struct serve *s = ctx;
	uint64_t now = loop_now_ms(s->control.loop);
	bool idle = atomic_load(&s->control.inflight) == 0 && web_server_open(s->control.server) == 0;

	if (idle || now >= s->stop_by_ms)
		loop_stop(s->control.loop);
	else
		loop_timer_at(s->wait, now + 20);
}

static void on_drain(struct loop_job *job)
{
	struct serve *s = (struct serve *)(void *)((char *)job - offsetof(struct serve, drain));
	log_info(&s->log, "stopping");
	service_stopping(s->service);
	life_drain(&s->control);
	s->stop_by_ms = loop_now_ms(s->control.loop) + DRAIN_MS;
	loop_timer_at(s->wait, loop_now_ms(s->control.loop) + 20);
}

/* On the signal thread: the agent first, while the control plane still takes its last results. */
static void on_signal(void *ctx)
{
	struct serve *s = ctx;
	inner_agent_stop(take(s->agent));
	loop_post(s->control.loop, &s->drain);
}

static enum rc open_drivers(struct serve *s, struct fault *f)
{
	enum rc rc = file_mkdirs(s->conf.data.dir, 0700, f);
	name_node(s);
	if (rc == RC_OK)
		rc = drivers_open(&s->conf, &s->control, f);
	if (rc == RC_OK)
		rc = loop_new(&s->log, &s->control.loop, f);
	s->control.metrics = metric_new();
	if (rc == RC_OK && !s->control.metrics)
		rc = RC_NOMEM;
	if (rc == RC_OK)
		rc = traces_start(&s->conf, &s->log, s->control.metrics, &s->tracing, f);
	s->control.tracer = traces_tracer(s->tracing);
	return rc;
}

static enum rc start(struct serve *s, const char *ready, struct fault *f)
{
	char url[300];

	s->control.conf = &s->control_conf;
	s->control.log = &s->log;
	enum rc rc = open_drivers(s, f);
	if (rc == RC_OK)
		rc = life_start(&s->control, f);
	if (rc == RC_OK)
		rc = loop_timer_new(s->control.loop, on_wait, s, &s->wait);
	if (rc != RC_OK)
		return rc;
	url_of(s, url, sizeof(url));
	if (s->conf.agent.embedded)
		rc = inner_agent_start(&s->conf, &s->control, url, &s->agent, f);
	s->drain.run = on_drain;
	const struct service_conf how = { s->argc, s->argv, &s->conf, &s->log, &s->control, &s->control_conf,
		&s->limits, s, on_signal };
	if (rc == RC_OK)
		rc = service_new(&how, &s->service, f);
	if (rc == RC_OK && ready)
		rc = write_ready(s, ready, f);
	if (rc == RC_OK)
		service_ready(s->service, url);
	return rc;
}

static void finish(struct serve *s)
{
	service_stop(s->service);
	inner_agent_stop(take(s->agent));
	loop_timer_free(s->wait);
	life_stop(&s->control);
	service_free(s->service);
	drivers_close(&s->control);
	traces_stop(s->tracing);
	metric_free(s->control.metrics);
}

/* As configured: see kek.memory. */
static enum rc lock_memory(const struct serve *s, bool held, struct fault *f)
{
	if (s->conf.kek.memory == CONF_MEMORY_ALL)
		return locked_all(f);
	if (!held && s->conf.kek.memory == CONF_MEMORY_KEYS)
		return fault_set(f, RC_DENIED,
			"keys cannot be kept out of swap: raise the limit of locked memory (systemd: "
			"LimitMEMLOCK=, a shell: "
			"ulimit -l), or set kek.memory to try");
	if (!held)
		log_warn(&s->log, "keys may be written to swap: raise the limit of locked memory (LimitMEMLOCK=)");
	return RC_OK;
}

static enum rc run(struct serve *s, struct arena *a, bool held)
{
	struct fault f = { 0 };

	s->log = logger_over(STDERR_FILENO, (enum log_level)s->conf.log.level, s->conf.log.format == 1);
	service_begin();
	fill_control_conf(s);
	s->control_conf.people = conf_people_rules(&s->conf.people, a);
	enum rc rc = s->control_conf.people ? lock_memory(s, held, &f) : RC_NOMEM;
	if (rc == RC_OK)
		rc = start(s, conf_flag(s->argc, s->argv, "--ready-file"), &f);
	if (rc == RC_OK)
		loop_run(s->control.loop);
	else
		log_error(&s->log, "not started: %s", *f.text ? f.text : rc_title(rc));
	finish(s);
	if (rc == RC_OK)
		log_info(&s->log, "stopped");
	return rc;
}

int serve_main(int argc, char **argv)
{
	struct arena arena = { 0 };
	struct fault f = { 0 };
	struct serve *s = NULL;
	void *room = NULL;
	bool held = false;
	int left = 0;

	json_wipe_freed();
	prctl(PR_SET_DUMPABLE, 0); /* keys are in memory: no core dumps, no ptrace by the same user */
	argc--, argv++;            /* its own name */
	enum rc rc = locked_new(sizeof(*s), &room, &held, &f); /* what is derived from the root stands in it */
	s = room;
	if (rc == RC_OK)
		rc = conf_load(argc, argv, &arena, &s->conf, &left, &f);
	if (rc == RC_OK && left < argc)
		rc = fault_set(&f, RC_INVALID, "unknown word \"%.60s\"", argv[left]);
	if (rc != RC_OK) {
		fprintf(stderr, "footplate serve: %s (see footplate serve --help)\n", f.text);
		locked_free(s, sizeof(*s));
		arena_done(&arena);
		return 2;
	}
	s->argc = argc;
	s->argv = argv;
	rc = run(s, &arena, held);
	locked_free(s, sizeof(*s));
	arena_done(&arena);
	return rc == RC_OK ? 0 : 1;
}
