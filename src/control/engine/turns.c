#include "control/engine/turns.h"
#include "control/engine/job_rules.h"
#include "control/rows.h"
#include "model/job.h"

#include <stdlib.h>
#include <string.h>

#define PRIORITIES (JOB_PRIORITY_MAX + 1)

struct turns_tenant {
	const char *id;
	int64_t weight, deficit, turn;
	int64_t was_deficit, was_turn;
	bool begun; /* this turn of it */
	struct turns_job **jobs;
	size_t n, first, end, at; /* of the highest level that has something: [first, end), and who is next */
	int64_t job_turn;
	const char *last[PRIORITIES]; /* the job after which more may be found; NULL: none is left */
	bool empty;
};

#define READY "status = 'queued' AND waits IS NULL "

static const struct field job_row[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct turns_job, id) },
	{ .name = "action", .type = FIELD_STR, FIELD_AT(struct turns_job, action) },
	{ .name = "stop_reason", .type = FIELD_STR, FIELD_AT(struct turns_job, stop_reason) },
	{ .name = "priority", .type = FIELD_U32, FIELD_AT(struct turns_job, priority) },
	{ .name = "max_parallel", .type = FIELD_U32, FIELD_AT(struct turns_job, max_parallel) },
	{ .name = "running", .type = FIELD_U32, FIELD_AT(struct turns_job, running) },
	{ .name = "created_at", .type = FIELD_I64, FIELD_AT(struct turns_job, created_at) },
	{ .name = "turn", .type = FIELD_I64, FIELD_AT(struct turns_job, turn) },
	{ .name = "deadline", .type = FIELD_I64, FIELD_AT(struct turns_job, deadline) },
	{ .name = "order", .type = FIELD_ENUM, FIELD_AT(struct turns_job, order), .words = job_rules_order_words },
	{ .name = "offline",
		.type = FIELD_ENUM,
		FIELD_AT(struct turns_job, offline),
		.words = job_rules_offline_words },
	{ .name = "dry_run", .type = FIELD_BOOL, FIELD_AT(struct turns_job, dry_run) },
	{ .name = "paused", .type = FIELD_BOOL, FIELD_AT(struct turns_job, paused) },
	{ .name = "tenant_id", .type = FIELD_STR, FIELD_AT(struct turns_job, tenant_id) },
	{ 0 },
};

static const struct field task_row[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct turns_task, id) },
	{ .name = "account_id", .type = FIELD_STR, FIELD_AT(struct turns_task, account_id) },
	{ .name = "region_id", .type = FIELD_STR, FIELD_AT(struct turns_task, region_id) },
	{ .name = "login", .type = FIELD_STR, FIELD_AT(struct turns_task, login) },
	{ .name = "created_at", .type = FIELD_I64, FIELD_AT(struct turns_task, created_at) },
	{ .name = "not_before", .type = FIELD_I64, FIELD_AT(struct turns_task, not_before) },
	{ .name = "look_at", .type = FIELD_I64, FIELD_AT(struct turns_task, look_at) },
	{ .name = "probe", .type = FIELD_BOOL, FIELD_AT(struct turns_task, probe) },
	{ .name = "held", .type = FIELD_BOOL, FIELD_AT(struct turns_task, held) },
	{ .name = "busy", .type = FIELD_U32, FIELD_AT(struct turns_task, busy) },
	{ .name = "moving", .type = FIELD_U32, FIELD_AT(struct turns_task, moving) },
	{ .name = "agent_id", .type = FIELD_STR, FIELD_AT(struct turns_task, agent_id) },
	{ .name = "state", .type = FIELD_STR, FIELD_AT(struct turns_task, state) },
	{ .name = "labels", .type = FIELD_STR, FIELD_AT(struct turns_task, labels) },
	{ .name = "egress_kind", .type = FIELD_STR, FIELD_AT(struct turns_task, egress_kind) },
	{ .name = "egress_region", .type = FIELD_STR, FIELD_AT(struct turns_task, egress_region) },
	{ .name = "owner", .type = FIELD_STR, FIELD_AT(struct turns_task, owner) },
	{ 0 },
};

