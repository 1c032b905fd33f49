/* Quotas: exact at the limit, settled once, and mended: whoever makes what, by hand, by the clock, or for a batch. */
#include "control/engine/moves.h"
#include "control/quotas/quotas.h"
#include "control/schedules/schedule_row.h"
#include "control/schedules/schedules.h"
#include "control/sweep.h"

#include "tests/unit/control/engine_desk.h"

static int64_t number(const struct store_query *q, const char *a) { return desk_number(&d, q, a, NULL); }
#define USED(id) number(DESK_QUERY("SELECT used FROM quotas WHERE id = $1"), id)
#define HELD(id) number(DESK_QUERY("SELECT COALESCE(SUM(n), 0) FROM quota_reservations WHERE quota_id = $1"), id)
#define LIVE()   number(DESK_QUERY("SELECT COUNT(*) FROM jobs WHERE finished_at = 0"), NULL)

/* Makes a quota by its route; the caller frees nothing. */
static const char *quota(const char *kind, const char *subject, const char *resource, int limit)
{
	static char ring[8][48];
	static int at;
	char body[256], *to = ring[at++ % 8];

	snprintf(body, sizeof(body),
		"{\"subjectKind\":\"%s\",\"subjectId\":\"%s\",\"resource\":\"%s\",\"limit\":%d}", kind, subject,
		resource, limit);
	if (writes("createQuota", NULL, body) != RC_OK)
		fprintf(stderr, "%s\n", d.fault.text);
	CHECK(ended == RC_OK);
	snprintf(to, sizeof(ring[0]), "%s", got("id"));
	return to;
}

static void subjects(void)
{
	static const struct store_query key = {
		.sql = "INSERT INTO api_keys (id, name, hash, prefix, last4, scopes, expires_at, revoked_at, "
		       "created_by, created_at, tenant_id, user_id, updated_at) VALUES ($1, $1, $1, '', '', '[]', "
		       "0, "
		       "0, 'test', 1, 'ten_default', 'usr_1', 0)"
	};

	people();
	desk_begin(&d);
	does(DESK_QUERY("INSERT INTO users (id, tenant_id, login, name, created_by, created_at, updated_at) VALUES "
			"('usr_1', 'ten_default', 'u', 'u', 'test', 1, 1)"),
		NULL, NULL, NULL);
	does(DESK_QUERY("INSERT INTO groups (id, tenant_id, name, created_by, created_at, updated_at) VALUES "
			"('grp_1', 'ten_default', 'g', 'test', 1, 1)"),
		NULL, NULL, NULL);
	does(DESK_QUERY("INSERT INTO group_members (group_id, user_id, source) VALUES ('grp_1', 'usr_1', 'local')"),
		NULL, NULL, NULL);
	does(&key, "apk_1", NULL, NULL);
	does(&key, "apk_2", NULL, NULL);
	desk_commit(&d);
}

/* As submit does: the quotas first, then the thing. `maker` is the one who acts. */
static enum rc asks(const char *maker, const char *owner, int64_t tasks)
{
	const struct quotas_want wants[] = { { QUOTA_JOBS_ACTIVE, 1 }, { QUOTA_TASKS_OPEN, tasks } };
	bool held = false;
	desk_begin(&d);
	enum rc rc = quotas_reserve(&d.tx,
		&(struct quotas_ask){
			.tenant_id = "ten_default", .maker = maker, .owner_id = owner, .wants = wants, .n = 2 },
		&held);

	desk_commit(&d); /* even when it was refused: then nothing was written */
	CHECK(held == (rc == RC_OK && strcmp(maker, "user:usr_2") != 0));
	return rc;
}

