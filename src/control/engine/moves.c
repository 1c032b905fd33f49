#include "control/engine/moves.h"
#include "base/metric.h"
#include "base/when.h"
#include "control/control.h"
#include "control/engine/job_end.h"
#include "control/engine/moves_parts.h"
#include "control/engine/park.h"
#include "control/engine/wants.h"
#include "control/events/events.h"
#include "control/quotas/quotas.h"
#include "control/rows.h"
#include "io/clock.h"
#include "wire/json.h"

#include <stdio.h>

static const struct field task_row[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct moves_task, id) },
	{ .name = "job_id", .type = FIELD_STR, FIELD_AT(struct moves_task, job_id) },
	{ .name = "action", .type = FIELD_STR, FIELD_AT(struct moves_task, action) },
	{ .name = "account_id", .type = FIELD_STR, FIELD_AT(struct moves_task, account_id) },
	{ .name = "region_id", .type = FIELD_STR, FIELD_AT(struct moves_task, region_id) },
	{ .name = "agent_id", .type = FIELD_STR, FIELD_AT(struct moves_task, agent_id) },
	{ .name = "nonce", .type = FIELD_STR, FIELD_AT(struct moves_task, nonce) },
	{ .name = "status", .type = FIELD_ENUM, FIELD_AT(struct moves_task, status), .words = task_words },
	{ .name = "attempt", .type = FIELD_U32, FIELD_AT(struct moves_task, attempt) },
	{ .name = "max_attempts", .type = FIELD_U32, FIELD_AT(struct moves_task, max_attempts) },
	{ .name = "not_before", .type = FIELD_I64, FIELD_AT(struct moves_task, not_before) },
	{ .name = "lease_until", .type = FIELD_I64, FIELD_AT(struct moves_task, lease_until) },
	{ .name = "cancel_asked", .type = FIELD_BOOL, FIELD_AT(struct moves_task, cancel_asked) },
	{ .name = "probe", .type = FIELD_BOOL, FIELD_AT(struct moves_task, probe) },
	{ .name = "intent_attempt", .type = FIELD_U32, FIELD_AT(struct moves_task, intent_attempt) },
	{ .name = "intent_at", .type = FIELD_I64, FIELD_AT(struct moves_task, intent_at) },
	{ .name = "intent", .type = FIELD_STR, FIELD_AT(struct moves_task, intent) },
	{ .name = "owner", .type = FIELD_STR, FIELD_AT(struct moves_task, owner) },
	{ .name = "quiet", .type = FIELD_BOOL, FIELD_AT(struct moves_task, quiet) },
	{ 0 },
};

enum rc moves_load(struct tx *tx, const char *id, struct moves_task *ret)
{
	static const struct store_query load = {
		.sql = "SELECT id, job_id, action, account_id, region_id, agent_id, nonce, status, attempt, "
		       "max_attempts, not_before, lease_until, cancel_asked, probe, intent_attempt, intent_at, "
		       "intent, owner, quiet "
		       "FROM tasks WHERE id = $1"
	};
	return rows_one(tx->db, &load, STORE_ARGS(store_text(id)), (struct rows_into){ task_row, tx->arena, ret },
		tx->fault);
}

enum rc moves_held(struct tx *tx, const char *agent_id, const char *id, uint32_t attempt, struct moves_task *ret)
{
	enum rc rc = moves_load(tx, id, ret);
	if (rc != RC_OK)
		return rc;
	bool mine = ret->agent_id && !strcmp(ret->agent_id, agent_id) && ret->attempt == attempt;
	return mine && (ret->status == TASK_LEASED || ret->status == TASK_RUNNING) ? RC_OK : RC_MISSING;
}

const char *moves_error(struct tx *tx, const char *code, const char *detail, bool retryable)
{
	struct buf b = { 0 };

	buf_str(&b, "{\"code\":");
	json_put_str(&b, code);
	buf_str(&b, ",\"detail\":");
	json_put_str(&b, detail);
	buf_fmt(&b, ",\"retryable\":%s}", retryable ? "true" : "false");
	const char *text = arena_str(tx->arena, buf_text(&b));
	buf_done(&b);
	return text;
}

