/* Who gets what when: tenants, priorities and ages, jobs beside each other, limits of jobs. */
#include "tests/unit/control/pace_desk.h"

#include "base/when.h"
#include "control/http/route.h"
#include "model/job.h"

static const char *status_of(const struct pace_job *j)
{
	static char text[32];
	auto_rows struct store_rows *r = NULL;
	CHECK(store_one(d.tx.db, DESK_QUERY("SELECT status FROM jobs WHERE id = $1"), STORE_ARGS(store_text(j->id)),
		      &r, NULL) == RC_OK);
	snprintf(text, sizeof(text), "%s", store_col_text(r, 0));
	return text;
}

static void set(const struct pace_job *j, const struct store_query *q, int64_t n)
{
	const struct store_value v[] = { store_text(j->id), store_int(n) };
	does(q, v, 2);
}
#define SET(j, column, n) set(j, DESK_QUERY("UPDATE jobs SET " column " = $2 WHERE id = $1"), n)

static int64_t of_tenant(const char *tenant)
{
	return desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM tasks WHERE tenant_id = $1 AND status = 'leased'"),
		tenant, NULL);
}

/* Somebody's 500 tasks do not keep another's one waiting; who counts thrice gets thrice as much. */
static void tenants(void)
{
	size_t n = 0;

	pace_job("ten_a", 9, 500, NULL);
	struct pace_job one = pace_job("ten_b", 0, 1, NULL);
	pace_round(2, &n);
	CHECK(n == 2 && pace_count(one.id, "leased") == 1);
	pace_round(10, &n);
	CHECK(n == 10 && of_tenant("ten_a") == 11);
	pace_clear();

	pace_job("ten_a", 5, 400, NULL);
	pace_job("ten_b", 5, 400, NULL);
	pace_job("ten_c", 5, 400, NULL);
	DOES("UPDATE tenants SET weight = 3 WHERE id = $1", store_text("ten_b"));
	for (int i = 0; i < 50; i++) /* few at a time: the shares hold over many rounds */
		pace_round(3, &n);
	CHECK(of_tenant("ten_a") == 30 && of_tenant("ten_b") == 90 && of_tenant("ten_c") == 30);
	pace_clear();
}

/* The higher first; but one that has waited a level's time for each level between them goes before a new one. */
static void ageing(void)
{
	size_t n = 0;

	struct pace_job low = pace_job("ten_a", 2, 3, NULL);
	d.tx.now_ms += 2 * JOB_AGE_MS;
	struct pace_job higher = pace_job("ten_a", 5, 1, NULL);
	pace_round(2, &n);
	CHECK(pace_count(higher.id, "leased") == 1 && pace_count(low.id, "leased") == 1);
	d.tx.now_ms += 2 * JOB_AGE_MS;
	struct pace_job late = pace_job("ten_a", 5, 1, NULL);
	pace_round(1, &n);
	CHECK(pace_count(low.id, "leased") == 2 && pace_count(late.id, "leased") == 0);
	pace_round(2, &n);
	CHECK(pace_count(low.id, "leased") == 3 && pace_count(late.id, "leased") == 1);
	pace_clear();
}

static void jobs_side_by_side(void)
{
	size_t n = 0;

	struct pace_job a = pace_job("ten_a", 5, 300, NULL), b = pace_job("ten_a", 5, 300, NULL);
	for (int i = 0; i < 20; i++)
		pace_round(3, &n);
	CHECK(pace_count(a.id, "leased") == 30 && pace_count(b.id, "leased") == 30);
	struct pace_job c = pace_job("ten_a", 5, 2, NULL); /* a newcomer is not the last */
	pace_round(3, &n);
	CHECK(pace_count(c.id, "leased") >= 1);
	pace_clear();

	struct pace_job three[3];
	for (int i = 0; i < 3; i++)
		three[i] = pace_job("ten_a", 5, 100, NULL);
	for (int i = 0; i < 30; i++)
		pace_round(2, &n);
	for (int i = 0; i < 3; i++)
		CHECK(pace_count(three[i].id, "leased") == 20);
	pace_clear();
}

