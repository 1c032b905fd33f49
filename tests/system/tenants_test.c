/*
 * Two tenants beside each other: what one names of the other's, in bodies and queries, is as if it were not there; labels and "all"
 * find one's own; streams and webhooks tell one's own; keys that are narrowed make, use and see only what they are narrowed to.
 */
#include "tests/system/matrix.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct matrix m;
static struct rig blue, red;

static struct rig with_key(const char *key)
{
	struct rig r = m.rig;
	snprintf(r.key, sizeof(r.key), "%s", key);
	return r;
}

static struct rig narrowed(const struct rig *maker, const char *more)
{
	char body[1024];

	snprintf(body, sizeof(body), "{\"name\":\"narrow\",\"scopes\":[\"admin:*\"],\"constraints\":{%s}}", more);
	json_t *key = rig_expect(maker, 201, "POST", "/v1/api-keys", body);
	struct rig r = with_key(json_str(key, "secret"));
	json_decref(key);
	return r;
}

static struct rig_answer call(const struct rig *r, const char *method, const char *path, const char *body)
{
	static int n;
	char headers[96];

	snprintf(headers, sizeof(headers), "Idempotency-Key: t%d\nIf-Match: *", ++n);
	return rig_call(r, method, path, headers, body);
}

static int status_of(const struct rig *r, const char *method, const char *path, const char *body)
{
	struct rig_answer a = call(r, method, path, body);
	int status = a.status;
	rig_answer_done(&a);
	return status;
}

static json_t *made(const struct rig *r, const char *path, const char *body)
{
	struct rig_answer a = call(r, "POST", path, body);

	if (a.status != 201 && a.status != 202)
		fprintf(stderr, "%s %s: %d %s\n", path, body, a.status, a.text);
	CHECK(a.status == 201 || a.status == 202);
	json_t *j = json_incref(a.body);
	rig_answer_done(&a);
	return j;
}

/* The text with each of these ids, and the request's own, replaced by a word. */
static char *plain(const char *text, const char *id)
{
	char *out = calloc(1, strlen(text) + 64), *to = out;

	CHECK(out);
	while (*text) {
		if (!strncmp(text, id, strlen(id))) {
			to = stpcpy(to, "ID");
			text += strlen(id);
		} else if (!strncmp(text, "/requests/", 10)) {
			text += 10 + strcspn(text + 10, "\"");
		} else {
			*to++ = *text++;
		}
	}
	return out;
}

/* A request with %s in path or body: with another tenant's id it is answered as with one that never was, and refused. */
static void same_as_nothing(
	const char *method, const char *path, const char *body, enum kind kind, const char *nothing)
{
	const char *ids[2] = { m.id[RED][kind], nothing };
	char *texts[2], at[256], in[1024];
	int status[2];

	for (int i = 0; i < 2; i++) {
		snprintf(at, sizeof(at), path, ids[i]);
		snprintf(in, sizeof(in), body, ids[i]);
		struct rig_answer a = call(&blue, method, at, *body ? in : NULL);
		status[i] = a.status;
		texts[i] = plain(a.text, ids[i]);
		rig_answer_done(&a);
	}
	if (status[0] != status[1] || strcmp(texts[0], texts[1]) != 0 || status[0] < 400 || status[0] >= 500) {
		fprintf(stderr, "%s %s %s\n%d %s\n%d %s\n", method, path, body, status[0], texts[0], status[1],
			texts[1]);
		CHECK_NEVER("another tenant's id is told from none, or is taken");
	}
	free(texts[0]);
	free(texts[1]);
}

#define NO_ACCOUNT "acc_01JD0000000000000000000000"
#define NO_JOB     "job_01JD0000000000000000000000"
#define NO_TASK    "tsk_01JD0000000000000000000000"
#define NO_USER    "usr_01JD0000000000000000000000"

