#include "control/downloads/download_queue.h"
#include "base/metric.h"
#include "control/control.h"
#include "control/downloads/download_admit.h"
#include "control/downloads/download_bytes.h"
#include "control/downloads/download_slots.h"
#include "control/downloads/download_stop.h"
#include "control/downloads/download_store.h"
#include "control/downloads/downloads.h"
#include "control/quotas/quotas.h"
#include "control/rows.h"

#define FLOWS_MAX 1000
#define AT_ONCE   500

/* ---- the next ---- */

struct look {
	struct tx *tx;
	struct download_flow flows[FLOWS_MAX];
	size_t n;
	int64_t served;
	int64_t running, slots;
};

/* Who waits, each with their first. */
static enum rc read_flows(struct look *l)
{
	static const struct store_query find = {
		.sql = "SELECT f.tenant_id, f.created_by, f.rank, COALESCE(p.pass, 0), COALESCE(n.weight, 1) FROM "
		       "(SELECT "
		       "d.tenant_id, d.created_by, MIN(d.rank) AS rank FROM downloads d WHERE d.state = 'queued' "
		       "AND "
		       "d.not_before <= $1 GROUP BY d.tenant_id, d.created_by) f LEFT JOIN download_tenants p ON "
		       "p.tenant_id = f.tenant_id LEFT JOIN tenants n ON n.id = f.tenant_id ORDER BY f.tenant_id, "
		       "f.created_by LIMIT $2"
	};
	static const struct store_query served = {
		.sql = "SELECT pass FROM download_tenants WHERE tenant_id = ''"
	};
	auto_rows struct store_rows *r = NULL;
	struct tx *tx = l->tx;
	bool row = false;
	enum rc rc =
		store_run(tx->db, &find, STORE_ARGS(store_int(tx->now_ms), store_int(FLOWS_MAX)), &r, tx->fault);

	while (rc == RC_OK && l->n < FLOWS_MAX && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		struct download_flow *f = &l->flows[l->n++];
		*f = (struct download_flow){ arena_str(tx->arena, store_col_text(r, 0)),
			arena_str(tx->arena, store_col_text(r, 1)), store_col_int(r, 3), store_col_int(r, 4),
			store_col_int(r, 2), false };
		rc = f->tenant_id && f->maker ? RC_OK : RC_NOMEM;
	}
	store_close(take(r));
	if (rc != RC_OK || !l->n)
		return rc;
	rc = store_one(tx->db, &served, STORE_NO_ARGS, &r, tx->fault);
	l->served = rc == RC_OK ? store_col_int(r, 0) : 0;
	return rc == RC_MISSING ? RC_OK : rc;
}

/* The first of a flow. RC_MISSING: none is left. */
static enum rc read_first(struct tx *tx, const struct download_flow *f, struct download_row *ret)
{
	static const struct store_query first = { .sql = "SELECT " DOWNLOAD_ROW_COLUMNS
							 " FROM downloads WHERE state = 'queued' AND tenant_id = "
							 "$1 AND created_by = $2 AND not_before <= "
							 "$3 ORDER BY rank, id LIMIT 1" };
	return rows_one(tx->db, &first,
		STORE_ARGS(store_text(f->tenant_id), store_text(f->maker), store_int(tx->now_ms)),
		(struct rows_into){ download_row_fields, tx->arena, ret }, tx->fault);
}

static enum rc keep_pass(struct tx *tx, const char *tenant_id, int64_t pass)
{
	static const struct store_query set = { .sql = "INSERT INTO download_tenants (tenant_id, pass) VALUES ($1, "
						       "$2) ON CONFLICT (tenant_id) DO UPDATE "
						       "SET pass = excluded.pass" };
	return store_do(tx->db, &set, STORE_ARGS(store_text(tenant_id), store_int(pass)), tx->fault);
}

/* The tenant had a turn: all of its flows stand behind. */
static enum rc took_turn(struct look *l, const struct download_flow *f)
{
	int64_t start = f->pass > l->served ? f->pass : l->served;
	int64_t pass = download_pass(f->pass, f->weight, l->served);
	const char *tenant_id = f->tenant_id;

	for (size_t i = 0; i < l->n; i++) {
		struct download_flow *at = &l->flows[i];
		if (at == f || (at->tenant_id && tenant_id && !strcmp(at->tenant_id, tenant_id)))
			at->pass = pass;
	}
	l->served = start;
	enum rc rc = keep_pass(l->tx, tenant_id, pass);
	return rc == RC_OK ? keep_pass(l->tx, "", start) : rc;
}

