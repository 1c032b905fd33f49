/* The API as a client sees it: conventions that hold on every route, and what each resource promises. */
#include "tests/system/rig.h"

#include <signal.h>

static void expect_code(const struct rig *r, int status, const char *code, const char *method, const char *path,
	const char *headers, const char *body)
{
	struct rig_answer a = rig_call(r, method, path, headers, body);
	if (a.status != status || strcmp(json_str(a.body, "code"), code) != 0) {
		fprintf(stderr, "%s %s: %d %s, not %d %s\n", method, path, a.status, a.text, status, code);
		exit(1);
	}
	CHECK_STR(rig_header(&a, "content-type"), "application/problem+json");
	CHECK(json_int(a.body, "status") == status && *json_str(a.body, "title") && *json_str(a.body, "type"));
	rig_answer_done(&a);
}

static bool has_pointer(const json_t *problem, const char *pointer, const char *code)
{
	size_t i;
	json_t *e;
	json_array_foreach(json_object_get(problem, "errors"), i,
		e) if (!strcmp(json_str(e, "pointer"), pointer) && !strcmp(json_str(e, "code"), code)) return true;
	return false;
}

static void every_mistake_has_its_place(const struct rig *r)
{
	struct rig_answer a = rig_call(r, "POST", "/v1/jobs", "Idempotency-Key: m",
		"{\"action\":\"pics.product_info\",\"payload\":{\"apps\":[\"x\",-1],\"apz\":[]},\"priority\":10,"
		"\"colour\":\"red\"}");
	CHECK(a.status == 422);
	CHECK(has_pointer(a.body, "/priority", "out_of_range"));
	CHECK(has_pointer(a.body, "/colour", "unknown_field"));
	rig_answer_done(&a);
	a = rig_call(r, "POST", "/v1/jobs", "Idempotency-Key: m",
		"{\"action\":\"pics.product_info\",\"payload\":{\"apps\":[\"x\",-1],\"apz\":[]}}");
	CHECK(a.status == 422);
	CHECK(has_pointer(a.body, "/payload/apps/0", "wrong_type") &&
		has_pointer(a.body, "/payload/apps/1", "out_of_range"));
	CHECK(has_pointer(a.body, "/payload/apz", "unknown_field"));
	rig_answer_done(&a);
}

static void refusals(const struct rig *r)
{
	expect_code(r, 401, "unauthenticated", "GET", "/v1/jobs", "Authorization: Bearer fp_live_wrong", NULL);
	expect_code(r, 401, "unauthenticated", "GET", "/v1/jobs", "Authorization: Basic abc", NULL);
	expect_code(r, 400, "malformed", "GET", "/v1/jobs?key=fp_live_x", NULL, NULL);
	expect_code(r, 404, "not_found", "GET", "/v1/nothing", NULL, NULL);
	expect_code(r, 404, "not_found", "GET", "/v1/jobs/job_nothing", NULL, NULL);
	expect_code(r, 405, "method_not_allowed", "PUT", "/v1/jobs", NULL, NULL);
	expect_code(r, 400, "malformed", "POST", "/v1/jobs", "Idempotency-Key: n", "{\"action\":");
	expect_code(r, 400, "malformed", "POST", "/v1/jobs", "Idempotency-Key: n",
		"{\"action\":\"a\",\"action\":\"b\"}");
	expect_code(r, 422, "validation_failed", "GET", "/v1/jobs?limit=501", NULL, NULL);
	expect_code(r, 422, "validation_failed", "GET", "/v1/jobs?offset=10", NULL, NULL);
	expect_code(r, 422, "validation_failed", "GET", "/v1/jobs?cursor=made.up", NULL, NULL);
	expect_code(r, 404, "not_found", "POST", "/v1/jobs/x/cancel", NULL, "{}"); /* whose it is comes first */
}

