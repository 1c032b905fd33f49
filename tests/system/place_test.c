/*
 * Where work goes, with two real agents in two regions: a policy with its ETag, what explain says and what the task says afterwards;
 * pause and resume, cordon and drain, a deadline, keys of tenants. On a simulated Steam.
 */
#include "tests/system/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PICS "{\"action\":\"pics.changes\",\"payload\":{\"since\":4999}%s%s}"

static char region[2][64], agent[2][64];

static void setup(struct rig *r)
{
	static const char *const serve[] = { "--no-agent", "--log-level", "warn", NULL };
	static const char *const quiet[] = { "--log-level", "warn", "--set", "agent.downloads=5", NULL };
	static const char *const names[] = { "{\"name\":\"eu\",\"country\":\"DE\",\"compliance\":[\"gdpr\"]}",
		"{\"name\":\"us\",\"country\":\"US\"}" };

	rig_init(r);
	rig_sim(r, "change 5000\n", (const char *const[]){ NULL });
	setenv("FOOTPLATE_LANES__UNSAFE", "true", 1);
	setenv("FOOTPLATE_LANES__LIMITS", "cm.connect=0,cm.login=0,pics.changes=0", 1);
	rig_serve(r, serve);
	for (unsigned i = 0; i < 2; i++) {
		json_t *v = rig_expect(r, 201, "POST", "/v1/regions", names[i]);
		snprintf(region[i], sizeof(region[i]), "%s", json_str(v, "id"));
		json_decref(v);
		rig_agent(r, i, region[i], quiet);
	}
	rig_await_agents(r, 2);
	json_t *all = rig_expect(r, 200, "GET", "/v1/agents", NULL);
	for (size_t i = 0; i < 2; i++) {
		const json_t *a = json_array_get(json_object_get(all, "items"), i);
		unsigned at = !strcmp(json_str(a, "regionId"), region[1]);
		snprintf(agent[at], sizeof(agent[at]), "%s", json_str(a, "id"));
		CHECK(json_int(a, "capacity") > 0 && json_int(a, "downloads") == 5);
	}
	json_decref(all);
}

static void submit(struct rig *r, const char *more, const char *headers, char id[static 64])
{
	static int n;
	char body[512], keyed[256];

	snprintf(body, sizeof(body), PICS, *more ? "," : "", more);
	snprintf(
		keyed, sizeof(keyed), "Idempotency-Key: k%d%s%s", n++, headers ? "\n" : "", headers ? headers : "");
	struct rig_answer a = rig_call(r, "POST", "/v1/jobs", keyed, body);
	if (a.status != 201)
		fprintf(stderr, "%s\n", a.text);
	CHECK(a.status == 201);
	snprintf(id, 64, "%s", json_str(a.body, "id"));
	rig_answer_done(&a);
}

static json_t *ask(
	struct rig *r, const char *method, const char *of, const char *id, const char *deed, const char *body)
{
	char path[256];
	snprintf(path, sizeof(path), "/v1/%s/%s%s", of, id, deed);
	return rig_expect(r, 200, method, path, body);
}

/* Waits for the job's status; its first task (the caller decrefs). */
static json_t *await(struct rig *r, const char *id, const char *status)
{
	for (int i = 0; i < 400; i++) {
		json_t *job = ask(r, "GET", "jobs", id, "", NULL);
		bool there = !strcmp(json_str(job, "status"), status);
		if (i == 399)
			json_dumpf(job, stderr, JSON_INDENT(1));
		json_decref(job);
		if (there) {
			json_t *tasks = ask(r, "GET", "jobs", id, "/tasks", NULL);
			json_t *task = json_incref(json_array_get(json_object_get(tasks, "items"), 0));
			json_decref(tasks);
			return task;
		}
		rig_sleep_ms(25);
	}
	CHECK_NEVER("the job did not come so far");
	return NULL;
}

static const json_t *candidate(const json_t *answer, const char *id)
{
	const json_t *c;
	size_t i;

	json_array_foreach(
		json_object_get(answer, "candidates"), i, c) if (!strcmp(json_str(c, "agentId"), id)) return c;
	CHECK_NEVER("the agent is no candidate");
	return NULL;
}

static void refused(
	struct rig *r, int status, const char *method, const char *path, const char *headers, const char *body)
{
	struct rig_answer a = rig_call(r, method, path, headers, body);
	if (a.status != status)
		fprintf(stderr, "%s %s: %d %s\n", method, path, a.status, a.text);
	CHECK(a.status == status);
	rig_answer_done(&a);
}

