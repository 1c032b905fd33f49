#include "control/engine/submit.h"
#include "control/access/audit.h"
#include "control/engine/sealed.h"
#include "control/events/events.h"
#include "control/fleet/states.h"
#include "model/job.h"
#include "wire/field_json.h"

#include <stdio.h>

const struct field submit_fields[] = {
	{ .name = "action",
		.type = FIELD_STR,
		FIELD_AT(struct submit_job, action),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 64,
		.doc = "Name of an action, see GET /v1/actions." },
	{ .name = "targets",
		.type = FIELD_LIST,
		FIELD_AT(struct submit_job, targets),
		.item = FIELD_STR,
		.max = JOB_TARGETS_MAX,
		.doc = "Ids of accounts; one task for each." },
	{ .name = "labels",
		.type = FIELD_MAP,
		FIELD_AT(struct submit_job, labels),
		.doc = "Every account that has all these labels; one task for each." },
	{ .name = "allAccounts",
		.type = FIELD_BOOL,
		FIELD_AT(struct submit_job, all_accounts),
		.doc = "Every account; one task for each." },
	{ .name = "payload",
		.type = FIELD_JSON,
		FIELD_AT(struct submit_job, payload),
		.doc = "What the action needs; its schema is in GET /v1/actions/{name}." },
	{ .name = "regionId",
		.type = FIELD_STR,
		FIELD_AT(struct submit_job, region_id),
		.flags = FIELD_NULLABLE,
		.max = 64,
		.doc = "Run it in this region only; null: where the account says, or anywhere." },
	{ .name = "priority",
		.type = FIELD_U32,
		FIELD_AT(struct submit_job, priority),
		.max = JOB_PRIORITY_MAX,
		.def = 5,
		.doc = "9 goes first." },
	{ .name = "maxAttempts",
		.type = FIELD_U32,
		FIELD_AT(struct submit_job, max_attempts),
		.min = 1,
		.max = 20,
		.def = TASK_ATTEMPTS_DEFAULT,
		.doc = "How often a task may be tried when a retry can help; at most 3 of what has an effect." },
	{ .name = "dryRun",
		.type = FIELD_BOOL,
		FIELD_AT(struct submit_job, dry_run),
		.doc = "Tell what would be done, and do nothing." },
	JOB_RULES_FIELDS(struct submit_job),
	{ 0 },
};

/* A job on its way into the database. */
struct making {
	struct call *c;
	const char *id, *action, *payload, *region_id, *parent;
	const char *secret, *created_by, *owner; /* of the payload, sealed; NULL: who acts; NULL: nobody's */
	const char *task_id;                     /* the last that was added */
	const char *tenant_id;
	struct job_rules rules;
	bool dry_run;
	uint32_t priority, max_attempts;
	uint32_t total, dead; /* tasks, and those that fail at once because their account is disabled */
};

/* session.login and session.logout say what is wanted from now on; the tasks themselves only wait for it. */
static enum rc want(struct making *m, const char *account_id)
{
	bool login = !strcmp(m->action, "session.login");

	if (!login && strcmp(m->action, "session.logout") != 0)
		return RC_OK;
	return states_want_online(&m->c->tx, account_id, login);
}

static enum rc add_task(struct making *m, const char *account_id, const char *region_hint, bool enabled)
{
	static const struct store_query insert = {
		.sql = "INSERT INTO tasks (id, job_id, action, account_id, region_id, status, priority, attempt, "
		       "max_attempts, not_before, lease_until, "
		       "cancel_asked, error, created_at, started_at, finished_at, owner, tenant_id) VALUES ($1, "
		       "$2, $3, $4, "
		       "$5, $6, "
		       "$7, 0, $8, 0, 0, 0, $9, $10, 0, $11, $12, $13)"
	};
	struct tx *tx = &m->c->tx;
	const char *region = m->region_id ? m->region_id : region_hint;
	static const char error[] =
		"{\"code\":\"account_disabled\",\"detail\":\"the account is disabled\",\"retryable\":false}";

