#include "control/engine/jobs.h"
#include "control/engine/moves.h"
#include "control/rows.h"

#define ATTEMPTS_MAX 100 /* TASK_ATTEMPTS_ASKING is far less */

struct attempt_view {
	uint32_t n;
	const char *agent_id;
	int64_t epoch;
	bool probe;
	int64_t leased_at, started_at, ended_at;
	const char *outcome, *status, *error, *intent;
	int64_t intent_at;
};

static const struct field attempt_fields[] = {
	{ .name = "n", .type = FIELD_U32, FIELD_AT(struct attempt_view, n), .doc = "The first is 1." },
	{ .name = "agentId", .type = FIELD_STR, FIELD_AT(struct attempt_view, agent_id), .doc = "Who had it." },
	{ .name = "epoch",
		.type = FIELD_I64,
		FIELD_AT(struct attempt_view, epoch),
		.doc = "Of the account's lease then; 0: it needs no account." },
	{ .name = "probe",
		.type = FIELD_BOOL,
		FIELD_AT(struct attempt_view, probe),
		.doc = "It had to find out first what became of one before." },
	{ .name = "leasedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct attempt_view, leased_at),
		.doc = "When the agent was given it." },
	{ .name = "startedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct attempt_view, started_at),
		.doc = "When the agent said that it took it." },
	{ .name = "endedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct attempt_view, ended_at),
		.doc = "When it ended, or was given up; null: it is under way." },
	{ .name = "outcome",
		.type = FIELD_STR,
		FIELD_AT(struct attempt_view, outcome),
		.doc = "succeeded, failed, canceled, or unknown: it may have had its effect." },
	{ .name = "cameTo",
		.type = FIELD_STR,
		FIELD_AT(struct attempt_view, status),
		.doc = "The task's status after it." },
	{ .name = "error",
		.type = FIELD_JSON,
		FIELD_AT(struct attempt_view, error),
		.doc = "Why it failed: code, detail, retryable." },
	{ .name = "intent",
		.type = FIELD_STR,
		FIELD_AT(struct attempt_view, intent),
		.doc = "What it declared before its effect; null: it did not get so far." },
	{ .name = "intentAt", .type = FIELD_TIME, FIELD_AT(struct attempt_view, intent_at), .doc = "When it did." },
	{ 0 },
};

static enum rc read_attempts(struct call *c, const char *task_id, struct field_list *ret)
{
	static const struct store_query all = {
		.sql = "SELECT n, agent_id, epoch, probe, leased_at, started_at, ended_at, outcome, came_to, "
		       "error, intent, intent_at FROM attempts WHERE task_id = $1 ORDER BY n"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_run(c->tx.db, &all, STORE_ARGS(store_text(task_id)), &r, c->tx.fault);
	if (rc != RC_OK)
		return rc;
	return rows_list(r, &(struct rows_into){ attempt_fields, c->tx.arena, NULL }, sizeof(struct attempt_view),
		ATTEMPTS_MAX, ret, c->tx.fault);
}

static enum rc list(struct call *c, const char *task_id, struct page *page)
{
	struct moves_task t = { 0 };
	enum rc rc = moves_load(&c->tx, task_id, &t);
	return rc == RC_OK ? read_attempts(c, task_id, &page->items) : rc;
}

static enum rc list_of_task(struct call *c, void *ret_out) { return list(c, c->arg[0], ret_out); }

static enum rc list_of_job(struct call *c, void *ret_out)
{
	struct moves_task t = { 0 };
	enum rc rc = moves_load(&c->tx, c->arg[1], &t);

