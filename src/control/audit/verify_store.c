#include "control/audit/verify_store.h"
#include "control/audit/checkpoints.h"
#include "control/audit/record_row.h"
#include "control/audit/verify_text.h"

#include <inttypes.h>

/* A number, and nothing that only looks like one. */
static bool take_int(struct store_rows *r, size_t i, int64_t *ret)
{
	struct store_value v = r->impl->column(r, i);
	*ret = v.i;
	return v.type == STORE_INT;
}

static bool take_text(struct store_rows *r, size_t i, const char **ret)
{
	struct store_value v = r->impl->column(r, i);
	*ret = v.type == STORE_TEXT ? v.p : NULL;
	return v.type == STORE_NULL || (v.type == STORE_TEXT && strlen(v.p) == v.n);
}

static enum rc nodes(struct verify *v, struct store_conn *db, struct fault *f)
{
	static const struct store_query all = { .sql = "SELECT level, i, hash FROM audit_nodes ORDER BY level, i" };
	auto_rows struct store_rows *r = NULL;
	bool row = false;

	enum rc rc = store_run(db, &all, STORE_NO_ARGS, &r, f);
	while (rc == RC_OK && (rc = store_next(r, &row, f)) == RC_OK && row) {
		int64_t level = 0, i = 0;
		const char *hash = NULL;
		bool ok = take_int(r, 0, &level) && take_int(r, 1, &i) && take_text(r, 2, &hash) && i >= 0;
		verify_node(v, ok && level > 0 && level < MERKLE_LEVELS ? (unsigned)level : 0, (uint64_t)i, hash);
	}
	return rc;
}

static enum rc checkpoints(struct verify *v, struct store_conn *db, struct fault *f)
{
	static const struct store_query all = {
		.sql = "SELECT n, size, ts, note FROM audit_checkpoints ORDER BY n"
	};
	auto_rows struct store_rows *r = NULL;
	bool row = false;

	enum rc rc = store_run(db, &all, STORE_NO_ARGS, &r, f);
	while (rc == RC_OK && (rc = store_next(r, &row, f)) == RC_OK && row) {
		struct verify_row at = { 0 };
		const char *note = NULL;
		if (take_int(r, 0, &at.n) && take_int(r, 1, &at.size) && take_int(r, 2, &at.ts) &&
			take_text(r, 3, &note) && note)
			verify_note(v, note, strlen(note), &at);
		else
			verify_wrong(v, 0, "the row of checkpoint %" PRId64 " is damaged", at.n);
	}
	return rc;
}

static enum rc pruned(struct verify *v, struct store_conn *db, struct fault *f)
{
	static const struct store_query all = { .sql = "SELECT block, leaves FROM audit_pruned ORDER BY block" };
	auto_rows struct store_rows *r = NULL;
	bool row = false;

	enum rc rc = store_run(db, &all, STORE_NO_ARGS, &r, f);
	while (rc == RC_OK && (rc = store_next(r, &row, f)) == RC_OK && row) {
		int64_t block = 0;
		const char *leaves = NULL;
		bool ok = take_int(r, 0, &block) && take_text(r, 1, &leaves) && block >= 0;
		verify_pruned(v, (uint64_t)block, ok ? leaves : NULL);
	}
	return rc;
}

/* The columns as the record has them, in the order of audit_record_fields. */
static bool take_record(struct store_rows *r, struct audit_record *ret)
{
	bool ok = true;

	for (size_t i = 0; audit_record_fields[i].type != FIELD_END; i++) {
		void *at = (char *)ret + audit_record_fields[i].at;
		ok &= audit_record_fields[i].type == FIELD_STR ? take_text(r, i, at) : take_int(r, i, at);
	}
	return ok;
}

#define AT_ONCE 2000 /* rows: a server would else send them all */

