/*
 * One trace, from the caller over the request, the job and its wait, through the tunnel, to the agent's task and its effect; as a
 * collector of its own (node) is told by two processes, as JSON and as protobuf. The collector fails at first.
 */
#include "tests/system/client.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define CALLER "00f067aa0ba902b7"

static char sink_url[64];

static pid_t start_sink(struct rig *r)
{
	char ready[96];
	char script[] = "tests/system/otlp_sink.cjs";

	snprintf(ready, sizeof(ready), "%s/sink", r->dir);
	const char *const argv[] = { "/usr/bin/env", "node", script, ready, NULL };
	pid_t pid = rig_spawn(r, "sink-log", argv);
	char *port = rig_await_file(r, "sink", pid);
	snprintf(sink_url, sizeof(sink_url), "http://127.0.0.1:%s/collect", port);
	free(port);
	return pid;
}

static json_t *collected(void)
{
	struct http_answer a = { 0 };
	struct fault f = { 0 };

	CHECK(http_call(&(struct http_ask){ .url = sink_url, .deadline_ms = 10000, .body_max = 64 << 20 }, &a,
		      &f) == RC_OK);
	json_t *j = json_loadb((char *)a.body.p, a.body.n, 0, NULL);
	CHECK(j != NULL);
	http_answer_done(&a);
	return j;
}

/* The span of our trace that begins so; NULL. Borrowed. */
static const json_t *span_of(const json_t *all, const char *name)
{
	size_t i;
	const json_t *s;

	json_array_foreach(json_object_get(all, "spans"), i,
		s) if (!strcmp(json_str(s, "traceId"), TRACE) &&
		       !strncmp(json_str(s, "name"), name, strlen(name))) return s;
	return NULL;
}

static const char *attr(const json_t *span, const char *key)
{
	const char *s = json_string_value(json_object_get(json_object_get(span, "attributes"), key));
	return s ? s : "";
}

static void submit(struct client *c, const char *header)
{
	struct rig_answer a = rig_call(&c->rig, "POST", "/v1/jobs", header,
		"{\"action\":\"pics.changes\",\"payload\":{\"since\":24483200}}");
	char path[128];

	CHECK(a.status == 201 && !strncmp(rig_header(&a, "traceparent"), "00-" TRACE "-", 36));
	CHECK(strcmp(rig_header(&a, "traceparent") + 36, CALLER "-01") != 0); /* the server's own span */
	snprintf(path, sizeof(path), "/v1/jobs/%s", json_str(a.body, "id"));
	rig_answer_done(&a);
	for (int i = 0; i < 300; i++) {
		json_t *job = rig_expect(&c->rig, 200, "GET", path, NULL);
		if (i == 299)
			json_dumpf(job, stderr, JSON_INDENT(1));
		bool done = !strcmp(json_str(job, "status"), "succeeded");
		json_decref(job);
		if (done)
			return;
		rig_sleep_ms(50);
	}
	CHECK_NEVER("the job did not end");
}

/* An account's action with an effect, under the same trace. */
static void submit_effect(struct client *c)
{
	static const struct step steps[] = {
		ACCOUNT("plain", NULL),
		SECRET("plain", "password", "plain-pass"),
		WANT("plain", "online"),
		STATE("plain", "online", NULL),
	};
	char body[256];

	client_play(c, steps, sizeof(steps) / sizeof(*steps));
	snprintf(body, sizeof(body),
		"{\"action\":\"friends.message\",\"targets\":[\"%s\"],\"payload\":{\"steamId\":\"%s\",\"text\":"
		"\"hi\","
		"\"dedupeKey\":\"k\"}}",
		client_known(c, "plain.id"), client_known(c, "guarded"));
	struct rig_answer a = rig_call(
		&c->rig, "POST", "/v1/jobs", "Idempotency-Key: e\ntraceparent: 00-" TRACE "-" CALLER "-01", body);
	if (a.status != 201)
		fprintf(stderr, "%s\n", a.text);
	CHECK(a.status == 201);
	rig_answer_done(&a);
}

