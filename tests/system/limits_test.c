/* What an API key is limited to, and that no way leads around it. */
#include "tests/system/follow.h"
#include "tests/system/rig.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS 64

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

static void how_much_it_was_used(const struct rig *r)
{
	struct key k = make_key(r, "");
	char path[96];

	for (int i = 0; i < 7; i++)
		CHECK(status_of(r, k.secret, "GET", "/v1/jobs") == 200);
	snprintf(path, sizeof(path), "/v1/api-keys/%s/usage?per=day", k.id);
	int64_t n = 0;
	for (int i = 0; i < 100 && n < 7; i++) { /* it is written now and then */
		json_t *j = rig_expect(r, 200, "GET", path, NULL), *e;
		size_t at;
		n = 0;
		json_array_foreach(json_object_get(j, "items"), at, e) n += json_int(e, "requests");
		json_decref(j);
		rig_sleep_ms(50);
	}
	CHECK(n == 7);
}

/* What a key is limited to it cannot leave by way of another key. */
static void a_limited_key_makes_no_keys(const struct rig *r)
{
	json_t *j = rig_expect(
		r, 201, "POST", "/v1/api-keys", "{\"name\":\"m\",\"scopes\":[\"keys:*\"],\"quotaDaily\":100}");
	char headers[128];

	snprintf(headers, sizeof(headers), "Authorization: Bearer %s", json_str(j, "secret"));
	struct rig_answer a =
		rig_call(r, "POST", "/v1/api-keys", headers, "{\"name\":\"x\",\"scopes\":[\"keys:read\"]}");
	CHECK(a.status == 403);
	rig_answer_done(&a);
	json_decref(j);
	j = rig_expect(r, 201, "POST", "/v1/api-keys",
		"{\"name\":\"m\",\"scopes\":[\"keys:*\"],\"expiresAt\":\"2099-01-01T00:00:00Z\"}");
	snprintf(headers, sizeof(headers), "Authorization: Bearer %s", json_str(j, "secret"));
	a = rig_call(r, "POST", "/v1/api-keys", headers, "{\"name\":\"x\",\"scopes\":[\"keys:read\"]}");
	CHECK(a.status == 422 && strstr(a.text, "/expiresAt"));
	rig_answer_done(&a);
	json_decref(j);
}

/* ---- many at once ---- */

struct crowd {
	const struct rig *rig;
	const char *secret, *path, *headers;
	int each; /* requests of each client */
	atomic_int next, in, out, other;
};

static void *client(void *arg)
{
	struct crowd *c = arg;
	char headers[256];

	snprintf(headers, sizeof(headers), "Authorization: Bearer %s%s%s", c->secret, c->headers ? "\n" : "",
		c->headers ? c->headers : "");
	for (int i = 0; i < c->each; i++) {
		/* A header's spelling makes no other key of it, and neither does the method. */
		bool head = i % 5 == 4 && !c->headers;
		struct rig_answer a = rig_call(c->rig, head ? "HEAD" : "GET", c->path, headers, NULL);
		atomic_fetch_add(a.status == 200 ? &c->in : a.status == 429 ? &c->out : &c->other, 1);
		if (a.status == 429)
			CHECK(strtol(rig_header(&a, "retry-after"), NULL, 10) >= 1);
		rig_answer_done(&a);
	}
	return NULL;
}

static void crowd(struct crowd *c)
{
	pthread_t all[CLIENTS];

	for (int i = 0; i < CLIENTS; i++)
		CHECK(pthread_create(&all[i], NULL, client, c) == 0);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(all[i], NULL);
}

static int64_t count_of(const struct rig *r, const struct key *k, const char *member)
{
	char path[96];

	snprintf(path, sizeof(path), "/v1/api-keys/%s", k->id);
	json_t *j = rig_expect(r, 200, "GET", path, NULL);
	int64_t n = json_int(j, member);
	json_decref(j);
	return n;
}

