#include "wire/merkle.h"

#include <openssl/evp.h>
#include <string.h>

/* A digest fails when memory is gone: a hash of zeroes proves nothing and fits nothing. */
void merkle_leaf(const void *p, size_t n, uint8_t ret[static MERKLE_HASH])
{
	static const uint8_t first = 0;
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	if (!c || EVP_DigestInit_ex(c, EVP_sha256(), NULL) != 1 || EVP_DigestUpdate(c, &first, 1) != 1 ||
		EVP_DigestUpdate(c, p, n) != 1 || EVP_DigestFinal_ex(c, ret, NULL) != 1)
		memset(ret, 0, MERKLE_HASH);
	EVP_MD_CTX_free(c);
}

void merkle_node(const uint8_t *left, const uint8_t *right, uint8_t ret[static MERKLE_HASH])
{
	uint8_t both[1 + 2 * MERKLE_HASH] = { 1 };

	memcpy(both + 1, left, MERKLE_HASH);
	memcpy(both + 1 + MERKLE_HASH, right, MERKLE_HASH);
	if (EVP_Digest(both, sizeof(both), ret, NULL, EVP_sha256(), NULL) != 1)
		memset(ret, 0, MERKLE_HASH);
}

void merkle_add(struct merkle *m, const uint8_t *leaf, uint8_t ret_full[][MERKLE_HASH])
{
	uint8_t h[MERKLE_HASH];
	unsigned l = 0;

	memcpy(h, leaf, MERKLE_HASH);
	for (;; l++) {
		if (ret_full)
			memcpy(ret_full[l], h, MERKLE_HASH);
		if (!(m->n >> l & 1) || l == MERKLE_LEVELS - 1)
			break;
		merkle_node(m->edge[l], h, h);
	}
	memcpy(m->edge[l], h, MERKLE_HASH);
	m->n++;
}

void merkle_root(const struct merkle *m, uint8_t ret[static MERKLE_HASH])
{
	bool begun = false;

	if (m->n == 0 && EVP_Digest("", 0, ret, NULL, EVP_sha256(), NULL) != 1)
		memset(ret, 0, MERKLE_HASH);
	for (unsigned l = 0; l < MERKLE_LEVELS; l++) {
		if (!(m->n >> l & 1))
			continue;
		if (begun)
			merkle_node(m->edge[l], ret, ret);
		else
			memcpy(ret, m->edge[l], MERKLE_HASH);
		begun = true;
	}
}

/* The highest power of two below n, as its exponent; n > 1. */
static unsigned split_of(uint64_t n) { return 63u - (unsigned)__builtin_clzll(n - 1); }

/* The hash over the leaves [from, to); `from` is a multiple of the power of two at or above to - from. */
static enum rc range(const struct merkle_source *s, uint64_t from, uint64_t to, uint8_t *ret, struct fault *f)
{
	struct merkle m = { .n = to - from };
	enum rc rc = RC_OK;

	for (unsigned l = MERKLE_LEVELS; rc == RC_OK && l-- > 0;)
		if (m.n >> l & 1) {
			rc = s->full(s->ctx, l, from >> l, m.edge[l], f);
			from += (uint64_t)1 << l;
		}
	if (rc == RC_OK)
		merkle_root(&m, ret);
	return rc;
}

enum rc merkle_root_of(const struct merkle_source *s, uint64_t n, uint8_t ret[static MERKLE_HASH], struct fault *f)
{
	return range(s, 0, n, ret, f);
}

static void turn(struct merkle_proof *p)
{
	for (size_t i = 0; i < p->n / 2; i++) {
		uint8_t h[MERKLE_HASH];
		memcpy(h, p->at[i], MERKLE_HASH);
		memcpy(p->at[i], p->at[p->n - 1 - i], MERKLE_HASH);
		memcpy(p->at[p->n - 1 - i], h, MERKLE_HASH);
	}
}

