#include "control/engine/jobs.h"
#include "control/access/audit.h"
#include "control/engine/cancel.h"
#include "control/engine/job_limits.h"
#include "control/engine/job_view.h"
#include "control/engine/sealed.h"
#include "control/engine/submit.h"
#include "control/http/page.h"
#include "control/rows.h"
#include "model/job.h"

static enum rc create(struct call *c, void *ret_out)
{
	const char *id = NULL;
	enum rc rc = submit_new(c, c->in, &id);
	if (rc != RC_OK)
		return rc;
	c->location = arena_fmt(c->tx.arena, "/v1/jobs/%s", id);
	return c->location ? job_view_read(c, id, ret_out) : RC_NOMEM;
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
	return c->location ? job_view_read(c, id, ret_out) : RC_NOMEM;
}

static enum rc get(struct call *c, void *ret_out) { return job_view_read(c, c->arg[0], ret_out); }

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
		.sql = "SELECT " JOB_VIEW_COLUMNS " FROM jobs WHERE id < $1 AND ($3 = 'any' OR status = $3) "
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
	return rc == RC_OK ? job_view_read(c, c->arg[0], ret_out) : rc;
}

static enum rc pause_it(struct call *c, void *ret_out)
{
	enum rc rc = job_limits_pause(c, c->arg[0]);
	return rc == RC_OK ? job_view_read(c, c->arg[0], ret_out) : rc;
}

static enum rc resume_it(struct call *c, void *ret_out)
{
	enum rc rc = job_limits_resume(c, c->arg[0]);
	return rc == RC_OK ? job_view_read(c, c->arg[0], ret_out) : rc;
}

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
		JOB_VIEW_OUT,
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
		JOB_VIEW_OUT,
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
		JOB_VIEW_OUT,
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
		JOB_VIEW_OUT,
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
		JOB_VIEW_OUT,
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
		JOB_VIEW_OUT,
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
		JOB_VIEW_OUT,
		.run = retry,
		.doc = "Makes a new job of the tasks that failed; the body may be left out. A task whose outcome "
		       "is in doubt has not failed.",
	},
	{ 0 },
};