static void a_quota_is_exact_under_a_crowd(struct rig *r)
{
	struct key k = make_key(r, "\"quotaDaily\":500,\"quotaMonthly\":900");
	struct crowd c = { .rig = r, .secret = k.secret, .path = "/v1/jobs?limit=1", .each = 12 };

	crowd(&c);
	CHECK(c.in == 500 && c.out == CLIENTS * 12 - 500 && c.other == 0);
	struct rig_answer a = rig_call(r, "GET", "/v1/jobs", bearer(k.secret), NULL);
	CHECK(a.status == 429);
	CHECK_STR(json_str(a.body, "code"), "quota_exceeded");
	CHECK_STR(json_string_value(json_array_get(json_object_get(a.body, "violatedPolicies"), 0)), "daily");
	CHECK(strstr(rig_header(&a, "ratelimit-policy"), "\"daily\";q=500;w=86400"));
	CHECK(strstr(rig_header(&a, "ratelimit-policy"), "\"monthly\";q=900;w="));
	CHECK(strstr(rig_header(&a, "ratelimit"), "\"daily\";r=0;t="));
	rig_answer_done(&a);
	/* It holds over a restart, and another secret is no other key. */
	rig_stop(&r->server, SIGTERM);
	rig_serve(r, (const char *const[]){ "--no-agent", "--log-level", "warn", NULL });
	CHECK(status_of(r, k.secret, "GET", "/v1/jobs") == 429);
	char path[96];
	snprintf(path, sizeof(path), "/v1/api-keys/%s/rotate", k.id);
	json_t *j = rig_expect(r, 200, "POST", path, NULL);
	CHECK(status_of(r, json_str(j, "secret"), "GET", "/v1/jobs") == 429);
	json_decref(j);
	CHECK(count_of(r, &k, "requestCount") == 500);
	/* More is more, to the last one: the month has 400 left. */
	json_decref(edit_key(r, &k, "{\"quotaDaily\":1000}"));
	c.in = c.out = 0;
	crowd(&c);
	CHECK(c.in == 400 && c.other == 0);
}

static void a_kill_gives_nobody_more(struct rig *r)
{
	struct key k = make_key(r, "\"quotaDaily\":2000");
	struct crowd c = { .rig = r, .secret = k.secret, .path = "/v1/jobs?limit=1", .each = 8 };

	crowd(&c);
	CHECK(c.in == CLIENTS * 8 && c.out == 0);
	rig_stop(&r->server, SIGKILL);
	rig_serve(r, (const char *const[]){ "--no-agent", "--log-level", "warn", NULL });
	c.each = 30;
	crowd(&c);
	/* What was in hand at the kill counts as used: at most a sixteenth of what was left. */
	CHECK(c.in <= 2000 && c.in >= 2000 - 2000 / 16 && c.other == 0);
	CHECK(status_of(r, k.secret, "GET", "/v1/jobs") == 429);
}

static void a_rate_is_a_burst_and_then_the_pace(const struct rig *r)
{
	struct key k = make_key(r, "\"rateLimit\":300");
	struct crowd c = { .rig = r, .secret = k.secret, .path = "/v1/jobs?limit=1", .each = 9 };
	int64_t began = time(NULL);

	crowd(&c);
	CHECK(c.in >= 300 && c.in <= 300 + (time(NULL) - began + 1) * 5 && c.other == 0);
	struct rig_answer a = rig_call(r, "GET", "/v1/jobs", bearer(k.secret), NULL);
	if (a.status == 429) {
		CHECK_STR(json_str(a.body, "code"), "rate_limited");
		CHECK(strstr(rig_header(&a, "ratelimit-policy"), "\"perkey\";q=300;w=60"));
	}
	rig_answer_done(&a);
}

/* Requests that wait for a job's end are as many as may be at once; then there is room again. */
static void only_so_many_at_once(const struct rig *r)
{
	struct key k = make_key(r, "\"maxConcurrent\":7");
	json_t *job = rig_post_job(r, "{\"action\":\"agent.ping\"}");
	char path[96];

	snprintf(path, sizeof(path), "/v1/jobs/%s", json_str(job, "id"));
	struct crowd c = { .rig = r, .secret = k.secret, .path = path, .headers = "Prefer: wait=3", .each = 1 };
	crowd(&c);
	CHECK(c.in == 7 && c.out == CLIENTS - 7 && c.other == 0);
	struct rig_answer a = rig_call(r, "GET", path, bearer(k.secret), NULL);
	CHECK(a.status == 200 && strstr(rig_header(&a, "ratelimit-policy"), "\"concurrency\";q=7"));
	rig_answer_done(&a);
	json_decref(job);
}