static void foreign_ids(void)
{
	char path[160];

	same_as_nothing(
		"POST", "/v1/jobs", "{\"action\":\"session.login\",\"targets\":[\"%s\"]}", K_ACCOUNT, NO_ACCOUNT);
	snprintf(path, sizeof(path), "/v1/jobs/%s/retry", m.id[BLUE][K_JOB]);
	same_as_nothing("POST", path, "{\"taskIds\":[\"%s\"]}", K_TASK, NO_TASK);
	same_as_nothing("POST", "/v1/dead-letters/redrive", "{\"taskIds\":[\"%s\"]}", K_TASK, NO_TASK);
	same_as_nothing("POST", "/v1/webhooks", "{\"url\":\"https://a.invalid/\",\"jobId\":\"%s\"}", K_JOB, NO_JOB);
	same_as_nothing("POST", "/v1/webhooks", "{\"url\":\"https://a.invalid/\",\"accountId\":\"%s\"}", K_ACCOUNT,
		NO_ACCOUNT);
	snprintf(path, sizeof(path), "/v1/webhooks/%s", m.id[BLUE][K_WEBHOOK]);
	same_as_nothing("PATCH", path, "{\"jobId\":\"%s\"}", K_JOB, NO_JOB);
	same_as_nothing("POST", "/v1/key-batches",
		"{\"keys\":[{\"key\":\"AAAAA-BBBBB-DDDDD\"}],\"candidates\":{\"accounts\":[\"%s\"]}}", K_ACCOUNT,
		NO_ACCOUNT);
	same_as_nothing("POST", "/v1/key-batches",
		"{\"keys\":[{\"key\":\"AAAAA-BBBBB-EEEEE\",\"accountId\":\"%s\"}],\"distribution\":\"pinned\","
		"\"candidates\":{\"allAccounts\":true}}",
		K_ACCOUNT, NO_ACCOUNT);
	same_as_nothing("POST", "/v1/placements/explain", "{\"accountId\":\"%s\"}", K_ACCOUNT, NO_ACCOUNT);
	same_as_nothing("POST", "/v1/api-keys", "{\"name\":\"x\",\"scopes\":[\"jobs:read\"],\"userId\":\"%s\"}",
		K_USER, NO_USER);
	same_as_nothing("POST", "/v1/api-keys", "{\"name\":\"x\",\"scopes\":[\"jobs:read\"],\"tenantId\":\"%s\"}",
		K_TENANT, "ten_none");
	/* The second id of a path. */
	snprintf(path, sizeof(path), "/v1/jobs/%s/tasks/%%s/attempts", m.id[BLUE][K_JOB]);
	same_as_nothing("GET", path, "", K_TASK, NO_TASK);
	snprintf(path, sizeof(path), "/v1/jobs/%s/tasks/%%s/resolve", m.id[BLUE][K_JOB]);
	same_as_nothing("POST", path, "{\"outcome\":\"done\",\"evidence\":\"x\"}", K_TASK, NO_TASK);
	snprintf(path, sizeof(path), "/v1/key-batches/%s/keys/%%s/reveal", m.id[BLUE][K_BATCH]);
	same_as_nothing("POST", path, "", K_GAME_KEY, "key_01JD0000000000000000000000");
	snprintf(path, sizeof(path), "/v1/key-batches/%s/keys/%%s", m.id[BLUE][K_BATCH]);
	same_as_nothing("DELETE", path, "", K_GAME_KEY, "key_01JD0000000000000000000000");
	snprintf(path, sizeof(path), "/v1/webhooks/%s/deliveries/%%s", m.id[BLUE][K_WEBHOOK]);
	same_as_nothing("GET", path, "", K_DELIVERY, "msg_01JD0000000000000000000000");
	snprintf(path, sizeof(path), "/v1/webhooks/%s/deliveries/%%s/redeliver", m.id[BLUE][K_WEBHOOK]);
	same_as_nothing("POST", path, "", K_DELIVERY, "msg_01JD0000000000000000000000");
}

/* A schedule resolves its targets when it fires: with its tenant's eyes, whoever is there then. */
static void foreign_in_schedules(void)
{
	char body[512], path[128];

	snprintf(body, sizeof(body),
		"{\"name\":\"foreign\",\"cron\":\"0 0 1 1 "
		"*\",\"job\":{\"action\":\"session.login\",\"targets\":[\"%s\"]}}",
		m.id[RED][K_ACCOUNT]);
	json_t *s = rig_expect(&blue, 201, "POST", "/v1/schedules", body);
	snprintf(path, sizeof(path), "/v1/schedules/%s/run-now", json_str(s, "id"));
	json_decref(s);
	struct rig_answer a = call(&blue, "POST", path, NULL);
	CHECK(a.status >= 400 && a.status < 500 && strstr(a.text, "there is no such account"));
	rig_answer_done(&a);
}