static enum rc step(struct look *l, struct download_flow *f)
{
	struct download_row d = { 0 };
	enum download_admitted how = DOWNLOAD_ADMIT_BLOCKED;
	bool full = l->running >= l->slots;
	enum rc rc = read_first(l->tx, f, &d);

	if (rc == RC_MISSING) {
		f->blocked = true;
		return RC_OK;
	}
	if (rc == RC_OK)
		rc = download_admit_try(l->tx, &d, full, &how);
	if (rc != RC_OK)
		return rc;
	f->blocked = how == DOWNLOAD_ADMIT_BLOCKED;
	if (how != DOWNLOAD_ADMIT_BEGUN)
		return RC_OK;
	l->running++;
	return took_turn(l, f);
}

/* Its first is another now: where does it stand? */
static enum rc look_again(struct look *l, struct download_flow *f)
{
	struct download_row d = { 0 };
	enum rc rc = f->blocked ? RC_OK : read_first(l->tx, f, &d);

	if (rc == RC_MISSING)
		f->blocked = true;
	else
		f->rank = f->blocked ? f->rank : d.rank;
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc pump(struct look *l)
{
	enum rc rc = read_flows(l);

	if (rc == RC_OK && l->n)
		rc = download_slots_count(l->tx, &l->running, &l->slots);
	for (int i = 0; rc == RC_OK && i < DOWNLOAD_QUEUE_STEPS; i++) {
		int at = download_next(l->flows, l->n, l->served);
		if (at < 0)
			break;
		rc = step(l, &l->flows[at]);
		if (rc == RC_OK)
			rc = look_again(l, &l->flows[at]);
	}
	metric_set(l->tx->control->metrics, METRIC_DOWNLOAD_ACTIVE, NULL, l->running);
	return rc;
}

/* What is admitted here is nobody's deed. */
enum rc download_queue_pump(struct tx *tx)
{
	struct look *l = arena_take(tx->arena, sizeof(*l));
	const char *actor = tx->actor, *tenant_id = tx->tenant_id;

	if (!l)
		return RC_NOMEM;
	*l = (struct look){ .tx = tx };
	tx->actor = "system";
	tx->tenant_id = NULL;
	enum rc rc = pump(l);
	tx->actor = actor;
	tx->tenant_id = tenant_id;
	return rc;
}

/* ---- what time brings ---- */

typedef enum rc each_fn(struct tx *tx, struct download_row *d);

static enum rc each(struct tx *tx, const struct store_query *q, int64_t at, each_fn *fn)
{
	struct field_list ids = { 0 };
	enum rc rc = download_row_ids(tx, q, STORE_ARGS(store_int(at)), AT_ONCE, &ids);

	for (size_t i = 0; rc == RC_OK && i < ids.n; i++) {
		struct download_row d = { 0 };
		rc = download_row_load(tx, ((const char **)ids.at)[i], &d);
		if (rc == RC_OK)
			rc = fn(tx, &d);
	}
	return rc;
}

static enum rc expire(struct tx *tx, struct download_row *d)
{
	return download_row_move(tx, d, DOWNLOAD_EXPIRED, NULL);
}

static enum rc run_out(struct tx *tx, struct download_row *d)
{
	return download_stop(tx, d, DOWNLOAD_WANTS_RUNTIME);
}

static enum rc let_go(struct tx *tx, struct download_row *d)
{
	enum rc rc = download_bytes_settle(tx, d);
	download_store_release(tx, d);
	return rc == RC_OK ? download_row_keep(tx, d) : rc;
}

enum rc downloads_scan(struct tx *tx)
{
	static const struct store_query old = { .sql = "SELECT id FROM downloads WHERE state = 'ready' AND "
						       "expires_at <= $1 ORDER BY expires_at LIMIT 500" };
	static const struct store_query late = { .sql = "SELECT id FROM downloads WHERE finished_at = 0 AND "
							"deadline_at > 0 AND deadline_at <= $1 AND wants "
							"IS NULL LIMIT 500" };
	static const struct store_query rests = {
		.sql = "SELECT id FROM downloads WHERE finished_at = 0 AND state "
		       "= 'paused' AND (reserved_bytes > 0 OR "
		       "(store_bytes > 0 AND store_freed_at = 0)) AND state_at <= $1 LIMIT 500"
	};
	enum rc rc = each(tx, &old, tx->now_ms, expire);

	if (rc == RC_OK)
		rc = each(tx, &late, tx->now_ms, run_out);
	if (rc == RC_OK)
		rc = each(tx, &rests, tx->now_ms - DOWNLOAD_PAUSE_KEEP_MS, let_go);
	if (rc == RC_OK)
		rc = download_bytes_sweep(tx);
	return rc == RC_OK ? download_queue_pump(tx) : rc;
}
