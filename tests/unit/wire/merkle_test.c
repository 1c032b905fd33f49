/*
 * merkle: against the definitions of RFC 6962 section 2.1, written here once more as recursions over the whole list, and slow;
 * all trees up to 70 leaves, all proofs of them, and every single bit of a proof and its arguments turned over.
 */
#include "tests/unit/check.h"
#include "wire/merkle.h"

#include <openssl/sha.h>

#define LEAVES 70

static uint8_t leaves[LEAVES][1];

static void slow_leaf(size_t i, uint8_t *ret)
{
	uint8_t b[2] = { 0, leaves[i][0] };
	SHA256(b, 2, ret);
}

static size_t slow_split(size_t n)
{
	size_t k = 1;
	while (k * 2 < n)
		k *= 2;
	return k;
}

static void slow_root(size_t from, size_t n, uint8_t *ret)
{
	uint8_t b[65] = { 1 };

	if (n == 0) {
		SHA256((const uint8_t *)"", 0, ret);
		return;
	}
	if (n == 1) {
		slow_leaf(from, ret);
		return;
	}
	size_t k = slow_split(n);
	slow_root(from, k, b + 1);
	slow_root(from + k, n - k, b + 33);
	SHA256(b, 65, ret);
}

/* PATH(m, D[n]) and SUBPROOF(m, D[n], b) of the RFC. */
static void slow_path(size_t m, size_t from, size_t n, struct merkle_proof *p)
{
	if (n == 1)
		return;
	size_t k = slow_split(n);
	if (m < k) {
		slow_path(m, from, k, p);
		slow_root(from + k, n - k, p->at[p->n++]);
	} else {
		slow_path(m - k, from + k, n - k, p);
		slow_root(from, k, p->at[p->n++]);
	}
}
static void slow_grown(size_t m, size_t from, size_t n, bool b, struct merkle_proof *p)
{
	if (m == n) {
		if (!b)
			slow_root(from, n, p->at[p->n++]);
		return;
	}
	size_t k = slow_split(n);
	if (m <= k) {
		slow_grown(m, from, k, b, p);
		slow_root(from + k, n - k, p->at[p->n++]);
	} else {
		slow_grown(m - k, from + k, n - k, false, p);
		slow_root(from, k, p->at[p->n++]);
	}
}

static enum rc full(void *ctx, unsigned level, uint64_t i, uint8_t *ret, struct fault *f)
{
	(void)ctx, (void)f;
	slow_root((size_t)(i << level), (size_t)1 << level, ret);
	return RC_OK;
}
static const struct merkle_source source = { .full = full };

static void same(const struct merkle_proof *a, const struct merkle_proof *b)
{
	CHECK(a->n == b->n && !memcmp(a->at, b->at, a->n * MERKLE_HASH));
}

/* Nothing but the proof itself is taken for it. */
static void spoil_in(struct merkle_proof p, uint64_t i, uint64_t n, const uint8_t *leaf, const uint8_t *root)
{
	CHECK(!merkle_is_in(&p, i + 1, n, leaf, root) && (n == 1 || !merkle_is_in(&p, i, n, root, root)));
	if (i > 0)
		CHECK(!merkle_is_in(&p, i - 1, n, leaf, root));
	for (size_t k = 0; k < p.n; k++) {
		p.at[k][i % 32] ^= (uint8_t)(1u << (k % 8));
		CHECK(!merkle_is_in(&p, i, n, leaf, root));
		p.at[k][i % 32] ^= (uint8_t)(1u << (k % 8));
	}
	p.n++;
	CHECK(!merkle_is_in(&p, i, n, leaf, root));
	if (p.n > 1) {
		p.n -= 2;
		CHECK(!merkle_is_in(&p, i, n, leaf, root));
	}
}

