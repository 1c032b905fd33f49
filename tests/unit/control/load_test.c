/*
 * What a look at the queue costs when much waits in it: LOAD_TASKS tasks (2,000, or as the environment says) over LOAD_ACCOUNTS accounts
 * and three tenants, one of them with nearly all. Of the times only tells; checks that nothing is looked at twice without need.
 */
#include "tests/unit/control/pace_desk.h"

#include "io/clock.h"

#include <stdlib.h>

#define JOB_MAX 10000

static int64_t of_env(const char *name, int64_t def)
{
	const char *text = getenv(name);
	return text ? strtoll(text, NULL, 10) : def;
}

/* Jobs of up to JOB_MAX tasks, one per account and round about. */
static void fill(const char *tenant, int64_t tasks, int64_t accounts)
{
	static const struct store_query many = { .sql = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 "
							"FROM n WHERE i + 1 < $1) INSERT INTO tasks "
							"(id, job_id, action, account_id, status, priority, "
							"attempt, max_attempts, not_before, lease_until, "
							"cancel_asked, created_at, started_at, finished_at, "
							"tenant_id) SELECT $2 || '_' || substr('00000' || "
							"i, -5), $2, 'library.list', 'acc_' || ((i + $5) % $6), "
							"'queued', 5, 0, 3, 0, 0, 0, $3, 0, 0, $4 FROM n" };
	for (int64_t at = 0; at < tasks; at += JOB_MAX) {
		int64_t n = tasks - at < JOB_MAX ? tasks - at : JOB_MAX;
		struct pace_job j = pace_job(tenant, 5, 0, NULL);
		DOES("UPDATE jobs SET total = $2, queued = $2 WHERE id = $1", store_text(j.id), store_int(n));
		const struct store_value v[] = { store_int(n), store_text(j.id), store_int(d.tx.now_ms),
			store_text(tenant), store_int(at), store_int(accounts) };
		does(&many, v, 6);
	}
}

static int64_t now_us(void) { return (int64_t)clock_mono_us(); }

int main(void)
{
	int64_t tasks = of_env("LOAD_TASKS", 2000), accounts = of_env("LOAD_ACCOUNTS", 100), rounds = 0, worst = 0,
		all = 0;
	int64_t idle = 0, some = 0;
	size_t n = 0, done = 0;

	desk_open(&d);
	desk_begin(&d);
	pace_agent("agt_1", "r");
	pace_agent("agt_2", "s");
	for (int64_t i = 0; i < of_env("LOAD_AGENTS", 50); i++) { /* at other control planes */
		char id[32];
		snprintf(id, sizeof(id), "agt_x%lld", (long long)i);
		pace_agent(id, "elsewhere");
		DOES("UPDATE agents SET cordoned = $2 WHERE id = $1", store_text(id), store_int(1));
	}
	for (int64_t i = 0; i < accounts; i++) {
		char id[32];
		snprintf(id, sizeof(id), "acc_%lld", (long long)i);
		pace_account(id);
	}
	fill("ten_a", tasks * 9 / 10, accounts);
	fill("ten_b", tasks / 20, accounts);
	fill("ten_c", tasks / 20, accounts);
	desk_commit(&d);
	for (bool more = true; more; rounds++) { /* until all accounts have one, and all the rest waits */
		const struct dispatch_offer offers[] = { { "agt_1", "r", "," PACE_ACTION ",", 1000 },
			{ "agt_2", "s", "," PACE_ACTION ",", 1000 } };
		struct field_list list = { 0 };
		int64_t began = now_us();
		CHECK(dispatch_lease(desk_begin(&d), offers, 2, &list, &more) == RC_OK);
		desk_commit(&d);
		int64_t took = now_us() - began;
		worst = took > worst ? took : worst;
		all += took;
		done += list.n;
	}
	CHECK((int64_t)done == accounts);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM tasks WHERE status = 'queued' AND waits IS NULL"),
		      NULL, NULL) == 0);
	printf("%lld tasks, %lld accounts, 3 tenants: %zu leased and the rest parked in %lld rounds, %.1f ms a "
	       "round, %.1f ms at "
	       "worst\n",
		(long long)tasks, (long long)accounts, done, (long long)rounds, (double)all / 1000 / (double)rounds,
		(double)worst / 1000);
	for (int i = 0; i < 50; i++) { /* nothing can be handed out: the look is short */
		int64_t began = now_us();
		pace_round(10, &n);
		idle += now_us() - began;
		CHECK(n == 0);
	}
	for (int i = 0; i < 50; i++) { /* one ends, one goes */
		char job[32];
		snprintf(job, sizeof(job), "job_%06d", 1);
		size_t ended = pace_end(job, 1, PACE_OK);
		int64_t began = now_us();
		pace_round(10, &n);
		some += now_us() - began;
		if (ended)
			pace_round_of("agt_2", 10, &done);
		CHECK(n <= 1);
	}
	printf("a round with nothing to hand out: %.2f ms; with one task: %.2f ms\n", (double)idle / 50000,
		(double)some / 50000);
	desk_close(&d);
	return 0;
}
