#include "io/ws_frame.h"
#include "base/rd.h"

#include <openssl/evp.h>
#include <string.h>

#define FIN    0x80
#define RSV    0x70
#define MASKED 0x80

static bool is_op(unsigned op) { return op <= WS_OP_BINARY || (op >= WS_OP_CLOSE && op <= WS_OP_PONG); }

static enum rc parse(const uint8_t *p, size_t n, uint8_t masked, struct ws_frame *ret, size_t *ret_used)
{
	struct rd r = rd_over(p, n);
	uint8_t first = rd_u8(&r), second = rd_u8(&r);
	struct ws_frame f = { .op = (enum ws_op)(first & 15), .fin = first & FIN, .n = second & 127 };

	if (r.bad)
		return RC_MORE;
	if ((first & RSV) || !is_op(first & 15) || (second & MASKED) != masked)
		return RC_MALFORMED;
	if (f.op >= WS_OP_CLOSE && (!f.fin || f.n > WS_FRAME_CONTROL_MAX))
		return RC_MALFORMED;
	if (f.n == 126) {
		f.n = rd_u16(&r);
		if (!r.bad && f.n < 126)
			return RC_MALFORMED;
	} else if (f.n == 127) {
		f.n = rd_u64(&r);
		if (!r.bad && (f.n <= UINT16_MAX || f.n >> 63))
			return RC_MALFORMED;
	}
	const uint8_t *mask = masked ? rd_bytes(&r, 4) : NULL;
	if (r.bad)
		return RC_MORE;
	if (mask)
		memcpy(f.mask, mask, 4);
	*ret = f;
	*ret_used = n - rd_left(&r);
	return RC_OK;
}

enum rc ws_frame_parse(const uint8_t *p, size_t n, struct ws_frame *ret, size_t *ret_used)
{
	return parse(p, n, MASKED, ret, ret_used);
}

enum rc ws_frame_parse_plain(const uint8_t *p, size_t n, struct ws_frame *ret, size_t *ret_used)
{
	return parse(p, n, 0, ret, ret_used);
}

size_t ws_frame_head(uint8_t ret[static WS_FRAME_HEAD_MAX], enum ws_op op, uint64_t n)
{
	unsigned bytes = n < 126 ? 0 : n <= UINT16_MAX ? 2 : 8;

	ret[0] = (uint8_t)(FIN | op);
	ret[1] = (uint8_t)(bytes == 0 ? n : bytes == 2 ? 126 : 127);
	for (unsigned i = 0; i < bytes; i++)
		ret[2 + i] = (uint8_t)(n >> (8 * (bytes - 1 - i)));
	return 2 + bytes;
}

size_t ws_frame_head_masked(
	uint8_t ret[static WS_FRAME_HEAD_MAX], enum ws_op op, uint64_t n, const uint8_t mask[static 4])
{
	size_t used = ws_frame_head(ret, op, n);
	ret[1] |= MASKED;
	memcpy(ret + used, mask, 4);
	return used + 4;
}

void ws_frame_unmask(uint8_t *p, size_t n, const uint8_t mask[static 4], uint64_t at)
{
	uint8_t turned[4];
	uint32_t four;

	for (unsigned i = 0; i < 4; i++)
		turned[i] = mask[(at + i) & 3];
	memcpy(&four, turned, 4);
	size_t i = 0;
	for (; i + 4 <= n; i += 4) {
		uint32_t v;
		memcpy(&v, p + i, 4);
		v ^= four;
		memcpy(p + i, &v, 4);
	}
	for (; i < n; i++)
		p[i] ^= turned[i & 3];
}

/* How many bytes the character that begins with c has, and the least second byte and the greatest; 0: none begins so. */
static unsigned utf8_shape(uint8_t c, uint8_t *low, uint8_t *high)
{
	*low = 0x80;
	*high = 0xBF;
	if (c < 0x80)
		return 1;
	if (c >= 0xC2 && c <= 0xDF)
		return 2;
	if (c == 0xE0)
		*low = 0xA0;
	if (c == 0xED)
		*high = 0x9F;
	if (c >= 0xE0 && c <= 0xEF)
		return 3;
	if (c == 0xF0)
		*low = 0x90;
	if (c == 0xF4)
		*high = 0x8F;
	return c >= 0xF0 && c <= 0xF4 ? 4 : 0;
}

bool ws_frame_is_utf8(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n;) {
		uint8_t low, high;
		unsigned k = utf8_shape(p[i], &low, &high);
		if (k == 0 || k > n - i)
			return false;
		if (k > 1 && (p[i + 1] < low || p[i + 1] > high))
			return false;
		for (unsigned j = 2; j < k; j++)
			if (p[i + j] < 0x80 || p[i + j] > 0xBF)
				return false;
		i += k;
	}
	return true;
}

bool ws_frame_is_code(unsigned code)
{
	return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
	       (code >= 3000 && code <= 4999);
}

bool ws_frame_accept(const char *key, char ret[static WS_FRAME_ACCEPT_MAX])
{
	static const char salt[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455, 1.3 */
	uint8_t raw[WS_FRAME_KEY_CHARS], digest[EVP_MAX_MD_SIZE];
	char text[WS_FRAME_KEY_CHARS + sizeof(salt)];

	if (!key || strlen(key) != WS_FRAME_KEY_CHARS || key[22] != '=' || key[23] != '=' ||
		EVP_DecodeBlock(raw, (const unsigned char *)key, WS_FRAME_KEY_CHARS) != 18)
		return false;
	memcpy(text, key, WS_FRAME_KEY_CHARS);
	memcpy(text + WS_FRAME_KEY_CHARS, salt, sizeof(salt));
	if (EVP_Digest(text, strlen(text), digest, NULL, EVP_sha1(), NULL) != 1)
		return false;
	EVP_EncodeBlock((unsigned char *)ret, digest, 20);
	return true;
}
