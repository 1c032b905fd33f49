/*
 * Webhooks against a receiver that npm's standardwebhooks and svix verify for: signatures of both kinds, order, retries, a server that is
 * killed in the middle, rotation, redelivery, CloudEvents, 410, and names that lead to where nobody may be led.
 */
#include "tests/system/follow.h"
#include "tests/system/receiver.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN   "127.0.0.2" /* the one private address that webhooks may reach here */
#define CLOSED "127.0.0.1"

static struct receiver to;

static json_t *log_of(const char *name) { return receiver_ask(&to, "GET", "log", name, NULL); }
static json_t *await_log(const char *name, size_t n) { return receiver_await(&to, name, n); }

/* --- webhooks */

struct hook {
	char id[64], path[96], name[24];
	json_t *made;
};

static const char *url_of(const char *host, const char *name)
{
	static char url[128];
	snprintf(url, sizeof(url), "http://%s:%s/hook/%s", host, to.port, name);
	return url;
}

static json_t *settings(const struct hook *h, const char *more)
{
	static char body[1024];
	snprintf(body, sizeof(body), "{\"secrets\":[\"%s\"],\"publicKeys\":[\"%s\"]%s}",
		json_str(h->made, "secret"), json_str(h->made, "publicKey"), more);
	return receiver_ask(&to, "POST", "control", h->name, body);
}

/* `more`: further members of the webhook; `how`: of the receiver. */
static struct hook make_hook(struct rig *r, const char *host, const char *name, const char *more, const char *how)
{
	struct hook h = { 0 };
	char body[512];

	snprintf(h.name, sizeof(h.name), "%s", name);
	snprintf(body, sizeof(body), "{\"url\":\"%s\"%s}", url_of(host, name), more);
	h.made = rig_expect(r, 201, "POST", "/v1/webhooks", body);
	CHECK(!strncmp(json_str(h.made, "secret"), "whsec_", 6) &&
		!strncmp(json_str(h.made, "publicKey"), "whpk_", 5));
	snprintf(h.id, sizeof(h.id), "%s", json_str(h.made, "id"));
	snprintf(h.path, sizeof(h.path), "/v1/webhooks/%s", h.id);
	json_decref(settings(&h, how));
	return h;
}

static json_t *call_hook(
	struct rig *r, int status, const char *method, const struct hook *h, const char *tail, const char *body)
{
	char path[256];
	snprintf(path, sizeof(path), "%s%s", h->path, tail);
	return rig_expect(r, status, method, path, body);
}

static void end_hook(struct rig *r, struct hook *h)
{
	struct rig_answer a = rig_call(r, "DELETE", h->path, "If-Match: *", NULL);
	CHECK(a.status == 204);
	rig_answer_done(&a);
	json_decref(h->made);
}

static void region(struct rig *r, const char *name)
{
	char body[64];
	snprintf(body, sizeof(body), "{\"name\":\"%s\"}", name);
	json_decref(rig_expect(r, 201, "POST", "/v1/regions", body));
}

/* A region that is made, edited twice and deleted: four events of one subject. */
static void region_life(struct rig *r, const char *name)
{
	char body[64], path[96];

	snprintf(body, sizeof(body), "{\"name\":\"%s\"}", name);
	json_t *made = rig_expect(r, 201, "POST", "/v1/regions", body);
	snprintf(path, sizeof(path), "/v1/regions/%s", json_str(made, "id"));
	for (int i = 0; i < 3; i++) {
		snprintf(body, sizeof(body), "{\"labels\":{\"turn\":\"%d\"}}", i);
		struct rig_answer a =
			rig_call(r, i < 2 ? "PATCH" : "DELETE", path, "If-Match: *", i < 2 ? body : NULL);
		CHECK(a.status == 200 || a.status == 204);
		rig_answer_done(&a);
	}
	json_decref(made);
}

