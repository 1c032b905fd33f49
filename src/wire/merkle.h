/*
 * merkle: hash trees over a list that only grows (RFC 6962 section 2.1, RFC 9162 section 2.1). A leaf is SHA-256(0x00 || bytes),
 * a node SHA-256(0x01 || left || right), so that neither can stand for the other. Pure.
 *
 * A tree is kept as its edge: the hashes of the complete subtrees that it is made of. That is all it takes to add a leaf and to
 * know the root. Proofs need older hashes, which whoever keeps them gives by a struct merkle_source.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stddef.h>
#include <stdint.h>

#define MERKLE_HASH      32
#define MERKLE_LEVELS    48  /* a tree has fewer than 2^48 leaves */
#define MERKLE_PROOF_MAX 100 /* hashes of a proof */

struct merkle {
	uint64_t n; /* leaves */
	uint8_t edge[MERKLE_LEVELS]
		    [MERKLE_HASH]; /* edge[l]: the complete subtree of 2^l leaves, if bit l of n is set */
};

void merkle_leaf(const void *p, size_t n, uint8_t ret[static MERKLE_HASH]);
void merkle_node(
	const uint8_t *left, const uint8_t *right, uint8_t ret[static MERKLE_HASH]); /* ret may be either */

/*
 * Adds a leaf. ret_full (may be NULL) is given the hashes of the complete subtrees that end with it: ret_full[l] of 2^l leaves, for
 * each l of which 2^l divides the new n.
 */
void merkle_add(struct merkle *m, const uint8_t *leaf, uint8_t ret_full[][MERKLE_HASH]);

void merkle_root(const struct merkle *m, uint8_t ret[static MERKLE_HASH]); /* of no leaf: SHA-256 of nothing */

/* The hash of the complete subtree over the leaves [i * 2^level, (i + 1) * 2^level), which all are there. */
struct merkle_source {
	enum rc (*full)(void *ctx, unsigned level, uint64_t i, uint8_t *ret, struct fault *f);
	void *ctx;
};

struct merkle_proof {
	size_t n;
	uint8_t at[MERKLE_PROOF_MAX][MERKLE_HASH];
};

/* The root of the first n leaves. */
must_check enum rc merkle_root_of(
	const struct merkle_source *s, uint64_t n, uint8_t ret[static MERKLE_HASH], struct fault *f);

/* That leaf i (from 0) is in the tree of n leaves. RC_INVALID: i is not below n. */
must_check enum rc merkle_prove(
	const struct merkle_source *s, uint64_t i, uint64_t n, struct merkle_proof *ret, struct fault *f);

/* That the tree of n leaves begins with the one of m. RC_INVALID: not 0 < m <= n. */
must_check enum rc merkle_prove_grown(
	const struct merkle_source *s, uint64_t m, uint64_t n, struct merkle_proof *ret, struct fault *f);

/* Leaf i of the tree of n leaves with this root. */
must_check bool merkle_is_in(
	const struct merkle_proof *p, uint64_t i, uint64_t n, const uint8_t *leaf, const uint8_t *root);

/* The tree of n leaves begins with the one of m. */
must_check bool merkle_is_grown(
	const struct merkle_proof *p, uint64_t m, const uint8_t *root_m, uint64_t n, const uint8_t *root_n);
