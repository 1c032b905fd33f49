#include "control/engine/jobs.h"
#include "control/access/audit.h"
#include "control/engine/cancel.h"
#include "control/engine/job_limits.h"
#include "control/engine/sealed.h"
#include "control/engine/submit.h"
#include "control/http/page.h"
#include "control/rows.h"
#include "model/job.h"

struct summary_view {
	uint32_t total, queued, running, succeeded, failed, canceled, unknown, attention;
};

struct job_view {
	const char *id, *action, *payload, *parent_job_id, *created_by, *trace_id;
	int status;
	uint32_t priority;
	struct summary_view summary;
	bool dry_run;
	const char *schedule_id;
	const char *tenant_id, *stop_reason;
	struct job_rules rules;
	int64_t not_before, created_at, updated_at, finished_at;
};

static const struct field summary_fields[] = {
	{ .name = "total", .type = FIELD_U32, FIELD_AT(struct summary_view, total), .doc = "All tasks." },
	{ .name = "queued", .type = FIELD_U32, FIELD_AT(struct summary_view, queued), .doc = "Tasks that wait." },
	{ .name = "running",
		.type = FIELD_U32,
		FIELD_AT(struct summary_view, running),
		.doc = "Tasks that an agent has." },
	{ .name = "succeeded",
		.type = FIELD_U32,
		FIELD_AT(struct summary_view, succeeded),
		.doc = "Tasks that succeeded." },
	{ .name = "failed",
		.type = FIELD_U32,
		FIELD_AT(struct summary_view, failed),
		.doc = "Tasks that failed for good." },
	{ .name = "canceled",
		.type = FIELD_U32,
		FIELD_AT(struct summary_view, canceled),
		.doc = "Tasks that were canceled." },
	{ .name = "outcomeUnknown",
		.type = FIELD_U32,
		FIELD_AT(struct summary_view, unknown),
		.doc = "Tasks of which nobody knows whether they had their effect." },
	{ .name = "needsAttention",
		.type = FIELD_U32,
		FIELD_AT(struct summary_view, attention),
		.doc = "The same, and somebody has to say: resolveTask." },
	{ 0 },
};

static const struct field job_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct job_view, id), .doc = "job_ and a ULID." },
	{ .name = "action", .type = FIELD_STR, FIELD_AT(struct job_view, action), .doc = "What each task does." },
	{ .name = "status",
		.type = FIELD_ENUM,
		FIELD_AT(struct job_view, status),
		.words = job_words,
		.doc = "Follows from the tasks." },
	{ .name = "priority", .type = FIELD_U32, FIELD_AT(struct job_view, priority), .doc = "9 goes first." },
	{ .name = "summary",
		.type = FIELD_OBJ,
		FIELD_AT(struct job_view, summary),
		.sub = summary_fields,
		.doc = "How many tasks are in which state." },
	{ .name = "payload",
		.type = FIELD_JSON,
		FIELD_AT(struct job_view, payload),
		.doc = "What the action was given; what is secret of it is not shown." },
	{ .name = "dryRun",
		.type = FIELD_BOOL,
		FIELD_AT(struct job_view, dry_run),
		.doc = "Its tasks only tell what they would do." },
	{ .name = "tenantId", .type = FIELD_STR, FIELD_AT(struct job_view, tenant_id), .doc = "Whose it is." },
	JOB_RULES_FIELDS(struct job_view),
	{ .name = "stopReason",
		.type = FIELD_STR,
		FIELD_AT(struct job_view, stop_reason),
		.doc = "Why the rest of it is not done: deadline_exceeded, stopped_on_failures; null: it is." },
	{ .name = "parentJobId",
		.type = FIELD_STR,
		FIELD_AT(struct job_view, parent_job_id),
		.doc = "The job whose failed tasks this one tries again." },
	{ .name = "scheduleId",
		.type = FIELD_STR,
		FIELD_AT(struct job_view, schedule_id),
		.doc = "The schedule that made it." },
	{ .name = "notBefore",
		.type = FIELD_TIME,
		FIELD_AT(struct job_view, not_before),
		.doc = "No task is given to an agent earlier; null: at once." },
	{ .name = "createdBy",
		.type = FIELD_STR,
		FIELD_AT(struct job_view, created_by),
		.doc = "Who submitted it." },
	{ .name = "traceId",
		.type = FIELD_STR,
		FIELD_AT(struct job_view, trace_id),
		.doc = "Trace of the request that submitted it." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct job_view, created_at),
		.doc = "When it was accepted." },
	{ .name = "updatedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct job_view, updated_at),
		.doc = "When a count changed last." },
	{ .name = "finishedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct job_view, finished_at),
		.doc = "When its last task was over." },
	{ 0 },
};
#define JOB_COLUMNS                                                                                               \
	"id, action, status, priority, total, queued, running, succeeded, failed, canceled, unknown, attention, " \
	"payload, dry_run, tenant_id, " JOB_RULES_COLUMNS                                                         \
	", stop_reason, parent_job_id, schedule_id, not_before, "                                                 \
	"created_by, trace_id, "                                                                                  \
	"created_at, updated_at, finished_at"

