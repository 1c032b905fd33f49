#include "proof/world.h"
#include "agent/agent.h"
#include "base/metric.h"
#include "control/control.h"
#include "control/life.h"
#include "driver/kek/ring_file.h"
#include "driver/queue/embedded.h"
#include "driver/store/sqlite.h"
#include "io/logger.h"
#include "io/loop.h"
#include "io/web.h"
#include "model/lane.h"
#include "proof/check.h"
#include "proof/desk.h"
#include "proof/disk.h"
#include "proof/net.h"
#include "proof/steam.h"
#include "proof/vfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA    "/data"
#define BACK_US (SIM_SECOND) /* a supervisor starts again what ended by itself */

struct world world;

/* What a control plane's process holds besides struct control. */
struct serve {
	struct control control;
	struct control_conf conf;
	struct web_limits limits;
	struct lane_kind lanes[LANE_COUNT];
	struct log log;
};

static struct log log_here(void) { return logger_over(2, sim.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR, false); }

static void on_back(void *a, uint64_t b)
{
	struct machine *m = a;
	if (!m->up && m->life == b)
		machine_start(m);
}

static void on_exit_now(void *a, uint64_t b)
{
	struct machine *m = a;
	if (!m->up || m->life != b)
		return;
	machine_stop(m, false);
	sim_in(BACK_US, on_back, m, m->life);
}

/* The process ends by itself; not before its fiber has come to rest. */
static void quit(struct machine *m, const char *why)
{
	sim_say("%s ends: %s", m->name, why);
	sim_in(0, on_exit_now, m, m->life);
}

static const struct webhooks_conf webhooks = {
	.plan = "0,5,30", .allow_private = "", .ports = "", .timeout_ms = 10000, .parallel = 1, .keep_ms = 3600000
};

/* Nothing is fetched in these histories: the folder is never made. */
static const struct artifacts_conf artifacts = {
	.dir = DATA "/artifacts", .high_percent = 90, .low_percent = 85, .grace_s = 300
};

static void boot_control(struct machine *m)
{
	struct serve *s = calloc(1, sizeof(*s));
	struct fault f = { 0 };
	struct control *c = &s->control;

	s->log = log_here();
	memcpy(s->lanes, lane_kinds, sizeof(s->lanes));
	enum rc rc = lane_override(s->lanes, "friends=200/3/500,store.web=150/3/500", true, &f);
	s->conf = (struct control_conf){ .data_dir = DATA,
		.node = "cp:" DATA,
		.host = "cp",
		.port = 80,
		.lease_ms = 6000,
		.heartbeat_ms = 2000,
		.idempotency_ms = 3600000,
		.event_keep = 1000000,
		.limits = &s->limits,
		.webhooks = &webhooks,
		.artifacts = &artifacts,
		.lanes = s->lanes };
	s->limits =
		(struct web_limits){ .stream_bytes = 1 << 20, .socket_bytes = 16 << 20, .message_bytes = 2 << 20 };
	c->conf = &s->conf;
	c->log = &s->log;
	c->metrics = metric_new();
	if (rc == RC_OK)
		rc = sqlite_open(WORLD_DB, &c->store, &f);
	if (rc == RC_OK)
		rc = embedded_queue_new(&c->queue);
	if (rc == RC_OK)
		rc = ring_file_open(
			&(struct ring_file_conf){ .path = DATA "/master.key", .make = true }, &c->kek, &f);
	if (rc == RC_OK)
		rc = loop_new(&s->log, &c->loop, &f);
	if (rc == RC_OK)
		rc = life_start(c, &f);
	if (rc != RC_OK) {
		quit(m, f.text);
		return;
	}
	m->of = s;
	loop_run(c->loop);
}

static void boot_agent(struct machine *m)
{
	size_t number = (size_t)(m - world.agents);
	static struct log log;
	struct hush token = { 0 };
	struct fault f = { 0 };
	struct agent *agent = NULL;

	log = log_here();
	if (!disk_find(m->disk, "/agent/identity.json") &&
		hush_set(&token, world.tokens[number], strlen(world.tokens[number])) != RC_OK)
		abort();
	const struct agent_conf conf = { .server_url = "http://cp",
		.token = token.n ? &token : NULL,
		.data_dir = "/agent",
		.version = "sim",
		.tasks = 4,
		.log = &log };
	enum rc rc = agent_start(&conf, &agent, &f);
	hush_done(&token);
	if (rc != RC_OK) {
		quit(m, f.text);
		return;
	}
	m->of = agent;
}

bool world_is_served(void) { return world.control.up && world.control.of; }

static void boot_nothing(struct machine *m) { (void)m; }
static void on_fall(struct machine *m)
{
	(void)m;
	check_close();
}

bool world_make(void)
{
	static const char *const names[WORLD_AGENTS] = { "agent1", "agent2", "agent3" };

	sim.now_us = sim.began_us = 1700000000ull * SIM_SECOND;
	vfs_register();
	machine_init(&world.control, "cp", boot_control);
	world.control.falls = on_fall;
	net_machine(&world.control);
	for (int i = 0; i < WORLD_AGENTS; i++) {
		machine_init(&world.agents[i], names[i], boot_agent);
		net_machine(&world.agents[i]);
	}
	machine_init(&world.desk, "desk", boot_nothing);
	net_machine(&world.desk);
	steam_init();
	machine_start(&world.control);
	machine_start(&world.desk);
	desk_prepare();
	sim_run(sim.now_us + 30 * SIM_SECOND);
	if (!desk_is_prepared())
		sim_break("the machines did not come up");
	sim.over = false;
	return !*sim.broken;
}
