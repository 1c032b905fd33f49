#include "control/audit/trail.h"
#include "base/metric.h"
#include "control/audit/record_row.h"
#include "control/control.h"
#include "wire/tunnel_auth.h"

#include <openssl/evp.h>
#include <stdio.h>

#define HEX_CHARS ((size_t)2 * MERKLE_HASH)

struct trail_waiting {
	struct trail_waiting *next;
	struct audit_record record;
};

void trail_begin(struct trail *t) { t->head.loaded = t->head.dirty = false; }

void trail_mark(struct trail *t)
{
	t->marked = t->head;
	arena_reset(&t->arena);
	t->first = t->last = NULL;
}

void trail_undo(struct trail *t)
{
	t->head = t->marked;
	t->first = t->last = NULL;
}

void trail_done(struct trail *t) { arena_done(&t->arena); }

size_t trail_waits(const struct trail *t)
{
	size_t n = 0;
	for (const struct trail_waiting *w = t->first; w; w = w->next)
		n++;
	return n;
}

/* The head row's hashes: of the complete subtrees, the largest first. */
static enum rc read_edge(const char *text, struct merkle *m, struct fault *f)
{
	char hex[2 * MERKLE_HASH + 1] = { 0 };
	size_t n = strlen(text);

	for (unsigned l = MERKLE_LEVELS; l-- > 0;) {
		if (!(m->n >> l & 1))
			continue;
		if (n < HEX_CHARS)
			return fault_set(
				f, RC_CONFLICT, "the audit trail's head is damaged: run footplate audit verify");
		memcpy(hex, text, HEX_CHARS);
		if (!tunnel_auth_of_hex(hex, m->edge[l], MERKLE_HASH))
			return fault_set(
				f, RC_CONFLICT, "the audit trail's head is damaged: run footplate audit verify");
		text += HEX_CHARS;
		n -= HEX_CHARS;
	}
	return n == 0 && !(m->n >> MERKLE_LEVELS)
		       ? RC_OK
		       : fault_set(f, RC_CONFLICT, "the audit trail's head is damaged: run footplate audit verify");
}

enum rc trail_head_read(struct store_conn *db, struct trail_head *ret, struct fault *f)
{
	static const struct store_query find = {
		.sql = "SELECT size, edge, checkpoint FROM audit_head WHERE id = 1"
	};
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_one(db, &find, STORE_NO_ARGS, &r, f);
	if (rc == RC_MISSING)
		return fault_set(f, RC_CONFLICT, "the audit trail has no head: run footplate audit verify");
	if (rc != RC_OK)
		return rc;
	struct merkle *m = &ret->tree;
	m->n = (uint64_t)store_col_int(r, 0);
	ret->checkpoint = store_col_int(r, 2);
	rc = read_edge(store_col_text(r, 1), m, f);
	ret->loaded = rc == RC_OK;
	ret->dirty = false;
	return rc;
}

enum rc trail_head_write(struct store_conn *db, const struct trail_head *h, struct fault *f)
{
	static const struct store_query set = {
		.sql = "UPDATE audit_head SET size = $1, edge = $2, checkpoint = $3 WHERE id = 1"
	};
	char edge[MERKLE_LEVELS * 2 * MERKLE_HASH + 1] = "";
	size_t n = 0;

	for (unsigned l = MERKLE_LEVELS; l-- > 0;)
		if (h->tree.n >> l & 1) {
			tunnel_auth_hex(h->tree.edge[l], MERKLE_HASH, edge + n);
			n += (size_t)2 * MERKLE_HASH;
		}
	return store_put(
		db, &set, STORE_ARGS(store_int((int64_t)h->tree.n), store_text(edge), store_int(h->checkpoint)), f);
}

enum rc trail_grow(struct store_conn *db, struct trail_head *h, const uint8_t *leaf, struct fault *f)
{
	static const struct store_query add = {
		.sql = "INSERT INTO audit_nodes (level, i, hash) VALUES ($1, $2, $3)"
	};
	uint8_t full[MERKLE_LEVELS][MERKLE_HASH];
	bool ends = (h->tree.n + 1) % TRAIL_BLOCK == 0;
	char hex[2 * MERKLE_HASH + 1];
	enum rc rc = RC_OK;

	merkle_add(&h->tree, leaf, ends ? full : NULL);
	h->dirty = true;
	for (unsigned l = TRAIL_BLOCK_BITS; ends && rc == RC_OK && h->tree.n % ((uint64_t)1 << l) == 0;
		l += TRAIL_BLOCK_BITS) {
		tunnel_auth_hex(full[l], MERKLE_HASH, hex);
		rc = store_put(db, &add,
			STORE_ARGS(store_int(l), store_int((int64_t)(h->tree.n >> l) - 1), store_text(hex)), f);
	}
	return rc;
}