static int status_with(const struct rig *r, const char *secret, const char *headers)
{
	char all[256];

	snprintf(all, sizeof(all), "Authorization: Bearer %s\n%s", secret, headers);
	struct rig_answer a = rig_call(r, "GET", "/v1/jobs", all, NULL);
	int status = a.status;
	rig_answer_done(&a);
	return status;
}

/* What a client writes about its address is believed only when a trusted proxy wrote it. */
static void an_address_cannot_be_made_up(struct rig *r)
{
	struct key k = make_key(r, "\"ipAllow\":[\"203.0.113.7\"]");

	CHECK(status_with(r, k.secret, "X-Forwarded-For: 203.0.113.7") == 403);
	CHECK(status_with(r, k.secret, "Forwarded: for=203.0.113.7") == 403);
	CHECK(status_with(r, k.secret, "X-Real-IP: 203.0.113.7") == 403);
	rig_stop(&r->server, SIGTERM);
	rig_serve(r,
		(const char *const[]){ "--no-agent", "--log-level", "warn", "--set",
			"server.trusted_proxies=127.0.0.1,10.0.0.0/8", "--set", "server.auth_failures=20", NULL });
	CHECK(status_with(r, k.secret, "X-Forwarded-For: 203.0.113.7") == 200);
	CHECK(status_with(r, k.secret, "X-Forwarded-For: 203.0.113.7, 198.51.100.1") == 403);
	CHECK(status_with(r, k.secret, "X-Forwarded-For: 198.51.100.1\nX-Forwarded-For: 203.0.113.7") == 200);
	CHECK(status_with(r, k.secret, "X-Forwarded-For: 203.0.113.7\nX-Forwarded-For: 198.51.100.1") == 403);
	CHECK(status_with(r, k.secret, "X-Forwarded-For: 198.51.100.1, 203.0.113.7, 10.1.1.1") == 200);
	CHECK(status_with(r, k.secret, "Forwarded: for=203.0.113.7") == 403); /* the proxies write the other one */
	/* The audit trail has the client's address. */
	char all[160];
	snprintf(all, sizeof(all), "X-Forwarded-For: 203.0.113.9");
	struct rig_answer a =
		rig_call(r, "POST", "/v1/api-keys", all, "{\"name\":\"far\",\"scopes\":[\"jobs:read\"]}");
	CHECK(a.status == 201);
	rig_answer_done(&a);
	CHECK_STR(rig_sql(r, "SELECT peer FROM audit WHERE action = 'api_key.create' ORDER BY ts DESC LIMIT 1"),
		"203.0.113.9");
}

/* Who brings one wrong credential after the other is told to wait; nobody else is. */
static void failures_of_one_address_are_limited(const struct rig *r)
{
	static const char wrong[] = "fp_live_0000000000000000000000000000000000000";
	int denied = 0, limited = 0;

	for (int i = 0; i < 40; i++) {
		int status = status_with(r, wrong, "X-Forwarded-For: 198.51.100.66");
		denied += status == 401;
		limited += status == 429;
	}
	CHECK(denied >= 20 && denied <= 30 && denied + limited == 40);
	CHECK(status_with(r, wrong, "X-Forwarded-For: 198.51.100.67") == 401);
	CHECK(status_with(r, r->key, "X-Forwarded-For: 198.51.100.66") == 200);
}

/* ---- what ends streams ---- */

/* Something happens that the streams would show; its name. */
static const char *publish(const struct rig *r)
{
	static char name[32];
	static int n;
	char body[96];

	snprintf(name, sizeof(name), "marker-%d", n++);
	snprintf(body, sizeof(body), "{\"login\":\"%s\"}", name);
	json_t *j = rig_expect(r, 201, "POST", "/v1/accounts", body);
	snprintf(name, sizeof(name), "%.31s", json_str(j, "id"));
	json_decref(j);
	return name;
}

