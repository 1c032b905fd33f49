#include "control/access/audit.h"
#include "control/access/decide.h"
#include "control/engine/jobs.h"
#include "control/engine/moves.h"
#include "control/http/page.h"
#include "control/rows.h"

/* The status of a row as people are shown it, one of task_shown_words. */
#define TASKS_SHOWN                                                                             \
	"CASE WHEN probe = 1 AND intent_attempt < attempt AND status IN ('leased', 'running') " \
	"THEN 'reconciling' ELSE status END"

struct task_view {
	const char *id, *job_id, *action, *account_id, *region_id, *agent_id, *waits_for, *placement, *result,
		*error;
	int status;
	uint32_t attempt, max_attempts;
	bool in_doubt;
	int64_t not_before, created_at, started_at, finished_at;
};

static const struct field task_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct task_view, id), .doc = "tsk_ and a ULID." },
	{ .name = "jobId", .type = FIELD_STR, FIELD_AT(struct task_view, job_id), .doc = "The job it is part of." },
	{ .name = "action", .type = FIELD_STR, FIELD_AT(struct task_view, action), .doc = "What it does." },
	{ .name = "targetAccountId",
		.type = FIELD_STR,
		FIELD_AT(struct task_view, account_id),
		.doc = "The account it acts on; null: none." },
	{ .name = "regionId",
		.type = FIELD_STR,
		FIELD_AT(struct task_view, region_id),
		.doc = "The only region it may run in; null: any." },
	{ .name = "agentId",
		.type = FIELD_STR,
		FIELD_AT(struct task_view, agent_id),
		.doc = "The agent that has or had it last." },
	{ .name = "status",
		.type = FIELD_ENUM,
		FIELD_AT(struct task_view, status),
		.words = task_shown_words,
		.doc = "Where it is; reconciling: an attempt asks Steam what became of one before." },
	{ .name = "attempt",
		.type = FIELD_U32,
		FIELD_AT(struct task_view, attempt),
		.doc = "How often it was given to an agent." },
	{ .name = "maxAttempts",
		.type = FIELD_U32,
		FIELD_AT(struct task_view, max_attempts),
		.doc = "How often it may be." },
	{ .name = "inDoubt",
		.type = FIELD_BOOL,
		FIELD_AT(struct task_view, in_doubt),
		.doc = "An attempt may have had its effect, and nobody knows yet." },
	{ .name = "notBefore",
		.type = FIELD_TIME,
		FIELD_AT(struct task_view, not_before),
		.doc = "It was or is not given to an agent earlier; null: at once." },
	{ .name = "waitsFor",
		.type = FIELD_STR,
		FIELD_AT(struct task_view, waits_for),
		.doc = "Why it was not handed out when it was looked at: account (another task has it), job "
		       "(paused, or as "
		       "many at work as it may have), time, place (no agent may have it), or the id of the agent "
		       "that is to "
		       "have it and has no room; null: its turn has not come." },
	{ .name = "placement",
		.type = FIELD_JSON,
		FIELD_AT(struct task_view, placement),
		.doc = "Why that agent got it last: agentId, rule, reasons." },
	{ .name = "result",
		.type = FIELD_JSON,
		FIELD_AT(struct task_view, result),
		.doc = "What the action gave." },
	{ .name = "error",
		.type = FIELD_JSON,
		FIELD_AT(struct task_view, error),
		.doc = "Why the last attempt failed: code, detail, retryable." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct task_view, created_at),
		.doc = "When its job was accepted." },
	{ .name = "startedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct task_view, started_at),
		.doc = "When an agent got it first." },
	{ .name = "finishedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct task_view, finished_at),
		.doc = "When it was over." },
	{ 0 },
};
#define TASK_COLUMNS                                                                                           \
	"id, job_id, action, account_id, region_id, agent_id, " TASKS_SHOWN ", attempt, max_attempts, "        \
	"CASE WHEN status IN ('outcome_unknown', 'needs_attention') OR (probe = 1 AND status IN ('queued', "   \
	"'leased', 'running')) THEN 1 ELSE 0 END, not_before, CASE status WHEN 'queued' THEN waits ELSE NULL " \
	"END, placement, result, error, created_at, started_at, "                                              \
	"finished_at"

struct tasks_query {
	struct page_query page;
	int status; /* 0: any */
};
static const char *const any_task_words[] = { "any", "queued", "leased", "running", "outcome_unknown",
	"needs_attention", "succeeded", "failed", "canceled", "expired", "reconciling", NULL };

static const struct field tasks_query_fields[] = {
	PAGE_QUERY_FIELDS(struct tasks_query),
	{ .name = "status",
		.type = FIELD_ENUM,
		FIELD_AT(struct tasks_query, status),
		.words = any_task_words,
		.doc = "Only tasks in this state." },
	{ 0 },
};

