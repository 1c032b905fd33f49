/*
 * pace_desk: jobs, accounts and agents in a database of a test's own, a round of handing out, and tasks that end as the test says.
 */
#pragma once

#include "control/engine/dispatch.h"
#include "control/engine/job_limits.h"
#include "control/engine/moves.h"
#include "control/engine/park.h"

#include "tests/unit/control/desk.h"

#define PACE_ACTION "library.list"

static struct desk d;
static int pace_jobs, pace_tasks;
static bool pace_rang; /* in the last pace_round: somebody is to look again */

static inline void does(const struct store_query *q, const struct store_value *v, size_t n)
{
	if (store_do(d.tx.db, q, (struct store_args){ v, n }, &d.fault) == RC_OK)
		return;
	fprintf(stderr, "%s: %s\n", q->sql, d.fault.text);
	exit(1);
}
#define DOES(text, ...)                                                          \
	do {                                                                     \
		const struct store_value v_[] = { store_int(0), ##__VA_ARGS__ }; \
		does(DESK_QUERY(text), v_ + 1, sizeof(v_) / sizeof(*v_) - 1);    \
	} while (0)

static inline void pace_agent(const char *id, const char *region)
{
	DOES("INSERT INTO regions (id, name, labels, version, created_at, updated_at) VALUES ($1, $1, '{}', 1, 1, "
	     "1) "
	     "ON CONFLICT (id) DO NOTHING",
		store_text(region));
	DOES("INSERT INTO agents (id, region_id, public_key, state, version, capabilities, boot_id, last_seen_at, "
	     "created_at, updated_at, lease_until, capacity) VALUES ($1, $2, $1, 'connected', '1', $3, '', 1, 1, "
	     "1, $4, "
	     "1000)",
		store_text(id), store_text(region), store_text("[\"" PACE_ACTION "\",\"pics.changes\"]"),
		store_int(INT64_MAX));
}

static inline void pace_account(const char *id)
{
	DOES("INSERT INTO accounts (id, login, labels, enabled, version, created_at, updated_at) VALUES ($1, $1, "
	     "'{}', 1, 1, 1, 1)",
		store_text(id));
}

struct pace_job {
	char id[32];
};

/* A job of n tasks without accounts, or with one account (NULL: none). */
static inline struct pace_job pace_job(const char *tenant, int priority, int n, const char *account)
{
	struct pace_job j;

	snprintf(j.id, sizeof(j.id), "job_%06d", ++pace_jobs);
	DOES("INSERT INTO tenants (id, weight, deficit, turn, created_at) VALUES ($1, 1, 0, 0, 0) ON CONFLICT (id) "
	     "DO "
	     "NOTHING",
		store_text(tenant));
	DOES("INSERT INTO jobs (id, action, status, priority, payload, total, queued, running, succeeded, failed, "
	     "canceled, created_by, trace_id, created_at, updated_at, finished_at, tenant_id) VALUES ($1, $2, "
	     "'queued', $3, '{}', $4, $4, 0, 0, 0, 0, 'x', '', $5, 1, 0, $6)",
		store_text(j.id), store_text(PACE_ACTION), store_int(priority), store_int(n),
		store_int(d.tx.now_ms), store_text(tenant));
	for (int i = 0; i < n; i++) {
		char id[32];
		snprintf(id, sizeof(id), "tsk_%06d", ++pace_tasks);
		DOES("INSERT INTO tasks (id, job_id, action, account_id, status, priority, attempt, max_attempts, "
		     "not_before, lease_until, cancel_asked, created_at, started_at, finished_at, tenant_id) "
		     "VALUES "
		     "($1, $2, $3, $4, 'queued', $5, 0, 3, 0, 0, 0, $6, 0, 0, $7)",
			store_text(id), store_text(j.id), store_text(PACE_ACTION), store_text(account),
			store_int(priority), store_int(d.tx.now_ms), store_text(tenant));
	}
	return j;
}

/* What agt_1 gets, in this order: each task's id with a comma behind it. Rounds go on while there is more, or the bell rings. */
static inline const char *pace_round_of(const char *agent, uint32_t credit, size_t *ret_n)
{
	static char got[65536];
	bool more = true;
	size_t n = 0;

	*got = 0;
	pace_rang = false;
	for (int i = 0; more && n < credit && i < 1000; i++) {
		const struct dispatch_offer offer = { agent, "r", "," PACE_ACTION ",pics.changes,",
			credit - (uint32_t)n };
		struct field_list list = { 0 };
		d.tx.ring = false;
		if (dispatch_lease(desk_begin(&d), &offer, 1, &list, &more) != RC_OK) {
			fprintf(stderr, "%s\n", d.fault.text);
			exit(1);
		}
		const struct dispatch_grant *g = list.at;
		for (size_t k = 0; k < list.n; k++, n++)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s,", g[k].task_id);
		desk_commit(&d);
		pace_rang |= d.tx.ring;
		more |= d.tx.ring;
	}
	if (ret_n)
		*ret_n = n;
	return got;
}
static inline const char *pace_round(uint32_t credit, size_t *ret_n)
{
	return pace_round_of("agt_1", credit, ret_n);
}

static inline int64_t pace_count(const char *job, const char *status)
{
	return desk_number(
		&d, DESK_QUERY("SELECT COUNT(*) FROM tasks WHERE job_id = $1 AND status = $2"), job, status);
}

enum pace_end { PACE_OK, PACE_FAIL };

/* All that agents have of the job ends; at most n (0: all). */
static inline size_t pace_end(const char *job, size_t n, enum pace_end how)
{
	char ids[1024][32];
	size_t found = 0;
	auto_rows struct store_rows *r = NULL;
	bool row = false;

	CHECK(store_run(d.tx.db,
		      DESK_QUERY("SELECT id FROM tasks WHERE job_id = $1 AND status IN ('leased', 'running') ORDER "
				 "BY id"),
		      STORE_ARGS(store_text(job)), &r, NULL) == RC_OK);
	while (found < 1024 && (!n || found < n) && store_next(r, &row, NULL) == RC_OK && row)
		snprintf(ids[found++], sizeof(*ids), "%s", store_col_text(r, 0));
	store_close(take(r));
	desk_begin(&d);
	for (size_t i = 0; i < found; i++) {
		struct moves_task t = { 0 };
		enum rc rc = moves_load(&d.tx, ids[i], &t);
		if (rc == RC_OK)
			rc = how == PACE_OK ? moves_succeed(&d.tx, &t, "{}")
					    : moves_give_up(&d.tx, &t, moves_error(&d.tx, "x", "it failed", false));
		CHECK(rc == RC_OK);
	}
	desk_commit(&d);
	return found;
}

static inline void pace_scan(void)
{
	desk_begin(&d);
	CHECK(park_scan(&d.tx) == RC_OK && job_limits_scan(&d.tx) == RC_OK);
	desk_commit(&d);
}

static inline void pace_clear(void)
{
	DOES("DELETE FROM tasks WHERE id > $1", store_text(""));
	DOES("DELETE FROM jobs WHERE id > $1", store_text(""));
	DOES("DELETE FROM tenants WHERE id > $1", store_text(""));
	DOES("UPDATE accounts SET held = 0, agent_id = NULL, moving = 0 WHERE id > $1", store_text(""));
}