static void policies(struct rig *r)
{
	char path[128], id[64];
	json_t *p = rig_expect(r, 201, "POST", "/v1/routing-policies",
		"{\"name\":\"at-home\",\"when\":{\"action\":\"pics.*\"},\"require\":{\"country\":\"DE\","
		"\"compliance\":[\"gdpr\"]}}");

	snprintf(path, sizeof(path), "/v1/routing-policies/%s", json_str(p, "id"));
	CHECK_STR(json_str(p, "require.country"), "DE");
	CHECK(json_int(p, "position") == 100);
	json_decref(p);
	refused(r, 409, "POST", "/v1/routing-policies", NULL, "{\"name\":\"at-home\"}");
	refused(r, 422, "POST", "/v1/routing-policies", NULL,
		"{\"name\":\"x\",\"prefer\":[{\"regionId\":\"rgn_no\"}]}");
	refused(r, 422, "POST", "/v1/routing-policies", NULL,
		"{\"name\":\"x\",\"require\":{\"egressKind\":\"pigeon\"}}");
	refused(r, 422, "POST", "/v1/routing-policies", NULL, "{\"name\":\"x\",\"pin\":\"agt_no\"}");
	refused(r, 428, "PUT", path, NULL, "{\"name\":\"at-home\"}");
	refused(r, 412, "PUT", path, "If-Match: \"7\"", "{\"name\":\"at-home\"}");

	json_t *why = rig_expect(r, 200, "POST", "/v1/placements/explain", "{\"action\":\"pics.changes\"}");
	CHECK_STR(json_str(why, "agentId"), agent[0]);
	CHECK_STR(json_str(why, "rule"), "at-home");
	CHECK_STR(json_str(candidate(why, agent[0]), "code"), "chosen");
	CHECK_STR(json_str(candidate(why, agent[1]), "code"), "rule_country");
	json_decref(why);
	for (int i = 0; i < 4; i++) {
		submit(r, "", NULL, id);
		json_t *task = await(r, id, "succeeded");
		CHECK_STR(json_str(task, "placement.agentId"), agent[0]);
		CHECK_STR(json_str(task, "placement.rule"), "at-home");
		CHECK(json_array_size(json_object_get(json_object_get(task, "placement"), "reasons")) >= 2);
		json_decref(task);
	}
	struct rig_answer a = rig_call(r, "GET", path, NULL, NULL);
	char match[64], body[256];
	snprintf(match, sizeof(match), "If-Match: %s", rig_header(&a, "etag"));
	rig_answer_done(&a);
	snprintf(body, sizeof(body), "{\"name\":\"away\",\"position\":5,\"pin\":\"%s\"}", agent[1]);
	refused(r, 200, "PUT", path, match, body);
	submit(r, "", NULL, id);
	json_t *task = await(r, id, "succeeded");
	CHECK_STR(json_str(task, "agentId"), agent[1]);
	json_decref(task);
	why = rig_expect(r, 200, "POST", "/v1/routing-policies/explain", "{\"labels\":{\"a\":\"b\"}}");
	CHECK_STR(json_str(candidate(why, agent[0]), "code"), "rule_pin");
	json_decref(why);
	refused(r, 204, "DELETE", path, "If-Match: \"2\"", NULL);
	refused(r, 404, "GET", path, NULL, NULL);
}

static void pauses(struct rig *r)
{
	char id[64], late[64];

	json_decref(ask(r, "POST", "regions", region[0], "/cordon", NULL));
	json_decref(ask(r, "POST", "agents", agent[1], "/cordon", NULL));
	json_t *why = rig_expect(r, 200, "POST", "/v1/placements/explain", "{\"action\":\"pics.changes\"}");
	CHECK(json_is_null(json_object_get(why, "agentId")));
	CHECK_STR(json_str(candidate(why, agent[0]), "code"), "cordoned");
	json_decref(why);
	submit(r, "", NULL, id);
	struct rig_answer a = rig_call(r, "POST", "/v1/jobs", "Idempotency-Key: past",
		"{\"action\":\"pics.changes\",\"payload\":{\"since\":4999},\"deadline\":\"2020-01-01T00:00:00Z\"}");
	CHECK(a.status == 422);
	rig_answer_done(&a);
	json_t *job = ask(r, "POST", "jobs", id, "/pause", NULL);
	CHECK_STR(json_str(job, "status"), "paused");
	json_decref(job);
	json_decref(ask(r, "POST", "agents", agent[1], "/uncordon", NULL));
	submit(r, "\"order\":\"sequential\",\"maxParallel\":1", NULL, late);
	json_decref(await(r, late, "succeeded")); /* it goes on, the paused one does not */
	json_decref(await(r, id, "paused"));
	json_decref(ask(r, "POST", "jobs", id, "/resume", NULL));
	json_t *task = await(r, id, "succeeded");
	CHECK_STR(json_str(task, "agentId"), agent[1]);
	json_decref(task);
	char path[128];
	snprintf(path, sizeof(path), "/v1/jobs/%s/pause", id);
	refused(r, 409, "POST", path, NULL, NULL);
}