static enum rc read_job(struct call *c, const char *id, void *ret_out)
{
	static const struct store_query one = { .sql = "SELECT " JOB_COLUMNS " FROM jobs WHERE id = $1" };
	struct job_view *v = ret_out;
	enum rc rc = rows_one(c->tx.db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ job_fields, c->tx.arena, v }, c->tx.fault);

	if (rc == RC_OK) {
		v->payload = sealed_shown(c->tx.arena, v->action, v->payload);
		c->job_id = v->id;
		c->job_over = job_is_over((enum job_status)v->status);
	}
	return rc;
}

static enum rc create(struct call *c, void *ret_out)
{
	const char *id = NULL;
	enum rc rc = submit_new(c, c->in, &id);
	if (rc != RC_OK)
		return rc;
	c->location = arena_fmt(c->tx.arena, "/v1/jobs/%s", id);
	return c->location ? read_job(c, id, ret_out) : RC_NOMEM;
}

static const char *const only_words[] = { "failed", "unknown_resolved_not_done", NULL };
static const struct field retry_fields[] = {
	{ .name = "only",
		.type = FIELD_ENUM,
		FIELD_AT(struct submit_retry, only),
		.words = only_words,
		.doc = "failed: all that failed; unknown_resolved_not_done: of those only what was in doubt until "
		       "a person "
		       "said that it was not done." },
	{ .name = "taskIds",
		.type = FIELD_LIST,
		FIELD_AT(struct submit_retry, task_ids),
		.item = FIELD_STR,
		.max = JOB_TARGETS_MAX,
		.doc = "Of those only these; absent: all." },
	{ 0 },
};

static enum rc retry(struct call *c, void *ret_out)
{
	static const struct submit_retry all;
	const char *id = NULL;
	enum rc rc = submit_again(c, c->arg[0], c->in ? c->in : &all, &id);
	if (rc != RC_OK)
		return rc;
	c->location = arena_fmt(c->tx.arena, "/v1/jobs/%s", id);
	return c->location ? read_job(c, id, ret_out) : RC_NOMEM;
}

static enum rc get(struct call *c, void *ret_out) { return read_job(c, c->arg[0], ret_out); }

struct jobs_query {
	struct page_query page;
	const char *action;
	bool quiet;
	int status; /* 0: any, else one more than enum job_status */
};
static const char *const any_job_words[] = { "any", "queued", "running", "paused", "succeeded",
	"partially_succeeded", "failed", "canceled", NULL };

static const struct field jobs_query_fields[] = {
	PAGE_QUERY_FIELDS(struct jobs_query),
	{ .name = "action",
		.type = FIELD_STR,
		FIELD_AT(struct jobs_query, action),
		.max = 64,
		.doc = "Only jobs of this action." },
	{ .name = "quiet",
		.type = FIELD_BOOL,
		FIELD_AT(struct jobs_query, quiet),
		.doc = "Also those that nobody submitted: questions to stores and the like, kept for an hour." },
	{ .name = "status",
		.type = FIELD_ENUM,
		FIELD_AT(struct jobs_query, status),
		.words = any_job_words,
		.doc = "Only jobs in this state." },
	{ 0 },
};

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = "SELECT " JOB_COLUMNS " FROM jobs WHERE id < $1 AND ($3 = 'any' OR status = $3) "
		       "AND ($4 = '' OR action = $4) AND tenant_id = $5 AND quiet <= $6 ORDER BY id DESC LIMIT $2"
	};
	const struct jobs_query *q = c->query;
	struct page *page = ret_out;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1),
				store_text(any_job_words[q->status]), store_text(q->action ? q->action : ""),
				store_text(tx_tenant(&c->tx)), store_int(q->quiet)),
			&r, c->tx.fault);
	if (rc == RC_OK)
		rc = page_read(c, &q->page, r, page);
	struct job_view *v = page->items.at;
	for (size_t i = 0; rc == RC_OK && i < page->items.n; i++)
		v[i].payload = sealed_shown(c->tx.arena, v[i].action, v[i].payload);
	return rc;
}