static struct key make_follower(const struct rig *r, const char *members)
{
	struct key k;
	char body[300];

	snprintf(body, sizeof(body), "{\"name\":\"follower\",\"scopes\":[\"events:read\"]%s}", members);
	json_t *j = rig_expect(r, 201, "POST", "/v1/api-keys", body);
	snprintf(k.id, sizeof(k.id), "%s", json_str(j, "id"));
	snprintf(k.secret, sizeof(k.secret), "%s", json_str(j, "secret"));
	json_decref(j);
	return k;
}

/* Each way to take a key's rights away ends its stream and its WebSocket, and nobody else's. */
static void a_stream_ends_with_the_right_to_it(const struct rig *r)
{
	static const struct {
		const char *method, *path, *body;
	} ways[] = {
		{ "POST", "/v1/api-keys/%s/revoke", NULL },
		{ "DELETE", "/v1/api-keys/%s", NULL },
		{ "POST", "/v1/api-keys/%s/rotate", "{\"overlapSeconds\":0}" },
		{ "PATCH", "/v1/api-keys/%s", "{\"isActive\":false}" },
		{ "PATCH", "/v1/api-keys/%s", "{\"ipDeny\":[\"127.0.0.1\"]}" },
	};
	struct key other = make_follower(r, "");
	struct follow stays, stream, socket;
	char path[96];

	follow_begin(&stays, r, other.secret, false);
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		struct key k = make_follower(r, "");
		follow_begin(&stream, r, k.secret, false);
		follow_begin(&socket, r, k.secret, true);
		const char *before = publish(r);
		CHECK(follow_until(&stream, before) && follow_until(&socket, before));
		snprintf(path, sizeof(path), ways[i].path, k.id);
		struct rig_answer a = rig_call(r, ways[i].method, path, "If-Match: *", ways[i].body);
		CHECK(a.status == 200 || a.status == 204);
		rig_answer_done(&a);
		const char *after = publish(r);
		follow_ends_without(&stream, after);
		follow_ends_without(&socket, after);
		CHECK(follow_until(&stays, after));
	}
	close(stays.fd);
}

static void a_stream_ends_when_its_key_expires(const struct rig *r)
{
	char members[64], when[32];
	time_t soon = time(NULL) + 2;
	struct tm t;
	struct follow f;

	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&soon, &t));
	snprintf(members, sizeof(members), ",\"expiresAt\":\"%s\"", when);
	struct key k = make_follower(r, members);
	follow_begin(&f, r, k.secret, false);
	while (follow_until(&f, NULL))
		;
	CHECK(time(NULL) >= soon);
	close(f.fd);
}

/* A stream is one of those at once, until it ends. */
static void a_stream_counts_while_it_is_open(const struct rig *r)
{
	struct key k = make_follower(r, ",\"maxConcurrent\":2");
	struct follow one, two;

	follow_begin(&one, r, k.secret, false);
	follow_begin(&two, r, k.secret, true);
	CHECK(status_of(r, k.secret, "GET", "/v1/events?limit=1") == 429);
	close(two.fd);
	int status = 429;
	for (int i = 0; i < 100 && status == 429; i++) {
		status = status_of(r, k.secret, "GET", "/v1/events?limit=1");
		rig_sleep_ms(50);
	}
	CHECK(status == 200);
	close(one.fd);
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
	how_much_it_was_used(&r);
	a_limited_key_makes_no_keys(&r);
	a_quota_is_exact_under_a_crowd(&r);
	a_kill_gives_nobody_more(&r);
	a_rate_is_a_burst_and_then_the_pace(&r);
	only_so_many_at_once(&r);
	a_stream_ends_with_the_right_to_it(&r);
	a_stream_ends_when_its_key_expires(&r);
	a_stream_counts_while_it_is_open(&r);
	an_address_cannot_be_made_up(&r);
	failures_of_one_address_are_limited(&r);
	rig_done(&r);
	return 0;
}