static const struct field tenant_row[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct turns_tenant, id) },
	{ .name = "weight", .type = FIELD_I64, FIELD_AT(struct turns_tenant, weight) },
	{ .name = "deficit", .type = FIELD_I64, FIELD_AT(struct turns_tenant, deficit) },
	{ .name = "turn", .type = FIELD_I64, FIELD_AT(struct turns_tenant, turn) },
	{ 0 },
};

/* The text of the one column of the one row; *ret NULL: there is none, or it is NULL. */
static enum rc one_text(struct tx *tx, const struct store_query *q, struct store_args args, const char **ret)
{
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, q, args, &r, tx->fault);
	const char *text = rc == RC_OK ? store_col_text(r, 0) : NULL;

	*ret = text ? arena_str(tx->arena, text) : NULL;
	if (rc == RC_MISSING)
		return RC_OK;
	return rc == RC_OK && text && !*ret ? RC_NOMEM : rc;
}

enum rc turns_open(struct turns *t, struct tx *tx)
{
	/* Not EXISTS: PostgreSQL would make a join of it, and read all tasks. */
	static const struct store_query all = {
		.sql = "SELECT n.id, n.weight, n.deficit, n.turn FROM tenants n WHERE (SELECT t.tenant_id FROM "
		       "tasks t "
		       "WHERE t.status = 'queued' AND t.waits IS NULL AND t.tenant_id = n.id LIMIT 1) IS NOT NULL "
		       "ORDER BY n.turn, n.id LIMIT $1"
	};
	struct field_list list = { 0 };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_run(tx->db, &all, STORE_ARGS(store_int(TURNS_TENANTS)), &r, tx->fault);

	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ tenant_row, tx->arena, NULL }, sizeof(struct turns_tenant),
			TURNS_TENANTS, &list, tx->fault);
	*t = (struct turns){ .tx = tx, .tenants = list.at, .n = list.n };
	for (size_t i = 0; i < t->n; i++) {
		struct turns_tenant *n = &t->tenants[i];
		n->was_deficit = n->deficit;
		n->was_turn = n->turn;
		n->weight = n->weight > 0 ? n->weight : 1;
		t->turn = n->turn > t->turn ? n->turn : t->turn;
		for (size_t p = 0; p < PRIORITIES; p++)
			n->last[p] = "";
	}
	return rc;
}

static enum rc read_job(struct turns *t, const char *id, struct turns_job **ret)
{
	static const struct store_query one = { .sql = "SELECT id, action, stop_reason, priority, max_parallel, "
						       "running, created_at, turn, deadline, task_order, offline, "
						       "dry_run, paused, tenant_id FROM jobs WHERE "
						       "id = $1" };
	struct turns_job *j = arena_take(t->tx->arena, sizeof(*j));

	if (!j)
		return RC_NOMEM;
	*j = (struct turns_job){ 0 };
	*ret = j;
	return rows_one(t->tx->db, &one, STORE_ARGS(store_text(id)), (struct rows_into){ job_row, t->tx->arena, j },
		t->tx->fault);
}

/* The tenant's next jobs of one priority, the oldest first. */
static enum rc find_jobs(struct turns *t, struct turns_tenant *n, uint32_t priority)
{
	/* PostgreSQL would look for it among all tasks in the order of their jobs; told to go by the whole key, it finds it at once. */
	static const struct store_query next = { .sql = "SELECT MIN(job_id) FROM tasks WHERE " READY
							"AND tenant_id = $1 AND priority = $2 AND job_id > $3",
		.sql_pg = "SELECT MIN(job_id) FROM (SELECT tenant_id, priority, job_id FROM tasks WHERE " READY
			  "AND (tenant_id, priority, job_id) > ($1, $2, $3) ORDER BY tenant_id, priority, job_id "
			  "LIMIT 1) n "
			  "WHERE tenant_id = $1 AND priority = $2" };
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && n->last[priority] && i < TURNS_JOBS; i++) {
		rc = one_text(t->tx, &next,
			STORE_ARGS(store_text(n->id), store_int(priority), store_text(n->last[priority])),
			&n->last[priority]);
		if (rc != RC_OK || !n->last[priority])
			break;
		rc = read_job(t, n->last[priority], &n->jobs[n->n]);
		if (rc != RC_OK)
			break;
		struct turns_job *j = n->jobs[n->n++];
		j->level = job_priority(j->priority, j->created_at, t->tx->now_ms);
		if (j->turn > n->job_turn)
			n->job_turn = j->turn;
	}
	return rc;
}

