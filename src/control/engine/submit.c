#include "control/engine/submit.h"
#include "control/access/decide.h"
#include "control/engine/sealed.h"
#include "control/engine/submit_parts.h"
#include "model/job.h"
#include "wire/field_json.h"

static const struct field retry_fields[] = {
	{ .name = "maxAttempts",
		.type = FIELD_U32,
		FIELD_AT(struct task_policy, max_attempts),
		.min = 1,
		.max = TASK_ATTEMPTS_MAX,
		.doc = "The same as maxAttempts of the job." },
	{ .name = "backoffMs",
		.type = FIELD_U32,
		FIELD_AT(struct task_policy, backoff_ms),
		.min = 1,
		.max = TASK_BACKOFF_LIMIT_MS,
		.doc = "The longest wait before the second attempt; it doubles with each." },
	{ .name = "backoffMaxMs",
		.type = FIELD_U32,
		FIELD_AT(struct task_policy, backoff_max_ms),
		.min = 1,
		.max = TASK_BACKOFF_LIMIT_MS,
		.doc = "The longest wait before any." },
	{ 0 },
};

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
		.max = TASK_ATTEMPTS_MAX,
		.doc = "How often a task may be tried when a retry can help; at most 3 of what has an effect. "
		       "Absent: as "
		       "the action says." },
	{ .name = "retry",
		.type = FIELD_OBJ,
		FIELD_AT(struct submit_job, policy),
		.sub = retry_fields,
		.doc = "When a task is tried again; what is absent is as the action says." },
	{ .name = "notBefore",
		.type = FIELD_TIME,
		FIELD_AT(struct submit_job, not_before),
		.flags = FIELD_NULLABLE,
		.doc = "No task is given to an agent earlier; at most a year ahead." },
	{ .name = "delaySeconds",
		.type = FIELD_U32,
		FIELD_AT(struct submit_job, delay_s),
		.max = SUBMIT_DELAY_MAX_S,
		.doc = "The same, from now; give one of the two." },
	{ .name = "dryRun",
		.type = FIELD_BOOL,
		FIELD_AT(struct submit_job, dry_run),
		.doc = "Tell what would be done, and do nothing." },
	JOB_RULES_FIELDS(struct submit_job),
	{ 0 },
};

/* Checks the payload by the action's own table; problems stand under /payload. */
static enum rc check_payload(struct submit_plan *p, const struct action *a, const char *payload)
{
	struct field_reader r = { .arena = p->tx->arena };
	auto_json struct json_t *j = NULL;
	void *to = arena_take(p->tx->arena, a->payload_size + 1);

	if (strlen(payload) > JOB_PAYLOAD_MAX)
		return field_json_problem(p->reader, "/payload", "too_long", "must have at most 262144 bytes");
	enum rc rc = to ? json_read(payload, strlen(payload), &j, p->tx->fault) : RC_NOMEM;
	if (rc == RC_OK)
		rc = field_json_decode(a->payload, j, &r, to, p->tx->fault);
	for (size_t i = 0; i < r.problems_n; i++) {
		const char *pointer = arena_fmt(p->tx->arena, "/payload%s", r.problems[i].pointer);
		rc = field_json_problem(
			p->reader, pointer ? pointer : "/payload", r.problems[i].code, r.problems[i].detail);
	}
	return rc;
}

/* What an action is aimed at must be said once, and only for an action that is aimed at accounts. */
static int ways_of(const struct submit_job *in)
{
	return (in->targets.n > 0) + (in->labels.n > 0) + in->all_accounts;
}

static bool is_aimed(const struct action *a, const struct submit_job *in)
{
	return a->target == ACTION_TARGET_ACCOUNT || (a->target == ACTION_TARGET_EITHER && ways_of(in) > 0);
}

static enum rc check_targets(struct submit_plan *p, const struct action *a, const struct submit_job *in)
{
	int ways = ways_of(in);

	if (a->target == ACTION_TARGET_NONE && ways > 0)
		return field_json_problem(p->reader, "/targets", "out_of_range",
			"this action is not aimed at accounts; leave targets out");
	if (is_aimed(a, in) && ways != 1)
		return field_json_problem(p->reader, "/targets", "required",
			"name accounts by one of targets, labels or allAccounts");
	return RC_OK;
}

