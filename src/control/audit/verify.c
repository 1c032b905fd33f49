#include "control/audit/verify.h"
#include "base/scan.h"
#include "base/when.h"
#include "wire/tunnel_auth.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define HEX      ((size_t)2 * MERKLE_HASH)
#define RESTORES 64

struct mark {
	struct checkpoint c;
	bool outside, missed;
};
struct restore {
	uint64_t seq;
	int64_t ts;
};

struct verify {
	struct checkpoint_key key;
	struct merkle tree;
	struct buf marks; /* of struct mark */
	size_t marks_n, at;
	struct buf nodes[MERKLE_LEVELS]; /* hashes */
	uint64_t rows;                   /* checkpoints of the trail's own */
	uint64_t last_size;              /* of them */
	uint64_t proven;                 /* records up to here are under a checkpoint that is right */
	uint64_t prune_to, prune_seq;    /* what the newest record of a pruning says */
	struct restore restores[RESTORES];
	size_t restores_n;
	bool sorted, broken, bad;
	struct verify_verdict v;
};

enum rc verify_new(const struct checkpoint_key *key, struct verify **ret)
{
	struct verify *v = calloc(1, sizeof(*v));
	if (!v)
		return RC_NOMEM;
	v->key = *key;
	*ret = v;
	return RC_OK;
}

void verify_free(struct verify *v)
{
	if (!v)
		return;
	buf_done(&v->marks);
	for (size_t l = 0; l < MERKLE_LEVELS; l++)
		buf_done(&v->nodes[l]);
	buf_done(&v->v.words);
	free(v);
}

static struct mark *mark_at(struct verify *v, size_t i) { return (struct mark *)(void *)v->marks.p + i; }

void verify_wrong(struct verify *v, uint64_t seq, const char *fmt, ...)
{
	va_list ap;

	if (seq && (v->v.first == 0 || seq < v->v.first))
		v->v.first = seq;
	if (v->v.wrong++ >= VERIFY_WORDS_MAX)
		return;
	va_start(ap, fmt);
	buf_str(&v->v.words, "wrong: ");
	buf_vfmt(&v->v.words, fmt, ap);
	buf_u8(&v->v.words, '\n');
	va_end(ap);
}

static bool of_hex(const char *text, uint8_t *ret)
{
	return text && strlen(text) == HEX && tunnel_auth_of_hex(text, ret, MERKLE_HASH) &&
	       strspn(text, "0123456789abcdef") == HEX;
}

void verify_node(struct verify *v, unsigned level, uint64_t i, const char *hash)
{
	uint8_t h[MERKLE_HASH];

	if (level >= MERKLE_LEVELS || level == 0 || level % TRAIL_BLOCK_BITS ||
		v->nodes[level].n / MERKLE_HASH != i || !of_hex(hash, h)) {
		verify_wrong(v, 0, "the kept subtree %u/%" PRIu64 " is none, or out of order", level, i);
		return;
	}
	buf_put(&v->nodes[level], h, sizeof(h));
}

void verify_note(struct verify *v, const char *note, size_t n, const struct verify_row *row)
{
	struct fault f = { 0 };
	struct mark m = { .outside = !row };
	enum rc rc = checkpoint_read(note, n, &v->key, &m.c, &f);

	if (row && row->n != (int64_t)++v->rows)
		verify_wrong(v, 0, "checkpoint %" PRIu64 " is missing", v->rows);
	if (rc != RC_OK && row)
		verify_wrong(v, 0, "checkpoint %" PRId64 ": %s", row->n, f.text);
	else if (rc != RC_OK)
		verify_wrong(v, 0, "a checkpoint from outside: %s", f.text);
	if (rc != RC_OK)
		return;
	if (row && ((int64_t)m.c.n != row->n || (int64_t)m.c.size != row->size || m.c.time_ms != row->ts ||
			   m.c.size <= v->last_size))
		verify_wrong(v, 0, "the row of checkpoint %" PRId64 " is of another", row->n);
	v->last_size = row ? m.c.size : v->last_size;
	buf_put(&v->marks, &m, sizeof(m));
	v->marks_n += !v->marks.bad;
}

static int by_size(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;
	return (x->c.size > y->c.size) - (x->c.size < y->c.size);
}