/* The record gets its number and its leaf, and is written. */
static enum rc append(struct tx *tx, struct trail_head *h, struct audit_record *r)
{
	uint8_t leaf[MERKLE_HASH];
	enum rc rc = h->loaded ? RC_OK : trail_head_read(tx->db, h, tx->fault);

	if (rc != RC_OK)
		return rc;
	r->seq = (int64_t)h->tree.n + 1;
	rc = audit_record_leaf(r, leaf);
	if (rc == RC_OK)
		rc = record_row_put(tx->db, r, leaf, tx->fault);
	if (rc == RC_OK)
		rc = trail_grow(tx->db, h, leaf, tx->fault);
	if (rc == RC_OK)
		metric_add(tx->control->metrics, METRIC_AUDIT_RECORDS, NULL, 1);
	return rc;
}

static enum rc add_now(struct tx *tx, const struct audit_record *r)
{
	struct trail_head h = { 0 };
	struct audit_record own = *r;

	enum rc rc = append(tx, &h, &own);
	return rc == RC_OK ? trail_head_write(tx->db, &h, tx->fault) : rc;
}

/* Who made the texts may have freed them when the write is over. */
static enum rc keep_texts(struct arena *a, struct audit_record *r)
{
	for (const struct field *f = audit_record_fields; f->type != FIELD_END; f++) {
		const char **at = (const char **)(void *)((char *)r + f->at);
		if (f->type != FIELD_STR || !*at)
			continue;
		*at = arena_str(a, *at);
		if (!*at)
			return RC_NOMEM;
	}
	return RC_OK;
}

enum rc trail_add(struct tx *tx, const struct audit_record *r)
{
	struct trail *t = tx->trail;

	if (!t)
		return add_now(tx, r);
	struct trail_waiting *w = arena_take(&t->arena, sizeof(*w));
	if (!w)
		return RC_NOMEM;
	w->record = *r;
	if (t->last)
		t->last->next = w;
	else
		t->first = w;
	t->last = w;
	return keep_texts(&t->arena, &w->record);
}

void trail_after(struct trail *t, const void *p, size_t n)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	char *hex = t->first && !t->first->record.after ? arena_take(&t->arena, 2 * MERKLE_HASH + 1) : NULL;

	if (!hex || EVP_Digest(p, n, sum, NULL, EVP_sha256(), NULL) != 1)
		return;
	tunnel_auth_hex(sum, MERKLE_HASH, hex);
	t->first->record.after = hex;
}

enum rc trail_keep(struct tx *tx)
{
	struct trail *t = tx->trail;
	enum rc rc = RC_OK;

	for (struct trail_waiting *w = t->first; rc == RC_OK && w; w = w->next)
		rc = append(tx, &t->head, &w->record);
	t->first = t->last = NULL;
	return rc;
}

enum rc trail_store(struct trail *t, struct store_conn *db, struct fault *f)
{
	if (!t->head.dirty)
		return RC_OK;
	t->head.dirty = false;
	return trail_head_write(db, &t->head, f);
}

enum rc trail_adopt(struct tx *tx, bool *ret_more)
{
	static const struct store_query set = { .sql = "UPDATE audit SET leaf = $2 WHERE seq = $1 AND leaf = ''" };
	struct trail_head h = { 0 };
	struct field_list found = { 0 };
	char hex[2 * MERKLE_HASH + 1];
	uint8_t leaf[MERKLE_HASH];

	*ret_more = false;
	enum rc rc = trail_head_read(tx->db, &h, tx->fault);
	if (rc == RC_OK)
		rc = record_row_unleafed(tx, (int64_t)h.tree.n, TRAIL_ADOPT_MAX, &found);
	const struct audit_record *r = found.at;
	for (size_t i = 0; rc == RC_OK && i < found.n; i++) {
		if (r[i].seq != (int64_t)h.tree.n + 1)
			return fault_set(tx->fault, RC_CONFLICT,
				"record %lld of the audit trail is missing: run footplate audit verify",
				(long long)h.tree.n + 1);
		rc = audit_record_leaf(&r[i], leaf);
		tunnel_auth_hex(leaf, MERKLE_HASH, hex);
		if (rc == RC_OK)
			rc = store_put(tx->db, &set, STORE_ARGS(store_int(r[i].seq), store_text(hex)), tx->fault);
		if (rc == RC_OK)
			rc = trail_grow(tx->db, &h, leaf, tx->fault);
	}
	*ret_more = found.n == TRAIL_ADOPT_MAX;
	return rc == RC_OK && h.dirty ? trail_head_write(tx->db, &h, tx->fault) : rc;
}