static json_t *await(const char *const *names, size_t n)
{
	for (int i = 0; i < 600; i++) {
		json_t *all = collected();
		size_t found = 0;
		for (size_t k = 0; k < n; k++)
			found += span_of(all, names[k]) != NULL;
		if (found == n)
			return all;
		json_decref(all);
		rig_sleep_ms(50);
	}
	json_t *all = collected();
	json_dumpf(all, stderr, JSON_INDENT(1));
	CHECK_NEVER("spans did not come");
	return NULL;
}

static void check_joined(const json_t *all, const char *service)
{
	const json_t *http = span_of(all, "POST /v1/jobs"), *queue = span_of(all, "queue pics.changes"),
		     *task = span_of(all, "task pics.changes");

	CHECK_STR(json_str(http, "parentSpanId"), CALLER);
	CHECK(json_int(http, "kind") == 2);
	CHECK(json_integer_value(
		      json_object_get(json_object_get(http, "attributes"), "http.response.status_code")) == 201);
	CHECK_STR(attr(http, "http.route"), "/v1/jobs");
	CHECK_STR(json_str(queue, "parentSpanId"), json_str(http, "spanId"));
	CHECK_STR(json_str(task, "parentSpanId"), json_str(queue, "spanId"));
	CHECK_STR(attr(task, "footplate.outcome"), "succeeded");
	CHECK_STR(attr(task, "footplate.task_id"), attr(queue, "footplate.task_id"));
	CHECK_STR(json_string_value(json_object_get(json_object_get(task, "resource"), "service.name")), service);
	const char *one =
		json_string_value(json_object_get(json_object_get(task, "resource"), "service.instance.id"));
	const char *two =
		json_string_value(json_object_get(json_object_get(http, "resource"), "service.instance.id"));
	CHECK(one && two && strcmp(one, two) != 0); /* two processes */
	CHECK(json_object_get(all, "broken") == NULL);
}

static void check_metric(const struct client *c, const char *line)
{
	struct rig_answer a = rig_call(&c->rig, "GET", "/metrics", NULL, NULL);
	CHECK(a.status == 200 && strstr(a.text, line));
	rig_answer_done(&a);
}

static void run(const char *protocol, const char *type, bool effects)
{
	static const char *const names[] = { "POST /v1/jobs", "queue pics.changes", "task pics.changes",
		"effect friends.message", "task friends.message" };
	struct rig sink;
	struct client c;

	rig_init(&sink);
	pid_t pid = start_sink(&sink);
	setenv("OTEL_EXPORTER_OTLP_ENDPOINT", sink_url, 1);
	setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol, 1);
	setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20me", 1);
	setenv("OTEL_SERVICE_NAME", "the fleet", 1);
	setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off", 1); /* only what the caller wants */
	client_start(&c, "tests/conformance/people.world", "websocket", 1);
	submit(&c, "Idempotency-Key: a\ntraceparent: 00-" TRACE "-" CALLER "-01");
	if (effects)
		submit_effect(&c);
	json_t *all = await(names, effects ? 5 : 3);
	check_joined(all, "the fleet");
	if (effects)
		CHECK_STR(json_str(span_of(all, "effect friends.message"), "parentSpanId"),
			json_str(span_of(all, "task friends.message"), "spanId"));
	CHECK_STR(json_string_value(json_object_get(all, "authorization")), "Bearer me");
	CHECK_STR(json_string_value(json_array_get(json_object_get(all, "types"), 0)), type);
	CHECK(json_int(all, "posts") >= 2); /* the first was refused, and nothing of it is missing */
	size_t i;
	const json_t *s;
	json_array_foreach(json_object_get(all, "spans"), i, s) CHECK_STR(json_str(s, "traceId"), TRACE);
	json_decref(all);
	check_metric(&c, "footplate_trace_spans_total{result=\"exported\"}");
	json_t *actions = json_object();
	client_stop(&c, actions);
	json_decref(actions);
	kill(pid, SIGTERM);
	rig_stop(&pid, SIGKILL);
	rig_done(&sink);
}

int main(void)
{
	run("http/json", "application/json", true);
	run("http/protobuf", "application/x-protobuf", false);
	return 0;
}