/* Every delivery is verified by all, none that was tampered with is; the first time each comes, its subject's come in order. */
static void check_log(json_t *log)
{
	json_t *last = json_object(), *ids = json_object(), *e;
	size_t i;

	json_array_foreach(log, i, e)
	{
		char pos[24];
		snprintf(pos, sizeof(pos), "%lld", (long long)json_int(e, "pos"));
		const char *seen = json_string_value(json_object_get(ids, pos)), *subject = json_str(e, "subject");
		CHECK(json_is_true(json_object_get(e, "v1")) && json_is_true(json_object_get(e, "svix")) &&
			json_is_true(json_object_get(e, "v1a")));
		CHECK(json_is_false(json_object_get(e, "tampered")) && json_is_false(json_object_get(e, "stale")));
		CHECK_STR(json_str(e, "address"), OPEN);
		CHECK(*json_str(e, "event.traceId") == 0 ||
			!strncmp(json_str(e, "trace") + 3, json_str(e, "event.traceId"), 32));
		if (seen) { /* again: with the id of the first time */
			CHECK_STR(seen, json_str(e, "id"));
			continue;
		}
		json_object_set_new(ids, pos, json_string(json_str(e, "id")));
		if (json_int(e, "pos") <= json_integer_value(json_object_get(last, subject))) {
			fprintf(stderr, "%s: %s came after %lld\n", subject, pos,
				(long long)json_integer_value(json_object_get(last, subject)));
			exit(1);
		}
		json_object_set_new(last, subject, json_integer(json_int(e, "pos")));
	}
	json_decref(last);
	json_decref(ids);
}

/* All events of this type since the position are among the deliveries. */
static void check_whole(struct rig *r, json_t *log, const char *type, int64_t after)
{
	json_t *got = json_object(), *e;
	char path[128], pos[24];
	size_t i, n = 0;

	json_array_foreach(log, i, e)
	{
		snprintf(pos, sizeof(pos), "%lld", (long long)json_int(e, "pos"));
		json_object_set_new(got, pos, json_true());
	}
	snprintf(path, sizeof(path), "/v1/events?type=%s&limit=500&after=%lld", type, (long long)after);
	for (bool more = true; more;) {
		json_t *page = rig_expect(r, 200, "GET", path, NULL), *items = json_object_get(page, "items");
		json_array_foreach(items, i, e)
		{
			snprintf(pos, sizeof(pos), "%lld", (long long)json_int(e, "pos"));
			CHECK(json_object_get(got, pos));
			n++;
		}
		more = json_array_size(items) > 0;
		snprintf(path, sizeof(path), "/v1/events?type=%s&limit=500&after=%s", type,
			json_str(page, "nextCursor"));
		json_decref(page);
	}
	CHECK(n == json_object_size(got));
	json_decref(got);
}

/* --- what is proven */

static void refused_at_the_door(struct rig *r)
{
	static const char *const urls[] = { "http://10.0.0.1/x", "http://127.0.0.1/x", "http://[::1]/x",
		"http://[::ffff:7f00:1]/x", "http://169.254.169.254/latest", "http://2130706433/x",
		"ftp://example.com/x", "https://u:p@example.com/x", "http://example.com:22/x", "nonsense",
		"http://[fd00:ec2::254]/" };
	char body[256];

	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		snprintf(body, sizeof(body), "{\"url\":\"%s\"}", urls[i]);
		json_decref(rig_expect(r, 422, "POST", "/v1/webhooks", body));
	}
	json_decref(rig_expect(
		r, 422, "POST", "/v1/webhooks", "{\"url\":\"https://example.com/\",\"types\":[\"tusk.*\"]}"));
	json_decref(rig_expect(r, 404, "GET", "/v1/webhooks/whk_x/deliveries", NULL));
}

/* The last answers are written down, too. */
static void await_settled(struct rig *r, const struct hook *h)
{
	for (int64_t pending = 1; pending > 0; rig_sleep_ms(5)) {
		json_t *seen = call_hook(r, 200, "GET", h, "", NULL);
		CHECK(!json_object_get(seen, "secret"));
		pending = json_int(seen, "pending");
		json_decref(seen);
	}
}

