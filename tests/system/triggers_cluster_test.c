/*
 * Triggers of three control planes on one PostgreSQL and one NATS: one of them looks. While builds are told, some of them twice, it is killed,
 * and whoever looks next goes on: each build has one job and one delivery, never none and never two. TRIGGERS_KILLS: how often.
 */
#include "tests/system/cluster.h"
#include "tests/system/receiver.h"
#include "tests/system/triggers.h"

#include <signal.h>

#define BUILDS 6 /* before each kill */

static struct cluster c;
static struct receiver to;

static int holder(void)
{
	for (int i = 0, who; i < 3000; i++) {
		if ((who = cluster_holder(&c, "triggers")) >= 0)
			return who;
		rig_sleep_ms(10);
	}
	fprintf(stderr, "nobody looks at the triggers\n");
	exit(1);
}

static unsigned number(const char *sql) { return (unsigned)strtoul(rig_sql(&c.rig, sql), NULL, 10); }

/* In one statement: PostgreSQL's client takes its time to start. Every build is told twice. */
static void plant_builds(unsigned from, unsigned n)
{
	char sql[1500];

	snprintf(sql, sizeof(sql),
		"INSERT INTO events (pos, ts, type, data, tenant_id) SELECT (SELECT COALESCE(MAX(pos), 0) FROM "
		"events) "
		"+ g + 1, 0, 'title.build_available', "
		"'\\\"type\\\":\\\"title.build_available\\\",\\\"schema\\\":\\\"x\\\","
		"\\\"ts\\\":\\\"2026-01-01T00:00:00.000Z\\\",\\\"payload\\\":{\\\"watchId\\\":\\\"wat_1\\\","
		"\\\"class\\\":\\\"build\\\",\\\"store\\\":\\\"steam\\\",\\\"titleId\\\":\\\"10\\\",\\\"branch\\\":"
		"\\\"public\\\",\\\"os\\\":\\\"\\\",\\\"buildId\\\":\\\"' || (%u + g / 2) || '\\\"}}', "
		"'ten_default' FROM "
		"generate_series(0, %u) g",
		from, n * 2 - 1);
	(void)rig_sql(&c.rig, sql);
}

/* Waits until as many builds have fired as were told. */
static void await_fires(unsigned n)
{
	for (int i = 0; i < 600; i++) {
		if (number("SELECT COUNT(*) FROM trigger_fires WHERE status <> 'pending'") == n)
			return;
		rig_sleep_ms(50);
	}
	fprintf(stderr, "%u of %u have fired\n",
		number("SELECT COUNT(*) FROM trigger_fires WHERE status <> 'pending'"), n);
	exit(1);
}

/* Each fire was told once: a delivery that was under way when its sender was killed may come again, and is the same one. */
static void check_deliveries(unsigned n)
{
	json_t *log = receiver_await(&to, "x", n), *seen = json_object(), *d;
	size_t i;

	for (int tries = 0; tries < 600; tries++) {
		json_array_foreach(log, i, d)
		{
			const char *build = json_str(d, "event.payload.event.buildId"), *id = json_str(d, "id"),
				   *was = json_string_value(json_object_get(seen, build));
			CHECK(!was || !strcmp(was, id));
			json_object_set_new(seen, build, json_string(id));
		}
		json_decref(log);
		log = NULL;
		if (json_object_size(seen) == n)
			break;
		rig_sleep_ms(50);
		log = receiver_ask(&to, "GET", "log", "x", NULL);
	}
	CHECK(json_object_size(seen) == n);
	json_decref(log);
	json_decref(seen);
}

int main(void)
{
	static const char *const more[] = { "--log-level", "warn", "--set", "webhooks.allow_private=127.0.0.0/8",
		"--set", "webhooks.ports=", "--set", "webhooks.retry_s=0,0,1,1,1,1,1", NULL };
	const char *kills = getenv("TRIGGERS_KILLS");
	unsigned n = kills ? (unsigned)strtoul(kills, NULL, 10) : 1, made = 0;
	char tells[64], works[64], body[160];

	cluster_start(&c, more);
	receiver_start(&to, &c.rig, "127.0.0.1");
	snprintf(body, sizeof(body), "{\"url\":\"%s/hook/x\",\"types\":[\"region.*\"]}", to.url);
	json_t *w = rig_expect(&c.rig, 201, "POST", "/v1/webhooks", body);
	snprintf(body, sizeof(body), "{\"webhookId\":\"%s\"}", json_str(w, "id"));
	json_decref(w);
	make(&c.rig, tells, "tells", "{\"title\":\"10\"}", body, "");
	make(&c.rig, works, "works", "{\"title\":\"10\"}", "{\"job\":{\"action\":\"agent.ping\"}}", "");
	for (unsigned i = 0; i < n; i++, made += BUILDS) {
		int who = holder();
		plant_builds(made + 1, BUILDS);
		rig_sleep_ms(rig_random(600));
		cluster_plane_stop(&c, (unsigned)who, SIGKILL);
		await_fires((made + BUILDS) * 2);
		cluster_plane_start(&c, (unsigned)who);
	}
	CHECK(number("SELECT COUNT(*) FROM trigger_fires WHERE status = 'failed'") == 0);
	CHECK(number("SELECT COUNT(*) FROM jobs WHERE created_by LIKE 'trigger:%'") == made);
	CHECK(number("SELECT COUNT(*) FROM webhook_deliveries WHERE type = 'trigger.fired'") == made);
	CHECK(number("SELECT COUNT(*) FROM events WHERE type = 'trigger.fired'") == made * 2);
	check_deliveries(made);
	rig_stop(&to.pid, SIGKILL);
	cluster_done(&c);
	return 0;
}