/* The tree has one more leaf: what is known of it at that size? */
static void compare(struct verify *v, uint8_t full[][MERKLE_HASH])
{
	uint8_t root[MERKLE_HASH];
	uint64_t n = v->tree.n;

	for (unsigned l = TRAIL_BLOCK_BITS; n % ((uint64_t)1 << l) == 0 && v->sorted; l += TRAIL_BLOCK_BITS) {
		uint64_t i = (n >> l) - 1;
		if (i < v->nodes[l].n / MERKLE_HASH &&
			memcmp(v->nodes[l].p + i * MERKLE_HASH, full[l], MERKLE_HASH) != 0)
			verify_wrong(v, v->proven + 1,
				"the records %" PRIu64 " to %" PRIu64
				" are not those of the kept subtree %u/%" PRIu64,
				(i << l) + 1, n, l, i);
	}
	for (; v->at < v->marks_n && mark_at(v, v->at)->c.size == n; v->at++) {
		struct mark *m = mark_at(v, v->at);
		merkle_root(&v->tree, root);
		if (!memcmp(root, m->c.root, MERKLE_HASH)) {
			v->proven = n;
			v->v.checkpoints++;
		} else if (m->outside) {
			m->missed = true;
		} else {
			verify_wrong(v, v->proven + 1,
				"checkpoint %" PRIu64 " signs another tree: a record of %" PRIu64 " to %" PRIu64
				" was exchanged",
				m->c.n, v->proven + 1, n);
		}
	}
}

static void feed(struct verify *v, const uint8_t *leaf)
{
	uint8_t full[MERKLE_LEVELS][MERKLE_HASH];

	if (!v->sorted && v->marks_n)
		qsort(v->marks.p, v->marks_n, sizeof(struct mark), by_size);
	v->sorted = true;
	while (v->at < v->marks_n && mark_at(v, v->at)->c.size == 0)
		v->at++;
	merkle_add(&v->tree, leaf, full);
	compare(v, full);
}

/* Is it the next one? When it is not, the tree cannot be made any more, and what follows is not told a second time. */
static bool is_next(struct verify *v, uint64_t seq)
{
	uint64_t want = v->tree.n + 1;

	if (v->broken)
		return false;
	if (seq == want)
		return true;
	v->broken = true;
	if (seq > want)
		verify_wrong(v, want, "the records %" PRIu64 " to %" PRIu64 " are missing", want, seq - 1);
	else
		verify_wrong(v, seq, "record %" PRIu64 " stands where %" PRIu64 " should", seq, want);
	return false;
}

void verify_pruned(struct verify *v, uint64_t block, const char *leaves)
{
	uint8_t all[TRAIL_BLOCK][MERKLE_HASH];
	char hex[HEX + 1] = { 0 };

	if (!is_next(v, block * TRAIL_BLOCK + 1))
		return;
	bool ok = leaves && strlen(leaves) == HEX * TRAIL_BLOCK;
	for (size_t i = 0; ok && i < TRAIL_BLOCK; i++) {
		memcpy(hex, leaves + i * HEX, HEX);
		ok = of_hex(hex, all[i]);
	}
	if (!ok) {
		verify_wrong(v, block * TRAIL_BLOCK + 1,
			"the hashes of the pruned records %" PRIu64 " and on are damaged", block * TRAIL_BLOCK + 1);
		v->broken = true;
		return;
	}
	for (size_t i = 0; i < TRAIL_BLOCK; i++)
		feed(v, all[i]);
	v->v.pruned = v->tree.n;
}

/* What records say of the trail itself. */
static void heed(struct verify *v, const struct audit_record *r)
{
	const char *at = r->resource;
	uint64_t to = 0;

	if (!r->action || !r->actor || !r->outcome || strcmp(r->outcome, "done") != 0)
		return;
	if (!strcmp(r->action, "audit.prune") && at && scan_u64(&at, "records 1-", INT64_MAX, &to) && !*at) {
		v->prune_to = to;
		v->prune_seq = (uint64_t)r->seq;
	}
	if (!strcmp(r->action, "database.restore") && v->restores_n < RESTORES)
		v->restores[v->restores_n++] = (struct restore){ (uint64_t)r->seq, r->ts };
}

void verify_record(struct verify *v, const struct audit_record *r, const char *leaf)
{
	uint8_t made[MERKLE_HASH], kept[MERKLE_HASH];

	if (r->seq <= 0)
		verify_wrong(v, 0, "there is a record %" PRId64, r->seq);
	if (r->seq <= 0 || !is_next(v, (uint64_t)r->seq))
		return;
	v->bad |= audit_record_leaf(r, made) != RC_OK;
	bool has = of_hex(leaf, kept);
	if (leaf && (!has || memcmp(kept, made, MERKLE_HASH) != 0))
		verify_wrong(v, (uint64_t)r->seq, "record %" PRId64 " is not as it was written", r->seq);
	heed(v, r);
	feed(v, has ? kept : made);
}

void verify_leaf(struct verify *v, uint64_t seq, const char *leaf)
{
	uint8_t kept[MERKLE_HASH];

	if (!is_next(v, seq))
		return;
	if (of_hex(leaf, kept)) {
		feed(v, kept);
		return;
	}
	v->broken = true;
	verify_wrong(v, seq, "the hash of record %" PRIu64 " is damaged", seq);
}

