/*
 * Triggers: a build fires once, whoever tells of it again and whatever is killed meanwhile; what waits waits for its debounce and its
 * hours; what cannot be done has failed and says why. Events of titles are planted in the log: the updates have tests of their own.
 * TRIGGERS_KILLS: how often the server is killed.
 */
#include "tests/system/receiver.h"
#include "tests/system/triggers.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static struct rig rig;
static struct receiver receiver;
static const char *const serve_args[] = { "--set", "webhooks.allow_private=127.0.0.1/32", "--set",
	"webhooks.ports=", "--set", "webhooks.retry_s=0,0,1,1,1,1,1", "--set", "engine.lease_ms=5000", "--set",
	"engine.heartbeat_ms=1000", NULL };

/* Waits until so many of its fires are in this state; how many there are in all. */
static size_t await(const char *id, const char *status, size_t n)
{
	for (int tries = 0; tries < 600; tries++) {
		json_t *all = fires(&rig, id), *f;
		size_t i, found = 0, total = json_array_size(all);
		json_array_foreach(all, i, f) found += !strcmp(json_str(f, "status"), status);
		json_decref(all);
		if (found == n)
			return total;
		rig_sleep_ms(50);
	}
	json_t *all = fires(&rig, id);
	fprintf(stderr, "%zu %s are wanted: %s\n", n, status, json_dumps(all, 0));
	exit(1);
}

static unsigned jobs_of(const char *id)
{
	char sql[200];

	snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM jobs WHERE created_by = 'trigger:%s'", id);
	return (unsigned)strtoul(rig_sql(&rig, sql), NULL, 10);
}

#define PING "{\"job\":{\"action\":\"agent.ping\"}}"

static void each_build_once(void)
{
	char all[64], other[64];

	plant(&rig, "10", "1"); /* what was there before is none of its business */
	make(&rig, all, "all", "{\"store\":\"steam\",\"branch\":\"public\"}", PING, "");
	make(&rig, other, "other", "{\"title\":\"999\"}", PING, "");
	plant(&rig, "10", "2");
	CHECK(await(all, "succeeded", 1) == 1);
	plant(&rig, "10", "2"); /* another source tells of it, too */
	plant_as(&rig, "title.build_announced", "steam", "10", "public", "3");
	plant_as(&rig, "title.build_available", "steam", "10", "beta", "4");
	plant_as(&rig, "title.build_available", "epic", "10", "public", "5");
	plant(&rig, "10", "6");
	CHECK(await(all, "succeeded", 2) == 2 && jobs_of(all) == 2);
	CHECK(await(other, "succeeded", 0) == 0 && jobs_of(other) == 0);
	json_t *list = fires(&rig, all), *job, *f = json_array_get(list, 0);
	CHECK_STR(json_str(f, "buildKey"), "steam/10/build/public//6");
	CHECK_STR(json_str(f, "event.buildId"), "6");
	char path[128];
	snprintf(path, sizeof(path), "/v1/jobs/%s", json_str(f, "made"));
	job = rig_expect(&rig, 200, "GET", path, NULL);
	CHECK_STR(json_str(job, "status"), "succeeded");
	json_decref(job);
	json_decref(list);
}

