/* What an API key is limited to, and that no way leads around it. */
#include "tests/system/rig.h"

#include <signal.h>
#include <stdio.h>

static char header_text[96];

static const char *bearer(const char *secret)
{
	snprintf(header_text, sizeof(header_text), "Authorization: Bearer %s", secret);
	return header_text;
}

static int status_of(const struct rig *r, const char *secret, const char *method, const char *path)
{
	struct rig_answer a = rig_call(r, method, path, bearer(secret), NULL);
	int status = a.status;
	rig_answer_done(&a);
	return status;
}

/* A key's id and secret. */
struct key {
	char id[48], secret[64];
};

static struct key make_key(const struct rig *r, const char *members)
{
	struct key k;
	char body[512];

	snprintf(body, sizeof(body), "{\"name\":\"limited\",\"scopes\":[\"jobs:*\",\"agents:read\"]%s%s}",
		*members ? "," : "", members);
	json_t *j = rig_expect(r, 201, "POST", "/v1/api-keys", body);
	snprintf(k.id, sizeof(k.id), "%s", json_str(j, "id"));
	snprintf(k.secret, sizeof(k.secret), "%s", json_str(j, "secret"));
	json_decref(j);
	return k;
}

static json_t *edit_key(const struct rig *r, const struct key *k, const char *body)
{
	char path[96];

	snprintf(path, sizeof(path), "/v1/api-keys/%s", k->id);
	struct rig_answer a = rig_call(r, "PATCH", path, "If-Match: *", body);
	if (a.status != 200)
		fprintf(stderr, "%s\n", a.text);
	CHECK(a.status == 200);
	json_t *j = json_incref(a.body);
	rig_answer_done(&a);
	return j;
}

static void a_key_is_edited_and_put_to_rest(const struct rig *r)
{
	struct key k = make_key(r, "\"rateLimit\":600000,\"quotaDaily\":7000");
	char path[96];

	CHECK(status_of(r, k.secret, "GET", "/v1/jobs") == 200);
	snprintf(path, sizeof(path), "/v1/api-keys/%s", k.id);
	struct rig_answer a = rig_call(r, "PATCH", path, NULL, "{\"name\":\"x\"}");
	CHECK(a.status == 428);
	rig_answer_done(&a);
	a = rig_call(r, "PATCH", path, "If-Match: \"9\"", "{\"name\":\"x\"}");
	CHECK(a.status == 412);
	rig_answer_done(&a);
	a = rig_call(
		r, "PATCH", path, "If-Match: \"1\"", "{\"name\":\"x\",\"quotaDaily\":null,\"maxConcurrent\":3}");
	CHECK(a.status == 200 && json_int(a.body, "version") == 2);
	CHECK_STR(json_str(a.body, "name"), "x");
	CHECK(!json_object_get(a.body, "quotaDaily") && json_int(a.body, "rateLimit") == 600000);
	CHECK(json_int(a.body, "maxConcurrent") == 3);
	rig_answer_done(&a);
	json_decref(edit_key(r, &k, "{\"isActive\":false}"));
	CHECK(status_of(r, k.secret, "GET", "/v1/jobs") == 401);
	json_decref(edit_key(r, &k, "{\"isActive\":true}"));
	CHECK(status_of(r, k.secret, "GET", "/v1/jobs") == 200);
	a = rig_call(r, "DELETE", path, "If-Match: *", NULL);
	CHECK(a.status == 204);
	rig_answer_done(&a);
	CHECK(status_of(r, k.secret, "GET", "/v1/jobs") == 401);
	json_decref(rig_expect(r, 404, "GET", path, NULL));
}

static void a_rotated_key_has_two_secrets_for_a_while(const struct rig *r)
{
	struct key k = make_key(r, "");
	char path[96], second[64];

	snprintf(path, sizeof(path), "/v1/api-keys/%s/rotate", k.id);
	json_t *j = rig_expect(r, 200, "POST", path, "{\"overlapSeconds\":3600}");
	snprintf(second, sizeof(second), "%s", json_str(j, "secret"));
	CHECK_STR(json_str(j, "id"), k.id);
	json_decref(j);
	CHECK(strcmp(second, k.secret) != 0);
	CHECK(status_of(r, k.secret, "GET", "/v1/jobs") == 200 && status_of(r, second, "GET", "/v1/jobs") == 200);
	/* Without overlap none of the old ones is left. */
	j = rig_expect(r, 200, "POST", path, "{\"overlapSeconds\":0}");
	CHECK(status_of(r, k.secret, "GET", "/v1/jobs") == 401 && status_of(r, second, "GET", "/v1/jobs") == 401);
	CHECK(status_of(r, json_str(j, "secret"), "GET", "/v1/jobs") == 200);
	snprintf(second, sizeof(second), "%s", json_str(j, "secret"));
	json_decref(j);
	/* A revoked key gives no new secret, and no old one of it is left. */
	j = rig_expect(r, 200, "POST", path, NULL);
	snprintf(path, sizeof(path), "/v1/api-keys/%s/revoke", k.id);
	json_decref(rig_expect(r, 200, "POST", path, NULL));
	CHECK(status_of(r, second, "GET", "/v1/jobs") == 401);
	CHECK(status_of(r, json_str(j, "secret"), "GET", "/v1/jobs") == 401);
	json_decref(j);
	snprintf(path, sizeof(path), "/v1/api-keys/%s/rotate", k.id);
	json_decref(rig_expect(r, 409, "POST", path, NULL));
}