static int64_t total_of(const struct rig *r, const char *more)
{
	char body[256];

	snprintf(body, sizeof(body), "{\"action\":\"session.login\",\"delaySeconds\":9000,%s}", more);
	struct rig_answer a = call(r, "POST", "/v1/jobs", body);
	int64_t n = a.status == 201 ? json_int(a.body, "summary.total") : -a.status;
	rig_answer_done(&a);
	return n;
}

static size_t items_of(const struct rig *r, const char *path)
{
	json_t *list = rig_expect(r, 200, "GET", path, NULL);
	size_t n = json_array_size(json_object_get(list, "items"));
	json_decref(list);
	return n;
}

/* Labels, "all" and filters find what is one's own. */
static void selections(void)
{
	char path[160];

	CHECK(total_of(&blue, "\"labels\":{\"team\":\"all\"}") == 1);
	CHECK(total_of(&blue, "\"allAccounts\":true") == 1);
	json_t *batch = made(&blue, "/v1/key-batches",
		"{\"keys\":[{\"key\":\"AAAAA-BBBBB-FFFFF\"}],\"candidates\":{\"allAccounts\":true}}");
	CHECK(json_int(batch, "candidates") == 1);
	json_decref(batch);
	batch = made(&blue, "/v1/key-batches",
		"{\"keys\":[{\"key\":\"AAAAA-BBBBB-GGGGG\"}],\"candidates\":{\"labels\":{\"team\":\"all\"}}}");
	CHECK(json_int(batch, "candidates") == 1);
	json_decref(batch);
	snprintf(path, sizeof(path), "/v1/accounts?login=%s", matrix_marks[RED]);
	CHECK(items_of(&blue, path) == 0 && items_of(&red, path) == 1);
	snprintf(path, sizeof(path), "/v1/challenges?account=%s", m.id[RED][K_ACCOUNT]);
	CHECK(items_of(&blue, path) == 0 && items_of(&red, path) == 1);
	snprintf(path, sizeof(path), "/v1/events?jobId=%s", m.id[RED][K_JOB]);
	CHECK(items_of(&blue, path) == 0 && items_of(&red, path) > 0);
	snprintf(path, sizeof(path), "/v1/api-keys?tenantId=%s", matrix_tenants[RED]);
	CHECK(items_of(&blue, path) == items_of(&blue, "/v1/api-keys"));
	CHECK(items_of(&blue, "/v1/dead-letters") == 1);
}

/* Reads a stream from the beginning until this text has come; it must show nothing of red. */
static void read_stream(const struct rig *r, const char *until)
{
	static char seen[1 << 20];
	char head[512];
	size_t n = 0;
	int fd = rig_connect(r);

	snprintf(head, sizeof(head),
		"GET /v1/events?after=0 HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAuthorization: Bearer "
		"%s\r\n\r\n",
		r->key);
	CHECK(write(fd, head, strlen(head)) == (ssize_t)strlen(head));
	for (int tries = 0; !strstr(seen, until); tries++) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		CHECK(tries < 2000 && poll(&p, 1, 10000) == 1); /* a heartbeat every 15 seconds is no event */
		ssize_t got = read(fd, seen + n, sizeof(seen) - 1 - n);
		CHECK(got > 0);
		n += (size_t)got;
		seen[n] = 0;
	}
	close(fd);
	for (int k = K_NONE + 1; k < KINDS; k++)
		if (matrix_is_theirs((enum kind)k))
			CHECK(!strstr(seen, m.id[RED][k]) && !strstr(seen, m.id[OWN][k]));
	CHECK(strstr(seen, m.id[BLUE][K_JOB]) && !strstr(seen, "region.created"));
}