static enum rc check_region(struct submit_plan *p, const char *id)
{
	static const struct store_query find = { .sql = "SELECT id FROM regions WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(p->tx->db, &find, STORE_ARGS(store_text(id)), &r, p->tx->fault);

	if (rc != RC_MISSING)
		return rc;
	return field_json_problem(p->reader, "/regionId", "not_one_of", "there is no such region");
}

static enum rc check(struct submit_plan *p, const struct submit_job *in)
{
	const struct action *a = action_find(in->action);

	if (!a || a->own)
		return field_json_problem(
			p->reader, "/action", "not_one_of", "there is no such action; GET /v1/actions lists them");
	if (p->who && !route_may(p->who, a->scope))
		return fault_set(p->tx->fault, RC_DENIED,
			"the action %s needs the scope %s, which the key does not have", a->name,
			scope_text(a->scope));
	enum rc targets = check_targets(p, a, in);
	enum rc payload = check_payload(p, a, in->payload ? in->payload : "{}");
	if (targets != RC_OK || payload != RC_OK)
		return payload == RC_OK ? targets : payload;
	if (in->rules.deadline && in->rules.deadline <= p->tx->now_ms)
		return field_json_problem(p->reader, "/deadline", "out_of_range", "lies in the past");
	if (in->not_before && in->delay_s)
		return field_json_problem(
			p->reader, "/delaySeconds", "out_of_range", "give one of notBefore and delaySeconds");
	if (in->not_before > p->tx->now_ms + (int64_t)SUBMIT_DELAY_MAX_S * 1000)
		return field_json_problem(
			p->reader, "/notBefore", "out_of_range", "must be within a year from now");
	p->action = a;
	return in->region_id ? check_region(p, in->region_id) : RC_OK;
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

enum rc submit_check(struct call *c, const struct submit_job *in)
{
	struct submit_plan p = { .tx = &c->tx, .reader = c->reader, .who = c->who };
	return check(&p, in);
}

enum rc submit_check_held(struct call *c, const struct submit_job *in)
{
	struct submit_plan p = { .tx = &c->tx,
		.reader = c->reader,
		.who = c->who,
		.action = action_find(in->action),
		.region_id = in->region_id,
		.tenant_id = tx_tenant(&c->tx) };

	if (!decide_is_narrowed(c->who, SCOPE_JOBS_WRITE) && !decide_is_narrowed(c->who, p.action->scope))
		return RC_OK;
	if (is_aimed(p.action, in) && !in->targets.n)
		return field_json_problem(c->reader, "/targets", "required",
			"what you may do is narrowed to some accounts: name them");
	enum rc rc = is_aimed(p.action, in) ? submit_targets_named(&p, &in->targets) : submit_targets_none(&p);
	return rc == RC_OK ? submit_targets_held(&p, in->targets.n > 0) : rc;
}

/* When the first task may go. */
static int64_t due(const struct tx *tx, const struct submit_job *in)
{
	if (in->delay_s)
		return tx->now_ms + (int64_t)in->delay_s * 1000;
	return in->not_before > tx->now_ms ? in->not_before : 0;
}

static enum rc make(struct submit_plan *p, const struct submit_job *in, const char **ret_id)
{
	enum rc rc = check(p, in);
	if (rc != RC_OK || !p->action)
		return rc;
	p->payload = in->payload ? in->payload : "{}";
	p->region_id = in->region_id;
	p->priority = in->priority;
	p->policy = in->policy;
	if (!p->policy.max_attempts)
		p->policy.max_attempts = in->max_attempts;
	p->not_before = due(p->tx, in);
	p->dry_run = in->dry_run;
	p->rules = in->rules;
	if (!p->tenant_id)
		p->tenant_id = tx_tenant(p->tx);
	if (!is_aimed(p->action, in))
		rc = submit_targets_none(p);
	else if (in->targets.n)
		rc = submit_targets_named(p, &in->targets);
	else
		rc = submit_targets_selected(p, in);
	if (rc == RC_OK)
		rc = submit_targets_held(p, in->targets.n > 0);
	if (rc == RC_OK)
		rc = submit_store(p);
	if (rc == RC_OK)
		*ret_id = p->id;
	return rc;
}

enum rc submit_new(struct call *c, const struct submit_job *in, const char **ret_id)
{
	struct submit_plan p = { .tx = &c->tx, .reader = c->reader, .who = c->who };
	return make(&p, in, ret_id);
}

enum rc submit_fired(struct tx *tx, const struct submit_fire *by, const struct submit_job *in, const char **ret_id)
{
	struct submit_plan p = { .tx = tx,
		.reader = by->reader,
		.schedule_id = by->schedule_id,
		.created_by = by->created_by,
		.tenant_id = by->tenant_id };
	return make(&p, in, ret_id);
}

/* This agent alone may have it. */
static enum rc pin(struct tx *tx, const char *task_id, const char *agent_id)
{
	static const struct store_query set = { .sql = "UPDATE tasks SET pin_agent_id = $2 WHERE id = $1" };
	return store_do(tx->db, &set, STORE_ARGS(store_text(task_id), store_text(agent_id)), tx->fault);
}

enum rc submit_own(struct tx *tx, const struct submit_try *in, const char **ret_task_id)
{
	static const struct store_query find = {
		.sql = "SELECT region_hint, enabled, tenant_id FROM accounts WHERE id = $1"
	};
	struct submit_target target = { .account_id = in->account_id, .enabled = true };
	struct submit_plan p = { .tx = tx,
		.action = in->action,
		.payload = in->payload,
		.owner = in->owner,
		.created_by = in->created_by,
		.priority = in->priority,
		.quiet = in->quiet,
		.rules.deadline = in->deadline,
		.policy.max_attempts = in->max_attempts,
		.targets = &target,
		.n = 1 };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = RC_OK;