	m->total++;
	m->dead += !enabled;
	m->task_id = tx_id(tx, "tsk");
	enum rc rc = account_id && enabled && !m->dry_run ? want(m, account_id) : RC_OK;
	if (rc != RC_OK)
		return rc;
	return store_do(tx->db, &insert,
		STORE_ARGS(store_text(m->task_id), store_text(m->id), store_text(m->action), store_text(account_id),
			store_text(region), store_text(enabled ? "queued" : "failed"), store_int(m->priority),
			store_int(m->max_attempts), store_text(enabled ? NULL : error), store_int(tx->now_ms),
			store_int(enabled ? 0 : tx->now_ms), store_text(m->owner), store_text(m->tenant_id)),
		tx->fault);
}

static enum rc add_job(struct making *m)
{
	const struct action *a = action_find(m->action);
	static const struct store_query insert = {
		.sql = "INSERT INTO jobs (id, action, status, priority, payload, total, queued, running, "
		       "succeeded, failed, canceled, parent_job_id, created_by, "
		       "trace_id, created_at, updated_at, finished_at, secret, dry_run, traceparent) VALUES ($1, "
		       "$2, 'queued', "
		       "$3, $4, 0, "
		       "0, 0, 0, 0, 0, $5, $6, $7, $8, $8, 0, $9, $10, $11)"
	};
	struct tx *tx = &m->c->tx;
	if (a->class >= TASK_GUARDED && m->max_attempts > TASK_ATTEMPTS_EFFECT)
		m->max_attempts = TASK_ATTEMPTS_EFFECT;
	enum rc rc = sealed_split(tx, a, m->id, m->payload, &m->payload, &m->secret);
	if (rc != RC_OK)
		return rc;
	if (!m->tenant_id)
		m->tenant_id = m->c->who && m->c->who->tenant_id ? m->c->who->tenant_id : ROUTE_TENANT_DEFAULT;
	rc = store_do(tx->db, &insert,
		STORE_ARGS(store_text(m->id), store_text(m->action), store_int(m->priority), store_text(m->payload),
			store_text(m->parent), store_text(m->created_by ? m->created_by : tx->actor),
			store_text(tx->trace_id), store_int(tx->now_ms), store_text(m->secret),
			store_int(m->dry_run), store_text(tx->traceparent ? tx->traceparent : "")),
		tx->fault);
	return rc == RC_OK ? job_rules_keep(tx, m->id, m->tenant_id, &m->rules) : rc;
}

/* The tasks are in: now the job's counts, its events and the audit row. */
static enum rc close_job(struct making *m)
{
	static const struct store_query count = { .sql = "UPDATE jobs SET status = $2, total = $3, queued = $4, "
							 "failed = $5, finished_at = $6, secret = CASE $6 WHEN 0 "
							 "THEN secret ELSE NULL END WHERE id = $1" };
	struct tx *tx = &m->c->tx;
	const struct job_summary s = { .total = m->total, .queued = m->total - m->dead, .failed = m->dead };
	enum job_status status = job_status_of(&s);
	bool over = job_is_over(status);

	enum rc rc = store_do(tx->db, &count,
		STORE_ARGS(store_text(m->id), store_text(job_words[status]), store_int(s.total),
			store_int(s.queued), store_int(s.failed), store_int(over ? tx->now_ms : 0)),
		tx->fault);
	const char *payload = arena_fmt(tx->arena, "{\"action\":\"%s\",\"total\":%u}", m->action, m->total);
	if (rc == RC_OK)
		rc = payload ? events_add(tx,
				       &(struct event){
					       .type = "job.created", .job_id = m->id, .payload = payload })
			     : RC_NOMEM;
	if (rc == RC_OK && over)
		rc = events_add(tx, &(struct event){ .type = "job.finished", .job_id = m->id });
	if (s.queued > 0 && !tx->ring)
		tx_ring(tx, NULL);
	if (rc != RC_OK || m->owner)
		return rc; /* the owner has told who wanted it */
	return audit_add(tx, m->parent ? "job.retry" : "job.create", m->id);
}