/* Which of a job's counts a task in this state stands in. */
static int column(int status)
{
	switch ((enum task_status)status) {
	case TASK_QUEUED:
		return 0;
	case TASK_LEASED:
	case TASK_RUNNING:
		return 1;
	case TASK_SUCCEEDED:
		return 2;
	case TASK_FAILED:
	case TASK_EXPIRED:
		return 3;
	case TASK_UNKNOWN:
		return 5;
	case TASK_ATTENTION:
		return 6;
	case TASK_CANCELED:
	case TASK_STATUSES:
		break;
	}
	return 4;
}
#define COLUMNS 7

static enum rc end_job(
	struct tx *tx, const struct moves_task *t, const struct job_summary *s, enum job_status status)
{
	static const struct store_query set = { .sql = "UPDATE jobs SET status = $2, finished_at = $3, secret = "
						       "CASE WHEN CAST($3 AS BIGINT) = 0 THEN secret ELSE "
						       "NULL END WHERE id = $1" };
	bool over = job_is_over(status);
	enum rc rc = store_put(tx->db, &set,
		STORE_ARGS(store_text(t->job_id), store_text(job_words[status]), store_int(over ? tx->now_ms : 0)),
		tx->fault);

	if (rc != RC_OK || !over || t->quiet)
		return rc;
	const char *payload = arena_fmt(tx->arena,
		"{\"status\":\"%s\",\"summary\":{\"total\":%u,\"succeeded\":%u,\"failed\":%u,\"canceled\":%u}}",
		job_words[status], s->total, s->succeeded, s->failed, s->canceled);
	if (!payload)
		return RC_NOMEM;
	return events_add(tx, &(struct event){ .type = "job.finished", .job_id = t->job_id, .payload = payload });
}

/* Moves one task from one count to another, and lets the job's status follow. */
static enum rc recount(struct tx *tx, const struct moves_task *t, int from, int to)
{
	static const struct store_query count = {
		.sql = "UPDATE jobs SET queued = queued + $2, running = running + $3, succeeded = succeeded + $4, "
		       "failed = failed + $5, canceled = canceled + $6, unknown = unknown + $7, attention = "
		       "attention + $8, updated_at = $9 WHERE id = $1 RETURNING total, queued, running, "
		       "succeeded, failed, canceled, unknown, attention, status, paused, quota_held"
	};
	auto_rows struct store_rows *r = NULL;
	int64_t d[COLUMNS] = { 0 };

	if (column(from) == column(to))
		return RC_OK;
	d[column(from)]--;
	d[column(to)]++;
	enum rc rc = store_one(tx->db, &count,
		STORE_ARGS(store_text(t->job_id), store_int(d[0]), store_int(d[1]), store_int(d[2]),
			store_int(d[3]), store_int(d[4]), store_int(d[5]), store_int(d[6]), store_int(tx->now_ms)),
		&r, tx->fault);
	if (rc != RC_OK)
		return rc;
	uint32_t n[COLUMNS + 1];
	for (size_t i = 0; i <= COLUMNS; i++)
		n[i] = (uint32_t)store_col_int(r, i);
	const struct job_summary s = { n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7],
		store_col_int(r, COLUMNS + 2) != 0 };
	enum job_status status = job_status_of(&s);
	bool changed = strcmp(store_col_text(r, COLUMNS + 1), job_words[status]) != 0;
	bool held = store_col_int(r, COLUMNS + 3) != 0;
	store_close(take(r));
	if (held && task_is_over((enum task_status)to))
		rc = quotas_task_over(tx, t->job_id);
	if (rc == RC_OK && changed)
		rc = end_job(tx, t, &s, status);
	return rc == RC_OK && held && job_is_over(status) ? quotas_settle(tx, t->job_id) : rc;
}

