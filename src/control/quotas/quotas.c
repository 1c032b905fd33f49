#include "control/quotas/quotas.h"
#include "control/quotas/quotas_sql.h"
#include "control/rows.h"

#include <string.h>

struct quota_left {
	const char *id, *kind, *subject_id, *resource;
	int64_t most, used;
};
static const struct field left_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct quota_left, id) },
	{ .name = "kind", .type = FIELD_STR, FIELD_AT(struct quota_left, kind) },
	{ .name = "subject", .type = FIELD_STR, FIELD_AT(struct quota_left, subject_id) },
	{ .name = "resource", .type = FIELD_STR, FIELD_AT(struct quota_left, resource) },
	{ .name = "most", .type = FIELD_I64, FIELD_AT(struct quota_left, most) },
	{ .name = "used", .type = FIELD_I64, FIELD_AT(struct quota_left, used) },
	{ 0 },
};

/* Who stands behind it, when the tenant has quotas; else RC_MISSING. */
static enum rc find_maker(struct tx *tx, const struct quotas_ask *a, const char **ret)
{
	static const struct store_query find = {
		.sql = "SELECT COALESCE((SELECT s.created_by FROM schedules s WHERE s.id = substr(CAST($2 AS "
		       "TEXT), "
		       "10)), (SELECT b.created_by FROM key_batches b WHERE b.id = substr(CAST($2 AS TEXT), 7)), "
		       "CAST($2 AS TEXT)) FROM quotas WHERE tenant_id = $1 LIMIT 1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc =
		store_one(tx->db, &find, STORE_ARGS(store_text(a->tenant_id), store_text(a->maker)), &r, tx->fault);

	if (rc != RC_OK)
		return rc;
	*ret = arena_str(tx->arena, store_col_text(r, 0));
	return *ret ? RC_OK : RC_NOMEM;
}

static enum rc find_quotas(struct tx *tx, const struct quotas_ask *a, const char *maker, struct field_list *ret)
{
	static const struct store_query find = {
		.sql = "SELECT q.id, q.subject_kind, q.subject_id, q.resource, q.most, q.used FROM quotas q WHERE "
		       "q.tenant_id = $1 AND " QUOTAS_FITS("CAST($2 AS TEXT)") " ORDER BY q.id"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc =
		store_run(tx->db, &find, STORE_ARGS(store_text(a->tenant_id), store_text(maker)), &r, tx->fault);

	return rc == RC_OK ? rows_list(r, &(struct rows_into){ left_fields, tx->arena, NULL },
				     sizeof(struct quota_left), QUOTAS_MAX, ret, tx->fault)
			   : rc;
}

static int64_t wanted(const struct quotas_ask *a, const char *resource)
{
	for (size_t i = 0; i < a->n; i++)
		if (!strcmp(a->wants[i].resource, resource))
			return a->wants[i].n;
	return 0;
}

static enum rc refuse(struct tx *tx, const struct quota_left *q, int64_t n)
{
	tx->violated = arena_fmt(tx->arena, "%s:%s %s", q->kind, q->subject_id, q->resource);
	return fault_set(tx->fault, RC_QUOTA,
		"the quota %s of %s:%s is %lld; %lld are in use, and this needs %lld more", q->resource, q->kind,
		q->subject_id, (long long)q->most, (long long)q->used, (long long)n);
}

static enum rc take_some(struct tx *tx, const struct quota_left *q, const char *owner_id, int64_t n)
{
	static const struct store_query use = {
		.sql = "UPDATE quotas SET used = used + $2 WHERE id = $1 AND used + $2 <= most RETURNING id"
	};
	static const struct store_query hold = {
		.sql = "INSERT INTO quota_reservations (quota_id, owner_id, n) VALUES ($1, $2, $3)"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &use, STORE_ARGS(store_text(q->id), store_int(n)), &r, tx->fault);

	store_close(take(r));
	if (rc == RC_MISSING) /* it was read in this transaction, and nobody else writes */
		return fault_set(tx->fault, RC_INTERNAL, "the quota %s changed while it was looked at", q->id);
	return rc == RC_OK ? store_put(tx->db, &hold,
				     STORE_ARGS(store_text(q->id), store_text(owner_id), store_int(n)), tx->fault)
			   : rc;
}

enum rc quotas_reserve(struct tx *tx, const struct quotas_ask *a, bool *ret_held)
{
	struct field_list list = { 0 };
	const char *maker = NULL;
	bool held = false;

	enum rc rc = find_maker(tx, a, &maker);
	if (rc == RC_OK)
		rc = find_quotas(tx, a, maker, &list);
	const struct quota_left *q = list.at;
	for (size_t i = 0; rc == RC_OK && i < list.n; i++) {
		int64_t n = wanted(a, q[i].resource);
		if (n > 0 && q[i].used + n > q[i].most)
			return refuse(tx, &q[i], n);
	}
	for (size_t i = 0; rc == RC_OK && i < list.n; i++) {
		int64_t n = wanted(a, q[i].resource);
		if (n > 0)
			rc = take_some(tx, &q[i], a->owner_id, n);
		held |= n > 0;
	}
	if (ret_held)
		*ret_held = held;
	return rc == RC_MISSING ? RC_OK : rc;
}

enum rc quotas_reserve_one(struct tx *tx, const char *resource, const char *tenant_id, const char *owner_id)
{
	const struct quotas_want want = { resource, 1 };

	return quotas_reserve(tx,
		&(struct quotas_ask){
			.tenant_id = tenant_id, .maker = tx->actor, .owner_id = owner_id, .wants = &want, .n = 1 },
		NULL);
}

enum rc quotas_settle(struct tx *tx, const char *owner_id)
{
	static const struct store_query unuse = {
		.sql = "UPDATE quotas SET used = used - (SELECT r.n FROM quota_reservations r WHERE r.quota_id = "
		       "quotas.id AND r.owner_id = $1) WHERE id IN (SELECT r.quota_id FROM quota_reservations r "
		       "WHERE r.owner_id = $1)"
	};
	static const struct store_query drop = { .sql = "DELETE FROM quota_reservations WHERE owner_id = $1" };
	enum rc rc = store_do(tx->db, &unuse, STORE_ARGS(store_text(owner_id)), tx->fault);

	return rc == RC_OK ? store_do(tx->db, &drop, STORE_ARGS(store_text(owner_id)), tx->fault) : rc;
}

enum rc quotas_task_over(struct tx *tx, const char *job_id)
{
	static const struct store_query unuse = {
		.sql = "UPDATE quotas SET used = used - 1 WHERE resource = '" QUOTA_TASKS_OPEN
		       "' AND id IN (SELECT "
		       "r.quota_id FROM quota_reservations r WHERE r.owner_id = $1 AND r.n > 0)"
	};
	static const struct store_query less = {
		.sql = "UPDATE quota_reservations SET n = n - 1 WHERE owner_id = $1 AND n > 0 AND quota_id IN "
		       "(SELECT q.id FROM quotas q WHERE q.resource = '" QUOTA_TASKS_OPEN "')"
	};
	enum rc rc = store_do(tx->db, &unuse, STORE_ARGS(store_text(job_id)), tx->fault);

	return rc == RC_OK ? store_do(tx->db, &less, STORE_ARGS(store_text(job_id)), tx->fault) : rc;
}