/* The position is everybody's; what stands there is its tenant's. What the engine does by itself is told to whose job it is. */
static void streams(void)
{
	char body[256], until[64], path[128];
	time_t soon = time(NULL) + 3; /* whole seconds: what is soon now lies ahead when the jobs are made */

	snprintf(path, sizeof(path), "/v1/webhooks/%s", m.id[BLUE][K_WEBHOOK]);
	CHECK(status_of(&blue, "PATCH", path, "{\"enabled\":true,\"types\":[]}") == 200);
	for (int i = 0; i < 2; i++) {
		size_t n = (size_t)snprintf(body, sizeof(body), "{\"action\":\"agent.ping\",\"deadline\":\"");
		n += strftime(body + n, sizeof(body) - n, "%Y-%m-%dT%H:%M:%SZ", gmtime(&soon));
		snprintf(body + n, sizeof(body) - n, "\"}");
		json_t *job = made(i ? &blue : &red, "/v1/jobs", body);
		snprintf(until, sizeof(until), "%s", json_str(job, "id"));
		if (!i)
			snprintf(m.id[RED][K_JOB], 64, "%s", until);
		json_decref(job);
	}
	json_t *over = NULL;
	snprintf(path, sizeof(path), "/v1/jobs/%s", until);
	for (int i = 0; i < 200 && (!over || !*json_str(over, "finishedAt")); i++) {
		json_decref(over);
		rig_sleep_ms(50);
		over = rig_expect(&blue, 200, "GET", path, NULL);
	}
	CHECK_STR(json_str(over, "stopReason"), "deadline_exceeded");
	json_decref(over);
	read_stream(&blue, "job.finished");
	CHECK(!strcmp(rig_sql(&m.rig, "SELECT COUNT(*) FROM events e JOIN jobs j ON j.id = e.job_id WHERE "
				      "e.tenant_id <> j.tenant_id"),
		"0"));
	CHECK(!strcmp(
		rig_sql(&m.rig,
			"SELECT COUNT(*) FROM events e JOIN accounts a ON a.id = e.account_id WHERE e.tenant_id <> "
			"a.tenant_id"),
		"0"));
	/* The webhook of blue was told of blue's job, and of none of the other. */
	snprintf(path, sizeof(path), "/v1/webhooks/%s/deliveries?limit=500", m.id[BLUE][K_WEBHOOK]);
	char *text = NULL;
	for (int i = 0; i < 200 && (!text || !strstr(text, "job.finished")); i++) {
		json_t *list = rig_expect(&blue, 200, "GET", path, NULL);
		free(text);
		text = json_dumps(list, 0);
		json_decref(list);
		rig_sleep_ms(50);
	}
	CHECK(strstr(text, "job.finished") && strstr(text, until) && !strstr(text, m.id[RED][K_JOB]));
	free(text);
}

static void keep_id(char to[static 64], json_t *j)
{
	snprintf(to, 64, "%s", json_str(j, "id"));
	json_decref(j);
}