/* ---- the end ---- */

/* Was it signed in a time that a restore took back? The record of the restore stands where that time would have gone on. */
static const struct restore *taken_back(const struct verify *v, const struct checkpoint *c)
{
	for (size_t i = 0; i < v->restores_n; i++)
		if (v->restores[i].seq <= c->size && v->restores[i].ts > c->time_ms)
			return &v->restores[i];
	return NULL;
}

static void judge_outside(struct verify *v, const struct mark *m)
{
	const struct restore *r = taken_back(v, &m->c);
	char when[WHEN_MAX];

	when_text(when, m->c.time_ms);
	if (r) {
		v->v.lost++;
		buf_fmt(&v->v.words,
			"note: checkpoint %" PRIu64 " of %s (%" PRIu64
			" records) is of a time that a restore took back, as record "
			"%" PRIu64 " says\n",
			m->c.n, when, m->c.size, r->seq);
	} else if (m->missed) {
		verify_wrong(v, v->proven + 1,
			"checkpoint %" PRIu64 " of %s was told outside, and signs another tree of %" PRIu64
			" records",
			m->c.n, when, m->c.size);
	} else {
		verify_wrong(v, v->tree.n + 1,
			"the trail was cut off: checkpoint %" PRIu64 " of %s was told outside for %" PRIu64
			" records, and %" PRIu64 " are here",
			m->c.n, when, m->c.size, v->tree.n);
	}
}

static void judge_marks(struct verify *v)
{
	for (size_t i = 0; i < v->marks_n; i++) {
		const struct mark *m = mark_at(v, i);
		bool beyond = m->c.size > v->tree.n;
		if (m->outside ? m->missed || beyond : false)
			judge_outside(v, m);
		else if (beyond)
			verify_wrong(v, v->tree.n + 1,
				"the trail was cut off: checkpoint %" PRIu64 " signs %" PRIu64
				" records, and %" PRIu64 " are here",
				m->c.n, m->c.size, v->tree.n);
	}
}

static void judge_head(struct verify *v, const struct trail_head *h)
{
	uint8_t is[MERKLE_HASH], says[MERKLE_HASH];

	merkle_root(&v->tree, is);
	merkle_root(&h->tree, says);
	if (h->tree.n != v->tree.n)
		verify_wrong(v, v->tree.n < h->tree.n ? v->tree.n + 1 : h->tree.n + 1,
			"the head says %" PRIu64 " records, and %" PRIu64 " are here", h->tree.n, v->tree.n);
	else if (memcmp(is, says, MERKLE_HASH) != 0)
		verify_wrong(v, v->proven + 1,
			"the head is of another tree: a record after %" PRIu64 " was exchanged", v->proven);
	if (h->checkpoint != (int64_t)v->rows)
		verify_wrong(v, 0, "the head says %" PRId64 " checkpoints, and %" PRIu64 " are here", h->checkpoint,
			v->rows);
	for (unsigned l = TRAIL_BLOCK_BITS; l < MERKLE_LEVELS; l += TRAIL_BLOCK_BITS)
		if (v->nodes[l].n / MERKLE_HASH != v->tree.n >> l)
			verify_wrong(v, 0, "of level %u %zu subtrees are kept, and not %" PRIu64, l,
				v->nodes[l].n / MERKLE_HASH, v->tree.n >> l);
}

static void judge_pruning(struct verify *v)
{
	if (v->prune_to == v->v.pruned && (v->prune_to == 0 || v->prune_seq > v->prune_to))
		v->v.prune = v->prune_seq;
	else if (v->v.pruned > v->prune_to)
		verify_wrong(v, v->prune_to + 1, "the records 1 to %" PRIu64 " were pruned, and no record says so",
			v->v.pruned);
	else
		verify_wrong(v, v->v.pruned + 1,
			"record %" PRIu64 " says that all up to %" PRIu64 " were pruned, and %" PRIu64 " were",
			v->prune_seq, v->prune_to, v->v.pruned);
}

enum rc verify_end(struct verify *v, const struct trail_head *head, struct verify_verdict *ret)
{
	if (!v->broken) {
		judge_marks(v);
		judge_pruning(v);
		if (head)
			judge_head(v, head);
	}
	for (size_t l = 0; l < MERKLE_LEVELS; l++)
		v->bad |= v->nodes[l].bad;
	if (v->bad || v->marks.bad || v->v.words.bad)
		return RC_NOMEM;
	v->v.records = v->tree.n;
	v->v.uncovered = v->tree.n - v->proven;
	*ret = v->v;
	v->v.words = (struct buf){ 0 };
	return RC_OK;
}
