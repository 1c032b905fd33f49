#include "control/downloads/download_bytes.h"
#include "base/metric.h"
#include "control/control.h"
#include "control/quotas/quotas.h"
#include "control/quotas/quotas_sql.h"
#include "control/rows.h"

#define LIMITS_MAX 64

struct limit {
	const char *id;
	int64_t most;
	bool monthly;
	const char *who;
};
static const struct field limit_row[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct limit, id) },
	{ .name = "most", .type = FIELD_I64, FIELD_AT(struct limit, most) },
	{ .name = "monthly", .type = FIELD_BOOL, FIELD_AT(struct limit, monthly) },
	{ .name = "who", .type = FIELD_STR, FIELD_AT(struct limit, who) },
	{ 0 },
};

/* All limits that count for it, the key's own too. */
static enum rc find_limits(struct tx *tx, const struct download_row *d, struct field_list *ret)
{
	static const struct store_query find = {
		.sql = "SELECT q.id, q.most, CASE WHEN q.resource = '" QUOTA_BYTES_MONTH
		       "' THEN 1 ELSE 0 END AS monthly, q.subject_kind || ':' || q.subject_id FROM quotas q WHERE "
		       "q.tenant_id = $1 AND q.resource IN ('" QUOTA_BYTES_DAY "', '" QUOTA_BYTES_MONTH
		       "') AND " QUOTAS_FITS(
			       "CAST($2 AS TEXT)") " UNION ALL SELECT k.id || '/day', "
						   "k.quota_daily_bytes, 0, 'key:' || k.id FROM api_keys k WHERE "
						   "'key:' || k.id = CAST($2 AS TEXT) "
						   "AND k.quota_daily_bytes > 0 UNION ALL SELECT k.id || '/month', "
						   "k.quota_monthly_bytes, 1, "
						   "'key:' || k.id FROM api_keys k WHERE 'key:' || k.id = CAST($2 "
						   "AS TEXT) AND "
						   "k.quota_monthly_bytes > 0 LIMIT $3"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_run(tx->db, &find,
		STORE_ARGS(store_text(d->tenant_id), store_text(d->created_by), store_int(LIMITS_MAX)), &r,
		tx->fault);

	return rc == RC_OK ? rows_list(r, &(struct rows_into){ limit_row, tx->arena, NULL }, sizeof(struct limit),
				     LIMITS_MAX, ret, tx->fault)
			   : rc;
}

static enum download_window window_of(const struct limit *l) { return l->monthly ? DOWNLOAD_MONTH : DOWNLOAD_DAY; }

static enum rc used_of(struct tx *tx, const struct limit *l, int64_t *ret)
{
	static const struct store_query find = {
		.sql = "SELECT used FROM download_windows WHERE limit_id = $1 AND period = $2"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find,
		STORE_ARGS(store_text(l->id), store_int(download_period(window_of(l), tx->now_ms))), &r, tx->fault);

	*ret = rc == RC_OK ? store_col_int(r, 0) : 0;
	return rc == RC_MISSING ? RC_OK : rc;
}

/* The limit is looked at and used by one statement: what does not fit changes nothing. */
static enum rc take_some(struct tx *tx, const struct limit *l, const char *download_id, int64_t bytes)
{
	static const struct store_query use = {
		.sql = "INSERT INTO download_windows (limit_id, kind, period, used) SELECT CAST($1 AS TEXT), "
		       "CAST($2 AS "
		       "TEXT), CAST($3 AS BIGINT), CAST($4 AS BIGINT) WHERE CAST($4 AS BIGINT) <= CAST($5 AS "
		       "BIGINT) ON "
		       "CONFLICT (limit_id) DO UPDATE SET used = excluded.used + CASE WHEN download_windows.period "
		       "= "
		       "excluded.period THEN download_windows.used ELSE 0 END, period = excluded.period WHERE "
		       "excluded.used + CASE WHEN download_windows.period = excluded.period THEN "
		       "download_windows.used ELSE 0 END <= CAST($5 AS BIGINT) RETURNING used"
	};
	static const struct store_query hold = {
		.sql = "INSERT INTO download_holds (download_id, limit_id, period, bytes) VALUES ($1, $2, $3, $4) "
		       "ON "
		       "CONFLICT (download_id, limit_id) DO UPDATE SET bytes = CASE WHEN download_holds.period = "
		       "excluded.period THEN download_holds.bytes ELSE 0 END + excluded.bytes, period = "
		       "excluded.period"
	};
	const struct store_value period = store_int(download_period(window_of(l), tx->now_ms));
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &use,
		STORE_ARGS(store_text(l->id), store_text(l->monthly ? "month" : "day"), period, store_int(bytes),
			store_int(l->most)),
		&r, tx->fault);

	store_close(take(r));
	if (rc == RC_MISSING) /* it was looked at in this transaction, and nobody else writes */
		return fault_set(tx->fault, RC_INTERNAL, "the limit %s changed while it was looked at", l->id);
	return rc == RC_OK
		       ? store_do(tx->db, &hold,
				 STORE_ARGS(store_text(download_id), store_text(l->id), period, store_int(bytes)),
				 tx->fault)
		       : rc;
}