static void in_order(struct rig *r)
{
	struct hook h = make_hook(r, OPEN, "order", ",\"types\":[\"region.*\"]", ",\"delayMs\":5");
	int64_t after = json_int(h.made, "position");

	for (int i = 0; i < 6; i++) {
		char name[16];
		snprintf(name, sizeof(name), "order%d", i);
		region_life(r, name);
	}
	json_t *log = await_log("order", 24);
	check_log(log);
	check_whole(r, log, "region.*", after);
	await_settled(r, &h);
	json_decref(log);
	end_hook(r, &h);
}

static void retried(struct rig *r)
{
	struct hook h = make_hook(r, OPEN, "retry", ",\"types\":[\"region.created\"],\"thin\":true",
		",\"answers\":[500,404,302],\"headers\":{\"location\":\"/hook/elsewhere\"}");

	region(r, "retried");
	json_t *log = await_log("retry", 4), *elsewhere = log_of("elsewhere");
	check_log(log);
	CHECK(json_array_size(log) == 4 && json_array_size(elsewhere) == 0);
	CHECK(json_is_true(json_object_get(json_object_get(json_array_get(log, 3), "event"), "thin")));
	CHECK(!json_object_get(json_object_get(json_array_get(log, 3), "event"), "payload"));
	await_settled(r, &h);
	json_t *page = call_hook(r, 200, "GET", &h, "/deliveries?status=delivered", NULL);
	json_t *one = json_array_get(json_object_get(page, "items"), 0);
	CHECK(json_int(one, "attempts") == 4);
	CHECK_STR(json_str(one, "id"), json_str(json_array_get(log, 0), "id"));
	char tail[128];
	snprintf(tail, sizeof(tail), "/deliveries/%s/attempts", json_str(one, "id"));
	json_t *attempts = call_hook(r, 200, "GET", &h, tail, NULL), *all = json_object_get(attempts, "items");
	CHECK(json_array_size(all) == 4 && json_int(json_array_get(all, 0), "status") == 200);
	CHECK_STR(json_str(json_array_get(all, 0), "answer"), "noted? \xc3\xbc");
	CHECK(json_int(json_array_get(all, 3), "status") == 500 &&
		strstr(json_str(json_array_get(all, 1), "error"), "redirect"));
	json_decref(attempts);

	snprintf(tail, sizeof(tail), "/deliveries/%s/redeliver", json_str(one, "id"));
	json_decref(call_hook(r, 202, "POST", &h, tail, NULL));
	json_decref(log);
	log = await_log("retry", 5);
	check_log(log);
	char range[64];
	snprintf(range, sizeof(range), "{\"from\":%lld}", (long long)json_int(json_array_get(log, 0), "pos"));
	await_settled(r, &h);
	json_t *replay = call_hook(r, 202, "POST", &h, "/replay", range);
	CHECK(json_int(replay, "deliveries") == 1);
	json_decref(replay);
	json_decref(log);
	log = await_log("retry", 6);
	check_log(log);
	json_decref(log);
	json_decref(elsewhere);
	json_decref(page);

	json_decref(call_hook(r, 202, "POST", &h, "/test", NULL));
	log = await_log("retry", 7);
	CHECK_STR(json_str(json_array_get(log, 6), "type"), "webhook.ping");
	CHECK(json_is_true(json_object_get(json_array_get(log, 6), "v1")));
	json_decref(log);
	end_hook(r, &h);
}

struct maker {
	struct rig *rig;
	_Atomic bool pause;
	int n;
};

static void *make_regions(void *arg)
{
	struct maker *m = arg;
	char body[64];

	for (int i = 0; i < m->n; i++) {
		snprintf(body, sizeof(body), "{\"name\":\"k%d\"}", i);
		for (;;) {
			while (atomic_load(&m->pause))
				rig_sleep_ms(2);
			struct rig_answer a = rig_call(m->rig, "POST", "/v1/regions", NULL, body);
			int status = a.status;
			rig_answer_done(&a);
			if (status == 201 || status == 409)
				break;
			rig_sleep_ms(5);
		}
	}
	return NULL;
}

