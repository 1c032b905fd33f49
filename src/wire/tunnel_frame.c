#include "wire/tunnel_frame.h"

#include "base/rd.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

enum rc tunnel_frame_parse(const uint8_t *p, size_t n, struct tunnel_frame *ret, size_t *ret_used)
{
	struct rd r = rd_over(p, n);
	struct tunnel_frame f = { .start = p };

	if (n > 0 && p[0] != TUNNEL_FRAME_VER)
		return RC_REFUSED;
	rd_u8(&r);
	f.type = rd_u8(&r);
	f.flags = rd_u16(&r);
	uint32_t stream = rd_u32(&r);
	f.seq = rd_u64(&r);
	f.len = rd_u32(&r);
	if (r.bad)
		return RC_MORE;
	if (f.len > TUNNEL_PAYLOAD_MAX)
		return RC_TOO_LARGE;
	if (stream != 0 || (f.flags & ~TUNNEL_FRAME_MORE))
		return RC_INVALID;

	f.payload = rd_bytes(&r, f.len);
	rd_bytes(&r, TUNNEL_FRAME_TAG);
	if (r.bad)
		return RC_MORE;

	*ret = f;
	*ret_used = n - rd_left(&r);
	return RC_OK;
}

static bool make_tag(uint8_t ret[static EVP_MAX_MD_SIZE], const uint8_t *key, const uint8_t *p, size_t n)
{
	unsigned made = 0;
	return HMAC(EVP_sha256(), key, TUNNEL_FRAME_KEY, p, n, ret, &made) && made >= TUNNEL_FRAME_TAG;
}

bool tunnel_frame_check(const struct tunnel_frame *f, const uint8_t *key)
{
	size_t n = TUNNEL_FRAME_HEAD + (size_t)f->len;
	uint8_t tag[EVP_MAX_MD_SIZE] = { 0 };

	if (key && !make_tag(tag, key, f->start, n))
		return false;
	return CRYPTO_memcmp(tag, f->start + n, TUNNEL_FRAME_TAG) == 0;
}

void tunnel_frame_write(struct buf *to, const struct tunnel_frame *f, const uint8_t *key)
{
	uint8_t tag[EVP_MAX_MD_SIZE] = { 0 };
	size_t start = to->n;

	assert(f->len <= TUNNEL_PAYLOAD_MAX);
	buf_u8(to, TUNNEL_FRAME_VER);
	buf_u8(to, f->type);
	buf_u16(to, f->flags);
	buf_u32(to, 0);
	buf_u64(to, f->seq);
	buf_u32(to, f->len);
	buf_put(to, f->payload, f->len);
	if (!to->bad && key && !make_tag(tag, key, to->p + start, to->n - start))
		to->bad = true;
	buf_put(to, tag, TUNNEL_FRAME_TAG);
}
