#include "wire/gog_chunk.h"

#include "wire/tunnel_auth.h"
#include "wire/zpack.h"

#include <openssl/evp.h>
#include <string.h>

bool gog_chunk_md5(const void *p, size_t n, uint8_t ret[static GOG_MD5])
{
	return EVP_Digest(p, n, ret, NULL, EVP_md5(), NULL) == 1;
}

void gog_chunk_name(const struct gog_chunk *c, char ret[static GOG_HEX])
{
	tunnel_auth_hex(c->packed_md5, GOG_MD5, ret);
}

static bool is(const void *p, size_t n, const uint8_t *md5)
{
	uint8_t sum[GOG_MD5];
	return gog_chunk_md5(p, n, sum) && !memcmp(sum, md5, GOG_MD5);
}

enum rc gog_chunk_open(const struct gog_chunk *want, const void *p, size_t n, struct buf *to, struct fault *f)
{
	size_t before = to->n;

	if (want->size == 0 || want->size > GOG_CHUNK_MAX)
		return fault_set(
			f, RC_TOO_LARGE, "a chunk of %u bytes, 1 to %u are taken", want->size, GOG_CHUNK_MAX);
	if (!is(p, n, want->packed_md5))
		return fault_set(f, RC_MALFORMED, "the chunk is broken: its MD5 is not its name");
	enum rc rc = zpack_open(p, n, want->size, GOG_CHUNK_MAX, to, f);
	if (rc == RC_OK && !is(to->p + before, to->n - before, want->md5)) {
		to->n = before;
		rc = fault_set(f, RC_MALFORMED, "the chunk is broken: its content has another MD5");
	}
	return rc;
}

enum rc gog_chunk_pack(struct gog_chunk *c, const void *p, size_t n, struct buf *to, struct fault *f)
{
	size_t before = to->n;

	if (n == 0 || n > GOG_CHUNK_MAX)
		return fault_set(f, RC_INVALID, "a chunk has 1 to %u bytes", GOG_CHUNK_MAX);
	enum rc rc = zpack_write(p, n, to, f);
	if (rc != RC_OK)
		return rc;
	c->size = (uint32_t)n;
	c->packed = (uint32_t)(to->n - before);
	if (!gog_chunk_md5(p, n, c->md5) || !gog_chunk_md5(to->p + before, c->packed, c->packed_md5))
		return fault_set(f, RC_INTERNAL, "there is no MD5 here");
	return RC_OK;
}