static void templates(void)
{
	char id[64], path[128], sql[200];

	make(&rig, id, "template", "{\"title\":\"20\"}",
		"{\"job\":{\"action\":\"titles.poll\",\"delaySeconds\":100000,\"payload\":{\"source\":\"steam."
		"pics\","
		"\"refs\":[\"{{titleId}}\"]}}}",
		"");
	snprintf(path, sizeof(path), "/v1/triggers/%s/test", id);
	json_t *t = rig_expect(&rig, 200, "POST", path,
		"{\"event\":{\"store\":\"steam\",\"titleId\":\"20\",\"branch\":\"public\",\"class\":\"build\","
		"\"buildId\":\"7\"}}");
	CHECK(json_is_true(json_object_get(t, "matches")) && json_is_false(json_object_get(t, "fired")));
	CHECK_STR(json_string_value(json_array_get(
			  json_object_get(json_object_get(json_object_get(t, "would"), "payload"), "refs"), 0)),
		"20");
	json_decref(t);
	t = rig_expect(&rig, 200, "POST", path, "{\"event\":{\"titleId\":\"a\\\"b\"}}");
	CHECK(json_is_false(json_object_get(t, "matches")));
	json_decref(t);
	CHECK(await(id, "fired", 0) == 0 && jobs_of(id) == 0);
	plant(&rig, "20", "7");
	CHECK(await(id, "fired", 1) == 1);
	snprintf(sql, sizeof(sql), "SELECT payload FROM jobs WHERE created_by = 'trigger:%s'", id);
	CHECK(strstr(rig_sql(&rig, sql), "\"20\""));
	t = rig_expect(&rig, 200, "POST", path, NULL);
	CHECK(json_is_true(json_object_get(t, "fired")) && json_is_true(json_object_get(t, "matches")));
	json_decref(t);
}

static void what_waits(void)
{
	char id[64], hours[64], more[160];
	time_t now = time(NULL);
	struct tm from, to;

	make(&rig, id, "debounced", "{\"title\":\"30\"}", PING, ",\"debounceSeconds\":2");
	plant(&rig, "30", "1");
	plant(&rig, "30", "2");
	plant(&rig, "30", "3");
	CHECK(await(id, "succeeded", 1) == 3 && await(id, "superseded", 2) == 3 && jobs_of(id) == 1);
	json_t *list = fires(&rig, id), *f;
	size_t i;
	json_array_foreach(list, i, f) CHECK_STR(
		json_str(f, "status"), strcmp(json_str(f, "event.buildId"), "3") != 0 ? "superseded" : "succeeded");
	json_decref(list);

	/* Each waits for as long as was said, to the millisecond. */
	CHECK_STR(rig_sql(&rig, "SELECT COUNT(*) FROM trigger_fires f JOIN triggers t ON t.id = f.trigger_id WHERE "
				"t.name = "
				"'debounced' AND f.not_before - f.created_at = 2000"),
		"3");
	CHECK_STR(rig_sql(&rig, "SELECT COUNT(*) FROM trigger_fires f JOIN triggers t ON t.id = f.trigger_id WHERE "
				"t.name = "
				"'debounced' AND f.status = 'succeeded' AND f.fired_at >= f.not_before"),
		"1");

	now -= 3600;
	gmtime_r(&now, &from);
	now += 3 * 3600;
	gmtime_r(&now, &to);
	snprintf(more, sizeof(more), ",\"quietHours\":{\"from\":\"%02d:%02d\",\"to\":\"%02d:%02d\"}", from.tm_hour,
		from.tm_min, to.tm_hour, to.tm_min);
	make(&rig, hours, "quiet", "{\"title\":\"31\"}", PING, more);
	plant(&rig, "31", "1");
	for (int tries = 0;; tries++) { /* it was due, and waits for the end of the hours */
		list = fires(&rig, hours);
		const char *until = json_str(json_array_get(list, 0), "notBefore");
		bool waits = json_array_size(list) == 1 &&
			     strcmp(until, json_str(json_array_get(list, 0), "createdAt")) > 0;
		json_decref(list);
		if (waits)
			break;
		CHECK(tries < 600);
		rig_sleep_ms(50);
	}
	CHECK(await(hours, "pending", 1) == 1 && jobs_of(hours) == 0);
}