static enum rc job_exists(struct call *c, const char *id)
{
	static const struct store_query find = { .sql = "SELECT id FROM jobs WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;
	return store_one(c->tx.db, &find, STORE_ARGS(store_text(id)), &r, c->tx.fault);
}

static enum rc list_tasks(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = "SELECT " TASK_COLUMNS
						       " FROM tasks WHERE job_id = $3 AND id < $1 AND ($4 = 'any' "
						       "OR " TASKS_SHOWN " = $4) ORDER BY id DESC LIMIT $2" };
	const struct tasks_query *q = c->query;
	struct page *page = ret_out;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = job_exists(c, c->arg[0]);
	if (rc == RC_OK)
		rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1), store_text(c->arg[0]),
				store_text(any_task_words[q->status])),
			&r, c->tx.fault);
	return rc == RC_OK ? page_read(c, &q->page, r, page) : rc;
}

static enum rc read_task(struct call *c, const char *id, void *ret_out)
{
	static const struct store_query one = { .sql = "SELECT " TASK_COLUMNS " FROM tasks WHERE id = $1" };
	return rows_one(c->tx.db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ task_fields, c->tx.arena, ret_out }, c->tx.fault);
}

static enum rc get_task(struct call *c, void *ret_out) { return read_task(c, c->arg[0], ret_out); }

static const char *const resolve_words[] = { "done", "not_done", NULL };
struct task_resolve {
	int outcome; /* resolve_words */
	const char *evidence;
};
static const struct field resolve_fields[] = {
	{ .name = "outcome",
		.type = FIELD_ENUM,
		FIELD_AT(struct task_resolve, outcome),
		.words = resolve_words,
		.flags = FIELD_REQUIRED,
		.doc = "done: it had its effect; not_done: it had not." },
	{ .name = "evidence",
		.type = FIELD_STR,
		FIELD_AT(struct task_resolve, evidence),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 1000,
		.doc = "How that is known; kept with the task." },
	{ 0 },
};

/* A person says what became of a task that nothing else tells of. */
static enum rc settle(struct call *c, struct moves_task *t, void *ret_out)
{
	const struct task_resolve *in = c->in;
	const struct action *a = action_find(t->action);

	enum rc may = a ? decide_thing(&c->tx, c->who, a->scope, OBJECT_TASK, t->id) : RC_MISSING;
	if (may != RC_OK)
		return may != RC_MISSING
			       ? may
			       : fault_set(c->tx.fault, RC_DENIED,
					 "the action of this task needs a scope that the key does not have");
	enum rc rc = moves_resolve(&c->tx, t, in->outcome == 0, in->evidence);
	if (rc == RC_OK)
		rc = audit_note(&c->tx, in->outcome == 0 ? "task.resolve_done" : "task.resolve_not_done", t->id,
			in->evidence);
	return rc == RC_OK ? read_task(c, t->id, ret_out) : rc;
}

static enum rc resolve(struct call *c, void *ret_out)
{
	struct moves_task t = { 0 };
	enum rc rc = moves_load(&c->tx, c->arg[0], &t);
	return rc == RC_OK ? settle(c, &t, ret_out) : rc;
}

static enum rc resolve_of_job(struct call *c, void *ret_out)
{
	struct moves_task t = { 0 };
	enum rc rc = moves_load(&c->tx, c->arg[1], &t);

	if (rc == RC_OK && strcmp(t.job_id, c->arg[0]) != 0)
		rc = RC_MISSING;
	return rc == RC_OK ? settle(c, &t, ret_out) : rc;
}

const struct route tasks_routes[] = {
	{
		.name = "listJobTasks",
		.method = "GET",
		.path = "/v1/jobs/{id}/tasks",
		.reach = REACH_TENANT,
		.object = OBJECT_JOB,
		.lists = OBJECT_TASK,
		.scope = SCOPE_JOBS_READ,
		.flags = ROUTE_LIST,
		.query = tasks_query_fields,
		.query_size = sizeof(struct tasks_query),
		.out = task_fields,
		.out_size = sizeof(struct task_view),
		.run = list_tasks,
		.doc = "Lists the tasks of a job, newest first.",
	},
	{
		.name = "getTask",
		.method = "GET",
		.path = "/v1/tasks/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_TASK,
		.scope = SCOPE_JOBS_READ,
		.out = task_fields,
		.out_size = sizeof(struct task_view),
		.run = get_task,
		.doc = "Shows a task with its result or error.",
	},
	{
		.name = "resolveJobTask",
		.method = "POST",
		.path = "/v1/jobs/{id}/tasks/{task}/resolve",
		.reach = REACH_TENANT,
		.object = OBJECT_JOB,
		.scope = SCOPE_JOBS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		.in = resolve_fields,
		.in_size = sizeof(struct task_resolve),
		.out = task_fields,
		.out_size = sizeof(struct task_view),
		.run = resolve_of_job,
		.doc = "The same as resolveTask.",
	},
	{
		.name = "resolveTask",
		.method = "POST",
		.path = "/v1/tasks/{id}/resolve",
		.reach = REACH_TENANT,
		.object = OBJECT_TASK,
		.scope = SCOPE_JOBS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		.in = resolve_fields,
		.in_size = sizeof(struct task_resolve),
		.out = task_fields,
		.out_size = sizeof(struct task_view),
		.run = resolve,
		.doc = "Says what became of a task that needs attention; needs the scope of its action, too.",
	},
	{ 0 },
};