/* Checks the payload by the action's own table; problems stand under /payload. */
static enum rc check_payload(struct call *c, const struct action *a, const char *payload)
{
	struct field_reader r = { .arena = c->tx.arena };
	auto_json struct json_t *j = NULL;
	void *to = arena_take(c->tx.arena, a->payload_size + 1);

	if (strlen(payload) > JOB_PAYLOAD_MAX)
		return field_json_problem(c->reader, "/payload", "too_long", "must have at most 262144 bytes");
	enum rc rc = to ? json_read(payload, strlen(payload), &j, c->tx.fault) : RC_NOMEM;
	if (rc == RC_OK)
		rc = field_json_decode(a->payload, j, &r, to, c->tx.fault);
	for (size_t i = 0; i < r.problems_n; i++) {
		const char *pointer = arena_fmt(c->tx.arena, "/payload%s", r.problems[i].pointer);
		rc = field_json_problem(
			c->reader, pointer ? pointer : "/payload", r.problems[i].code, r.problems[i].detail);
	}
	return rc;
}

/* What an action is aimed at must be said once, and only for an action that is aimed at accounts. */
static enum rc check_targets(struct call *c, const struct action *a, const struct submit_job *in)
{
	int ways = (in->targets.n > 0) + (in->labels.n > 0) + in->all_accounts;

	if (a->target == ACTION_TARGET_NONE && ways > 0)
		return field_json_problem(c->reader, "/targets", "out_of_range",
			"this action is not aimed at accounts; leave targets out");
	if (a->target == ACTION_TARGET_ACCOUNT && ways != 1)
		return field_json_problem(c->reader, "/targets", "required",
			"name accounts by one of targets, labels or allAccounts");
	return RC_OK;
}

static enum rc check(struct call *c, const struct submit_job *in, const struct action **ret_action)
{
	const struct action *a = action_find(in->action);

	if (!a)
		return field_json_problem(
			c->reader, "/action", "not_one_of", "there is no such action; GET /v1/actions lists them");
	if (!route_may(c->who, a->scope))
		return fault_set(c->tx.fault, RC_DENIED,
			"the action %s needs the scope %s, which the key does not have", a->name,
			scope_text(a->scope));
	enum rc targets = check_targets(c, a, in);
	enum rc payload = check_payload(c, a, in->payload ? in->payload : "{}");
	if (targets != RC_OK || payload != RC_OK)
		return payload == RC_OK ? targets : payload;
	if (in->rules.deadline && in->rules.deadline <= c->tx.now_ms)
		return field_json_problem(c->reader, "/deadline", "out_of_range", "lies in the past");
	if (in->region_id) {
		static const struct store_query find = { .sql = "SELECT id FROM regions WHERE id = $1" };
		auto_rows struct store_rows *r = NULL;
		enum rc rc = store_one(c->tx.db, &find, STORE_ARGS(store_text(in->region_id)), &r, c->tx.fault);
		if (rc == RC_MISSING)
			return field_json_problem(c->reader, "/regionId", "not_one_of", "there is no such region");
		if (rc != RC_OK)
			return rc;
	}
	*ret_action = a;
	return RC_OK;
}

/* One task for each account of the list; each account once. */
static enum rc add_named(struct making *m, const struct field_list *targets)
{
	static const struct store_query find = { .sql = "SELECT region_hint, enabled FROM accounts WHERE id = $1" };
	static const struct store_query twice = {
		.sql = "SELECT id FROM tasks WHERE job_id = $1 GROUP BY account_id HAVING COUNT(*) > 1"
	};
	const char *const *ids = targets->at;
	struct tx *tx = &m->c->tx;
	enum rc rc = RC_OK;
	bool unknown = false;