static const char *const serve_args[] = { "--no-agent", "--set", "webhooks.allow_private=" OPEN "/32", "--set",
	"webhooks.ports=", "--set", "webhooks.retry_s=0,0,1,1,1,1,1", "--set", "webhooks.timeout_ms=3000", NULL };

static void killed(struct rig *r, int n, int kills)
{
	struct hook h = make_hook(
		r, OPEN, "killed", ",\"types\":[\"region.*\"]", ",\"delayMs\":3,\"answers\":[200,500,200,503]");
	int64_t after = json_int(h.made, "position");
	struct maker m = { .rig = r, .n = n };
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, make_regions, &m) == 0);
	for (int i = 0; i < kills; i++) {
		json_decref(await_log("killed", (size_t)(n / (kills + 1) * (i + 1))));
		atomic_store(&m.pause, true);
		rig_stop(&r->server, SIGKILL);
		rig_serve(r, serve_args);
		atomic_store(&m.pause, false);
	}
	pthread_join(thread, NULL);
	json_t *log = NULL;
	for (int64_t pending = 1; pending > 0;) { /* all that was made is delivered */
		json_decref(log);
		log = await_log("killed", (size_t)n);
		json_t *seen = call_hook(r, 200, "GET", &h, "", NULL),
		       *newest = rig_expect(r, 200, "GET", "/v1/events?limit=1&after=0", NULL);
		pending = json_int(seen, "pending") + (json_array_size(log) < (size_t)n);
		json_decref(newest);
		json_decref(seen);
	}
	json_decref(log);
	log = log_of("killed");
	check_log(log);
	check_whole(r, log, "region.*", after);
	printf("%d events, %d kills: %zu deliveries came\n", n, kills, json_array_size(log));
	json_decref(log);
	end_hook(r, &h);
}

static void rotated(struct rig *r)
{
	struct hook h = make_hook(r, OPEN, "rotate", ",\"types\":[\"region.*\"]", "");
	char both[512];

	json_t *now = call_hook(r, 200, "POST", &h, "/rotate-secret", NULL);
	CHECK(strcmp(json_str(now, "secret"), json_str(h.made, "secret")) != 0);
	CHECK_STR(json_str(now, "oldPublicKey"), json_str(h.made, "publicKey"));
	snprintf(both, sizeof(both), "{\"secrets\":[\"%s\",\"%s\"],\"publicKeys\":[\"%s\",\"%s\"]}",
		json_str(h.made, "secret"), json_str(now, "secret"), json_str(h.made, "publicKey"),
		json_str(now, "publicKey"));
	json_decref(receiver_ask(&to, "POST", "control", h.name, both));
	region(r, "rotated");
	json_t *log = await_log("rotate", 1); /* verified by the old and by the new */
	check_log(log);
	json_decref(log);
	json_decref(now);
	end_hook(r, &h);
}

static void gone(struct rig *r)
{
	struct hook h = make_hook(r, OPEN, "gone", ",\"types\":[\"region.*\"]", ",\"always\":410");
	char path[128];

	region(r, "gone");
	json_decref(await_log("gone", 1));
	json_t *seen = call_hook(r, 200, "GET", &h, "", NULL);
	for (int i = 0; i < 500 && json_is_true(json_object_get(seen, "enabled")); i++) {
		json_decref(seen);
		rig_sleep_ms(10);
		seen = call_hook(r, 200, "GET", &h, "", NULL);
	}
	CHECK(json_is_false(json_object_get(seen, "enabled")));
	CHECK_STR(json_str(seen, "disabledReason"), "gone");
	json_decref(seen);
	snprintf(path, sizeof(path), "/v1/events?type=webhook.disabled");
	json_t *page = rig_expect(r, 200, "GET", path, NULL);
	CHECK_STR(json_str(json_array_get(json_object_get(page, "items"), 0), "resource"), h.id);
	json_decref(page);
	region(r, "after-gone"); /* not told, until it is enabled again */
	json_decref(call_hook(r, 409, "POST", &h, "/replay", "{\"from\":1}"));
	json_decref(settings(&h, ",\"always\":200"));
	struct rig_answer a = rig_call(r, "PATCH", h.path, "If-Match: *", "{\"enabled\":true}");
	CHECK(a.status == 200);
	rig_answer_done(&a);
	json_t *log = await_log("gone", 2);
	CHECK(json_int(json_array_get(log, 1), "pos") > json_int(json_array_get(log, 0), "pos"));
	json_decref(log);
	end_hook(r, &h);
}

