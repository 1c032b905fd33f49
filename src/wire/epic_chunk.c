#include "wire/epic_chunk.h"

#include "base/rd.h"
#include "wire/zpack.h"

#include <inttypes.h>
#include <libdeflate.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#define MAGIC     0xB1FE3AA2u
#define HEAD1_N   41
#define HEAD2_N   62
#define HEAD3_N   66
#define PACKED    1
#define ENCRYPTED 2
#define BY_HASH   1
#define BY_SHA    2
#define POLYNOM   0xC96C5795D7870F42u
#define GROUPS    100

struct head {
	uint32_t form, n, packed, size;
	struct epic_guid guid;
	uint64_t hash;
	uint8_t stored, by;
	uint8_t sha[EPIC_SHA];
};

uint64_t epic_chunk_hash(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint64_t table[256], h = 0;

	for (unsigned i = 0; i < 256; i++) {
		table[i] = i;
		for (int k = 0; k < 8; k++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? POLYNOM : 0);
	}
	for (size_t i = 0; i < n; i++)
		h = (h << 1 | h >> 63) ^ table[b[i]];
	return h;
}

uint8_t epic_chunk_group(const struct epic_guid *g)
{
	uint8_t b[16];
	for (unsigned i = 0; i < 16; i++)
		b[i] = (uint8_t)(g->word[i / 4] >> 8 * (i % 4));
	return (uint8_t)(libdeflate_crc32(0, b, sizeof(b)) % GROUPS);
}

void epic_chunk_path(uint32_t level, const struct epic_chunk *c, char ret[static EPIC_CHUNK_PATH])
{
	const char *folder = level >= 15  ? "ChunksV4"
			     : level >= 6 ? "ChunksV3"
			     : level >= 3 ? "ChunksV2"
					  : "Chunks";

	snprintf(ret, EPIC_CHUNK_PATH, "%s/%02u/%016" PRIX64 "_%08X%08X%08X%08X.chunk", folder, c->group, c->hash,
		c->guid.word[0], c->guid.word[1], c->guid.word[2], c->guid.word[3]);
}

/* A later form may have more behind what is known. */
static bool read_head(const void *p, size_t n, struct head *h)
{
	struct rd r = rd_over(p, n);
	uint32_t magic = rd_le32(&r);

	*h = (struct head){ .form = rd_le32(&r) };
	h->n = rd_le32(&r);
	h->packed = rd_le32(&r);
	for (int i = 0; i < 4; i++)
		h->guid.word[i] = rd_le32(&r);
	h->hash = rd_le64(&r);
	h->stored = rd_u8(&r);
	h->by = BY_HASH;
	h->size = EPIC_CHUNK_SIZE;
	if (h->form >= 2) {
		const uint8_t *sha = rd_bytes(&r, EPIC_SHA);
		if (sha)
			memcpy(h->sha, sha, EPIC_SHA);
		h->by = rd_u8(&r);
	}
	if (h->form >= 3)
		h->size = rd_le32(&r);
	uint32_t known = h->form >= 3 ? HEAD3_N : h->form == 2 ? HEAD2_N : HEAD1_N;
	return !r.bad && magic == MAGIC && h->form >= 1 && (h->form > 3 ? h->n >= known : h->n == known) &&
	       h->n <= n && h->packed == n - h->n;
}

/* What came is what the head and the manifest say. */
static const char *judge(const struct head *h, const struct epic_chunk *want, const uint8_t *p, size_t n)
{
	uint8_t sum[SHA_DIGEST_LENGTH];
	bool sha = h->by & BY_SHA || want->has_sha;

	if (sha)
		SHA1(p, n, sum);
	if (want->has_sha && memcmp(sum, want->sha, EPIC_SHA) != 0)
		return "its SHA-1 is not the manifest's";
	if (h->by & BY_SHA && memcmp(sum, h->sha, EPIC_SHA) != 0)
		return "its SHA-1 is not the one it says";
	if (h->by & BY_HASH || !sha)
		return epic_chunk_hash(p, n) == want->hash ? NULL : "its rolling hash is not the manifest's";
	return NULL;
}

enum rc epic_chunk_open(const struct epic_chunk *want, const void *p, size_t n, struct buf *to, struct fault *f)
{
	struct head h;
	size_t before = to->n;
	enum rc rc = RC_OK;

	if (!read_head(p, n, &h))
		return fault_set(f, RC_MALFORMED, "%zu bytes are no chunk of Epic's", n);
	if (!epic_guid_same(&h.guid, &want->guid) || h.hash != want->hash || h.size != want->size)
		return fault_set(f, RC_MALFORMED, "another chunk came than was asked for");
	if (h.stored & ~(unsigned)PACKED || h.size == 0 || h.size > EPIC_CHUNK_MAX)
		return fault_set(f, RC_MALFORMED, "the chunk is kept in a way that is not known here%s",
			h.stored & ENCRYPTED ? ": encrypted" : "");
	const uint8_t *body = (const uint8_t *)p + h.n;
	if (h.stored & PACKED)
		rc = zpack_open(body, h.packed, h.size, EPIC_CHUNK_MAX, to, f);
	else if (h.packed != h.size)
		rc = fault_set(f, RC_MALFORMED, "the chunk has %u bytes, not %u", h.packed, h.size);
	else
		buf_put(to, body, h.packed);
	if (rc == RC_OK && to->bad)
		rc = fault_set(f, RC_NOMEM, "no memory for a chunk");
	const char *wrong = rc == RC_OK ? judge(&h, want, to->p + before, to->n - before) : NULL;
	if (wrong) {
		to->n = before;
		rc = fault_set(f, RC_MALFORMED, "the chunk is broken: %s", wrong);
	}
	return rc;
}

enum rc epic_chunk_pack(struct epic_chunk *c, const void *p, size_t n, struct buf *to, struct fault *f)
{
	struct buf packed = { 0 };

	if (n == 0 || n > EPIC_CHUNK_MAX)
		return fault_set(f, RC_INVALID, "a chunk has 1 to %u bytes", EPIC_CHUNK_MAX);
	enum rc rc = zpack_write(p, n, &packed, f);
	if (rc != RC_OK)
		return rc;
	SHA1(p, n, c->sha);
	c->has_sha = true;
	c->hash = epic_chunk_hash(p, n);
	c->group = epic_chunk_group(&c->guid);
	c->size = (uint32_t)n;
	c->packed = HEAD3_N + packed.n;
	buf_le32(to, MAGIC);
	buf_le32(to, 3);
	buf_le32(to, HEAD3_N);
	buf_le32(to, (uint32_t)packed.n);
	for (int i = 0; i < 4; i++)
		buf_le32(to, c->guid.word[i]);
	buf_le64(to, c->hash);
	buf_u8(to, PACKED);
	buf_put(to, c->sha, EPIC_SHA);
	buf_u8(to, BY_HASH | BY_SHA);
	buf_le32(to, c->size);
	buf_put(to, packed.p, packed.n);
	buf_done(&packed);
	return to->bad ? fault_set(f, RC_NOMEM, "no memory for a chunk") : RC_OK;
}