	for (size_t i = 0; rc == RC_OK && i < targets->n; i++) {
		auto_rows struct store_rows *r = NULL;
		rc = store_one(tx->db, &find, STORE_ARGS(store_text(ids[i])), &r, tx->fault);
		if (rc == RC_MISSING) {
			char pointer[32];
			snprintf(pointer, sizeof(pointer), "/targets/%zu", i);
			field_json_problem(m->c->reader, pointer, "not_one_of", "there is no such account");
			unknown = true;
			rc = RC_OK;
		} else if (rc == RC_OK) {
			rc = add_task(m, ids[i], store_col_text(r, 0), store_col_int(r, 1) != 0);
		}
	}
	if (rc != RC_OK || unknown)
		return rc == RC_OK ? RC_INVALID : rc;
	auto_rows struct store_rows *r = NULL;
	rc = store_one(tx->db, &twice, STORE_ARGS(store_text(m->id)), &r, tx->fault);
	if (rc == RC_OK)
		return field_json_problem(
			m->c->reader, "/targets", "out_of_range", "an account stands in the list twice");
	return rc == RC_MISSING ? RC_OK : rc;
}

bool submit_has_labels(struct arena *a, const char *json, const struct field_list *want)
{
	static const struct field row = { .name = "labels", .type = FIELD_MAP };
	struct field_list have = { 0 };
	const struct field_pair *w = want->at;

	if (field_json_text(&row, json, a, &have, NULL) != RC_OK)
		return false;
	const struct field_pair *h = have.at;
	for (size_t i = 0; i < want->n; i++) {
		size_t k = 0;
		while (k < have.n && (strcmp(h[k].key, w[i].key) != 0 || strcmp(h[k].value, w[i].value) != 0))
			k++;
		if (k == have.n)
			return false;
	}
	return true;
}

static enum rc add_selected(struct making *m, const struct submit_job *in)
{
	static const struct store_query all = {
		.sql = "SELECT id, region_hint, enabled, labels FROM accounts ORDER BY id"
	};
	struct tx *tx = &m->c->tx;
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	enum rc rc = store_run(tx->db, &all, STORE_NO_ARGS, &r, tx->fault);

	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		if (!in->all_accounts && !submit_has_labels(m->c->tx.arena, store_col_text(r, 3), &in->labels))
			continue;
		if (m->total == JOB_TARGETS_MAX)
			return fault_set(tx->fault, RC_INVALID,
				"more than %d accounts are selected; submit several jobs", JOB_TARGETS_MAX);
		rc = add_task(m, store_col_text(r, 0), store_col_text(r, 1), store_col_int(r, 2) != 0);
	}
	if (rc == RC_OK && m->total == 0)
		return field_json_problem(m->c->reader, in->all_accounts ? "/allAccounts" : "/labels",
			"out_of_range", "no account is selected");
	return rc;
}

enum rc submit_new(struct call *c, const struct submit_job *in, const char **ret_id)
{
	const struct action *a = NULL;
	enum rc rc = check(c, in, &a);
	if (rc != RC_OK || !a)
		return rc;
	struct making m = { .c = c,
		.id = tx_id(&c->tx, "job"),
		.action = a->name,
		.payload = in->payload ? in->payload : "{}",
		.region_id = in->region_id,
		.priority = in->priority,
		.max_attempts = in->max_attempts,
		.dry_run = in->dry_run,
		.rules = in->rules };
	rc = m.id ? add_job(&m) : RC_NOMEM;
	if (rc == RC_OK && a->target == ACTION_TARGET_NONE)
		rc = add_task(&m, NULL, NULL, true);
	else if (rc == RC_OK && in->targets.n)
		rc = add_named(&m, &in->targets);
	else if (rc == RC_OK)
		rc = add_selected(&m, in);
	if (rc == RC_OK)
		rc = close_job(&m);
	if (rc == RC_OK)
		*ret_id = m.id;
	return rc;
}