/* Two keys of one user, 64 times in turn: the group's limit holds for both together, and each one's own for it. */
static void exact(void)
{
	const char *group = quota("group", "grp_1", QUOTA_JOBS_ACTIVE, 10);
	const char *own = quota("key", "apk_2", QUOTA_JOBS_ACTIVE, 3);
	char owner[32];
	int in = 0, second = 0;

	for (int i = 0; i < 64; i++) {
		snprintf(owner, sizeof(owner), "job_%d", i);
		enum rc rc = asks(i % 2 ? "key:apk_2" : "key:apk_1", owner, 1);
		CHECK(rc == RC_OK || (rc == RC_QUOTA && d.tx.violated));
		in += rc == RC_OK;
		second += rc == RC_OK && i % 2;
		CHECK(USED(group) == in && HELD(group) == in && USED(own) == second && HELD(own) == second);
	}
	CHECK(in == 10 && second == 3);
	for (int i = 0; i < 64; i++) { /* twice: once gives back, the other nothing */
		snprintf(owner, sizeof(owner), "job_%d", i / 2);
		desk_begin(&d);
		CHECK(quotas_settle(&d.tx, owner) == RC_OK);
		desk_commit(&d);
	}
	CHECK(USED(group) == 0 && HELD(group) == 0 && USED(own) == 0 && HELD(own) == 0);
	CHECK(writes("deleteQuota", group, NULL) == RC_OK && writes("deleteQuota", own, NULL) == RC_OK);
}

/* Of several quotas all give or none; who is undone has reserved nothing. */
static void all_or_none(void)
{
	const char *tenant = quota("group", "grp_1", QUOTA_JOBS_ACTIVE, 10);
	const char *tasks = quota("user", "usr_1", QUOTA_TASKS_OPEN, 5);

	CHECK(asks("user:usr_1", "job_a", 6) == RC_QUOTA);
	CHECK_STR(d.tx.violated, "user:usr_1 tasks.open");
	CHECK(USED(tenant) == 0 && HELD(tenant) == 0 && USED(tasks) == 0);
	CHECK(asks("user:usr_1", "job_a", 5) == RC_OK && USED(tenant) == 1 && USED(tasks) == 5);
	CHECK(asks("user:usr_2", "job_b", 50) == RC_OK && USED(tenant) == 1); /* a stranger falls under none */
	desk_begin(&d);
	CHECK(quotas_settle(&d.tx, "job_a") == RC_OK);
	store_rollback(d.tx.db);
	CHECK(USED(tenant) == 1 && HELD(tasks) == 5);
	/* No such job: the sweep mends it. */
	desk_begin(&d);
	CHECK(quotas_sweep(&d.tx) == RC_OK);
	desk_commit(&d);
	CHECK(USED(tenant) == 0 && HELD(tenant) == 0 && USED(tasks) == 0 && HELD(tasks) == 0);
	CHECK(writes("deleteQuota", tenant, NULL) == RC_OK && writes("deleteQuota", tasks, NULL) == RC_OK);
}

#define TWO "{\"action\":\"session.ping\",\"targets\":[\"acc_1\",\"acc_2\"]}"

static void ends(const char *job_id, size_t n)
{
	static const struct store_query find = {
		.sql = "SELECT id FROM tasks WHERE job_id = $1 AND finished_at = 0"
	};

	for (size_t i = 0; i < n; i++) {
		struct moves_task t;
		auto_rows struct store_rows *r = NULL;
		desk_begin(&d);
		CHECK(store_one(d.tx.db, &find, STORE_ARGS(store_text(job_id)), &r, &d.fault) == RC_OK);
		const char *id = arena_str(&d.arena, store_col_text(r, 0));
		store_close(take(r));
		CHECK(moves_load(&d.tx, id, &t) == RC_OK && moves_cancel(&d.tx, &t) == RC_OK);
		desk_commit(&d);
	}
}

