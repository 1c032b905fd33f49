/* Quotas with a crowd at the door: exactly as many live as may, none is left when all is over, and a kill in between breaks nothing. */
#include "tests/system/rig.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

#define CLIENTS 64
#define LIMIT   20

static char key_id[48], key_secret[64], quota_id[48];

static void prepare(const struct rig *r)
{
	char body[200];
	json_t *j = rig_expect(
		r, 201, "POST", "/v1/api-keys", "{\"name\":\"bounded\",\"scopes\":[\"jobs:*\",\"agents:read\"]}");

	snprintf(key_id, sizeof(key_id), "%s", json_str(j, "id"));
	snprintf(key_secret, sizeof(key_secret), "%s", json_str(j, "secret"));
	json_decref(j);
	snprintf(body, sizeof(body),
		"{\"subjectKind\":\"key\",\"subjectId\":\"%s\",\"resource\":\"jobs.active\",\"limit\":%d}", key_id,
		LIMIT);
	j = rig_expect(r, 201, "POST", "/v1/quotas", body);
	snprintf(quota_id, sizeof(quota_id), "%s", json_str(j, "id"));
	json_decref(j);
	json_decref(rig_expect(r, 409, "POST", "/v1/quotas", body));
}

/* Of the quota, as anybody sees it. */
static int64_t used(const struct rig *r)
{
	char path[100];

	snprintf(path, sizeof(path), "/v1/quota-usage?subject=key:%s", key_id);
	json_t *j = rig_expect(r, 200, "GET", path, NULL), *item = json_array_get(json_object_get(j, "items"), 0);
	int64_t n = json_int(item, "used");
	CHECK(json_array_size(json_object_get(j, "items")) == 1 && json_int(item, "limit") == LIMIT);
	json_decref(j);
	return n;
}

/* Jobs of the key that are not over: into ids, when they are wanted. */
static int live(const struct rig *r, char ids[][48])
{
	json_t *j = rig_expect(r, 200, "GET", "/v1/jobs?limit=500", NULL), *e;
	char owner[64];
	size_t at;
	int n = 0;

	snprintf(owner, sizeof(owner), "key:%s", key_id);
	json_array_foreach(json_object_get(j, "items"), at, e)
	{
		if (strcmp(json_str(e, "createdBy"), owner) != 0 || *json_str(e, "finishedAt"))
			continue;
		if (ids)
			snprintf(ids[n], 48, "%.47s", json_str(e, "id"));
		n++;
	}
	json_decref(j);
	return n;
}

struct client {
	const struct rig *rig;
	pthread_t thread;
	int n, status;
	bool named; /* the refusal said which quota */
};
static atomic_int round_n;

static void *submit(void *ctx)
{
	struct client *c = ctx;
	char headers[200];

	snprintf(headers, sizeof(headers), "Authorization: Bearer %s\nIdempotency-Key: crowd-%d-%d", key_secret,
		round_n, c->n);
	struct rig_answer a = rig_call(c->rig, "POST", "/v1/jobs", headers, "{\"action\":\"agent.ping\"}");
	c->status = a.status;
	c->named = a.status == 429 && strstr(a.text, "quota_exceeded") && strstr(a.text, "violatedPolicies") &&
		   strstr(a.text, key_id);
	rig_answer_done(&a);
	return NULL;
}

static void crowd(const struct rig *r, struct client c[CLIENTS])
{
	for (int i = 0; i < CLIENTS; i++) {
		c[i] = (struct client){ .rig = r, .n = i };
		CHECK(pthread_create(&c[i].thread, NULL, submit, &c[i]) == 0);
	}
}

static void join(struct client c[CLIENTS])
{
	for (int i = 0; i < CLIENTS; i++)
		CHECK(pthread_join(c[i].thread, NULL) == 0);
}

/* Cancels all, and gives it a while. */
static void end_all(const struct rig *r)
{
	char ids[CLIENTS][48], path[96];
	int n = live(r, ids);

	CHECK(n <= LIMIT);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/v1/jobs/%.47s/cancel", ids[i]);
		json_decref(rig_expect(r, 200, "POST", path, NULL));
	}
	for (int i = 0; i < 200 && live(r, NULL); i++)
		rig_sleep_ms(50);
	CHECK(live(r, NULL) == 0 && used(r) == 0);
}

static void exactly_as_many_as_may(const struct rig *r)
{
	struct client c[CLIENTS];
	int in = 0, again = 0;

	crowd(r, c);
	join(c);
	for (int i = 0; i < CLIENTS; i++) {
		CHECK(c[i].status == 201 || (c[i].status == 429 && c[i].named));
		in += c[i].status == 201;
	}
	CHECK(in == LIMIT && live(r, NULL) == LIMIT && used(r) == LIMIT);
	/* Who was let in and asks again gets the same job. */
	crowd(r, c);
	join(c);
	for (int i = 0; i < CLIENTS; i++)
		again += c[i].status == 201 || c[i].status == 200;
	CHECK(again == LIMIT && live(r, NULL) == LIMIT && used(r) == LIMIT);
	end_all(r);
}

/* The server dies with a crowd at the door. */
static void a_kill_breaks_nothing(struct rig *r)
{
	struct client c[CLIENTS];

	round_n++;
	crowd(r, c);
	rig_sleep_ms(rig_random(60));
	rig_stop(&r->server, SIGKILL);
	join(c);
	rig_serve(r, (const char *const[]){ "--no-agent", "--log-level", "warn", NULL });
	int n = live(r, NULL);
	CHECK(n <= LIMIT && used(r) == n);
	crowd(r, c); /* the same again: what was lost is made, what was not is the same */
	join(c);
	CHECK(live(r, NULL) == LIMIT && used(r) == LIMIT);
	end_all(r);
}

int main(void)
{
	struct rig r;

	rig_init(&r);
	rig_serve(&r, (const char *const[]){ "--no-agent", "--log-level", "warn", NULL });
	prepare(&r);
	exactly_as_many_as_may(&r);
	for (int i = 0; i < 3; i++)
		a_kill_breaks_nothing(&r);
	rig_done(&r);
	return 0;
}