static enum rc records(struct verify *v, struct store_conn *db, struct fault *f)
{
	static const struct store_query some = { .sql = "SELECT " RECORD_ROW_COLUMNS
							", leaf FROM audit WHERE seq >= $1 ORDER BY seq LIMIT $2" };
	int64_t from = INT64_MIN;
	enum rc rc = RC_OK;
	bool row = true;

	for (size_t n = AT_ONCE; rc == RC_OK && n == AT_ONCE;) {
		auto_rows struct store_rows *r = NULL;
		rc = store_run(db, &some, STORE_ARGS(store_int(from), store_int(AT_ONCE)), &r, f);
		for (n = 0; rc == RC_OK && (rc = store_next(r, &row, f)) == RC_OK && row; n++) {
			struct audit_record rec = { 0 };
			const char *leaf = NULL;
			if (!take_record(r, &rec) || !take_text(r, field_count(audit_record_fields), &leaf))
				verify_wrong(
					v, (uint64_t)rec.seq, "the row of record %" PRId64 " is damaged", rec.seq);
			verify_record(v, &rec, leaf ? leaf : "");
			if (rec.seq == INT64_MAX)
				return RC_OK;
			from = rec.seq + 1;
		}
	}
	return rc;
}

/* There is one head, spelt in the one way. */
static enum rc head(struct verify *v, struct store_conn *db, bool *ret_good, struct fault *f)
{
	static const struct store_query all = {
		.sql = "SELECT id, size, checkpoint, edge FROM audit_head ORDER BY id"
	};
	auto_rows struct store_rows *r = NULL;
	bool row = false, good = true;
	size_t n = 0;

	enum rc rc = store_run(db, &all, STORE_NO_ARGS, &r, f);
	for (; rc == RC_OK && (rc = store_next(r, &row, f)) == RC_OK && row; n++) {
		int64_t id = 0, size = 0, checkpoint = 0;
		const char *edge = NULL;
		good &= take_int(r, 0, &id) && take_int(r, 1, &size) && take_int(r, 2, &checkpoint) && id == 1 &&
			take_text(r, 3, &edge) && edge && strspn(edge, "0123456789abcdef") == strlen(edge);
	}
	*ret_good = good && n == 1;
	if (rc == RC_OK && !*ret_good)
		verify_wrong(v, 0, "the head is damaged, or not alone");
	return rc;
}

static enum rc judge(struct verify *v, struct store_conn *db, const struct buf *outside, struct verify_verdict *ret,
	struct fault *f)
{
	struct trail_head h = { 0 };
	bool good = false;
	enum rc rc = nodes(v, db, f);

	if (rc == RC_OK)
		rc = checkpoints(v, db, f);
	if (rc == RC_OK && outside && !verify_text_notes(v, outside))
		verify_wrong(v, 0, "there is no checkpoint in what was given as told outside");
	if (rc == RC_OK)
		rc = pruned(v, db, f);
	if (rc == RC_OK)
		rc = records(v, db, f);
	if (rc != RC_OK)
		return rc;
	rc = head(v, db, &good, f);
	if (rc == RC_OK && good)
		rc = trail_head_read(db, &h, f);
	if (rc == RC_CONFLICT)
		verify_wrong(v, 0, "the head is damaged");
	return rc == RC_OK || rc == RC_CONFLICT ? verify_end(v, rc == RC_OK && good ? &h : NULL, ret) : rc;
}

enum rc verify_store(struct store_conn *db, const struct checkpoint_key *key, const struct buf *outside,
	struct verify_verdict *ret, struct fault *f)
{
	auto_of(verify) struct verify *v = NULL;
	struct checkpoint_key own;
	enum rc rc = key ? RC_OK : checkpoints_public(db, &own, f);

	if (rc == RC_MISSING)
		return fault_set(f, rc, "the database has no public key of an audit trail: it was never signed");
	if (rc == RC_OK)
		rc = verify_new(key ? key : &own, &v);
	return rc == RC_OK ? judge(v, db, outside, ret, f) : rc;
}