static void drains(struct rig *r)
{
	char id[64];

	json_t *a = ask(r, "POST", "agents", agent[1], "/drain", "{\"deadlineMs\":1000}");
	CHECK(*json_str(a, "drainUntil"));
	json_decref(a);
	for (int i = 0; i < 200; i++) { /* it has nothing: so it is empty soon */
		a = ask(r, "GET", "agents", agent[1], "", NULL);
		bool empty = *json_str(a, "drainedAt");
		json_decref(a);
		CHECK(i < 199);
		if (empty)
			break;
		rig_sleep_ms(25);
	}
	submit(r, "", NULL, id);
	json_decref(ask(r, "POST", "regions", region[0], "/uncordon", NULL));
	json_t *task = await(r, id, "succeeded");
	CHECK_STR(json_str(task, "agentId"), agent[0]);
	json_decref(task);
	json_decref(ask(r, "POST", "agents", agent[1], "/undrain", NULL));
}

/* A deadline while nobody may work; what a key of another tenant makes is that tenant's. */
static void tenants(struct rig *r)
{
	char id[64], header[160], more[96];
	time_t soon = time(NULL) + 2;

	json_decref(ask(r, "POST", "agents", agent[0], "/cordon", NULL));
	json_decref(ask(r, "POST", "agents", agent[1], "/cordon", NULL));
	refused(r, 422, "POST", "/v1/api-keys", NULL,
		"{\"name\":\"b\",\"scopes\":[\"jobs:*\"],\"tenantId\":\"blue\"}");
	json_t *key = rig_expect(r, 201, "POST", "/v1/api-keys",
		"{\"name\":\"b\",\"scopes\":[\"jobs:*\",\"watches:read\",\"keys:write\"],\"tenantId\":\"ten_"
		"blue\"}");
	snprintf(header, sizeof(header), "Authorization: Bearer %s", json_str(key, "secret"));
	struct rig blue = *r;
	snprintf(blue.key, sizeof(blue.key), "%s", json_str(key, "secret"));
	json_decref(key);
	refused(r, 422, "POST", "/v1/api-keys", header,
		"{\"name\":\"c\",\"scopes\":[\"jobs:read\"],\"tenantId\":\"ten_red\"}");
	refused(r, 403, "PUT", "/v1/tenants/ten_blue/weight", header, "{\"weight\":3}");
	refused(r, 404, "PUT", "/v1/tenants/ten_no/weight", NULL, "{\"weight\":3}");
	refused(r, 200, "PUT", "/v1/tenants/ten_blue/weight", NULL, "{\"weight\":3}");
	strftime(more, sizeof(more), "\"deadline\":\"%Y-%m-%dT%H:%M:%SZ\"", gmtime(&soon));
	submit(&blue, more, NULL, id);
	char path[96];
	snprintf(path, sizeof(path), "/v1/jobs/%s", id);
	refused(r, 404, "GET", path, NULL, NULL);
	json_t *job = ask(&blue, "GET", "jobs", id, "", NULL);
	CHECK_STR(json_str(job, "tenantId"), "ten_blue");
	json_decref(job);
	json_t *task = await(&blue, id, "failed");
	CHECK_STR(json_str(task, "status"), "expired");
	CHECK_STR(json_str(task, "error.code"), "deadline_exceeded");
	json_decref(task);
	job = ask(&blue, "GET", "jobs", id, "", NULL);
	CHECK_STR(json_str(job, "stopReason"), "deadline_exceeded");
	json_decref(job);
}

int main(void)
{
	struct rig r;

	setup(&r);
	policies(&r);
	pauses(&r);
	drains(&r);
	tenants(&r);
	rig_check_events(&r);
	rig_done(&r);
	return 0;
}