	if (in->account_id) {
		rc = store_one(tx->db, &find, STORE_ARGS(store_text(in->account_id)), &r, tx->fault);
		if (rc != RC_OK)
			return rc;
		if (!store_col_int(r, 1))
			return fault_set(tx->fault, RC_CONFLICT, "the account is disabled");
		target.region_id = arena_str(tx->arena, store_col_text(r, 0));
		p.tenant_id = arena_str(tx->arena, store_col_text(r, 2));
		store_close(take(r));
	} else {
		target.region_id = in->region_id;
		p.tenant_id = in->tenant_id;
	}
	rc = p.tenant_id ? submit_store(&p) : RC_NOMEM;
	if (rc == RC_OK && in->agent_id)
		rc = pin(tx, p.task_id, in->agent_id);
	*ret_task_id = p.task_id;
	return rc;
}

/* What the new job takes over from the one whose tasks it tries again. */
static enum rc inherit(struct submit_plan *p, const char *job_id)
{
	static const struct store_query find = {
		.sql = "SELECT j.action, j.payload, j.priority, (SELECT MAX(max_attempts) FROM tasks WHERE job_id "
		       "= j.id), j.dry_run, j.retry_backoff, j.retry_backoff_max, j.tenant_id FROM jobs j WHERE "
		       "j.id = $1"
	};
	auto_rows struct store_rows *r = NULL;
	struct tx *tx = p->tx;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(job_id)), &r, tx->fault);
	if (rc != RC_OK)
		return rc;
	p->action = action_find(store_col_text(r, 0));
	if (!p->action || (p->who && !route_may(p->who, p->action->scope)))
		return fault_set(
			tx->fault, RC_DENIED, "the action of this job needs a scope that the key does not have");
	if (sealed_has(p->action))
		return fault_set(tx->fault, RC_CONFLICT,
			"the secrets of job %s went with its end; submit a new one for the accounts that failed",
			job_id);
	p->payload = arena_str(tx->arena, store_col_text(r, 1));
	p->parent = arena_str(tx->arena, job_id);
	p->priority = (uint32_t)store_col_int(r, 2);
	p->dry_run = store_col_int(r, 4) != 0;
	p->policy = (struct task_policy){ .max_attempts = (uint32_t)store_col_int(r, 3),
		.backoff_ms = (uint32_t)store_col_int(r, 5),
		.backoff_max_ms = (uint32_t)store_col_int(r, 6) };
	p->tenant_id = arena_str(tx->arena, store_col_text(r, 7));
	return p->payload && p->parent && p->tenant_id ? RC_OK : RC_NOMEM;
}

enum rc submit_again(struct call *c, const char *job_id, const struct submit_retry *which, const char **ret_id)
{
	struct submit_plan p = { .tx = &c->tx, .reader = c->reader, .who = c->who };
	enum rc rc = inherit(&p, job_id);

	if (rc == RC_OK)
		rc = submit_targets_failed(&p, job_id, which);
	if (rc == RC_OK)
		rc = submit_store(&p);
	if (rc == RC_OK)
		rc = submit_targets_redriven(&p);
	if (rc == RC_OK)
		*ret_id = p.id;
	return rc;
}