/* The one attempt of a test of the endpoint, when it is over. */
static json_t *attempt_of_test(struct rig *r, const struct hook *h)
{
	json_t *made = call_hook(r, 202, "POST", h, "/test", NULL), *page = NULL;
	char tail[128];

	snprintf(tail, sizeof(tail), "/deliveries/%s/attempts", json_str(made, "id"));
	for (int i = 0; i < 1000; i++) {
		page = call_hook(r, 200, "GET", h, tail, NULL);
		if (json_array_size(json_object_get(page, "items")) > 0)
			break;
		json_decref(page);
		rig_sleep_ms(10);
	}
	json_decref(made);
	return page;
}

static void led_astray(struct rig *r)
{
	struct hook rebind = make_hook(r, "rebind.test", "rebind", ",\"types\":[\"job.*\"]", "");
	struct hook both = make_hook(r, "both.test", "both", ",\"types\":[\"job.*\"]", "");
	struct hook inner = make_hook(r, "inner.test", "inner", ",\"types\":[\"job.*\"]", "");
	const struct hook *hooks[] = { &rebind, &both, &inner };

	json_decref(attempt_of_test(r, &rebind)); /* the name's first answer may be reached, and is */
	for (int i = 0; i < 3; i++) {
		json_t *page = attempt_of_test(r, hooks[i]), *a = json_array_get(json_object_get(page, "items"), 0);
		CHECK(json_int(a, "status") == 0 && strstr(json_str(a, "error"), "not public"));
		json_decref(page);
	}
	json_t *log = log_of("rebind");
	CHECK(json_array_size(log) == 1);
	CHECK_STR(json_str(json_array_get(log, 0), "address"), OPEN); /* what was checked is what was reached */
	json_decref(log);
	for (int i = 1; i < 3; i++) {
		log = log_of(hooks[i]->name);
		CHECK(json_array_size(log) == 0);
		json_decref(log);
	}
	end_hook(r, &rebind);
	end_hook(r, &both);
	end_hook(r, &inner);
}

/* In the envelope of CloudEvents, as npm's cloudevents reads it; the page of events says the same. */
static void in_envelopes(struct rig *r)
{
	struct hook h =
		make_hook(r, OPEN, "cloud", ",\"types\":[\"region.created\"],\"format\":\"cloudevents\"", "");
	static struct follow live;
	char path[160], body[64] = "{\"format\":\"native\",\"thin\":true}";

	follow_path(&live, r, r->key, "/v1/events?format=cloudevents&type=region.created");
	region(r, "enveloped");
	CHECK(follow_until(&live, "data: {\"specversion\":\"1.0\"") &&
		follow_until(&live, "\"type\":\"footplate.region.created\""));
	close(live.fd);
	json_t *log = await_log("cloud", 1), *one = json_array_get(log, 0), *cloud = json_object_get(one, "cloud");
	check_log(log);
	CHECK_STR(json_str(cloud, "type"), "footplate.region.created");
	CHECK_STR(json_str(cloud, "subject"), json_str(cloud, "regionid"));
	CHECK(json_is_object(json_object_get(cloud, "data")));
	snprintf(path, sizeof(path), "/v1/events?format=cloudevents&type=region.created&after=%lld",
		(long long)json_int(one, "pos") - 1);
	json_t *page = rig_expect(r, 200, "GET", path, NULL),
	       *item = json_array_get(json_object_get(page, "items"), 0);
	CHECK(json_equal(item, json_object_get(one, "event")));
	json_decref(page);
	json_decref(log);

	struct rig_answer a = rig_call(r, "PATCH", h.path, "If-Match: *", body);
	CHECK(a.status == 200);
	rig_answer_done(&a);
	region(r, "bare");
	log = await_log("cloud", 2);
	CHECK(json_is_null(json_object_get(json_array_get(log, 1), "cloud")));
	CHECK_STR(json_str(json_array_get(log, 1), "event.type"), "region.created");
	json_decref(log);
	end_hook(r, &h);
}

