#include "base/map.h"
#include "control/access/decide.h"
#include "control/engine/submit.h"
#include "control/engine/submit_parts.h"
#include "control/rows.h"
#include "model/job.h"
#include "wire/field_json.h"

#include <stdio.h>
#include <stdlib.h>

static const struct field target_row[] = {
	{ .name = "account_id", .type = FIELD_STR, FIELD_AT(struct submit_target, account_id) },
	{ .name = "region_id", .type = FIELD_STR, FIELD_AT(struct submit_target, region_id) },
	{ .name = "enabled", .type = FIELD_BOOL, FIELD_AT(struct submit_target, enabled) },
	{ .name = "task_id", .type = FIELD_STR, FIELD_AT(struct submit_target, task_id) },
	{ .name = "resolved", .type = FIELD_BOOL, FIELD_AT(struct submit_target, resolved) },
	{ 0 },
};

static enum rc targets_read(struct submit_plan *p, const struct store_query *q, struct store_args args, size_t max)
{
	auto_rows struct store_rows *r = NULL;
	struct field_list all = { 0 };
	enum rc rc = store_run(p->tx->db, q, args, &r, p->tx->fault);

	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ target_row, p->tx->arena, NULL },
			sizeof(struct submit_target), max, &all, p->tx->fault);
	p->targets = all.at;
	p->n = all.n;
	return rc;
}

enum rc submit_targets_none(struct submit_plan *p)
{
	p->targets = arena_take(p->tx->arena, sizeof(*p->targets));
	if (!p->targets)
		return RC_NOMEM;
	p->targets->enabled = true;
	p->n = 1;
	return RC_OK;
}

static int by_id(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	return strcmp(*x, *y);
}

/* Each account once. */
static enum rc check_twice(struct submit_plan *p)
{
	const char **ids = arena_take(p->tx->arena, (p->n + 1) * sizeof(*ids));

	if (!ids)
		return RC_NOMEM;
	for (size_t i = 0; i < p->n; i++)
		ids[i] = p->targets[i].account_id;
	qsort(ids, p->n, sizeof(*ids), by_id);
	for (size_t i = 1; i < p->n; i++)
		if (!strcmp(ids[i - 1], ids[i]))
			return field_json_problem(
				p->reader, "/targets", "out_of_range", "an account stands in the list twice");
	return RC_OK;
}

enum rc submit_targets_named(struct submit_plan *p, const struct field_list *ids)
{
	static const struct store_query find = {
		.sql = "SELECT a.id, a.region_hint, a.enabled, NULL, 0 FROM json_each($1) e LEFT JOIN accounts a "
		       "ON a.id = e.value AND a.tenant_id = $2 ORDER BY e.key",
		.sql_pg =
			"SELECT a.id, a.region_hint, a.enabled, NULL, 0 FROM jsonb_array_elements_text($1::jsonb) "
			"WITH ORDINALITY AS e (value, n) LEFT JOIN accounts a ON a.id = e.value AND "
			"a.tenant_id = $2 ORDER BY e.n"
	};
	static const struct field list[] = {
		{ .name = "ids", .type = FIELD_LIST, .item = FIELD_STR, .at = 0 },
		{ 0 },
	};
	struct buf b = { 0 };
	char pointer[32];
	bool unknown = false;

	field_json_encode(list, ids, &b);
	/* {"ids":[…]}: the list alone. */
	const char *text = b.bad ? NULL : arena_strn(p->tx->arena, (const char *)b.p + 7, b.n - 8);
	buf_done(&b);
	enum rc rc = text ? targets_read(p, &find, STORE_ARGS(store_text(text), store_text(p->tenant_id)),
				    JOB_TARGETS_MAX)
			  : RC_NOMEM;
	for (size_t i = 0; rc == RC_OK && i < p->n; i++) {
		if (p->targets[i].account_id)
			continue;
		snprintf(pointer, sizeof(pointer), "/targets/%zu", i);
		field_json_problem(p->reader, pointer, "not_one_of", "there is no such account");
		unknown = true;
	}
	if (rc != RC_OK || unknown)
		return rc == RC_OK ? RC_INVALID : rc;
	return check_twice(p);
}

/* The accounts that have the labels, in the place of all. */
static enum rc add_labelled(struct submit_plan *p, const struct field_list *labels)
{
	static const struct store_query all = {
		.sql = "SELECT id, region_hint, enabled, labels FROM accounts WHERE tenant_id = $1 ORDER BY id"
	};
	struct arena once = { 0 };
	struct tx *tx = p->tx;
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	enum rc rc = store_run(tx->db, &all, STORE_ARGS(store_text(p->tenant_id)), &r, tx->fault);

	p->targets = arena_take(tx->arena, (JOB_TARGETS_MAX + 1) * sizeof(*p->targets));
	if (rc == RC_OK && !p->targets)
		rc = RC_NOMEM;
	while (rc == RC_OK && p->n <= JOB_TARGETS_MAX && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		arena_reset(&once);
		if (!submit_has_labels(&once, store_col_text(r, 3), labels))
			continue;
		struct submit_target *t = &p->targets[p->n++];
		*t = (struct submit_target){ .account_id = arena_str(tx->arena, store_col_text(r, 0)),
			.region_id = arena_str(tx->arena, store_col_text(r, 1)),
			.enabled = store_col_int(r, 2) != 0 };
		rc = t->account_id ? RC_OK : RC_NOMEM;
	}
	arena_done(&once);
	return rc;
}

