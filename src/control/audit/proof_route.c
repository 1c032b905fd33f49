#include "control/access/decide.h"
#include "control/audit/audit_routes.h"
#include "control/audit/proofs.h"
#include "wire/base64.h"
#include "wire/json.h"
#include "wire/tunnel_auth.h"

#include <inttypes.h>

const struct field audit_proof_query[] = {
	{ .name = "record",
		.type = FIELD_I64,
		FIELD_AT(struct audit_proof_query, record),
		.min = 1,
		.max = INT64_MAX,
		.doc = "Number of the record that is to be proven." },
	{ .name = "checkpoint",
		.type = FIELD_I64,
		FIELD_AT(struct audit_proof_query, checkpoint),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = INT64_MAX,
		.doc = "Number of the checkpoint." },
	{ .name = "from",
		.type = FIELD_I64,
		FIELD_AT(struct audit_proof_query, from),
		.min = 1,
		.max = INT64_MAX,
		.doc = "Number of an older checkpoint that this one's tree grew from." },
	{ 0 },
};

struct point {
	uint64_t size;
	const char *note;
};

static enum rc find_point(struct call *c, int64_t number, struct point *ret)
{
	static const struct store_query one = { .sql = "SELECT size, note FROM audit_checkpoints WHERE n = $1" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(c->tx.db, &one, STORE_ARGS(store_int(number)), &r, c->tx.fault);

	if (rc == RC_MISSING)
		return fault_set(c->tx.fault, rc, "there is no checkpoint %" PRId64, number);
	if (rc != RC_OK)
		return rc;
	*ret = (struct point){ (uint64_t)store_col_int(r, 0), arena_str(c->tx.arena, store_col_text(r, 1)) };
	return ret->note ? RC_OK : RC_NOMEM;
}

/* Another tenant's record is as one that is not there. */
static enum rc find_leaf(struct call *c, int64_t record, uint8_t ret[static MERKLE_HASH])
{
	static const struct store_query one = { .sql = "SELECT leaf FROM audit WHERE seq = $1 AND tenant_id = $2" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(
		c->tx.db, &one, STORE_ARGS(store_int(record), store_text(decide_tenant(c->who))), &r, c->tx.fault);

	if (rc == RC_OK && !tunnel_auth_of_hex(store_col_text(r, 0), ret, MERKLE_HASH))
		rc = fault_set(c->tx.fault, RC_CONFLICT, "the audit trail is damaged: run footplate audit verify");
	return rc == RC_MISSING ? fault_set(c->tx.fault, rc, "there is no record %" PRId64, record) : rc;
}

static void put_hash(struct buf *b, const char *name, const uint8_t *hash)
{
	buf_fmt(b, "\"%s\":\"", name);
	base64_put(b, hash, MERKLE_HASH);
	buf_str(b, "\",");
}

static void put_path(struct buf *b, const struct merkle_proof *p)
{
	buf_str(b, "\"path\":[");
	for (size_t i = 0; i < p->n; i++) {
		buf_str(b, i ? ",\"" : "\"");
		base64_put(b, p->at[i], MERKLE_HASH);
		buf_u8(b, '"');
	}
	buf_str(b, "],");
}

static void put_point(struct buf *b, const char *name, int64_t number, const struct point *p)
{
	buf_fmt(b, "\"%s\":{\"number\":%" PRId64 ",\"size\":%" PRIu64 ",\"note\":", name, number, p->size);
	json_put_str(b, p->note);
	buf_u8(b, '}');
}

static enum rc prove_record(struct call *c, const struct audit_proof_query *q, const struct point *at)
{
	const struct merkle_source s = proofs_source(c->tx.db);
	uint8_t leaf[MERKLE_HASH];
	struct merkle_proof p;
	enum rc rc = find_leaf(c, q->record, leaf);

	if (rc == RC_OK && (uint64_t)q->record > at->size)
		return fault_set(c->tx.fault, RC_CONFLICT, "record %" PRId64 " is after checkpoint %" PRId64,
			q->record, q->checkpoint);
	if (rc == RC_OK)
		rc = merkle_prove(&s, (uint64_t)q->record - 1, at->size, &p, c->tx.fault);
	if (rc != RC_OK)
		return rc;
	buf_fmt(c->body, "{\"record\":%" PRId64 ",", q->record);
	put_hash(c->body, "leaf", leaf);
	put_path(c->body, &p);
	put_point(c->body, "checkpoint", q->checkpoint, at);
	buf_str(c->body, "}\n");
	return RC_OK;
}

static enum rc prove_grown(struct call *c, const struct audit_proof_query *q, const struct point *at)
{
	const struct merkle_source s = proofs_source(c->tx.db);
	struct point from = { 0 };
	struct merkle_proof p;
	enum rc rc = find_point(c, q->from, &from);

	if (rc == RC_OK && from.size > at->size)
		return fault_set(c->tx.fault, RC_CONFLICT, "checkpoint %" PRId64 " is newer than %" PRId64, q->from,
			q->checkpoint);
	if (rc == RC_OK)
		rc = merkle_prove_grown(&s, from.size, at->size, &p, c->tx.fault);
	if (rc != RC_OK)
		return rc;
	buf_u8(c->body, '{');
	put_path(c->body, &p);
	put_point(c->body, "from", q->from, &from);
	buf_u8(c->body, ',');
	put_point(c->body, "checkpoint", q->checkpoint, at);
	buf_str(c->body, "}\n");
	return RC_OK;
}

enum rc audit_proof_show(struct call *c, void *ret_out)
{
	const struct audit_proof_query *q = c->query;
	struct point at = { 0 };
	(void)ret_out;

	if (!q->record == !q->from)
		return fault_set(c->tx.fault, RC_INVALID, "give record, or from: what is to be proven");
	enum rc rc = find_point(c, q->checkpoint, &at);
	if (rc != RC_OK)
		return rc;
	return q->record ? prove_record(c, q, &at) : prove_grown(c, q, &at);
}