enum rc download_bytes_reserve(struct tx *tx, struct download_row *d, int64_t bytes, struct download_room *ret)
{
	struct field_list all = { 0 };
	enum rc rc = find_limits(tx, d, &all);
	const struct limit *l = all.at;

	*ret = (struct download_room){ .fits = true, .limited = all.n > 0, .left = INT64_MAX };
	for (size_t i = 0; rc == RC_OK && i < all.n; i++) {
		int64_t used = 0, reset = download_period_end(window_of(&l[i]), tx->now_ms);
		rc = used_of(tx, &l[i], &used);
		ret->left = l[i].most - used < ret->left ? l[i].most - used : ret->left;
		if (used + bytes <= l[i].most && used < l[i].most)
			continue;
		ret->fits = false;
		ret->never |= bytes > l[i].most;
		if (reset >= ret->reset)
			ret->who = l[i].who;
		ret->reset = reset > ret->reset ? reset : ret->reset;
	}
	for (size_t i = 0; rc == RC_OK && ret->fits && bytes > 0 && i < all.n; i++)
		rc = take_some(tx, &l[i], d->id, bytes);
	if (rc == RC_OK && ret->fits && ret->limited)
		d->reserved_bytes += bytes;
	return rc;
}

enum rc download_bytes_settle(struct tx *tx, struct download_row *d)
{
	static const struct store_query give = {
		.sql = "UPDATE download_windows SET used = used + $2 - (SELECT h.bytes FROM download_holds h WHERE "
		       "h.download_id = $1 AND h.limit_id = download_windows.limit_id) WHERE EXISTS (SELECT 1 FROM "
		       "download_holds h WHERE h.download_id = $1 AND h.limit_id = download_windows.limit_id AND "
		       "h.period = download_windows.period)"
	};
	static const struct store_query drop = { .sql = "DELETE FROM download_holds WHERE download_id = $1" };
	static const struct store_query count = {
		.sql = "UPDATE api_keys SET bytes_total = bytes_total + $2 WHERE "
		       "'key:' || id = CAST($1 AS TEXT) AND id = substr(CAST($1 AS TEXT), 5)"
	};
	int64_t more = d->network_bytes - d->settled_bytes;
	enum rc rc = RC_OK;

	if (d->reserved_bytes)
		rc = store_do(tx->db, &give, STORE_ARGS(store_text(d->id), store_int(more)), tx->fault);
	if (rc == RC_OK && d->reserved_bytes)
		rc = store_do(tx->db, &drop, STORE_ARGS(store_text(d->id)), tx->fault);
	if (rc == RC_OK && more > 0)
		rc = store_put(tx->db, &count, STORE_ARGS(store_text(d->created_by), store_int(more)), tx->fault);
	d->reserved_bytes = 0;
	d->settled_bytes = d->network_bytes;
	return rc;
}

enum rc download_bytes_sweep(struct tx *tx)
{
	static const struct store_query drop = { .sql = "DELETE FROM download_windows WHERE (kind = 'day' AND "
							"period < $1) OR (kind = 'month' AND period < $2)" };
	return store_do(tx->db, &drop,
		STORE_ARGS(store_int(download_period(DOWNLOAD_DAY, tx->now_ms)),
			store_int(download_period(DOWNLOAD_MONTH, tx->now_ms))),
		tx->fault);
}

enum rc download_bytes_share(struct tx *tx, const struct download_row *d, struct action_download_share *ret)
{
	static const struct store_query find = { .sql = "SELECT COALESCE(MIN(CASE WHEN q.subject_kind = 'tenant' "
							"THEN q.most END), 0), COALESCE(MIN(CASE "
							"WHEN q.subject_kind <> 'tenant' THEN q.most END), 0) FROM "
							"quotas q WHERE q.tenant_id = $1 AND "
							"q.resource = '" QUOTA_BANDWIDTH
							"' AND " QUOTAS_FITS("CAST($2 AS TEXT)") };
	static const struct store_query weight = { .sql = "SELECT weight FROM tenants WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(
		tx->db, &find, STORE_ARGS(store_text(d->tenant_id), store_text(d->created_by)), &r, tx->fault);

	*ret = (struct action_download_share){ .tenant_id = d->tenant_id, .key_id = d->created_by, .weight = 1 };
	if (rc != RC_OK)
		return rc;
	ret->tenant_bps = (uint64_t)store_col_int(r, 0);
	ret->key_bps = (uint64_t)store_col_int(r, 1);
	ret->job_bps = (uint64_t)d->bandwidth_bps;
	store_close(take(r));
	rc = store_one(tx->db, &weight, STORE_ARGS(store_text(d->tenant_id)), &r, tx->fault);
	if (rc == RC_OK)
		ret->weight = (uint32_t)store_col_int(r, 0);
	return rc == RC_MISSING ? RC_OK : rc;
}