/* The engine: what lives counts from before the quota; each task and each job gives back when it ends. */
static void jobs(void)
{
	char old[48], job[48];

	CHECK(writes("createJob", NULL, TWO) == RC_OK);
	snprintf(old, sizeof(old), "%s", got("id"));
	const char *active = quota("key", "apk_1", QUOTA_JOBS_ACTIVE, 2);
	const char *open = quota("user", "usr_1", QUOTA_TASKS_OPEN, 4);
	CHECK(USED(active) == 1 && USED(open) == 2);
	CHECK(writes("createJob", NULL, TWO) == RC_OK);
	snprintf(job, sizeof(job), "%s", got("id"));
	CHECK(USED(active) == 2 && USED(open) == 4 && LIVE() == 2);
	CHECK(writes("createJob", NULL, TWO) == RC_QUOTA && LIVE() == 2);
	ends(job, 1);
	CHECK(USED(active) == 2 && USED(open) == 3 && HELD(open) == 3);
	ends(job, 1);
	CHECK(USED(active) == 1 && USED(open) == 2 && HELD(active) == 1);
	/* Nothing to mend; then a planted orphan and a wrong count are. */
	desk_begin(&d);
	CHECK(quotas_sweep(&d.tx) == RC_OK);
	CHECK(USED(active) == 1 && HELD(active) == 1 && USED(open) == 2 && HELD(open) == 2);
	does(DESK_QUERY("INSERT INTO quota_reservations (quota_id, owner_id, n) VALUES ($1, $2, 1)"), active, job,
		NULL);
	does(DESK_QUERY("UPDATE quotas SET used = 7 WHERE id = $1"), open, NULL, NULL);
	CHECK(quotas_sweep(&d.tx) == RC_OK);
	desk_commit(&d);
	CHECK(USED(active) == 1 && HELD(active) == 1 && USED(open) == 2 && HELD(open) == 2);
	ends(old, 2);
	CHECK(USED(active) == 0 && HELD(active) == 0 && USED(open) == 0 && HELD(open) == 0 && LIVE() == 0);
	CHECK(writes("deleteQuota", active, NULL) == RC_OK && writes("deleteQuota", open, NULL) == RC_OK);
}

/* A schedule counts, and so do the jobs that it makes: for who made it. */
static void schedules(void)
{
	const char *few = quota("key", "apk_1", QUOTA_SCHEDULES, 1);
	char id[48];
	static const char body[] = "{\"name\":\"a\",\"cron\":\"* * * * *\",\"job\":" TWO "}";

	CHECK(writes("createSchedule", NULL, body) == RC_OK && USED(few) == 1);
	snprintf(id, sizeof(id), "%s", got("id"));
	CHECK(writes("createSchedule", NULL, "{\"name\":\"b\",\"cron\":\"* * * * *\",\"job\":" TWO "}") ==
		RC_QUOTA);
	const char *active = quota("group", "grp_1", QUOTA_JOBS_ACTIVE, 1);
	for (int i = 0; i < 3;
		i++) { /* the first job is not over: the next are refused, and the schedule goes on */
		d.tx.now_ms += 60000;
		CHECK(schedules_scan(desk_begin(&d)) == RC_OK);
		desk_commit(&d);
		CHECK(LIVE() == 1 && USED(active) == 1 && HELD(active) == 1);
	}
	CHECK(writes("deleteSchedule", id, NULL) == RC_OK && USED(few) == 0 && HELD(few) == 0);
	CHECK(writes("deleteQuota", few, NULL) == RC_OK && writes("deleteQuota", active, NULL) == RC_OK);
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM quota_reservations"), NULL) == 0);
}

/* Somebody of a tenant cannot set what binds all of it, nor bind who is not there. */
static void refusals(void)
{
	CHECK(writes("createQuota", NULL,
		      "{\"subjectKind\":\"tenant\",\"subjectId\":\"ten_default\",\"resource\":\"jobs.active\","
		      "\"limit\":1}") == RC_DENIED);
	writes("createQuota", NULL,
		"{\"subjectKind\":\"user\",\"subjectId\":\"usr_none\",\"resource\":\"jobs.active\",\"limit\":1}");
	CHECK(refused("/subjectId"));
	const char *q = quota("user", "usr_1", QUOTA_WEBHOOKS, 1);
	CHECK(writes("createQuota", NULL,
		      "{\"subjectKind\":\"user\",\"subjectId\":\"usr_1\",\"resource\":\"webhooks\",\"limit\":2}") ==
		RC_EXISTS);
	CHECK(writes("editQuota", q, "{\"limit\":0}") == RC_OK);
	CHECK_STR(got("limit"), "0");
	CHECK_STR(got("version"), "2");
	CHECK(writes("deleteQuota", q, NULL) == RC_OK);
}

int main(void)
{
	desk_open(&d);
	subjects();
	exact();
	all_or_none();
	jobs();
	schedules();
	refusals();
	desk_close(&d);
	return 0;
}
