#include "control/audit/prune.h"
#include "base/buf.h"
#include "control/access/audit.h"
#include "control/audit/trail.h"
#include "control/control.h"

#include <inttypes.h>

#define DAY_MS 86400000

/* How many records are pruned, how many a checkpoint covers, and the first that is young; from the first that is there. */
static enum rc find_ends(struct tx *tx, int64_t before_ms, int64_t *ret_pruned, int64_t *ret_to)
{
	static const struct store_query ends = { .sql = "SELECT (SELECT COALESCE(MAX(block) + 1, 0) FROM "
							"audit_pruned), (SELECT COALESCE(MAX(size), 0) FROM "
							"audit_checkpoints)" };
	static const struct store_query young = {
		.sql = "SELECT seq FROM audit WHERE seq > $1 AND seq <= $1 + $2 AND ts >= $3 ORDER BY seq LIMIT 1"
	};
	const int64_t most = (int64_t)PRUNE_BLOCKS_MAX * TRAIL_BLOCK;
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &ends, STORE_NO_ARGS, &r, tx->fault);

	if (rc != RC_OK)
		return rc;
	*ret_pruned = store_col_int(r, 0) * TRAIL_BLOCK;
	int64_t signed_to = store_col_int(r, 1);
	*ret_to = signed_to < *ret_pruned + most ? signed_to : *ret_pruned + most;
	store_close(take(r));
	rc = store_one(tx->db, &young, STORE_ARGS(store_int(*ret_pruned), store_int(most), store_int(before_ms)),
		&r, tx->fault);
	if (rc == RC_OK && store_col_int(r, 0) - 1 < *ret_to)
		*ret_to = store_col_int(r, 0) - 1;
	*ret_to -= *ret_to % TRAIL_BLOCK;
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc keep_leaves(struct tx *tx, int64_t block)
{
	static const struct store_query find = {
		.sql = "SELECT leaf FROM audit WHERE seq > $1 AND seq <= $2 ORDER BY seq"
	};
	static const struct store_query add = { .sql = "INSERT INTO audit_pruned (block, leaves) VALUES ($1, $2)" };
	auto_rows struct store_rows *r = NULL;
	struct buf leaves = { 0 };
	bool row = false;

	enum rc rc = store_run(tx->db, &find,
		STORE_ARGS(store_int(block * TRAIL_BLOCK), store_int((block + 1) * TRAIL_BLOCK)), &r, tx->fault);
	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row)
		buf_str(&leaves, store_col_text(r, 0));
	store_close(take(r));
	if (rc == RC_OK && leaves.n != (size_t)TRAIL_BLOCK * 2 * MERKLE_HASH)
		rc = fault_set(tx->fault, RC_CONFLICT,
			"audit records of %" PRId64 " to %" PRId64 " are missing: run footplate audit verify",
			block * TRAIL_BLOCK + 1, (block + 1) * TRAIL_BLOCK);
	if (rc == RC_OK)
		rc = store_do(tx->db, &add, STORE_ARGS(store_int(block), store_text(buf_text(&leaves))), tx->fault);
	buf_done(&leaves);
	return rc;
}

enum rc prune_records(struct tx *tx, bool *ret_more)
{
	static const struct store_query forget = { .sql = "DELETE FROM audit WHERE seq <= $1" };
	const struct audit_conf *conf = tx->control->conf->audit;
	int64_t from = 0, to = 0;

	*ret_more = false;
	if (!conf || !conf->keep_ms || conf->legal_hold)
		return RC_OK;
	enum rc rc = find_ends(tx, tx->now_ms - conf->keep_ms, &from, &to);
	if (rc != RC_OK || to <= from)
		return rc;
	for (int64_t b = from / TRAIL_BLOCK; rc == RC_OK && b < to / TRAIL_BLOCK; b++)
		rc = keep_leaves(tx, b);
	if (rc == RC_OK)
		rc = store_do(tx->db, &forget, STORE_ARGS(store_int(to)), tx->fault);
	const char *what = arena_fmt(tx->arena, "records 1-%" PRId64, to),
		   *words = arena_fmt(tx->arena,
			   "records %" PRId64 " to %" PRId64 " were older than %" PRId64
			   " days; their hashes are kept",
			   from + 1, to, conf->keep_ms / DAY_MS);
	*ret_more = to - from == (int64_t)PRUNE_BLOCKS_MAX * TRAIL_BLOCK;
	if (rc == RC_OK)
		rc = what && words ? audit_note(tx, "audit.prune", what, words) : RC_NOMEM;
	return rc;
}
