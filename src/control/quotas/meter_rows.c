#include "control/quotas/meter_rows.h"
#include "control/control.h"
#include "control/rows.h"

#include <string.h>

static enum rc load(struct tx *tx, const char *subject, struct meter_row *ret)
{
	static const struct store_query find = {
		.sql = "SELECT tat_ns, day, day_used, month, month_used FROM meters WHERE subject = $1"
	};
	auto_rows struct store_rows *r = NULL;

	*ret = (struct meter_row){ 0 };
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(subject)), &r, tx->fault);
	if (rc == RC_OK) {
		ret->tat_ns = store_col_int(r, 0);
		ret->day = (struct meter_window){ store_col_int(r, 1), store_col_int(r, 2) };
		ret->month = (struct meter_window){ store_col_int(r, 3), store_col_int(r, 4) };
	}
	return rc == RC_MISSING ? RC_OK : rc;
}

/* Those of the others. */
static enum rc load_slots(struct tx *tx, const char *subject, int64_t *ret)
{
	static const struct store_query sum = {
		.sql = "SELECT SUM(n) FROM meter_slots WHERE subject = $1 AND instance_id <> $2"
	};
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_one(
		tx->db, &sum, STORE_ARGS(store_text(subject), store_text(tx->control->instance_id)), &r, tx->fault);
	if (rc == RC_OK)
		*ret = store_col_int(r, 0);
	return rc;
}

static enum rc save(struct tx *tx, const char *subject, const struct meter_row *row)
{
	static const struct store_query put = {
		.sql = "INSERT INTO meters (subject, tat_ns, day, day_used, month, month_used, updated_at) VALUES "
		       "($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (subject) DO UPDATE SET tat_ns = $2, day = $3, "
		       "day_used = $4, month = $5, month_used = $6, updated_at = $7"
	};
	return store_do(tx->db, &put,
		STORE_ARGS(store_text(subject), store_int(row->tat_ns), store_int(row->day.period),
			store_int(row->day.used), store_int(row->month.period), store_int(row->month.used),
			store_int(tx->now_ms)),
		tx->fault);
}

/* This control plane has so many now: what an earlier write left in doubt is put right with it. */
static enum rc save_slots(struct tx *tx, const char *subject, uint32_t n)
{
	static const struct store_query put = { .sql = "INSERT INTO meter_slots (subject, instance_id, n) VALUES "
						       "($1, $2, $3) ON CONFLICT (subject, "
						       "instance_id) DO UPDATE SET n = $3" };
	static const struct store_query drop = {
		.sql = "DELETE FROM meter_slots WHERE subject = $1 AND instance_id = $2"
	};
	struct store_value who = store_text(tx->control->instance_id);

	if (n == 0)
		return store_do(tx->db, &drop, STORE_ARGS(store_text(subject), who), tx->fault);
	return store_do(tx->db, &put, STORE_ARGS(store_text(subject), who, store_int(n)), tx->fault);
}

enum rc meter_rows_lease(struct tx *tx, const struct meter_rows_ask *ask, struct meter_grant *ret)
{
	const struct meter_limits *l = ask->limits;
	struct meter_row row;
	struct meter_grant g = { 0 };

	enum rc rc = load(tx, ask->subject, &row);
	if (rc == RC_OK && l->concurrent)
		rc = load_slots(tx, ask->subject, &row.slots);
	if (rc != RC_OK)
		return rc;
	row.slots += ask->share->slots;
	meter_return(&row, ask->rest);
	meter_lease(&row, l, ask->share, ask->waiting, tx->now_ms * 1000000, &g);
	if (l->rate || l->daily || l->monthly)
		rc = save(tx, ask->subject, &row);
	if (rc == RC_OK && l->concurrent)
		rc = save_slots(tx, ask->subject, ask->share->slots + g.slots_n);
	*ret = g;
	return rc;
}

enum rc meter_rows_return(struct tx *tx, const char *subject, const struct meter_rest *rest, uint32_t slots)
{
	struct meter_row row;

	enum rc rc = load(tx, subject, &row);
	if (rc != RC_OK)
		return rc;
	meter_return(&row, rest);
	if (rest->day.used || rest->month.used)
		rc = save(tx, subject, &row);
	if (rc == RC_OK && rest->slots)
		rc = save_slots(tx, subject, slots);
	return rc;
}

enum rc meter_rows_purge(struct tx *tx)
{
	static const struct store_query drop = {
		.sql = "DELETE FROM meter_slots WHERE instance_id NOT IN (SELECT id FROM instances)"
	};
	return store_do(tx->db, &drop, STORE_NO_ARGS, tx->fault);
}

enum rc meter_rows_count(struct tx *tx, const struct meter_rows_use *u)
{
	static const struct store_query key = { .sql = "UPDATE api_keys SET request_count = request_count + $2, "
						       "last_used_at = $3, last_used_from = $4 "
						       "WHERE id = $1 RETURNING id" };
	static const struct store_query hour = {
		.sql = "INSERT INTO api_key_usage (key_id, hour, requests, refused) VALUES ($1, $2, $3, $4) ON "
		       "CONFLICT (key_id, hour) DO UPDATE SET requests = api_key_usage.requests + $3, refused = "
		       "api_key_usage.refused + $4"
	};
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_one(tx->db, &key,
		STORE_ARGS(store_text(u->key_id), store_int(u->requests - u->refused), store_int(u->last_ms),
			store_text(u->address)),
		&r, tx->fault);
	if (rc == RC_OK)
		rc = store_do(tx->db, &hour,
			STORE_ARGS(store_text(u->key_id), store_int(u->hour), store_int(u->requests),
				store_int(u->refused)),
			tx->fault);
	return rc == RC_MISSING ? RC_OK : rc; /* deleted meanwhile */
}
