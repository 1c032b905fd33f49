/*
 * trail: the audit trail's tree. A record gets the next number, its leaf and its place in the tree in the transaction that writes
 * it; as there is one writer at a time over all control planes, no number is left out and no two trees grow.
 *
 * The writer keeps one trail for each of its transactions: the head is read once and written once for all that are committed
 * together, and what one write adds is taken back when that write is undone. Without one (tx.trail is NULL: at the start, in tests)
 * each record reads and writes the head itself. One thread at a time.
 *
 * Nothing changes or deletes a record but audit/prune.
 */
#pragma once

#include "control/tx.h"
#include "wire/audit_record.h"

#define TRAIL_BLOCK_BITS 8 /* the hashes of subtrees of 2^8, 2^16, … records are kept */
#define TRAIL_BLOCK      (1 << TRAIL_BLOCK_BITS)

struct trail_waiting;

struct trail_head {
	bool loaded, dirty;
	struct merkle tree;
	int64_t checkpoint; /* the newest one's number */
};

struct trail {
	struct trail_head head, marked;
	struct arena arena; /* of the records that wait for the end of a write */
	struct trail_waiting *first, *last;
};

void trail_begin(struct trail *t); /* a transaction begins: nothing is known */
void trail_mark(struct trail *t);  /* a write begins */
void trail_undo(struct trail *t);  /* it is undone */
void trail_done(struct trail *t);

/* Adds a record; its number is filled in here. With tx.trail it waits for trail_keep. */
must_check enum rc trail_add(struct tx *tx, const struct audit_record *r);

/* How many records wait: what a write has written so far. */
size_t trail_waits(const struct trail *t);

/* Says what the first record of this write left: `after` of its answer. */
void trail_after(struct trail *t, const void *p, size_t n);

/* Writes the records that wait: the write is to be kept. */
must_check enum rc trail_keep(struct tx *tx);

/* Writes the head, when it has changed: before the commit. */
must_check enum rc trail_store(struct trail *t, struct store_conn *db, struct fault *f);

/* The head as it is in the database, or as this transaction has made it. */
must_check enum rc trail_head_read(struct store_conn *db, struct trail_head *ret, struct fault *f);
must_check enum rc trail_head_write(struct store_conn *db, const struct trail_head *h, struct fault *f);

/* Puts a leaf into the tree, with the rows of the subtrees that it completes. */
must_check enum rc trail_grow(struct store_conn *db, struct trail_head *h, const uint8_t *leaf, struct fault *f);

/*
 * Takes records that are not in the tree yet (of a time before there was one) into it, at most TRAIL_ADOPT_MAX. *ret_more: there are
 * more. In a transaction of its own; a start that is killed goes on where it was.
 */
#define TRAIL_ADOPT_MAX 5000
must_check enum rc trail_adopt(struct tx *tx, bool *ret_more);
