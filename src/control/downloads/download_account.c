#include "control/downloads/download_account.h"
#include "control/engine/submit.h"

#define CANDIDATES_MAX 200

/* One account that the request may use, from the row of `candidates`. */
static bool fits(struct tx *tx, const struct download_request *in, struct store_rows *r)
{
	return submit_has_labels(tx->arena, store_col_text(r, 1), &in->account_labels);
}

enum rc download_account_choose(struct tx *tx, const struct download_row *d, const struct download_request *in,
	enum download_choice *ret, const char **ret_id)
{
	static const struct store_query candidates = {
		.sql = "SELECT a.id, a.labels, a.state FROM accounts a LEFT JOIN download_accounts u ON "
		       "u.account_id = "
		       "a.id WHERE a.tenant_id = $1 AND a.enabled = 1 AND a.anonymous = 0 AND NOT EXISTS (SELECT 1 "
		       "FROM "
		       "download_denials n WHERE n.account_id = a.id AND n.app_id = $2 AND n.until_at > $3) ORDER "
		       "BY "
		       "CASE a.state WHEN 'online' THEN 0 ELSE 1 END, COALESCE(u.used_at, 0), a.id LIMIT $4"
	};
	auto_rows struct store_rows *r = NULL;
	bool row = false;

	*ret_id = in->account.mode == DOWNLOAD_BY_ID ? in->account.id : NULL;
	*ret = DOWNLOAD_CHOICE_MADE;
	if (in->account.mode != DOWNLOAD_BY_AUTO || !d->licensed)
		return RC_OK;
	*ret = DOWNLOAD_CHOICE_NONE;
	enum rc rc = store_run(tx->db, &candidates,
		STORE_ARGS(store_text(d->tenant_id), store_int(in->source.app_id), store_int(tx->now_ms),
			store_int(CANDIDATES_MAX)),
		&r, tx->fault);
	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		if (!fits(tx, in, r))
			continue;
		*ret = DOWNLOAD_CHOICE_LATER;
		if (strcmp(store_col_text(r, 2), "online") != 0)
			return RC_OK; /* those with a session stand before */
		*ret = DOWNLOAD_CHOICE_MADE;
		*ret_id = arena_str(tx->arena, store_col_text(r, 0));
		return *ret_id ? RC_OK : RC_NOMEM;
	}
	return rc;
}

enum rc download_account_used(struct tx *tx, const char *account_id)
{
	static const struct store_query set = { .sql = "INSERT INTO download_accounts (account_id, used_at) VALUES "
						       "($1, $2) ON CONFLICT (account_id) DO "
						       "UPDATE SET used_at = excluded.used_at" };
	return store_do(tx->db, &set, STORE_ARGS(store_text(account_id), store_int(tx->now_ms)), tx->fault);
}

/* The third denial counts for a day; it is one more try before the first of the next. */
enum rc download_account_denied(struct tx *tx, const char *account_id, uint32_t app_id)
{
	static const struct store_query set = {
		.sql = "INSERT INTO download_denials (account_id, app_id, n, until_at) VALUES ($1, $2, 1, 0) ON "
		       "CONFLICT "
		       "(account_id, app_id) DO UPDATE SET n = download_denials.n + 1, until_at = CASE WHEN "
		       "download_denials.n + 1 >= $3 THEN $4 ELSE 0 END"
	};
	return store_do(tx->db, &set,
		STORE_ARGS(store_text(account_id), store_int(app_id), store_int(DOWNLOAD_ACCOUNT_DENIALS),
			store_int(tx->now_ms + DOWNLOAD_ACCOUNT_DENIED_MS)),
		tx->fault);
}

enum rc download_account_licensed(struct tx *tx, const char *account_id, uint32_t app_id)
{
	static const struct store_query drop = {
		.sql = "DELETE FROM download_denials WHERE account_id = $1 AND app_id = $2"
	};
	return store_do(tx->db, &drop, STORE_ARGS(store_text(account_id), store_int(app_id)), tx->fault);
}