static void check_in(size_t n, const uint8_t *root)
{
	for (size_t i = 0; i < n; i++) {
		struct merkle_proof p = { 0 }, want = { 0 };
		uint8_t leaf[MERKLE_HASH];
		merkle_leaf(leaves[i], 1, leaf);
		CHECK(merkle_prove(&source, i, n, &p, NULL) == RC_OK);
		slow_path(i, 0, n, &want);
		same(&p, &want);
		CHECK(merkle_is_in(&p, i, n, leaf, root));
		spoil_in(p, i, n, leaf, root);
	}
}

static void check_grown(size_t n, const uint8_t *root)
{
	for (size_t m = 1; m <= n; m++) {
		struct merkle_proof p = { 0 }, want = { 0 };
		uint8_t was[MERKLE_HASH];
		slow_root(0, m, was);
		CHECK(merkle_prove_grown(&source, m, n, &p, NULL) == RC_OK);
		slow_grown(m, 0, n, true, &want);
		same(&p, &want);
		CHECK(merkle_is_grown(&p, m, was, n, root));
		was[3] ^= 4;
		CHECK(!merkle_is_grown(&p, m, was, n, root));
		was[3] ^= 4;
		CHECK(m == n || !merkle_is_grown(&p, m, root, n, was));
		for (size_t k = 0; k < p.n; k++) {
			p.at[k][m % 32] ^= 16;
			CHECK(!merkle_is_grown(&p, m, was, n, root));
			p.at[k][m % 32] ^= 16;
		}
		p.n++;
		CHECK(!merkle_is_grown(&p, m, was, n, root));
		p.n -= 2;
		CHECK(p.n > n || !merkle_is_grown(&p, m, was, n, root));
	}
}

/* What an implementation of the RFC elsewhere has: no leaf, and the leaf that is empty. */
static void check_known(void)
{
	static const uint8_t none[] = { 0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8,
		0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b,
		0x78, 0x52, 0xb8, 0x55 };
	static const uint8_t empty[] = { 0x6e, 0x34, 0x0b, 0x9c, 0xff, 0xb3, 0x7a, 0x98, 0x9c, 0xa5, 0x44, 0xe6,
		0xbb, 0x78, 0x0a, 0x2c, 0x78, 0x90, 0x1d, 0x3f, 0xb3, 0x37, 0x38, 0x76, 0x85, 0x11, 0xa3, 0x06,
		0x17, 0xaf, 0xa0, 0x1d };
	struct merkle m = { 0 };
	uint8_t h[MERKLE_HASH];

	merkle_root(&m, h);
	CHECK(!memcmp(h, none, 32));
	merkle_leaf("", 0, h);
	CHECK(!memcmp(h, empty, 32));
}

int main(void)
{
	struct merkle m = { 0 };
	struct merkle_proof p;
	uint8_t root[MERKLE_HASH], want[MERKLE_HASH], leaf[MERKLE_HASH], done[MERKLE_LEVELS][MERKLE_HASH];

	check_known();
	for (size_t i = 0; i < LEAVES; i++)
		leaves[i][0] = (uint8_t)(i * 37);
	for (size_t n = 1; n <= LEAVES; n++) {
		merkle_leaf(leaves[n - 1], 1, leaf);
		merkle_add(&m, leaf, done);
		CHECK(m.n == n);
		for (unsigned l = 0; n % ((size_t)1 << l) == 0; l++) {
			slow_root(n - ((size_t)1 << l), (size_t)1 << l, want);
			CHECK(!memcmp(done[l], want, MERKLE_HASH));
		}
		merkle_root(&m, root);
		slow_root(0, n, want);
		CHECK(!memcmp(root, want, MERKLE_HASH));
		CHECK(merkle_root_of(&source, n, root, NULL) == RC_OK && !memcmp(root, want, MERKLE_HASH));
		check_in(n, root);
		check_grown(n, root);
	}
	CHECK(merkle_prove(&source, 5, 5, &p, NULL) == RC_INVALID);
	CHECK(merkle_prove_grown(&source, 0, 5, &p, NULL) == RC_INVALID);
	CHECK(merkle_prove_grown(&source, 6, 5, &p, NULL) == RC_INVALID);
	return 0;
}