/* More jobs than one look reads: each has its turn, the oldest first. */
static void many_jobs(void)
{
	struct pace_job first = pace_job("ten_a", 5, 1, NULL), last;
	size_t n = 0;

	for (int i = 0; i < 150; i++)
		last = pace_job("ten_a", 5, 1, NULL);
	pace_round(64, &n);
	CHECK(n == 64 && pace_count(first.id, "leased") == 1 && pace_count(last.id, "leased") == 0);
	pace_round(200, &n);
	CHECK(n == 87 && pace_count(last.id, "leased") == 1);
	pace_clear();
}

/* Who is woken for an account and cannot go wakes the next. */
static void next_in_line(void)
{
	struct pace_job busy = pace_job("ten_a", 9, 1, "acc_1");
	size_t n = 0;

	pace_round(5, &n);
	struct pace_job late = pace_job("ten_a", 8, 1, "acc_1"), idle = pace_job("ten_a", 7, 1, "acc_1"),
			good = pace_job("ten_a", 1, 1, "acc_1");
	pace_round(5, &n);
	CHECK(n == 0 &&
		desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM tasks WHERE waits = 'account'"), NULL, NULL) == 3);
	DOES("UPDATE tasks SET not_before = $2 WHERE job_id = $1", store_text(late.id),
		store_int(d.tx.now_ms + 60000));
	SET(&idle, "paused", 1);
	pace_end(busy.id, 0, PACE_OK);
	pace_round(5, &n);
	CHECK(n == 1 && pace_count(good.id, "leased") == 1);
	pace_clear();
}

/* Of an account one at a time, whatever waits; the best of the rest when it is free. */
static void accounts(void)
{
	size_t n = 0;

	struct pace_job a = pace_job("ten_a", 5, 200, "acc_1");
	struct pace_job b = pace_job("ten_a", 7, 1, "acc_1");
	struct pace_job c = pace_job("ten_a", 1, 1, "acc_2");
	pace_round(10, &n);
	CHECK(n == 2 && pace_count(b.id, "leased") == 1 && pace_count(c.id, "leased") == 1);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM tasks WHERE waits = 'account'"), NULL, NULL) == 200);
	pace_round(10, &n);
	CHECK(n == 0);
	struct pace_job high = pace_job("ten_a", 9, 1, "acc_1");
	pace_round(10, &n);
	CHECK(n == 0);
	CHECK(pace_end(b.id, 0, PACE_OK) == 1 && d.tx.ring);
	pace_round(10, &n);
	CHECK(n == 1 && pace_count(high.id, "leased") == 1);
	for (int i = 0; i < 200; i++) {
		pace_end(i ? a.id : high.id, 0, PACE_FAIL);
		pace_round(10, &n);
		CHECK(n == 1 && pace_count(a.id, "leased") == 1);
	}
	pace_end(a.id, 0, PACE_OK);
	CHECK_STR(status_of(&a), "partially_succeeded");
	pace_clear();
}

/* Its tasks that wait for a later moment do not keep the account's others waiting. */
static void delays(void)
{
	size_t n = 0;

	struct pace_job a = pace_job("ten_a", 5, 1, "acc_1"), b = pace_job("ten_a", 5, 2, "acc_1");
	DOES("UPDATE tasks SET not_before = $2 WHERE job_id = $1", store_text(a.id), store_int(d.tx.now_ms + 3000));
	pace_round(5, &n);
	CHECK(n == 1 && pace_count(b.id, "leased") == 1);
	pace_end(b.id, 0, PACE_OK);
	d.tx.now_ms += 2999;
	pace_scan();
	pace_round(5, &n);
	CHECK(n == 1 && pace_count(b.id, "leased") == 1);
	d.tx.now_ms++;
	pace_scan();
	pace_round(5, &n);
	CHECK(n == 0);
	pace_end(b.id, 0, PACE_OK);
	pace_round(5, &n);
	CHECK(n == 1 && pace_count(a.id, "leased") == 1);
	pace_clear();
}

/* One in doubt, which waits for the account itself, is not forgotten for another of its action that waits for it. */
static void doubts(void)
{
	size_t n = 0;

	struct pace_job other = pace_job("ten_a", 9, 1, "acc_1");
	pace_round(5, &n);
	struct pace_job a = pace_job("ten_a", 9, 1, "acc_1"), doubt = pace_job("ten_a", 1, 1, "acc_1");
	DOES("UPDATE tasks SET probe = 1 WHERE job_id = $1", store_text(doubt.id));
	pace_round(5, &n);
	CHECK(n == 0 && pace_end(other.id, 0, PACE_OK) == 1);
	pace_round(5, &n); /* the better one is looked at, and has to wait for the other */
	CHECK(n == 1 && pace_count(doubt.id, "leased") == 1);
	pace_end(doubt.id, 0, PACE_OK);
	pace_round(5, &n);
	CHECK(n == 1 && pace_count(a.id, "leased") == 1);
	pace_clear();
}

static void at_most(void)
{
	size_t n = 0, done = 0;

	struct pace_job a = pace_job("ten_a", 5, 100, NULL), s = pace_job("ten_a", 5, 5, NULL);
	SET(&a, "max_parallel", 4);
	DOES("UPDATE jobs SET task_order = 'sequential' WHERE id = $1", store_text(s.id));
	for (int i = 0; done < 105 && i < 1000; i++) {
		pace_round(20, &n);
		CHECK(pace_count(a.id, "leased") <= 4 && pace_count(s.id, "leased") <= 1);
		size_t some = pace_end(a.id, (size_t)(1 + i % 3), PACE_OK) + pace_end(s.id, 1, PACE_OK);
		CHECK(some > 0);
		done += some;
	}
	CHECK(done == 105);
	CHECK_STR(status_of(&a), "succeeded");
	CHECK_STR(status_of(&s), "succeeded");
	pace_clear();
}

static void pauses(void)
{
	size_t n = 0;
	struct pace_job a = pace_job("ten_a", 5, 10, NULL);
	struct call c = { .tx = d.tx };

	pace_round(3, &n);
	desk_begin(&d);
	CHECK(job_limits_pause(&c, a.id) == RC_OK && job_limits_pause(&c, a.id) == RC_OK);
	desk_commit(&d);
	CHECK_STR(status_of(&a), "paused");
	pace_round(5, &n);
	CHECK(n == 0);
	CHECK(pace_end(a.id, 2, PACE_OK) == 2); /* what runs goes on */
	CHECK_STR(status_of(&a), "paused");
	pace_round(5, &n);
	CHECK(n == 0 && pace_count(a.id, "leased") == 1);
	desk_begin(&d);
	CHECK(job_limits_resume(&c, a.id) == RC_OK && c.tx.ring);
	desk_commit(&d);
	CHECK_STR(status_of(&a), "running");
	pace_round(20, &n);
	CHECK(n == 7);
	pace_end(a.id, 0, PACE_OK);
	CHECK_STR(status_of(&a), "succeeded");
	desk_begin(&d);
	CHECK(job_limits_pause(&c, a.id) == RC_CONFLICT && job_limits_pause(&c, "job_no") == RC_MISSING);
	desk_commit(&d);
	pace_clear();
}

static void deadlines(void)
{
	size_t n = 0;
	struct pace_job a = pace_job("ten_a", 5, 1200, NULL);

	SET(&a, "deadline", d.tx.now_ms + 5000);
	pace_round(2, &n);
	d.tx.now_ms += 4999;
	pace_scan();
	CHECK(n == 2 && pace_count(a.id, "expired") == 0);
	d.tx.now_ms++;
	pace_round(2, &n); /* not even before the scan */
	CHECK(n == 0);
	for (int i = 0; i < 4; i++)
		pace_scan();
	CHECK(pace_count(a.id, "expired") == 1198);
	CHECK(desk_number(&d,
		      DESK_QUERY(
			      "SELECT COUNT(*) FROM tasks WHERE job_id = $1 AND status = 'leased' AND cancel_asked "
			      "= 1"),
		      a.id, NULL) == 2);
	CHECK(desk_number(&d,
		      DESK_QUERY(
			      "SELECT COUNT(*) FROM tasks WHERE job_id = $1 AND error LIKE '%deadline_exceeded%'"),
		      a.id, NULL) == 1198);
	CHECK_STR(status_of(&a), "running");
	pace_end(a.id, 0, PACE_OK);
	CHECK_STR(status_of(&a), "partially_succeeded");
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM jobs WHERE ending = 1"), NULL, NULL) == 0);
	pace_clear();
}

static void gives_up(void)
{
	size_t n = 0;
	struct pace_job a = pace_job("ten_a", 5, 100, NULL), p = pace_job("ten_a", 5, 40, NULL);

	SET(&a, "stop_count", 3);
	pace_round(10, &n);
	pace_end(a.id, 2, PACE_FAIL);
	pace_scan();
	CHECK(pace_count(a.id, "canceled") == 0);
	pace_end(a.id, 1, PACE_OK);
	pace_end(a.id, 1, PACE_FAIL);
	pace_round(10, &n);
	pace_scan();
	CHECK(pace_count(a.id, "canceled") + pace_count(a.id, "leased") == 96);
	pace_end(a.id, 0, PACE_OK);
	CHECK_STR(status_of(&a), "partially_succeeded");
	CHECK(desk_number(&d,
		      DESK_QUERY("SELECT COUNT(*) FROM jobs WHERE id = $1 AND stop_reason = 'stopped_on_failures'"),
		      a.id, NULL) == 1);
	SET(&p, "stop_percent", 25);
	while (pace_count(p.id, "failed") < 9) {
		pace_round(1, &n);
		pace_end(p.id, 1, PACE_FAIL);
	}
	pace_scan();
	CHECK(pace_count(p.id, "canceled") == 0);
	pace_round(1, &n);
	pace_end(p.id, 1, PACE_FAIL);
	pace_scan();
	CHECK(pace_count(p.id, "canceled") + pace_count(p.id, "leased") == 30 && pace_count(p.id, "failed") == 10);
	pace_end(p.id, 0, PACE_FAIL);
	CHECK_STR(status_of(&p), "failed");
	pace_clear();
}

static void offline(void)
{
	size_t n = 0;
	struct pace_job w = pace_job("ten_a", 5, 1, "acc_1"), f = pace_job("ten_a", 5, 1, "acc_2");

	DOES("UPDATE jobs SET offline = 'wait' WHERE id = $1", store_text(w.id));
	DOES("UPDATE jobs SET offline = 'fail' WHERE id = $1", store_text(f.id));
	pace_round(5, &n);
	CHECK(n == 0 && pace_count(f.id, "failed") == 1 && pace_count(w.id, "queued") == 1);
	DOES("UPDATE accounts SET state = 'online' WHERE id = $1", store_text("acc_1"));
	d.tx.now_ms += PARK_AGAIN_MS;
	pace_scan();
	pace_round(5, &n);
	CHECK(n == 1 && pace_count(w.id, "leased") == 1);
	DOES("UPDATE accounts SET state = 'offline' WHERE id = $1", store_text("acc_1"));
	pace_clear();
}

/* Should a task have been forgotten with its account, the sweep finds it. */
static void sweeps(void)
{
	size_t n = 0;
	struct pace_job a = pace_job("ten_a", 5, 2, "acc_1");

	DOES("UPDATE tasks SET waits = 'account' WHERE job_id = $1", store_text(a.id));
	pace_round(5, &n);
	CHECK(n == 0);
	desk_begin(&d);
	CHECK(park_sweep(&d.tx) == RC_OK);
	desk_commit(&d);
	pace_round(5, &n);
	CHECK(n == 1);
	pace_clear();
}

int main(void)
{
	desk_open(&d);
	pace_agent("agt_1", "r");
	pace_account("acc_1");
	pace_account("acc_2");
	tenants();
	ageing();
	jobs_side_by_side();
	many_jobs();
	next_in_line();
	accounts();
	delays();
	doubts();
	at_most();
	pauses();
	deadlines();
	gives_up();
	offline();
	sweeps();
	desk_close(&d);
	return 0;
}