/* A key may do what it was given, and cannot give more. */
static void scopes(const struct rig *r)
{
	char headers[160];
	json_t *key = rig_expect(r, 201, "POST", "/v1/api-keys",
		"{\"name\":\"reader\",\"scopes\":[\"jobs:read\",\"keys:write\",\"jobs:write\"]}");

	snprintf(headers, sizeof(headers), "Authorization: Bearer %s\nIdempotency-Key: s", json_str(key, "secret"));
	struct rig_answer a = rig_call(r, "GET", "/v1/jobs", headers, NULL);
	CHECK(a.status == 200);
	rig_answer_done(&a);
	expect_code(r, 403, "insufficient_scope", "GET", "/v1/accounts", headers, NULL);
	expect_code(r, 403, "insufficient_scope", "POST", "/v1/jobs", headers,
		"{\"action\":\"pics.changes\",\"payload\":{\"since\":1}}");
	expect_code(r, 422, "validation_failed", "POST", "/v1/api-keys", headers,
		"{\"name\":\"x\",\"scopes\":[\"admin:*\"]}");

	json_t *list = rig_expect(r, 200, "GET", "/v1/api-keys", NULL);
	char *text = json_dumps(list, 0);
	CHECK(!strstr(text, json_str(key, "secret")) && strstr(text, json_str(key, "last4")));
	free(text);
	json_decref(list);

	char path[96];
	snprintf(path, sizeof(path), "/v1/api-keys/%s/revoke", json_str(key, "id"));
	json_decref(rig_expect(r, 200, "POST", path, NULL));
	json_decref(rig_expect(r, 200, "POST", path, NULL));
	expect_code(r, 401, "unauthenticated", "GET", "/v1/jobs", headers, NULL);
	json_decref(key);
}

static void pages(const struct rig *r)
{
	char body[64], path[256] = "/v1/accounts?limit=7";
	int seen = 0;
	char last[64] = "~";

	for (int i = 0; i < 23; i++) {
		snprintf(body, sizeof(body), "{\"login\":\"page%d\"}", i);
		json_decref(rig_expect(r, 201, "POST", "/v1/accounts", body));
	}
	while (*path) {
		json_t *page = rig_expect(r, 200, "GET", path, NULL), *e;
		size_t i;
		json_array_foreach(json_object_get(page, "items"), i, e)
		{
			CHECK(strcmp(json_str(e, "id"), last) < 0);
			snprintf(last, sizeof(last), "%s", json_str(e, "id"));
			seen++;
		}
		const char *next = json_str(page, "nextCursor");
		snprintf(path, sizeof(path), *next ? "/v1/accounts?limit=7&cursor=%s" : "%s", next);
		json_decref(page);
	}
	CHECK(seen == 23);
}

static void edits(const struct rig *r)
{
	char path[96];
	json_t *a =
		rig_expect(r, 201, "POST", "/v1/accounts", "{\"login\":\"edited\",\"labels\":{\"team\":\"a\"}}");

	snprintf(path, sizeof(path), "/v1/accounts/%s", json_str(a, "id"));
	expect_code(r, 409, "conflict", "POST", "/v1/accounts", NULL, "{\"login\":\"edited\"}");
	expect_code(r, 428, "precondition_required", "PATCH", path, NULL, "{\"enabled\":false}");
	expect_code(r, 412, "etag_mismatch", "PATCH", path, "If-Match: \"7\"", "{\"enabled\":false}");
	struct rig_answer got = rig_call(r, "GET", path, NULL, NULL);
	CHECK_STR(rig_header(&got, "etag"), "\"1\"");
	rig_answer_done(&got);
	got = rig_call(r, "GET", path, "If-None-Match: \"1\"", NULL);
	CHECK(got.status == 304 && !*got.text);
	rig_answer_done(&got);
	got = rig_call(r, "PATCH", path, "If-Match: \"1\"", "{\"enabled\":false}");
	CHECK(got.status == 200 && json_is_false(json_object_get(got.body, "enabled")));
	CHECK_STR(json_str(got.body, "labels.team"), "a"); /* what the patch leaves out stays */
	rig_answer_done(&got);
	expect_code(r, 422, "validation_failed", "PATCH", path, "If-Match: *", "{\"id\":\"acc_x\"}");
	got = rig_call(r, "DELETE", path, "If-Match: \"2\"", NULL);
	CHECK(got.status == 204);
	rig_answer_done(&got);
	expect_code(r, 404, "not_found", "GET", path, NULL, NULL);
	json_decref(a);
}

