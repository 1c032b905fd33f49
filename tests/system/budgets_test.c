/*
 * The limits of rate lanes as operators see and set them: tightened with budgets:write, loosened only with budgets:override, each
 * change in the audit; what was set holds after a kill.
 */
#include "tests/system/rig.h"

#include <signal.h>

#define BUCKET   "/v1/rate-budgets/cm.login:egr_a"
#define BASE_US  10000000 /* of cm.login, by the table */
#define COMMANDS 512

static const char *const serve_args[] = { "--no-agent", "--log-level", "warn", NULL };

/* "Authorization: Bearer …" of a new key with these scopes (JSON). */
static void make_key(const struct rig *r, const char *scopes, char ret[static 128])
{
	char body[200];
	snprintf(body, sizeof(body), "{\"name\":\"budget key\",\"scopes\":[%s]}", scopes);
	json_t *key = rig_expect(r, 201, "POST", "/v1/api-keys", body);
	snprintf(ret, 128, "Authorization: Bearer %s", json_str(key, "secret"));
	json_decref(key);
}

static void try_it(
	const struct rig *r, int status, const char *method, const char *path, const char *key, const char *body)
{
	struct rig_answer a = rig_call(r, method, path, key, body);
	if (a.status != status) {
		fprintf(stderr, "%s %s: %d, not %d: %s\n", method, path, a.status, status, a.text ? a.text : "");
		exit(1);
	}
	rig_answer_done(&a);
}

static void is_set(const struct rig *r, int64_t every_us, int64_t capacity, bool tuned)
{
	json_t *b = rig_expect(r, 200, "GET", BUCKET, NULL);
	CHECK(json_int(b, "baseEveryMicros") == every_us && json_int(b, "everyMicros") == every_us);
	CHECK(json_int(b, "capacity") == capacity && json_int(b, "tokens") <= capacity);
	CHECK(json_is_true(json_object_get(b, "tuned")) == tuned);
	CHECK_STR(json_str(b, "lane"), "cm.login");
	CHECK_STR(json_str(b, "key.kind"), "egress");
	CHECK_STR(json_str(b, "key.id"), "egr_a");
	json_decref(b);
}

static size_t listed(const struct rig *r, const char *path)
{
	json_t *page = rig_expect(r, 200, "GET", path, NULL);
	size_t n = json_array_size(json_object_get(page, "items"));
	json_decref(page);
	return n;
}

static void who_may(const struct rig *r)
{
	char reader[128], writer[128], lord[128];

	make_key(r, "\"budgets:read\"", reader);
	make_key(r, "\"budgets:read\",\"budgets:write\"", writer);
	make_key(r, "\"budgets:read\",\"budgets:write\",\"budgets:override\"", lord);
	try_it(r, 200, "GET", BUCKET, reader, NULL);
	try_it(r, 403, "PATCH", BUCKET, reader, "{\"everyMs\":20000}");
	try_it(r, 403, "PATCH", BUCKET, writer, "{\"everyMs\":9999}");
	try_it(r, 403, "PATCH", BUCKET, writer, "{\"burst\":2}");
	try_it(r, 403, "PATCH", BUCKET, writer, "{\"everyMs\":20000,\"burst\":2}"); /* half of it is looser */
	is_set(r, BASE_US, 1, false);
	try_it(r, 200, "PATCH", BUCKET, writer, "{\"everyMs\":20000}");
	is_set(r, 20000000, 1, true);
	try_it(r, 403, "PATCH", BUCKET, writer, "{\"everyMs\":10000}"); /* back is looser, too */
	try_it(r, 403, "POST", BUCKET "/clear-cooldown", writer, NULL);
	is_set(r, 20000000, 1, true);
	try_it(r, 200, "PATCH", BUCKET, lord, "{\"everyMs\":5000,\"burst\":3}");
	is_set(r, 5000000, 3, true);
}

static void what_is_none(const struct rig *r)
{
	try_it(r, 404, "GET", "/v1/rate-budgets/cm.nothing:egr_a", NULL, NULL);
	try_it(r, 404, "GET", "/v1/rate-budgets/cm.login", NULL, NULL);
	try_it(r, 404, "PATCH", "/v1/rate-budgets/cm.job:acc_a", NULL, "{\"everyMs\":1000}"); /* an agent's own */
	try_it(r, 422, "PATCH", BUCKET, NULL, "{\"everyMs\":0}");
	try_it(r, 422, "PATCH", BUCKET, NULL, "{\"burst\":0}");
	try_it(r, 422, "PATCH", BUCKET, NULL, "{\"coolDownUntil\":null}");
}

/* The only look into the database: the audit has no route yet. */
static void audited(const struct rig *r, const char *action, int n)
{
	char sql[COMMANDS];
	snprintf(sql, sizeof(sql),
		"SELECT COUNT(*) FROM audit WHERE action = '%s' AND resource = 'cm.login:egr_a' AND actor LIKE "
		"'%%apk_%%'",
		action);
	CHECK(atoi(rig_sql(r, sql)) == n);
}

int main(void)
{
	struct rig r;

	rig_init(&r);
	rig_serve(&r, serve_args);
	CHECK(listed(&r, "/v1/rate-budgets") == 0);
	is_set(&r, BASE_US, 1, false);
	who_may(&r);
	what_is_none(&r);
	try_it(&r, 200, "PATCH", "/v1/rate-budgets/store.redeem:acc_b", NULL, "{\"burst\":1}");
	CHECK(listed(&r, "/v1/rate-budgets") == 2 && listed(&r, "/v1/rate-budgets?lane=cm.login") == 1);
	CHECK(listed(&r, "/v1/rate-budgets?key=acc_b") == 1 && listed(&r, "/v1/rate-budgets?limit=1") == 1);
	rig_stop(&r.server, SIGKILL);
	rig_serve(&r, serve_args);
	is_set(&r, 5000000, 3, true);
	CHECK(listed(&r, "/v1/rate-budgets") == 2);
	audited(&r, "budget.tighten", 1);
	audited(&r, "budget.loosen", 1);
	rig_check_events(&r);
	rig_done(&r);
	return 0;
}