/* `footplate webhook listen` plays a webhook for a receiver that the server could not reach. */
static void listened(struct rig *r)
{
	char command[900], body[256], name[32], *said = NULL;

	snprintf(command, sizeof(command),
		"FOOTPLATE_SERVER=%s FOOTPLATE_KEY_FILE=%s/data/admin.key %s webhook listen --forward %s -t "
		"'region.*' "
		"-n 1 -o jsonl >%s/listen.out 2>%s/listen.err &",
		r->url, r->dir, getenv("FOOTPLATE"), url_of(CLOSED, "listen") + strlen("http://"), r->dir, r->dir);
	CHECK(system(command) == 0);
	for (int i = 0; i < 500 && !(said && strstr(said, "whsec_")); i++) {
		free(said);
		said = rig_await_file(r, "listen.err", 0);
		rig_sleep_ms(20);
	}
	const char *secret = strstr(said, "whsec_");
	CHECK(secret && strstr(said, "the secret of this run: whsec_"));
	snprintf(body, sizeof(body), "{\"secrets\":[\"%.*s\"]}", (int)strcspn(secret, "\n"), secret);
	json_decref(receiver_ask(&to, "POST", "control", "listen", body));
	json_t *log;
	for (size_t i = 0;; i++) { /* until it has connected */
		snprintf(name, sizeof(name), "listened-%zu", i);
		region(r, name);
		rig_sleep_ms(100);
		log = log_of("listen");
		if (json_array_size(log))
			break;
		CHECK(i < 100);
		json_decref(log);
	}
	const json_t *one = json_array_get(log, 0);
	CHECK(json_is_true(json_object_get(one, "v1")) && json_is_true(json_object_get(one, "svix")) &&
		json_is_false(json_object_get(one, "tampered")));
	CHECK_STR(json_str(one, "id"), json_str(one, "event.id"));
	char *out = rig_await_file(r, "listen.out", 1);
	CHECK(strstr(out, "\"status\":200") && strstr(out, json_str(one, "id")));
	json_decref(log);
	free(out);
	free(said);
}

/* Nothing that verifies for a receiver stands anywhere in the open. */
static void kept_secret(struct rig *r)
{
	struct hook h = make_hook(r, OPEN, "secret", "", "");
	char command[256];

	snprintf(command, sizeof(command), "! grep -raqF '%s' %s/data %s/serve.log", json_str(h.made, "secret") + 6,
		r->dir, r->dir);
	CHECK(system(command) == 0);
	end_hook(r, &h);
}

static void counted(struct rig *r)
{
	struct rig_answer a = rig_call(r, "GET", "/metrics", NULL, NULL);
	CHECK(a.status == 200 && strstr(a.text, "footplate_webhook_deliveries_total{result=\"delivered\"}"));
	rig_answer_done(&a);
}

int main(void)
{
	const char *n = getenv("WEBHOOK_EVENTS"), *kills = getenv("WEBHOOK_KILLS");
	struct rig r;

	rig_init(&r);
	r.preload = getenv("RESOLVE_SHIM");
	setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
	receiver_start(&to, &r, OPEN);
	rig_serve(&r, (const char *const[]){ "--no-agent", NULL });
	refused_at_the_door(&r);
	rig_stop(&r.server, SIGTERM);
	rig_serve(&r, serve_args);
	in_order(&r);
	retried(&r);
	killed(&r, n ? atoi(n) : 200, kills ? atoi(kills) : 3);
	rotated(&r);
	gone(&r);
	led_astray(&r);
	in_envelopes(&r);
	listened(&r);
	kept_secret(&r);
	counted(&r);
	rig_check_events(&r);
	rig_done(&r);
	rig_stop(&to.pid, SIGKILL);
	return 0;
}