/* The lawful move, in the struct. */
static enum rc turn(struct tx *tx, struct moves_task *t, enum task_status to, struct task *ret_model)
{
	struct task m = { .status = (enum task_status)t->status,
		.attempt = t->attempt,
		.max_attempts = t->max_attempts,
		.not_before_ms = t->not_before,
		.lease_until_ms = t->lease_until,
		.probe = t->probe };
	enum rc rc = task_move(&m, to, tx->now_ms);
	if (rc != RC_OK)
		return fault_set(tx->fault, rc, "task %s is %s and cannot become %s", t->id, task_words[t->status],
			task_words[to]);
	*ret_model = m;
	return RC_OK;
}

static enum rc tell(struct tx *tx, const struct moves_task *t, const char *type, const char *payload)
{
	if (t->quiet)
		return RC_OK;
	return events_add(tx, &(struct event){ .type = type,
				      .job_id = t->job_id,
				      .task_id = t->id,
				      .account_id = t->account_id,
				      .region_id = t->region_id,
				      .payload = payload });
}

/* Counts the move, notes the new state in *t, and tells the owner, who folds it into what the task was for. */
static enum rc moved(struct tx *tx, struct moves_task *t, enum task_status to)
{
	int from = t->status;
	t->status = (int)to;
	metric_add(tx->control->metrics, METRIC_TASK_TRANSITIONS, task_words[to], 1);
	bool held = from == TASK_LEASED || from == TASK_RUNNING, holds = to == TASK_LEASED || to == TASK_RUNNING;
	enum rc rc = recount(tx, t, from, (int)to);
	if (rc == RC_OK && !holds && (held || from == TASK_QUEUED))
		rc = park_left(tx, t->job_id, t->account_id);
	if (rc == RC_OK && (to == TASK_FAILED || to == TASK_EXPIRED))
		rc = job_end_failed(tx, t->job_id);
	return rc == RC_OK && t->owner && tx->control->owned ? tx->control->owned(tx, t) : rc;
}

static void count_attempt(struct tx *tx, const struct moves_task *t, const char *outcome)
{
	char labels[METRIC_LABELS_MAX];
	snprintf(labels, sizeof(labels), "%s\n%s", t->action, outcome);
	metric_add(tx->control->metrics, METRIC_TASK_ATTEMPTS, labels, 1);
}

enum rc moves_lease(struct tx *tx, struct moves_task *t, const char *agent_id)
{
	static const struct store_query set = {
		.sql = "UPDATE tasks SET status = 'leased', attempt = $2, agent_id = $3, nonce = $4, lease_until = "
		       "$5, "
		       "started_at = CASE started_at WHEN 0 THEN $6 ELSE started_at END WHERE id = $1"
	};
	struct task m = { 0 };
	enum rc rc = turn(tx, t, TASK_LEASED, &m);
	if (rc != RC_OK)
		return rc;
	t->attempt = m.attempt;
	t->agent_id = agent_id;
	t->nonce = tx_id(tx, "n");
	t->lease_until = tx->now_ms + tx->control->conf->lease_ms;
	rc = store_put(tx->db, &set,
		STORE_ARGS(store_text(t->id), store_int(t->attempt), store_text(agent_id), store_text(t->nonce),
			store_int(t->lease_until), store_int(tx->now_ms)),
		tx->fault);
	if (rc == RC_OK)
		rc = moves_attempts_lease(tx, t);
	if (rc == RC_OK && t->attempt == 1 && t->not_before)
		rc = wants_due(tx, t->job_id, t->action, t->account_id);
	if (rc == RC_OK)
		rc = moved(tx, t, TASK_LEASED);
	const char *payload = arena_fmt(tx->arena, "{\"attempt\":%u,\"agentId\":\"%s\"}", t->attempt, agent_id);
	return rc == RC_OK ? tell(tx, t, "task.leased", payload) : rc;
}