	if (rc == RC_OK && strcmp(t.job_id, c->arg[0]) != 0)
		rc = RC_MISSING;
	return rc == RC_OK ? list(c, c->arg[1], ret_out) : rc;
}

/* A task's past, step by step. */
struct step {
	int64_t at;
	const char *status;
	uint32_t attempt;
	const char *agent_id, *by, *words, *error;
};

static const struct field step_fields[] = {
	{ .name = "at", .type = FIELD_TIME, FIELD_AT(struct step, at), .doc = "When it came to be so." },
	{ .name = "status",
		.type = FIELD_STR,
		FIELD_AT(struct step, status),
		.doc = "What it was from then on; see a task's status." },
	{ .name = "attempt",
		.type = FIELD_U32,
		FIELD_AT(struct step, attempt),
		.doc = "Which attempt; 0: none yet." },
	{ .name = "agentId",
		.type = FIELD_STR,
		FIELD_AT(struct step, agent_id),
		.doc = "Who had it; null: nobody." },
	{ .name = "by",
		.type = FIELD_STR,
		FIELD_AT(struct step, by),
		.doc = "Who resolved it; null: it went by itself." },
	{ .name = "evidence",
		.type = FIELD_STR,
		FIELD_AT(struct step, words),
		.doc = "What whoever resolved it said." },
	{ .name = "error", .type = FIELD_JSON, FIELD_AT(struct step, error), .doc = "Why an attempt failed." },
	{ 0 },
};

struct history_query {
	int64_t at;
};
static const struct field history_query_fields[] = {
	{ .name = "at",
		.type = FIELD_TIME,
		FIELD_AT(struct history_query, at),
		.doc = "Only as far as this moment: the last step is the state then." },
	{ 0 },
};

struct past {
	struct step *steps;
	size_t n;
	int64_t until;
};

static void step(struct past *p, const struct step *s)
{
	if (s->at && s->at <= p->until)
		p->steps[p->n++] = *s;
}

static void step_attempts(struct past *p, const struct field_list *attempts)
{
	const struct attempt_view *a = attempts->at;

	for (size_t i = 0; i < attempts->n; i++, a++) {
		step(p, &(struct step){ .at = a->leased_at,
				.status = a->probe ? "reconciling" : "leased",
				.attempt = a->n,
				.agent_id = a->agent_id });
		if (!a->probe)
			step(p, &(struct step){ .at = a->started_at,
					.status = "running",
					.attempt = a->n,
					.agent_id = a->agent_id });
		else
			step(p, &(struct step){ .at = a->intent_at,
					.status = "running",
					.attempt = a->n,
					.agent_id = a->agent_id });
		step(p, &(struct step){
				.at = a->ended_at, .status = a->status, .attempt = a->n, .error = a->error });
	}
}

struct task_end {
	int64_t created_at, finished_at;
	uint32_t attempt;
	const char *status, *error;
	int64_t resolved_at;
	const char *by, *words;
};
static const struct field task_end_row[] = {
	{ .name = "created_at", .type = FIELD_I64, FIELD_AT(struct task_end, created_at) },
	{ .name = "finished_at", .type = FIELD_I64, FIELD_AT(struct task_end, finished_at) },
	{ .name = "attempt", .type = FIELD_U32, FIELD_AT(struct task_end, attempt) },
	{ .name = "status", .type = FIELD_STR, FIELD_AT(struct task_end, status) },
	{ .name = "error", .type = FIELD_STR, FIELD_AT(struct task_end, error) },
	{ .name = "resolved_at", .type = FIELD_I64, FIELD_AT(struct task_end, resolved_at) },
	{ .name = "by", .type = FIELD_STR, FIELD_AT(struct task_end, by) },
	{ .name = "words", .type = FIELD_STR, FIELD_AT(struct task_end, words) },
	{ 0 },
};

/* The end of a task that no attempt brought: a person said so, or it never was given to an agent. */
static void step_end(struct past *p, const struct task_end *t, const struct field_list *attempts)
{
	const struct attempt_view *last =
		attempts->n ? (const struct attempt_view *)attempts->at + attempts->n - 1 : NULL;

	if (t->resolved_at)
		step(p, &(struct step){ .at = t->resolved_at,
				.status = t->status,
				.attempt = t->attempt,
				.by = t->by,
				.words = t->words });
	else if (t->finished_at && (!last || !last->status || strcmp(last->status, t->status) != 0))
		step(p, &(struct step){ .at = t->finished_at,
				.status = t->status,
				.attempt = t->attempt,
				.error = t->error });
}

static enum rc history(struct call *c, void *ret_out)
{
	static const struct store_query find = {
		.sql = "SELECT t.created_at, t.finished_at, t.attempt, t.status, t.error, COALESCE(r.at, 0), "
		       "r.actor, r.evidence FROM tasks t LEFT JOIN resolutions r ON r.task_id = t.id WHERE t.id = "
		       "$1"
	};
	const struct history_query *q = c->query;
	struct field_list attempts = { 0 };
	struct page *page = ret_out;
	struct task_end t = { 0 };

	enum rc rc = rows_one(c->tx.db, &find, STORE_ARGS(store_text(c->arg[0])),
		(struct rows_into){ task_end_row, c->tx.arena, &t }, c->tx.fault);
	if (rc == RC_OK)
		rc = read_attempts(c, c->arg[0], &attempts);
	struct past p = { .until = q->at ? q->at : INT64_MAX };
	p.steps = arena_take(c->tx.arena, (attempts.n * 3 + 2) * sizeof(*p.steps));
	if (rc != RC_OK || !p.steps)
		return rc == RC_OK ? RC_NOMEM : rc;
	step(&p, &(struct step){ .at = t.created_at, .status = "queued" });
	step_attempts(&p, &attempts);
	step_end(&p, &t, &attempts);
	page->items = (struct field_list){ p.steps, p.n };
	return RC_OK;
}

const struct route attempt_routes[] = {
	{
		.name = "listTaskAttempts",
		.method = "GET",
		.path = "/v1/tasks/{id}/attempts",
		.reach = REACH_TENANT,
		.object = OBJECT_TASK,
		.scope = SCOPE_JOBS_READ,
		.flags = ROUTE_LIST,
		.out = attempt_fields,
		.out_size = sizeof(struct attempt_view),
		.run = list_of_task,
		.doc = "All attempts of a task, in their order: who had it, and how each ended.",
	},
	{
		.name = "listJobTaskAttempts",
		.method = "GET",
		.path = "/v1/jobs/{id}/tasks/{task}/attempts",
		.reach = REACH_TENANT,
		.object = OBJECT_JOB,
		.scope = SCOPE_JOBS_READ,
		.flags = ROUTE_LIST,
		.out = attempt_fields,
		.out_size = sizeof(struct attempt_view),
		.run = list_of_job,
		.doc = "The same as listTaskAttempts.",
	},
	{
		.name = "getTaskHistory",
		.method = "GET",
		.path = "/v1/tasks/{id}/history",
		.reach = REACH_TENANT,
		.object = OBJECT_TASK,
		.scope = SCOPE_JOBS_READ,
		.flags = ROUTE_LIST,
		.query = history_query_fields,
		.query_size = sizeof(struct history_query),
		.out = step_fields,
		.out_size = sizeof(struct step),
		.run = history,
		.doc = "Every state that a task was in, in order; with at: up to that moment.",
	},
	{ 0 },
};
