/*
 * verify: proves an audit trail from its records, its signed checkpoints and a public key, and nothing else: no vault, no server.
 * What it is given comes in this order: kept subtrees and checkpoints, then pruned blocks, then records, by number; then verify_end.
 *
 * It finds what was altered, left out, put in, exchanged or cut off, and names the first record that is wrong, or between which
 * checkpoints it is. Records after the newest checkpoint are proven by their own hashes and the head alone: who can write all of
 * the database can make these anew, until the next checkpoint is told outside.
 */
#pragma once

#include "base/buf.h"
#include "control/audit/trail.h"
#include "wire/checkpoint.h"

#define VERIFY_WORDS_MAX 20 /* of what is wrong so many are told */

struct verify;

struct verify_verdict {
	uint64_t wrong;       /* how many things; 0: the trail is whole */
	uint64_t first;       /* the first record that is wrong, or may be; 0: none */
	uint64_t records;     /* in the tree */
	uint64_t pruned;      /* of them, from the first: their hashes alone are there */
	uint64_t prune;       /* the record that says so */
	uint64_t checkpoints; /* signed, and their roots are the tree's */
	uint64_t uncovered;   /* records after the newest of them */
	uint64_t lost;        /* checkpoints of a time that a restore took back, as a record says */
	struct buf words; /* a line for each thing that is wrong, and for what else is to be known. The caller's */
};

must_check enum rc verify_new(const struct checkpoint_key *key, struct verify **ret);
void verify_free(struct verify *v);
OWN_DEFINE(verify)

/* A kept subtree: of each level in order from the first. */
void verify_node(struct verify *v, unsigned level, uint64_t i, const char *hash);

/*
 * A signed text. row: what its row says, for one that the trail itself keeps (they come in order); NULL: one that was told outside, or
 * stands beside an export.
 */
struct verify_row {
	int64_t n, size, ts;
};
void verify_note(struct verify *v, const char *note, size_t n, const struct verify_row *row);

void verify_pruned(struct verify *v, uint64_t block, const char *leaves);

/* leaf: as its row has it; NULL: an export, it is made anew. */
void verify_record(struct verify *v, const struct audit_record *r, const char *leaf);

/* A record of which only the leaf is shown. */
void verify_leaf(struct verify *v, uint64_t seq, const char *leaf);

/* Something else is wrong, at this record (0: at none). */
void verify_wrong(struct verify *v, uint64_t seq, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* head: what the database says; NULL: an export. RC_NOMEM. */
must_check enum rc verify_end(struct verify *v, const struct trail_head *head, struct verify_verdict *ret);