enum rc submit_targets_selected(struct submit_plan *p, const struct submit_job *in)
{
	static const struct store_query all = { .sql = "SELECT id, region_hint, enabled, NULL, 0 FROM accounts "
						       "WHERE tenant_id = $2 ORDER BY id LIMIT $1" };
	enum rc rc = in->all_accounts
			     ? targets_read(p, &all,
				       STORE_ARGS(store_int(JOB_TARGETS_MAX + 1), store_text(p->tenant_id)),
				       JOB_TARGETS_MAX + 1)
			     : add_labelled(p, &in->labels);
	const char *pointer = in->all_accounts ? "/allAccounts" : "/labels";

	if (rc != RC_OK)
		return rc;
	if (p->n > JOB_TARGETS_MAX)
		return field_json_problem(p->reader, pointer, "too_long",
			arena_fmt(p->tx->arena,
				"more than %d accounts are selected, the next is %s; submit several jobs",
				JOB_TARGETS_MAX, p->targets[JOB_TARGETS_MAX].account_id));
	if (p->n == 0)
		return field_json_problem(p->reader, pointer, "out_of_range", "no account is selected");
	return RC_OK;
}

/* By both scopes: the one to submit, and the action's own. */
static enum rc hold(struct submit_plan *p, const struct submit_target *t)
{
	const struct decide_use use = { .account_id = t->account_id,
		.action = p->action->name,
		.region_id = p->region_id ? p->region_id : t->region_id };
	enum rc rc = decide_use(p->tx, p->who, SCOPE_JOBS_WRITE, &use);
	return rc == RC_OK ? decide_use(p->tx, p->who, p->action->scope, &use) : rc;
}

enum rc submit_targets_held(struct submit_plan *p, bool named)
{
	char pointer[32];
	size_t n = 0;

	if (!p->who ||
		(!decide_is_narrowed(p->who, SCOPE_JOBS_WRITE) && !decide_is_narrowed(p->who, p->action->scope)))
		return RC_OK;
	for (size_t i = 0; i < p->n; i++) {
		enum rc rc = hold(p, &p->targets[i]);
		if (rc == RC_OK)
			p->targets[n++] = p->targets[i];
		if (rc != RC_OK && rc != RC_MISSING)
			return rc;
		snprintf(pointer, sizeof(pointer), "/targets/%zu", i);
		if (rc == RC_MISSING && named)
			field_json_problem(p->reader, pointer, "not_one_of", "there is no such account");
	}
	if (n < p->n && named)
		return RC_INVALID;
	p->n = n;
	return n ? RC_OK
		 : fault_set(p->tx->fault, RC_DENIED, "what you may do is narrowed, and this is nothing of it");
}

/* Keeps those that were named; every name must be one of them. */
static enum rc keep_named(struct submit_plan *p, const struct field_list *ids)
{
	const char *const *id = ids->at;
	struct map known = { 0 };
	enum rc rc = RC_OK;
	size_t n = 0;
	bool unknown = false;

	struct submit_target *kept = arena_take(p->tx->arena, (ids->n + 1) * sizeof(*kept));
	for (size_t i = 0; rc == RC_OK && i < p->n; i++)
		rc = map_put(&known, p->targets[i].task_id, &p->targets[i]);
	for (size_t i = 0; rc == RC_OK && kept && i < ids->n; i++) {
		const struct submit_target *t = map_take(&known, id[i]); /* a name that comes twice is no news */
		if (t) {
			kept[n++] = *t;
			continue;
		}
		const char *pointer = arena_fmt(p->tx->arena, "/taskIds/%zu", i);
		field_json_problem(p->reader, pointer ? pointer : "/taskIds", "not_one_of",
			"no task of this job that failed and may be tried again; one whose outcome is in doubt has "
			"to be "
			"resolved first");
		unknown = true;
	}
	map_done(&known);
	if (rc != RC_OK || !kept)
		return rc == RC_OK ? RC_NOMEM : rc;
	p->targets = kept;
	p->n = n;
	return unknown ? RC_INVALID : RC_OK;
}

enum rc submit_targets_failed(struct submit_plan *p, const char *job_id, const struct submit_retry *which)
{
	static const struct store_query failed = {
		.sql = "SELECT t.account_id, t.region_id, COALESCE(a.enabled, 1), t.id, CASE WHEN EXISTS (SELECT 1 "
		       "FROM resolutions r WHERE r.task_id = t.id AND r.outcome = 'not_done') THEN 1 ELSE 0 END "
		       "FROM tasks t LEFT JOIN accounts a ON a.id = t.account_id WHERE t.job_id = $1 AND t.status "
		       "= 'failed' ORDER BY t.id"
	};
	enum rc rc = targets_read(p, &failed, STORE_ARGS(store_text(job_id)), JOB_TARGETS_MAX);
	size_t n = 0;

	for (size_t i = 0; rc == RC_OK && i < p->n; i++)
		if (which->only == SUBMIT_FAILED || p->targets[i].resolved)
			p->targets[n++] = p->targets[i];
	p->n = n;
	if (rc == RC_OK && which->task_ids.n)
		rc = keep_named(p, &which->task_ids);
	if (rc != RC_OK || p->n)
		return rc;
	return fault_set(p->tx->fault, RC_CONFLICT,
		which->only == SUBMIT_FAILED ? "no task of job %s has failed"
					     : "of no task of job %s it was said that it was not done",
		job_id);
}

enum rc submit_targets_redriven(struct submit_plan *p)
{
	static const struct store_query note = {
		.sql = "UPDATE dead_letters SET redriven_job_id = $2 WHERE task_id = $1 AND redriven_job_id IS NULL"
	};
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < p->n; i++)
		rc = store_do(p->tx->db, &note, STORE_ARGS(store_text(p->targets[i].task_id), store_text(p->id)),
			p->tx->fault);
	return rc;
}