static int by_level(const void *a, const void *b)
{
	const struct turns_job *x = *(struct turns_job *const *)a, *y = *(struct turns_job *const *)b;
	if (x->level != y->level)
		return x->level > y->level ? -1 : 1;
	if (x->turn != y->turn)
		return x->turn < y->turn ? -1 : 1;
	return strcmp(x->id, y->id);
}

static void enter_level(struct turns_tenant *n)
{
	n->first = n->at = n->end;
	while (n->end < n->n && n->jobs[n->end]->level == n->jobs[n->first]->level)
		n->end++;
}

/* Jobs that were not read yet, when those that were have nothing more. */
static enum rc fill(struct turns *t, struct turns_tenant *n)
{
	enum rc rc = RC_OK;

	n->jobs = arena_take(t->tx->arena, sizeof(struct turns_job *) * PRIORITIES * TURNS_JOBS);
	n->n = n->end = 0;
	for (uint32_t p = 0; n->jobs && rc == RC_OK && p < PRIORITIES; p++)
		rc = find_jobs(t, n, p);
	if (!n->jobs || rc != RC_OK)
		return rc == RC_OK ? RC_NOMEM : rc;
	n->empty = n->n == 0;
	qsort(n->jobs, n->n, sizeof(struct turns_job *), by_level);
	enter_level(n);
	return RC_OK;
}

static enum rc write_jobs(struct turns *t, struct turns_tenant *n)
{
	static const struct store_query set = { .sql = "UPDATE jobs SET turn = $2 WHERE id = $1" };
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < n->n; i++)
		if (n->jobs[i]->dirty) {
			n->jobs[i]->dirty = false;
			rc = store_put(t->tx->db, &set,
				STORE_ARGS(store_text(n->jobs[i]->id), store_int(n->jobs[i]->turn)), t->tx->fault);
		}
	return rc;
}

/* The next of the tenant's jobs whose turn it is; NULL when none has anything. */
static enum rc next_job(struct turns *t, struct turns_tenant *n, struct turns_job **ret)
{
	enum rc rc = RC_OK;

	*ret = NULL;
	while (rc == RC_OK && !n->empty) {
		for (size_t i = n->first; i < n->end; i++) {
			size_t k = n->first + (n->at - n->first + i - n->first) % (n->end - n->first);
			if (n->jobs[k]->over)
				continue;
			n->at = k;
			*ret = n->jobs[k];
			return RC_OK;
		}
		if (n->end < n->n) {
			enter_level(n);
			continue;
		}
		rc = write_jobs(t, n);
		if (rc == RC_OK)
			rc = fill(t, n);
	}
	return rc;
}