/* An endpoint that is told, whatever types it asks for: by a signed request with what happened, once for each build, also when it answers late. */
static void endpoints(void)
{
	char id[64], hook[64], path[128], body[256], action[200];

	snprintf(body, sizeof(body), "{\"url\":\"%s/hook/x\",\"types\":[\"region.*\"]}", receiver.url);
	json_t *w = rig_expect(&rig, 201, "POST", "/v1/webhooks", body), *list, *d;
	snprintf(hook, sizeof(hook), "%s", json_str(w, "id"));
	snprintf(body, sizeof(body), "{\"secrets\":[\"%s\"],\"publicKeys\":[\"%s\"],\"answers\":[500]}",
		json_str(w, "secret"), json_str(w, "publicKey"));
	json_decref(receiver_ask(&receiver, "POST", "control", "x", body));
	json_decref(w);
	snprintf(action, sizeof(action), "{\"webhookId\":\"%s\"}", hook);
	make(&rig, id, "endpoint", "{\"title\":\"40\"}", action, "");
	plant(&rig, "40", "1");
	CHECK(await(id, "succeeded", 1) == 1);
	plant(&rig, "40", "1");
	plant(&rig, "40", "2");
	CHECK(await(id, "succeeded", 2) == 2);
	list = receiver_await(&receiver, "x", 3);
	CHECK(json_array_size(list) == 3);
	for (size_t i = 0; i < 3; i++) { /* the first is tried again, as the same delivery */
		d = json_array_get(list, i);
		CHECK_STR(json_str(d, "type"), "trigger.fired");
		CHECK_STR(json_str(d, "event.payload.triggerId"), id);
		CHECK_STR(json_str(d, "event.payload.name"), "endpoint");
		CHECK_STR(json_str(d, "event.payload.event.buildId"), i == 2 ? "2" : "1");
		CHECK(json_is_true(json_object_get(d, "v1")) && json_is_true(json_object_get(d, "svix")) &&
			json_is_true(json_object_get(d, "v1a")));
	}
	CHECK_STR(json_str(json_array_get(list, 1), "id"), json_str(json_array_get(list, 0), "id"));
	CHECK(strcmp(json_str(json_array_get(list, 2), "id"), json_str(json_array_get(list, 0), "id")) != 0);
	json_decref(list);
	snprintf(path, sizeof(path), "/v1/webhooks/%s/deliveries", hook);
	list = rig_expect(&rig, 200, "GET", path, NULL);
	CHECK(json_array_size(json_object_get(list, "items")) == 2);
	json_decref(list);
}

static void failures(void)
{
	char id[64];

	make(&rig, id, "download", "{\"title\":\"42\"}",
		"{\"download\":{\"source\":{\"kind\":\"app\",\"appId\":740},\"labels\":{\"build\":\"{{buildId}}\"}}"
		"}",
		"");
	plant(&rig, "42", "77");
	for (int tries = 0;; tries++) {
		char sql[200];
		snprintf(sql, sizeof(sql),
			"SELECT labels FROM downloads WHERE id = (SELECT made FROM trigger_fires WHERE "
			"trigger_id = '%s')",
			id);
		if (strstr(rig_sql(&rig, sql), "77"))
			break;
		CHECK(tries < 300);
		rig_sleep_ms(50);
	}

	make(&rig, id, "hopeless", "{\"title\":\"41\"}",
		"{\"job\":{\"action\":\"session.login\",\"labels\":{\"nobody\":\"has\"}}}", "");
	plant(&rig, "41", "1");
	CHECK(await(id, "failed", 1) == 1 && jobs_of(id) == 0);
	json_t *list = fires(&rig, id);
	CHECK(*json_str(json_array_get(list, 0), "problem"));
	json_decref(list);
}

static void refused(const char *body, const char *pointer)
{
	struct rig_answer a = rig_call(&rig, "POST", "/v1/triggers", NULL, body);

	if (a.status != 422 || !strstr(a.text, pointer))
		fprintf(stderr, "%s: %d %s\n", body, a.status, a.text);
	CHECK(a.status == 422 && strstr(a.text, pointer));
	rig_answer_done(&a);
}