static enum rc job_exists(struct call *c, const char *id)
{
	static const struct store_query find = { .sql = "SELECT id FROM jobs WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;
	return store_one(c->tx.db, &find, STORE_ARGS(store_text(id)), &r, c->tx.fault);
}

static enum rc cancel(struct call *c, void *ret_out)
{
	enum rc rc = job_exists(c, c->arg[0]);
	if (rc == RC_OK)
		rc = cancel_job(&c->tx, c->arg[0]);
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "job.cancel", c->arg[0]);
	return rc == RC_OK ? read_job(c, c->arg[0], ret_out) : rc;
}

static enum rc pause_it(struct call *c, void *ret_out)
{
	enum rc rc = job_limits_pause(c, c->arg[0]);
	return rc == RC_OK ? read_job(c, c->arg[0], ret_out) : rc;
}

static enum rc resume_it(struct call *c, void *ret_out)
{
	enum rc rc = job_limits_resume(c, c->arg[0]);
	return rc == RC_OK ? read_job(c, c->arg[0], ret_out) : rc;
}

#define JOB_OUT .out = job_fields, .out_size = sizeof(struct job_view)

const struct route jobs_routes[] = {
	{
		.name = "listJobs",
		.method = "GET",
		.path = "/v1/jobs",
		.reach = REACH_TENANT,
		.lists = OBJECT_JOB,
		.scope = SCOPE_JOBS_READ,
		.flags = ROUTE_LIST,
		.query = jobs_query_fields,
		.query_size = sizeof(struct jobs_query),
		JOB_OUT,
		.run = list,
		.doc = "Lists jobs, newest first.",
	},
	{
		.name = "createJob",
		.method = "POST",
		.path = "/v1/jobs",
		.reach = REACH_TENANT,
		.scope = SCOPE_JOBS_WRITE,
		.flags = ROUTE_NARROWED | ROUTE_WRITE | ROUTE_IDEMPOTENT | ROUTE_WAIT,
		.status = 201,
		.in = submit_fields,
		.in_size = sizeof(struct submit_job),
		JOB_OUT,
		.run = create,
		.doc = "Submits a job; it becomes one task per account, or one in all for an action that needs "
		       "none. Prefer: wait=N answers when it is over.",
	},
	{
		.name = "getJob",
		.method = "GET",
		.path = "/v1/jobs/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_JOB,
		.scope = SCOPE_JOBS_READ,
		.flags = ROUTE_WAIT,
		JOB_OUT,
		.run = get,
		.doc = "Shows a job. Prefer: wait=N answers when it is over.",
	},
	{
		.name = "cancelJob",
		.method = "POST",
		.path = "/v1/jobs/{id}/cancel",
		.reach = REACH_TENANT,
		.object = OBJECT_JOB,
		.scope = SCOPE_JOBS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		JOB_OUT,
		.run = cancel,
		.doc = "Cancels what waits and asks running tasks to stop. What is over stays as it is.",
	},
	{
		.name = "pauseJob",
		.method = "POST",
		.path = "/v1/jobs/{id}/pause",
		.reach = REACH_TENANT,
		.object = OBJECT_JOB,
		.scope = SCOPE_JOBS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		JOB_OUT,
		.run = pause_it,
		.doc = "Begins nothing more of the job until it is resumed; what agents have goes on.",
	},
	{
		.name = "resumeJob",
		.method = "POST",
		.path = "/v1/jobs/{id}/resume",
		.reach = REACH_TENANT,
		.object = OBJECT_JOB,
		.scope = SCOPE_JOBS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		JOB_OUT,
		.run = resume_it,
		.doc = "Goes on with a job that was paused.",
	},
	{
		.name = "retryJob",
		.method = "POST",
		.path = "/v1/jobs/{id}/retry",
		.reach = REACH_TENANT,
		.object = OBJECT_JOB,
		.scope = SCOPE_JOBS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_IDEMPOTENT | ROUTE_WAIT | ROUTE_MAYBE,
		.status = 201,
		.in = retry_fields,
		.in_size = sizeof(struct submit_retry),
		JOB_OUT,
		.run = retry,
		.doc = "Makes a new job of the tasks that failed; the body may be left out. A task whose outcome "
		       "is in doubt has not failed.",
	},
	{ 0 },
};
