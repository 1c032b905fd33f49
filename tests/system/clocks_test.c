/*
 * Clocks that are set and programs that stand still, under load: the wall clock jumps an hour forth and back, the control plane and an
 * agent are stopped for CLOCKS_STOP_S. Nothing is lost or done twice, and it goes on by itself. Time runs CLOCKS_WARP times faster.
 */
#include "tests/system/load.h"

#include <signal.h>

static unsigned env_unsigned(const char *name, unsigned def)
{
	const char *s = getenv(name);
	return s ? (unsigned)strtoul(s, NULL, 10) : def;
}

static const char *const serve_args[] = { "--no-agent", "--log-level", "warn", "--set", "engine.lease_ms=12000",
	"--set", "engine.heartbeat_ms=2000", "--set", "lanes.unsafe=true", "--set", LOAD_LANES, NULL };
static const char *const agent_args[] = { "--log-level", "warn", "--set", "lanes.unsafe=true", "--set", LOAD_LANES,
	NULL };

static void stand_still(const pid_t *pid, unsigned true_ms)
{
	CHECK(kill(*pid, SIGSTOP) == 0);
	rig_sleep_ms(true_ms);
	CHECK(kill(*pid, SIGCONT) == 0);
}

int main(void)
{
	unsigned warp = env_unsigned("CLOCKS_WARP", 6), stop_ms = env_unsigned("CLOCKS_STOP_S", 10) * 1000 / warp;
	struct rig r;
	struct load l;

	rig_init(&r);
	rig_warp(&r, warp);
	load_sim(&r, NULL);
	rig_serve(&r, serve_args);
	json_t *region = rig_expect(&r, 201, "POST", "/v1/regions", "{\"name\":\"here\"}");
	for (unsigned i = 0; i < 2; i++)
		rig_agent(&r, i, json_str(region, "id"), agent_args);
	json_decref(region);
	rig_await_agents(&r, 2);
	load_init(&l, &r);
	load_start(&l);
	rig_sleep_ms(500);
	rig_set_clock(&r, 3600);
	rig_sleep_ms(800);
	rig_set_clock(&r, -3600);
	rig_sleep_ms(800);
	stand_still(&r.server, stop_ms);
	rig_sleep_ms(500);
	stand_still(&r.agents[0], stop_ms);
	rig_sleep_ms(500);
	load_stop(&l);
	struct load_verdict v = load_judge(&l);
	CHECK(v.lost == 0 && v.doubled == 0);
	load_done(&l);
	rig_check_events(&r);
	rig_done(&r);
	return 0;
}