/* What a key that is narrowed to one label sees, uses and makes. */
static void narrowed_to_a_label(void)
{
	struct rig n = narrowed(&blue, "\"accountLabels\":{\"team\":\"a\"}");
	char a[64], b[64], body[512], path[160];

	keep_id(a, made(&blue, "/v1/accounts", "{\"login\":\"team-a\",\"labels\":{\"team\":\"a\"}}"));
	keep_id(b, made(&blue, "/v1/accounts", "{\"login\":\"team-b\",\"labels\":{\"team\":\"b\"}}"));
	snprintf(path, sizeof(path), "/v1/accounts/%s", a);
	CHECK(status_of(&n, "GET", path, NULL) == 200);
	CHECK(status_of(&n, "PATCH", path, "{\"labels\":{\"team\":\"b\"}}") ==
		403); /* it would lose it, and b would have it */
	snprintf(path, sizeof(path), "/v1/accounts/%s", b);
	CHECK(status_of(&n, "GET", path, NULL) == 404 && status_of(&n, "DELETE", path, NULL) == 404);
	CHECK(items_of(&n, "/v1/accounts") == 1 && items_of(&blue, "/v1/accounts") == 3);
	CHECK(status_of(&n, "POST", "/v1/accounts", "{\"login\":\"team-c\",\"labels\":{\"team\":\"c\"}}") == 403);
	CHECK(status_of(&n, "POST", "/v1/accounts", "{\"login\":\"team-d\",\"labels\":{\"team\":\"a\"}}") == 201);
	snprintf(body, sizeof(body), "\"targets\":[\"%s\"]", b);
	CHECK(total_of(&n, body) == -422);
	snprintf(body, sizeof(body), "\"targets\":[\"%s\"]", a);
	CHECK(total_of(&n, body) == 1);
	CHECK(total_of(&n, "\"allAccounts\":true") == 2 && total_of(&n, "\"labels\":{\"team\":\"b\"}") == -403);
	/* A job that it made is its own to look at and to cancel; another's is not. */
	CHECK(items_of(&n, "/v1/jobs") == 2);
	snprintf(path, sizeof(path), "/v1/jobs/%s", m.id[BLUE][K_JOB]);
	CHECK(status_of(&n, "GET", path, NULL) == 404);
	/* What goes on without it is not left to labels of tomorrow, and shows no more than it may see. */
	CHECK(status_of(&n, "POST", "/v1/schedules",
		      "{\"name\":\"n\",\"cron\":\"0 0 1 1 "
		      "*\",\"job\":{\"action\":\"session.login\",\"allAccounts\":true}}") == 422);
	CHECK(status_of(&n, "POST", "/v1/webhooks", "{\"url\":\"https://a.invalid/\"}") == 403);
	CHECK(status_of(&n, "GET", "/v1/events", NULL) == 403);
	snprintf(path, sizeof(path), "/v1/events?accountId=%s", b);
	CHECK(status_of(&n, "GET", path, NULL) == 404);
	snprintf(path, sizeof(path), "/v1/events?accountId=%s", a);
	CHECK(status_of(&n, "GET", path, NULL) == 200);
	/* It cannot make itself a wider one, nor edit those of others. */
	CHECK(status_of(&n, "POST", "/v1/api-keys", "{\"name\":\"wide\",\"scopes\":[\"jobs:read\"]}") == 403);
	snprintf(path, sizeof(path), "/v1/api-keys/%s", m.id[BLUE][K_API_KEY]);
	CHECK(status_of(&n, "PATCH", path, "{\"name\":\"mine\"}") == 404);
}

static void narrowed_to_actions_and_own(void)
{
	struct rig n = narrowed(&blue, "\"actions\":[\"session.*\"]");
	char body[256];

	snprintf(body, sizeof(body), "\"targets\":[\"%s\"]", m.id[BLUE][K_ACCOUNT]);
	CHECK(total_of(&n, body) == 1);
	CHECK(status_of(&n, "POST", "/v1/jobs", "{\"action\":\"agent.ping\"}") == 403);
	n = narrowed(&blue, "\"own\":true");
	CHECK(total_of(&n, "\"allAccounts\":true") >= 1);
	CHECK(items_of(&n, "/v1/jobs") == 1 && items_of(&n, "/v1/webhooks") == 0);
}

/* The installation's administrators make keys for tenants and see to them; nothing else of a tenant's is theirs. */
static void administrators(void)
{
	struct rig own = with_key(m.key[OWN]);
	char path[160];

	snprintf(path, sizeof(path), "/v1/api-keys?tenantId=%s", matrix_tenants[BLUE]);
	CHECK(items_of(&own, path) > 1);
	snprintf(path, sizeof(path), "/v1/api-keys/%s", m.id[BLUE][K_API_KEY]);
	CHECK(status_of(&own, "GET", path, NULL) == 200 && status_of(&red, "GET", path, NULL) == 404);
	snprintf(path, sizeof(path), "/v1/jobs/%s", m.id[BLUE][K_JOB]);
	CHECK(status_of(&own, "GET", path, NULL) == 404);
	struct rig narrow = narrowed(&own, "\"own\":true");
	snprintf(path, sizeof(path), "/v1/api-keys/%s", m.id[BLUE][K_API_KEY]);
	CHECK(status_of(&narrow, "GET", path, NULL) == 404);
}

int main(void)
{
	rig_init(&m.rig);
	rig_serve(&m.rig, (const char *const[]){ "--no-agent", NULL });
	matrix_seed(&m);
	blue = with_key(m.key[BLUE]);
	red = with_key(m.key[RED]);
	foreign_ids();
	foreign_in_schedules();
	selections();
	streams();
	narrowed_to_a_label();
	narrowed_to_actions_and_own();
	administrators();
	rig_check_events(&m.rig);
	rig_done(&m.rig);
	return 0;
}