/* A job over accounts of which one is disabled; cancel; retry only what failed. */
static void jobs(const struct rig *r)
{
	char body[256], path[96];
	json_t *good =
		rig_expect(r, 201, "POST", "/v1/accounts", "{\"login\":\"good\",\"labels\":{\"pool\":\"x\"}}");
	json_t *off = rig_expect(r, 201, "POST", "/v1/accounts",
		"{\"login\":\"off\",\"enabled\":false,\"labels\":{\"pool\":\"x\"}}");

	snprintf(body, sizeof(body), "{\"action\":\"session.ping\",\"targets\":[\"%s\",\"%s\"]}",
		json_str(good, "id"), json_str(good, "id"));
	expect_code(r, 422, "validation_failed", "POST", "/v1/jobs", "Idempotency-Key: twice", body);
	json_t *job = rig_post_job(r, "{\"action\":\"session.ping\",\"labels\":{\"pool\":\"x\"}}");
	CHECK(json_int(job, "summary.total") == 2 && json_int(job, "summary.queued") == 1 &&
		json_int(job, "summary.failed") == 1);
	snprintf(path, sizeof(path), "/v1/jobs/%s/cancel", json_str(job, "id"));
	expect_code(r, 422, "validation_failed", "POST", path, NULL, "{}"); /* it takes no body */
	json_t *canceled = rig_expect(r, 200, "POST", path, NULL);
	CHECK_STR(json_str(canceled, "status"), "failed");
	CHECK(json_int(canceled, "summary.canceled") == 1 && *json_str(canceled, "finishedAt"));
	snprintf(path, sizeof(path), "/v1/jobs/%s/tasks?status=failed", json_str(job, "id"));
	json_t *tasks = rig_expect(r, 200, "GET", path, NULL);
	CHECK(json_array_size(json_object_get(tasks, "items")) == 1);
	const json_t *t = json_array_get(json_object_get(tasks, "items"), 0);
	CHECK_STR(json_str(t, "error.code"), "account_disabled");
	CHECK_STR(json_str(t, "targetAccountId"), json_str(off, "id"));
	snprintf(path, sizeof(path), "/v1/jobs/%s/retry", json_str(job, "id"));
	struct rig_answer again = rig_call(r, "POST", path, "Idempotency-Key: again", NULL);
	CHECK(again.status == 201 && json_int(again.body, "summary.total") == 1);
	CHECK_STR(json_str(again.body, "parentJobId"), json_str(job, "id"));
	rig_answer_done(&again);
	json_decref(tasks);
	json_decref(canceled);
	json_decref(job);
	json_decref(off);
	json_decref(good);
}

static void what_it_says_of_itself(const struct rig *r)
{
	static const char *const open[] = { "/livez", "/readyz", "/v1/health", "/v1/version", "/v1/openapi.json" };
	for (size_t i = 0; i < sizeof(open) / sizeof(*open); i++) {
		struct rig_answer a = rig_call(r, "GET", open[i], "Authorization: none", NULL);
		CHECK(a.status == 200 && a.body != NULL);
		CHECK(*rig_header(&a, "x-request-id") && *rig_header(&a, "traceparent"));
		rig_answer_done(&a);
	}
	struct rig_answer m = rig_call(r, "GET", "/metrics", NULL, NULL);
	CHECK(m.status == 200 &&
		strstr(m.text, "footplate_http_requests_total{method=\"GET\",route=\"/livez\",code=\"200\"} 1"));
	rig_answer_done(&m);
	struct rig_answer t = rig_call(
		r, "GET", "/livez", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", NULL);
	CHECK(!strncmp(rig_header(&t, "traceparent"), "00-0af7651916cd43dd8448eb211c80319c-", 36));
	rig_answer_done(&t);
}

/* Prefer: wait holds the answer until the job is over, or the time is. */
static void waiting(const struct rig *r)
{
	struct rig_answer a = rig_call(r, "POST", "/v1/jobs", "Idempotency-Key: w\nPrefer: wait=1",
		"{\"action\":\"pics.changes\",\"payload\":{\"since\":1}}");
	CHECK(a.status == 201);
	CHECK_STR(json_str(a.body, "status"), "queued"); /* there is no agent */
	rig_answer_done(&a);
	/* A replay waits for the same job, and has its own time. */
	a = rig_call(r, "POST", "/v1/jobs", "Idempotency-Key: w\nPrefer: wait=1",
		"{\"action\":\"pics.changes\",\"payload\":{\"since\":1}}");
	CHECK(a.status == 201 && !strcmp(rig_header(&a, "idempotency-replayed"), "true"));
	char path[96];
	snprintf(path, sizeof(path), "/v1/jobs/%s/cancel", json_str(a.body, "id"));
	rig_answer_done(&a);
	json_decref(rig_expect(r, 200, "POST", path, NULL));
	/* The job is over now: a replay tells so at once, not what it was when it was made. */
	a = rig_call(r, "POST", "/v1/jobs", "Idempotency-Key: w\nPrefer: wait=50",
		"{\"action\":\"pics.changes\",\"payload\":{\"since\":1}}");
	CHECK(a.status == 201);
	CHECK_STR(json_str(a.body, "status"), "canceled");
	rig_answer_done(&a);
}

int main(void)
{
	struct rig r;

	rig_init(&r);
	rig_serve(&r, (const char *const[]){ "--no-agent", NULL });
	pages(&r);
	every_mistake_has_its_place(&r);
	refusals(&r);
	scopes(&r);
	edits(&r);
	jobs(&r);
	what_it_says_of_itself(&r);
	waiting(&r);
	rig_done(&r);
	return 0;
}