static void mistakes(void)
{
	refused("{\"name\":\"x\",\"on\":{},\"action\":{}}", "/action");
	refused("{\"name\":\"x\",\"on\":{\"type\":\"job.failed\"},\"action\":" PING "}", "/on/type");
	refused("{\"name\":\"x\",\"on\":{\"what\":1},\"action\":" PING "}", "/on/what");
	refused("{\"name\":\"x\",\"on\":{},\"action\":{\"job\":{\"action\":\"no.such\"}}}", "/job/action");
	refused("{\"name\":\"x\",\"on\":{},\"action\":{\"download\":{\"source\":{\"kind\":\"no\"}}}}", "/download");
	refused("{\"name\":\"x\",\"on\":{},\"action\":{\"webhookId\":\"whk_1\"}}", "/action/webhookId");
	refused("{\"name\":\"x\",\"on\":{},\"action\":" PING
		",\"quietHours\":{\"from\":\"25:00\",\"to\":\"07:00\"}}",
		"/quietHours");
	refused("{\"name\":\"x\",\"on\":{},\"action\":" PING
		",\"quietHours\":{\"timezone\":\"../../etc/passwd\",\"from\":\"21:00\",\"to\":\"07:00\"}}",
		"/quietHours");
}

/* A tenant has so many, and no more. */
static void no_room(void)
{
	(void)rig_sql(&rig, "INSERT INTO triggers (id, name, enabled, match, action, debounce_s, after_pos, "
			    "tenant_id, created_by, version, "
			    "created_at, updated_at) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM "
			    "n WHERE i < 1000 - "
			    "(SELECT COUNT(*) FROM triggers)) SELECT 'trg_x' || i, 'x' || i, 0, '{}', '{}', 0, 0, "
			    "'ten_default', 'system', "
			    "1, 0, 0 FROM n");
	static const char body[] = "{\"name\":\"one more\",\"on\":{},\"action\":" PING "}";
	json_decref(rig_expect(&rig, 429, "POST", "/v1/triggers", body));
	(void)rig_sql(&rig, "DELETE FROM triggers WHERE id = 'trg_x1'");
	json_decref(rig_expect(&rig, 201, "POST", "/v1/triggers", body));
	(void)rig_sql(&rig, "DELETE FROM triggers WHERE id LIKE 'trg_x%' OR name = 'one more'");
}

/* What happens while it rests is not made up for; what came before it rested is. */
static void rests(void)
{
	char id[64], path[128];

	make(&rig, id, "rests", "{\"title\":\"50\"}", PING, "");
	plant(&rig, "50", "1");
	CHECK(await(id, "succeeded", 1) == 1);
	snprintf(path, sizeof(path), "/v1/triggers/%s", id);
	struct rig_answer a = rig_call(&rig, "PATCH", path, "If-Match: \"1\"", "{\"enabled\":false}");
	CHECK(a.status == 200);
	rig_answer_done(&a);
	plant(&rig, "50", "2");
	a = rig_call(&rig, "PATCH", path, "If-Match: \"2\"", "{\"enabled\":true}");
	CHECK(a.status == 200);
	rig_answer_done(&a);
	plant(&rig, "50", "3");
	CHECK(await(id, "succeeded", 2) == 2);
	json_t *list = fires(&rig, id);
	CHECK_STR(json_str(json_array_get(list, 0), "event.buildId"), "3");
	json_decref(list);
}

static void kills(void)
{
	unsigned n = getenv("TRIGGERS_KILLS") ? (unsigned)strtoul(getenv("TRIGGERS_KILLS"), NULL, 10) : 2,
		 build = 0;
	char id[64], text[16];

	make(&rig, id, "killed", "{\"title\":\"60\"}", PING, "");
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < 5; k++) {
			snprintf(text, sizeof(text), "%u", ++build);
			plant(&rig, "60", text);
			plant(&rig, "60", text);
		}
		rig_sleep_ms(rig_random(500));
		rig_stop(&rig.server, SIGKILL);
		rig_serve(&rig, serve_args);
	}
	CHECK(await(id, "succeeded", build) == build);
	CHECK(jobs_of(id) == build);
}

int main(void)
{
	rig_init(&rig);
	receiver_start(&receiver, &rig, "127.0.0.1");
	rig_serve(&rig, serve_args);
	mistakes();
	each_build_once();
	templates();
	what_waits();
	endpoints();
	failures();
	no_room();
	rests();
	kills();
	(void)rig_sql(&rig, "DELETE FROM events WHERE type LIKE 'title.%'");
	rig_check_events(&rig);
	rig_check_audit(&rig);
	rig_stop(&receiver.pid, SIGKILL);
	rig_done(&rig);
	return 0;
}