enum rc moves_start(struct tx *tx, struct moves_task *t)
{
	static const struct store_query set = { .sql = "UPDATE tasks SET status = 'running' WHERE id = $1" };
	struct task m = { 0 };
	enum rc rc = turn(tx, t, TASK_RUNNING, &m);
	if (rc == RC_OK)
		rc = store_put(tx->db, &set, STORE_ARGS(store_text(t->id)), tx->fault);
	if (rc == RC_OK)
		rc = moves_attempts_start(tx, t);
	if (rc == RC_OK)
		rc = moved(tx, t, TASK_RUNNING);
	return rc == RC_OK ? tell(tx, t, "task.started", arena_fmt(tx->arena, "{\"attempt\":%u}", t->attempt)) : rc;
}

static enum rc end(struct tx *tx, struct moves_task *t, enum task_status to, const char *result, const char *error)
{
	static const struct store_query set = { .sql = "UPDATE tasks SET status = $2, result = $3, error = $4, "
						       "finished_at = $5, lease_until = 0 WHERE id = $1" };
	struct task m = { 0 };
	t->result = result;
	t->error = error;
	enum rc rc = turn(tx, t, to, &m);
	if (rc == RC_OK)
		rc = store_put(tx->db, &set,
			STORE_ARGS(store_text(t->id), store_text(task_words[to]),
				store_text(t->kept ? t->kept : result), store_text(error), store_int(tx->now_ms)),
			tx->fault);
	return rc == RC_OK ? moves_attempts_end(tx, t, task_words[to], to) : rc;
}

enum rc moves_succeed(struct tx *tx, struct moves_task *t, const char *result)
{
	enum rc rc = end(tx, t, TASK_SUCCEEDED, result, NULL);
	if (rc == RC_OK)
		rc = tell(tx, t, "task.succeeded", arena_fmt(tx->arena, "{\"attempt\":%u}", t->attempt));
	count_attempt(tx, t, "succeeded");
	return rc == RC_OK ? moved(tx, t, TASK_SUCCEEDED) : rc;
}

enum rc moves_cancel(struct tx *tx, struct moves_task *t)
{
	enum rc rc = end(tx, t, TASK_CANCELED, NULL, NULL);
	if (rc == RC_OK)
		rc = tell(tx, t, "task.canceled", NULL);
	return rc == RC_OK ? moved(tx, t, TASK_CANCELED) : rc;
}

enum rc moves_expire(struct tx *tx, struct moves_task *t)
{
	const char *error = moves_error(tx, "deadline_exceeded", "the job's deadline came first", false);
	enum rc rc = error ? end(tx, t, TASK_EXPIRED, NULL, error) : RC_NOMEM;
	if (rc == RC_OK)
		rc = tell(tx, t, "task.expired", NULL);
	return rc == RC_OK ? moved(tx, t, TASK_EXPIRED) : rc;
}

static enum rc requeue(struct tx *tx, struct moves_task *t, const struct task *m, const char *error)
{
	static const struct store_query set = {
		.sql = "UPDATE tasks SET status = 'queued', agent_id = NULL, nonce = NULL, lease_until = 0, "
		       "not_before = $2, error = $3, probe = $4, intent_at = CASE WHEN CAST($4 AS BIGINT) = 0 THEN "
		       "0 ELSE "
		       "intent_at "
		       "END, max_attempts = $5 WHERE id = $1"
	};
	char when[WHEN_MAX];

	when_text(when, m->not_before_ms);
	t->error = error;
	enum rc rc = moves_attempts_end(tx, t, m->probe ? "unknown" : "failed", TASK_QUEUED);
	t->probe = m->probe;
	if (rc == RC_OK)
		rc = store_put(tx->db, &set,
			STORE_ARGS(store_text(t->id), store_int(m->not_before_ms), store_text(error),
				store_int(m->probe), store_int(t->max_attempts)),
			tx->fault);
	if (rc == RC_OK)
		rc = tell(tx, t, "task.retrying",
			arena_fmt(tx->arena, "{\"attempt\":%u,\"notBefore\":\"%s\",\"probe\":%s,\"error\":%s}",
				t->attempt, when, m->probe ? "true" : "false", error));
	tx_ring(tx, t->region_id);
	return rc == RC_OK ? moved(tx, t, TASK_QUEUED) : rc;
}

