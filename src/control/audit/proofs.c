#include "control/audit/proofs.h"
#include "wire/tunnel_auth.h"

#include <inttypes.h>

static enum rc add_hex(struct merkle *m, const char *hex)
{
	uint8_t h[MERKLE_HASH];
	if (!hex || !tunnel_auth_of_hex(hex, h, MERKLE_HASH))
		return RC_CONFLICT;
	merkle_add(m, h, NULL);
	return RC_OK;
}

/* Adds the rows of a query, each a hash. */
static enum rc add_rows(struct store_conn *db, const struct store_query *q, struct store_args args,
	struct merkle *m, struct fault *f)
{
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	enum rc rc = store_run(db, q, args, &r, f);

	while (rc == RC_OK && (rc = store_next(r, &row, f)) == RC_OK && row)
		rc = add_hex(m, store_col_text(r, 0));
	return rc;
}

/* Leaves [from, from + n), of one block. */
static enum rc add_leaves(struct store_conn *db, uint64_t from, uint64_t n, struct merkle *m, struct fault *f)
{
	static const struct store_query there = {
		.sql = "SELECT leaf FROM audit WHERE seq > $1 AND seq <= $2 ORDER BY seq"
	};
	static const struct store_query pruned = { .sql = "SELECT leaves FROM audit_pruned WHERE block = $1" };
	auto_rows struct store_rows *r = NULL;
	char hex[2 * MERKLE_HASH + 1] = { 0 };
	enum rc rc = store_one(db, &pruned, STORE_ARGS(store_int((int64_t)(from / TRAIL_BLOCK))), &r, f);

	if (rc == RC_MISSING)
		return add_rows(
			db, &there, STORE_ARGS(store_int((int64_t)from), store_int((int64_t)(from + n))), m, f);
	const char *all = rc == RC_OK ? store_col_text(r, 0) : "";
	if (rc == RC_OK && (!all || strlen(all) != (size_t)TRAIL_BLOCK * 2 * MERKLE_HASH))
		rc = RC_CONFLICT;
	for (uint64_t i = from % TRAIL_BLOCK; rc == RC_OK && i < from % TRAIL_BLOCK + n; i++) {
		memcpy(hex, all + i * 2 * MERKLE_HASH, (size_t)2 * MERKLE_HASH);
		rc = add_hex(m, hex);
	}
	return rc;
}

static enum rc full(void *ctx, unsigned level, uint64_t i, uint8_t *ret, struct fault *f)
{
	static const struct store_query kept = {
		.sql = "SELECT hash FROM audit_nodes WHERE level = $1 AND i >= $2 AND i < $3 ORDER BY i"
	};
	unsigned above = level % TRAIL_BLOCK_BITS, base = level - above;
	uint64_t n = (uint64_t)1 << above, from = i << above;
	struct merkle m = { 0 };

	enum rc rc = base == 0 ? add_leaves(ctx, from, n, &m, f)
			       : add_rows(ctx, &kept,
					 STORE_ARGS(store_int(base), store_int((int64_t)from),
						 store_int((int64_t)(from + n))),
					 &m, f);
	if (rc == RC_OK && m.n == n)
		merkle_root(&m, ret);
	return rc == RC_CONFLICT || (rc == RC_OK && m.n != n)
		       ? fault_set(f, RC_CONFLICT, "the audit trail is damaged: run footplate audit verify")
		       : rc;
}

struct merkle_source proofs_source(struct store_conn *db)
{
	return (struct merkle_source){ .full = full, .ctx = db };
}