enum rc submit_own(struct tx *tx, const struct submit_try *in, const char **ret_task_id)
{
	static const struct store_query find = { .sql = "SELECT region_hint, enabled FROM accounts WHERE id = $1" };
	struct call c = { .tx = *tx };
	struct making m = { .c = &c,
		.id = tx_id(tx, "job"),
		.action = in->action->name,
		.payload = in->payload,
		.owner = in->owner,
		.created_by = in->created_by,
		.priority = in->priority,
		.max_attempts = TASK_ATTEMPTS_EFFECT };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(in->account_id)), &r, tx->fault);
	const char *region = rc == RC_OK ? arena_str(tx->arena, store_col_text(r, 0)) : NULL;

	if (rc == RC_OK && !store_col_int(r, 1))
		rc = fault_set(tx->fault, RC_CONFLICT, "the account is disabled");
	store_close(take(r));
	if (rc == RC_OK)
		rc = m.id ? add_job(&m) : RC_NOMEM;
	if (rc == RC_OK)
		rc = add_task(&m, in->account_id, region, true);
	if (rc == RC_OK)
		rc = close_job(&m);
	tx->appended |= c.tx.appended;
	if (c.tx.ring)
		tx_ring(tx, c.tx.ring_in);
	*ret_task_id = m.task_id;
	return rc;
}

/* One new task for each of the other job's that failed. */
static enum rc add_failed(struct making *m, const char *job_id)
{
	static const struct store_query failed = {
		.sql = "SELECT t.account_id, t.region_id, COALESCE(a.enabled, 1) FROM tasks t LEFT JOIN accounts a "
		       "ON a.id = t.account_id "
		       "WHERE t.job_id = $1 AND t.status = 'failed' ORDER BY t.id"
	};
	struct tx *tx = &m->c->tx;
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	enum rc rc = store_run(tx->db, &failed, STORE_ARGS(store_text(job_id)), &r, tx->fault);

	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row)
		rc = add_task(m, store_col_text(r, 0), store_col_text(r, 1), store_col_int(r, 2) != 0);
	if (rc == RC_OK && m->total == 0)
		return fault_set(tx->fault, RC_CONFLICT, "no task of job %s has failed", job_id);
	return rc;
}

enum rc submit_retry(struct call *c, const char *job_id, const char **ret_id)
{
	static const struct store_query find = {
		.sql = "SELECT j.action, j.payload, j.priority, (SELECT MAX(max_attempts) FROM tasks WHERE job_id "
		       "= j.id), j.dry_run, j.tenant_id FROM jobs j WHERE j.id = $1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(c->tx.db, &find, STORE_ARGS(store_text(job_id)), &r, c->tx.fault);
	if (rc != RC_OK)
		return rc;
	const struct action *a = action_find(store_col_text(r, 0));
	if (!a || !route_may(c->who, a->scope))
		return fault_set(
			c->tx.fault, RC_DENIED, "the action of this job needs a scope that the key does not have");
	if (sealed_has(a))
		return fault_set(c->tx.fault, RC_CONFLICT,
			"the secrets of this job went with its end; submit a new one for the accounts that failed");
	struct making m = { .c = c,
		.id = tx_id(&c->tx, "job"),
		.action = a->name,
		.payload = arena_str(c->tx.arena, store_col_text(r, 1)),
		.parent = job_id,
		.priority = (uint32_t)store_col_int(r, 2),
		.max_attempts = (uint32_t)store_col_int(r, 3),
		.dry_run = store_col_int(r, 4) != 0,
		.tenant_id = arena_str(c->tx.arena, store_col_text(r, 5)) };
	store_close(take(r));
	rc = m.id && m.payload && m.tenant_id ? add_job(&m) : RC_NOMEM;
	if (rc == RC_OK)
		rc = job_rules_copy(&c->tx, m.id, job_id);
	if (rc == RC_OK)
		rc = add_failed(&m, job_id);
	if (rc == RC_OK)
		rc = close_job(&m);
	if (rc == RC_OK)
		*ret_id = m.id;
	return rc;
}