/* Nothing that we can ask tells what became of it: a person has to. */
static enum rc doubt(struct tx *tx, struct moves_task *t, const char *error)
{
	static const struct store_query set = {
		.sql = "UPDATE tasks SET status = 'needs_attention', error = $2, lease_until = 0 WHERE id = $1"
	};
	const char *payload = arena_fmt(tx->arena, "{\"attempt\":%u,\"error\":%s}", t->attempt, error);
	struct task m = { 0 };

	bool held = t->status != TASK_QUEUED;
	t->error = error;
	enum rc rc = turn(tx, t, TASK_UNKNOWN, &m);
	if (rc == RC_OK && held)
		rc = moves_attempts_end(tx, t, "unknown", TASK_ATTENTION);
	if (rc == RC_OK)
		rc = tell(tx, t, "task.outcome_unknown", payload);
	if (rc == RC_OK)
		rc = moved(tx, t, TASK_UNKNOWN);
	if (rc == RC_OK)
		rc = turn(tx, t, TASK_ATTENTION, &m);
	if (rc == RC_OK)
		rc = store_put(tx->db, &set, STORE_ARGS(store_text(t->id), store_text(error)), tx->fault);
	if (rc == RC_OK)
		rc = tell(tx, t, "task.needs_attention", payload);
	return rc == RC_OK ? moved(tx, t, TASK_ATTENTION) : rc;
}

enum rc moves_doubt(struct tx *tx, struct moves_task *t, const char *error) { return doubt(tx, t, error); }

enum rc moves_intend(struct tx *tx, struct moves_task *t, const char *effect)
{
	static const struct store_query set = {
		.sql = "UPDATE tasks SET intent = CASE intent_at WHEN 0 THEN $2 ELSE intent END, intent_attempt = "
		       "attempt, intent_at = $3, lease_until = $4 WHERE id = $1"
	};
	enum rc rc = t->status == TASK_LEASED ? moves_start(tx, t) : RC_OK;

	t->lease_until = tx->now_ms + tx->control->conf->lease_ms;
	if (rc == RC_OK)
		rc = store_put(tx->db, &set,
			STORE_ARGS(store_text(t->id), store_text(effect), store_int(tx->now_ms),
				store_int(t->lease_until)),
			tx->fault);
	if (rc == RC_OK)
		rc = moves_attempts_intend(tx, t, effect);
	if (!t->intent_at)
		t->intent = effect;
	t->intent_attempt = t->attempt;
	t->intent_at = tx->now_ms;
	return rc == RC_OK && t->owner && tx->control->owned ? tx->control->owned(tx, t) : rc;
}

static enum rc fail_for_good(struct tx *tx, struct moves_task *t, const char *error, const char *reason)
{
	enum rc rc = end(tx, t, TASK_FAILED, NULL, error);
	if (rc == RC_OK && !t->owner)
		rc = moves_attempts_died(tx, t, reason);
	if (rc == RC_OK)
		rc = tell(tx, t, "task.failed",
			arena_fmt(tx->arena, "{\"attempt\":%u,\"error\":%s}", t->attempt, error));
	return rc == RC_OK ? moved(tx, t, TASK_FAILED) : rc;
}

enum rc moves_give_up(struct tx *tx, struct moves_task *t, const char *error)
{
	return fail_for_good(tx, t, error, MOVES_NO_RETRY);
}

