/*
 * A load through a bad network: between the agents and the control plane, and between the client and the control plane, chunks come
 * late, in pieces and not at all, connections break and go dead, requests come twice; the agents' bytes are damaged, too. Damaged
 * frames are refused and audited, and nothing is lost or done twice. CHAOS_SECONDS of it.
 */
#include "tests/system/chaos.h"
#include "tests/system/load.h"

#include <string.h>

static const char *const serve_args[] = { "--no-agent", "--log-level", "warn", "--set", "engine.lease_ms=12000",
	"--set", "engine.heartbeat_ms=500", "--set", "lanes.unsafe=true", "--set", LOAD_LANES, NULL };
static const char *const agent_args[] = { "--log-level", "warn", "--set", "lanes.unsafe=true", "--set", LOAD_LANES,
	NULL };

/* A while of everything, then a while of one thing at a time. */
static void storm(struct chaos *agents, struct chaos *clients, unsigned seconds)
{
	static const struct chaos_knobs all = {
		.delay_ms = 60, .cut = 10, .half_open = 3, .corrupt = 10, .twice = 100
	};
	static const struct chaos_knobs each[] = { { .delay_ms = 300 }, { .throttle = 7 }, { .cut = 60 },
		{ .half_open = 20 }, { .corrupt = 40 }, { .twice = 500 } };
	const unsigned kinds = sizeof(each) / sizeof(*each), piece = seconds * 1000 / (2 * kinds);

	for (unsigned i = 0; i < 2 * kinds; i++) {
		struct chaos_knobs k = i % 2 ? all : each[i / 2];
		chaos_set(agents, &k);
		k.corrupt = 0; /* nothing on plain HTTP tells a damaged request from another one */
		chaos_set(clients, &k);
		rig_sleep_ms(piece);
	}
	chaos_set(agents, &(struct chaos_knobs){ 0 });
	chaos_set(clients, &(struct chaos_knobs){ 0 });
}

/* A look into the database: the audit has no route yet. */
static unsigned audited(const struct rig *r)
{
	return (unsigned)atoi(rig_sql(r, "SELECT COUNT(*) FROM audit WHERE action = 'agent.tunnel_refused'"));
}

int main(void)
{
	const char *seconds = getenv("CHAOS_SECONDS");
	struct rig r;
	struct load l;
	struct chaos agents, clients;
	char through[64];

	rig_init(&r);
	load_sim(&r, NULL);
	rig_serve(&r, serve_args);
	uint16_t port = (uint16_t)atoi(strrchr(r.url, ':') + 1);
	chaos_start(&agents, port, rig_random(UINT32_MAX));
	chaos_start(&clients, port, rig_random(UINT32_MAX));
	snprintf(r.agent_url, sizeof(r.agent_url), "http://127.0.0.1:%u", agents.port);
	snprintf(through, sizeof(through), "http://127.0.0.1:%u", clients.port);
	json_t *region = rig_expect(&r, 201, "POST", "/v1/regions", "{\"name\":\"here\"}");
	rig_agent(&r, 0, json_str(region, "id"), agent_args);
	rig_agent(&r, 1, json_str(region, "id"), agent_args);
	rig_await_agents(&r, 2);
	json_decref(region);
	load_init(&l, &r);
	l.through = through;
	load_start(&l);
	storm(&agents, &clients, seconds ? (unsigned)atoi(seconds) : 9);
	load_stop(&l);
	printf("%u chunks: %u connections cut, %u half open, %u bytes damaged, %u requests twice; %u breaches "
	       "audited\n",
		agents.chunks + clients.chunks, agents.cuts + clients.cuts, agents.halves + clients.halves,
		agents.corrupted, agents.twins + clients.twins, audited(&r));
	CHECK(agents.corrupted > 0 && audited(&r) > 0);
	struct load_verdict v = load_judge(&l);
	CHECK(v.lost == 0 && v.doubled == 0);
	load_done(&l);
	rig_check_events(&r);
	chaos_stop(&agents);
	chaos_stop(&clients);
	rig_done(&r);
	return 0;
}
