#include "control/keyring/keyring_rows.h"
#include "control/control.h"
#include "control/keyring/keyring.h"
#include "control/tx.h"

#include <stdio.h>
#include <string.h>

void keyring_rows_bound(int64_t number, char ret[static KEYRING_ROWS_BOUND_MAX])
{
	snprintf(ret, KEYRING_ROWS_BOUND_MAX, "footplate vault key %lld", (long long)number);
}

static bool take_row(struct arena *a, struct store_rows *r, struct keyring_row *to)
{
	const char **texts[] = { &to->state, &to->kek, &to->wrapped, &to->root, &to->problem, &to->created_by };
	bool ok = true;

	to->number = store_col_int(r, 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		*texts[i] = arena_str(a, store_col_text(r, 1 + i));
		ok = ok && *texts[i];
	}
	to->created_at = store_col_int(r, 7);
	to->current_at = store_col_int(r, 8);
	to->retired_at = store_col_int(r, 9);
	return ok;
}

enum rc keyring_rows_live(
	struct store_conn *db, struct arena *a, struct keyring_row **ret, size_t *ret_n, struct fault *f)
{
	static const struct store_query all = {
		.sql = "SELECT number, state, kek, wrapped, root, problem, created_by, created_at, current_at, "
		       "retired_at FROM vault_keys WHERE state <> 'retired' ORDER BY number"
	};
	struct keyring_row *rows = arena_take(a, (KEYRING_MAX + 1) * sizeof(*rows));
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	size_t n = 0;

	enum rc rc = rows ? store_run(db, &all, STORE_NO_ARGS, &r, f) : RC_NOMEM;
	while (rc == RC_OK && (rc = store_next(r, &row, f)) == RC_OK && row) {
		if (n > KEYRING_MAX)
			return fault_set(
				f, RC_LIMIT, "the vault has more than %d keys that are not retired", KEYRING_MAX);
		if (!take_row(a, r, &rows[n++]))
			return RC_NOMEM;
	}
	if (rc == RC_OK) {
		*ret = rows;
		*ret_n = n;
	}
	return rc;
}

enum rc keyring_rows_first(struct store_conn *db, const struct keyring_row *row, bool *ret_made, struct fault *f)
{
	static const struct store_query add = {
		.sql = "INSERT INTO vault_keys (number, state, kek, wrapped, root, created_by, created_at, "
		       "current_at) VALUES ($1, 'current', $2, $3, $4, 'system', $5, $5) ON CONFLICT DO NOTHING "
		       "RETURNING number"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(db, &add,
		STORE_ARGS(store_int(row->number), store_text(row->kek), store_text(row->wrapped),
			store_text(row->root), store_int(row->created_at)),
		&r, f);

	*ret_made = rc == RC_OK;
	return rc == RC_MISSING ? RC_OK : rc;
}

enum rc keyring_rows_known(struct tx *tx, const uint32_t *numbers, size_t n)
{
	static const struct store_query add = {
		.sql = "INSERT INTO vault_keys_known (instance_id, number) VALUES ($1, $2) ON CONFLICT DO NOTHING"
	};
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = store_do(tx->db, &add, STORE_ARGS(store_text(tx->control->instance_id), store_int(numbers[i])),
			tx->fault);
	return rc;
}

const char *keyring_rows_kek(struct arena *a, const char *wrapped)
{
	const char *colon = strchr(wrapped, ':'), *second = colon ? strchr(colon + 1, ':') : NULL;
	return second ? arena_fmt(a, "%.*s", (int)(second - wrapped), wrapped) : arena_str(a, "");
}