/* When a task of this action and job is tried again. */
static enum rc policy_of(struct tx *tx, const struct moves_task *t, const struct action *a, struct task_policy *ret)
{
	static const struct store_query find = {
		.sql = "SELECT retry_backoff, retry_backoff_max FROM jobs WHERE id = $1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(t->job_id)), &r, tx->fault);
	if (rc != RC_OK)
		return rc;
	const struct task_policy job = { .backoff_ms = (uint32_t)store_col_int(r, 0),
		.backoff_max_ms = (uint32_t)store_col_int(r, 1) };
	*ret = task_policy_of(a ? a->class : TASK_ONCE, a ? a->retry : NULL, &job);
	return RC_OK;
}

enum rc moves_fail(struct tx *tx, struct moves_task *t, const char *error, struct task_failure how)
{
	const struct action *a = action_find(t->action);
	struct task_policy policy;
	enum rc rc = policy_of(tx, t, a, &policy);
	if (rc != RC_OK)
		return rc;
	how.retryable = task_may_retry(&policy, t->code, how.retryable);
	bool retryable = how.retryable;
	/* An attempt that got as far as its effect has found out before what became of the others. */
	bool probe = t->probe && (how.effect || t->intent_attempt != t->attempt);
	/* One that did not get so far only asked, and asking again does no harm. Whatever was used up before, a doubt is asked about. */
	bool asked = probe && t->intent_attempt != t->attempt;
	bool ask = how.effect && !t->probe && a && a->class == TASK_GUARDED && t->attempt >= t->max_attempts;
	if ((asked || ask) && t->max_attempts < TASK_ATTEMPTS_ASKING)
		t->max_attempts++;
	struct task m = { .status = (enum task_status)t->status,
		.attempt = t->attempt,
		.max_attempts = t->cancel_asked ? t->attempt : t->max_attempts,
		.probe = probe };
	uint32_t random;

	clock_random(&random, sizeof(random));
	/* What an attempt before may have done is not undone by the failure of this one: it stays in doubt. */
	how.effect |= probe;
	rc = task_retry(&m, a ? a->class : TASK_ONCE, how, task_wait_ms(&policy, t->attempt, random, t->again_ms),
		tx->now_ms);
	if (rc != RC_OK)
		return fault_set(tx->fault, rc, "task %s is %s and cannot fail", t->id, task_words[t->status]);
	count_attempt(tx, t, how.effect ? "unknown" : "failed");
	if (m.status == TASK_QUEUED)
		return requeue(tx, t, &m, error);
	if (m.status == TASK_UNKNOWN)
		return doubt(tx, t, error);
	if (t->cancel_asked && retryable)
		return moves_cancel(tx, t);
	return fail_for_good(tx, t, error, retryable ? MOVES_USED_UP : MOVES_NO_RETRY);
}

/* The error, or the result, that a person's word stands for. */
static const char *said(struct tx *tx, bool done, const char *evidence)
{
	struct buf b = { 0 };

	if (!done)
		return moves_error(tx, MOVES_NOT_DONE, evidence, true);
	buf_str(&b, "{\"resolved\":\"done\",\"evidence\":");
	json_put_str(&b, evidence);
	buf_u8(&b, '}');
	const char *text = b.bad ? NULL : arena_str(tx->arena, buf_text(&b));
	buf_done(&b);
	return text;
}

enum rc moves_resolve(struct tx *tx, struct moves_task *t, bool done, const char *evidence)
{
	const char *text = said(tx, done, evidence);

	if (t->status != TASK_ATTENTION && t->status != TASK_UNKNOWN)
		return fault_set(tx->fault, RC_CONFLICT, "task %s is %s: there is nothing to be said of it", t->id,
			task_words[t->status]);
	enum rc rc = text ? moves_attempts_resolve(tx, t, done, evidence) : RC_NOMEM;
	if (rc == RC_OK)
		rc = tell(tx, t, "task.resolved",
			arena_fmt(tx->arena, "{\"attempt\":%u,\"outcome\":\"%s\"}", t->attempt,
				done ? "done" : "not_done"));
	t->code = MOVES_NOT_DONE;
	if (rc != RC_OK)
		return rc;
	return done ? moves_succeed(tx, t, text) : fail_for_good(tx, t, text, MOVES_NOT_DONE);
}