/* RFC 9162 2.1.3.1, from the root down; a proof is told from the leaf up. */
enum rc merkle_prove(
	const struct merkle_source *s, uint64_t i, uint64_t n, struct merkle_proof *ret, struct fault *f)
{
	uint64_t from = 0, to = n;
	enum rc rc = RC_OK;

	if (i >= n || n >> (MERKLE_LEVELS - 1))
		return fault_set(f, RC_INVALID, "there is no such leaf in a tree of that size");
	ret->n = 0;
	while (rc == RC_OK && to - from > 1) {
		uint64_t mid = from + ((uint64_t)1 << split_of(to - from));
		bool left = i < mid;
		rc = left ? range(s, mid, to, ret->at[ret->n++], f) : range(s, from, mid, ret->at[ret->n++], f);
		from = left ? from : mid;
		to = left ? mid : to;
	}
	turn(ret);
	return rc;
}

/* RFC 9162 2.1.4.1, the same way. */
enum rc merkle_prove_grown(
	const struct merkle_source *s, uint64_t m, uint64_t n, struct merkle_proof *ret, struct fault *f)
{
	uint64_t from = 0, to = n;
	bool known = true; /* the subtree at hand is one that the old tree begins with, and ends with */
	enum rc rc = RC_OK;

	if (m == 0 || m > n || n >> (MERKLE_LEVELS - 1))
		return fault_set(f, RC_INVALID, "a tree cannot have grown from one of that size");
	ret->n = 0;
	while (rc == RC_OK && m < to) {
		uint64_t mid = from + ((uint64_t)1 << split_of(to - from));
		bool left = m <= mid;
		rc = left ? range(s, mid, to, ret->at[ret->n++], f) : range(s, from, mid, ret->at[ret->n++], f);
		known = known && left;
		from = left ? from : mid;
		to = left ? mid : to;
	}
	if (rc == RC_OK && !known)
		rc = range(s, from, to, ret->at[ret->n++], f);
	turn(ret);
	return rc;
}

/* RFC 9162 2.1.3.2. */
bool merkle_is_in(const struct merkle_proof *p, uint64_t i, uint64_t n, const uint8_t *leaf, const uint8_t *root)
{
	uint64_t fn = i, sn = n - 1;
	uint8_t h[MERKLE_HASH];

	if (i >= n || p->n > MERKLE_PROOF_MAX)
		return false;
	memcpy(h, leaf, MERKLE_HASH);
	for (size_t k = 0; k < p->n; k++) {
		if (sn == 0)
			return false;
		if ((fn & 1) || fn == sn) {
			merkle_node(p->at[k], h, h);
			while (!(fn & 1) && fn) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			merkle_node(h, p->at[k], h);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && !memcmp(h, root, MERKLE_HASH);
}

/* RFC 9162 2.1.4.2: the two trees side by side, from the last leaf of the old one up. */
struct climb {
	uint64_t fn, sn;
	uint8_t was[MERKLE_HASH], is[MERKLE_HASH];
};

static bool climb(struct climb *c, const struct merkle_proof *p, size_t k)
{
	for (; k < p->n; k++) {
		if (c->sn == 0)
			return false;
		if ((c->fn & 1) || c->fn == c->sn) {
			merkle_node(p->at[k], c->was, c->was);
			merkle_node(p->at[k], c->is, c->is);
			while (!(c->fn & 1) && c->fn) {
				c->fn >>= 1;
				c->sn >>= 1;
			}
		} else {
			merkle_node(c->is, p->at[k], c->is);
		}
		c->fn >>= 1;
		c->sn >>= 1;
	}
	return c->sn == 0;
}

bool merkle_is_grown(
	const struct merkle_proof *p, uint64_t m, const uint8_t *root_m, uint64_t n, const uint8_t *root_n)
{
	bool whole = !(m & (m - 1)); /* the old tree is complete: its root begins the path, and is left out */
	struct climb c = { .fn = m - 1, .sn = n - 1 };

	if (m == 0 || m > n || p->n > MERKLE_PROOF_MAX)
		return false;
	if (m == n)
		return p->n == 0 && !memcmp(root_m, root_n, MERKLE_HASH);
	if (p->n == 0)
		return false;
	while (c.fn & 1) {
		c.fn >>= 1;
		c.sn >>= 1;
	}
	memcpy(c.was, whole ? root_m : p->at[0], MERKLE_HASH);
	memcpy(c.is, c.was, MERKLE_HASH);
	return climb(&c, p, whole ? 0 : 1) && !memcmp(c.was, root_m, MERKLE_HASH) &&
	       !memcmp(c.is, root_n, MERKLE_HASH);
}
