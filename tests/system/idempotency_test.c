/* One Idempotency-Key, one effect: in a race, in a repeat, after a restart, and never for another request. */
#include "tests/system/rig.h"

#include <pthread.h>
#include <signal.h>

#define RACERS 100
#define BODY   "{\"action\":\"pics.product_info\",\"payload\":{\"apps\":[440]}}"

struct racer {
	const struct rig *rig;
	pthread_barrier_t *start;
	char id[64];
	int status;
};

static void *race(void *arg)
{
	struct racer *me = arg;
	pthread_barrier_wait(me->start);
	struct rig_answer a = rig_call(me->rig, "POST", "/v1/jobs", "Idempotency-Key: the-race", BODY);
	me->status = a.status;
	snprintf(me->id, sizeof(me->id), "%s", json_str(a.body, "id"));
	rig_answer_done(&a);
	return NULL;
}

static void a_hundred_at_once(const struct rig *r)
{
	static struct racer racers[RACERS];
	pthread_t threads[RACERS];
	pthread_barrier_t start;

	pthread_barrier_init(&start, NULL, RACERS);
	for (int i = 0; i < RACERS; i++) {
		racers[i] = (struct racer){ .rig = r, .start = &start };
		CHECK(pthread_create(&threads[i], NULL, race, &racers[i]) == 0);
	}
	for (int i = 0; i < RACERS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < RACERS; i++) {
		CHECK(racers[i].status == 201);
		CHECK_STR(racers[i].id, racers[0].id);
	}
	json_t *jobs = rig_expect(r, 200, "GET", "/v1/jobs", NULL);
	CHECK(json_array_size(json_object_get(jobs, "items")) == 1);
	json_decref(jobs);
	pthread_barrier_destroy(&start);
}

static void expect(const struct rig *r, const char *headers, const char *body, int status, const char *code)
{
	struct rig_answer a = rig_call(r, "POST", "/v1/jobs", headers, body);
	if (a.status != status || (code && strcmp(json_str(a.body, "code"), code) != 0)) {
		fprintf(stderr, "%s: %d %s, not %d %s\n", headers ? headers : "", a.status, a.text, status,
			code ? code : "");
		exit(1);
	}
	rig_answer_done(&a);
}

static void refusals(const struct rig *r)
{
	expect(r, NULL, BODY, 400, "idempotency_key_missing");
	expect(r, "Idempotency-Key: two words", BODY, 400, "malformed");
	expect(r, "Idempotency-Key: the-race", "{\"action\":\"pics.product_info\",\"payload\":{\"apps\":[441]}}",
		422, "idempotency_key_reused");
	/* A refused request has no effect, so its key is free. */
	expect(r, "Idempotency-Key: later", "{\"action\":\"nonsense\"}", 422, "validation_failed");
	expect(r, "Idempotency-Key: later", BODY, 201, NULL);
	/* Members in another order and other spaces are the same request. */
	expect(r, "Idempotency-Key: \"the-race\"",
		"{ \"payload\": {\"apps\": [440]}, \"action\": \"pics.product_info\" }", 201, NULL);
}

static void replays(const struct rig *r, const char *id)
{
	struct rig_answer a = rig_call(r, "POST", "/v1/jobs", "Idempotency-Key: the-race", BODY);
	CHECK(a.status == 201 && !strcmp(rig_header(&a, "idempotency-replayed"), "true"));
	CHECK_STR(json_str(a.body, "id"), id);
	rig_answer_done(&a);
}

/* The key belongs to who used it: another caller's is another request. */
static void anothers_key(const struct rig *r, const char *id)
{
	char headers[256];
	json_t *key = rig_expect(
		r, 201, "POST", "/v1/api-keys", "{\"name\":\"other\",\"scopes\":[\"jobs:*\",\"watches:*\"]}");
	snprintf(headers, sizeof(headers), "Idempotency-Key: the-race\nAuthorization: Bearer %s",
		json_str(key, "secret"));
	struct rig_answer a = rig_call(r, "POST", "/v1/jobs", headers, BODY);
	CHECK(a.status == 201 && strcmp(json_str(a.body, "id"), id) != 0);
	rig_answer_done(&a);
	json_decref(key);
}

/* While the first is being worked on (its fsync hangs), a repeat waits a little, and is then told to come again. */
static void *post_slow(void *arg)
{
	struct rig_answer a = rig_call(arg, "POST", "/v1/jobs", "Idempotency-Key: slow", BODY);
	CHECK(a.status == 201 && !*rig_header(&a, "idempotency-replayed"));
	rig_answer_done(&a);
	return NULL;
}

static void in_progress(struct rig *r, const char *slow)
{
	pthread_t first;
	FILE *f = fopen(slow, "w");
	CHECK(f && fclose(f) == 0);
	if (r->pg.pid) /* it is not the server's own fsync then */
		pg_pause(&r->pg);
	CHECK(pthread_create(&first, NULL, post_slow, r) == 0);
	rig_sleep_ms(300);
	struct rig_answer a = rig_call(r, "POST", "/v1/jobs", "Idempotency-Key: slow", BODY);
	CHECK(a.status == 409 && !strcmp(json_str(a.body, "code"), "idempotency_in_progress"));
	CHECK_STR(rig_header(&a, "retry-after"), "1");
	rig_answer_done(&a);
	CHECK(remove(slow) == 0);
	if (r->pg.pid)
		pg_resume(&r->pg);
	pthread_join(first, NULL);
	a = rig_call(r, "POST", "/v1/jobs", "Idempotency-Key: slow", BODY);
	CHECK(a.status == 201 && !strcmp(rig_header(&a, "idempotency-replayed"), "true"));
	rig_answer_done(&a);
}

int main(void)
{
	static const char *const no_agent[] = { "--no-agent", NULL };
	struct rig r;

	rig_init(&r);
	char slow[96];
	snprintf(slow, sizeof(slow), "%s/slow", r.dir);
	setenv("SYNC_SHIM_SLOW", slow, 1);
	setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
	r.preload = getenv("SYNC_SHIM");
	rig_serve(&r, no_agent);
	a_hundred_at_once(&r);
	json_t *jobs = rig_expect(&r, 200, "GET", "/v1/jobs", NULL);
	const char *id =
		json_string_value(json_object_get(json_array_get(json_object_get(jobs, "items"), 0), "id"));
	replays(&r, id);
	refusals(&r);
	rig_stop(&r.server, SIGKILL);
	rig_serve(&r, no_agent);
	replays(&r, id);
	anothers_key(&r, id);
	in_progress(&r, slow);
	json_decref(jobs);
	rig_done(&r);
	return 0;
}