static enum rc read_tasks(struct turns *t, const struct turns_tenant *n, struct turns_job *j)
{
	static const struct store_query page = {
		.sql = "SELECT t.id, t.account_id, t.region_id, a.login, t.created_at, t.not_before, t.look_at, "
		       "t.probe, CASE WHEN t.pin_agent_id IS NULL THEN a.held ELSE 1 END, CASE WHEN t.account_id "
		       "IS NULL THEN 0 WHEN EXISTS (SELECT 1 FROM tasks h "
		       "WHERE "
		       "h.account_id = t.account_id AND h.status IN ('leased', 'running')) THEN 1 WHEN t.probe = 0 "
		       "AND "
		       "EXISTS (SELECT 1 FROM tasks u WHERE u.account_id = t.account_id AND u.status = 'queued' "
		       "AND "
		       "u.probe = 1 AND u.action = t.action) THEN 2 ELSE 0 END, a.moving, COALESCE(t.pin_agent_id, "
		       "a.agent_id), a.state, "
		       "a.labels, "
		       "e.kind, e.region_id, t.owner FROM tasks t LEFT JOIN accounts a ON a.id = t.account_id LEFT "
		       "JOIN "
		       "egresses e ON e.id = a.egress_id WHERE t.status = 'queued' AND t.waits IS NULL AND "
		       "t.tenant_id "
		       "= $1 AND t.priority = $2 AND t.job_id = $3 "
		       "AND t.id > $4 ORDER BY t.id LIMIT $5"
	};
	const struct turns_task *last = j->tasks.n ? (const struct turns_task *)j->tasks.at + j->tasks.n - 1 : NULL;
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_run(t->tx->db, &page,
		STORE_ARGS(store_text(n->id), store_int(j->priority), store_text(j->id),
			store_text(last ? last->id : ""), store_int(TURNS_TASKS)),
		&r, t->tx->fault);

	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ task_row, t->tx->arena, NULL }, sizeof(struct turns_task),
			TURNS_TASKS, &j->tasks, t->tx->fault);
	j->at = 0;
	j->short_of = j->tasks.n < TURNS_TASKS;
	return rc;
}

/* The job's next task; NULL when it has none: then it is over. */
static enum rc next_task(
	struct turns *t, const struct turns_tenant *n, struct turns_job *j, const struct turns_task **ret)
{
	enum rc rc = RC_OK;

	if (j->at == j->tasks.n && !j->short_of)
		rc = read_tasks(t, n, j);
	*ret = rc == RC_OK && j->at < j->tasks.n ? (const struct turns_task *)j->tasks.at + j->at++ : NULL;
	j->over |= !*ret;
	return rc;
}

/* The tenant has had its turn, or has nothing. */
static void leave(struct turns *t, struct turns_tenant *n)
{
	if (n->empty)
		n->deficit = 0;
	n->begun = false;
	n->turn = ++t->turn;
	t->at = (t->at + 1) % t->n;
}

static bool any_left(const struct turns *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (!t->tenants[i].empty)
			return true;
	return false;
}

enum rc turns_next(struct turns *t, struct turns_job **ret_job, const struct turns_task **ret_task)
{
	enum rc rc = RC_OK;

	*ret_job = NULL;
	while (rc == RC_OK && any_left(t)) {
		struct turns_tenant *n = &t->tenants[t->at];
		struct turns_job *j = NULL;
		if (!n->begun && n->deficit < 1)
			n->deficit += n->weight;
		n->begun = true;
		if (n->deficit >= 1)
			rc = next_job(t, n, &j);
		if (rc == RC_OK && !j) {
			leave(t, n);
			continue;
		}
		if (rc == RC_OK)
			rc = next_task(t, n, j, ret_task);
		if (rc == RC_OK && !j->over) {
			*ret_job = j;
			return RC_OK;
		}
	}
	return rc;
}

void turns_took(struct turns *t, struct turns_job *j)
{
	struct turns_tenant *n = &t->tenants[t->at];

	j->running++;
	j->turn = ++n->job_turn;
	j->dirty = true;
	n->deficit--;
	n->at = n->at + 1 < n->end ? n->at + 1 : n->first;
	if (n->deficit < 1)
		leave(t, n);
}

enum rc turns_close(struct turns *t)
{
	static const struct store_query set = { .sql = "UPDATE tenants SET deficit = $2, turn = $3 WHERE id = $1" };
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < t->n; i++) {
		struct turns_tenant *n = &t->tenants[i];
		if (n->empty)
			n->deficit = 0;
		rc = n->jobs ? write_jobs(t, n) : RC_OK;
		if (rc == RC_OK && (n->deficit != n->was_deficit || n->turn != n->was_turn))
			rc = store_put(t->tx->db, &set,
				STORE_ARGS(store_text(n->id), store_int(n->deficit), store_int(n->turn)),
				t->tx->fault);
	}
	return rc;
}