/* Who may make keys, but not all, gets no more by editing or rotating the key of somebody who may. */
static void a_key_is_no_way_to_more(const struct rig *r)
{
	json_t *j = rig_expect(
		r, 201, "POST", "/v1/api-keys", "{\"name\":\"maker\",\"scopes\":[\"keys:*\",\"jobs:read\"]}");
	struct key strong = make_key(r, "");
	char path[96], auth[128];

	snprintf(auth, sizeof(auth), "Authorization: Bearer %s\nIf-Match: *", json_str(j, "secret"));
	snprintf(path, sizeof(path), "/v1/api-keys/%s", strong.id);
	struct rig_answer a = rig_call(r, "PATCH", path, auth, "{\"rateLimit\":1}");
	CHECK(a.status == 422 && strstr(a.text, "insufficient_scope"));
	rig_answer_done(&a);
	snprintf(path, sizeof(path), "/v1/api-keys/%s/rotate", strong.id);
	a = rig_call(r, "POST", path, auth, "{\"overlapSeconds\":60}");
	CHECK(a.status == 422 && !strstr(a.text, "fp_live_"));
	rig_answer_done(&a);
	CHECK(status_of(r, strong.secret, "GET", "/v1/jobs") == 200);
	json_decref(j);
}

static void a_key_comes_from_where_it_may(const struct rig *r)
{
	struct key k = make_key(r, "\"ipAllow\":[\"10.0.0.0/8\",\"::1\"]");

	CHECK(status_of(r, k.secret, "GET", "/v1/jobs") == 403);
	json_decref(edit_key(r, &k, "{\"ipAllow\":[\"127.0.0.0/8\"]}"));
	CHECK(status_of(r, k.secret, "GET", "/v1/jobs") == 200);
	json_decref(edit_key(r, &k, "{\"ipDeny\":[\"::ffff:127.0.0.1\"]}"));
	CHECK(status_of(r, k.secret, "GET", "/v1/jobs") == 403);
	json_decref(edit_key(r, &k, "{\"ipDeny\":[],\"constraints\":{\"addresses\":[\"127.0.0.2\"]}}"));
	CHECK(status_of(r, k.secret, "GET", "/v1/jobs") == 403);
	json_decref(edit_key(r, &k, "{\"constraints\":{}}"));
	CHECK(status_of(r, k.secret, "GET", "/v1/jobs") == 200);
	char path[96];
	snprintf(path, sizeof(path), "/v1/api-keys/%s", k.id);
	struct rig_answer a = rig_call(r, "PATCH", path, "If-Match: *", "{\"ipAllow\":[\"10.0.0.0/33\",\"x\"]}");
	CHECK(a.status == 422 && strstr(a.text, "/ipAllow/0") && strstr(a.text, "/ipAllow/1"));
	rig_answer_done(&a);
}

static void a_job_of_the_key_has_a_deadline(const struct rig *r)
{
	struct key k = make_key(r, "\"maxRuntimeSeconds\":100");
	char headers[160];

	snprintf(headers, sizeof(headers), "%s\nIdempotency-Key: deadline", bearer(k.secret));
	struct rig_answer a = rig_call(r, "POST", "/v1/jobs", headers, "{\"action\":\"agent.ping\"}");
	CHECK(a.status == 201 && *json_str(a.body, "deadline"));
	rig_answer_done(&a);
}

int main(void)
{
	struct rig r;

	rig_init(&r);
	rig_serve(&r, (const char *const[]){ "--no-agent", "--log-level", "warn", NULL });
	a_key_is_edited_and_put_to_rest(&r);
	a_rotated_key_has_two_secrets_for_a_while(&r);
	a_key_is_no_way_to_more(&r);
	a_key_comes_from_where_it_may(&r);
	a_job_of_the_key_has_a_deadline(&r);
	rig_done(&r);
	return 0;
}
